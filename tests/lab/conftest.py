"""A lab small enough to train in a test: eighty digits, D = 16, plans of a few steps."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import runs
from lab.project import Projector
from lab.runs import Shelf
from lab.session import Session
from satipatthana.configs import RunConfig, set_path
from satipatthana.data import DataBundle, Split, load_dataset
from tests.lab import workers

SOON = 60.0
PLANS = {0: 3, 1: 6, 2: 3, 3: 3}
SMALL = {
    "samatha.vitakka.dim": 16,
    "samatha.vitakka.n_gate_keys": 8,
    "curriculum.batch_size": 20,
    "curriculum.n_keyframes": 3,
    **{f"curriculum.stage{stage}.n_steps": steps for stage, steps in PLANS.items()},
}


@pytest.fixture(scope="session")
def bundle() -> DataBundle:
    """80 digits to train on, 20 to validate, 20 to test."""
    whole = load_dataset("digits")

    def first(split: Split, n: int) -> Split:
        return Split(split.x[:n].clone(), split.y[:n].clone())

    parts = (first(whole.train, 80), first(whole.validation, 20), first(whole.test, 20))
    return DataBundle("digits", *parts, class_names=whole.class_names)


@pytest.fixture
def config() -> RunConfig:
    small = RunConfig()
    for path, value in SMALL.items():
        small = set_path(small, path, value)
    return small


@pytest.fixture
def small_data(bundle: DataBundle, monkeypatch: pytest.MonkeyPatch) -> DataBundle:
    """Whoever asks for a data set gets the small one."""
    monkeypatch.setattr(runs, "bundle_of", lambda *arguments: bundle)
    return bundle


@pytest.fixture
def session(small_data: DataBundle, config: RunConfig, tmp_path: Path) -> Iterator[Session]:
    """A visitor with an untrained small run."""
    projector = Projector(workers.quick)
    made = Session(Shelf(tmp_path / "runs"), projector=projector)
    made._take(runs.begin(config, small_data))
    yield made
    made.close()
    projector.close()


@pytest.fixture
def settle() -> Callable[[Session], None]:
    """Waits until nobody trains; fails on an error."""

    def wait(session: Session) -> None:
        tick = threading.Event()
        for _ in range(int(SOON * 200)):
            status = session.status()
            if status.state in ("idle", "error"):
                assert status.state == "idle", status.message
                return
            tick.wait(0.005)
        raise AssertionError(f"in vain: {session.status()}")

    return wait
