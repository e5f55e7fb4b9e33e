"""How much drink does a thought bear: skipped steps and pushes swept over a grid, against the sober end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, SystemOutput
from satipatthana.diagnostics.convergence import LONG, carry_on
from satipatthana.diagnostics.intervals import Interval, bootstrap_mean, wilson
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.scale import latent_unit
from satipatthana.diagnostics.twins import WITHIN, steps_back

SKIPS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)
PUSHES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
SOBER_STEPS = 50
"""Given to come back; at the default's rate of .55 a step shrinks any distance to 1e-13 in that time."""
OPEN = -1.0  # a gate that lets everything in: what it would keep out, drink cannot move


@dataclass(frozen=True)
class Dose:
    """What one setting did to N thoughts, with 95 % intervals."""

    skip: float
    push: float
    away: Interval
    """Mean distance of the drunk end to the sober one, over the latent unit."""
    changed: Interval
    """Share of the answers that are not the sober ones."""
    trust: Interval
    """Mean; 0 counts for a thought that took no step."""
    back: float | None
    """Median number of sober steps to come back; None when less than half come back in time."""
    returned: Interval
    """Share that comes back within ``SOBER_STEPS``."""


@dataclass(frozen=True)
class DoseResponse:
    """The grid, one row a chance to skip, one column a push; None: not measured yet."""

    skips: tuple[float, ...]
    pushes: tuple[float, ...]
    doses: tuple[tuple[Dose | None, ...], ...]
    n: int
    """Samples."""
    seed: int
    noise: float
    unit: float
    """Median distance between the sober ends, in latent units."""
    sober_trust: float


class KeptLuck:
    """Luck that is dealt once and then remembered: it does not depend on the dials, and drawing it costs the most."""

    def __init__(self, luck: LuckBySample) -> None:
        self._luck = luck
        self._noise: Tensor | None = None
        self._draws: dict[int, tuple[Tensor, Tensor]] = {}

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        if self._noise is None:
            self._noise = self._luck.noise(shape)
        return self._noise

    def draw(self, step: int, batch: int, dim: int) -> tuple[Tensor, Tensor]:
        if step not in self._draws:
            self._draws[step] = self._luck.draw(step, batch, dim)
        return self._draws[step]


def dose_response(
    system: SatipatthanaSystem,
    x: Float[Tensor, "N *shape"],
    seed: int,
    *,
    noise: float = 0.0,
    skips: Sequence[float] = SKIPS,
    pushes: Sequence[float] = PUSHES,
) -> Iterator[Progress[DoseResponse]]:
    """Thinks about N inputs at every setting, all with the same luck; one piece of work a setting.

    The network's own number of steps and the open gate. Raises ValueError for one input, or when all end alike.
    """
    luck = KeptLuck(LuckBySample(seed, range(len(x))))
    mind = {"noise_level": noise, "threshold": OPEN, "luck": luck}
    with observing(system):
        sober = system(x, **mind)
        step = system.samatha.vicara.begin(sober.samatha.z)
        ends = carry_on(step, sober.s_star, LONG)[-1]
        unit = latent_unit(ends, sober.santana.states[0])
        answers = sober.logits.argmax(dim=1)
    doses: list[list[Dose | None]] = [[None] * len(pushes) for _ in skips]
    total = len(skips) * len(pushes)
    for done in range(total):
        row, column = divmod(done, len(pushes))
        skip, push = skips[row], pushes[column]
        with observing(system):  # not around the yield: whoever looks on keeps its gradients
            drunk = system(x, drunk_mode=True, drunk_skip_prob=skip, drunk_perturbation_std=push, **mind)
            left = (carry_on(step, drunk.s_star, SOBER_STEPS) - ends).norm(dim=-1) / unit
        doses[row][column] = _dose(skip, push, drunk, left, answers, seed)
        found = DoseResponse(
            tuple(skips),
            tuple(pushes),
            tuple(map(tuple, doses)),
            n=len(x),
            seed=seed,
            noise=noise,
            unit=unit,
            sober_trust=float(sober.insight.trust.mean()),
        )
        yield Progress(done + 1, total, found, f"skips {skip:g} of its steps, push {push:g}")


def _dose(
    skip: float, push: float, drunk: SystemOutput, left: Float[Tensor, "S1 N"], answers: Tensor, seed: int
) -> Dose:
    away, back = left[0].cpu().numpy(), steps_back(left, WITHIN).cpu().numpy()
    changed = int((drunk.logits.argmax(dim=1) != answers).sum())
    trust = drunk.insight.trust[:, 0].cpu().numpy()
    # those that never come back are the slowest of all
    median = float(np.quantile(np.where(back >= 0, back, np.inf), 0.5, method="higher"))
    return Dose(
        skip=skip,
        push=push,
        away=bootstrap_mean(away, seed),
        changed=wilson(changed, len(away)),
        trust=bootstrap_mean(trust, seed),
        back=median if np.isfinite(median) else None,
        returned=wilson(int((back >= 0).sum()), len(away)),
    )
