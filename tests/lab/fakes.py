"""A trainer whose steps wait for the test: what happens between two steps is then no matter of luck."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

PLAN = 5
SOON = 20.0  # seconds after which a test that waits in vain fails


@dataclass(frozen=True)
class FakeRecord:
    stage: int
    step: int
    global_step: int
    losses: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeProgress:
    stage: int
    done: int
    planned: int
    state: str
    last_loss: float | None = None

    @property
    def left(self) -> int:
        return max(0, self.planned - self.done)


class FakeTrainer:
    """Adds one to a weight at every step. With `gated` a step waits until the test lets it (`let`)."""

    def __init__(self, gated: bool = False, fails_at: int | None = None) -> None:
        self.system = nn.Linear(2, 2, bias=False).requires_grad_(True).train()
        with torch.no_grad():
            self.system.weight.zero_()
        self.history: list[FakeRecord] = []
        self.keyframes: list = []
        self.curriculum = None
        self.done = [0, 0, 0, 0]
        self.fails_at = fails_at
        self.closed = 0
        self.threads: set[str] = set()
        self._gate = threading.Semaphore(0) if gated else None
        self.inside = threading.Event()  # a step is being taken

    def let(self, n: int = 1) -> None:
        assert self._gate is not None
        self._gate.release(n)

    stages = ()

    def holdings(self) -> None:
        return None

    def progress(self, stage: int) -> FakeProgress:
        done = self.done[stage]
        return FakeProgress(stage, done, PLAN, "done" if done >= PLAN else "untrained")

    def steps(self, stage: int, n: int) -> Iterator[FakeRecord]:
        try:
            for _ in range(n):
                yield self._step(stage)
        finally:
            self.closed += 1

    def _step(self, stage: int) -> FakeRecord:
        self.threads.add(threading.current_thread().name)
        weight: Tensor = self.system.weight
        with torch.no_grad():
            weight[0] += 1  # half of a step: nobody may see this
            self.inside.set()
            if self._gate is not None:
                assert self._gate.acquire(timeout=SOON)
            self.inside.clear()
            if len(self.history) + 1 == self.fails_at:
                weight[0] -= 1
                raise ValueError("the fake was told to fail")
            weight[1] += 1
        self.done[stage] += 1
        record = FakeRecord(stage, self.done[stage], len(self.history) + 1)
        self.history.append(record)
        return record
