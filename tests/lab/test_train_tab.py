"""The Train tab without a browser: what its handlers do with what a page sends."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from lab.app import build
from lab.session import SESSIONS, Session
from lab.tabs import dials, new_run
from lab.tabs.page import NOBODY, TOO_EARLY, Memory, Opening, Page
from lab.web.fields import Number, Slider

BALANCE = "stage1.weights.balance"


@pytest.fixture
def visitor(session: Session, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(SESSIONS._things, "visitor", session)
    monkeypatch.setattr(SESSIONS, "get", SESSIONS._things.__getitem__)
    return "visitor"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page was told of."""
    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **options: told.append(text))
    return told


def weight(session: Session) -> float:
    return next(dial.value for dial in session.dials() if dial.path == BALANCE)


def test_a_field_that_was_merely_left_turns_nothing(session: Session, visitor: str):
    session.set_dial(BALANCE, 7)
    now, shown = dials.turned(visitor, BALANCE, 0.3, {BALANCE: 0.3})  # a page that was opened before
    assert now == shown == gr.skip() and weight(session) == 7
    dials.turned(visitor, BALANCE, 0.3, {})  # one that has not been told yet
    assert weight(session) == 7
    assert dials.turned(visitor, BALANCE, 2, {BALANCE: 7}) == (2, {BALANCE: 2}) and weight(session) == 2


@pytest.mark.parametrize("value", [-1, 5000, None, float("nan"), "x", [1]])
def test_a_refused_dial_goes_back_and_says_why(session: Session, visitor: str, warnings, value):
    before = weight(session)
    assert dials.turned(visitor, BALANCE, value, {BALANCE: before}) == (before, gr.skip())
    assert weight(session) == before
    assert "balance" in warnings[0] and "expected a number from 0 to 100" in warnings[0]


def handler(blocks: gr.Blocks, name: str) -> Callable[..., Any]:
    return next(block.fn for block in blocks.fns.values() if block.fn and block.fn.__name__ == name)


def test_the_fields_show_the_run_that_is_open(session: Session, visitor: str):
    page = Page(Opening())
    with gr.Blocks() as blocks:
        dials.section(page)
        for hang_on in page.on_open:
            hang_on(blocks.load(lambda: None))
    session.set_dial(BALANCE, 7)
    *updates, shown = handler(blocks, "fill")(visitor)
    assert shown[BALANCE] == 7
    assert [update["value"] for update in updates if update["label"] == "balance (0.3)"] == [7]
    *updates, shown = handler(blocks, "recipe")(visitor)
    assert shown[BALANCE] == 0.3 and weight(session) == 0.3


def test_reset_asks_before_steps_are_lost(session: Session, visitor: str, settle, monkeypatch: pytest.MonkeyPatch):
    page = Page(Opening())
    with gr.Blocks() as blocks:
        new_run.keeping(page, "Train")
    ask, go = handler(blocks, "ask"), handler(blocks, "start_again")
    memory = Memory()
    assert ask(visitor, memory, 0)[1] == 1, "nothing would be lost"
    session.train(0, 2)
    settle(session)
    clock = [1000.0]
    monkeypatch.setattr(new_run.time, "monotonic", lambda: clock[0])
    button, meant = ask(visitor, memory, 1)
    assert button["value"] == "Really reset?" and meant == gr.skip() and session.status().seq == 2
    clock[0] += 1
    assert ask(visitor, memory, 1)[1] == 2, "he means it"
    ask(visitor, memory, 2)
    clock[0] += 60
    assert ask(visitor, memory, 2)[1] == gr.skip(), "that was an answer to nothing"
    go(visitor, 5)
    assert session.run_info().seed == 5 and session.status().seq == 0
    with pytest.raises(gr.Error, match="Seed is -1"):
        go(visitor, -1)


@pytest.mark.parametrize("field", [Number(0, minimum=0, precision=0), Slider(-1, 1, value=0)])
@pytest.mark.parametrize("sent", [-3, 5, 0.5, None, "x"])
def test_fields_pass_on_what_was_typed(field, sent):
    assert field.preprocess(sent) == sent  # whoever gets it says what is wrong with it, by name
    assert field.get_block_name() == type(field).__name__.lower()


def test_who_presses_too_early_is_told_so(monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    monkeypatch.setattr(gr, "Info", lambda text, **options: told.append(text))
    page = Page(Opening())
    with gr.Blocks() as blocks:
        new_run.keeping(page, "Train")
        for hang_on in page.on_open:
            hang_on(blocks.load(lambda: None))
    assert handler(blocks, "ask")(NOBODY, Memory(), 0) == gr.skip() and told == [TOO_EARLY]
    assert handler(blocks, "fill")(NOBODY) == gr.skip() and len(told) == 1, "the page asks this by itself"


def test_no_field_of_the_page_speaks_for_itself():
    blocks, _ = build(Opening())
    plain = [block for block in blocks.blocks.values() if type(block) in (gr.Number, gr.Slider)]
    assert plain == []


def test_when_a_page_goes_idle_visitors_are_let_go(session: Session, monkeypatch: pytest.MonkeyPatch):
    asked: list[float] = []
    monkeypatch.setattr(SESSIONS, "sweep_after", asked.append)
    gone = [block for block in build(Opening())[0].fns.values() if any(name == "unload" for _, name in block.targets)]
    assert len(gone) == 1 and gone[0].fn is not None
    gone[0].fn()
    assert asked and asked[0] >= 600, "a reload finds its session again"


def test_a_preset_fills_and_greys_what_it_fixes():
    with gr.Blocks() as blocks:
        new_run.drawer(Page(Opening()))
    choose = handler(blocks, "choose")
    dim, steps, vicara, said = choose("local")
    assert [(field["value"], field["interactive"]) for field in (dim, steps, vicara)] == [
        (2048, False),
        (15, True),
        ("local", False),
    ]
    assert "thinking pays" in said
    usual = choose("default")[:3]
    assert [(field["value"], field["interactive"]) for field in usual] == [(64, True), (10, True), ("injected", True)]
    for forged in ("global", ["local"], None):
        with pytest.raises(gr.Error, match="Preset is"):
            choose(forged)
