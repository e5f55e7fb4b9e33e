"""Decoders: the same inputs as every decoder draws them, with their errors and the answer."""

from typing import Any

import gradio as gr

from lab.tabs.page import Page, html, said, session_of
from lab.views.decoders import decoders, decoders_html

TAB = "Decoders"
ROWS = 8
WORDS = {"drifted": "Stage 0's head under today's adapter (drifted)", "again": "Look again"}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with gr.Tab(TAB, id=TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            drifted = gr.Checkbox(False, label=WORDS["drifted"], elem_id="drifted")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="decoders-again")
        shown = html(decoders_html(None), elem_id="decoders")

    @said
    def look(visitor: Any, show_drifted: Any) -> str:
        session = session_of(visitor)
        info = session.run_info()
        found = session.decoders_info(list(session.gallery(ROWS).samples))
        return decoders_html(
            decoders(
                found.x,
                found.x,
                found.labels,
                stage0=found.stage0,
                drifted=found.drifted,
                show_drifted=show_drifted is True,
                s0=found.s0,
                s_star=found.s_star,
                probabilities=found.probabilities,
                classes=info.class_names,
                stage0_at=found.stage0_at,
                seed=info.seed,
            )
        )

    private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for event in (tab.select, again.click, drifted.input):
        event(look, [page.visitor, drifted], shown, trigger_mode="always_last", **private)
    return tab
