import random

import numpy as np
import pytest
import torch
from torch import nn

from satipatthana.components.initialise import ShuffledConv2d, built


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layers() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 4), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 4, 3), nn.Linear(50, 20), nn.LayerNorm(20)
    )


def test_weights_are_a_function_of_the_generator_alone():
    torch.manual_seed(1)
    first = built(layers, rng()).state_dict()
    torch.manual_seed(2)
    again, other = built(layers, rng()).state_dict(), built(layers, rng(1)).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_the_global_random_state_is_not_touched():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    built(layers, rng())
    built(lambda: nn.GRU(4, 5), rng())
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(300, 200),
        lambda: nn.Conv2d(12, 40, 5),
        lambda: nn.ConvTranspose2d(40, 12, 4),
        lambda: nn.GRU(30, 64),
    ],
)
def test_the_spread_is_pytorchs_own(make):
    mine = built(make, rng()).state_dict()
    theirs = make().state_dict()
    for name, value in mine.items():
        assert value.device.type == "cpu" and value.isfinite().all()
        assert torch.isclose(value.std(), theirs[name].std(), rtol=0.25), name
        assert torch.isclose(value.abs().max(), theirs[name].abs().max(), rtol=0.25), name


def test_norms_start_at_one_and_zero():
    made = built(lambda: nn.Sequential(nn.BatchNorm2d(3), nn.LayerNorm(4)), rng())
    for norm in made:
        assert (norm.weight == 1).all() and (norm.bias == 0).all()
    assert (made[0].running_mean == 0).all() and (made[0].running_var == 1).all()
    assert made[0].num_batches_tracked == 0


def test_the_pixels_of_one_place_start_alike():
    """ICNR with its bias: at first a pixel shuffle is a convolution before nearest-neighbour resizing."""
    made = built(lambda: nn.Sequential(ShuffledConv2d(3, 8, 3, padding=1), nn.PixelShuffle(2)), rng())
    conv = made[0]
    assert conv.bias[0] != conv.bias[4] and not torch.equal(conv.weight[0], conv.weight[4])
    x = torch.randn(2, 3, 6, 5, generator=rng())
    coarse = nn.functional.conv2d(x, conv.weight[::4], conv.bias[::4], padding=1)
    nearest = nn.functional.interpolate(coarse, scale_factor=2.0, mode="nearest")
    assert torch.allclose(made(x), nearest, atol=1e-6)
    plain = built(lambda: nn.Conv2d(3, 8, 3, padding=1), rng())
    assert torch.equal(conv.weight[::4], plain.weight[::4]), "the draws are those of a plain convolution"
