"""The trainer against a plain PyTorch loop of the same losses: chunks of steps in turn, in one process."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from satipatthana import SatipatthanaSystem, SatipatthanaTrainer, TrainingStage, load_dataset
from satipatthana.configs import RunConfig
from tests.benchmarks.healthy import short
from tests.benchmarks.plain_loop import PlainLoop
from tests.benchmarks.table import Row, Settings, at_most, show

CHUNKS = 21
LIMIT = 1.05


@dataclass(frozen=True)
class StageTimes:
    """Seconds of one stage: (trainer, plain) of each chunk, and of what is done once before and after the steps."""

    chunks: list[tuple[float, float]]
    around: list[tuple[float, float]]
    losses: tuple[float, float]
    """Mean total of the last chunk."""

    @property
    def ratio(self) -> float:
        return statistics.median(ours / theirs for ours, theirs in self.chunks)

    @property
    def plain(self) -> float:
        return sum(theirs for _, theirs in self.chunks)


def measure(settings: Settings) -> Iterable[Row]:
    """One row: the whole curriculum. Each stage counts with the median ratio of its chunks."""
    config = RunConfig(seed=settings.seeds[0])
    config = short(config, 24) if settings.quick else config
    train = load_dataset("digits").train
    trainer = SatipatthanaTrainer(SatipatthanaSystem(config), train)
    plain = PlainLoop(config, train)
    stages = []
    for stage in TrainingStage:
        stages.append(race(trainer, plain, stage, settings.size(CHUNKS, 4)))
        ours, theirs = stages[-1].losses
        print(f"  stage {int(stage)}: last losses {show(ours)} trainer, {show(theirs)} plain", file=sys.stderr)
    around = [sum(times) for times in zip(*(pair for stage in stages for pair in stage.around), strict=True)]
    ours = around[0] + sum(stage.ratio * stage.plain for stage in stages)
    theirs = around[1] + sum(stage.plain for stage in stages)
    note = "stages " + " ".join(f"{stage.ratio:.3f}" for stage in stages)
    yield at_most("trainer / plain PyTorch loop of the same losses", ours / theirs, LIMIT, note=note, digits=4)


def race(trainer: SatipatthanaTrainer, plain: PlainLoop, stage: TrainingStage, n_chunks: int) -> StageTimes:
    """One stage of both, a chunk of one and a chunk of the other; who begins changes every time."""
    n_steps = trainer.curriculum.stage(int(stage)).n_steps
    records = trainer.steps(stage, n_steps)
    losses: list[float] = []
    totals: list[torch.Tensor] = []

    def ours(n: int) -> Callable[[], None]:
        return lambda: losses.extend(next(records).losses["total"] for _ in range(n))

    def theirs(n: int) -> Callable[[], None]:
        return lambda: totals.extend(plain.step() for _ in range(n))

    def enter() -> None:
        plain.enter(stage)
        totals.append(plain.step())

    # the trainer enters a stage with its first step, so the plain loop's first step is counted there too
    around = [timed(ours(1), enter, 0)]
    chunks = []
    sizes = list(_shares(n_steps - 1, n_chunks))
    for turn, size in enumerate(sizes, start=1):
        chunks.append(timed(ours(size), theirs(size), turn))
    around.append(timed(lambda: _drain(records), plain.leave, n_chunks))
    last = sizes[-1]
    return StageTimes(chunks, around, (statistics.fmean(losses[-last:]), float(torch.stack(totals[-last:]).mean())))


def timed(first: Callable[[], None], second: Callable[[], None], turn: int) -> tuple[float, float]:
    """Seconds of both; on odd turns the second goes first, so that neither always finds a warm machine."""
    seconds = [0.0, 0.0]
    for index in (0, 1) if turn % 2 == 0 else (1, 0):
        began = time.perf_counter()
        (first, second)[index]()
        seconds[index] = time.perf_counter() - began
    return seconds[0], seconds[1]


def _drain(records: Iterator[object]) -> None:
    if next(records, None) is not None:
        raise RuntimeError("The stage was not over when its chunks were.")


def _shares(total: int, parts: int) -> Iterator[int]:
    """``total`` in ``parts`` whole parts that differ by one at most."""
    for index in range(parts):
        yield total * (index + 1) // parts - total * index // parts
