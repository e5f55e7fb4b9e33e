"""A study on the page: its button, its panel, and the tick that keeps the panel up to date."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.session import Session
from lab.studies.study import StudyStatus
from lab.tabs.page import PRIVATE, Memory, Page, Tick, pressed, said, session_of
from lab.web import panels

WORDS = {"stop": "Stop", "waiting": "Waiting for its turn", "again": "Again"}


@dataclass(frozen=True)
class StudyPlace:
    """The components of a study; more events may be hung on ``start``."""

    start: gr.Button
    stop: gr.Button
    shown: Any


def seen(session: Session, status: StudyStatus) -> tuple[Any, ...]:
    """Tells one state of a study on the page from another: run, progress, whether the weights are still its own."""
    return session.status().epoch, status.seq, status.version == session.weights_version


def study_panel(
    page: Page,
    tab: str,
    name: str,
    label: str,
    draw: Callable[[Session, StudyStatus], str],
    dials: Mapping[str, Any] | None = None,
    more: Callable[[Session], Mapping[str, Any]] = lambda session: {},
) -> StudyPlace:
    """Buttons and a panel. Call it inside the tab.

    ``draw`` makes the panel's HTML of the session and the status, whatever its state is; ``dials`` are components
    whose values are the study's settings, by name; ``more`` are settings that the session holds.
    """
    dials = dict(dials or {})
    with gr.Row(elem_classes="look-tools"):
        start = gr.Button(label, size="sm", scale=0, min_width=120, elem_id=f"{name}-start")
        stop = gr.Button(WORDS["stop"], size="sm", scale=0, min_width=64, interactive=False, elem_id=f"{name}-stop")
    shown = panels.panel(elem_id=name, label=label)

    @pressed
    def begin(visitor: Any, *sent: Any) -> None:
        session = session_of(visitor)
        session.start_study(name, **dict(zip(dials, sent, strict=True)), **more(session))

    @said
    def leave(visitor: Any) -> None:
        session_of(visitor).cancel_study(name)

    def look(visitor: Any, memory: Memory) -> tuple[Any, ...]:
        session = session_of(visitor)
        status = session.study(name)
        if not memory.new(f"study {name}", seen(session, status)):
            return (gr.skip(),) * 2
        return panels.show(draw(session, status)), gr.update(interactive=status.busy)

    start.click(begin, [page.visitor, *dials.values()], None, **PRIVATE)
    stop.click(leave, page.visitor, None, **PRIVATE)
    page.ticks.append(Tick(tab, look, [shown, stop]))
    return StudyPlace(start, stop, shown)
