"""How it came to this: which moments of a run's training are shown, and what they are called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lab.status import Place
from lab.views.thought import StageMark

if TYPE_CHECKING:
    from satipatthana.train.records import Keyframe, StepRecord

STEPS = 1600  # of all frames of a replay together, each some kilobytes: long thoughts visit fewer keyframes
FEWEST = 8


def chosen_keyframes(keyframes: "Sequence[Keyframe]", before: int, length: int) -> list[int]:
    """Which keyframes a replay of thoughts of `length` steps visits: those before the present, evenly thinned."""
    older = [index for index, keyframe in enumerate(keyframes) if keyframe.global_step < before]
    most = max(FEWEST, STEPS // max(1, length))
    if len(older) <= most:
        return older
    places = np.linspace(0, len(older) - 1, most).round().astype(int)
    return [older[place] for place in dict.fromkeys(places.tolist())]


def stage_marks(history: "Sequence[StepRecord]") -> tuple[StageMark, ...]:
    """Where each stretch of one stage began and ended, in steps over the whole run."""
    marks: list[StageMark] = []
    for record in history:
        last = marks[-1] if marks else None
        if last is not None and last.stage == record.stage:
            marks[-1] = StageMark(last.stage, last.start, record.global_step)
        else:
            marks.append(StageMark(record.stage, last.end if last else 0, record.global_step))
    return tuple(marks)


def place(at: "StepRecord | Keyframe | None") -> Place:
    """Where in the run a record or keyframe stands; None is the network before any training."""
    if at is None or at.global_step == 0:
        return Place(0, 0, 0, "before training")
    return Place(at.stage, at.step, at.global_step, f"stage {at.stage}, step {at.step}")
