"""What it costs to be watched: a job with a page open on Train, beside the bare generator in a process of its own.

The two take turns of a few seconds, the other one frozen meanwhile, so both meet the same machine. The browser is on
that machine as well: what it draws is part of the cost. Afterwards the page's curriculum runs to its end, and the
memory of the server is read.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from satipatthana import CurriculumConfig
from tests.benchmarks.servers import (
    PATIENCE,
    Server,
    Started,
    answered,
    browser,
    first_thought,
    memory,
    open_tab,
    process,
    serving,
    visiting,
)
from tests.benchmarks.table import Row, Settings, at_least, at_most, show, spread

STEPPING = "tests.benchmarks.stepping"
MEASURED_STAGE, LAST_STAGE = 1, 3
TURN_S = 3.0
GRACE_S = 0.3  # after a thaw: what had piled up is no part of the rate
QUICK_TURNS = 2
RUNS = 3  # two processes differ by some percent, whatever they do: the middle one counts

Window = tuple[float, float]


@dataclass(frozen=True)
class Step:
    """One line of `stepping`."""

    stage: int
    step: int
    ended: float
    threads: int


def measure(settings: Settings) -> Iterable[Row]:
    """Two rows: the speed, the median of some runs, and the memory after the last one's whole curriculum."""
    runs = settings.size(RUNS, 1)
    speeds: list[Speed] = []
    with browser() as chromium:
        for run in range(1, runs + 1):
            with _training(chromium) as race:
                speeds.append(race.speed(QUICK_TURNS if settings.quick else None))
                if run == runs:
                    yield _speed(speeds)
                    if not settings.quick:
                        race.finish()
                    first_thought(race.page)
                    yield _memory(race.server)


@dataclass(frozen=True)
class Speed:
    """Steps a second of the measured stage in one run."""

    watched: float
    alone: float
    threads: tuple[int, ...]

    @property
    def share(self) -> float:
        return self.watched / self.alone


@dataclass(frozen=True)
class Race:
    """A page's run in the measured stage, and the bare generator there too, frozen."""

    server: Server
    page: Page
    bare: Started
    watched: Path
    alone: Path
    started: Started

    def speed(self, turns: int | None) -> Speed:
        """Lets both take turns, then ends the bare one."""
        with_page, without = _take_turns(self.server, self.bare, self.watched, turns)
        self.bare.popen.kill()
        ours, theirs = _read(self.watched), _read(self.alone)
        threads = tuple(sorted({step.threads for step in (*ours, *theirs)}))
        return Speed(steps_per_second(ours, with_page), steps_per_second(theirs, without), threads)

    def finish(self) -> None:
        """Waits for the end of the page's curriculum."""
        planned = CurriculumConfig().stage(LAST_STAGE).n_steps
        _await(lambda: _last(self.watched, LAST_STAGE) >= planned, self.started, "its curriculum", 5 * PATIENCE)


@contextmanager
def _training(chromium: Browser) -> Iterator[Race]:
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as folder:
        alone, watched = Path(folder) / "bare.txt", Path(folder) / "watched.txt"
        with process(STEPPING, str(alone), "bare", folder=folder) as bare:
            _await(lambda: _in_stage(alone), bare, "the bare generator")
            os.kill(bare.popen.pid, signal.SIGSTOP)
            with (
                serving(STEPPING, str(watched), "lab", "--no-browser", "--data", "digits") as server,
                visiting(chromium, server.url) as page,
            ):
                begin_training(page)
                started = Started(server.process, time.monotonic())
                _await(lambda: _in_stage(watched), started, "the page's run")
                yield Race(server, page, bare, watched, alone, started)


def begin_training(page: Page) -> None:
    """Open Train on an untrained run and start all four stages, as a person would."""
    answered(page)
    open_tab(page, "Train")
    page.locator("#network svg").first.wait_for()
    page.locator("#train-all").click()


def _take_turns(server: Server, bare: Started, watched: Path, turns: int | None) -> tuple[list[Window], list[Window]]:
    """Turns of both until the page's run has left the stage (or ``turns`` are over): when each of them ran."""
    with_page: list[Window] = []
    without: list[Window] = []
    while _last(watched, MEASURED_STAGE + 1) == 0 and (turns is None or len(without) < turns):
        with_page.append(_turn())
        server.freeze()
        os.kill(bare.popen.pid, signal.SIGCONT)
        without.append(_turn())
        os.kill(bare.popen.pid, signal.SIGSTOP)
        server.thaw()
    return with_page, without


def _turn() -> Window:
    began = time.monotonic()
    time.sleep(TURN_S)
    return began + GRACE_S, time.monotonic()


def _speed(speeds: list[Speed]) -> Row:
    middle = sorted(speeds, key=lambda speed: speed.share)[len(speeds) // 2]
    threads = "/".join(map(str, sorted({count for speed in speeds for count in speed.threads})))
    note = (
        f"{show(middle.watched)} against {show(middle.alone)} steps/s in stage {MEASURED_STAGE}, {threads} threads; "
        f"the middle of {spread([speed.share for speed in speeds])}"
    )
    return at_least("training with a page watching, share of the bare generator's speed", middle.share, 0.9, note=note)


def steps_per_second(steps: list[Step], windows: list[Window]) -> float:
    """Steps of the measured stage per second, over all windows; the time between two windows does not count."""
    taken, seconds = 0, 0.0
    for began, ended in windows:
        inside = [step.ended for step in steps if step.stage == MEASURED_STAGE and began <= step.ended <= ended]
        if len(inside) > 1:
            taken += len(inside) - 1
            seconds += inside[-1] - inside[0]
    if not taken:
        raise RuntimeError(f"No two steps of stage {MEASURED_STAGE} fell into one of {len(windows)} turns.")
    return taken / seconds


def _memory(server: Server) -> Row:
    resident = memory(server.process.pid)
    own = resident.pop(server.process.pid)
    note = f"{show(max(resident.values()))} GB more in the process that makes the UMAP" if resident else ""
    return at_most("server memory after a full curriculum, resident", own, 1.6, unit=" GB", note=note)


# --- what the processes wrote --------------------------------------------------------------------------------------


def _read(file: Path) -> list[Step]:
    if not file.exists():
        return []
    whole = file.read_text().rpartition("\n")[0]  # the last line may be half written
    rows = [line.split() for line in whole.splitlines()]
    return [Step(int(stage), int(step), float(ended), int(threads)) for stage, step, ended, threads in rows]


def _last(file: Path, stage: int) -> int:
    """The latest step of a stage, 0 before its first."""
    return max((step.step for step in _read(file) if step.stage == stage), default=0)


def _in_stage(file: Path) -> bool:
    return _last(file, MEASURED_STAGE) >= 2  # the first step stands for the entry of the stage as well


def _await(done: Callable[[], bool], started: Started, what: str, patience: float = PATIENCE) -> None:
    began = time.monotonic()
    while not done():
        if started.popen.poll() is not None or time.monotonic() - began > patience:
            raise RuntimeError(f"{what} does not go on (its process: {started.popen.poll()}).")
        time.sleep(0.2)
