import math

import numpy as np
import pytest
import torch

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.verdicts import STILL, ending, gated, lag_correlation, verdicts
from satipatthana.santana import SantanaLog
from tests.diagnostics.conftest import N_STEPS, config
from tests.diagnostics.maps import LinearVicara, rotation

START = torch.tensor([[3.0, 4.0]], dtype=torch.float64)


def end_of(matrix: torch.Tensor, offset: float = 0.0) -> tuple[str, int]:
    found = ending(lambda s: s @ matrix.mT + offset, START)
    return found.end[0], int(found.period[0])


@pytest.mark.parametrize(
    ("matrix", "offset", "end"),
    [
        (rotation(0, scale=0.9), 0.0, ("fixed point", 0)),
        (rotation(30, scale=0.9), 1.0, ("fixed point", 0)),
        (rotation(0), 0.0, ("fixed point", 0)),  # it never moves
        (rotation(72), 0.0, ("cycle", 5)),
        (rotation(180), 1.0, ("cycle", 2)),
        (rotation(360 / 48), 0.0, ("cycle", 48)),
        (rotation(72, scale=0.999), 0.0, ("slow drift", 0)),  # a spiral that dies slowly
        (rotation(0, scale=0.999), 0.0, ("slow drift", 0)),
        (rotation(0), 0.01, ("slow drift", 0)),
    ],
)
def test_ends_of_known_maps(matrix: torch.Tensor, offset: float, end: tuple[str, int]):
    assert end_of(matrix, offset) == end


def test_a_chaotic_map_has_no_period():
    found = ending(lambda s: 4 * s * (1 - s), torch.tensor([[0.3], [0.1234]], dtype=torch.float64))
    assert found.end == ("slow drift", "slow drift")


def test_each_sample_has_its_own_end():
    step = rotation(90)
    found = ending(lambda s: s @ step.mT, torch.cat([START, 0 * START]))
    assert found.end == ("cycle", "fixed point") and found.period.tolist() == [4, 0]
    assert np.isnan(found.lag_correlation[:, 1]).all()


def test_the_lag_correlation_of_a_circle_is_the_cosine_of_the_turn():
    turn = rotation(36)
    states = [START]
    for _ in range(99):
        states.append(states[-1] @ turn.mT)
    found = lag_correlation(torch.stack(states), 20)[:, 0]
    assert found.numpy() == pytest.approx([math.cos(math.radians(36 * lag)) for lag in range(21)], abs=1e-9)


def test_residuals_shrink_as_the_map_says():
    found = ending(lambda s: 0.5 * s, START, 40)
    assert found.step_size[:, 0] == pytest.approx(2.5 * 0.5 ** np.arange(40))
    assert found.relative[:, 0] == pytest.approx(np.ones(40))  # towards the origin state and step shrink alike


def turning(matrix: torch.Tensor) -> SatipatthanaSystem:
    return SatipatthanaSystem(config(), {"vicara": LinearVicara(matrix)})


def log_of(matrix: torch.Tensor, skipped: list[bool], start: float = 1.0) -> SantanaLog:
    """A thought of a system of D = 16 that was skipped here and there."""
    s = torch.full((1, 16), start)
    log = SantanaLog(s)
    for skip in skipped:
        s = s if skip else s @ matrix.float().mT
        log.add(s, torch.tensor([not skip]), torch.tensor([skip]))
    return log


@pytest.mark.parametrize(
    ("matrix", "skipped", "kind"),
    [
        (rotation(0, 16, 0.1), [False] * 4, "fixed point"),
        (rotation(0, 16, 0.5), [False] * 4, "step limit"),
        (rotation(0, 16, 0.5), [False] * 3, "fixed point"),  # sati had stopped it before
        (rotation(0, 16, 0.1), [False, False, False, True], "skipped step"),
        (rotation(0, 16, 0.05), [False, False, True, False], "fixed point"),
        (rotation(90, 16), [False] * 4, "cycle"),
        (rotation(0, 16, 0.999), [False] * 4, "slow drift"),
    ],
)
def test_verdicts(matrix: torch.Tensor, skipped: list[bool], kind: str):
    found = verdicts(turning(matrix), torch.zeros(1, 16), log_of(matrix, skipped), limit=4)[0]
    assert found.kind == kind and found.steps == len(skipped)
    assert found.taken == len(skipped) - sum(skipped)
    assert np.isnan(found.step_size[: found.steps]).tolist() == skipped
    assert len(found.step_size) == len(found.relative) == len(skipped) + 200


def test_the_evidence_of_a_geometric_approach():
    half = rotation(0, 16, 0.5)
    found = verdicts(turning(half), torch.zeros(1, 16), log_of(half, [False] * 4), limit=4)[0]
    assert found.last_ratio == pytest.approx(0.125) and found.rate == pytest.approx(0.5)
    assert found.fitted == (1, 4)
    assert found.rest_at == 7  # .5^7 < .01: the steps after the seventh
    assert found.step_size == pytest.approx(2 * 0.5 ** np.arange(204), rel=1e-5)


def test_who_took_no_step():
    found = verdicts(turning(rotation(0, 16, 0.5)), torch.zeros(1, 16), SantanaLog(torch.ones(1, 16)), limit=4)[0]
    assert found.kind == "fixed point" and found.steps == found.taken == 0
    assert math.isnan(found.last_ratio) and math.isnan(found.rate)


def test_a_real_network_comes_to_fixed_points(system, bundle):
    x = bundle.test.x[:4]
    with torch.no_grad():
        output = system.think(x)
    found = verdicts(system, gated(system, x, output.meta.gate), output.santana, limit=N_STEPS)
    assert {one.end for one in found} == {"fixed point"} and {one.kind for one in found} == {"step limit"}
    alone = verdicts(system, output.z[:1], output.santana.rows(torch.tensor([0])), limit=N_STEPS)[0]
    assert alone.step_size == pytest.approx(found[0].step_size, rel=1e-4, abs=STILL)
