"""Has it collapsed: do the probes share the work, point apart, and do different inputs end in different states?"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Int64
from torch import Tensor
from torch.nn import functional as F

from satipatthana import measures
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data.bundle import Split
from satipatthana.diagnostics.observing import chunks, observing


@dataclass(frozen=True)
class Usage:
    """How a set of inputs spreads over K probes."""

    share: Float32[np.ndarray, " K"]
    """Mean attention of each probe; sums to 1."""
    perplexity: float
    """How many probes are in effect used, 1 to K."""
    won: Float32[np.ndarray, " K"]
    """Share of inputs whose nearest probe this is."""
    used: int
    """Probes that are the nearest of at least one input."""

    @property
    def dead_share(self) -> float:
        """Share of the probes that are the nearest of no input."""
        return 1 - self.used / len(self.share)


@dataclass(frozen=True)
class ProbeAngles:
    """Cosines between the K probes."""

    similarity: Float32[np.ndarray, "K K"]
    mean: float
    rms: float
    max: float
    """Mean, root mean square and largest of the off-diagonal cosines."""


@dataclass(frozen=True)
class Spread:
    """How far the final states of different inputs lie apart."""

    std: float
    """Standard deviation over the samples, mean over the coordinates; 0 when every input ends in one state."""
    mean_cosine: float
    """Mean cosine over all pairs of different samples; 1 when they all point one way."""


@dataclass(frozen=True)
class ClassTable:
    """Which classes each of K probes answers."""

    count: Int64[np.ndarray, "K C"]
    """Inputs of a class whose nearest probe this is."""
    purity: float
    """Share of inputs that are of the most frequent class of their probe, 1/C to 1."""


@dataclass(frozen=True)
class PairCosines:
    """Cosines of the final states of all pairs of inputs, in M bins from -1 to 1."""

    edges: Float32[np.ndarray, " M1"]
    same: Float32[np.ndarray, " M"]
    other: Float32[np.ndarray, " M"]
    """Share of the pairs of one class, and of two classes, in each bin; zeros when there is no such pair."""
    same_mean: float | None
    other_mean: float | None
    n_same: int
    n_other: int


@dataclass(frozen=True, eq=False)
class Portrait:
    """All of it for one network: use on two splits, the rest on the second. Both with the gate open."""

    angles: ProbeAngles
    """Of what z is compared with: the probes, or the keys where these stand apart."""
    order: tuple[int, ...]
    """The probes so that alike ones stand side by side."""
    norms: Float32[np.ndarray, " K"]
    """Lengths of the probes."""
    probe_rank: float
    """Directions that they in effect span."""
    train: Usage
    test: Usage
    table: ClassTable
    spread: Spread
    end_rank: float
    """Directions in which the ends of different inputs in effect differ."""
    cosines: PairCosines


def usage(attention: Float[Tensor, "N K"]) -> Usage:
    """Who is used: ``attention`` (N, K) sums to 1 over the probes. Raises ValueError without samples."""
    if len(attention) == 0:
        raise ValueError("Usage of 0 inputs; give at least one.")
    share = attention.mean(dim=0)
    won = F.one_hot(attention.argmax(dim=1), attention.shape[1]).float().mean(dim=0)
    return Usage(
        share=share.float().cpu().numpy(),
        perplexity=float(measures.perplexity(share.double())),
        won=won.cpu().numpy(),
        used=int((won > 0).sum()),
    )


def probe_angles(probes: Float[Tensor, "K D"]) -> ProbeAngles:
    """Cosines between the probes (K, D). Raises ValueError for fewer than two probes."""
    similarity = measures.cosine_matrix(probes.detach())
    off = measures.off_diagonal(similarity)
    return ProbeAngles(
        similarity=similarity.float().cpu().numpy(),
        mean=float(off.mean()),
        rms=float(off.square().mean().sqrt()),
        max=float(off.max()),
    )


def spread(s_star: Float[Tensor, "N D"]) -> Spread:
    """How different the ends (N, D) of N inputs are. Raises ValueError for fewer than two.

    The mean pairwise cosine comes from the sum of the directions: N (N-1) pairs in N steps.
    """
    n = len(s_star)
    if n < 2:
        raise ValueError(f"The spread of {n} state; give at least two.")
    unit = F.normalize(s_star.double(), dim=1)
    own = unit.square().sum()  # N, less the states that are zero and point nowhere
    pairs = unit.sum(dim=0).square().sum() - own
    return Spread(
        std=float(s_star.double().std(dim=0, correction=0).mean()),
        mean_cosine=float(pairs / (n * (n - 1))),
    )


def clustering_order(similarity: Float[np.ndarray, "K K"]) -> tuple[int, ...]:
    """An order of the probes in which alike ones stand side by side.

    Average linkage on 1 - cosine, leaves ordered so that neighbours differ least. Source: scipy; Bar-Joseph, 2001.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distance = np.clip(1 - np.asarray(similarity, dtype=np.float64), 0, 2)
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    pairs = squareform(distance)
    return tuple(leaves_list(optimal_leaf_ordering(linkage(pairs, "average"), pairs)).tolist())


def class_table(winner: Int[Tensor, " N"], labels: Int[Tensor, " N"], n_probes: int, n_classes: int) -> ClassTable:
    """Probes against classes: each input counts for its nearest probe. Raises ValueError without samples."""
    if len(winner) == 0:
        raise ValueError("A table of 0 inputs; give at least one.")
    count = torch.bincount(winner * n_classes + labels, minlength=n_probes * n_classes).view(n_probes, n_classes)
    return ClassTable(count.cpu().numpy(), float(count.amax(dim=1).sum() / len(winner)))


def pair_cosines(s_star: Float[Tensor, "N D"], labels: Int[Tensor, " N"], bins: int = 40) -> PairCosines:
    """How alike the ends of every two inputs are, one class and two classes apart. N (N-1) / 2 pairs.

    Raises ValueError for fewer than two states.
    """
    n = len(s_star)
    if n < 2:
        raise ValueError(f"Pairs of {n} state; give at least two.")
    first, second = torch.triu_indices(n, n, 1, device=s_star.device)
    cosine = measures.cosine_matrix(s_star)[first, second].clamp(-1, 1)
    same = labels[first] == labels[second]
    edges = torch.linspace(-1, 1, bins + 1)

    def shares(chosen: Tensor) -> np.ndarray:
        # on the CPU, where no number is counted twice or left out at an edge
        return (torch.histc(chosen.cpu(), bins, -1, 1) / max(1, len(chosen))).numpy()

    def mean(chosen: Tensor) -> float | None:
        return float(chosen.double().mean()) if len(chosen) else None

    alike, apart = cosine[same], cosine[~same]
    return PairCosines(
        edges.numpy(), shares(alike), shares(apart), mean(alike), mean(apart), int(same.sum()), int((~same).sum())
    )


def direction_rank(directions: Float[Tensor, "K D"]) -> float:
    """Effective rank of the directions alone: their lengths do not count."""
    return measures.effective_rank(F.normalize(directions, dim=1))


def portrait(system: SatipatthanaSystem, train: Split, test: Split, n_classes: int) -> Portrait:
    """A network's signs of collapse. Raises ValueError for a split of fewer than two samples."""
    vitakka, device = system.samatha.vitakka, system.probes.device
    with observing(system):
        slices = [train.x[rows.start : rows.stop].to(device) for rows in chunks(len(train))]
        seen = [vitakka(system.samatha.adapter(x), threshold=-1.0)[1].attention for x in slices]
        slices = [test.x[rows.start : rows.stop].to(device) for rows in chunks(len(test))]
        thoughts = [system.think(x, threshold=-1.0) for x in slices]
        directions, norms = vitakka.directions.clone(), system.probes.norm(dim=1)
    if not seen or not thoughts:
        raise ValueError(f"A portrait from {len(train)} and {len(test)} samples; give at least two of each.")
    ends, labels = torch.cat([thought.s_star for thought in thoughts]), test.y.to(device)
    winner = torch.cat([thought.meta.winner for thought in thoughts])
    angles = probe_angles(directions)
    return Portrait(
        angles=angles,
        order=clustering_order(angles.similarity),
        norms=norms.cpu().numpy(),
        probe_rank=direction_rank(directions),
        train=usage(torch.cat(seen)),
        test=usage(torch.cat([thought.meta.attention for thought in thoughts])),
        table=class_table(winner, labels, len(directions), n_classes),
        spread=spread(ends),
        end_rank=measures.effective_rank(ends - ends.mean(dim=0)),
        cosines=pair_cosines(ends, labels),
    )
