"""How sure a figure is: Wilson's interval for a share, the percentile bootstrap for a mean."""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from jaxtyping import Float, Float32

LEVEL = 0.95
RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """A figure with its interval, at level ``LEVEL`` unless its maker says otherwise."""

    value: float
    low: float
    high: float


def wilson(hits: int, n: int, level: float = LEVEL) -> Interval:
    """The share ``hits`` of ``n``. Raises ValueError without samples. Source: Wilson, 1927."""
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n}: expected 0 to n hits of at least one sample.")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, squared = hits / n, z * z / n
    middle = (share + squared / 2) / (1 + squared)
    reach = z / (1 + squared) * math.sqrt(share * (1 - share) / n + squared / (4 * n))
    # at the ends rounding would leave the share itself outside
    return Interval(share, min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach)))


@lru_cache(maxsize=32)
def resamples(n: int, seed: int, stream: str = "") -> Float32[np.ndarray, "R N"]:
    """How often each of n samples stands in each of ``RESAMPLES`` draws of n with replacement. Read only.

    All that a mean, or a rank, needs to know of a resample. Another ``stream`` of a seed is drawn apart.
    """
    drawn = np.random.default_rng([seed, *stream.encode()]).integers(n, size=(RESAMPLES, n))
    flat = (drawn + n * np.arange(RESAMPLES)[:, None]).ravel()
    counts = np.bincount(flat, minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float32)
    counts.flags.writeable = False
    return counts


def percentiles(value: float, resampled: Float[np.ndarray, " R"], level: float = LEVEL) -> Interval:
    """A figure with the interval of the same figure over the resamples. Source: Efron, 1979."""
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def bootstrap_means(values: Float[np.ndarray, "N M"], seed: int, level: float = LEVEL) -> list[Interval]:
    """The mean of each column: the samples are drawn again ``RESAMPLES`` times, as rows, so that columns stay paired.

    Raises ValueError without samples. Source: Efron, 1979, percentile interval.
    """
    n = len(values)
    if n == 0:
        raise ValueError("The mean of 0 samples; give at least one.")
    values = np.asarray(values, dtype=np.float64)
    means = resamples(n, seed) @ values / n
    return [percentiles(float(m), column, level) for m, column in zip(values.mean(axis=0), means.T, strict=True)]


def bootstrap_mean(values: Float[np.ndarray, " N"], seed: int, level: float = LEVEL) -> Interval:
    """The mean of one figure over its samples."""
    return bootstrap_means(values[:, None], seed, level)[0]
