"""What a page is told of a run and its job: frozen, so that no thread sees it change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from satipatthana.configs import CurriculumConfig
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.train.records import Holdings, Keyframe, StepRecord
    from satipatthana.train.stages import Stage

State = Literal["idle", "training", "paused", "error"]


@dataclass(frozen=True)
class JobStatus:
    """What a page asks for twice a second."""

    state: State = "idle"
    stage: int | None = None
    """The stage in training, or the last that was; None before the first."""
    step: int = 0
    """Steps done in that stage."""
    until: int = 0
    """The step at which the present order ends; equals `step` when there is none."""
    planned: int = 0
    """The stage's plan; 0 before the first."""
    steps_per_second: float | None = None
    seconds_left: float | None = None
    """To the end of the present stage's order; None when nobody trains or the speed is not known yet."""
    waiting: tuple[int, ...] = ()
    """Stages that follow."""
    seq: int = 0
    """How many records there are in the history."""
    epoch: int = 0
    """Changes when the run is replaced: the history starts again."""
    message: str = ""
    """What went wrong, in one sentence; empty otherwise."""
    stopping: bool = False
    """It was told to stop, and the present step still runs."""


@dataclass(frozen=True)
class History:
    """Records number `start` and on. `whole` says that a page must forget what it had."""

    epoch: int
    start: int
    records: tuple["StepRecord", ...]
    whole: bool

    @property
    def seq(self) -> int:
        return self.start + len(self.records)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The network between two steps: a copy in eval mode on the CPU that nothing changes any more."""

    system: "SatipatthanaSystem"
    version: int
    """Two snapshots of a job with the same version hold the same weights."""
    epoch: int
    history: "tuple[StepRecord, ...]"
    keyframes: "tuple[Keyframe, ...]"
    holdings: "Holdings | None" = None
    """What the optimizer held then."""
    curriculum: "CurriculumConfig | None" = None
    """The plan, dials as they stood then."""
    stages: "tuple[Stage, ...] | None" = None
    """What each stage of this run does."""


@dataclass(frozen=True)
class RunInfo:
    """What a run is: its name, its data, the dials that it was begun with, the figures that it was saved with."""

    name: str
    data: str
    seed: int
    dim: int
    n_probes: int
    n_steps: int
    vicara: str
    sati: str
    vipassana: str
    upsampling: str
    device: str
    parameters: int
    skip: float
    push: float
    """Drunk: chance to skip a step, standard deviation of the noise on each other one."""
    threshold: float
    """Of the inference gate."""
    class_names: tuple[str, ...]
    x_shape: tuple[int, ...]
    n_samples: int
    """In the test split."""
    metrics: dict[str, Any] | None


@dataclass(frozen=True)
class Overview:
    """What stays on top of the page; `steps` counts over the whole run, `stages` are four states."""

    run: str
    data: str
    seed: int | None
    steps: int
    stages: tuple[str, ...]
    job: JobStatus


@dataclass(frozen=True)
class Place:
    """A moment of a run's training."""

    stage: int
    step: int
    global_step: int
    label: str
