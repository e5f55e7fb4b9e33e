"""How it came to this: the network at its keyframes, one after the other."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.status import Place
from lab.views.thought import StageMark

if TYPE_CHECKING:
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.train.records import Keyframe, StepRecord

STEPS = 1600  # of all frames of a replay together, each some kilobytes: long thoughts visit fewer keyframes
FEWEST = 8
MOVES = (0, 1)
"""Stages that move states; later ones change scores and answers only."""


def walk(
    system: "SatipatthanaSystem", keyframes: "Sequence[Keyframe]", chosen: Sequence[int]
) -> "Iterator[tuple[int, SatipatthanaSystem]]":
    """The network as it stood at the chosen keyframes, in order: one network, filled with what each stage left.

    It must not be kept, for the next turn changes it; building one for every keyframe would cost ten times as much.
    """
    from satipatthana.train.records import measured_once

    past = system.freshly_initialised().eval().requires_grad_(False)
    components, present = past.components(), system.components()
    last = last_move(keyframes, len(keyframes) - 1)
    for index in range(max(chosen, default=-1) + 1):
        grouped: dict[str, dict[str, Any]] = {}
        for key, value in keyframes[index].tensors.items():
            name, _, rest = key.partition(".")
            grouped.setdefault(name, {})[rest] = value  # load_state_dict widens half precision
        for name, tensors in grouped.items():
            components[name].load_state_dict(tensors | measured_once(present[name]))
        if index > last >= 0 and keyframes[index].stage not in MOVES:
            # Keys are fitted when a stage ends, after its last keyframe; from then on they are the present's.
            for name in system.samatha.vitakka.fitted_at_the_end:
                getattr(past.samatha.vitakka, name).copy_(getattr(system.samatha.vitakka, name))
        if index in chosen:
            yield index, past


def chosen_keyframes(keyframes: "Sequence[Keyframe]", before: int, length: int) -> list[int]:
    """Which keyframes a replay of thoughts of `length` steps visits: those before the present, evenly thinned."""
    older = [index for index, keyframe in enumerate(keyframes) if keyframe.global_step < before]
    most = max(FEWEST, STEPS // max(1, length))
    if len(older) <= most:
        return older
    places = np.linspace(0, len(older) - 1, most).round().astype(int)
    return [older[place] for place in dict.fromkeys(places.tolist())]


def last_move(keyframes: "Sequence[Keyframe]", index: int) -> int:
    """The last keyframe up to `index` of a stage that moves states; -1 when there is none."""
    return max((i for i in range(index + 1) if keyframes[i].stage in MOVES), default=-1)


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
