"""Studies: watched while they grow, left at any piece, kept for the next look, one at a time."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lab.limits import BadInput
from lab.studies.study import Studies, Study, StudyStatus
from satipatthana.diagnostics.progress import Progress

SOON = 20.0


@pytest.fixture
def studies() -> Iterator[Studies]:
    made = Studies()
    yield made
    made.close()


def subject(version: int = 1) -> Any:
    return SimpleNamespace(key=(0, version))


def awaited(studies: Studies, name: str, *states: str) -> StudyStatus:
    waiting = threading.Event()
    for _ in range(int(SOON * 100)):
        status = studies.status(name)
        if status.state in states:
            return status
        waiting.wait(0.01)
    raise AssertionError(f"{name} is {studies.status(name)}")


class Counting:
    """Three pieces; each waits until it is let through."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.ran = 0
        self.closed = threading.Event()

    def run(self, subject: Any, settings: Any) -> Iterator[Progress[int]]:
        self.ran += 1
        try:
            for done in (1, 2, 3):
                assert self.gate.acquire(timeout=SOON)
                yield Progress(done, 3, 10 * done, f"piece {done}")
        finally:
            self.closed.set()

    def study(self, name: str = "count") -> Study:
        return Study(name, self.run)

    def let(self, pieces: int) -> None:
        self.gate.release(pieces)


def test_it_grows_and_is_kept(studies: Studies):
    counting = Counting()
    assert studies.status("count").state == "none"
    studies.start(counting.study(), subject(), {})
    assert studies.status("count").busy
    counting.let(1)
    while studies.status("count").done == 0:
        awaited(studies, "count", "running", "waiting")
    seen = studies.status("count")
    assert (seen.done, seen.total, seen.found, seen.text) == (1, 3, 10, "piece 1")
    counting.let(2)
    ready = awaited(studies, "count", "ready")
    assert ready.found == 30 and ready.seq > seen.seq
    studies.start(counting.study(), subject(), {})
    assert studies.status("count").state == "ready" and counting.ran == 1
    studies.start(counting.study(), subject(version=2), {})  # other weights: nothing kept stands
    counting.let(3)
    assert awaited(studies, "count", "ready").version == 2 and counting.ran == 2


def test_left_in_the_middle_it_keeps_what_it_had_shown(studies: Studies):
    counting = Counting()
    studies.start(counting.study(), subject(), {})
    counting.let(1)
    while studies.status("count").done == 0:
        awaited(studies, "count", "running", "waiting")
    studies.cancel("count")
    counting.let(1)
    assert counting.closed.wait(SOON)
    status = studies.status("count")
    assert status.state == "cancelled" and status.found == 10


def test_what_waits_can_be_cancelled(studies: Studies):
    first, second = Counting(), Counting()
    studies.start(first.study("first"), subject(), {})
    awaited(studies, "first", "running")
    studies.start(second.study("second"), subject(), {})
    assert studies.status("second").state == "waiting"
    studies.cancel("second")
    first.let(3)
    awaited(studies, "first", "ready")
    assert studies.status("second").state == "cancelled" and second.ran == 0


def test_a_newer_request_takes_the_place_of_the_older(studies: Studies):
    older, newer = Counting(), Counting()
    studies.start(older.study(), subject(1), {})
    awaited(studies, "count", "running")
    studies.start(newer.study(), subject(2), {})
    older.let(1)
    newer.let(3)
    ready = awaited(studies, "count", "ready")
    assert ready.version == 2 and older.closed.wait(SOON)


def test_what_fails_says_so_and_the_next_one_runs(studies: Studies):
    def broken(subject: Any, settings: Any) -> Iterator[Progress[int]]:
        yield Progress(1, 2)
        raise ValueError("There are no voids. Choose a data set with some.")

    counting = Counting()
    studies.start(Study("broken", broken), subject(), {})
    assert awaited(studies, "broken", "failed").text == "There are no voids. Choose a data set with some."
    studies.start(counting.study(), subject(), {})
    counting.let(3)
    assert awaited(studies, "count", "ready").found == 30


def test_another_run_forgets_everything(studies: Studies):
    counting = Counting()
    studies.start(counting.study(), subject(), {})
    awaited(studies, "count", "running")
    studies.clear()
    counting.let(1)
    assert counting.closed.wait(SOON)
    assert studies.status("count").state == "none"


def test_settings_are_checked_before_anything_is_dropped(studies: Studies):
    counting = Counting()
    studies.start(counting.study(), subject(), {})
    counting.let(3)
    awaited(studies, "count", "ready")
    with pytest.raises(BadInput, match="no setting 'depth'"):
        studies.start(counting.study(), subject(), {"depth": 3})
    assert studies.status("count").state == "ready"
