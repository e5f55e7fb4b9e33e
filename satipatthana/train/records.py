"""What training leaves behind: step records, a stage's progress, keyframes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage

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
    planned: int
    state: StageState
    last_loss: float | None


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
    """A keyframe of what ``stage`` trains: parameters and buffers, copied to the CPU."""
    tensors: dict[str, Tensor] = {}
    components = system.components()
    for name in LEARNS[stage]:
        apart = measured_once(components[name])
        for key, value in components[name].state_dict().items():
            if key in apart:
                continue
            kept = value.half() if value.is_floating_point() else value
            tensors[f"{name}.{key}"] = kept.detach().to("cpu", copy=True)
    return Keyframe(int(stage), step, global_step, tensors)


def measured_once(component: nn.Module) -> dict[str, Tensor]:
    """What a component measured of the data before it learned: no keyframe keeps it, being large and always the same.
    An earlier moment is shown with the present's."""
    prefixes = getattr(component, "measured_once", ())
    return {key: value for key, value in component.state_dict().items() if key.startswith(prefixes)} if prefixes else {}


def rebuild(system: SatipatthanaSystem, keyframes: Sequence[Keyframe], index: int) -> SatipatthanaSystem:
    """The network as it stood at ``keyframes[index]``: a new one, frozen; parts not yet trained as initialised."""
    if not -len(keyframes) <= index < len(keyframes):
        raise IndexError(f"Keyframe {index} of {len(keyframes)}; train a stage to get some.")
    past = system.freshly_initialised()
    merged: dict[str, Tensor] = {}
    for keyframe in keyframes[: index % len(keyframes) + 1]:
        merged.update(keyframe.tensors)
    for name, component in past.components().items():
        own = {key.removeprefix(f"{name}."): value for key, value in merged.items() if key.startswith(f"{name}.")}
        if own:
            apart = measured_once(system.components()[name])
            component.load_state_dict({key: _widen(value) for key, value in own.items()} | apart)
    return past


def _widen(value: Tensor) -> Tensor:
    return value.float() if value.dtype == torch.float16 else value
