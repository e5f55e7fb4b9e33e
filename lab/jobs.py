"""One background job per visitor: it owns the trainer, the page only looks at it.

The trainer's generator is driven step by step in a thread of its own, so a reload, a closed laptop or a
second tab neither stops nor forks it. Between two steps the job serves whoever asked, in the order of asking.
"""

import atexit
import copy
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from lab.fair import FairLock
from lab.registry import Registry
from lab.status import History, JobStatus, Snapshot, State

if TYPE_CHECKING:
    from satipatthana.train.records import StageProgress
    from satipatthana.train.trainer import SatipatthanaTrainer

R = TypeVar("R")
STAGES = (0, 1, 2, 3)
SPEED_WINDOW_S = 3.0  # the speed shown is that of the last seconds,
SPEED_STEPS = 10  # or of so many steps, where they take longer
MAX_JOBS = 32

log = logging.getLogger(__name__)


class JobError(RuntimeError):
    """A command that cannot be followed now; the message says why and what to do."""


class Job:
    """A trainer in the background. Every method may be called from any thread.

    `turn` is the one place for a scheduler: a context that a step of this job is taken in.
    """

    def __init__(
        self,
        trainer: "SatipatthanaTrainer",
        turn: Callable[["Job"], AbstractContextManager[object]] = lambda job: nullcontext(),
    ) -> None:
        self._trainer = trainer
        self._turn = turn
        self._between = FairLock()  # held during a step, and by whoever looks between two
        self._changed = threading.Condition()  # guards everything below, held for moments only
        self._commands = threading.RLock()  # one command at a time
        self._thread: threading.Thread | None = None
        self._orders: deque[tuple[int, int | None]] = deque()
        self._working = self._paused = self._stopping = self._closed = False
        self._error: Exception | None = None
        self._message = ""
        self._stage: int | None = None
        self._step = self._until = self._planned = 0
        self._times: deque[float] = deque()
        self._version = self._epoch = 0
        self._snapshot: Snapshot | None = None

    # --- looking --------------------------------------------------------------------------------------------

    def status(self) -> JobStatus:
        """Cheap: waits for no step."""
        with self._changed:
            state: State = "error" if self._message else "idle"
            if self._working:
                state = "paused" if self._paused else "training"
            speed = self._speed() if state == "training" else None
            left = (self._until - self._step) / speed if speed else None
            waiting = tuple(stage for stage, _ in list(self._orders)[1:])
            return JobStatus(
                state=state,
                stage=self._stage,
                step=self._step,
                until=self._until if self._working else self._step,
                planned=self._planned,
                steps_per_second=speed,
                seconds_left=left,
                waiting=waiting if self._working else (),
                seq=len(self._trainer.history),
                epoch=self._epoch,
                message=self._message,
                stopping=self._stopping,
            )

    def progress(self) -> tuple["StageProgress", ...]:
        """How far the four stages are; waits for no step."""
        return tuple(self._trainer.progress(stage) for stage in STAGES)

    def history_since(self, seq: int = 0, epoch: int | None = None) -> History:
        """The records that a page lacks that holds `seq` of run `epoch`; all if it holds another run's."""
        with self._changed:
            history = self._trainer.history
            whole = seq > len(history) or (epoch is not None and epoch != self._epoch)
            start = 0 if whole else max(0, seq)
            return History(self._epoch, start, tuple(history[start:]), whole)

    def take_error(self) -> Exception | None:
        """The error that ended the last order, once: the second call gives None. The message stays."""
        with self._changed:
            error, self._error = self._error, None
            return error

    def between_steps(self, look: Callable[["SatipatthanaTrainer"], R]) -> R:
        """What `look` returns, called in this thread while no step is taken; at once when nobody trains."""
        with self._between:
            return look(self._trainer)

    def snapshot(self) -> Snapshot:
        """A consistent copy of the weights; the same object as long as they have not changed."""
        with self._between:
            if self._snapshot is None or self._snapshot.version != self._version:
                trainer = self._trainer
                system = copy.deepcopy(trainer.system).cpu().eval().requires_grad_(False)
                history, keyframes = tuple(trainer.history), tuple(trainer.keyframes)
                self._snapshot = Snapshot(
                    system,
                    self._version,
                    self._epoch,
                    history,
                    keyframes,
                    trainer.holdings(),
                    trainer.curriculum,
                    trainer.stages,
                )
            return self._snapshot

    @property
    def version(self) -> int:
        """Of the weights: grows whenever they may have changed."""
        return self._version

    @property
    def busy(self) -> bool:
        """Whether there is an order that has not ended; a paused one does not count."""
        return self._working and not self._paused

    @property
    def under_way(self) -> bool:
        """Whether there is an order, followed now or paused: somebody means to come back to it."""
        return self._working

    # --- commands -------------------------------------------------------------------------------------------

    def train(self, stage: int, n_steps: int | None = None) -> None:
        """Starts `n_steps` more of a stage, or what its plan has left; a paused order is ended for it.

        Raises JobError while another order is followed, and when the plan has nothing left.
        """
        self._start([(stage, n_steps)])

    def train_all(self, stages: Sequence[int] = STAGES) -> None:
        """Starts what is left of the plan of these stages, one after the other."""
        self._start([(stage, None) for stage in stages])

    def pause(self) -> None:
        """Waits after the present step, weights and place kept. Nothing happens when nobody trains."""
        with self._changed:
            self._paused = self._working

    def resume(self) -> None:
        """Goes on after a pause."""
        with self._changed:
            self._paused = False
            self._times.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends the order after the present step and waits for that; what was learned stays."""
        with self._commands, self._changed:
            if self._working:
                self._stopping = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._working)

    def replace(self, trainer: "SatipatthanaTrainer") -> None:
        """Another run in the place of this one: the present order is stopped, the history starts again."""
        with self._commands:
            self.stop()
            with self._between, self._changed:
                self._trainer = trainer
                self._epoch += 1
                self._version += 1
                self._stage, self._step, self._until, self._planned = None, 0, 0, 0
                self._message, self._error = "", None

    def close(self) -> None:
        """Stops and ends the thread. The job takes no order afterwards."""
        with self._commands:
            self.stop()
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            if self._thread is not None:
                self._thread.join()

    # --- the thread -----------------------------------------------------------------------------------------

    def _start(self, orders: list[tuple[int, int | None]]) -> None:
        with self._commands:
            if self.busy:
                raise JobError(f"Stage {self._stage} is in training. Pause or stop it first.")
            self.stop()  # a paused one
            progress = self.progress()
            # from the first with something left on: what follows it will be stale by the time it is its turn
            while orders and orders[0][1] is None and not progress[orders[0][0]].left:
                orders = orders[1:]
            if not orders:
                raise JobError("Every step of the plan is done. Add steps with +50, or reset and begin again.")
            with self._changed:
                if self._closed:
                    raise JobError("This run has been closed. Reload the page.")
                self._orders.extend(orders)
                self._working, self._paused, self._stopping = True, False, False
                self._message, self._error = "", None
                # said at once: a page that asks now must not still see the last order
                self._begin(*orders[0])
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="training", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._orders)
                if self._closed:
                    return
                stage, n = self._orders[0]
                n = self._begin(stage, n)
            try:
                if n:
                    self._drive(stage, n)
            except Exception as error:
                self._keep(error, stage)
            with self._changed:
                if self._stopping or self._message:
                    self._orders.clear()
                else:
                    self._orders.popleft()
                if not self._orders:
                    self._working = self._paused = self._stopping = False
                    self._changed.notify_all()

    def _begin(self, stage: int, n: int | None) -> int:
        progress = self._trainer.progress(stage)
        n = progress.left if n is None else n
        self._stage, self._step, self._planned = stage, progress.done, progress.planned
        self._until = progress.done + n
        self._times.clear()
        return n

    def _drive(self, stage: int, n: int) -> None:
        steps = iter(self._trainer.steps(stage, n))
        try:
            while self._may_go_on():
                with self._turn(self), self._between:
                    try:
                        record = next(steps, None)
                    finally:
                        self._version += 1
                if record is None:
                    return
                with self._changed:
                    self._step = self._trainer.progress(stage).done
                    self._times.append(time.monotonic())
        finally:
            with self._between:
                try:
                    steps.close()  # type: ignore[attr-defined]  # between two yields: leaves everything consistent
                finally:
                    self._version += 1

    def _may_go_on(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: not self._paused or self._stopping)
            return not self._stopping

    def _keep(self, error: Exception, stage: int) -> None:
        from satipatthana.train.trainer import TrainingError

        said = str(error)
        if not isinstance(error, TrainingError):
            log.error("training of stage %d failed", stage, exc_info=error)
            said = f"{type(error).__name__}: {said}"
        with self._changed:
            self._error = error
            self._message = f"Stage {stage} stopped after step {self._step}. {said}"

    def _speed(self) -> float | None:
        while self._times and self._times[0] < time.monotonic() - SPEED_WINDOW_S and len(self._times) > SPEED_STEPS:
            self._times.popleft()
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return None
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])


JOBS: Registry[Job] = Registry("job", MAX_JOBS, busy=lambda job: job.under_way, let_go=lambda job: job.close())
# a thread inside torch must not be cut off by the end of the interpreter
atexit.register(JOBS.clear)
