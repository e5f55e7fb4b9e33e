"""Planes cut through the latent space: where do other starts end, and what does each place mean as an input?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from satipatthana.components.vicara import Step
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.attractors import CLOSE
from satipatthana.diagnostics.convergence import LONG
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.scale import latent_unit
from satipatthana.diagnostics.twins import WITHIN
from satipatthana.measures import distances

SIDE = 64
"""Points along each side of a plane."""
ARROWS = 16
STILL = 1e-5
"""When no state moves by more than this share of the latent unit, all have come to rest."""
MARGIN = 0.6
"""Of the span of the three states: shown around them."""
FEWEST = 1e-4
"""Three states nearer to a line than this share of their distance span no plane."""
OPEN = -1.0  # a gate that lets everything in


@dataclass(frozen=True, eq=False)
class Cut:
    """The plane through three states, with right-angled axes in latent units; the first state lies at (0, 0)."""

    origin: Float32[np.ndarray, " D"]
    axes: Float32[np.ndarray, "2 D"]
    corners: Float32[np.ndarray, "3 2"]
    """Where the three states lie on it."""
    low: tuple[float, float]
    high: tuple[float, float]
    """The part that is looked at."""

    def project(self, states: Float[np.ndarray, "*any D"]) -> Float[np.ndarray, "*any 2"]:
        """The nearest places on the plane."""
        return ((states - self.origin) @ self.axes.T).astype(np.float32)

    def grid(self, side: int) -> Float[Tensor, "N D"]:
        """side x side states at the middles of equal cells, row by row from the top left."""
        share = (np.arange(side) + 0.5) / side
        across = self.low[0] + share * (self.high[0] - self.low[0])
        up = self.high[1] - share * (self.high[1] - self.low[1])
        places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        return torch.from_numpy((self.origin + places @ self.axes).astype(np.float32))


def cut_through(states: Float[Tensor, "3 D"]) -> Cut:
    """The plane through three states; its first axis runs from the first to the second.

    Raises ValueError where they lie on one line, or D is 1.
    """
    points = states.detach().double().cpu().numpy()
    to_second, to_third = points[1] - points[0], points[2] - points[0]
    longest = max(np.linalg.norm(to_second), np.linalg.norm(to_third))
    length = np.linalg.norm(to_second)
    across = to_second / length if length > 0 else to_second
    beside = to_third - (to_third @ across) * across
    height = np.linalg.norm(beside)
    if min(length, height) <= FEWEST * longest:
        raise ValueError("The three states lie on one line, so they span no plane; choose another sample.")
    axes = np.stack([across, beside / height])
    corners = (points - points[0]) @ axes.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, half = (low + high) / 2, (0.5 + MARGIN) * float((high - low).max())
    return Cut(
        origin=points[0].astype(np.float32),
        axes=axes.astype(np.float32),
        corners=corners.astype(np.float32),
        low=(float(middle[0] - half), float(middle[1] - half)),
        high=(float(middle[0] + half), float(middle[1] + half)),
    )


def three_samples(
    ends: Float[Tensor, "N D"], labels: Int[Tensor, " N"], end: Float[Tensor, " D"], label: int
) -> list[int]:
    """Two of N samples that span a plane with one's own: the nearest of another class, then of a third.

    Without a third class the farthest sample stands in, without a second the nearest that is not the same.
    """
    away = distances(ends, end[None])[:, 0]
    other = (labels != label) & (away > 0)
    first = _nearest(away, other if bool(other.any()) else away > 0)
    third = other & (labels != labels[first])
    return [first, _nearest(away, third) if bool(third.any()) else int(away.argmax())]


def _nearest(away: Float[Tensor, " N"], allowed: Tensor) -> int:
    return int(torch.where(allowed, away, torch.inf).argmin())


# --- one input, many starts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Basins:
    """One z, many starts on a plane: which of M ends each comes to. R rows and columns."""

    cut: Cut
    owner: Int[np.ndarray, "R R"]
    """Number of the end, the one of most starts first."""
    shares: Float32[np.ndarray, " M"]
    """Of the starts, at each end."""
    answers: Int[np.ndarray, " M"]
    """The class that each end is, read from the state alone: what its path was, differs from start to start."""
    ends: Float32[np.ndarray, "M 2"]
    """Where a state of each end lies on the plane, seen straight on."""
    off: Float32[np.ndarray, " M"]
    """How far above the plane it lies, in latent units."""
    steps: Int[np.ndarray, "R R"]
    """Steps to come within 1 % of the latent unit of the own end."""
    moving: float
    """Share of the starts that have not come to rest after ``LONG`` steps."""

    @property
    def n_ends(self) -> int:
        return len(self.shares)


def basins(
    system: SatipatthanaSystem, z: Float[Tensor, " D"], cut: Cut, unit: float, side: int = SIDE, n_steps: int = LONG
) -> Basins:
    """Lets side x side starts on the plane think about one z, and groups their ends.

    ``z`` is what the gate let in. Ends nearer than ``CLOSE`` of the ``unit`` are one, by single linkage.
    """
    starts = cut.grid(side)
    with observing(system):
        step = system.samatha.vicara.begin(z.expand(len(starts), -1))
        ends, last = rest(step, starts, STILL * unit, n_steps)
        steps = steps_to(step, starts, ends, WITHIN * unit, n_steps)
    groups = linked(ends, CLOSE * unit)
    counts = torch.bincount(groups)
    order = counts.argsort(descending=True, stable=True)
    owner = order.argsort()[groups]
    # of each end the first state that came to it
    first = torch.stack([(owner == number).int().argmax() for number in range(len(order))])
    with observing(system):
        answers = read(system, ends[first])
    found = ends[first].numpy()
    places = cut.project(found)
    return Basins(
        cut=cut,
        owner=owner.view(side, side).numpy(),
        shares=(counts[order] / len(starts)).float().numpy(),
        answers=answers.numpy(),
        ends=places,
        off=np.linalg.norm(found - cut.origin - places @ cut.axes, axis=1).astype(np.float32),
        steps=steps.view(side, side).numpy(),
        moving=float((last > CLOSE * unit).double().mean()),
    )


def rest(
    step: Step, s: Float[Tensor, "N D"], still: float, n_steps: int
) -> tuple[Float[Tensor, "N D"], Float[Tensor, " N"]]:
    """The states after ``n_steps``, or once none moves by more than ``still``, and the sizes of their last steps."""
    last = s.new_full((len(s),), torch.inf)
    for _ in range(n_steps):
        after = step(s)
        last = (after - s).norm(dim=1)
        s = after
        if bool((last <= still).all()):
            break
    return s, last


def steps_to(
    step: Step, s: Float[Tensor, "N D"], ends: Float[Tensor, "N D"], reach: float, n_steps: int
) -> Int[Tensor, " N"]:
    """Steps after which each state is within ``reach`` of its end for good; ``n_steps`` if it never is."""
    needed = torch.zeros(len(s), dtype=torch.int64, device=s.device)
    for t in range(n_steps):
        outside = (s - ends).norm(dim=1) > reach
        if not bool(outside.any()):
            break
        needed = torch.where(outside, t + 1, needed)
        s = step(s)
    return needed


def read(system: SatipatthanaSystem, s: Float[Tensor, "N D"]) -> Int[Tensor, " N"]:
    """The answers to bare states, without the context of a judgement: v_ctx is 0."""
    return system.logits(s, s.new_zeros(len(s), system.config.vipassana.context_dim)).argmax(dim=1)


def linked(points: Float[Tensor, "N D"], reach: float) -> Int[Tensor, " N"]:
    """Groups by single linkage: two points are in one when a chain of hops of at most ``reach`` joins them.

    Without the matrix of all distances: each point is compared only with those that have no group yet.
    """
    group = torch.full((len(points),), -1, dtype=torch.int64)
    left = torch.arange(len(points))
    number = 0
    while len(left):
        front, left = left[:1], left[1:]
        group[front] = number
        while len(front) and len(left):
            near = torch.zeros(len(left), dtype=torch.bool)
            for rows in chunks(len(front)):
                near |= (distances(points[front[rows.start : rows.stop]], points[left]) <= reach).any(dim=0)
            front, left = left[near], left[~near]
            group[front] = number
        number += 1
    return group


# --- many inputs ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Field:
    """Every place of a plane taken as z: what is answered there, and how soon. R rows and columns, A arrows a side."""

    cut: Cut
    answer: Int[np.ndarray, "R R"]
    """The class, read from the end alone, for no input belongs to such a place that could be judged."""
    steps: Int[np.ndarray, "R R"]
    """Steps from the first guess to within 1 % of the latent unit of the end."""
    tails: Float32[np.ndarray, "A 2"]
    arrows: Float32[np.ndarray, "A 2"]
    """The first step from s = z at these places, as far as it goes along the plane, in latent units."""


def field(
    system: SatipatthanaSystem, cut: Cut, unit: float, side: int = SIDE, arrows: int = ARROWS, n_steps: int = LONG
) -> Field:
    """Thinks about side x side places of the plane, each as if an adapter had made it of an input; the gate is open."""
    z, tails = cut.grid(side), cut.grid(arrows)
    with observing(system):
        s0, _ = system.samatha.vitakka(z, threshold=OPEN)
        step = system.samatha.vicara.begin(z)
        ends, _ = rest(step, s0, STILL * unit, n_steps)
        steps = steps_to(step, s0, ends, WITHIN * unit, n_steps)
        answer = read(system, ends)
        heads = system.samatha.vicara.begin(tails)(tails)
    return Field(
        cut=cut,
        answer=answer.view(side, side).numpy(),
        steps=steps.view(side, side).numpy(),
        tails=cut.project(tails.numpy()),
        arrows=cut.project(heads.numpy()) - cut.project(tails.numpy()),
    )


# --- both, for one thought ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Planes:
    """Both planes through one's own thought and two others'; what is not known yet is None."""

    classes: tuple[int, int, int]
    """Of the three samples, one's own first."""
    unit: float
    """Median distance between the ends of different samples, in latent units."""
    basins: Basins | None = None
    field: Field | None = None


def planes(
    system: SatipatthanaSystem,
    x: Float[Tensor, "1 *shape"],
    label: int,
    others: Float[Tensor, "N *shape"],
    labels: Int[Tensor, " N"],
    *,
    side: int = SIDE,
    **mind: Any,
) -> Iterator[Progress[Planes]]:
    """Cuts through the ends, and through the z, of x and of two ``others`` that think clean and with the gate open.

    ``mind`` is how x is thought about: arguments of ``SatipatthanaSystem.think``. Raises ValueError where the three
    are so alike that they span no plane.
    """
    with observing(system):
        own = system.think(x, **mind)
        known = [system.think(others[rows.start : rows.stop], threshold=OPEN) for rows in chunks(len(others))]
    ends, z = torch.cat([one.s_star for one in known]), torch.cat([one.z for one in known])
    unit = latent_unit(ends, torch.cat([one.santana.states[0] for one in known]))
    chosen = three_samples(ends, labels, own.s_star[0], label)
    found = Planes((label, int(labels[chosen[0]]), int(labels[chosen[1]])), unit)
    yield Progress(0, 2, found, "many starts, one input")
    let_in = own.meta.gate[:, None] * own.z
    cut = cut_through(torch.cat([own.s_star, ends[chosen]]))
    found = replace(found, basins=basins(system, let_in[0], cut, unit, side))
    yield Progress(1, 2, found, "every place as an input")
    cut = cut_through(torch.cat([own.z, z[chosen]]))
    yield Progress(2, 2, replace(found, field=field(system, cut, unit, side)))
