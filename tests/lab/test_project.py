"""The map process: its manners with a stand-in, its work in this process."""

import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest

from lab.project import GONE, REFERENCES_KEPT, WARMING, Placing, Projector, place
from satipatthana.diagnostics import projection
from tests.lab import workers

SOON = 120.0  # the process yields to everything else on the machine
NOTHING = np.zeros((0, 2), np.float32)


def placing(key: str) -> Placing:
    return Placing(key, NOTHING, NOTHING, ())


@pytest.fixture
def projector():
    made = Projector(workers.echo)
    yield made
    made.close()


def answer(projector: Projector, key: str, visitor: str = "a"):
    ticket = projector.ask(visitor, placing(key))
    assert ticket.wait(SOON)
    return ticket


def test_it_starts_on_demand_and_answers(projector):
    assert projector._thread is None
    first = projector.ask("a", placing("one"))
    assert first.text == WARMING
    assert first.wait(SOON) and (first.state, first.result, first.text) == ("ready", "one", "")
    process = projector._process.pid
    assert answer(projector, "two").result == "two" and projector._process.pid == process
    projector.start()
    assert projector._process.pid == process


def test_a_newer_request_takes_the_place_of_the_waiting_one(projector, tmp_path):
    held = projector.ask("a", placing(f"until {tmp_path / 'go'}"))
    while held.state != "working":
        pass
    older, other = projector.ask("a", placing("older")), projector.ask("b", placing("other"))
    newer = projector.ask("a", placing("newer"))
    assert older.wait(0) and older.state == "superseded" and older.result is None
    (tmp_path / "go").touch()
    for ticket in (held, other, newer):
        assert ticket.wait(SOON) and ticket.state == "ready"


def test_a_sentence_instead_of_a_map(projector):
    ticket = answer(projector, "fail")
    assert (ticket.state, ticket.text) == ("failed", "16 points are too few")
    assert answer(projector, "next").state == "ready"


def test_a_request_survives_one_death_of_the_process(projector, tmp_path):
    before = answer(projector, "warm") and projector._process.pid
    ticket = answer(projector, f"once {tmp_path / 'died'}")
    assert ticket.state == "ready" and ticket.attempts == 2 and projector._process.pid != before


def test_a_request_that_kills_is_given_up(projector):
    ticket = answer(projector, "die")
    assert (ticket.state, ticket.text) == ("failed", GONE.format(times=2))
    assert answer(projector, "next").state == "ready"


def test_a_process_that_never_gets_warm_is_given_up():
    projector = Projector(workers.stillborn)
    ticket = projector.ask("a", placing("one"))
    assert ticket.wait(SOON) and ticket.state == "failed" and "does not start" in ticket.text
    projector.close()


def test_close_ends_process_and_waiting_requests(tmp_path):
    projector = Projector(workers.echo)
    working = projector.ask("a", placing(f"until {tmp_path / 'never'}"))
    while working.state != "working":
        pass
    waiting = projector.ask("b", placing("two"))
    projector.close()
    assert working.state == waiting.state == "failed"
    assert not projector._process.is_alive() and not projector._thread.is_alive()
    assert projector.ask("a", placing("late")).state == "failed"


def test_paths_and_probes_are_placed_on_a_map_that_stays():
    luck = np.random.default_rng(0)
    points, probes = luck.standard_normal((60, 6), np.float32), luck.standard_normal((3, 6), np.float32)
    thought = np.linspace(points[0], points[1], 5).astype(np.float32)
    projector = Projector(workers.quick)
    first = projector.ask("a", Placing("now", points, probes, (thought, thought[:3])))
    few = projector.ask("b", Placing("few", points[:9], probes, (thought,)))
    assert first.wait(SOON) and few.wait(SOON)
    placed = first.result
    assert placed is not None and placed.points.shape == (60, 2) and np.array_equal(placed.probes, probes[:, :2])
    assert [path.shape for path in placed.paths] == [(5, 2), (3, 2)]
    assert [motion.shape for motion in placed.false_motion] == [(4,), (2,)] and not placed.false_motion[0].any()
    assert placed.honesty.n == 60 and placed.honesty.displacement == 0.04
    assert placed.honesty.trustworthiness is not None and 0 < placed.honesty.trustworthiness <= 1
    assert (few.state, few.result) == ("failed", None) and few.text.startswith("9 reference points")
    projector.close()


def test_a_reference_set_is_fitted_once(monkeypatch):
    fitted: list[int] = []

    def fit(points, seed):
        fitted.append(len(points))
        return projection.UmapReference(points, points[:, :2], seed)

    def refit(reference, thoughts):
        return projection.UmapThoughts(tuple(states[:, :2] for states in thoughts), 0.0)

    monkeypatch.setattr(projection, "fit_reference", fit)
    monkeypatch.setattr(projection, "refit", refit)
    points = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    references: OrderedDict = OrderedDict()
    said: list[str] = []
    for key in ("a", "a", *"bcdefghi", "a"):
        place(Placing(key, points, points[:2], (points[:3],)), references, said.append)
    assert len(fitted) == 10 and len(references) == REFERENCES_KEPT
    assert said[0] == "UMAP is drawing the map of 30 states" and said[2] == "UMAP is placing the thought on its map"


def test_importing_it_loads_nothing_heavy():
    code = "import sys, lab.project; print(*{'torch', 'umap', 'numba', 'sklearn'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == [] and run.returncode == 0, run.stderr
