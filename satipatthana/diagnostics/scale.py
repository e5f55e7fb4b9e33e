"""How far apart are different thoughts: the unit in which the distance of two states means something."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import distances

FORGOTTEN = 1e-3
"""Ends that lie nearer together than this share of their starts' distance are one end and its rounding errors."""


def median_pair(points: Float[Tensor, "N D"]) -> float:
    """Median distance between two of N points, in latent units. ValueError for fewer than two."""
    if len(points) < 2:
        raise ValueError(f"{len(points)} point has no distance to another; give at least two.")
    exact = points.detach().double()
    return float(np.median(distances(exact, exact).cpu().numpy()[np.triu_indices(len(exact), 1)]))


def latent_unit(ends: Float[Tensor, "N D"], starts: Float[Tensor, "N D"]) -> float:
    """Median distance between the ends of N thoughts; between their starts where all forget and end in one state.

    Raises ValueError when the starts are all in one place too.
    """
    apart, before = median_pair(ends), median_pair(starts)
    if max(apart, before) == 0:
        raise ValueError(f"All {len(ends)} thoughts are the same, so no distance means anything; open the gate.")
    return apart if apart > FORGOTTEN * before else before


def unit_of(system: SatipatthanaSystem, x: Float[Tensor, "N *shape"]) -> float:
    """The latent unit of sober thoughts about x, with the gate open."""
    with observing(system):
        output = system.think(x, threshold=-1.0)
    return latent_unit(output.s_star, output.santana.states[0])
