"""Twins whose way is known: a step that halves every distance, and one that forgets nothing."""

import pytest
import torch
from torch import nn

from satipatthana.components.vicara import Vicara
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.twins import WITHIN, steps_back, twins
from tests.tiny import tiny_config, tiny_digits

T = 10


class Towards(Vicara):
    """s' = rate s + (1 - rate) z: the rate is that of the contraction, the end is z."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def begin(self, z):
        return lambda s: self.rate * s + (1 - self.rate) * z


def system(rate: float, parts: dict[str, nn.Module] | None = None) -> SatipatthanaSystem:
    return SatipatthanaSystem(tiny_config(), parts={"vicara": Towards(rate), **(parts or {})})


def pair(rate: float = 0.5, **dials):
    return twins(system(rate), tiny_digits(4).x, samples=range(4), seed=3, unit=1.0, **dials)


def test_without_drink_they_never_part():
    found = pair(skip=0.0, push=0.0)
    assert not found.apart.any() and not found.skipped.any()
    assert found.parted.tolist() == [0] * 4 and found.same_end.all()
    assert found.n_steps == T and len(found.apart) == T + 200 + 1


def test_a_push_parts_them_at_once_and_halves_from_then_on():
    found = pair(skip=0.0, push=0.2)
    assert found.parted.tolist() == [1] * 4
    luck = LuckBySample(3, range(4))
    _, normal = luck.draw(0, 4, 16)
    assert found.apart[1] == pytest.approx(0.2 * normal.norm(dim=1).numpy(), rel=1e-4)
    sober = found.apart[T : T + 8]
    assert sober[1:] / sober[:-1] == pytest.approx(0.5, rel=1e-3)
    # an end that is d away is within 1 % of the unit after log2(d / .01) halvings
    expected = torch.from_numpy(found.left[T] / WITHIN).log2().ceil().long()
    assert found.back.tolist() == expected.tolist()
    assert found.same_end.all() and found.rests.all()


def test_a_skip_parts_them_where_luck_says():
    found = pair(skip=0.3, push=0.0)
    luck = LuckBySample(3, range(4))
    skips = torch.stack([luck.draw(t, 4, 16)[0] < 0.3 for t in range(T)])
    assert found.skipped.tolist() == skips.tolist()
    assert found.parted.tolist() == [int(column.nonzero()[0]) + 1 if column.any() else 0 for column in skips.T]


def test_one_that_forgets_nothing_never_comes_back():
    found = pair(rate=1.0, skip=0.0, push=0.2)
    assert (found.back == -1).all() and not found.same_end.any()
    assert found.apart[-1] == pytest.approx(found.apart[T], rel=1e-4)


def test_a_sati_that_stops_them_apart_leaves_one_common_clock(impatient):
    x = tiny_digits(4).x
    found = twins(impatient, x, samples=range(4), seed=0, unit=1.0, sober_steps=20)
    assert len(found.apart) == found.n_steps + 21
    assert found.left[-1] == pytest.approx(found.apart[-1])


def test_steps_back_counts_to_the_last_time_outside():
    left = torch.tensor([[0.5, 3, 0], [2, 2, 0], [0.5, 2, 0], [0.5, 2, 0]])
    assert steps_back(left, 1.0).tolist() == [2, -1, 0]
