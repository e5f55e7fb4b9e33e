"""Where the thought is, on a plane: PCA, UMAP fitted jointly with the thought, and how far a map can be believed.

Numpy in and out; umap and scikit-learn are imported when they are first needed (1.6 s and 1.2 s).
"""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

Points = Float[np.ndarray, "N D"]
Plane = Float[np.ndarray, "N 2"]
# One of several, each of its own length.
States = Float[np.ndarray, "_ D"]
StatesOnMap = Float[np.ndarray, "_ 2"]

REFERENCE_EPOCHS = 200
REFIT_EPOCHS = 50
NEIGHBOURS = 15
UNCOUNTED_SHARE = 0.01
"""A step under this share of the thought's latent path says nothing about direction and is not counted."""


# --- flat maps ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FlatMap:
    """A plane in the latent space, seen straight on: PCA's, or that of an axis between two probes."""

    mean: Float[np.ndarray, " D"]
    axes: Float[np.ndarray, "2 D"]
    explained: tuple[float, float]
    """Share of the reference's variance along each axis."""

    def project(self, points: Float[np.ndarray, "*any D"]) -> Float[np.ndarray, "*any 2"]:
        """Coordinates on the plane, for points of any leading shape."""
        return ((points - self.mean) @ self.axes.T).astype(np.float32)


def fit_pca(points: Points) -> FlatMap:
    """PCA by singular values; deterministic: each axis points to where its largest entry is positive.

    Raises ValueError for fewer than two points or dimensions.
    """
    if min(points.shape) < 2:
        raise ValueError(f"points is {points.shape}; a plane needs at least two points of two dimensions.")
    exact = points.astype(np.float64)
    mean = exact.mean(axis=0)
    _, sizes, axes = np.linalg.svd(exact - mean, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    power = sizes**2
    total = power.sum()
    shares = power[:2] / total if total > 0 else np.zeros(2)  # all points equal: nothing to explain
    return FlatMap(mean.astype(np.float32), axes.astype(np.float32), (float(shares[0]), float(shares[1])))


# --- Procrustes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alignment:
    """A turn (or mirror image), one scale and a shift that lay one map over another."""

    turn: Float[np.ndarray, "2 2"]
    scale: float
    moving_mean: Float[np.ndarray, " 2"]
    fixed_mean: Float[np.ndarray, " 2"]

    def apply(self, xy: Plane) -> Plane:
        return ((xy - self.moving_mean) @ self.turn * self.scale + self.fixed_mean).astype(np.float32)


def procrustes(moving: Plane, fixed: Plane) -> Alignment:
    """The alignment of ``moving`` to ``fixed`` with the least squared distance between rows that belong together.

    Source: orthogonal Procrustes (Schoenemann, 1966) with a scale: UMAP lays every start out on a box of its own.
    """
    a, b = moving.astype(np.float64), fixed.astype(np.float64)
    a_mean, b_mean = a.mean(axis=0), b.mean(axis=0)
    a, b = a - a_mean, b - b_mean
    left, sizes, right = np.linalg.svd(a.T @ b)
    power = (a**2).sum()
    scale = float(sizes.sum() / power) if power > 0 else 1.0
    return Alignment(left @ right, scale, a_mean, b_mean)


# --- UMAP ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UmapReference:
    """A reference set and where UMAP first drew it; it is always drawn there."""

    points: Points
    xy: Plane
    seed: int


@dataclass(frozen=True)
class UmapThoughts:
    """Thoughts on the map of a reference set."""

    xy: tuple[StatesOnMap, ...]
    """One (T+1, 2) path a thought."""
    displacement: float
    """How far the joint fit moved the reference from where it is drawn: mean distance as a share of the span."""


def span(xy: Plane) -> float:
    """Longer side of the box around a map: what displacements and steps are measured against."""
    return float(np.ptp(xy, axis=0).max())


def fit_reference(points: Points, seed: int, n_epochs: int = REFERENCE_EPOCHS) -> UmapReference:
    """UMAP of the reference set; the same seed gives the same map. Keep it under about 4,000 points.

    Raises ValueError when there are no more different points than UMAP has neighbours (15): it would spread rounding
    errors over the map and make them look like structure.
    """
    points = np.ascontiguousarray(points, np.float32)
    grain = max(float(np.abs(points).max(initial=0)), 1e-30) * 1e-5
    different = len(np.unique((points / grain).round(), axis=0))
    if different <= NEIGHBOURS:
        raise ValueError(
            f"UMAP needs more than {NEIGHBOURS} different states; these {len(points)} are {different}. "
            "PCA shows them as they are."
        )
    return UmapReference(points, _umap(points, "spectral", seed, n_epochs), seed)


def refit(reference: UmapReference, thoughts: Sequence[States], n_epochs: int = REFIT_EPOCHS) -> UmapThoughts:
    """Whole thoughts on the map, fitted jointly with the reference.

    The fit starts from the reference where it was first drawn and from each state at its nearest reference
    point, and is laid back over the first drawing. UMAP's own ``transform`` would put neighbouring states a
    quarter of the map apart and depends on what else is in the batch. States that are equal get one place.
    """
    states = np.concatenate([np.asarray(thought, np.float32) for thought in thoughts])
    different, where = np.unique(states, axis=0, return_inverse=True)
    nearest = nearest_points(reference.points, different)
    start = np.concatenate([reference.xy, reference.xy[nearest]])
    joint = _umap(np.concatenate([reference.points, different]), start, reference.seed, n_epochs)
    n = len(reference.points)
    alignment = procrustes(joint[:n], reference.xy)
    moved = np.linalg.norm(alignment.apply(joint[:n]) - reference.xy, axis=1)
    xy = alignment.apply(joint[n:])[where.reshape(-1)]
    edges = np.cumsum([len(thought) for thought in thoughts])[:-1]
    return UmapThoughts(tuple(np.split(xy, edges)), float(moved.mean() / span(reference.xy)))


def nearest_points(points: Points, states: Float[np.ndarray, "M D"]) -> Int[np.ndarray, " M"]:
    """Index (M,) of each state's nearest point, in latent space."""
    return _distances(states, points).argmin(axis=1)


def _umap(points: Points, init: Any, seed: int, n_epochs: int) -> Plane:
    # numba sets how many threads OpenMP gives to its caller, who would from then on sum in another order
    with ThreadPoolExecutor(1, "umap") as aside:
        return aside.submit(_fit_umap, points, init, seed, n_epochs).result()


def _fit_umap(points: Points, init: Any, seed: int, n_epochs: int) -> Plane:
    umap = _import_umap()
    with warnings.catch_warnings():
        # UMAP warns, at every fit, that a seed costs it its threads and distances its inverse.
        warnings.filterwarnings("ignore", category=UserWarning, module="umap")
        model = umap.UMAP(
            n_neighbors=NEIGHBOURS,
            min_dist=0.1,
            n_epochs=n_epochs,
            init=init,
            random_state=seed,
            n_jobs=1,
            # Below 4,096 points UMAP calls its own metric from Python for every pair: 1 s for 1,000 points.
            metric="precomputed",
        )
        return np.asarray(model.fit_transform(_distances(points, points)), np.float32)


@cache
def _import_umap() -> Any:
    """UMAP, with what numba compiles for it kept on the disk, as numba keeps it: some twenty seconds of compiling once,
    then under two at every start. Most of UMAP's functions do not ask for that by themselves."""
    import numba

    compiled = numba.njit

    def kept(*arguments: Any, **options: Any) -> Any:
        return compiled(*arguments, **{"cache": True, **options})

    numba.njit = kept
    try:
        import umap
    finally:
        numba.njit = compiled
    return umap


def _distances(a: Float[np.ndarray, "N D"], b: Float[np.ndarray, "M D"]) -> Float[np.ndarray, "N M"]:
    # Float64, because this form cancels digits; a point's distance to itself comes out as 0 or about 1e-8.
    a, b = a.astype(np.float64), b.astype(np.float64)
    squares = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.sqrt(np.maximum(squares, 0))


# --- honesty ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FalseMotion:
    """On which of T steps the map contradicts the latent space."""

    false: Bool[np.ndarray, " T"]
    """Map distance and latent distance to the last state change with opposite sign."""
    counted: Bool[np.ndarray, " T"]
    """The step is at least 1 % of the thought's latent path."""

    @property
    def share(self) -> float | None:
        """Share of the counted steps that are false; None when no step counts."""
        return float(self.false.sum() / self.counted.sum()) if self.counted.any() else None

    @property
    def uncounted(self) -> int:
        return int((~self.counted).sum())


@dataclass(frozen=True)
class Honesty:
    """How far a map can be believed. None: does not apply, or too few points to tell."""

    false_share: float | None
    uncounted: int
    trustworthiness: float | None
    continuity: float | None
    explained: float | None
    """PCA: share of the reference's variance on the plane."""
    displacement: float | None
    """UMAP: how far the joint fit moved the reference, as a share of the map's span."""
    n: int
    """Points in the reference set."""
    seed: int | None


def false_motion(xy: Float[np.ndarray, "T1 2"], states: Float[np.ndarray, "T1 D"]) -> FalseMotion:
    """Steps of one thought whose motion on the map is the opposite of the latent one, seen from the last state."""
    latent = np.linalg.norm(np.diff(states.astype(np.float64), axis=0), axis=1)
    counted = (latent > 0) & (latent >= UNCOUNTED_SHARE * latent.sum())
    return FalseMotion(_approach(xy) * _approach(states) * counted < 0, counted)


def _approach(points: Float[np.ndarray, "T1 D"]) -> Float[np.ndarray, " T"]:
    exact = points.astype(np.float64)
    return np.sign(np.diff(np.linalg.norm(exact - exact[-1], axis=1)))


@dataclass(frozen=True)
class Neighbourhoods:
    """Whether neighbours on the map are neighbours (trustworthiness) and the other way round (continuity), 0 to 1."""

    trustworthiness: float
    continuity: float


def neighbourhoods(
    points: Float[np.ndarray, "N D"], xy: Float[np.ndarray, "N 2"], k: int = 10
) -> Neighbourhoods | None:
    """Trustworthiness and continuity of a map at k neighbours; None with too few points (2 k or fewer).

    Source: Venna and Kaski, 2001; continuity is trustworthiness with the two spaces exchanged.
    """
    if len(points) <= 2 * k:
        return None
    from sklearn.manifold import trustworthiness

    return Neighbourhoods(
        trustworthiness=float(trustworthiness(points, xy, n_neighbors=k)),
        continuity=float(trustworthiness(xy, points, n_neighbors=k)),
    )


def honesty(
    motions: Sequence[FalseMotion],
    quality: Neighbourhoods | None,
    n: int,
    *,
    explained: float | None = None,
    displacement: float | None = None,
    seed: int | None = None,
) -> Honesty:
    """The confession of one map: the motion of the shown thoughts together with what the whole map is worth."""
    counted = sum(int(motion.counted.sum()) for motion in motions)
    false = sum(int(motion.false.sum()) for motion in motions)
    return Honesty(
        false_share=false / counted if counted else None,
        uncounted=sum(motion.uncounted for motion in motions),
        trustworthiness=quality.trustworthiness if quality else None,
        continuity=quality.continuity if quality else None,
        explained=explained,
        displacement=displacement,
        n=n,
        seed=seed,
    )
