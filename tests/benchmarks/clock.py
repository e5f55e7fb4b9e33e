"""Two things timed in turn, in one process: what is left of a noisy machine is the same for both."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Seconds of the first and of the second: by the wall clock, and of processor time."""

    wall: tuple[float, float]
    busy: tuple[float, float]

    @property
    def ratio(self) -> float:
        return self.wall[0] / self.wall[1]

    @property
    def busy_ratio(self) -> float:
        """Other processes hardly touch this one, so it tells how far the first is to be trusted."""
        return self.busy[0] / self.busy[1]


def timed(first: Callable[[], object], second: Callable[[], object], turn: int) -> Pair:
    """Both, one after the other; on odd turns the second goes first, so that neither always finds a warm machine."""
    wall, busy = [0.0, 0.0], [0.0, 0.0]
    for index in (0, 1) if turn % 2 == 0 else (1, 0):
        began, worked = time.perf_counter(), time.process_time()
        (first, second)[index]()
        wall[index], busy[index] = time.perf_counter() - began, time.process_time() - worked
    return Pair((wall[0], wall[1]), (busy[0], busy[1]))
