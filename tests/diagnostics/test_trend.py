"""A loss that falls, one that lies still, one that rises; the floor of soft targets is no loss."""

import numpy as np
import pytest

from satipatthana.diagnostics.trend import FEWEST, stage_losses, trend
from satipatthana.train.records import StepRecord


def noisy(means: np.ndarray) -> list[float]:
    return (means + 0.01 * np.random.default_rng(0).standard_normal(len(means))).tolist()


def test_a_straight_line_by_hand():
    found = trend([1 - step / 100 for step in range(100)])
    assert found is not None
    assert found.first == pytest.approx(1 - 4.5 / 100)
    assert found.last == pytest.approx(1 - 94.5 / 100)
    assert found.fell == pytest.approx(0.9 / 0.955)
    # fifths 60-79 and 80-99: .305 and .105
    assert found.change == pytest.approx(-0.2 / 0.305)
    assert found.way == "falling"


@pytest.mark.parametrize(
    ("means", "way"),
    [
        (np.full(200, 0.5), "flat"),
        (np.linspace(1, 0.2, 200), "falling"),
        (np.concatenate([np.linspace(1, 0.2, 100), np.linspace(0.2, 1, 100)]), "rising"),
        (np.concatenate([np.linspace(1, 0.5, 100), np.linspace(0.5, 0.495, 100)]), "flat"),
    ],
)
def test_the_way_is_seen_through_scatter(means, way):
    found = trend(noisy(means))
    assert found is not None
    assert found.way == way


def test_too_few_steps_and_no_loss_at_all():
    assert trend([1.0] * (FEWEST - 1)) is None
    still = trend([0.0] * FEWEST)
    assert still is not None
    assert (still.way, still.fell) == ("flat", 0.0)


def test_the_floor_is_taken_off_once_for_every_score():
    def record(stage: int, losses: dict[str, float]) -> StepRecord:
        return StepRecord(stage, 1, 1, losses, 0.1, 1.0, 1.0)

    history = [record(1, {"total": 2.0}), record(2, {"total": 2.0, "trust": 0.5, "floor": 0.25})]
    weights = {"trust": 1.0, "conformity": 1.0, "confidence": 0.5}
    assert stage_losses(history, 2, weights) == [pytest.approx(2.0 - 2.5 * 0.25)]
    assert stage_losses(history, 1, {"reconstruction": 3.0}) == [2.0]
