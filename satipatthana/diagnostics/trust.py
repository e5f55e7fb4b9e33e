"""Does it know when not to be believed: the three scores on every path, with AUROC and gap together.

Clean is the positive. A score can order two paths perfectly while their means differ by .01, so AUROC never
stands without the gap.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from satipatthana.components.vipassana import SCORES
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data.void import void_families
from satipatthana.diagnostics.intervals import Interval, percentiles, resamples
from satipatthana.diagnostics.paths import AUGMENTED, CLEAN, DRUNK, MISMATCH, SAME_CLASS, VOID, walk
from satipatthana.measures import auroc

__all__ = ["CLEAN", "PathScores", "ScoreFigures", "path_figures", "score_figures", "score_paths", "separation"]

TPR = 0.95
"""Share of the clean inputs that a threshold is to let pass."""


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

    ``families`` defaults to all that exist for such inputs, also those never trained on. Raises DataError as
    ``paths.given_inputs``.
    """
    voids = void_families(x.shape[1:]) if families is None else families
    names = (CLEAN, AUGMENTED, DRUNK, MISMATCH, SAME_CLASS, *(VOID + family for family in voids))
    found = walk(system, x, y, seed=seed, names=names)
    return {name: PathScores(judged.scores, judged.gate_similarity) for name, judged in found}


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


# --- with intervals -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Separation:
    """One measure on one path, with 95 % bootstrap intervals. None: it does not exist, as in `ScoreFigures`."""

    n: int
    mean: Interval | None
    auroc: Interval | None = None
    gap: Interval | None = None
    fpr: Interval | None = None
    """Share of this path that a threshold lets pass which lets 95 % of the clean inputs pass."""


@dataclass(frozen=True)
class Roc:
    """One point a distinct threshold, the strictest first: what passes when ``score >= threshold``."""

    false_positive: Float64[np.ndarray, " P"]
    true_positive: Float64[np.ndarray, " P"]
    threshold: Float64[np.ndarray, " P"]


def separation(
    clean: Float[np.ndarray, " N"], path: Float[np.ndarray, " M"], *, seed: int, itself: bool = False
) -> Separation:
    """How well a measure tells clean from a path, more being cleaner. ``itself``: the path is clean, means alone.

    The two sets are resampled apart from each other.
    """
    nothing = Separation(len(path), None)
    if not len(path) or not bool(np.isfinite(path).all()):
        return nothing
    path = path.astype(np.float64)
    theirs = resamples(len(path), seed, "path")  # (R, M) how often each stands in a resample
    mean, means = float(path.mean()), theirs @ path.astype(np.float32) / len(path)
    if itself or not len(clean) or not bool(np.isfinite(clean).all()):
        return Separation(len(path), percentiles(mean, means))
    clean = clean.astype(np.float64)
    ours = resamples(len(clean), seed, "clean")
    order = np.sort(path)
    below = _counts(theirs[:, np.argsort(path, kind="stable")])  # (R, M + 1) how many of the lowest
    ranked = below[:, np.searchsorted(order, clean, "left")] + below[:, np.searchsorted(order, clean, "right")]
    areas = (ours * ranked).sum(axis=1) / (2 * len(clean) * len(path))
    thresholds = _thresholds(clean, ours)
    accepted = below[:, -1] - below[np.arange(len(below)), np.searchsorted(order, thresholds, "left")]
    area = auroc(torch.from_numpy(clean), torch.from_numpy(path))
    fpr = float((path >= threshold_at(clean)).mean())
    gap = float(clean.mean()) - mean
    return Separation(
        len(path),
        percentiles(mean, means),
        percentiles(area, areas),
        percentiles(gap, ours @ clean.astype(np.float32) / len(clean) - means),
        percentiles(fpr, accepted / len(path)),
    )


def threshold_at(clean: Float[np.ndarray, " N"], tpr: float = TPR) -> float:
    """The strictest threshold that lets at least ``tpr`` of the clean inputs pass."""
    return float(np.sort(clean)[::-1][math.ceil(tpr * len(clean) - 1e-9) - 1])


def roc(clean: Float[np.ndarray, " N"], path: Float[np.ndarray, " M"]) -> Roc:
    """The curve whose area is AUROC, clean as the positive, from (0, 0) to (1, 1).

    Raises ValueError on an empty set. Source: scikit-learn's roc_curve.
    """
    if not len(clean) or not len(path):
        raise ValueError(f"A ROC of {len(clean)} clean inputs against {len(path)}; give both.")
    threshold = np.unique(np.concatenate([clean, path]).astype(np.float64))[::-1]

    def passing(values: np.ndarray) -> np.ndarray:
        order = np.sort(values.astype(np.float64))
        share = (len(order) - np.searchsorted(order, threshold, "left")) / len(order)
        return np.concatenate([[0.0], share])

    return Roc(passing(path), passing(clean), np.concatenate([[np.inf], threshold]))


def _counts(weights: np.ndarray) -> np.ndarray:
    """(R, M) -> (R, M + 1): sums of the first 0 to M."""
    return np.pad(np.cumsum(weights, axis=1), ((0, 0), (1, 0)))


def _thresholds(clean: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(R,) ``threshold_at`` of each resample."""
    strictest = np.argsort(-clean, kind="stable")
    passed = np.cumsum(weights[:, strictest], axis=1) >= TPR * len(clean) - 1e-4
    return clean[strictest][passed.argmax(axis=1)]
