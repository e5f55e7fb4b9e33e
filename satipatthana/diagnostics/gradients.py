"""Does learning reach what is to learn: what does the optimizer hold, what gets a gradient, and what has moved?"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from satipatthana.configs import CurriculumConfig
from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.diagnostics.observing import observing
from satipatthana.train.records import Holdings, Keyframe
from satipatthana.train.stages import STAGES, Batch, Stage, answer_features
from satipatthana.train.trainer import Samples, total_loss


@dataclass(frozen=True)
class StageGradients:
    """The gradients of one real batch of a stage's loss."""

    stage: int
    losses: dict[str, float]
    """"total" (weighted), then each unweighted term."""
    norms: dict[str, float]
    """Component -> 2-norm of its gradient."""
    without: tuple[str, ...]
    """Parameters that learn in this stage and that no gradient reached."""
    zero: tuple[str, ...]
    """Parameters whose gradient is exactly 0 in every entry."""
    detached: tuple[str, ...] = ()
    """Terms with a weight that no gradient can flow back from (failure 1)."""

    @property
    def norm(self) -> float:
        """2-norm of the whole gradient."""
        return float(torch.tensor(list(self.norms.values()), dtype=torch.float64).norm())


def learning(system: SatipatthanaSystem, stage: TrainingStage | int) -> dict[str, dict[str, Tensor]]:
    """Component -> name -> parameter of what learns in a stage; an empty component has nothing to learn."""
    components = system.components()
    return {name: dict(components[name].named_parameters(prefix=name)) for name in LEARNS[TrainingStage(stage)]}


def parameter_counts(system: SatipatthanaSystem, stage: TrainingStage | int) -> dict[str, int]:
    """Component -> how many numbers it learns in a stage."""
    return {
        name: sum(parameter.numel() for parameter in parameters.values())
        for name, parameters in learning(system, stage).items()
    }


def not_held(system: SatipatthanaSystem, held: Holdings) -> tuple[str, ...]:
    """Parameters that learn in the stage of the optimizer and that it does not hold (failure 2)."""
    names = [name for parameters in learning(system, held.stage).values() for name in parameters]
    return tuple(name for name in names if name not in held.held)


def gradients(
    system: SatipatthanaSystem,
    samples: Samples,
    curriculum: CurriculumConfig,
    stage: TrainingStage | int,
    *,
    seed: int,
    stages: tuple[Stage, ...] = STAGES,
) -> StageGradients:
    """One real batch of a stage's real loss, backwards through a copy: the network at hand is not touched.

    The batch is a function of (``seed``, stage).
    """
    stage = TrainingStage(stage)
    twin = copy.deepcopy(system)
    batch = _batch(twin, samples, curriculum, stage, seed)
    twin.set_stage(stage)
    terms = stages[stage].loss(twin, batch)
    total = total_loss(terms, batch.weights)
    if total.requires_grad:  # else nothing that learns stands on its path
        total.backward()
    grads = {name: _grads(parameters) for name, parameters in learning(twin, stage).items()}
    flat = {key: grad for found in grads.values() for key, grad in found.items()}
    return StageGradients(
        stage=int(stage),
        losses={"total": float(total.detach())} | {name: float(term.detach()) for name, term in terms.items()},
        norms={name: _norm(found) for name, found in grads.items()},
        without=tuple(key for key, grad in flat.items() if grad is None),
        zero=tuple(key for key, grad in flat.items() if grad is not None and not bool(grad.any())),
        detached=tuple(
            name for name, term in terms.items() if batch.weights.get(name, 0) > 0 and not term.requires_grad
        ),
    )


def unmoved(system: SatipatthanaSystem, keyframes: Sequence[Keyframe]) -> dict[int, tuple[str, ...]]:
    """Stage -> its parameters that are the same, to half precision, in its first and its last keyframe.

    A stage with fewer than two keyframes is left out: it cannot be told.
    """
    found: dict[int, tuple[str, ...]] = {}
    for stage in TrainingStage:
        mine = [keyframe for keyframe in keyframes if keyframe.stage == stage]
        if len(mine) < 2 or mine[-1].step == mine[0].step:
            continue
        names = [name for parameters in learning(system, stage).values() for name in parameters]
        # a part that was built after its stage began is in no keyframe before
        first = {name: value for keyframe in reversed(mine[:-1]) for name, value in keyframe.tensors.items()}
        last = mine[-1].tensors
        found[int(stage)] = tuple(
            name for name in names if name in first and name in last and torch.equal(first[name], last[name])
        )
    return found


def _batch(
    system: SatipatthanaSystem, samples: Samples, curriculum: CurriculumConfig, stage: TrainingStage, seed: int
) -> Batch:
    device = system.probes.device
    generator = generator_for(seed, "gradients", int(stage))
    rows = torch.randperm(len(samples.x), generator=generator)[: curriculum.batch_size]
    batch = Batch(
        samples.x[rows].to(device), samples.y[rows].to(device), generator, curriculum, curriculum.stage(stage).weights
    )
    if stage != TrainingStage.DECODER_FINETUNING:
        return batch
    # stage 3 learns from what the frozen parts make of the input
    with observing(system):
        features = torch.cat(answer_features(system, batch), dim=1)
    return dataclasses.replace(batch, x=features)


def _grads(parameters: Mapping[str, Tensor]) -> dict[str, Tensor | None]:
    return {name: parameter.grad for name, parameter in parameters.items()}


def _norm(grads: Mapping[str, Tensor | None]) -> float:
    norms = [grad.double().norm() for grad in grads.values() if grad is not None]
    return float(torch.stack(norms).norm()) if norms else 0.0
