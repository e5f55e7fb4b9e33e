"""The map whose first axis runs from one probe to another: how far has a thought come on its way between them?"""

import numpy as np
from jaxtyping import Float

from satipatthana.diagnostics.projection import FlatMap


def fit_axis(points: Float[np.ndarray, "N D"], start: Float[np.ndarray, " D"], end: Float[np.ndarray, " D"]) -> FlatMap:
    """Across: from ``start`` at 0 to ``end`` at their distance. Up: where the points vary most at right angles to it.

    Both in latent units. Raises ValueError where start and end are the same, or D is 1.
    """
    exact, a, b = points.astype(np.float64), start.astype(np.float64), end.astype(np.float64)
    length = np.linalg.norm(b - a)
    if length == 0 or len(a) < 2:
        raise ValueError(
            f"Between two probes that lie {length:g} apart in {len(a)} dimensions is no axis; choose others."
        )
    across = (b - a) / length
    mean = exact.mean(axis=0)
    origin = mean + ((a - mean) @ across) * across
    away = exact - mean
    beside = away - np.outer(away @ across, across)
    # of points that all lie on the axis any right angle does: that of the coordinate which has least to do with it
    least = np.zeros(len(a))
    least[np.abs(across).argmin()] = 1.0
    up = np.linalg.svd(beside, full_matrices=False)[2][0] if np.abs(beside).max() > 1e-9 * length else least
    up = up - (up @ across) * across
    up *= np.sign(up[np.abs(up).argmax()]) / np.linalg.norm(up)
    axes = np.stack([across, up])
    total = (away**2).sum()
    shares = ((away @ axes.T) ** 2).sum(axis=0) / total if total > 0 else np.zeros(2)
    return FlatMap(origin.astype(np.float32), axes.astype(np.float32), (float(shares[0]), float(shares[1])))
