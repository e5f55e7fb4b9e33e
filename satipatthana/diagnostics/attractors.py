"""Does it remember or forget: in how many different states do many inputs end?"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.convergence import LONG, carry_on, precise_map
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.scale import median_pair
from satipatthana.measures import distances

CLOSE = 1e-3
"""Ends nearer than this share of the median pair distance are one."""
SHUFFLES = 100


@dataclass(frozen=True, eq=False)
class Attractors:
    """The M different ends of N inputs, the largest basin first. C classes."""

    owner: Int[np.ndarray, " N"]
    by_class: Int[np.ndarray, "M C"]
    """How many inputs of each class end there."""
    purity: float
    """Share of inputs that are of the class that is most frequent at their end."""
    purity_by_chance: float
    """The same with the labels shuffled, mean of ``SHUFFLES`` draws: 1 where every input has an end of its own."""
    scale: float
    """Median pair distance, of the ends or of the starts, whichever is larger."""
    ends_scale: float
    """Of the ends alone."""

    @property
    def n(self) -> int:
        return len(self.by_class)

    @property
    def shares(self) -> Float[np.ndarray, " M"]:
        """Of the inputs, at each end."""
        return self.by_class.sum(axis=1) / len(self.owner)


@torch.no_grad()
def run_to_end(
    system: SatipatthanaSystem, z: Float[Tensor, "B D"], s0: Float[Tensor, "B D"], n_steps: int = LONG
) -> Float[Tensor, "B D"]:
    """The states after ``n_steps`` sober steps from s0, in float64; ``z`` is what the gate let in."""
    with observing(system):
        return carry_on(precise_map(system, z), s0.double(), n_steps)[-1].clone()


def attractors(
    ends: Float[Tensor, "N D"],
    starts: Float[Tensor, "N D"],
    labels: Int[Tensor, " N"],
    n_classes: int,
    seed: int = 0,
) -> Attractors:
    """Groups the ends by single linkage at ``CLOSE`` of the median pair distance.

    Raises ValueError for fewer than two. Source of the linkage: scikit-learn.
    """
    from sklearn.cluster import AgglomerativeClustering

    if len(ends) < 2:
        raise ValueError(f"{len(ends)} end has nothing to be told apart from; give at least two.")
    apart = distances(ends.double(), ends.double()).cpu().numpy()
    ends_scale = median_pair(ends)
    # Where all forget, the ends lie a rounding error apart, and so does their median: the starts give the scale.
    scale = max(ends_scale, median_pair(starts))
    linkage = AgglomerativeClustering(
        n_clusters=None,  # type: ignore[arg-type]  # their annotation forgot it
        metric="precomputed",
        linkage="single",
        distance_threshold=max(CLOSE * scale, np.finfo(np.float64).tiny),
    )
    found = linkage.fit_predict(apart)
    order = np.argsort(-np.bincount(found), kind="stable")
    owner = np.argsort(order)[found]
    y = labels.cpu().numpy()
    chance = np.random.default_rng(seed)
    shuffled = [_purity(_table(owner, chance.permutation(y), n_classes)) for _ in range(SHUFFLES)]
    table = _table(owner, y, n_classes)
    return Attractors(owner, table, _purity(table), float(np.mean(shuffled)), scale, ends_scale)


def _table(owner: Int[np.ndarray, " N"], y: Int[np.ndarray, " N"], n_classes: int) -> Int[np.ndarray, "M C"]:
    table = np.zeros((owner.max() + 1, n_classes), dtype=np.int64)
    np.add.at(table, (owner, y), 1)
    return table


def _purity(table: Int[np.ndarray, "M C"]) -> float:
    return float(table.max(axis=1).sum() / table.sum())
