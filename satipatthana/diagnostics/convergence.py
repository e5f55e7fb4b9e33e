"""Does the thought come to rest: how small is its last step, and by what factor does each step shrink?"""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from satipatthana.components.vicara import Step
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import step_sizes
from satipatthana.santana import SantanaLog

FLOOR = 1e-5
"""Steps below this share of a sample's first are not fitted: there float32 rounding sets the size, not the map."""
REST = 0.01
"""A thought has come to rest when its last step is at most this share of its first."""
LONG = 200
"""Steps of a continued thought, by which its end is judged."""
LATE = (1e-5, 1e-10)
"""Steps of these shares of a sample's first, in float64: so near the end that the map is as good as linear."""


@dataclass(frozen=True)
class Convergence:
    """How a batch of B thoughts came to rest."""

    ratios: Float32[np.ndarray, " B"]
    """Each sample's last taken step size over its first; NaN where the first has size 0 or no step was taken."""
    rates: Float32[np.ndarray, " B"]
    """Factor by which each sample's step shrinks from one to the next, fitted; NaN where it cannot be told."""
    mean_step: Float32[np.ndarray, " T"]
    """Mean step size over the samples that took that step, NaN where none did."""

    @property
    def step_ratio(self) -> float | None:
        """Mean ratio of the samples that moved; None when none did."""
        known = self.ratios[np.isfinite(self.ratios)]
        return float(known.mean(dtype=np.float64)) if len(known) else None

    @property
    def rate(self) -> float | None:
        """Geometric mean of the rates that can be told; None when none can."""
        known = self.rates[np.isfinite(self.rates)].astype(np.float64)
        return float(np.exp(np.log(known).mean())) if len(known) else None


def convergence(santana: SantanaLog) -> Convergence:
    """How the thoughts of one log came to rest."""
    energy, taken = santana.energy.double(), santana.taken
    first = first_step(energy, taken)
    count = taken.sum(dim=1)
    mean_step = torch.where(count > 0, energy.sum(dim=1) / count.clamp_min(1), torch.nan)
    return Convergence(
        ratios=_numpy(torch.where(first > 0, santana.velocity / first, torch.nan)),
        rates=_numpy(contraction_rates(energy, taken)),
        mean_step=_numpy(mean_step),
    )


def run_on(system: SatipatthanaSystem, output: SamathaOutput, n_steps: int) -> SantanaLog:
    """The same thought from its s_0, sober, for ``n_steps`` whatever sati says: where it would end."""
    with observing(system):
        step = system.samatha.vicara.begin(output.meta.gate[:, None] * output.z)
        log = SantanaLog()
        for state in carry_on(step, output.santana.states[0], n_steps):
            log.add(state)
    return log


def precise_map(system: SatipatthanaSystem, z: Float[Tensor, "B D"]) -> Step:
    """s_t -> s_{t+1} of these thoughts in float64, sober; ``z`` is what the gate let in.

    In float32 a step cannot shrink below 1e-7 of the state, and everything would seem to end a little apart.
    """
    with torch.no_grad():
        return copy.deepcopy(system.samatha.vicara).double().eval().begin(z.double())


@torch.no_grad()
def carry_on(step: Step, s: Float[Tensor, "B D"], n_steps: int) -> Float[Tensor, "T1 B D"]:
    """s and the ``n_steps`` states after it."""
    states = [s]
    for _ in range(n_steps):
        states.append(step(states[-1]))
    return torch.stack(states)


def relative_residual(states: Float[Tensor, "T1 B D"]) -> Float[Tensor, "T B"]:
    """||f(s) - s|| / ||f(s)|| of each step: what a solver of fixed points stops by. NaN where f(s) is 0."""
    size = states[1:].norm(dim=-1)
    return torch.where(size > 0, step_sizes(states) / size, torch.nan)


def first_step(energy: Float[Tensor, "T B"], taken: Bool[Tensor, "T B"]) -> Float[Tensor, " B"]:
    """Size of each sample's first taken step, 0 where it took none."""
    if not len(taken):
        return energy.new_zeros(energy.shape[1])
    first = taken.int().argmax(dim=0)
    return energy.gather(0, first[None])[0] * taken.any(dim=0)


@dataclass(frozen=True)
class RateFit:
    """B fitted rates, each with the steps that it was fitted on, counted from 1."""

    rate: Float[Tensor, " B"]
    """exp of the slope of log step size against step; NaN with fewer than three steps to fit."""
    first: Int[Tensor, " B"]
    last: Int[Tensor, " B"]
    """The first and the last step that were fitted, 0 where none was."""


def fit_rates(
    energy: Float[Tensor, "T B"],
    taken: Bool[Tensor, "T B"],
    floor: float = FLOOR,
    ceiling: float = math.inf,
) -> RateFit:
    """Least squares of log step size on step, over the taken steps between two shares of the sample's first.

    Source: the steps of a contraction shrink geometrically.
    """
    energy = energy.double()
    first = first_step(energy, taken)
    fitted = taken & (energy > floor * first) & (energy <= ceiling * first)
    weight = fitted.double()
    count = weight.sum(dim=0)
    number = torch.arange(1, len(energy) + 1, device=energy.device)[:, None]
    time = number.double()
    size = torch.where(fitted, energy, 1.0).log()
    mean_time = (weight * time).sum(dim=0) / count.clamp_min(1)
    mean_size = (weight * size).sum(dim=0) / count.clamp_min(1)
    covariance = (weight * (time - mean_time) * (size - mean_size)).sum(dim=0)
    variance = (weight * (time - mean_time).square()).sum(dim=0)
    slope = covariance / variance.clamp_min(torch.finfo(torch.float64).tiny)
    if not len(energy):
        none = torch.zeros_like(count, dtype=torch.int64)
        return RateFit(torch.full_like(count, torch.nan), none, none)
    last = (number * fitted).amax(dim=0)
    earliest = torch.where(last > 0, fitted.int().argmax(dim=0) + 1, 0)
    return RateFit(torch.where(count >= 3, slope.exp(), torch.nan), earliest, last)


def contraction_rates(
    energy: Float[Tensor, "T B"], taken: Bool[Tensor, "T B"], floor: float = FLOOR
) -> Float[Tensor, " B"]:
    """Factor by which each sample's step shrinks from one to the next, fitted above the floor; see `fit_rates`."""
    return fit_rates(energy, taken, floor).rate


def _numpy(tensor: Tensor) -> Float32[np.ndarray, "*shape"]:
    return tensor.float().cpu().numpy()
