"""Who is near a state: the nearest points of a reference set, in the latent space and not on a map."""

import numpy as np
from jaxtyping import Float, Int

N_NEAREST = 10


def nearest(
    states: Float[np.ndarray, "T D"], reference: Float[np.ndarray, "N D"], k: int = N_NEAREST
) -> Int[np.ndarray, "T k"]:
    """Rows of the ``k`` reference points nearest to each state by Euclidean distance, nearest first; a tie goes to the
    lower row.

    Raises ValueError where the reference holds fewer than ``k`` points.
    """
    if len(reference) < k:
        raise ValueError(f"The reference holds {len(reference)} points; {k} neighbours need at least as many.")
    near, known = states.astype(np.float64), reference.astype(np.float64)
    # squares of the same order as the distances, wherever the points lie
    middle = known.mean(axis=0)
    near, known = near - middle, known - middle
    squared = (near**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * near @ known.T
    return squared.argsort(axis=1, kind="stable")[:, :k]
