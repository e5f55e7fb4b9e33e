"""Failures: the wall of exhibits, one exhibit from the question to the answer, and its patients.

What a visitor expected and has run is kept in his ward, so a reload finds it; in its memory a page has the open card.
A link (``?exhibit=10``) opens an exhibit by `show`.
"""

from typing import Any

import gradio as gr

from lab import looks_exhibits
from lab.exhibits.catalogue import CARDS, card_of, side_of
from lab.limits import BadInput
from lab.session import SAID, Session
from lab.tabs import clinic
from lab.tabs.page import PRIVATE, Memory, Page, Tick, open_tab, pressed, said, session_of
from lab.views.exhibit import ask_html, head_html, told_html, why_html
from lab.views.exhibit_dials import dials_html
from lab.views.exhibit_run import run_html, strip_html
from lab.views.wall import wall_html
from lab.web import panels

TAB = "Failures"
DOCTOR = "doctor"
WORDS = {"unknown": "This page sent {act!r}, which nothing here is called. Reload it."}
OPEN, LAST, ERROR, PATIENT = "failures open", "failures last", "failures error", "failures patient"
"""In a page's memory: the exhibit that is open (None: the wall), the one that was, what was refused, whom to open."""


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with open_tab(TAB) as tab:
        wall = panels.panel(wall_html(looks_exhibits.wall_of_a_stranger()), elem_id="failures", label=TAB)
        head = panels.panel(elem_id="exhibit-head", label="Which exhibit")
        with gr.Column(elem_classes="exhibit-grid"):
            ask = panels.panel(elem_id="exhibit-ask", label="Symptom and question")
            with gr.Column(elem_classes="exhibit-side"):
                run = panels.panel(elem_id="exhibit-run", label="Broken and fixed")
                strip = panels.panel(elem_id="exhibit-strip", label="Pictures of both")
                again = panels.panel(elem_id="exhibit-again", label="Dials")
            told = panels.panel(elem_id="exhibit-told", label="What it was")
            why = panels.panel(elem_id="exhibit-why", label="Cause and cure")
        way = panels.way(elem_id="exhibit-way")
        clinic.section(page, TAB, show)
    shown = [wall, head, ask, run, strip, again, told, why]
    asked = gr.State(0)
    """How often a patient was to be opened."""

    @pressed
    def press(visitor: Any, memory: Memory, times: int, event: gr.EventData) -> Any:
        """A card, an answer, a button; the next look draws what came of it."""
        memory.pop(ERROR, None)
        try:
            return times + 1 if act(session_of(visitor), memory, event._data) else gr.skip()
        except SAID as error:
            memory[ERROR] = str(error)
            return gr.skip()

    @pressed
    def open_patient(visitor: Any, memory: Memory, times: int) -> Any:
        """The run of a variant takes the place of the open one; then its tab comes up."""
        session, wanted = session_of(visitor), memory.pop(PATIENT, None)
        if wanted is None:  # nobody pressed anything
            return gr.skip()
        number, side, examine = wanted
        session.open_patient(side, number)
        if examine:
            session.start_study(DOCTOR)
        return panels.go(f"Train/{DOCTOR}" if examine else card_of(number).looks, times)

    @said
    def begin(visitor: Any, memory: Memory) -> None:
        """The address that the page was opened with asks for an exhibit."""
        link = memory.link_for(TAB)
        if link is not None and link.exhibit is not None:
            show(visitor, memory, link.exhibit)

    page.exhibits = max(CARDS)
    page.on_open.append(lambda event: event.success(begin, [page.visitor, page.memory], None, **PRIVATE))
    own = [page.visitor, page.memory, asked]
    for panel in shown:
        panel.act(press, own, asked, **PRIVATE).then(None, None, None, js=panels.LOOK_NOW, **PRIVATE)
    page.openers.append(asked.change(open_patient, own, way, **PRIVATE))
    page.ticks.append(Tick(TAB, look, shown))
    return tab


def show(visitor: Any, memory: Memory, number: Any) -> None:
    """Opens an exhibit on this page by its number, as a link asks for it; None is the wall. The tab's next look draws
    it; whoever calls brings the tab up. Raises BadInput for a number that is none of an exhibit."""
    ward = session_of(visitor).ward
    memory[LAST] = memory.get(OPEN, ward.looked_at)
    memory[OPEN] = ward.looked_at = None if number is None else card_of(number).number


def act(session: Session, memory: Memory, sent: Any) -> bool:
    """What was pressed, as the page sends it: ``{"act": "open:6", "form": {...}}``. True asks for a patient to be
    opened. Raises BadInput."""
    told = sent if isinstance(sent, dict) else {}
    name, _, more = str(told.get("act")).partition(":")
    number = memory.get(OPEN, session.ward.looked_at)
    if name == "open":
        show(session.id, memory, _whole(more))
    elif name == "wall":
        show(session.id, memory, None)
    elif name == "expect":
        session.ward.begin(number, _whole(more) if more else None)
    elif name == "run":
        form = told.get("form")
        session.ward.run(number, form if isinstance(form, dict) else {})
    elif name == "stop":
        session.ward.cancel()
    elif name in ("patient", DOCTOR):
        memory[PATIENT] = card_of(number).number, side_of(more), name == DOCTOR
        return True
    else:
        raise BadInput(WORDS["unknown"].format(act=name[:40]))
    return False


def _whole(sent: str) -> int | str:
    """The number that is written there, or what is."""
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else sent


def look(visitor: Any, memory: Memory) -> tuple[Any, ...]:
    """What changed since this page last looked: the wall, or the parts of an exhibit."""
    session = session_of(visitor)
    ward, status = session.ward, session.ward.status()
    number = memory.setdefault(OPEN, ward.looked_at)
    key = (number, status.seq, status.state, memory.get(ERROR), ward.begun, session.unsaved_steps > 0)
    nothing = (gr.skip(),) * PARTS
    if not memory.new("failures", key):
        return nothing
    parts = _exhibit(session, memory, number) if number else _wall(session, memory)
    names = (f"failures part {index}" for index in range(PARTS))
    return tuple(
        panels.show(html) if memory.new(name, html) else gr.skip() for name, html in zip(names, parts, strict=True)
    )


PARTS = 8


def _wall(session: Session, memory: Memory) -> tuple[str, ...]:
    return wall_html(looks_exhibits.wall(session.ward, memory.get(LAST))), *[""] * (PARTS - 1)


def _exhibit(session: Session, memory: Memory, number: int) -> tuple[str, ...]:
    card, ward = card_of(number), session.ward
    stay, status, error = ward.stay(number), ward.status(), memory.get(ERROR, "")
    other = status.settings.number if status.busy and status.settings.number != number else None
    info = looks_exhibits.exhibit(card, stay, running=other, unsaved=session.unsaved_steps > 0, error=error)
    going = looks_exhibits.run(card, stay)
    return (
        "",
        head_html(info),
        ask_html(info),
        run_html(going),
        strip_html(going),
        dials_html(looks_exhibits.dials(card, stay, error)),
        told_html(info),
        why_html(info),
    )
