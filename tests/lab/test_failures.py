"""The Failures tab without a browser: what it does with what a page sends, and what it sends back."""

import dataclasses
import html
import json
import threading
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from lab.app import build
from lab.exhibits import probes
from lab.exhibits.catalogue import CARDS
from lab.limits import BadInput
from lab.links import Link
from lab.question import Question
from lab.session import SESSIONS, Session
from lab.tabs import failures
from lab.tabs.page import Memory, Opening, Page
from lab.ward import Ward
from tests.lab.conftest import SOON

EXHIBIT = 10
DIAL = "fixed|curriculum.stage1.weights.balance"
PARTS = ("wall", "head", "ask", "run", "strip", "again", "told", "why")


@pytest.fixture
def visitor(session: Session, monkeypatch: pytest.MonkeyPatch) -> str:
    """His exhibit 10 takes five steps."""
    base = {**probes.EXPERIMENTS[EXHIBIT].base, "samatha.vitakka.dim": 16, "curriculum.batch_size": 20}
    quick = dataclasses.replace(probes.EXPERIMENTS[EXHIBIT], plan=((0, 2), (1, 3)), base=base)
    monkeypatch.setitem(probes.EXPERIMENTS, EXHIBIT, quick)
    session.id = "visitor"
    monkeypatch.setitem(SESSIONS._things, "visitor", session)
    monkeypatch.setattr(SESSIONS, "get", SESSIONS._things.__getitem__)
    return "visitor"


@pytest.fixture
def memory() -> Memory:
    return Memory()


def ended(ward: Ward) -> None:
    tick = threading.Event()
    for _ in range(int(SOON * 100)):
        if not ward.status().busy:
            assert ward.status().state == "ready", ward.status().text
            return
        tick.wait(0.01)
    raise AssertionError("in vain")


def drawn(visitor: str, memory: Memory) -> dict[str, str]:
    """What a look sends, by part."""
    found = failures.look(visitor, memory)
    return {name: value["html"] for name, value in zip(PARTS, found, strict=True) if value != gr.skip()}


def pressed(session: Session, memory: Memory, act: Any, form: Any = None) -> bool:
    return failures.act(session, memory, {"act": act, "form": form})


def test_from_the_wall_to_the_answer_and_the_patients(session: Session, visitor: str, memory: Memory):
    first = drawn(visitor, memory)
    assert first["wall"].count("data-act=") == len(CARDS) and "head" in first and not first["head"]
    assert drawn(visitor, memory) == {}, "nothing has changed"
    pressed(session, memory, "open:10")
    opened = drawn(visitor, memory)
    assert opened["wall"] == "" and "Ten first guesses" in opened["head"] and "told" not in opened
    pressed(session, memory, "expect:0")
    running = drawn(visitor, memory)
    assert "What you expected" in running["ask"] and "head" not in running
    ended(session.ward)
    told = drawn(visitor, memory)
    assert "Not so." in told["told"] and "founding cure" in told["why"] and "def balance" in told["why"]
    assert told["strip"].count("<img") == 24
    assert pressed(session, memory, "patient:fixed")
    assert memory[failures.PATIENT] == (10, "fixed", False)
    pressed(session, memory, "wall")
    wall = drawn(visitor, memory)["wall"]
    assert "✕ not foreseen" in wall and 'data-arrive="card 10"' in wall and "1 of" in wall


def test_a_reload_finds_the_exhibit_with_its_prediction(session: Session, visitor: str, memory: Memory):
    pressed(session, memory, "open:10")
    pressed(session, memory, "expect:1")
    again = drawn(visitor, Memory())
    assert again["wall"] == "" and again["ask"].count("data-is='mine") == 1
    ended(session.ward)
    pressed(session, memory, "wall")
    assert "✓ foreseen" in drawn(visitor, Memory())["wall"]


def test_a_first_guess_stands_and_a_guess_is_no_must(session: Session, visitor: str):
    ward = session.ward
    ward.begin(EXHIBIT, None)
    ward.begin(EXHIBIT, 2)
    assert ward.stay(EXHIBIT).begun and ward.stay(EXHIBIT).expected is None
    with pytest.raises(BadInput, match="Option is 9; expected a whole number from 0 to 2"):
        ward.begin(6, 9)
    assert not ward.stay(6).begun


def test_another_exhibit_leaves_the_first_and_says_so(session: Session, visitor: str, memory: Memory):
    session.ward.begin(EXHIBIT, 1)
    pressed(session, memory, "open:6")
    assert "Exhibit 10 is running" in drawn(visitor, memory)["ask"]
    session.ward.begin(6, None)
    session.ward.cancel()
    stay = session.ward.stay(EXHIBIT)
    assert (stay.state, stay.told, stay.expected) == ("cancelled", False, 1)
    pressed(session, memory, "open:10")
    shown = drawn(visitor, memory)
    assert "Stopped before its end" in shown["run"] and "Run again" in shown["again"] and "told" not in shown
    pressed(session, memory, "wall")
    assert drawn(visitor, memory)["wall"].count("left before its end") == 2


def test_dials_are_checked_and_run_again(session: Session, visitor: str, memory: Memory):
    pressed(session, memory, "open:10")
    pressed(session, memory, "expect:")
    ended(session.ward)
    pressed(session, memory, "run", {DIAL: 2, "seed": 3, "number": 6})
    ended(session.ward)
    stay = session.ward.stay(EXHIBIT)
    assert stay.pair is not None and stay.pair.seed == 3 and stay.pair.settings == ((DIAL, 2.0),)
    shown = drawn(visitor, memory)
    assert "with balance, fixed side 2.00" in shown["run"] and 'value="2" data-default="0.3"' in shown["again"]
    assert session.ward.stay(6).state == "none", "a form cannot choose another exhibit"
    # back at once: it was run before
    pressed(session, memory, "run", {"seed": 0})
    assert session.ward.stay(EXHIBIT).pair.seed == 0 and not session.ward.stay(EXHIBIT).busy  # type: ignore[union-attr]
    session.ward.patient("broken", EXHIBIT)


def handlers(blocks: gr.Blocks) -> dict[str, Callable[..., Any]]:
    return {block.fn.__name__: block.fn for block in blocks.fns.values() if block.fn}


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., Any]]:
    """The handlers of the wall and of an exhibit, without those of the clinic below."""
    monkeypatch.setattr(failures.clinic, "section", lambda *arguments: None)
    page = Page(Opening())
    with gr.Blocks() as blocks:
        failures.build(page)
    assert len(page.openers) == 1, "opening a patient opens a run"
    return handlers(blocks)


def sent(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"act": "open:16"}, "Exhibit is 16"),
        ({"act": "open:²"}, "Exhibit is '²'"),
        ({"act": "open:<b>"}, "Exhibit is '<b>'"),
        ({"act": "open:9999999999999999999999999999999999"}, "Exhibit is "),
        ({"act": "expect:7"}, "Option is 7; expected a whole number from 0 to 2"),
        ({"act": "run", "form": {"seed": None}}, "Seed is empty"),
        ({"act": "run", "form": {"seed": 0, "x|y": 1}}, "has no dial 'x|y'"),
        ({"act": "run", "form": {DIAL: 9}}, "expected a number from 0 to 5"),
        ({"act": "run", "form": {DIAL: "x" * 900}}, "(900 characters)"),
        ({"act": "patient:both"}, "Variant is"),
        ({"act": "launch"}, "nothing here is called"),
        ({"act": None}, "nothing here is called"),
        ({}, "nothing here is called"),
    ],
)
def test_what_is_refused_is_said_in_place(session: Session, visitor: str, memory: Memory, tab, data: Any, said: str):
    pressed(session, memory, "open:10")
    assert tab["press"](visitor, memory, 0, sent(**data)) == gr.skip()
    shown = drawn(visitor, memory)
    assert said in html.unescape(shown["ask"] + shown["again"])
    assert session.ward.status().state == "none"
    tab["press"](visitor, memory, 0, sent(act="open:10"))
    assert "alert" not in drawn(visitor, memory)["ask"], "it is said until the next press"


def test_a_patient_becomes_the_open_run_and_its_tab_comes_up(session: Session, visitor: str, memory: Memory, tab):
    pressed(session, memory, "open:10")
    pressed(session, memory, "expect:1")
    ended(session.ward)
    times = tab["press"](visitor, memory, 4, sent(act="patient:broken"))
    assert times == 5
    assert tab["open_patient"](visitor, memory, times) == {"place": "Probes", "times": 5}
    assert session.run_info().name == "exhibit-10-broken" and session.unsaved_steps == 0
    tab["press"](visitor, memory, times, sent(act="doctor:broken"))
    assert tab["open_patient"](visitor, memory, 6)["place"] == "Train/doctor"
    assert session.study("doctor").busy or session.study("doctor").state == "ready"


def test_an_unfinished_exhibit_has_no_patients(session: Session, visitor: str, memory: Memory, tab):
    pressed(session, memory, "open:10")
    tab["press"](visitor, memory, 0, sent(act="patient:broken"))
    with pytest.raises(gr.Error, match="has not come to its end yet"):
        tab["open_patient"](visitor, memory, 1)


def test_a_link_opens_an_exhibit(session: Session, visitor: str, memory: Memory):
    failures.show(visitor, memory, 6)
    assert "hardly moves" in drawn(visitor, memory)["head"]
    failures.show(visitor, memory, None)  # back to the wall
    assert "failure-wall" in drawn(visitor, memory)["wall"]
    for forged in (0, 99, "6", [6], float("nan")):
        with pytest.raises(BadInput, match="Exhibit is"):
            failures.show(visitor, memory, forged)


def test_an_address_opens_an_exhibit_once(session: Session, visitor: str, memory: Memory):
    with gr.Blocks() as blocks:
        page = Page(Opening())
        failures.build(page)
        page.on_open[-1](blocks.load(lambda: None))
    assert page.exhibits == max(CARDS)
    memory.link = Link("Failures", Question(), exhibit=10)
    begin = handlers(blocks)["begin"]
    begin(visitor, memory)
    assert memory[failures.OPEN] == 10
    failures.show(visitor, memory, None)
    begin(visitor, memory)
    assert memory[failures.OPEN] is None, "another run was opened, not the address"


def test_what_a_running_exhibit_sends_is_small(session: Session, visitor: str, memory: Memory):
    pressed(session, memory, "open:10")
    drawn(visitor, memory)
    pressed(session, memory, "expect:1")
    ended(session.ward)
    assert len(json.dumps(drawn(visitor, memory))) < 100_000


def test_the_tab_is_on_the_page():
    blocks, wire = build(Opening())
    assert "Failures" in {block.label for block in blocks.blocks.values() if isinstance(block, gr.Tab)}
    assert "Failures" in {tick.tab for tick in wire._page.ticks}
