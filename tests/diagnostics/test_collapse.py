import itertools

import numpy as np
import pytest
import torch

from satipatthana.diagnostics.collapse import probe_angles, spread, usage


def test_usage_of_three_probes():
    attention = torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.5, 0.5, 0.0]])
    found = usage(attention)
    assert found.share == pytest.approx([0.5, 0.5, 0])
    assert found.perplexity == pytest.approx(2)
    assert found.won == pytest.approx([0.75, 0.25, 0])
    assert found.used == 2
    with pytest.raises(ValueError, match="0 inputs"):
        usage(torch.zeros(0, 3))


def test_angles_of_right_angles_and_of_parallels():
    right = probe_angles(3 * torch.eye(4))
    assert (right.mean, right.rms, right.max) == (0, 0, 0)
    assert np.array_equal(right.similarity, np.eye(4))
    clumps = probe_angles(torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]))  # two parallel, one opposite
    assert clumps.mean == pytest.approx(-1 / 3)
    assert clumps.rms == pytest.approx(1)
    assert clumps.max == pytest.approx(1)


def test_spread_against_all_pairs(generator):
    states = torch.randn(12, 5, generator=generator) + 0.5
    unit = states / states.norm(dim=1, keepdim=True)
    pairs = [float(unit[a] @ unit[b]) for a, b in itertools.combinations(range(12), 2)]
    found = spread(states)
    assert found.mean_cosine == pytest.approx(np.mean(pairs), abs=1e-6)
    assert found.std == pytest.approx(states.numpy().std(axis=0).mean(), abs=1e-6)


def test_spread_of_one_state():
    found = spread(torch.tensor([[3.0, 4.0]]).repeat(7, 1))
    assert found.std == 0
    assert found.mean_cosine == pytest.approx(1)
    assert spread(torch.zeros(7, 2)).mean_cosine == 0  # nothing points anywhere
    with pytest.raises(ValueError, match="at least two"):
        spread(torch.ones(1, 2))
