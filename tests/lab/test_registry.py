"""What visitors own is found by id alone, and there is an end to how much is kept."""

import threading

import pytest

from lab.limits import BadInput
from lab.registry import Full, Registry


def make(limit: int = 2, busy: frozenset = frozenset()):
    gone: list[str] = []
    return Registry("thing", limit, busy=lambda thing: thing in busy, let_go=gone.append), gone


def test_ids_cannot_be_guessed_and_find_their_thing():
    things, _ = make(limit=50)
    ids = [things.add(str(n)) for n in range(50)]
    assert len(set(ids)) == 50 and min(map(len, ids)) >= 32
    assert things.get(ids[7]) == "7" and len(things) == 50


@pytest.mark.parametrize("forged", [None, 3, "", ["x"], "A" * 32, {"id": 1}, float("nan")])
def test_a_forged_id_is_refused(forged):
    things, _ = make()
    things.add("a")
    with pytest.raises(BadInput):
        things.get(forged)


def test_a_full_one_lets_go_of_what_was_unused_longest():
    things, gone = make()
    first, second = things.add("a"), things.add("b")
    things.get(first)
    things.add("c")
    assert gone == ["b"] and things.get(first) == "a"
    with pytest.raises(BadInput, match="Reload"):
        things.get(second)


def test_what_is_busy_is_kept():
    things, gone = make(busy=frozenset("ab"))
    things.add("a"), things.add("b")
    with pytest.raises(Full, match="at most 2"):
        things.add("c")
    assert gone == [] and things.sweep(0) == 0


def test_sweep_drop_and_clear():
    things, gone = make(limit=9, busy=frozenset("b"))
    ids = {name: things.add(name) for name in "abcd"}
    things.drop(ids["c"])
    things.drop(ids["c"])
    assert things.sweep(3600) == 0
    assert things.sweep(0) == 2 and sorted(gone) == ["a", "c", "d"] and list(things) == ["b"]
    things.clear()
    assert sorted(gone) == ["a", "b", "c", "d"] and len(things) == 0


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[threading.Timer]:
    """The timers that were started; a test calls their function when it pleases."""
    started: list[threading.Timer] = []
    monkeypatch.setattr(threading.Timer, "start", lambda timer: started.append(timer))
    return started


def ring(timer: threading.Timer) -> None:
    timer.function(*timer.args)


def test_it_sweeps_on_until_nothing_is_left(timers):
    busy = {"b"}
    gone: list[str] = []
    things = Registry("thing", 9, busy=lambda thing: thing in busy, let_go=gone.append)
    things.add("a"), things.add("b")
    things.sweep_after(0)
    things.sweep_after(0)
    assert len(timers) == 1 and timers[0].daemon
    ring(timers[0])
    assert gone == ["a"] and len(timers) == 2, "the busy one stays, and is looked at again"
    busy.clear()
    ring(timers[1])
    assert gone == ["a", "b"] and len(timers) == 2
    things.add("c")
    things.sweep_after(3600)
    ring(timers[2])
    assert list(things) == ["c"], "seen a moment ago"
