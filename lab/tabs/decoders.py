"""Decoders: the same inputs as every decoder draws them, and which decoder paints checkerboards."""

from typing import Any

import gradio as gr

from lab.session import Session
from lab.studies.decoders import DECODER_RACE
from lab.studies.study import StudyStatus
from lab.tabs.page import LATEST, Page, open_tab, said, session_of
from lab.tabs.study import study_panel
from lab.views.checkerboard import START, checkerboard_html
from lab.views.decoders import DRIFT_LABEL, decoders, decoders_html
from lab.views.progress import Working
from lab.web import panels
from lab.web.fields import Slider

TAB = "Decoders"
ROWS = 6
NOISE = 0.5
WORDS = {"drifted": DRIFT_LABEL, "again": "Look again", "noise": "Noise σ of the inputs, x in [−1, 1]"}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with open_tab(TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            noise = Slider(0, 1, value=NOISE, step=0.05, label=WORDS["noise"], elem_id="decoders-noise")
            drifted = gr.Checkbox(False, label=WORDS["drifted"], elem_id="drifted")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="decoders-again")
        shown = panels.panel(elem_id="decoders", label=TAB)
        study_panel(page, TAB, DECODER_RACE.name, START, _race)

    @said
    def look(visitor: Any, noise: Any, show_drifted: Any) -> dict[str, str]:
        session = session_of(visitor)
        run = session.run_info()
        found = session.decoders_info(list(session.gallery(ROWS).samples), noise)
        info = decoders(
            found.x,
            found.clean,
            found.labels,
            stage0=found.stage0,
            drifted=found.drifted,
            show_drifted=show_drifted is True,
            film=found.film,
            film_at=found.film_at,
            probabilities=found.probabilities,
            without_context=found.without_context,
            context=found.context,
            classes=run.class_names,
            stage0_at=found.stage0_at,
            noise=noise,
            seed=run.seed,
        )
        return panels.show(decoders_html(info))

    for event in (tab.select, again.click, drifted.input, noise.input):
        event(look, [page.visitor, noise, drifted], shown, **LATEST)
    return tab


def _race(session: Session, status: StudyStatus) -> str:
    stale = status.found is not None and status.version != session.weights_version
    now = Working(status.state, status.done, status.total, status.text, stale)
    return checkerboard_html(status.found, now, images=len(session.run_info().x_shape) == 3)
