import torch

from satipatthana.components.sati import FixedStepSati, ThresholdSati, make_sati
from satipatthana.configs import FixedStepSatiConfig, ThresholdSatiConfig


def test_a_fixed_sati_finds_nobody_still():
    sati = make_sati(FixedStepSatiConfig(n_steps=3))
    assert isinstance(sati, FixedStepSati)
    s = torch.zeros(4, 2)
    assert not sati(s, s, 3).any()


def test_a_sample_is_still_by_its_own_step():
    sati = make_sati(ThresholdSatiConfig(threshold=0.5))
    assert isinstance(sati, ThresholdSati)
    before = torch.zeros(3, 2)
    after = torch.tensor([[0.3, 0.39], [0.3, 0.4], [3.0, 4.0]])  # sizes .492, .5, 5
    assert sati(before, after, 1).tolist() == [True, False, False]


def test_neighbours_do_not_count():
    """Failure 15: stopping on the batch's mean would let a wild neighbour keep a still sample going."""
    sati = make_sati(ThresholdSatiConfig(threshold=0.5))
    calm, wild = torch.tensor([[0.1, 0.0]]), torch.tensor([[100.0, 0.0]])
    alone = sati(torch.zeros(1, 2), calm, 1)
    beside = sati(torch.zeros(2, 2), torch.cat([calm, wild]), 1)
    assert alone.tolist() == [True] and beside.tolist() == [True, False]


def test_nobody_is_still_before_the_fewest_steps():
    sati = make_sati(ThresholdSatiConfig(threshold=0.5, min_steps=3))
    s = torch.zeros(1, 2)
    assert [bool(sati(s, s, step)) for step in (1, 2, 3, 4)] == [False, False, True, True]
