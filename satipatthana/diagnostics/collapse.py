"""Has it collapsed: do the probes share the work, point apart, and do different inputs end in different states?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn import functional as F

from satipatthana import measures


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
