"""The paths on which doubt is tried: clean, noisy, drunk, another's thought, and what was never learnt.

``clean``, ``augmented`` (or ``augmented_0.5``, by severity), ``drunk``, ``mismatch``, ``mismatch_same_class`` and a
``void_...`` per family.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from satipatthana.components.vipassana import SCORES, Insight
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, SystemOutput, generator_for
from satipatthana.data.void import HELD_OUT_VOIDS, WIDE_VOIDS, make_void, void_families, wide_voids
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.measures import derangement, distances

CLEAN = "clean"
AUGMENTED, DRUNK = "augmented", "drunk"
MISMATCH, SAME_CLASS = "mismatch", "mismatch_same_class"
VOID = "void_"
AUGMENTED_NOISE = 0.3
"""Sigma of the path that is named ``augmented`` alone, in units of x."""
SEVERITIES = (0.1, 0.3, 0.5, 0.7)

BASELINES = ("max_softmax", "reconstruction", "nearest_probe")
"""What can be had without vipassana: largest class probability, less the reconstruction error, less the distance of
s* to the nearest probe."""
MEASURES = (*SCORES, *BASELINES)
"""Everything that may tell clean from the rest; of each, more is cleaner."""


@dataclass(frozen=True)
class Judged:
    """N thoughts of one path, judged and answered. C classes, M metrics."""

    measures: Float[Tensor, "N 6"]
    """In the order of ``MEASURES``."""
    probabilities: Float[Tensor, "N C"]
    rows: Int[Tensor, " N"]
    """The sample whose input it was."""
    partners: Int[Tensor, " N"]
    """The sample whose thought it was: another's on the mismatch paths alone."""
    judged: Bool[Tensor, " N"]
    gate_similarity: Float[Tensor, " N"] | None = None
    """What the gate compared; None on the mismatch paths, where nothing of their own came in."""
    metrics: Float[Tensor, "N M"] | None = None
    path: Float[Tensor, "N H"] | None = None
    """What the scores were read from: see ``Insight``."""

    @property
    def scores(self) -> Float[Tensor, "N 3"]:
        """Trust, conformity, confidence."""
        return self.measures[:, : len(SCORES)]


def path_names(x_shape: Sequence[int], severities: Sequence[float] = SEVERITIES) -> tuple[str, ...]:
    """All paths that exist for inputs of this shape, trained voids before those never trained on."""
    noisy = (f"{AUGMENTED}_{severity:g}" for severity in severities)
    voids = (*void_families(x_shape), *wide_voids(x_shape))
    return (CLEAN, *noisy, DRUNK, MISMATCH, SAME_CLASS, *(VOID + name for name in voids))


def noise_of(name: str) -> float:
    """Sigma of a path's input noise, in units of x."""
    kind, _, severity = name.partition("_")
    return 0.0 if kind != AUGMENTED else float(severity or AUGMENTED_NOISE)


def never_trained_on(name: str, wide: bool = False) -> bool:
    """Whether nothing of this path's kind is shown to vipassana in stage 2, with the six voids or the ``wide`` ones."""
    return name.removeprefix(VOID) in (HELD_OUT_VOIDS if wide else HELD_OUT_VOIDS + WIDE_VOIDS)


def answerable(name: str) -> bool:
    """Whether there is a right answer: the input is its sample's, and the thought too."""
    return name in (CLEAN, DRUNK) or name.startswith(AUGMENTED)


def given_inputs(system: SatipatthanaSystem, name: str, x: Float[Tensor, "N *shape"], seed: int) -> Tensor:
    """The inputs of a path as the network is given them; row i is made from sample i.

    Luck is a function of (seed, sample) and of (seed, family). Raises DataError for an unknown family, or for one
    that mixes two inputs when there is only one.
    """
    if name.startswith(VOID):
        family = name.removeprefix(VOID)
        return make_void(family, x, generator_for(seed, "void", family))
    if noise_of(name) == 0:
        return x
    noise = LuckBySample(seed, range(len(x))).noise(tuple(x.shape))
    noisy, _severity = system.samatha.augmenter(x, torch.full((len(x),), noise_of(name)), noise)
    return noisy


def walk(
    system: SatipatthanaSystem,
    x: Float[Tensor, "N *shape"],
    y: Int[Tensor, " N"],
    *,
    seed: int,
    names: Sequence[str],
) -> Iterator[tuple[str, Judged]]:
    """The paths, one after the other, clean ones first in any case: each with what was made of it.

    On the mismatch paths a row pairs another sample's s* and record with its own input; who has nobody to be taken
    for is left out. Raises DataError as ``given_inputs``.
    """
    slices = chunks(len(x))
    thoughts: list[SystemOutput] = []
    for name in (CLEAN, *(name for name in names if name != CLEAN)):
        parts = []
        with observing(system):
            if name in (MISMATCH, SAME_CLASS):
                for rows, own in zip(slices, thoughts, strict=True):
                    groups = (
                        y[rows.start : rows.stop] if name == SAME_CLASS else torch.zeros(len(rows), dtype=torch.long)
                    )
                    parts.append(_mismatch(system, own, rows, groups, generator_for(seed, name, rows.start)))
            else:
                given = given_inputs(system, name, x, seed).to(system.probes.device)
                for rows in slices:
                    luck = LuckBySample(seed, rows) if name == DRUNK else None
                    output, found = _think(system, given[rows.start : rows.stop], rows, luck)
                    parts.append(found)
                    if name == CLEAN:
                        thoughts.append(output)
        yield name, _join(parts)


def _think(
    system: SatipatthanaSystem, given: Tensor, rows: range, luck: LuckBySample | None
) -> tuple[SystemOutput, Judged]:
    samatha = system.think(given, drunk_mode=luck is not None, luck=luck)
    error = system.drawing_error(samatha.s_star, samatha.x_given)
    insight = system.judge(samatha.s_star, samatha.santana, samatha.x_given, error)
    output = SystemOutput(samatha, insight, system.logits(samatha.s_star, insight.v_ctx))
    own = torch.tensor(rows)
    return output, _judged(system, samatha.s_star, error, insight, own, own, samatha.meta.gate_similarity.cpu())


def _mismatch(
    system: SatipatthanaSystem, clean: SystemOutput, rows: range, groups: Tensor, generator: torch.Generator
) -> Judged:
    """Another sample's thought, of the same group, held against one's own input."""
    row, partner = [torch.zeros(0, dtype=torch.long)], [torch.zeros(0, dtype=torch.long)]
    for group in groups.unique():
        members = (groups == group).nonzero()[:, 0]
        if len(members) > 1:
            row.append(members)
            partner.append(members[derangement(len(members), generator)])
    own, other = torch.cat(row), torch.cat(partner)
    s_star, santana = clean.s_star[other], clean.santana.rows(other)
    given = clean.samatha.x_given[own]
    error = system.drawing_error(s_star, given)
    insight = system.judge(s_star, santana, given, error)
    return _judged(system, s_star, error, insight, own + rows.start, other + rows.start)


def _judged(
    system: SatipatthanaSystem,
    s_star: Tensor,
    error: Tensor,
    insight: Insight,
    rows: Tensor,
    partners: Tensor,
    gate_similarity: Tensor | None = None,
) -> Judged:
    probabilities = system.logits(s_star, insight.v_ctx).softmax(dim=1)
    nearest = distances(s_star, system.probes).amin(dim=1)
    columns = [getattr(insight, name)[:, 0] for name in SCORES]
    columns += [probabilities.amax(dim=1), -error, -nearest]
    return Judged(
        torch.stack(columns, dim=1).cpu(),
        probabilities.cpu(),
        rows,
        partners,
        insight.judged.cpu(),
        gate_similarity,
        None if insight.metrics is None else insight.metrics.cpu(),
        None if insight.path is None else insight.path.cpu(),
    )


def _join(parts: Sequence[Judged]) -> Judged:
    joined: dict[str, Any] = {}
    for name, first in vars(parts[0]).items():
        joined[name] = None if first is None else torch.cat([vars(part)[name] for part in parts])
    return Judged(**joined)
