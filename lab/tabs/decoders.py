"""Decoders: the same inputs as every decoder draws them, with their errors and the answer."""

from typing import Any

import gradio as gr

from lab.tabs.page import LATEST, Page, said, session_of
from lab.views.decoders import DRIFT_LABEL, decoders, decoders_html
from lab.web import panels

TAB = "Decoders"
ROWS = 8
WORDS = {"drifted": DRIFT_LABEL, "again": "Look again"}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with gr.Tab(TAB, id=TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            drifted = gr.Checkbox(False, label=WORDS["drifted"], elem_id="drifted")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="decoders-again")
        shown = panels.panel(elem_id="decoders", label=TAB)

    @said
    def look(visitor: Any, show_drifted: Any) -> dict[str, str]:
        session = session_of(visitor)
        run = session.run_info()
        found = session.decoders_info(list(session.gallery(ROWS).samples))
        info = decoders(
            found.x,
            found.x,
            found.labels,
            stage0=found.stage0,
            drifted=found.drifted,
            show_drifted=show_drifted is True,
            s0=found.s0,
            s_star=found.s_star,
            probabilities=found.probabilities,
            classes=run.class_names,
            stage0_at=found.stage0_at,
            seed=run.seed,
        )
        return panels.show(decoders_html(info))

    for event in (tab.select, again.click, drifted.input):
        event(look, [page.visitor, drifted], shown, **LATEST)
    return tab
