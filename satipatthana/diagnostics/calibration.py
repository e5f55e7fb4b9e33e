"""Is it as right as it says: reliability of the answer, expected calibration error, Brier score, risk and coverage."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int64

from satipatthana.diagnostics.intervals import Interval, bootstrap_mean, wilson

BINS = 10
CHANCES = 200
"""Simulated answerers that are exactly as right as they say."""


@dataclass(frozen=True)
class Reliability:
    """Equal-mass bins by stated confidence, the least confident first. M bins."""

    confidence: Float64[np.ndarray, " M"]
    accuracy: tuple[Interval, ...]
    """Of each bin, with Wilson's interval."""
    count: Int64[np.ndarray, " M"]
    ece: float
    """Mean distance of confidence and accuracy, weighted by counts, 0 to 1."""
    ece_by_chance: float
    """What an answerer of these confidences that is exactly as right as it says would get with so few samples."""


@dataclass(frozen=True)
class RiskCoverage:
    """Share of wrong answers among the most trusted 1 to N of N inputs."""

    coverage: Float64[np.ndarray, " N"]
    risk: Float64[np.ndarray, " N"]
    area: float
    """Mean risk over the coverage; lower is better."""


@dataclass(frozen=True)
class AnswerFigures:
    """N answers. C classes."""

    n: int
    accuracy: Interval
    brier: Interval
    reliability: Reliability
    confusion: Int64[np.ndarray, "C C"]
    """Counts: row is the truth, column the answer."""
    curves: dict[str, RiskCoverage]
    """By the measure that decides which answers are given; and by ``best``, which knows what is right."""


def reliability(
    confidence: Float[np.ndarray, " N"], correct: Bool[np.ndarray, " N"], *, seed: int, bins: int = BINS
) -> Reliability:
    """Confidence against accuracy in bins of equally many samples (to one). Raises ValueError without samples.

    Source: Naeini and others, 2015, with equal-mass bins, for equal-width ones leave most bins nearly empty.
    """
    n = len(confidence)
    if not n:
        raise ValueError("Reliability of 0 answers; give at least one.")
    order = np.argsort(confidence, kind="stable")
    stated, right = confidence[order].astype(np.float64), correct[order].astype(np.float64)
    starts = np.unique(np.arange(bins) * n // bins)
    count = np.diff(np.append(starts, n))
    said, hits = np.add.reduceat(stated, starts) / count, np.add.reduceat(right, starts)
    chance = np.random.default_rng([seed, n]).random((CHANCES, n)) < stated
    by_chance = np.abs(np.add.reduceat(chance.astype(np.float64), starts, axis=1) - said * count).sum(axis=1) / n
    return Reliability(
        said,
        tuple(wilson(int(k), int(m)) for k, m in zip(hits, count, strict=True)),
        count,
        float(np.abs(hits - said * count).sum() / n),
        float(by_chance.mean()),
    )


def brier(probabilities: Float[np.ndarray, "N C"], labels: Int[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
    """Squared distance of the class probabilities to the truth, a sample: 0 to 2. Source: Brier, 1950."""
    truth = np.eye(probabilities.shape[1])[labels]
    return np.square(probabilities.astype(np.float64) - truth).sum(axis=1)


def risk_coverage(score: Float[np.ndarray, " N"], correct: Bool[np.ndarray, " N"]) -> RiskCoverage:
    """What share of the given answers is wrong when only those of the highest scores are given.

    Of equal scores any may be given first: the risk is the expected one. Raises ValueError without samples.
    Source: Geifman and El-Yaniv, 2017.
    """
    n = len(score)
    if not n:
        raise ValueError("Risk of 0 answers; give at least one.")
    order = np.argsort(-score, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(score[order])) + 1)  # of each run of equal scores
    sizes = np.diff(np.append(starts, n))
    wrong = np.repeat(np.add.reduceat(~correct[order], starts, dtype=np.float64) / sizes, sizes)
    given = np.arange(1.0, n + 1)
    risk = np.cumsum(wrong) / given
    return RiskCoverage(given / n, risk, float(risk.mean()))


def confusion(labels: Int[np.ndarray, " N"], answers: Int[np.ndarray, " N"], classes: int) -> Int64[np.ndarray, "C C"]:
    """Counts: row is the truth, column the answer."""
    return np.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


def answer_figures(
    probabilities: Float[np.ndarray, "N C"],
    labels: Int[np.ndarray, " N"],
    measures: dict[str, Float[np.ndarray, " N"]],
    *,
    seed: int,
) -> AnswerFigures:
    """Everything about N answers; ``measures`` may decide which of them are given, more being surer.

    Raises ValueError without samples or with a probability that is not a number.
    """
    if not bool(np.isfinite(probabilities).all()):
        raise ValueError("A class probability is not a number; train the answer again from finite weights.")
    answers = probabilities.argmax(axis=1)
    correct = answers == labels
    curves = {name: risk_coverage(score, correct) for name, score in measures.items()}
    return AnswerFigures(
        len(labels),
        bootstrap_mean(correct.astype(np.float64), seed),
        bootstrap_mean(brier(probabilities, labels), seed),
        reliability(probabilities.max(axis=1), correct, seed=seed),
        confusion(labels, answers, probabilities.shape[1]),
        curves | {"best": risk_coverage(correct.astype(np.float64), correct)},
    )
