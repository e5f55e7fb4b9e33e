"""SatipatthanaTrainer: the curriculum as a generator. The caller draws, saves, pauses and stops."""

import dataclasses
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from satipatthana.configs import CurriculumConfig, RunConfig, StageConfig
from satipatthana.core.system import SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.train.records import (
    Holdings,
    Keyframe,
    StageProgress,
    StepRecord,
    add_keyframe,
    capture,
    is_keyframe,
    rebuild,
)
from satipatthana.train.stages import STAGES, Action, Batch, Stage, Terms, answer_features

Vitals = Callable[[SatipatthanaSystem, TrainingStage], Mapping[str, float]]

FEATURE_COPIES = 3
"""Stage 3 caches the features of this many differently noised and shifted copies of the training set."""


class TrainingError(RuntimeError):
    """Training cannot go on; the message says which term or setting, at which step, and what to do."""


@runtime_checkable
class Samples(Protocol):
    """A data set held in memory: x (N, ...) float32 in [-1, 1], y (N,) int64."""

    @property
    def x(self) -> Tensor: ...
    @property
    def y(self) -> Tensor: ...


def learning_rate(plan: StageConfig, step: int, floor: float) -> float:
    """The rate of a stage's step (from 0), a pure function: past the plan it stays at ``floor`` of the peak."""
    peak, position = plan.learning_rate, step / plan.n_steps
    if step >= plan.n_steps:
        return peak * floor
    if plan.schedule == "constant":
        return peak
    if plan.schedule == "linear":
        return peak * (1 - position)
    # one cycle: up from 1/25 over the first 30 %, then down to nothing, both along a cosine
    warm = 0.3
    if position < warm:
        return peak * (1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * position / warm)) / 2)
    return peak * (1 + math.cos(math.pi * (position - warm) / (1 - warm))) / 2


def total_loss(terms: Terms, weights: Mapping[str, float]) -> Tensor:
    """What is minimised: the weighted sum of a stage's terms; ``floor``, what soft targets leave at best, is none."""
    return torch.stack([weights.get(name, 0.0) * term for name, term in terms.items() if name != "floor"]).sum()


class SatipatthanaTrainer:
    """Trains a system stage by stage.

    Data order, noise and every other chance of a step are functions of (seed, stage, step), so that 100 steps are
    50 + 50, are pause and resume, are save and load, bit for bit.
    """

    def __init__(
        self,
        system: SatipatthanaSystem,
        train_dataset: Samples,
        *,
        validation_dataset: Samples | None = None,
        curriculum: CurriculumConfig | None = None,
        seed: int | None = None,
        stages: tuple[Stage, ...] = STAGES,
        diversity_weight: float | None = None,
        vitals: Vitals | None = None,
        vitals_every: int = 25,
    ) -> None:
        """``curriculum`` and ``seed`` default to those of the system's config; ``stages`` say what each of the four
        does. ``vitals`` is called every ``vitals_every`` steps and must leave the weights as it found them. Raises
        TrainingError on a data set that is empty, of another shape than the system's input, or not finite."""
        config = system.config
        own = config.curriculum if isinstance(config, RunConfig) else CurriculumConfig()
        self.system = system
        self.train_dataset = train_dataset
        self.validation_dataset = validation_dataset
        self.curriculum = own if curriculum is None else curriculum
        self.seed = config.seed if seed is None else seed
        self.stages = stages
        self.vitals = vitals
        self.vitals_every = vitals_every
        self.history: list[StepRecord] = []
        self.keyframes: list[Keyframe] = []
        self._done = dict.fromkeys(TrainingStage, 0)
        self._began = dict.fromkeys(TrainingStage, 0)  # steps of each stage before its present plan
        self._stale: set[TrainingStage] = set()
        self._current: TrainingStage | None = None
        self._optimizer: torch.optim.AdamW | None = None
        self._moments: dict[str, Tensor] = {}  # of a loaded run, until its optimizer is needed
        self._features: tuple[Tensor, Tensor] | None = None
        self._order: tuple[tuple[int, int], Tensor] | None = None
        if len(train_dataset.x) == 0:
            raise TrainingError("The training set is empty; give it at least one sample.")
        shape = tuple(train_dataset.x.shape[1:])
        if shape != tuple(config.x_shape):
            raise TrainingError(f"Samples have shape {shape}, the system expects {tuple(config.x_shape)}.")
        if not bool(train_dataset.x.isfinite().all()):
            bad = int((~train_dataset.x.isfinite().flatten(1).all(dim=1)).nonzero()[0])
            raise TrainingError(f"Sample {bad} of the training set holds a value that is not finite; mend or drop it.")
        if diversity_weight is not None:
            self.set_weight(TrainingStage.SAMATHA_TRAINING, "diversity", diversity_weight)

    # --- driving --------------------------------------------------------------------------------------------------

    def steps(self, stage: TrainingStage | int, n: int) -> Iterator[StepRecord]:
        """``n`` more steps of ``stage``, one record each. Close the generator to stop: nothing is left half done.

        Raises TrainingError when nothing can learn, or when a loss or gradient is not finite; the weights then stay
        the last finite ones.
        """
        stage = TrainingStage(stage)
        if n < 0:
            raise TrainingError(f"n is {n}; ask for 0 or more steps.")
        if n == 0:
            return
        if self._current != stage:
            self._enter(stage)
        try:
            for _ in range(n):
                if self._current != stage:
                    raise TrainingError(f"Stage {int(stage)} was left for another while it ran; start it again.")
                yield self._step(stage)
        finally:
            # A generator that was never closed is closed when the interpreter ends: too late to measure anything.
            if self._current == stage and not sys.is_finalizing():
                self._act(stage, self.stages[stage].leave)
                self.system.set_stage(stage)

    def train_stage(
        self, stage: TrainingStage | int, num_epochs: int | None = None, n_steps: int | None = None
    ) -> list[StepRecord]:
        """Drain ``steps``: ``n_steps``, or ``num_epochs`` over the data, or what is left of the plan."""
        stage = TrainingStage(stage)
        if n_steps is None:
            left = self.progress(stage).left
            n_steps = left if num_epochs is None else num_epochs * self._batches_per_epoch(self._length(stage))
        return list(self.steps(stage, n_steps))

    def run_curriculum(self) -> list[StepRecord]:
        """The four stages, each as far as it is planned."""
        return [record for stage in TrainingStage for record in self.train_stage(stage)]

    # --- what is known ------------------------------------------------------------------------------------------

    @property
    def global_step(self) -> int:
        """Steps taken over the whole run."""
        return self.history[-1].global_step if self.history else 0

    def holdings(self) -> Holdings | None:
        """What the optimizer of the present stage holds; None before the first stage. It makes no optimizer."""
        if self._current is None:
            return None
        if self._optimizer is None:  # it will be made of all that learns, and remember what was saved
            learning = frozenset(self._learning_parameters(self._current))
            return Holdings(int(self._current), learning, frozenset(key.partition("|")[0] for key in self._moments), 0)
        names = {
            id(parameter): name
            for component, part in self.system.components().items()
            for name, parameter in part.named_parameters(prefix=component)
        }
        held = [id(parameter) for group in self._optimizer.param_groups for parameter in group["params"]]
        known = frozenset(names[key] for key in held if key in names)
        stepped = frozenset(names[id(parameter)] for parameter in self._optimizer.state if id(parameter) in names)
        return Holdings(int(self._current), known, stepped, len(held) - len(known))

    def progress(self, stage: TrainingStage | int) -> StageProgress:
        """How far a stage is, and whether an earlier one was trained after it (stale)."""
        stage = TrainingStage(stage)
        ever, planned = self._done[stage], self.curriculum.stage(stage).n_steps
        done = ever - self._began[stage]
        last = next((record.losses["total"] for record in reversed(self.history) if record.stage == stage), None)
        if stage in self._stale:
            state = "stale"
        else:
            state = "untrained" if ever == 0 else "done" if done >= planned else "training"
        return StageProgress(stage, done, planned, state, last, ever)

    def at_keyframe(self, index: int) -> SatipatthanaSystem:
        """The network as it stood at a keyframe, as a new frozen system."""
        return rebuild(self.system, self.keyframes, index)

    # --- dials --------------------------------------------------------------------------------------------------

    def set_learning_rate(self, stage: TrainingStage | int, rate: float) -> None:
        """Change the peak learning rate of a stage from its next step on. Raises ConfigError out of range."""
        self._replan(stage, learning_rate=rate)

    def set_weight(self, stage: TrainingStage | int, term: str, weight: float) -> None:
        """Change the weight of a loss term from the stage's next step on. Raises ConfigError for an unknown term."""
        self._replan(stage, weights={**self.curriculum.stage(int(stage)).weights, term: weight})

    def begin_plan(self, stage: TrainingStage | int, n_steps: int) -> None:
        """A plan of so many steps begins where the stage stands now: its schedule starts anew, its weights go on.
        Raises ConfigError for a number of steps out of range."""
        stage = TrainingStage(stage)
        self._replan(stage, n_steps=n_steps)
        self._began[stage] = self._done[stage]

    def _replan(self, stage: TrainingStage | int, **changes: Any) -> None:
        plan = dataclasses.replace(self.curriculum.stage(int(stage)), **changes)
        self.curriculum = dataclasses.replace(self.curriculum, **{f"stage{int(stage)}": plan})

    # --- one step -----------------------------------------------------------------------------------------------

    def _step(self, stage: TrainingStage) -> StepRecord:
        began = time.perf_counter()
        plan, index = self.curriculum.stage(stage), self._done[stage]
        planned_step = index - self._began[stage] + 1
        optimizer = self.optimizer
        assert optimizer is not None
        rate = learning_rate(plan, planned_step - 1, self.curriculum.floor)
        for group in optimizer.param_groups:
            group["lr"], group["weight_decay"] = rate, plan.weight_decay
        # Whoever looked between two steps may have frozen the network or left gradients: that must change nothing.
        if self.system.stage != stage or not self.system.training:
            self.system.set_stage(stage)
        optimizer.zero_grad(set_to_none=True)
        batch = self._batch(stage, index)
        buffers = {name: buffer.clone() for name, buffer in self._learning_buffers(stage)}
        terms = self.stages[stage].loss(self.system, batch)
        total = total_loss(terms, plan.weights)
        parameters = optimizer.param_groups[0]["params"]
        total.backward()
        limit = plan.clip_norm if plan.clip_norm > 0 else math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
        losses = {"total": float(total.detach())} | {name: float(term.detach()) for name, term in terms.items()}
        if not all(map(math.isfinite, (*losses.values(), norm))):
            for name, buffer in self._learning_buffers(stage):
                buffer.copy_(buffers[name])
            optimizer.zero_grad(set_to_none=True)
            raise TrainingError(_not_finite(stage, index + 1, losses, rate))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if "adapter" in self.stages[stage].learns:
            self.system.samatha.vitakka.forget_gate_keys()
        self._done[stage] = done = index + 1
        self._stale.discard(stage)
        for later in TrainingStage:
            if later > stage and self._done[later] > 0:
                self._stale.add(later)
                self._began[later] = self._done[later]
        global_step = self.global_step + 1
        speed = len(batch.y) / (time.perf_counter() - began)
        vitals: dict[str, float] = {}
        if self.vitals is not None and (done % self.vitals_every == 0 or planned_step == plan.n_steps):
            vitals = dict(self.vitals(self.system, stage))
        record = StepRecord(int(stage), done, global_step, losses, rate, norm, speed, vitals)
        self.history.append(record)
        if is_keyframe(planned_step, plan.n_steps, self.curriculum.n_keyframes):
            add_keyframe(self.keyframes, capture(self.system, stage, done, global_step))
        return record

    def _learning_buffers(self, stage: TrainingStage) -> Iterator[tuple[str, Tensor]]:
        components = self.system.components()
        for name in self.stages[stage].learns:
            for key, buffer in components[name].named_buffers():
                yield f"{name}.{key}", buffer

    # --- entering a stage ---------------------------------------------------------------------------------------

    def _enter(self, stage: TrainingStage) -> None:
        """Freeze the rest, do the entry actions that are due, make a new optimizer (failure 2)."""
        self._current, self._optimizer, self._moments, self._features = None, None, {}, None
        first = self._done[stage] == 0
        due = tuple(action for action in self.stages[stage].entry if first or (action.refresh and stage in self._stale))
        self._act(stage, due)
        self.system.set_stage(stage)
        self.check_learns(stage, list(self._learning_parameters(stage).values()))
        self._current = stage
        if first and self.curriculum.n_keyframes > 0:
            add_keyframe(self.keyframes, capture(self.system, stage, 0, self.global_step))

    def check_learns(self, stage: TrainingStage, learning: list[torch.nn.Parameter]) -> None:
        """Raises TrainingError for a stage in which nothing can learn (failure 3)."""
        if not learning:
            raise TrainingError(
                f"Stage {int(stage)} has no trainable parameter; get_trainable_params() is empty. "
                "Build every part before its stage starts."
            )

    @property
    def optimizer(self) -> torch.optim.AdamW | None:
        """Of the present stage; None before the first. Made when it is needed: a run is often only looked at, and
        the first optimizer of a process makes PyTorch import its compiler, which takes a second."""
        if self._optimizer is None and self._current is not None:
            learning = self._learning_parameters(self._current)
            self._optimizer = self.make_optimizer(list(learning.values()))
            for key, value in self._moments.items():
                name, _, kind = key.partition("|")
                self._optimizer.state[learning[name]][kind] = _laid_out_like(learning[name], value)
            self._moments = {}
        return self._optimizer

    def make_optimizer(self, learning: list[torch.nn.Parameter]) -> torch.optim.AdamW:
        """A new one, of what learns in the stage that was entered; the rate is set at every step."""
        return torch.optim.AdamW(learning, lr=0.0, fused=True)

    def _learning_parameters(self, stage: TrainingStage) -> dict[str, torch.nn.Parameter]:
        components = self.system.components()
        return {
            f"{name}.{key}": parameter
            for name in self.stages[stage].learns
            for key, parameter in components[name].named_parameters()
        }

    def _act(self, stage: TrainingStage, actions: tuple[Action, ...]) -> None:
        """Run entry or leave actions on clean training samples, everything in eval mode."""
        if not actions:
            return
        self.system.set_stage(None)
        for action in actions:
            generator = generator_for(self.seed, "action", int(stage), action.name)
            count = len(self.train_dataset.x) if action.n_samples is None else action.n_samples
            rows = torch.randperm(len(self.train_dataset.x), generator=generator)[:count].sort().values
            x, y = self._place(self.train_dataset.x[rows]), self._place(self.train_dataset.y[rows])
            weights = self.curriculum.stage(stage).weights
            action.run(self.system, Batch(x, y, generator, self.curriculum, weights))

    def _cache_features(self) -> tuple[Tensor, Tensor]:
        """What the answer reads, computed once: the parts before it are frozen. In eval mode, like all that is
        frozen."""
        rows, weights = [], self.curriculum.stage3.weights
        dataset = self.train_dataset
        for copy in range(FEATURE_COPIES):
            generator = generator_for(self.seed, "features", copy)
            for x, y in zip(dataset.x.split(250), dataset.y.split(250), strict=True):
                batch = Batch(self._place(x), self._place(y), generator, self.curriculum, weights)
                rows.append(torch.cat(answer_features(self.system, batch), dim=1))
        return torch.cat(rows), self._place(dataset.y).repeat(FEATURE_COPIES)

    # --- data ---------------------------------------------------------------------------------------------------

    def _batch(self, stage: TrainingStage, index: int) -> Batch:
        if stage == TrainingStage.DECODER_FINETUNING and self._features is None:
            self._features = self._cache_features()  # at the first step, not on loading: a run is often only looked at
        x, y = (self.train_dataset.x, self.train_dataset.y) if self._features is None else self._features
        epoch, position = divmod(index, self._batches_per_epoch(len(x)))
        if self._order is None or self._order[0] != (stage, epoch):
            order = torch.randperm(len(x), generator=generator_for(self.seed, "order", int(stage), epoch))
            self._order = (stage, epoch), order
        size = min(self.curriculum.batch_size, len(x))
        rows = self._order[1][position * size : (position + 1) * size]
        generator = generator_for(self.seed, "step", int(stage), index)
        weights = self.curriculum.stage(stage).weights
        return Batch(self._place(x[rows]), self._place(y[rows]), generator, self.curriculum, weights)

    def _batches_per_epoch(self, n_samples: int) -> int:
        return max(1, n_samples // self.curriculum.batch_size)

    def _length(self, stage: TrainingStage) -> int:
        copies = FEATURE_COPIES if stage == TrainingStage.DECODER_FINETUNING else 1
        return copies * len(self.train_dataset.x)

    def _place(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.system.probes.device)

    # --- going on later -----------------------------------------------------------------------------------------

    def state_dict(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What is needed to go on bit for bit, beside the system's weights: JSON-able facts, and the optimizer's
        tensors by parameter name. History and keyframes are kept apart."""
        facts = {
            "seed": self.seed,
            "done": {str(int(stage)): done for stage, done in self._done.items()},
            "began": {str(int(stage)): began for stage, began in self._began.items()},
            "stale": sorted(int(stage) for stage in self._stale),
            "current": None if self._current is None else int(self._current),
        }
        tensors = {key: value.clone() for key, value in self._moments.items()}
        if self._optimizer is not None and self._current is not None:
            for name, parameter in self._learning_parameters(self._current).items():
                for key, value in self._optimizer.state.get(parameter, {}).items():
                    tensors[f"{name}|{key}"] = value.detach().clone()
        return facts, tensors

    def load_state_dict(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Go on from where ``state_dict`` was taken; the system must hold the weights of that moment.

        Raises KeyError, TypeError or ValueError for what ``state_dict`` cannot have written.
        """
        self.seed = int(facts["seed"])
        self._done = {stage: int(facts["done"][str(int(stage))]) for stage in TrainingStage}
        self._began = {stage: int(facts.get("began", {}).get(str(int(stage)), 0)) for stage in TrainingStage}
        self._stale = {TrainingStage(stage) for stage in facts["stale"]}
        self._current, self._optimizer, self._moments = None, None, {}
        self._features, self._order = None, None
        if facts["current"] is None:
            return
        stage = TrainingStage(facts["current"])
        self.system.set_stage(stage)
        learning = self._learning_parameters(stage)
        for key, value in tensors.items():
            name = key.partition("|")[0]
            parameter = learning.get(name)
            if parameter is None or value.shape not in (parameter.shape, torch.Size()):
                raise ValueError(f"{key} {tuple(value.shape)} is no optimizer state of stage {int(stage)}.")
        self._current, self._moments = stage, dict(tensors)


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    # The fused optimizer walks parameter and state side by side in memory, so their layout must be the same.
    # Its step count is a single number, which it wants on the same device.
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value.to(parameter.device)


def _not_finite(stage: TrainingStage, step: int, losses: Mapping[str, float], rate: float) -> str:
    bad = [name for name, value in losses.items() if name != "total" and not math.isfinite(value)]
    what = f"loss term {', '.join(bad)} is not finite" if bad else "the gradient is not finite"
    return (
        f"Stage {int(stage)}, step {step}: {what} (learning rate {rate:.3g}). "
        "The weights are those of the step before; lower the learning rate or the weight of that term and go on, "
        "or reset the stage."
    )
