"""What training leaves behind: step records, a stage's progress, keyframes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage

MOVES = (TrainingStage.ADAPTER_PRETRAINING, TrainingStage.SAMATHA_TRAINING)
"""Stages that move states; later ones change scores and answers only."""
MAX_KEYFRAME_BYTES = 40_000_000
"""Of one run, about as many as they take in its folder."""

StageState = Literal["untrained", "training", "done", "stale"]


@dataclass(frozen=True)
class StepRecord:
    """One training step. ``step`` counts from 1 within the stage, ``global_step`` over the run."""

    stage: int
    step: int
    global_step: int
    losses: dict[str, float]
    """"total" (weighted), then each unweighted term."""
    learning_rate: float
    grad_norm: float
    samples_per_second: float
    """Wall-clock speed of this step: the one field that is not a function of seed and settings."""
    vitals: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StepRecord":
        return cls(**data)


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is."""

    stage: TrainingStage
    done: int
    """Steps of the present plan. A plan begins anew when an earlier stage is trained: what was learnt then is stale."""
    planned: int
    state: StageState
    last_loss: float | None
    ever: int
    """Steps over all plans."""

    @property
    def left(self) -> int:
        """What the plan has left."""
        return max(0, self.planned - self.done)


@dataclass(frozen=True)
class Keyframe:
    """The weights that a stage trains, as they stood after ``step`` of its steps, in half precision."""

    stage: int
    step: int
    global_step: int
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Holdings:
    """What the optimizer of a stage holds, by name of the parameter, as "vicara.inject.weight"."""

    stage: int
    held: frozenset[str]
    stepped: frozenset[str]
    """Those that it has moved at least once: it remembers their gradients."""
    others: int
    """Tensors that it holds and that are no parameter of this network: another network's, or replaced since."""


def keyframe_steps(planned: int, count: int) -> list[int]:
    """About ``count`` steps, log-spaced over the plan: 0, 1, ... planned."""
    if count <= 0:
        return []
    spaced = [round(planned ** (index / max(1, count - 2))) for index in range(count - 1)]
    return sorted({0, *spaced, planned})


def is_keyframe(step: int, planned: int, count: int) -> bool:
    """Whether a snapshot is due after ``step``; past the plan every half plan."""
    if count > 0 and step > planned:
        return (step - planned) % max(1, planned // 2) == 0
    return step in keyframe_steps(planned, count)


def capture(system: SatipatthanaSystem, stage: TrainingStage, step: int, global_step: int) -> Keyframe:
    """A keyframe of what ``stage`` trains: parameters and buffers, copied to the CPU. What was only measured of the
    data is not in it: that is large, and always the same."""
    tensors: dict[str, Tensor] = {}
    components = system.components()
    for name in LEARNS[stage]:
        component = components[name]
        apart = (*getattr(component, "measured_at_the_start", ()), *getattr(component, "measured_at_the_end", ()))
        for key, value in component.state_dict().items():
            if not key.startswith(apart):
                kept = value.half() if value.is_floating_point() else value
                tensors[f"{name}.{key}"] = kept.detach().to("cpu", copy=True)
    return Keyframe(int(stage), step, global_step, tensors)


def add_keyframe(keyframes: list[Keyframe], keyframe: Keyframe, limit: int = MAX_KEYFRAME_BYTES) -> None:
    """Append, and while all of them together take more than ``limit`` bytes, drop the one that is missed least: of
    those between two others of their stage, the one with the narrowest gap around it on the logarithm of the step."""
    keyframes.append(keyframe)
    while sum(map(_bytes, keyframes)) > limit:
        gaps = [
            (math.log((after.step + 1) / (before.step + 1)), index)
            for index, (before, own, after) in enumerate(zip(keyframes, keyframes[1:], keyframes[2:], strict=False), 1)
            if before.stage == own.stage == after.stage
        ]
        del keyframes[min(gaps)[1] if gaps else 0]


def rebuild(system: SatipatthanaSystem, keyframes: Sequence[Keyframe], index: int) -> SatipatthanaSystem:
    """The network as it stood at ``keyframes[index]``: a new one, frozen; parts not yet trained as initialised."""
    if not -len(keyframes) <= index < len(keyframes):
        raise IndexError(f"Keyframe {index} of {len(keyframes)}; train a stage to get some.")
    place = index % len(keyframes)
    return next(past for at, past in walk(system, keyframes, [place]) if at == place)


def walk(
    system: SatipatthanaSystem, keyframes: Sequence[Keyframe], chosen: Sequence[int]
) -> Iterator[tuple[int, SatipatthanaSystem]]:
    """The network as it stood at the chosen keyframes, in order: one network, filled with what each stage left.

    The next turn changes it; building one for every keyframe would cost ten times as much.
    """
    past = system.freshly_initialised().eval().requires_grad_(False)
    components, present = past.components(), system.components()
    last = last_move(keyframes, len(keyframes) - 1)
    for index in range(max(chosen, default=-1) + 1):
        grouped: dict[str, dict[str, Tensor]] = {}
        for key, value in keyframes[index].tensors.items():
            name, _, rest = key.partition(".")
            grouped.setdefault(name, {})[rest] = value  # load_state_dict widens half precision
        for name, tensors in grouped.items():
            own = components[name].state_dict()
            components[name].load_state_dict(own | tensors)
            _copy(present[name], components[name], "measured_at_the_start")
        if index > last >= 0 and keyframes[index].stage not in MOVES:
            # Keys are fitted when a stage ends, after its last keyframe; from then on they are the present's.
            for name in components:
                _copy(present[name], components[name], "measured_at_the_end")
        if index in chosen:
            yield index, past


def last_move(keyframes: Sequence[Keyframe], index: int) -> int:
    """The last keyframe up to ``index`` of a stage that moves states; -1 when there is none."""
    return max((i for i in range(index + 1) if keyframes[i].stage in MOVES), default=-1)


def _copy(present: nn.Module, past: nn.Module, what: str) -> None:
    prefixes = getattr(present, what, ())
    if prefixes:
        kept = {key: value for key, value in present.state_dict().items() if key.startswith(prefixes)}
        past.load_state_dict(past.state_dict() | kept)


def _bytes(keyframe: Keyframe) -> int:
    return sum(value.nbytes for value in keyframe.tensors.values())
