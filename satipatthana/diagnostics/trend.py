"""Is the loss still falling: how far has it come, and does it still move?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from satipatthana.components.vipassana import SCORES
from satipatthana.train.records import StepRecord

FEWEST = 20
"""Steps below which nothing is said."""
SURE = 3.0
"""Standard errors beyond which a difference is no scatter."""
MOVES = 0.03
"""A smaller relative change between the last two fifths counts as flat."""


@dataclass(frozen=True)
class Trend:
    """How a loss of N steps went."""

    n: int
    first: float
    """Mean over the first tenth."""
    last: float
    """Mean over the last tenth."""
    change: float
    """Of the mean from the last fifth but one to the last fifth, as a share of the former: below 0 it falls."""
    way: Literal["falling", "flat", "rising"]

    @property
    def fell(self) -> float:
        """By which share of its first value it fell; below 0 it rose."""
        return 1 - self.last / self.first if self.first > 0 else 0.0


def trend(losses: Sequence[float]) -> Trend | None:
    """How the losses of a stage's steps went; None for fewer than ``FEWEST``.

    The last fifth is compared with the one before; a difference within ``SURE`` standard errors of their scatter, or
    under ``MOVES``, is flat.
    """
    if len(losses) < FEWEST:
        return None
    values = np.asarray(losses, dtype=np.float64)
    tenth, fifth = len(values) // 10, len(values) // 5
    before, after = values[-2 * fifth : -fifth], values[-fifth:]
    error = float(np.sqrt(before.var(ddof=1) / fifth + after.var(ddof=1) / fifth))
    difference = float(after.mean() - before.mean())
    change = difference / abs(float(before.mean())) if before.mean() else 0.0
    moves = abs(difference) > SURE * error and abs(change) > MOVES
    way = "flat" if not moves else "falling" if difference < 0 else "rising"
    return Trend(len(values), float(values[:tenth].mean()), float(values[-tenth:].mean()), change, way)


def stage_losses(history: Sequence[StepRecord], stage: int, weights: dict[str, float]) -> list[float]:
    """The total loss of a stage's steps, without the floor that soft targets leave at best."""
    share = sum(weights.get(name, 0.0) for name in SCORES)
    mine = (record.losses for record in history if record.stage == stage)
    return [losses["total"] - share * losses.get("floor", 0.0) for losses in mine]
