"""The wire: what a look finds new travels by element id, what is no instrument waits to be fetched."""

import copy
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from lab.app import IDLE_S, build
from lab.limits import BadInput
from lab.session import SESSIONS, open_session
from lab.tabs import wire
from lab.tabs.page import FIRST_TAB, NOBODY, Memory, Opening, Page, Tick
from lab.tabs.wire import GONE, IDLE_MS, ROUTE, TRAINING_MS, Wire
from lab.web import panels


class Ticking:
    """A page with one tick that finds what a test lays out: a panel, a button, another panel on another tab."""

    def __init__(self) -> None:
        self.here: tuple[Any, Any] | Exception = (gr.skip(), gr.skip())
        with gr.Blocks():
            page = Page(Opening())
            panel, button, other = panels.panel(elem_id="here"), gr.Button(), panels.panel(elem_id="there")
            page.ticks += [
                Tick(FIRST_TAB, self.look, [panel, button]),
                Tick("Elsewhere", lambda visitor, memory: ({"html": visitor},), [other]),
            ]
            self.told: list[Any] = []
            page.tellers.append(self.told.append)
            self.wire = Wire(page)
        self.memory = copy.deepcopy(Memory())

    def look(self, visitor: Any, memory: Memory) -> tuple[Any, Any]:
        if isinstance(self.here, Exception):
            raise self.here
        return self.here


@pytest.fixture
def ticking() -> Ticking:
    made = Ticking()
    made.wire.connect("somebody", made.memory)
    return made


def test_an_instrument_gets_its_value_by_its_id(ticking: Ticking):
    ticking.here = ({"html": "new"}, gr.skip())
    assert ticking.wire.look(ticking.memory) == {
        "values": {"here": {"html": "new"}},
        "seq": 1,
        "fetch": False,
        "wait": IDLE_MS,
        "broken": None,
    }


def test_what_was_lost_on_the_way_is_sent_again(ticking: Ticking):
    ticking.here = ({"html": "lost"}, gr.skip())
    ticking.wire.look(ticking.memory)
    ticking.here = (gr.skip(), gr.skip())
    again = ticking.wire.look(ticking.memory, got=0)
    assert again["values"] == {"here": {"html": "lost"}} and again["seq"] == 2
    assert ticking.wire.look(ticking.memory, got=2)["values"] == {}


def test_what_is_no_instrument_waits_until_it_is_fetched(ticking: Ticking):
    ticking.here = (gr.skip(), gr.update(interactive=False))
    assert ticking.wire.look(ticking.memory)["fetch"]
    ticking.here = (gr.skip(), gr.update(interactive=True))
    ticking.wire.look(ticking.memory)
    ticking.here = (gr.skip(), gr.skip())
    assert ticking.wire.look(ticking.memory)["fetch"], "nobody has fetched it yet"
    (update,) = ticking.wire.fetch("somebody", ticking.memory)
    assert update["interactive"] is True, "only the last counts"
    assert ticking.told == ["somebody"]
    assert ticking.wire.fetch("somebody", ticking.memory) == [gr.skip()]
    assert not ticking.wire.look(ticking.memory)["fetch"]


def test_only_the_open_tab_looks_and_refusals_are_quiet(ticking: Ticking):
    ticking.memory.tab = "Elsewhere"
    assert ticking.wire.look(ticking.memory)["values"] == {"there": {"html": "somebody"}}
    ticking.memory.tab = FIRST_TAB
    for refusal in (BadInput("no"), gr.Error("no")):
        ticking.here = refusal
        answer = ticking.wire.look(ticking.memory, ticking.memory.seq)
        assert answer["values"] == {} and answer["broken"] is None


def test_a_look_says_which_tab_is_open(ticking: Ticking):
    assert ticking.wire.look(ticking.memory, tab="Elsewhere")["values"] == {"there": {"html": "somebody"}}
    assert ticking.wire.look(ticking.memory, 1)["values"] == {"there": {"html": "somebody"}}, "it stays so"
    for unknown in ("", "Nowhere"):
        ticking.wire.look(ticking.memory, tab=unknown)
        assert ticking.memory.tab == "Elsewhere"


def test_a_defect_is_logged_and_said_and_the_others_go_on(ticking: Ticking, caplog: pytest.LogCaptureFixture):
    ticking.here = ValueError("a defect")
    answer = ticking.wire.look(ticking.memory)
    assert "Converge" in answer["broken"] and "ValueError" in answer["broken"]
    assert "a defect" in caplog.text
    ticking.here = ({"html": "well again"}, gr.skip())
    answer = ticking.wire.look(ticking.memory, answer["seq"])
    assert answer["broken"] is None and answer["values"] == {"here": {"html": "well again"}}


def test_a_training_is_looked_at_less_often(ticking: Ticking):
    ticking.memory["job"] = "training"
    assert ticking.wire.look(ticking.memory)["wait"] == TRAINING_MS > IDLE_MS


@pytest.fixture
def client(ticking: Ticking) -> TestClient:
    app = FastAPI()
    ticking.wire.serve(app)
    return TestClient(app)


@pytest.fixture
def visitor() -> Iterator[str]:
    visitor = open_session().id
    yield visitor
    SESSIONS.drop(visitor)


def test_the_route_answers_pages_that_it_knows(ticking: Ticking, client: TestClient, visitor: str):
    name = ticking.wire.connect(visitor, ticking.memory)["name"]
    ticking.here = ({"html": "é", "number": float("nan")}, gr.skip())
    answer = client.post(ROUTE, json={"name": name})
    assert answer.json()["values"] == {"here": {"html": "é", "number": None}}
    assert client.post(ROUTE, json={"name": "another"}).status_code == GONE
    assert client.post(ROUTE, json={}).status_code == 422


def test_a_page_whose_session_was_let_go_is_told_so(ticking: Ticking, client: TestClient, visitor: str):
    """One that slept in the background while its session was swept: it would stand still and say nothing."""
    name = ticking.wire.connect(visitor, ticking.memory)["name"]
    assert client.post(ROUTE, json={"name": name}).status_code == 200
    SESSIONS.drop(visitor)
    assert client.post(ROUTE, json={"name": name}).status_code == GONE


def test_a_page_that_was_given_no_session_has_nothing_to_ask(ticking: Ticking):
    """It would be told to open anew, again and again, while the lab is full."""
    assert ticking.wire.connect(NOBODY, ticking.memory) == gr.skip()


def test_a_page_that_is_gone_is_forgotten(ticking: Ticking):
    memory = copy.deepcopy(ticking.memory)
    assert memory is not ticking.memory and memory.visitor != "somebody", "every page has its own"
    name = ticking.wire.connect("another", memory)["name"]
    assert name in wire.PAGES
    del memory
    assert name not in wire.PAGES


def test_gradio_has_the_pause_that_the_lab_lengthens():
    blocks, _ = build(Opening())
    assert blocks.queue()._queue.sleep_when_free < IDLE_S


def test_memory_tells_what_is_new():
    memory = Memory()
    assert [memory.new("a", 1), memory.new("a", 1), memory.new("a", 2), memory.new("b", None)] == [
        True,
        False,
        True,
        True,
    ]
