"""What a page is told of a job: frozen, so that no thread sees it change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.train.records import StepRecord

State = Literal["idle", "training", "paused", "error"]


@dataclass(frozen=True)
class JobStatus:
    """What a page asks for four times a second."""

    state: State
    stage: int | None
    """The stage in training, or the last that was; None before the first."""
    step: int
    """Steps done in that stage."""
    until: int
    """The step at which the present order ends; equals `step` when there is none."""
    planned: int
    """The stage's plan; 0 before the first."""
    steps_per_second: float | None
    seconds_left: float | None
    """To the end of the present stage's order; None when nobody trains or the speed is not known yet."""
    waiting: tuple[int, ...]
    """Stages that follow."""
    seq: int
    """How many records there are in the history."""
    epoch: int
    """Changes when the run is replaced: the history starts again."""
    message: str
    """What went wrong, in one sentence; empty otherwise."""


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
    """The weights between two steps: a copy in eval mode on the CPU that nothing changes any more."""

    system: "SatipatthanaSystem"
    version: int
    """Two snapshots of a job with the same version hold the same weights."""
    seq: int
    """Records in the history at that moment."""
