"""The run of one visitor: opened, begun, reset, kept; and what was computed of it for the page's next look."""

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lab import runs, settings
from lab.jobs import JOBS, Job, JobError
from lab.kept import Kept
from lab.limits import BadInput, choice, label, number
from lab.registry import Full
from lab.runs import OpenRun, RunError, Shelf
from lab.status import JobStatus, RunInfo, Snapshot
from lab.thoughts import Thinker

if TYPE_CHECKING:
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DatasetInfo
    from satipatthana.data.bundle import Progress

R = TypeVar("R")
SAID = (BadInput, JobError, RunError, Full)
"""What a session raises on purpose: the message says what was wrong and what to do."""
KEPT = 24  # answers kept for the page's next look
KEYFRAMES_KEPT = 4


@dataclass(frozen=True, eq=False)
class Opened:
    """A run with everything that belongs to it; swapped as a whole."""

    run: OpenRun
    job: Job
    thinker: Thinker
    epoch: int

    def snapshot(self) -> Snapshot:
        """The weights now. Raises RunError when another run has taken the place of this one."""
        snapshot = self.job.snapshot()
        if snapshot.epoch != self.epoch:
            raise RunError("The run was replaced meanwhile. Try again.")
        return snapshot


class Visit:
    """The run of one visitor. May be asked from several threads."""

    def __init__(self, shelf: Shelf | None = None, data_dir: Path | None = None) -> None:
        self.shelf = shelf or Shelf()
        self.data_dir = data_dir
        self._changing = threading.RLock()  # one change of run at a time
        self._opened: Opened | None = None
        self._job_id = ""
        self._saved = 0  # records of the open run that are on the shelf too
        self._before: OpenRun | None = None  # it had steps that were not saved when another took its place
        self._before_saved = 0
        self._kept, self._past = Kept(KEPT), Kept(KEYFRAMES_KEPT)

    def open_first(self, run: str | None = None, data: str | None = None, preset: str | None = None) -> RunInfo:
        """What the page opens on, unless there is a run already: the named one, a fresh one on `data` or of `preset`,
        the shipped."""
        with self._changing:
            if self._opened is not None:
                return self.run_info()
            if run is None and data is None and preset is None and runs.HEALTHY in self.shelf.names():
                run = runs.HEALTHY
            if run is not None:
                return self.open_run(run)
            return self.new_run({"data": data or settings.DATASETS[0], "preset": preset or settings.PRESETS[0]})

    def open_run(self, name: Any) -> RunInfo:
        """Opens a run of the shelf in the place of the present one."""
        name = choice(name, self.shelf.names(), "Run")
        with self._changing, said():
            return self._take(runs.open_run(self.shelf.folder(name), name, self.data_dir, runs.device_of("auto")))

    def new_run(self, sent: Mapping[str, Any], progress: "Progress | None" = None) -> RunInfo:
        """Begins an untrained run in the place of the present one. `progress` is told of a download."""
        new = settings.checked(sent)
        with self._changing, said():
            bundle = runs.bundle_of(new.data, self.data_dir, progress)
            config = settings.run_config(new, bundle.x_shape, bundle.n_classes)
            return self._take(runs.begin(config, bundle, runs.device_of(new.device)))

    def reset(self, seed: Any = None) -> RunInfo:
        """The same run before any training, dials as they stand; with another seed if one is given."""
        with self._changing, said():
            run = self.now.run
            trainer = run.trainer
            fresh = run.config.seed if seed is None else number(seed, *settings.SEEDS, "Seed", integer=True)
            config = dataclasses.replace(run.config, seed=fresh, curriculum=trainer.curriculum)
            device = str(trainer.system.probes.device)
            return self._take(runs.begin(config, run.bundle, device, origin=run.origin))

    def save(self, name: Any) -> Path:
        """Keeps the run on the shelf as it stands between two steps."""
        name, now = label(name, "Run name"), self.now

        def keep(trainer: Any) -> Path:
            folder = runs.keep(now.run, self.shelf, name)
            self._saved = len(trainer.history)
            return folder

        with self._changing, said():  # so that it is still this run that has been saved
            return now.job.between_steps(keep)

    def go_back(self) -> RunInfo:
        """Opens the run again that had unsaved steps when another took its place. Raises RunError when there is
        none."""
        with self._changing, said():
            before, saved = self._before, self._before_saved
            if before is None:
                raise RunError("There is no run to go back to: the one before had nothing that was not saved.")
            info = self._take(before)
            self._saved = saved
            if self._before is before:  # the run that was left just now had nothing to lose
                self._before = None
            return info

    @property
    def before(self) -> str:
        """Name of the run to go back to; empty when there is none."""
        return "" if self._before is None else self._before.name

    @property
    def unsaved_steps(self) -> int:
        """Steps that would be lost if another run took the place of this one."""
        return max(0, self.status().seq - self._saved)

    def run_info(self) -> RunInfo:
        """What the run is. Raises RunError when none is open."""
        run = self.now.run
        config, samatha = run.config, run.config.samatha
        system = run.trainer.system
        return RunInfo(
            name=run.name,
            data=config.data,
            seed=config.seed,
            dim=samatha.vitakka.dim,
            n_probes=samatha.vitakka.n_probes,
            n_steps=samatha.sati.n_steps,
            vicara=samatha.vicara.kind,
            sati=samatha.sati.kind,
            vipassana=config.vipassana.kind,
            upsampling=config.recon.upsampling,
            device=str(system.probes.device),
            parameters=sum(parameter.numel() for parameter in system.parameters()),
            skip=samatha.drunk_skip_prob,
            push=samatha.drunk_perturbation_std,
            threshold=samatha.vitakka.inference_gate_threshold,
            class_names=run.bundle.class_names,
            x_shape=config.x_shape,
            n_samples=len(run.bundle.test),
            metrics=run.metrics,
        )

    def datasets(self) -> "tuple[DatasetInfo, ...]":
        """What can be learned from, and why not where it cannot."""
        from satipatthana.data import available_datasets

        return available_datasets()

    def status(self) -> JobStatus:
        """How the job is; cheap enough to ask twice a second."""
        return JobStatus() if self._opened is None else self._opened.job.status()

    @property
    def now(self) -> Opened:
        """The open run. Raises RunError when there is none."""
        if self._opened is None:
            raise RunError("No run is open. Open one, or begin a new one under Train.")
        return self._opened

    @property
    def busy(self) -> bool:
        """Whether its job has an order, a paused one too: then it outlives its page."""
        return self._opened is not None and self._opened.job.under_way

    @property
    def has_work(self) -> bool:
        """Whether another run in its place would end an order or leave unsaved steps behind."""
        return self.busy or (self._opened is not None and self.unsaved_steps > 0)

    def close(self) -> None:
        """Ends the job; nothing is asked afterwards."""
        with self._changing:
            self._opened = None
            if self._job_id:
                JOBS.drop(self._job_id)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _take(self, run: OpenRun) -> RunInfo:
        if self._opened is None:
            job = Job(run.trainer)
            self._job_id = JOBS.add(job)
        else:
            job = self._opened.job
            job.stop()
            if self.unsaved_steps:  # nothing is lost by opening another
                self._before, self._before_saved = self._opened.run, self._saved
            job.replace(run.trainer)
        self._opened = Opened(run, job, Thinker(run.bundle), job.status().epoch)
        self._saved = len(run.trainer.history)
        self._kept.clear()
        self._past.clear()
        return self.run_info()

    def _keep(self, key: Any, make: Callable[[], R]) -> R:
        """The answer kept under this key, or a new one. A key holds the version of the weights, or the epoch."""
        return self._kept.get(key, make)

    def _at_keyframe(self, now: Opened, index: int) -> "SatipatthanaSystem":
        # in eval mode: two that look at it at once then have no flag to give back to it
        return self._past.get((now.epoch, index), lambda: now.run.trainer.at_keyframe(index).eval())


@contextmanager
def said() -> Iterator[None]:
    """Errors of the network's own package, which are sentences already, become the page's."""
    try:
        yield
    except SAID:
        raise
    except ValueError as error:  # ConfigError, DataError, CheckpointError
        raise RunError(str(error)) from error
    except RuntimeError as error:
        from satipatthana.train.trainer import TrainingError

        if not isinstance(error, TrainingError):
            raise
        raise RunError(str(error)) from error
