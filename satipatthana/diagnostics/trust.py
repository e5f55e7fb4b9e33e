"""Does it know when not to be believed: the three scores on every path, with AUROC and gap together.

Clean is the positive. A score can order two paths perfectly while their means differ by .01, so AUROC never
stands without the gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from satipatthana.components.vipassana import SCORES, Insight
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, SystemOutput, generator_for
from satipatthana.data.void import make_void, void_families
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.measures import auroc, derangement

CLEAN = "clean"
AUGMENTED_NOISE = 0.3
"""Sigma of the augmented path, in units of x."""


@dataclass(frozen=True)
class PathScores:
    """What N inputs of one path got."""

    scores: Float[Tensor, "N 3"]
    """Trust, conformity, confidence."""
    gate_similarity: Float[Tensor, " N"] | None = None
    """What the gate compared; None on the mismatch paths, where nothing of their own came in."""


@dataclass(frozen=True)
class ScoreFigures:
    """One score on one path. None: it does not exist (a path nobody could take; clean against itself)."""

    mean: float | None
    auroc: float | None = None
    """Probability that a clean input scores above one of this path."""
    gap: float | None = None
    """Mean on clean less mean on this path."""


def score_paths(
    system: SatipatthanaSystem,
    x: Float[Tensor, "N *shape"],
    y: Int[Tensor, " N"],
    *,
    seed: int,
    families: Sequence[str] | None = None,
) -> dict[str, PathScores]:
    """Scores on ``clean``, ``augmented``, ``drunk``, ``mismatch``, ``mismatch_same_class`` and a ``void_...``
    per family.

    ``families`` defaults to all that exist for such inputs, also those never trained on. Luck is a function
    of (seed, sample) and of (seed, family). On the mismatch paths a row pairs another sample's s* and record
    with its own input. Raises DataError for an unknown family, or for one that mixes two inputs when there is
    only one.
    """
    names = void_families(x.shape[1:]) if families is None else tuple(families)
    device = system.probes.device
    voids = {name: make_void(name, x, generator_for(seed, "void", name)) for name in names}
    found: dict[str, list[PathScores]] = {}
    with observing(system):
        for rows in chunks(len(x)):
            part, luck = x[rows.start : rows.stop].to(device), LuckBySample(seed, rows)
            clean = system(part)
            found.setdefault(CLEAN, []).append(_seen(clean))
            noisy = system(part, noise_level=AUGMENTED_NOISE, luck=luck)
            found.setdefault("augmented", []).append(_seen(noisy))
            found.setdefault("drunk", []).append(_seen(system(part, drunk_mode=True, luck=luck)))
            labels = y[rows.start : rows.stop]
            for name, groups in (("mismatch", torch.zeros_like(labels)), ("mismatch_same_class", labels)):
                swapped = _mismatch(system, clean, groups, generator_for(seed, name, rows.start))
                found.setdefault(name, []).append(swapped)
            for name in names:
                void = voids[name][rows.start : rows.stop].to(device)
                found.setdefault(f"void_{name}", []).append(_seen(system(void)))
    return {name: _join(parts) for name, parts in found.items()}


def _mismatch(
    system: SatipatthanaSystem, clean: SystemOutput, groups: Int[Tensor, " B"], generator: torch.Generator
) -> PathScores:
    """Another sample's thought, of the same group, held against one's own input. Who is alone is left out."""
    rows, partners = [], []
    for group in groups.unique():
        members = (groups == group).nonzero()[:, 0]
        if len(members) > 1:
            rows.append(members)
            partners.append(members[derangement(len(members), generator).to(members.device)])
    if not rows:
        return PathScores(clean.s_star.new_zeros(0, len(SCORES)))
    device = clean.s_star.device
    row, partner = torch.cat(rows).to(device), torch.cat(partners).to(device)
    insight = system.judge(clean.s_star[partner], clean.santana.rows(partner), clean.samatha.x_given[row])
    return PathScores(_scores(insight))


def _seen(output: SystemOutput) -> PathScores:
    return PathScores(_scores(output.insight), output.samatha.meta.gate_similarity.cpu())


def _scores(insight: Insight) -> Float[Tensor, "B 3"]:
    return torch.cat([getattr(insight, name) for name in SCORES], dim=1).cpu()


def _join(parts: Sequence[PathScores]) -> PathScores:
    similarities = [part.gate_similarity for part in parts if part.gate_similarity is not None]
    return PathScores(torch.cat([part.scores for part in parts]), torch.cat(similarities) if similarities else None)


def score_figures(clean: Float[Tensor, " N"], path: Float[Tensor, " M"]) -> ScoreFigures:
    """Mean, AUROC and gap of one score on one path against clean; all None without samples or with a score
    that is not a number."""
    if not len(path) or not bool(path.isfinite().all()):
        return ScoreFigures(None)
    mean = float(path.double().mean())
    if not len(clean) or not bool(clean.isfinite().all()):
        return ScoreFigures(mean)
    return ScoreFigures(mean, auroc(clean, path), float(clean.double().mean()) - mean)


def path_figures(paths: Mapping[str, PathScores]) -> dict[str, dict[str, ScoreFigures]]:
    """Path -> score -> figures; ``clean`` has means only."""
    clean = paths[CLEAN].scores
    out: dict[str, dict[str, ScoreFigures]] = {}
    for name, path in paths.items():
        figures = {score: score_figures(clean[:, i], path.scores[:, i]) for i, score in enumerate(SCORES)}
        if name == CLEAN:
            figures = {score: ScoreFigures(figure.mean) for score, figure in figures.items()}
        out[name] = figures
    return out
