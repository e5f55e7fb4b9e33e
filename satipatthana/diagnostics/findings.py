"""What the doctor looks at, and how a check says what it found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from satipatthana.configs import CurriculumConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data.bundle import DataBundle
from satipatthana.train.records import Holdings, Keyframe, StepRecord
from satipatthana.train.stages import STAGES, Stage

State = Literal["pass", "unknown", "warn", "fail"]
"""From good to bad; *unknown*: it cannot be told yet, and the evidence says why."""
ORDER: tuple[State, ...] = ("pass", "unknown", "warn", "fail")
NAMED = 3
"""Parameters named in a sentence at most."""


@dataclass(frozen=True, eq=False)
class Patient:
    """A run as it stands. Nothing of it is changed."""

    system: SatipatthanaSystem
    bundle: DataBundle
    curriculum: CurriculumConfig
    history: tuple[StepRecord, ...] = ()
    keyframes: tuple[Keyframe, ...] = ()
    holdings: Holdings | None = None
    """Of the optimizer of the present stage."""
    stages: tuple[Stage, ...] = STAGES
    """What each stage of this run does."""
    undisclosed: bool = False
    """Somebody is asked to find out for himself what this run has: symptoms may be named, causes may not. Whoever names
    them leaves that finding out."""

    @property
    def seed(self) -> int:
        return self.system.config.seed

    @property
    def steps(self) -> dict[int, int]:
        """Stage -> steps that it has taken; a stage that took none is left out."""
        return {record.stage: record.step for record in self.history}

    @property
    def stale(self) -> tuple[int, ...]:
        """Stages whose network went on learning in an earlier stage after them."""
        last = {record.stage: record.global_step for record in self.history}
        return tuple(stage for stage in sorted(last) if any(last[past] > last[stage] for past in last if past < stage))


@dataclass(frozen=True)
class Table:
    """Figures in rows; None is a figure that does not exist."""

    columns: tuple[str, ...]
    """Of the figures: the first column names the rows."""
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    key: str
    question: str
    state: State
    evidence: str
    remedy: str = ""
    """What to do; empty where nothing needs to be done."""
    table: Table | None = None


def worst(states: Iterable[State]) -> State:
    """The worst of some states; pass when there are none."""
    found: tuple[State, ...] = ("pass", *states)
    return max(found, key=ORDER.index)


def graded(value: float, warn: float, fail: float) -> State:
    """Below ``fail`` or not a number: fail; below ``warn``: warn."""
    return "pass" if value >= warn else "warn" if value >= fail else "fail"


def num(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}"


def share(value: float) -> str:
    """A share in [0, 1] as percent."""
    return f"{100 * value:.3g} %"


def named(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def by_stage(counts: Mapping[int, int]) -> str:
    """``stage 0: 126, stage 1: 630``."""
    return ", ".join(f"stage {stage}: {count:,}" for stage, count in sorted(counts.items()))
