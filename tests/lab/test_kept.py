"""What was computed once is kept, and computing one thing holds up no other."""

import threading

import pytest

from lab.kept import Kept

SOON = 20.0


def test_the_longest_unasked_goes_first():
    kept, made = Kept(2), []

    def ask(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or key.upper())

    assert [ask(key) for key in "abacab"] == list("ABACAB")
    assert made == list("abcb") and len(kept) == 2
    kept.clear()
    assert ask("a") == "A" and made == list("abcba")


def test_one_that_takes_long_holds_up_no_other():
    kept, begun, go = Kept(9), threading.Event(), threading.Event()
    made: list[str] = []

    def slowly() -> str:
        begun.set()
        assert go.wait(SOON)
        made.append("slow")
        return "probes"

    got: list[str] = []
    waiting = [threading.Thread(target=lambda: got.append(kept.get("probes", slowly))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    assert begun.wait(SOON)
    assert kept.get("curves", lambda: "curves") == "curves", "while probes are computed"
    go.set()
    for thread in waiting:
        thread.join(SOON)
    assert got == ["probes"] * 2 and made == ["slow"], "asked for twice, made once"


def test_an_answer_may_ask_for_another():
    kept = Kept(9)
    assert kept.get("strip", lambda: kept.get("past", lambda: 1) + 1) == 2


def test_what_failed_is_made_again():
    kept = Kept(9)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 1) == 1
