"""Drink and planes: what a drunk thought comes to, and where the map leads from other places. Under the instrument."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from lab.session import Session
from lab.studies.drink import CUTS, DOSE
from lab.studies.study import StudyStatus
from lab.tabs.page import FIRST_TAB, PRIVATE, Memory, Page, Tick, said, session_of
from lab.tabs.study import study_panel
from lab.views.drink import START as SWEEP
from lab.views.drink import TwinsInfo, dose_html, twins_html
from lab.views.planes import START as CUT
from lab.views.planes import CutsInfo, planes_html
from lab.views.progress import Working
from lab.web import panels
from lab.web.fields import Number, Slider

WORDS = {
    "title": "Drink and planes: twins, doses, where other starts end",
    "noise": "Noise σ of the inputs",
    "seed": "Seed of luck",
}


def section(page: Page) -> None:
    """A closed drawer with three instruments; call it inside the tab."""
    with gr.Accordion(WORDS["title"], open=False, elem_id="drink-section") as drawer:
        twins = panels.panel(twins_html(None), elem_id="twins", label="Twins")
        with gr.Row(elem_classes="look-tools"):
            noise = Slider(0, 1.2, value=0, step=0.05, label=WORDS["noise"], elem_id="dose-noise")
            seed = Number(0, precision=0, minimum=0, label=WORDS["seed"], elem_id="dose-seed", scale=0)
        study_panel(page, FIRST_TAB, DOSE.name, SWEEP, _dose, {"noise": noise, "seed": seed})
        study_panel(page, FIRST_TAB, CUTS.name, CUT, _cuts, more=lambda session: {"question": session.question})

    @said
    def look(visitor: Any, memory: Memory) -> tuple[Any]:
        """The twins of the thought on the page, once the drawer is open."""
        session = session_of(visitor)
        asked = session.question
        if asked is None or not memory.get("drink is open"):
            return (gr.skip(),)
        now = session.status().epoch, session.weights_version, asked
        return (panels.show(_twins(session)) if memory.new("twins of", now) else gr.skip(),)

    def is_open(now: bool) -> Callable[[Memory], None]:
        return lambda memory: memory.update({"drink is open": now})

    drawer.expand(is_open(True), page.memory, None, **PRIVATE)
    drawer.collapse(is_open(False), page.memory, None, **PRIVATE)
    page.ticks.append(Tick(FIRST_TAB, look, [twins]))


def _twins(session: Session) -> str:
    found = session.twins_info()
    return twins_html(TwinsInfo(found.twins, found.skip, found.push, found.question.seed, found.n))


def _dose(session: Session, status: StudyStatus) -> str:
    run = session.run_info()
    return dose_html(status.found, _working(session, status), (run.skip, run.push))


def _cuts(session: Session, status: StudyStatus) -> str:
    found, now = status.found, _working(session, status)
    if found is None:
        return planes_html(None, now)
    info = CutsInfo(
        found.planes,
        session.run_info().class_names,
        found.question.title,
        found.question.seed,
        found.ground,
        found.points,
        found.labels,
        other_thought=session.question is not None and session.question != found.question,
    )
    return planes_html(info, now)


def _working(session: Session, status: StudyStatus) -> Working:
    stale = status.found is not None and status.version != session.weights_version
    return Working(status.state, status.done, status.total, status.text, stale)
