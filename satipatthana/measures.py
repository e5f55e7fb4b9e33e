"""Pure tensor functions that several parts need: cosines, distances, errors, AUROC, k-means, derangements.

Nothing here knows a module, a run or a global random state: a draw takes an explicit CPU ``torch.Generator``.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

# --- distributions and directions ---------------------------------------------------------------------------


def perplexity(share: Float[Tensor, "*any K"]) -> Float[Tensor, "*any"]:
    """exp of the entropy of a distribution over the last axis: how many of K are in effect used, 1 to K.

    ``share`` is non-negative and is normalised here, so counts do as well.
    """
    p = share / share.sum(dim=-1, keepdim=True)
    return torch.special.entr(p).sum(dim=-1).exp()


def effective_rank(vectors: Float[Tensor, "N D"]) -> float:
    """exp of the entropy of the singular values: how many directions the vectors in effect span, 1 to min(N, D).

    Taken from the origin: centre first to leave the mean out. 0 for vectors that are all zero. Source: Roy and
    Vetterli, 2007.
    """
    values = torch.linalg.svdvals(vectors.double())
    return float(perplexity(values)) if float(values.sum()) > 0 else 0.0


def cosine_matrix(vectors: Float[Tensor, "K D"]) -> Float[Tensor, "K K"]:
    """Cosine of every vector with every other; a zero vector has cosine 0 with all."""
    unit = F.normalize(vectors, dim=-1)
    return unit @ unit.T


def off_diagonal(matrix: Float[Tensor, "K K"]) -> Float[Tensor, "K K_minus_1"]:
    """The matrix without its diagonal, row by row; differentiable, so that losses and figures share it."""
    k = matrix.shape[0]
    if k < 2:
        raise ValueError(f"A {k}x{k} matrix has nothing beside its diagonal; give at least two vectors.")
    # Dropping the first entry leaves the diagonal at the end of every group of k + 1.
    return matrix.flatten()[1:].view(k - 1, k + 1)[:, :-1].reshape(k, k - 1)


def distances(a: Float[Tensor, "N D"], b: Float[Tensor, "K D"]) -> Float[Tensor, "N K"]:
    """Euclidean distance of every row of ``a`` to every row of ``b``."""
    # The faster form, through a matrix product, cancels digits, and the batch size chooses it: a distance
    # would depend on the neighbours.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def step_sizes(states: Float[Tensor, "T1 B D"]) -> Float[Tensor, "T B"]:
    """||s_{t+1} - s_t||_2 of bare states; a log knows better what was taken: ``SantanaLog.energy``."""
    return (states[1:] - states[:-1]).norm(dim=-1)


def roughness(x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
    """Mean absolute Laplacian: how many edges a picture has, and how sharp. Beyond its border it goes on as it ends."""
    wide = F.pad(x, (1, 1, 1, 1), mode="replicate")
    around = wide[:, :, :-2, 1:-1] + wide[:, :, 2:, 1:-1] + wide[:, :, 1:-1, :-2] + wide[:, :, 1:-1, 2:]
    return (around - 4 * x).abs().mean(dim=(1, 2, 3))


# --- errors -------------------------------------------------------------------------------------------------


def mse(a: Float[Tensor, "B ..."], b: Float[Tensor, "B ..."]) -> Float[Tensor, " B"]:
    """Mean squared error of each sample, over everything but the first axis."""
    return (a - b).square().flatten(1).mean(dim=1)


# --- how well a score tells two sets apart ------------------------------------------------------------------


def auroc(positive: Float[Tensor, " N"], negative: Float[Tensor, " M"]) -> float:
    """Probability that a positive scores above a negative, ties counted half (area under the ROC curve).

    Raises ValueError on an empty set or a NaN. Source: the Mann-Whitney form; scikit-learn's roc_auc_score.
    """
    if len(positive) == 0 or len(negative) == 0:
        raise ValueError(f"AUROC of {len(positive)} positives against {len(negative)} negatives; give both.")
    if bool(positive.isnan().any()) or bool(negative.isnan().any()):
        raise ValueError("A score is NaN and cannot be ranked; leave such samples out and say how many.")
    ordered = negative.sort().values
    below = torch.searchsorted(ordered, positive.contiguous(), right=False)
    upto = torch.searchsorted(ordered, positive.contiguous(), right=True)
    return float((below + upto).double().mean() / (2 * len(negative)))


# --- centres ------------------------------------------------------------------------------------------------


def kmeans_plus_plus(points: Float[Tensor, "N D"], k: int, generator: torch.Generator) -> Float[Tensor, "K D"]:
    """k of the points, each drawn in proportion to its squared distance to those drawn before.

    Raises ValueError when there are fewer points than centres. Source: Arthur and Vassilvitskii, 2007.
    """
    if not 1 <= k <= len(points):
        raise ValueError(f"k is {k} for {len(points)} points; expected 1 to the number of points.")
    first = torch.randint(len(points), (1,), generator=generator).to(points.device)
    chosen = [points[first]]
    nearest = (points - chosen[0]).square().sum(dim=1)
    for _ in range(k - 1):
        weight = nearest.double().cpu()
        # Fewer distinct points than centres: nothing is left to tell apart, so draw a copy of any.
        weight = weight if float(weight.sum()) > 0 else torch.ones_like(weight)
        index = torch.multinomial(weight, 1, generator=generator).to(points.device)
        chosen.append(points[index])
        nearest = torch.minimum(nearest, (points - chosen[-1]).square().sum(dim=1))
    return torch.cat(chosen)


def kmeans(points: Float[Tensor, "N D"], k: int, generator: torch.Generator, steps: int = 5) -> Float[Tensor, "K D"]:
    """k centres: k-means++ seeding, then ``steps`` Lloyd steps.

    A centre that loses all its points moves to the point farthest from its own centre. Detached. Raises
    ValueError when there are fewer points than centres.
    """
    points = points.detach()
    centres = kmeans_plus_plus(points, k, generator)
    for _ in range(steps):
        distance, owner = distances(points, centres).min(dim=1)
        means, count = _means(points, owner, k)
        empty = (count == 0).nonzero()[:, 0]
        if len(empty):
            means[empty] = points[distance.topk(len(empty)).indices]
        centres = means
    return centres


def spherical_kmeans(
    directions: Float[Tensor, "N D"], init: Float[Tensor, "K D"], steps: int = 10
) -> Float[Tensor, "K D"]:
    """k unit vectors after ``steps`` Lloyd steps by cosine, from ``init`` (normalised here).

    A centre without points, or whose points cancel out, stays where it was. Detached.
    """
    directions = F.normalize(directions.detach(), dim=1)
    centres = F.normalize(init.detach(), dim=1)
    for _ in range(steps):
        owner = (directions @ centres.T).argmax(dim=1)
        means, _count = _means(directions, owner, len(centres))
        length = means.norm(dim=1, keepdim=True)
        centres = torch.where(length > 1e-6, means / length.clamp_min(1e-6), centres)
    return centres


def whitening(centred: Float[Tensor, "N D"], power: float, floor: float = 0.01) -> Float[Tensor, "D D"]:
    """The covariance of centred points to the power of -``power``: 0 changes nothing, .5 makes all directions alike.

    Directions without variance count as if they had ``floor`` of the mean one's. Symmetric, so no direction of the
    space is special.
    """
    covariance = (centred.mT @ centred).double() / max(1, len(centred) - 1)
    variance, directions = torch.linalg.eigh(covariance)
    scale = (variance.clamp_min(0) + floor * variance.mean()).clamp_min(1e-12).pow(-power)
    return ((directions * scale) @ directions.mT).to(centred)


def _means(
    points: Float[Tensor, "N D"], owner: Int[Tensor, " N"], k: int
) -> tuple[Float[Tensor, "K D"], Float[Tensor, " K"]]:
    # One matrix product instead of scattered adds: the same sum in the same order at every run.
    mine = F.one_hot(owner, k).to(points.dtype)
    count = mine.sum(dim=0)
    return (mine.T @ points) / count.clamp_min(1)[:, None], count


# --- who stands in for whom ---------------------------------------------------------------------------------


def derangement(n: int, generator: torch.Generator) -> Int[Tensor, " n"]:
    """A random permutation of 0 ... n-1 that leaves nobody in place (one cycle). ValueError below two."""
    if n < 2:
        raise ValueError(f"n is {n}; nobody can swap alone, so leave the path out for a batch of one.")
    order = torch.randperm(n, generator=generator)
    partner = torch.empty_like(order)
    partner[order] = order.roll(1)
    return partner
