"""The clinic, under the wall on Failures: the ward round, and a treatment of the run that is open.

What a visitor said of the patients and what he treats is kept in his clinic, so a reload finds it. The link
``?patient=3`` examines that patient.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from lab import looks_clinic
from lab.exhibits.patients import folders
from lab.limits import BadInput
from lab.links import FAILURES, Link
from lab.session import SAID, Session
from lab.tabs.page import PRIVATE, Memory, Page, Tick, pressed, said, session_of
from lab.views.treatment import choose_html, treated_html
from lab.views.ward_round import round_html
from lab.web import panels

DOCTOR = "doctor"
ROUND, TREAT = "ward-round", "treat"
ASKS_S = 6.0
ERROR, OPENING, SURE = "clinic error", "clinic opening", "clinic sure"
ARRIVES, GONE = "clinic arrives", "clinic gone"
"""In a page's memory: (where, what) was refused, what is to be opened, when he was asked whether he means it; where
the page goes when it was opened on a patient, how often a tab came up."""
WORDS = {
    "unknown": "This page sent {act!r}, which nothing here is called. Reload it.",
    "both": "Choose both: what it has, and what would cure it. Either may be nothing.",
    "cure": "No cure is chosen. Choose one of the list.",
}
Show = Callable[[Any, Memory, Any], None]
"""Opens an exhibit on the page by its number; None is the wall."""
OPENS: Mapping[str, Callable[[Session, Any], Any]] = {
    "patient": lambda session, number: session.admit(number),
    "treated": lambda session, side: session.open_treated(side),
    "back": lambda session, _: session.go_back(),
}
"""What takes the place of the open run."""


def section(page: Page, tab: str, show: Show) -> None:
    """Places it; call it inside the tab of this name, whose wall and exhibits ``show`` opens."""
    with gr.Column(elem_id="clinic"):
        ward = panels.sharing(elem_id=ROUND, label="Ward round")
        with gr.Column(elem_classes="clinic-treat"):
            form = panels.panel(elem_id=TREAT, label="Treat it")
            treated = panels.panel(elem_id="treated", label="As it is and cured")
    way = panels.way(elem_id="clinic-way")
    asked = gr.State(0)
    """How often a run was to be opened."""
    own = [page.visitor, page.memory, asked]
    page.patients = max(folders(), default=page.patients)

    @pressed
    def press(visitor: Any, memory: Memory, times: int, event: gr.EventData) -> tuple[Any, Any]:
        """A bed, a form, a button; the next look draws what came of it. What opens a run has the page follow."""
        session, sent = session_of(visitor), event._data if isinstance(event._data, dict) else {}
        act, _, more = str(sent.get("act")).partition(":")
        told = sent.get("form")
        memory.pop(ERROR, None)
        try:
            place = do(session, memory, act, more, told if isinstance(told, dict) else {}, show)
        except SAID as error:
            memory[ERROR] = (TREAT if act in (TREAT, "take") else ROUND), str(error)
            return gr.skip(), gr.skip()
        if OPENING in memory:
            return times + 1, gr.skip()
        return gr.skip(), _go(memory, place) if place else gr.skip()

    @said
    def open_run(visitor: Any, memory: Memory) -> None:
        """What was asked for takes the place of the open run."""
        what, which = memory.pop(OPENING, ("", None))
        if not what:  # two presses came together: the first has opened what was asked for last
            return
        try:
            OPENS[what](session_of(visitor), which)
        except SAID as error:
            memory[ERROR] = (TREAT if what == "treated" else ROUND), str(error)

    def arrive(session: Session, memory: Memory, link: Link) -> bool:
        """Opens the patient that the page's address asks for, unless it is open."""
        if link.patient is None:
            return False
        if link.exhibit is None:
            show(session.id, memory, None)
        if link.tab == tab:
            memory[ARRIVES] = f"{tab}/{ROUND}"
        if session.patient == link.patient or (session.clinic.followed == link.patient and session.has_work):
            return False  # a reload of the address takes nothing away
        session.clinic.followed = link.patient
        try:
            session.admit(link.patient)
        except SAID as error:
            memory[ERROR] = ROUND, str(error)
            return False
        return True

    for panel in (ward, form, treated):
        panel.act(press, own, [asked, way], **PRIVATE).then(None, None, None, js=panels.LOOK_NOW, **PRIVATE)
    opened = asked.change(open_run, [page.visitor, page.memory], None, **PRIVATE)
    opened.then(None, None, None, js=panels.LOOK_NOW, **PRIVATE)
    page.openers.append(opened)
    page.arrivals.append(arrive)
    page.ticks.append(Tick(tab, look, [ward, form, treated, way]))


def do(session: Session, memory: Memory, act: str, more: str, form: Mapping[str, Any], show: Show) -> str:
    """What was pressed. The place that the page is to go to; empty: it stays. Raises BadInput."""
    if act == "examine":
        memory[OPENING] = "patient", _whole(more)
    elif act == "tell":
        if not form.get("diagnosis") or not form.get("cure"):
            raise BadInput(WORDS["both"])
        session.clinic.tell(_whole(more), _whole(form["diagnosis"]), form["cure"])
    elif act == "again":
        if memory.pop(SURE, -ASKS_S) + ASKS_S > time.monotonic():
            session.clinic.begin_again()
        else:
            memory[SURE] = time.monotonic()
    elif act == "exhibit":
        show(session.id, memory, _whole(more))
        return FAILURES
    elif act == DOCTOR:
        session.start_study(DOCTOR)
        return f"Train/{DOCTOR}"
    elif act == TREAT:
        if not form.get("cure"):
            raise BadInput(WORDS["cure"])
        session.treat(form["cure"], form.get("steps"))
    elif act == "stop":
        session.clinic.leave_treatment()
    elif act == "take":
        memory[OPENING] = "treated", more
    elif act == "back":
        memory[OPENING] = "back", None
    else:
        raise BadInput(WORDS["unknown"].format(act=act[:40]))
    return ""


PARTS = 3


def look(visitor: Any, memory: Memory) -> tuple[Any, ...]:
    """What changed since this page last looked: the ward, the choice of a cure, both as they learn on; and where the
    page goes, if it was opened on a patient: not before there is something to be seen."""
    session = session_of(visitor)
    if time.monotonic() - memory.get(SURE, 0.0) > ASKS_S:
        memory.pop(SURE, None)  # he meant something else
    status, treatment, sure = session.status(), session.clinic.treatment(), SURE in memory
    unsaved, error = session.unsaved_steps, memory.get(ERROR)
    key = (status.epoch, status.seq, unsaved, session.before, session.clinic.score(), error, sure, treatment.seq)
    if not memory.new("clinic", key):
        return (gr.skip(),) * (PARTS + 1)
    where, refused = error or ("", "")
    parts = (
        round_html(looks_clinic.ward_round(session, refused if where == ROUND else "", sure)),
        choose_html(looks_clinic.choose(session, refused if where == TREAT else "")),
        treated_html(looks_clinic.treated(session.clinic, session.now.run.name, unsaved)),
    )
    names = (f"clinic part {index}" for index in range(PARTS))
    place = memory.pop(ARRIVES, "")
    return (
        *(panels.show(html) if memory.new(name, html) else gr.skip() for name, html in zip(names, parts, strict=True)),
        _go(memory, place) if place else gr.skip(),
    )


def _whole(sent: Any) -> Any:
    """A number that the page wrote as text; anything else as it came, for the check."""
    return int(sent) if isinstance(sent, str) and sent.isascii() and sent.isdigit() and len(sent) < 10 else sent


def _go(memory: Memory, place: str) -> Any:
    """Brings a tab up, or a panel in it."""
    memory[GONE] = memory.get(GONE, 0) + 1
    return panels.go(place, memory[GONE])
