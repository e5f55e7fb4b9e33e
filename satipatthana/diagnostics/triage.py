"""What is it sick with, if with anything? One verdict from a written rule, with the figures that it was read from.

The limits stand between what was measured on healthy runs (digits and moons, also half-way through stage 1) and on
systems built to have the sickness; ``tests/benchmarks/triage.py`` measures them on trained seeds.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from satipatthana.core.system import SatipatthanaSystem, TrainingStage
from satipatthana.diagnostics.collapse import probe_angles, spread, usage
from satipatthana.diagnostics.convergence import run_on
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import mse, off_diagonal

Verdict = Literal[
    "healthy",
    "untrained",
    "gate shut",
    "parallel probes",
    "dead probes",
    "all ends equal",
    "decoder paints the mean",
]
N = 250
"""Inputs looked at, at most."""
LONG = 200
"""Steps after which a thought is at its end."""

OPEN = 0.5
PARALLEL = 0.97
"""Half-way through stage 1 healthy probes lie up to .95 (moons) to their nearest other, trained ones below .5."""
EVEN = 0.6
USED = 0.7
KEPT = 0.05
PICTURES = 0.25
DRAWN = 0.2
"""Healthy .79 and more; a network that drew seven pictures of ten digits .16, one half-way through stage 1 .55."""


@dataclass(frozen=True)
class Rule:
    """When a sickness is said to be there, and what to do."""

    verdict: Verdict
    says: str
    remedy: str


RULES: Mapping[Verdict, Rule] = MappingProxyType(
    {
        rule.verdict: rule
        for rule in (
            Rule(
                "untrained",
                "Stage 1 took no step, or most weights of vitakka and vicara are those of initialisation.",
                "Train stages 0 and 1. If the history shows their steps, the optimizer does not hold what is to learn.",
            ),
            Rule(
                "gate shut",
                "A gate lets in fewer than half of the clean inputs.",
                "Training gate: set training_gate_threshold to -1 and train stage 1 again. "
                "Inference gate: lower its threshold, or calibrate it.",
            ),
            Rule(
                "parallel probes",
                "Half of the probes have another one that points the same way, or nearly.",
                "Raise the weights of orthogonality and balance, then train stage 1 again from k-means probes.",
            ),
            Rule(
                "dead probes",
                "The work of the probes is that of fewer than six in ten, or more than three in ten never win.",
                "Raise the weights of balance and orthogonality, then train stage 1 again; or use fewer probes.",
            ),
            Rule(
                "all ends equal",
                f"At s*, or {LONG} steps on, hardly any of the difference between the first guesses is left.",
                "Use the injected vicara, which sees z at every step; a step that sees only s forgets as it contracts.",
            ),
            Rule(
                "decoder paints the mean",
                "The pictures of different inputs are nearly one, or hardly nearer to their inputs than the mean is.",
                "Train stage 1 longer or raise the weight of reconstruction. If vicara sees only s, s* holds "
                "too little to draw from: use the injected one.",
            ),
            Rule("healthy", "None of the six sicknesses shows.", ""),
        )
    }
)
"""In the order in which they are asked: a sickness explains those that stand below it."""


@dataclass(frozen=True)
class Figure:
    """One number of a rule. It speaks for the sickness when it lies on the ``sick`` side of ``limit``."""

    name: str
    value: float
    limit: float | None = None
    """None: it is told, but decides nothing."""
    sick: Literal["below", "above"] = "below"

    @property
    def present(self) -> bool:
        if self.limit is None:
            return False
        return self.value < self.limit if self.sick == "below" else self.value > self.limit


@dataclass(frozen=True)
class Sign:
    """One rule as it came out: the sickness is there when any of its figures says so."""

    verdict: Verdict
    figures: tuple[Figure, ...]

    @property
    def present(self) -> bool:
        return any(figure.present for figure in self.figures)


@dataclass(frozen=True)
class Triage:
    """The signs of all sicknesses, in the order of the rules."""

    signs: tuple[Sign, ...]
    n: int
    """Inputs looked at."""

    @property
    def verdict(self) -> Verdict:
        """The first sickness that is there."""
        for sign in self.signs:
            if sign.present:
                return sign.verdict
        return "healthy"

    @property
    def rule(self) -> Rule:
        return RULES[self.verdict]

    def sign(self, verdict: Verdict) -> Sign:
        """The sign of a sickness. Raises KeyError for *healthy*, which has none of its own."""
        return {sign.verdict: sign for sign in self.signs}[verdict]


def finite(system: SatipatthanaSystem) -> tuple[str, ...]:
    """Names of parameters and buffers that hold something that is no finite number."""
    return tuple(
        name
        for name, value in system.state_dict().items()
        if value.is_floating_point() and not bool(value.isfinite().all())
    )


def triage(system: SatipatthanaSystem, x: Float[Tensor, "M *shape"], trained: Collection[int] | None = None) -> Triage:
    """Judges a network on clean inputs x (M, ...), of which ``N`` are looked at: validation inputs, best.

    ``trained`` are the stages that took a step, if that is known. A sober thought through the training gate, so that
    a shut inference gate hides nothing. Raises ValueError for fewer than two inputs or weights that are not finite.
    """
    if len(x) < 2:
        raise ValueError(f"{len(x)} inputs cannot be told apart; give at least two.")
    if bad := finite(system):
        raise ValueError(f"{bad[0]} holds a value that is not finite; open an earlier save or reset the run.")
    rows = torch.linspace(0, len(x) - 1, min(N, len(x))).round().long()
    x = x[rows].to(system.probes.device)
    with observing(system):
        thought = system.think(x, gate="training")
        pictures = system.decode(thought.s_star)
        let_in = system.samatha.vitakka.gate_similarity(thought.z)
    ends = run_on(system, thought, LONG).states[-1]
    limit = system.config.samatha.vitakka.inference_gate_threshold
    share = usage(thought.meta.attention)
    directions = system.samatha.vitakka.directions  # of keyed probes the keys: their probes may lie close
    n_probes = len(system.probes)
    first = spread(thought.santana.states[0]).std
    signs = (
        Sign("untrained", _untrained(system, trained)),
        Sign(
            "gate shut",
            (
                Figure("let in by the training gate", _share(thought.meta.gate > 0.5), OPEN),
                Figure("let in by the inference gate", _share(let_in >= limit), OPEN),
            ),
        ),
        Sign(
            "parallel probes",
            (
                Figure(
                    "cosine to the nearest other probe, median",
                    nearest_probe(directions),
                    _parallel(system),
                    "above",
                ),
                Figure("root mean square cosine of all pairs", probe_angles(directions).rms),
            ),
        ),
        Sign(
            "dead probes",
            (
                Figure("perplexity of their use, share of all", share.perplexity / n_probes, EVEN),
                Figure("probes that ever win, share of all", share.used / n_probes, USED),
            ),
        ),
        Sign(
            "all ends equal",
            (
                Figure("spread of s* / spread of the first guesses", _left(thought.s_star, first), KEPT),
                Figure(f"the same {LONG} steps on", _left(ends, first), KEPT),
                Figure("cosine of s* of two inputs, mean", spread(thought.s_star).mean_cosine),
            ),
        ),
        Sign(
            "decoder paints the mean",
            (
                Figure("spread of the pictures / spread of the inputs", _relative(pictures, x), PICTURES),
                Figure("variance of the inputs that is drawn", drawn_share(pictures, x), DRAWN),
            ),
        ),
    )
    return Triage(signs, len(x))


def nearest_probe(probes: Float[Tensor, "K D"]) -> float:
    """Median over the probes of the cosine to the nearest other one: 1 where each has a twin, also among clumps that
    point apart, which mean and root mean square would excuse."""
    similarity = torch.from_numpy(probe_angles(probes).similarity)
    return float(off_diagonal(similarity).amax(dim=1).median())


def drawn_share(pictures: Float[Tensor, "N *shape"], x: Float[Tensor, "N *shape"]) -> float:
    """1 - error / error of the mean picture: 1 is a perfect copy, 0 no better than the mean, below 0 worse."""
    return 1 - float(mse(pictures, x).mean() / mse(x, x.mean(dim=0, keepdim=True).expand_as(x)).mean())


def moved_share(system: SatipatthanaSystem) -> float | None:
    """Share of the parameter tensors of vitakka and vicara that are not those of initialisation. None for a network
    with a part whose beginning nobody knows."""
    if not system.begins_again:
        return None
    fresh = system.freshly_initialised().components()
    same = [
        torch.equal(parameter.cpu(), before)
        for name in ("vitakka", "vicara")
        for parameter, before in zip(system.components()[name].parameters(), fresh[name].parameters(), strict=True)
    ]
    return 1 - sum(same) / len(same)


def _untrained(system: SatipatthanaSystem, trained: Collection[int] | None) -> tuple[Figure, ...]:
    moved = moved_share(system)
    figures = [] if moved is None else [Figure("weights of vitakka and vicara that moved", moved, 0.5)]
    if trained is not None:
        figures.append(Figure("stage 1 took a step", float(TrainingStage.SAMATHA_TRAINING in trained), 0.5))
    return tuple(figures)


def _parallel(system: SatipatthanaSystem) -> float:
    n_probes, dim = system.probes.shape
    # K directions spread evenly over a plane lie 2 pi / K apart: there crowding is no sickness
    return max(PARALLEL, math.cos(math.pi / n_probes)) if dim == 2 else PARALLEL


def _share(mask: Tensor) -> float:
    return float(mask.double().mean())


def _left(ends: Float[Tensor, "N D"], first: float) -> float:
    # first guesses that are all one leave nothing to be kept
    return spread(ends).std / first if first > 0 else 0.0


def _relative(pictures: Float[Tensor, "N *shape"], x: Float[Tensor, "N *shape"]) -> float:
    def scatter(of: Tensor) -> Tensor:
        return (of - of.mean(dim=0)).double().square().mean().sqrt()

    return float(scatter(pictures) / scatter(x).clamp_min(1e-12))
