"""How one thought settles and how a crowd does: verdicts, residuals, predicted and measured decay, ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex128, Float, Float64, Int
from torch import Tensor

from satipatthana.components.vicara import Step
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.attractors import Attractors, attractors, run_to_end
from satipatthana.diagnostics.convergence import (
    LATE,
    LONG,
    carry_on,
    fit_rates,
    precise_map,
    relative_residual,
)
from satipatthana.diagnostics.jacobian import spectrum
from satipatthana.diagnostics.observing import BATCH, chunks, observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.verdicts import KINDS, Kind, Verdict, verdicts
from satipatthana.measures import step_sizes

BAND = (0.1, 0.9)
"""Quantiles between which a band lies."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """One mind's thought, judged, and the decay of its sober map predicted and measured."""

    verdict: Verdict
    eigenvalues: Complex128[np.ndarray, " E"]
    """Of the Jacobian of one step where the continuation ends, largest modulus first: all, or of a wide state the
    leading ones."""
    norm: float
    """Its largest singular value."""
    predicted: float
    """Its spectral radius."""
    measured: float
    """Rate fitted on the late steps of the continuation; NaN where it does not come so near its end."""
    measured_on: tuple[int, int]
    """Steps of the continuation."""


@dataclass(frozen=True, eq=False)
class Band:
    """A figure of N samples at each of T steps; NaN where no sample has it."""

    low: Float64[np.ndarray, " T"]
    median: Float64[np.ndarray, " T"]
    high: Float64[np.ndarray, " T"]


@dataclass(frozen=True, eq=False)
class Crowd:
    """N inputs, clean and sober, behind an open gate."""

    n: int
    kinds: dict[Kind, int]
    step_size: Band
    relative: Band
    predicted: Float64[np.ndarray, " N"]
    measured: Float64[np.ndarray, " N"]
    """NaN where a continuation does not come near its end."""
    ends: Attractors
    withheld: Attractors | None
    """Where the same first guesses end when the input is withheld from then on; None where no step sees it anyway."""


@dataclass(frozen=True, eq=False)
class Settling:
    """The chosen thoughts by their mind; the crowd comes later."""

    minds: dict[str, Chosen]
    limit: int
    """Steps that a thought was allowed."""
    crowd: Crowd | None = None


def settling(
    system: SatipatthanaSystem,
    chosen: Mapping[str, SamathaOutput],
    x: Float[Tensor, "N *shape"],
    y: Int[Tensor, " N"],
    *,
    limit: int,
    n_classes: int,
    seed: int,
) -> Iterator[Progress[Settling]]:
    """Judges the chosen thoughts (of one sample each), then how all of x settle in ``limit`` steps and in 200."""
    # a continuation keeps all its states: 800 MB for 250 of D = 2,048
    runs = chunks(len(x), max(20, min(BATCH, BATCH * 128 // system.config.samatha.vitakka.dim)))
    total = len(runs) + 2
    minds = {name: look_at(system, output, limit) for name, output in chosen.items()}
    yield Progress(1, total, Settling(minds, limit), "running the test set on")
    parts = []
    for done, rows in enumerate(runs):
        parts.append(_part(system, x[rows.start : rows.stop], limit))
        yield Progress(done + 2, total, None, "running the test set on")
    yield Progress(total, total, Settling(minds, limit, _crowd(parts, y, n_classes, seed)), "counting the ends")


def look_at(system: SatipatthanaSystem, output: SamathaOutput, limit: int) -> Chosen:
    """Judges one thought: a batch of one."""
    z = output.meta.gate[:, None] * output.z
    verdict = verdicts(system, z, output.santana, limit)[0]
    step = precise_map(system, z)
    states = carry_on(step, output.santana.states[0].double(), LONG)
    found = spectrum(step, states[-1])
    rate, first, last = measured_decay(states)
    return Chosen(
        verdict=verdict,
        eigenvalues=found.eigenvalues[0],
        norm=float(found.norm[0]),
        predicted=float(found.radius[0]),
        measured=float(rate[0]),
        measured_on=(int(first[0]), int(last[0])),
    )


def measured_decay(states: Float[Tensor, "T1 B D"]) -> tuple[Tensor, Tensor, Tensor]:
    """Rate (B,) fitted while the steps are between ``LATE`` of the first, and the first and last step of the fit."""
    sizes = step_sizes(states)
    ceiling, floor = LATE
    fit = fit_rates(sizes, torch.ones_like(sizes, dtype=torch.bool), floor=floor, ceiling=ceiling)
    return fit.rate, fit.first, fit.last


@dataclass(frozen=True, eq=False)
class _Part:
    kinds: tuple[Kind, ...]
    step_size: Tensor
    relative: Tensor
    predicted: np.ndarray
    measured: Tensor
    starts: Tensor
    ends: Tensor
    withheld: Tensor | None


def _part(system: SatipatthanaSystem, x: Tensor, limit: int) -> _Part:
    with observing(system):
        output = system.think(x.to(system.probes.device), n_steps=limit, threshold=-1.0)
    found = verdicts(system, output.z, output.santana, limit)
    step, starts = precise_map(system, output.z), output.santana.states[0].double()
    states = carry_on(step, starts, LONG)
    nothing = torch.zeros_like(output.z)
    blind = precise_map(system, nothing)
    return _Part(
        kinds=tuple(one.kind for one in found),
        step_size=step_sizes(states),
        relative=relative_residual(states),
        predicted=spectrum(step, states[-1]).radius,
        measured=measured_decay(states)[0],
        starts=starts,
        ends=states[-1].clone(),  # else every part would keep all of its states
        withheld=run_to_end(system, nothing, starts) if _differ(step, blind, starts) else None,
    )


@torch.no_grad()
def _differ(one: Step, other: Step, s: Tensor) -> bool:
    return not torch.equal(one(s), other(s))


def _crowd(parts: list[_Part], y: Tensor, n_classes: int, seed: int) -> Crowd:
    kinds = [kind for part in parts for kind in part.kinds]
    starts = torch.cat([part.starts for part in parts])
    withheld = [part.withheld for part in parts if part.withheld is not None]
    return Crowd(
        n=len(kinds),
        kinds={kind: kinds.count(kind) for kind in KINDS},
        step_size=band(torch.cat([part.step_size for part in parts], dim=1)),
        relative=band(torch.cat([part.relative for part in parts], dim=1)),
        predicted=np.concatenate([part.predicted for part in parts]),
        measured=torch.cat([part.measured for part in parts]).double().cpu().numpy(),
        ends=attractors(torch.cat([part.ends for part in parts]), starts, y, n_classes, seed),
        withheld=attractors(torch.cat(withheld), starts, y, n_classes, seed) if withheld else None,
    )


def band(values: Float[Tensor, "T N"]) -> Band:
    """Median and ``BAND`` of each row over its columns, NaN left out."""
    quantiles = torch.tensor([BAND[0], 0.5, BAND[1]], dtype=torch.float64, device=values.device)
    low, median, high = torch.nanquantile(values.double(), quantiles, dim=1).cpu().numpy()
    return Band(low, median, high)
