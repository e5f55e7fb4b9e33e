"""Probes: the first guesses the network can make, which are used, whether ends differ, and what the gate lets in."""

from typing import Any

import gradio as gr

from lab.limits import choice, number
from lab.session import Session
from lab.studies.collapse import STARTS
from lab.studies.study import StudyStatus
from lab.tabs.page import LATEST, PRIVATE, Memory, Page, Tick, open_tab, said, session_of
from lab.tabs.study import study_panel
from lab.views.collapse import CollapseInfo, collapse_html
from lab.views.collapse_history import COMPARE, START, guards_html, history_html
from lab.views.gate import gate_html
from lab.views.probes import probes, probes_html
from lab.views.progress import Working
from lab.visit import SAID
from lab.web import panels
from lab.web.fields import Slider

TAB = "Probes"
WORDS = {
    "trained": "Trained for: keyframe (right: now)",
    "again": "Look again",
    "start": "The learned probes of the short runs begin",
}
GATES = ("inference", "training")


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with open_tab(TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            moment = Slider(0, 1, value=1, step=1, label=WORDS["trained"], elem_id="probes-moment")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="probes-again")
        shown = panels.panel(elem_id="probes", label=TAB)
        collapse = panels.panel(elem_id="collapse", label="Collapse")
        gate = panels.gate(elem_id="gates", label="The gate")
        study_panel(page, TAB, "collapse-history", START, _history)
        start = gr.Radio(list(STARTS), value=STARTS[0], label=WORDS["start"], elem_id="guards-start")
        study_panel(page, TAB, "collapse-guards", COMPARE, _guards, {"start": start})

    @said
    def look(visitor: Any, keyframe: Any, memory: Memory) -> dict[str, str]:
        """At a keyframe; behind the last of them is the present."""
        session = session_of(visitor)
        found = session.probes_info(None if keyframe == memory.get("last moment", 1) else keyframe)
        info = probes(
            found.now,
            found.start,
            found.usage,
            found.pictures,
            by_class=found.by_class,
            classes=session.run_info().class_names,
            n=found.n,
            seed=found.seed,
            trained=found.trained,
            order=found.order,
        )
        return panels.show(probes_html(info))

    @said
    def drop(visitor: Any, memory: Memory, event: gr.EventData) -> tuple[Any, Any]:
        """A handle was let go: Converge's gate opens there; the training gate is only looked at."""
        act = event._data.get("act") if isinstance(event._data, dict) else None
        which, threshold = dropped(act)
        memory["dragged"] = {**memory.get("dragged", {}), which: threshold}
        slider = gr.update(value=threshold) if which == GATES[0] else gr.skip()
        return panels.show(_gate(session_of(visitor), memory["dragged"])), slider

    @said
    def draw(visitor: Any, memory: Memory) -> tuple[Any, ...]:
        """Everything but the studies, of the present weights."""
        session = session_of(visitor)
        memory["last moment"] = last = max(1, len(session.keyframes_info()))
        return (
            gr.update(minimum=0, maximum=last, value=last),
            look(visitor, last, memory),
            panels.show(_collapse(session)),
            panels.show(_gate(session, memory.get("dragged", {}))),
        )

    def arrive(visitor: Any, memory: Memory) -> tuple[Any, ...]:
        """Another run is open, or the first: its own, and no handle is dragged yet."""
        if not memory.new("probes of", session_of(visitor).status().epoch):
            return (gr.skip(),) * 4
        memory["dragged"] = {}
        return draw(visitor, memory)

    drawn = [moment, shown, collapse, gate]
    for event in (tab.select, again.click):
        event(draw, [page.visitor, page.memory], drawn, **PRIVATE)
    moment.input(look, [page.visitor, moment, page.memory], shown, **LATEST)
    gate.act(drop, [page.visitor, page.memory], [gate, page.gate], **LATEST)
    page.ticks.append(Tick(TAB, arrive, drawn))
    return tab


def dropped(act: Any) -> tuple[str, float]:
    """ "gate:inference:0.615" as gate and threshold. Raises BadInput for anything else."""
    name, which, at = [*str(act).split(":"), "", ""][:3]
    choice(name, ("gate",), "Handle")
    try:
        threshold: Any = float(at)
    except ValueError:
        threshold = at
    return choice(which, GATES, "Gate"), number(threshold, -1, 1, "Threshold")


def _collapse(session: Session) -> str:
    try:
        found = session.collapse_info()
    except SAID as error:
        return collapse_html(None, str(error))
    classes = session.run_info().class_names
    return collapse_html(CollapseInfo(found.portrait, classes, found.n_train, found.n_test, found.seed, found.keyed))


def _gate(session: Session, at: Any) -> str:
    try:
        found = session.gates_info()
    except SAID as error:
        return gate_html(None, missing=str(error))
    return gate_html(found.curves, at, n=found.n, seed=found.seed)


def _history(session: Session, status: StudyStatus) -> str:
    info = session.run_info()
    past = any(place.stage <= 1 for place in session.keyframes_info())
    n = session.validation_size
    return history_html(status.found, info.n_probes, _working(session, status), n=n, seed=info.seed, past=past)


def _guards(session: Session, status: StudyStatus) -> str:
    info = session.run_info()
    n = session.validation_size
    return guards_html(status.found, info.n_probes, _working(session, status), n=n, seed=info.seed)


def _working(session: Session, status: StudyStatus) -> Working:
    stale = status.state == "ready" and status.version != session.weights_version
    return Working(status.state, status.done, status.total, status.text, stale)
