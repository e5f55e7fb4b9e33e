"""The trainer against a plain PyTorch loop of the same losses: chunks of steps in turn, in one process."""

import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch

from satipatthana import SatipatthanaSystem, SatipatthanaTrainer, TrainingStage, load_dataset
from satipatthana.configs import RunConfig
from tests.benchmarks.clock import Pair, timed
from tests.benchmarks.healthy import short
from tests.benchmarks.plain_loop import PlainLoop
from tests.benchmarks.table import Row, Settings, at_most, show

CHUNKS = 21
LIMIT = 1.05


@dataclass(frozen=True)
class StageTimes:
    """Trainer and plain loop in one stage: each chunk of steps, and what is done once before and after the steps."""

    chunks: list[Pair]
    around: list[Pair]
    losses: tuple[float, float]
    """Mean total of the last chunk."""

    @property
    def ratio(self) -> float:
        return statistics.median(chunk.ratio for chunk in self.chunks)

    @property
    def busy_ratio(self) -> float:
        return statistics.median(chunk.busy_ratio for chunk in self.chunks)


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
    wall = _whole([stage.ratio for stage in stages], [(stage.chunks, stage.around) for stage in stages], "wall")
    busy = _whole([stage.busy_ratio for stage in stages], [(stage.chunks, stage.around) for stage in stages], "busy")
    note = f"stages {' '.join(f'{stage.ratio:.3f}' for stage in stages)}; {busy:.3f} by processor time"
    yield at_most("trainer / plain PyTorch loop of the same losses", wall, LIMIT, note=note, digits=4)


def _whole(ratios: list[float], stages: list[tuple[list[Pair], list[Pair]]], clock: str) -> float:
    """Trainer / plain over the curriculum: each stage's steps at its median ratio, what is around them as it was."""
    ours = theirs = 0.0
    for ratio, (chunks, around) in zip(ratios, stages, strict=True):
        steps = sum(getattr(chunk, clock)[1] for chunk in chunks)
        once = [sum(getattr(pair, clock)[index] for pair in around) for index in (0, 1)]
        ours, theirs = ours + ratio * steps + once[0], theirs + steps + once[1]
    return ours / theirs


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


def _drain(records: Iterator[object]) -> None:
    if next(records, None) is not None:
        raise RuntimeError("The stage was not over when its chunks were.")


def _shares(total: int, parts: int) -> Iterator[int]:
    """``total`` in ``parts`` whole parts that differ by one at most."""
    for index in range(parts):
        yield total * (index + 1) // parts - total * index // parts
