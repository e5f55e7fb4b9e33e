import dataclasses

import numpy as np
import pytest
import torch

from satipatthana.components.vicara import LocalVicara
from satipatthana.configs import LocalVicaraConfig, StandardVicaraConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics import jacobian
from satipatthana.diagnostics.convergence import LATE, carry_on, fit_rates, precise_map
from satipatthana.diagnostics.jacobian import LEADING, WIDEST_WHOLE, krylov, spectrum, step_jacobian
from satipatthana.measures import step_sizes
from tests.diagnostics.conftest import config
from tests.diagnostics.maps import rotation


def test_of_a_linear_map_it_is_the_matrix():
    matrix = torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = step_jacobian(lambda s: s @ matrix.mT, torch.ones(3, 5, dtype=torch.float64))
    assert torch.allclose(found, matrix.expand(3, 5, 5))


def test_of_a_curved_map_it_is_the_derivative_at_each_sample():
    s = torch.tensor([[0.1, 2.0], [-1.0, 0.5]], dtype=torch.float64)
    found = step_jacobian(torch.tanh, s)
    assert torch.allclose(found, torch.diag_embed(1 - torch.tanh(s) ** 2))


def test_a_spiral_has_its_angle_and_its_rate():
    turn = rotation(30, scale=0.8)
    found = spectrum(lambda s: s @ turn.mT, torch.ones(1, 2, dtype=torch.float64))
    assert found.radius == pytest.approx([0.8]) and found.norm == pytest.approx([0.8])
    assert np.sort(np.abs(np.angle(found.eigenvalues[0], deg=True))) == pytest.approx([30, 30])


def test_the_norm_may_be_far_above_the_radius():
    shear = torch.tensor([[0.5, 3.0], [0.0, 0.25]], dtype=torch.float64)
    found = spectrum(lambda s: s @ shear.mT, torch.ones(1, 2, dtype=torch.float64))
    assert found.radius == pytest.approx([0.5])
    assert found.norm == pytest.approx([np.linalg.svd(shear.numpy(), compute_uv=False)[0]])


def test_finite_differences_agree_in_a_real_network(system, bundle):
    z = system.samatha.adapter(bundle.test.x[:2]).detach()
    step = precise_map(system, z)
    s = torch.linspace(-1, 1, 32, dtype=torch.float64).view(2, 16)
    found, h = step_jacobian(step, s), 1e-6
    nudge = torch.zeros_like(s)
    nudge[:, 3] = h
    with torch.no_grad():
        assert torch.allclose(found[:, :, 3], (step(s + nudge) - step(s - nudge)) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("vicara", ["injected", "standard"])
def test_the_radius_at_the_end_predicts_the_decay(vicara: str, bundle):
    made = config()
    if vicara == "standard":
        made = dataclasses.replace(made, samatha=dataclasses.replace(made.samatha, vicara=StandardVicaraConfig()))
    system = SatipatthanaSystem(made)
    z = system.samatha.adapter(bundle.test.x[:3]).detach()
    step = precise_map(system, z)
    states = carry_on(step, z.double(), 200)
    sizes = step_sizes(states)
    fit = fit_rates(sizes, torch.ones_like(sizes, dtype=torch.bool), floor=LATE[1], ceiling=LATE[0])
    assert spectrum(step, states[-1]).radius == pytest.approx(fit.rate.numpy(), abs=0.03)
    assert bool((fit.first > 5).all()) and bool((fit.last > fit.first + 3).all())


def test_of_a_wide_state_the_leading_ones_are_found():
    """A matrix whose spectrum is known: a spiral that decays most slowly, and all else well behind it."""
    dim, generator = WIDEST_WHOLE + 8, torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(dim, dim, dtype=torch.float64, generator=generator)).Q
    middle = torch.diag(torch.linspace(-0.5, 0.5, dim, dtype=torch.float64))
    middle[:2, :2] = rotation(40, scale=0.9)
    shear = torch.eye(dim, dtype=torch.float64)
    shear[0, 5] = 0.7
    matrix = basis @ shear @ middle @ torch.linalg.inv(shear) @ basis.mT
    found = spectrum(lambda s: torch.stack([s[0] @ matrix.mT, 0.5 * s[1] @ matrix.mT]), torch.ones(2, dim).double())
    assert found.eigenvalues.shape == (2, LEADING)
    assert found.radius == pytest.approx([0.9, 0.45], rel=1e-6)
    assert np.sort(np.abs(np.angle(found.eigenvalues[0, :2], deg=True))) == pytest.approx([40, 40], rel=1e-5)
    assert found.norm[0] == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-3)


def test_a_space_that_closes_early_is_no_trouble():
    matrix = torch.diag(torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64))
    found = krylov(lambda v: v @ matrix, torch.zeros(2, 3, dtype=torch.float64), 6)
    moduli = torch.linalg.eigvals(found).abs().sort(dim=1, descending=True).values
    assert moduli[:, :2].flatten().tolist() == pytest.approx([0.5, 0.25] * 2) and float(moduli[:, 2:].max()) < 1e-6


def test_both_ways_agree_in_a_local_network(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    vicara = LocalVicara(LocalVicaraConfig(hidden=6), (4, 4, 4), generator).eval().double().requires_grad_(False)
    z, s = torch.randn(2, 3, 64, dtype=torch.float64, generator=generator)
    step = vicara.begin(z)
    whole = spectrum(step, s)
    monkeypatch.setattr(jacobian, "WIDEST_WHOLE", 10)
    leading = spectrum(step, s)
    assert leading.eigenvalues.shape == (3, LEADING)
    assert leading.radius == pytest.approx(whole.radius, rel=2e-3)
    assert leading.norm == pytest.approx(whole.norm, rel=2e-3)
