"""Does the thought come to rest: how small is its last step, and by what factor does each step shrink?"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import observing
from satipatthana.santana import SantanaLog

FLOOR = 1e-5
"""Steps below this share of a sample's first are not fitted: there float32 rounding sets the size, not the map."""


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
        s = output.santana.states[0]
        log = SantanaLog(s)
        for _ in range(n_steps):
            s = step(s)
            log.add(s)
    return log


def first_step(energy: Float[Tensor, "T B"], taken: Bool[Tensor, "T B"]) -> Float[Tensor, " B"]:
    """Size of each sample's first taken step, 0 where it took none."""
    if not len(taken):
        return energy.new_zeros(energy.shape[1])
    first = taken.int().argmax(dim=0)
    return energy.gather(0, first[None])[0] * taken.any(dim=0)


def contraction_rates(
    energy: Float[Tensor, "T B"], taken: Bool[Tensor, "T B"], floor: float = FLOOR
) -> Float[Tensor, " B"]:
    """exp of the slope of log step size against step, least squares over the taken steps above the floor.

    NaN for a sample with fewer than three such steps. Source: the steps of a contraction shrink
    geometrically.
    """
    energy = energy.double()
    fitted = taken & (energy > floor * first_step(energy, taken))
    weight = fitted.double()
    count = weight.sum(dim=0)
    time = torch.arange(len(energy), dtype=torch.float64, device=energy.device)[:, None]
    size = torch.where(fitted, energy, 1.0).log()
    mean_time = (weight * time).sum(dim=0) / count.clamp_min(1)
    mean_size = (weight * size).sum(dim=0) / count.clamp_min(1)
    covariance = (weight * (time - mean_time) * (size - mean_size)).sum(dim=0)
    variance = (weight * (time - mean_time).square()).sum(dim=0)
    slope = covariance / variance.clamp_min(torch.finfo(torch.float64).tiny)
    return torch.where(count >= 3, slope.exp(), torch.nan)


def _numpy(tensor: Tensor) -> Float32[np.ndarray, "*shape"]:
    return tensor.float().cpu().numpy()
