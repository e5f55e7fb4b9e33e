import numpy as np
import pytest
import torch

from satipatthana.diagnostics.convergence import (
    carry_on,
    convergence,
    fit_rates,
    precise_map,
    relative_residual,
    run_on,
)
from satipatthana.measures import step_sizes
from satipatthana.santana import SantanaLog


def log_of(states: torch.Tensor, taken: torch.Tensor | None = None) -> SantanaLog:
    log = SantanaLog(states[0])
    for t in range(1, len(states)):
        mine = None if taken is None else taken[t - 1]
        log.add(states[t], mine, None if mine is None else ~mine)
    return log


def shrinking(rate: float, n_steps: int) -> torch.Tensor:
    """(T+1, 2): positions of a point whose distance to the origin shrinks by ``rate`` each step."""
    return torch.tensor([[3 * rate**t, 4 * rate**t] for t in range(n_steps + 1)], dtype=torch.float64).float()


def test_a_geometric_approach_has_its_rate_and_ratio():
    states = torch.stack([shrinking(0.5, 8), shrinking(0.8, 8)], dim=1)
    found = convergence(log_of(states))
    assert found.rates == pytest.approx([0.5, 0.8], rel=1e-4)
    assert found.ratios == pytest.approx([0.5**7, 0.8**7], rel=1e-4)
    assert found.step_ratio == pytest.approx((0.5**7 + 0.8**7) / 2, rel=1e-4)
    assert found.rate == pytest.approx(0.4**0.5, rel=1e-4)
    assert found.mean_step == pytest.approx([(2.5 * 0.5**t + 0.8**t) / 2 for t in range(8)], rel=1e-4)


def test_who_never_moves_has_no_ratio():
    still = torch.ones(5, 1, 2)
    alone = convergence(log_of(still))
    assert alone.step_ratio is None and alone.rate is None
    assert np.isnan(alone.ratios).all() and np.isnan(alone.rates).all()
    both = convergence(log_of(torch.cat([still, shrinking(0.5, 4)[:, None]], dim=1)))
    assert both.step_ratio == pytest.approx(0.5**3, rel=1e-4)
    assert both.rate == pytest.approx(0.5, rel=1e-4)


def test_skipped_steps_are_not_steps():
    # moves, is skipped, moves, is skipped, moves: three steps at times 0, 2 and 4
    states = torch.tensor([0.0, 4.0, 4.0, 5.0, 5.0, 5.25])[:, None, None]
    found = convergence(log_of(states, torch.tensor([1, 0, 1, 0, 1]).bool()[:, None]))
    assert found.step_ratio == pytest.approx(1 / 16)
    assert found.rate == pytest.approx(0.5)  # a quarter every other step
    assert np.isnan(found.mean_step).tolist() == [False, True, False, True, False]
    nothing = convergence(log_of(states, torch.zeros(5, 1, dtype=torch.bool)))
    assert nothing.step_ratio is None and nothing.rate is None


def test_steps_below_the_floor_are_not_fitted():
    states = shrinking(0.1, 30)[:, None]  # 1e-30 at the end: in float32 the last steps are rounding
    noisy = states + 1e-6 * torch.randn(states.shape, generator=torch.Generator().manual_seed(0))
    assert convergence(log_of(noisy)).rate == pytest.approx(0.1, rel=0.1)


def test_no_steps_at_all():
    found = convergence(SantanaLog(torch.ones(3, 2)))
    assert found.step_ratio is None and found.rate is None and len(found.mean_step) == 0


def test_a_thought_run_on_is_the_same_thought_longer(system, bundle):
    x = bundle.test.x[:3]
    with torch.no_grad():
        output, longer = system.think(x), system.think(x, n_steps=20)
    log = run_on(system, output, 20)
    assert torch.equal(log.to_tensor(), longer.santana.to_tensor())
    assert torch.equal(log.taken, longer.santana.taken)


def test_a_thought_run_on_does_not_ask_sati(impatient, bundle):
    with torch.no_grad():
        output = impatient.think(bundle.test.x[:3])
    assert int(output.santana.steps.max()) < 12
    log = run_on(impatient, output, 40)
    assert log.steps.tolist() == [40, 40, 40]
    stop = int(output.santana.steps[0])
    assert torch.allclose(log.states[stop][0], output.s_star[0], atol=1e-6)


def test_a_fit_says_on_which_steps_it_stands():
    states = torch.stack([shrinking(0.1, 8), shrinking(0.5, 8)], dim=1)
    energy, taken = step_sizes(states), torch.ones(8, 2, dtype=torch.bool)
    late = fit_rates(energy, taken, floor=3e-4, ceiling=0.15)
    assert late.rate.tolist() == pytest.approx([0.1, 0.5], rel=1e-3)
    assert (late.first.tolist(), late.last.tolist()) == ([2, 4], [4, 8])  # 10 % to 0.1 %; 12.5 % to 0.8 %
    taken[4:, 1] = False
    whole = fit_rates(energy, taken, floor=3e-4)
    assert (whole.first.tolist(), whole.last.tolist()) == ([1, 1], [4, 4])
    nothing = fit_rates(energy, torch.zeros_like(taken))
    assert nothing.first.tolist() == nothing.last.tolist() == [0, 0] and nothing.rate.isnan().all()


def test_the_relative_residual_is_the_step_over_the_state_it_leads_to():
    found = relative_residual(torch.tensor([[[3.0, 4.0]], [[3.0, 0.0]], [[0.0, 0.0]]]))
    assert found[:, 0].tolist() == pytest.approx([4 / 3, float("nan")], nan_ok=True)


def test_the_precise_map_goes_on_where_float32_stands_still(system, bundle):
    z = system.samatha.adapter(bundle.test.x[:3]).detach()
    step = precise_map(system, z)
    states = carry_on(step, z.double(), 120)
    assert states.shape == (121, 3, 16) and states.dtype == torch.float64
    assert bool((step_sizes(states)[-1] < 1e-12 * states[-1].norm(dim=1)).all())
    with torch.no_grad():
        assert torch.allclose(states[1].float(), system.samatha.vicara(z, z), atol=1e-6)
