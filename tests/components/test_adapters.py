import pytest
import torch
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND, make_adapter, padding_for, padding_to
from satipatthana.configs import CnnAdapterConfig, LocalAdapterConfig, MlpAdapterConfig


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("size", "doublings", "padding"), [(28, 3, (2, 2)), (32, 3, (0, 0)), (5, 2, (1, 2)), (1, 0, (0, 0))]
)
def test_padding_completes_a_size(size: int, doublings: int, padding: tuple[int, int]):
    assert padding_for(size, doublings) == padding
    assert (size + sum(padding)) % 2**doublings == 0
    assert padding_to(size, size + sum(padding)) == padding


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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "patch", "rows", "columns"),
    [(28, 28, 4, 8, 8), (32, 32, 4, 8, 8), (64, 64, 8, 8, 8), (64, 64, 4, 16, 16), (12, 21, 2, 6, 12)],
)
def test_patches_of_any_image_become_a_grid(
    channels: int, height: int, width: int, patch: int, rows: int, columns: int
):
    config, shape, grid = LocalAdapterConfig(channels=5, patch=patch), (channels, height, width), (rows, columns)
    assert config.grid(shape) == (5, *grid)
    adapter = make_adapter(config, shape, 5 * grid[0] * grid[1], rng()).eval()
    x = torch.rand(3, *shape, generator=rng()) * 2 - 1
    z = adapter(x)
    assert z.shape == (3, 5 * grid[0] * grid[1]) and z.abs().max() <= 1
    assert torch.allclose(z[1:2], adapter(x[1:2]), atol=1e-6)
    impression = adapter.impression(x)
    seen = z.view(3, 5, -1)
    assert torch.allclose(impression, torch.cat([seen.mean(dim=2), seen.std(dim=2, correction=0)], dim=1), atol=1e-6)
    assert impression.shape[1] == sum(adapter.impressions)


def test_a_local_adapter_sees_one_patch_at_a_time():
    adapter = make_adapter(LocalAdapterConfig(channels=3), (1, 32, 32), 192, rng()).eval()
    x = torch.rand(1, 1, 32, 32, generator=rng())
    other = x.clone()
    other[0, 0, 4:8, 8:12] += 1  # the patch in row 1, column 2
    differs = (adapter(x) != adapter(other)).view(3, 8, 8)
    assert differs[:, 1, 2].all() and int(differs.sum()) == 3
