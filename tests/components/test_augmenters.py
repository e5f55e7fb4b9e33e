import pytest
import torch
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND
from satipatthana.components.augmenters import Augmenter
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
