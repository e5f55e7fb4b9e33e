import pytest
import torch
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND, make_adapter, padding_for
from satipatthana.configs import CnnAdapterConfig, MlpAdapterConfig


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("size", "doublings", "padding"), [(28, 3, (2, 2)), (32, 3, (0, 0)), (5, 2, (1, 2)), (1, 0, (0, 0))]
)
def test_padding_completes_a_size(size: int, doublings: int, padding: tuple[int, int]):
    assert padding_for(size, doublings) == padding
    assert (size + sum(padding)) % 2**doublings == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (32, 32), (64, 64), (12, 21)])
def test_any_image_becomes_a_latent(channels: int, size: tuple[int, int]):
    adapter = make_adapter(CnnAdapterConfig(channels=(4, 6, 8)), (channels, *size), 5, rng()).eval()
    z = adapter(torch.rand(3, channels, *size, generator=rng()) * 2 - 1)
    assert z.shape == (3, 5)
    assert z.abs().max() <= 1


def test_what_is_padded_is_background():
    small = make_adapter(CnnAdapterConfig(channels=(4, 6, 8)), (1, 28, 28), 5, rng()).eval()
    large = make_adapter(CnnAdapterConfig(channels=(4, 6, 8)), (1, 32, 32), 5, rng()).eval()
    x = torch.rand(2, 1, 28, 28, generator=rng(1))
    assert torch.equal(small(x), large(F.pad(x, (2, 2, 2, 2), value=BACKGROUND)))


@pytest.mark.parametrize(
    ("config", "shape"), [(CnnAdapterConfig(channels=(4, 8)), (1, 10, 10)), (MlpAdapterConfig(hidden=9), (3,))]
)
def test_a_sample_alone_is_the_sample_in_a_batch(config, shape: tuple[int, ...]):
    adapter = make_adapter(config, shape, 6, rng()).eval()
    x = torch.rand(5, *shape, generator=rng(1))
    assert torch.allclose(adapter(x)[2:3], adapter(x[2:3]), atol=1e-6)


@pytest.mark.parametrize(
    ("config", "shape"), [(CnnAdapterConfig(channels=(4, 8)), (1, 10, 10)), (MlpAdapterConfig(hidden=9), (3,))]
)
def test_weights_are_a_function_of_the_generator(config, shape: tuple[int, ...]):
    first, again, other = (make_adapter(config, shape, 6, rng(seed)).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
