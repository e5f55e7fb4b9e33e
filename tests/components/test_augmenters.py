import pytest
import torch
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND
from satipatthana.components.augmenters import BARE, LOUDER, Augmenter, block_masks, half_masks
from satipatthana.configs import AugmenterConfig


def test_noise_and_severity_are_each_samples_own(generator: torch.Generator):
    x, noise = torch.randn(2, 4, 1, 5, 5, generator=generator)
    sigma = torch.tensor([0.0, 0.3, 1.0, 1.5])
    given, severity = Augmenter(AugmenterConfig())(x, sigma, noise)
    assert torch.equal(given[0], x[0])
    assert torch.allclose(given[1], x[1] + 0.3 * noise[1])
    assert torch.allclose(given[3], x[3] + 1.5 * noise[3])
    assert torch.equal(severity, torch.tensor([0.0, 0.3, 1.0, 1.0]))  # sigma, clipped to 1


def test_training_noise_is_uniform_up_to_its_dial(generator: torch.Generator):
    sigma = Augmenter(AugmenterConfig(max_noise=0.4)).draw_sigma(4000, generator)
    assert sigma.min() >= 0 and 0.39 < sigma.max() <= 0.4
    assert abs(float(sigma.mean()) - 0.2) < 0.01
    assert Augmenter(AugmenterConfig(max_noise=0.0)).draw_sigma(5, generator).tolist() == [0] * 5


@pytest.mark.parametrize("reach", [1, 3])
def test_a_shift_moves_each_image_by_whole_pixels(reach: int, generator: torch.Generator):
    x = torch.randn(40, 2, 6, 7, generator=generator)
    moved = Augmenter(AugmenterConfig(shift=reach)).shift(x, generator)
    found = []
    for before, after in zip(x, moved, strict=True):
        padded = F.pad(before, (reach,) * 4, value=BACKGROUND)
        found += [
            (dy, dx)
            for dy in range(2 * reach + 1)
            for dx in range(2 * reach + 1)
            if torch.equal(padded[:, dy : dy + 6, dx : dx + 7], after)
        ]
    assert len(found) == len(x)  # every image, exactly one way
    assert {dy for dy, _ in found} == {dx for _, dx in found} == set(range(2 * reach + 1))
    assert len(set(found)) > 2 * reach + 1  # rows and columns move independently, images too


def test_vectors_and_a_shift_of_0_stay(generator: torch.Generator):
    vectors, images = torch.randn(5, 3, generator=generator), torch.randn(5, 1, 4, 4, generator=generator)
    assert torch.equal(Augmenter(AugmenterConfig(shift=2)).shift(vectors, generator), vectors)
    assert torch.equal(Augmenter(AugmenterConfig(shift=0)).shift(images, generator), images)


def test_spoiling_by_default_is_noise_alone():
    x, augmenter = torch.randn(6, 1, 8, 8, generator=luck()), Augmenter(AugmenterConfig())
    given, sigma = augmenter.spoil(x, luck(1))
    same = luck(1)
    assert torch.equal(sigma, augmenter.draw_sigma(6, same))
    assert torch.equal(given, x + sigma[:, None, None, None] * torch.randn(x.shape, generator=same))


def test_each_input_is_spoiled_in_one_way():
    config = AugmenterConfig(half_hidden=0.3, block_hidden=0.25, loud=0.25, block=4)
    x = torch.full((4000, 1, 8, 8), 5.0)
    given, sigma = Augmenter(config).spoil(x, luck())
    # where something is hidden its mean is far below, whatever the noise
    count = ((given[:, 0] + 1).abs() < (given[:, 0] - 5).abs()).sum(dim=(1, 2)).float()
    half, block = (count - 32).abs() < 5, (count - 16).abs() < 5
    assert abs(float(half.float().mean()) - 0.3) < 0.03 and abs(float(block.float().mean()) - 0.25) < 0.03
    hidden = half | block
    assert float(sigma[hidden].max()) <= 1 - BARE and abs(float((sigma[hidden] == 0).float().mean()) - BARE) < 0.04
    loud = ~hidden & (sigma > config.max_noise)
    assert abs(float(loud.float().mean()) - 0.25) < 0.03 and sigma.max() <= config.max_noise + LOUDER
    bare = Augmenter(config).spoil(x, luck(), hide=False)
    assert float(bare[1].max()) <= config.max_noise and bool((bare[0].mean(dim=(1, 2, 3)) > 4).all())
    vectors = torch.zeros(5, 3)
    assert Augmenter(AugmenterConfig(loud=1.0)).spoil(vectors, luck())[1].min() >= 0.7


def test_masks_cover_what_they_say(generator: torch.Generator):
    x = torch.zeros(200, 1, 6, 10)
    halves = half_masks(x, generator)
    assert (halves.sum(dim=(1, 2)) == 30).all() and len({tuple(mask.flatten().tolist()) for mask in halves}) == 4
    blocks = block_masks(x, 4, generator)
    assert (blocks.sum(dim=(1, 2)) == 16).all() and len({tuple(mask.flatten().tolist()) for mask in blocks}) == 21
    for mask in blocks:
        rows, columns = mask.any(dim=1), mask.any(dim=0)
        assert torch.equal(mask, rows[:, None] & columns) and int(rows.sum()) == int(columns.sum()) == 4
    assert block_masks(x, 99, generator).all()


def luck(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
