"""What one update of the live curves sends, after a long history: the appends that the page gets."""

import json
from collections.abc import Iterable

import numpy as np

from lab.views import curves
from satipatthana import StepRecord
from tests.benchmarks.table import Row, Settings, at_most, show

BEFORE = 5000
"""Records in the history before the updates that are measured."""
A_TICK = (1, 5, 20)
"""Records that are new when the page asks: a quarter of a second on a slow, an ordinary and a fast machine."""


def records(n_before: int) -> list[StepRecord]:
    """A long stage 0 and then stage 1, whose eight terms make the largest updates while every step is drawn."""
    luck = np.random.default_rng(0)
    stages = [0] * n_before + [1] * curves.DENSE
    made = []
    for number, stage in enumerate(stages, start=1):
        step = number if stage == 0 else number - n_before
        losses = {term: float(luck.lognormal()) for term in curves.TERMS[stage]}
        made.append(StepRecord(stage, step, number, losses, 1e-3, 1.0, 500.0))
    return made


def measure(settings: Settings) -> Iterable[Row]:
    """The largest update of all, also of a page that had stopped asking and catches up."""
    history = records(settings.size(BEFORE, 600))
    n_before = len(history) - curves.DENSE
    largest = {n: max(_appends(history, n_before, n)) for n in A_TICK}
    behind = max(_appends(history, 0, len(history)))
    sizes = ", ".join(f"{show(size / 1000)} kB for {n}" for n, size in largest.items())
    note = f"{sizes} new steps; {show(behind / 1000)} kB when a page catches up"
    what = f"live-curve update after {n_before:,} records"
    yield at_most(what, max(*largest.values(), behind) / 1000, 4, unit=" kB", note=note)


def _appends(history: list[StepRecord], seen: int, every: int) -> Iterable[int]:
    """Bytes of each append when the history grows by ``every`` records between two."""
    _, cursor = curves.seed(history[:seen], 1)
    for stop in range(seen + every, len(history) + 1, every):
        now = history[:stop]
        while cursor.behind(now):
            payload, cursor = curves.append(now, cursor)
            if payload is not None:
                yield len(json.dumps(payload, separators=(",", ":")).encode())
