"""How did it end: a fixed point, a cycle, a slow drift, or only because the steps ran out?

The end is judged on a continuation: the sober map goes on from where the thought stopped, in float64.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from satipatthana.components.vicara import Step
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.convergence import (
    LONG,
    REST,
    carry_on,
    first_step,
    fit_rates,
    precise_map,
    relative_residual,
)
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import step_sizes
from satipatthana.santana import SantanaLog

Kind = Literal["fixed point", "cycle", "slow drift", "step limit", "skipped step"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The last two say how a thought stopped, short of an end that the others name."""

STILL = 1e-6
"""A fixed point: the last step is at most this share of the largest state on the way."""
BACK = 0.999
AWAY = 0.9
"""A cycle: the lag correlation comes back above the first after it was below the second."""
LAGS = 50
"""Longest period that is looked for."""
ALIVE = 0.95
"""A cycle does not die: its last lap's mean step over its first one's is at least this."""


@dataclass(frozen=True, eq=False)
class Ending:
    """Where B states lead. A continuation has T steps; lags run from 0 to L - 1."""

    end: tuple[Kind, ...]
    """Fixed point, cycle or slow drift."""
    period: Int[np.ndarray, " B"]
    """Of a cycle, in steps; 0 for the others."""
    step_size: Float64[np.ndarray, "T B"]
    relative: Float64[np.ndarray, "T B"]
    """||f(s) - s|| / ||f(s)||."""
    lag_correlation: Float64[np.ndarray, "L B"]
    """Over the second half of the continuation; NaN where nothing moves any more."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """How one thought ended, with the evidence. Its own n steps come first, then the T of the continuation."""

    kind: Kind
    end: Kind
    period: int
    taken: int
    """Steps of its own that were really taken."""
    last_ratio: float
    """Its last taken step over its first; NaN when the first has size 0 or no step was taken."""
    rate: float
    """Factor from one own step to the next, fitted on steps ``fitted``; NaN with fewer than three."""
    fitted: tuple[int, int]
    rest_at: int | None
    """Steps, its own ones included, after which every step is at most ``REST`` of the first; None: never."""
    steps: int
    """n."""
    step_size: Float64[np.ndarray, " N"]
    """NaN where a step was skipped."""
    relative: Float64[np.ndarray, " N"]
    lag_correlation: Float64[np.ndarray, " L"]


def lag_correlation(states: Float[Tensor, "N B D"], n_lags: int = LAGS) -> Float[Tensor, "L B"]:
    """Cosine of the states, less their mean, with those p steps later, p = 0 ... min(n_lags, N / 2).

    1 at a period, and 1 throughout where little changes from step to step. NaN where nothing moves.
    """
    away = states - states.mean(dim=0)
    found = []
    for lag in range(_lags(len(states), n_lags)):
        now, later = away[: len(away) - lag], away[lag:]
        size = now.square().sum(dim=(0, 2)).sqrt() * later.square().sum(dim=(0, 2)).sqrt()
        found.append(torch.where(size > 0, (now * later).sum(dim=(0, 2)) / size, torch.nan))
    return torch.stack(found)


def ending(step: Step, s: Float[Tensor, "B D"], n_steps: int = LONG) -> Ending:
    """Lets s go on under ``step`` for ``n_steps`` and says what it comes to."""
    states = carry_on(step, s, n_steps)
    sizes, reach = step_sizes(states), states.norm(dim=-1).amax(dim=0)
    still = sizes[-1] <= STILL * reach
    tail = states[n_steps // 2 :]
    correlation = torch.full((_lags(len(tail)), len(s)), torch.nan, dtype=s.dtype, device=s.device)
    if not bool(still.all()):  # most thoughts come to rest, and a thought on the page has 30 ms for its verdict
        correlation[:, ~still] = lag_correlation(tail[:, ~still])
    period = torch.where(still, 0, _period(correlation, sizes[n_steps // 2 :]))
    ends: list[Kind] = []
    for rests, lap in zip(still.tolist(), period.tolist(), strict=True):
        ends.append("fixed point" if rests else "cycle" if lap else "slow drift")
    return Ending(
        end=tuple(ends),
        period=period.cpu().numpy(),
        step_size=_numpy(sizes),
        relative=_numpy(relative_residual(states)),
        lag_correlation=_numpy(correlation),
    )


def _lags(length: int, n_lags: int = LAGS) -> int:
    return min(n_lags, length // 2) + 1


def _period(correlation: Float[Tensor, "L B"], sizes: Float[Tensor, "N B"]) -> Int[Tensor, " B"]:
    was_away = torch.cummin(correlation.nan_to_num(1.0), dim=0).values < AWAY
    back = (correlation >= BACK) & was_away
    lag = back.int().argmax(dim=0)
    alive = torch.zeros_like(lag, dtype=torch.bool)
    for row, lap in enumerate(lag.tolist()):
        if lap:
            alive[row] = sizes[-lap:, row].mean() >= ALIVE * sizes[:lap, row].mean()
    return torch.where(alive, lag, 0)


def verdicts(
    system: SatipatthanaSystem,
    z: Float[Tensor, "B D"],
    santana: SantanaLog,
    limit: int,
    n_steps: int = LONG,
) -> tuple[Verdict, ...]:
    """One verdict a sample. ``z`` is what the gate let in, ``limit`` the steps that the thought was allowed.

    A skipped last step comes before everything, for such a thought did not come to its end; then what the
    continuation shows; then whether the steps ran out before it was at rest.
    """
    step = precise_map(system, z)
    steps, energy, taken = santana.steps, santana.energy.double(), santana.taken
    states = santana.to_tensor().double()
    rows = torch.arange(len(z), device=z.device)
    found = ending(step, states[steps, rows], n_steps)
    first, fit = first_step(energy, taken), fit_rates(energy, taken)
    ratio = torch.where(first > 0, santana.velocity.double() / first, torch.nan)
    skipped = santana.skipped[(steps - 1).clamp_min(0), rows] & (steps > 0) if len(taken) else steps > 0
    own_size = _numpy(torch.where(taken, energy, torch.nan))
    own_relative = _numpy(torch.where(taken, relative_residual(states), torch.nan))
    out = []
    for row, count in enumerate(steps.tolist()):
        size = np.concatenate([own_size[:count, row], found.step_size[:, row]])
        last_ratio = float(ratio[row])
        at_rest = not last_ratio > REST
        kind: Kind = found.end[row]
        if bool(skipped[row]):
            kind = "skipped step"
        elif kind == "fixed point" and count == limit and not at_rest:
            kind = "step limit"
        out.append(
            Verdict(
                kind=kind,
                end=found.end[row],
                period=int(found.period[row]),
                taken=int(taken[:, row].sum()),
                last_ratio=last_ratio,
                rate=float(fit.rate[row]),
                fitted=(int(fit.first[row]), int(fit.last[row])),
                rest_at=_rest_at(size, float(first[row])),
                steps=count,
                step_size=size,
                relative=np.concatenate([own_relative[:count, row], found.relative[:, row]]),
                lag_correlation=found.lag_correlation[:, row],
            )
        )
    return tuple(out)


def _rest_at(size: Float64[np.ndarray, " N"], first: float) -> int | None:
    moving = np.flatnonzero(size > REST * first)
    after = int(moving[-1]) + 1 if len(moving) else 0
    return after if after < len(size) else None


def gated(system: SatipatthanaSystem, x_given: Float[Tensor, "B *shape"], gate: Float[Tensor, " B"]) -> Tensor:
    """z (B, D) as the vicara was given it: what the adapter saw, behind the gate."""
    with observing(system):
        return gate[:, None] * system.samatha.adapter(x_given)


def _numpy(tensor: Tensor) -> Float64[np.ndarray, "*shape"]:
    return tensor.double().cpu().numpy()
