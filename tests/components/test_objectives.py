import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from satipatthana.components.objectives import (
    ProbeDiversityLoss,
    StabilityLoss,
    balance,
    binary_entropy,
    blur,
    orthogonality,
)
from satipatthana.santana import SantanaLog

ANTIPODAL = torch.tensor([[1.0, 0, 0], [2.0, 0, 0], [-1.0, 0, 0], [-3.0, 0, 0]])  # two clumps, a rank-1 set
SIMPLEX = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
ORTHOGONAL = torch.eye(3)


# --- stability ------------------------------------------------------------------------------------------------------


def test_stability_is_the_mean_squared_last_step():
    pair = torch.tensor([[3.0, 4.0], [0.0, 1.0]]), torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    loss, parts = StabilityLoss().compute_loss(pair)
    assert loss == 13  # (25 + 1) / 2
    assert parts == {"stability_loss": 13}


def test_stability_reads_the_pair_and_never_the_log():
    """Failure 1: the log is detached, so a loss computed from it would teach nothing."""
    s_last, s_before = torch.ones(1, 2, requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    log = SantanaLog(torch.zeros(1, 2))
    log.add(100 * torch.ones(1, 2))
    loss, _ = StabilityLoss().compute_loss((s_last, s_before), log)
    assert loss == 2
    loss.backward()
    assert s_last.grad is not None and s_last.grad.tolist() == [[2, 2]]
    assert s_before.grad is not None and s_before.grad.tolist() == [[-2, -2]]


# --- the probes -----------------------------------------------------------------------------------------------------


def test_diversity_is_the_mean_cosine_of_different_probes():
    loss, parts = ProbeDiversityLoss().compute_loss(torch.tensor([[1.0, 0.0], [0.0, 5.0], [2.0, 2.0]]))
    expected = 2 * (0 + 2 * math.sqrt(0.5)) / 6
    assert math.isclose(float(loss), expected, rel_tol=1e-6)
    assert parts == {"diversity_loss": pytest.approx(expected)}


def test_the_founding_cure_cannot_tell_two_clumps_from_a_simplex():
    """Failure 10: mean cosine has a minimum of rank 1, so orthogonality and balance stand beside it."""
    clumps, simplex = (float(ProbeDiversityLoss().compute_loss(probes)[0]) for probes in (ANTIPODAL, SIMPLEX))
    assert math.isclose(clumps, simplex, abs_tol=1e-6) and math.isclose(clumps, -1 / 3, abs_tol=1e-6)
    assert math.isclose(float(orthogonality(ANTIPODAL)), 1, abs_tol=1e-6)
    assert math.isclose(float(orthogonality(SIMPLEX)), 1 / 9, abs_tol=1e-6)


def test_orthogonality_is_the_mean_squared_cosine():
    assert float(orthogonality(ORTHOGONAL * 7)) == 0
    assert math.isclose(float(orthogonality(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))), 0.5, rel_tol=1e-6)


def test_orthogonality_pulls_clumps_apart():
    probes = (ANTIPODAL + 0.01 * torch.randn(4, 3, generator=torch.Generator().manual_seed(0))).requires_grad_()
    for _ in range(50):
        (gradient,) = torch.autograd.grad(orthogonality(probes), probes)
        probes = (probes - 0.5 * gradient).detach().requires_grad_()
    assert float(orthogonality(probes.detach())) < 0.2


@pytest.mark.parametrize(
    ("attention", "expected"),
    [
        ([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 0.0),  # sure, and evenly spread
        ([[0.25] * 4] * 3, 0.0),
        ([[1.0, 0, 0, 0]] * 3, math.log(4)),  # one probe takes all
        ([[1.0, 0, 0, 0], [0, 1, 0, 0]], math.log(2)),
        ([[0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0]], math.log(4) - 1.5 * math.log(2)),
    ],
)
def test_balance_is_the_divergence_of_the_usage_from_uniform(attention: list[list[float]], expected: float):
    assert math.isclose(float(balance(torch.tensor(attention))), expected, abs_tol=1e-6)


def test_balance_pushes_an_unused_probe_with_a_finite_force():
    attention = torch.tensor([[0.5, 0.5, 0.0]], requires_grad=True)
    balance(attention).backward()
    gradient = attention.grad
    assert gradient is not None and gradient.isfinite().all()
    assert gradient[0, 2] < gradient[0, 0] - 5  # more of the unused one lowers the loss most


def test_the_floor_of_soft_targets():
    assert math.isclose(float(binary_entropy(torch.tensor([0.0, 1.0, 0.5]))), math.log(2) / 3, rel_tol=1e-6)
    target = torch.tensor([0.3])
    best = torch.nn.functional.binary_cross_entropy(target, target)
    assert torch.allclose(binary_entropy(target), best)


# --- blur -----------------------------------------------------------------------------------------------------------


def test_blur_is_scipys_gaussian_filter(generator: torch.Generator):
    images = torch.randn(3, 2, 20, 24, generator=generator)
    sigma = torch.tensor([0.6, 1.7, 3.0])
    mine = blur(images, sigma)
    for image, width, blurred in zip(images, sigma, mine, strict=True):
        for channel, result in zip(image, blurred, strict=True):
            theirs = gaussian_filter(channel.double().numpy(), float(width), mode="nearest", radius=9)
            assert np.allclose(result.numpy(), theirs, atol=1e-5)


def test_blur_of_0_leaves_an_image_as_it_is(generator: torch.Generator):
    images = torch.randn(2, 1, 12, 12, generator=generator)
    assert torch.equal(blur(images, torch.zeros(2)), images)
    mixed = blur(images, torch.tensor([0.0, 2.0]))  # each image has its own width
    assert torch.allclose(mixed[0], images[0], atol=1e-6)
    assert not torch.allclose(mixed[1], images[1], atol=0.1)


def test_blur_keeps_a_flat_image_flat_to_the_border():
    flat = torch.full((1, 1, 28, 28), -1.0)
    assert torch.allclose(blur(flat, torch.tensor([3.0])), flat, atol=1e-5)


def test_blur_works_on_images_smaller_than_its_reach(generator: torch.Generator):
    assert blur(torch.randn(1, 1, 3, 5, generator=generator), torch.tensor([3.0])).shape == (1, 1, 3, 5)
