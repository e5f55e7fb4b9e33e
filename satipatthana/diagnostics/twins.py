"""Sober and drunk from one first guess: when do they part, how far, and does the drunk find back once it is sober?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from satipatthana.core.engines import SamathaOutput
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.attractors import CLOSE
from satipatthana.diagnostics.convergence import LONG, carry_on
from satipatthana.diagnostics.observing import observing

WITHIN = 0.01
"""A state is back when it is nearer to the sober end than this share of the latent unit."""


@dataclass(frozen=True, eq=False)
class Twins:
    """B pairs of thoughts over T steps, one of each drunk, and S more steps that both take sober."""

    apart: Float32[np.ndarray, "TS1 B"]
    """||drunk_t - sober_t||_2 after 0 ... T + S steps, in latent units; the last S of them both go sober."""
    left: Float32[np.ndarray, "TS1 B"]
    """Distance of the drunk to the sober twin's end, which is its state after all T + S steps."""
    skipped: Bool[np.ndarray, "T B"]
    """Steps that the drunk skipped."""
    parted: Int[np.ndarray, " B"]
    """The first step, counted from 1, after which the two are not the same; 0: never."""
    back: Int[np.ndarray, " B"]
    """Sober steps after which the drunk is within ``WITHIN`` of the sober end for good; -1: not within S."""
    same_end: Bool[np.ndarray, " B"]
    """After all steps they are within ``CLOSE`` of each other."""
    rests: Bool[np.ndarray, " B"]
    """The sober twin's last step is within ``CLOSE``: it has an end to which one can return."""
    unit: float
    """What is called near is a share of this, in latent units."""

    @property
    def n_steps(self) -> int:
        """T, the steps of thought before both go on sober."""
        return len(self.skipped)


def twins(
    system: SatipatthanaSystem,
    x: Float[Tensor, "B *shape"],
    *,
    samples: Sequence[int],
    seed: int,
    unit: float,
    noise: float = 0.0,
    n_steps: int | None = None,
    threshold: float | None = None,
    skip: float | None = None,
    push: float | None = None,
    sober_steps: int = LONG,
) -> Twins:
    """Thinks about x sober and drunk with the same luck, then lets both go on sober on the same map.

    ``unit`` is the distance between different thoughts (`diagnostics.scale.latent_unit`); None takes the config's dial.
    """
    luck = LuckBySample(seed, samples)
    mind = {"noise_level": noise, "n_steps": n_steps, "threshold": threshold, "luck": luck}
    with observing(system):
        sober = system.think(x, **mind)
        drunk = system.think(x, drunk_mode=True, drunk_skip_prob=skip, drunk_perturbation_std=push, **mind)
        step = system.samatha.vicara.begin(sober.meta.gate[:, None] * sober.z)
        length = max(len(sober.santana), len(drunk.santana))  # sati may have stopped one of them earlier
        paths = [
            torch.cat([_padded(one, length), carry_on(step, one.s_star, sober_steps)[1:]]) for one in (sober, drunk)
        ]
    calm, wild = paths
    apart, left = (wild - calm).norm(dim=-1), (wild - calm[-1]).norm(dim=-1)
    differs = apart > 0
    skipped = drunk.santana.skipped
    missing = skipped.new_zeros(length - 1 - len(skipped), skipped.shape[1])
    return Twins(
        apart=apart.cpu().numpy(),
        left=left.cpu().numpy(),
        skipped=torch.cat([skipped, missing]).cpu().numpy(),
        parted=torch.where(differs.any(dim=0), differs.int().argmax(dim=0), 0).cpu().numpy(),
        back=steps_back(left[length - 1 :], WITHIN * unit).cpu().numpy(),
        same_end=(apart[-1] <= CLOSE * unit).cpu().numpy(),
        rests=((calm[-1] - calm[-2]).norm(dim=-1) <= CLOSE * unit).cpu().numpy(),
        unit=unit,
    )


def steps_back(left: Float[Tensor, "S1 B"], reach: float) -> Int[Tensor, " B"]:
    """Steps after which the distance that is left stays within ``reach``; -1 where it is not at the last."""
    outside = left > reach
    index = torch.arange(1, len(left) + 1, device=left.device)[:, None]
    steps = (index * outside).amax(dim=0)
    return torch.where(outside[-1], -1, steps)


def _padded(output: SamathaOutput, length: int) -> Float[Tensor, "T1 B D"]:
    states = output.santana.to_tensor()
    return torch.cat([states, states[-1:].expand(length - len(states), -1, -1)])
