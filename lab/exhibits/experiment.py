"""An experiment: the same seed, data and budget twice, with one thing different, and one number that tells them apart.

What is broken is swapped in from outside, as a setting, a part, a stage or a trainer of the real system.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lab.exhibits.card import SIDES, Card, Side
from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.configs import RunConfig, set_path
from satipatthana.core.system import Parts, SatipatthanaSystem, TrainingStage
from satipatthana.data import DataBundle
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.vitals import vitals
from satipatthana.train.records import StepRecord
from satipatthana.train.stages import STAGES, Stage
from satipatthana.train.trainer import SatipatthanaTrainer

SMALL: Mapping[str, Any] = {
    "samatha.vitakka.dim": 32,
    "samatha.adapter.channels": [8, 16, 32],
    "samatha.vicara.hidden": 64,
    "recon.channels": [32, 16, 8],
    "curriculum.batch_size": 32,
    "curriculum.n_keyframes": 8,
}
"""The network of most exhibits: the default with everything half as wide."""
LOOKS = 10
"""How often the measure is taken while a variant learns."""
PICTURES = 8
TOLD_S = 0.4
"""How often a running pair says how far it is."""


@dataclass(frozen=True)
class Variant:
    """What is different from the base. At most one of the four is, in one of the two variants."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """By their path in ``config.json``."""
    parts: Parts = field(default_factory=dict)
    """Functions that make a part of the config, so that the network can be built again."""
    stages: tuple[Stage, ...] = STAGES
    trainer: type[SatipatthanaTrainer] = SatipatthanaTrainer
    reopened: Parts | None = None
    """The parts into which a saved run of it is read, where they are not those that it begins with."""


@dataclass(frozen=True)
class Experiment:
    """How an exhibit is run. ``measure`` judges a trained variant on validation inputs."""

    measure: Callable[[SatipatthanaTrainer, DataBundle], float]
    plan: tuple[tuple[int, int], ...]
    """(stage, steps), in order."""
    broken: Variant
    fixed: Variant = field(default_factory=Variant)
    base: Mapping[str, Any] = field(default_factory=lambda: SMALL)
    """Settings that both variants share, over the defaults."""
    stages: tuple[Stage, ...] = STAGES
    """Of both variants, where a variant has none of its own."""
    start: str = ""
    """A shipped run, as whose stages 0 and 1 left it both begin; its settings then stand below ``base``."""
    data: str = "digits"

    def variant(self, side: Side) -> Variant:
        """One of the two, with the stages that it is trained by."""
        variant = self.broken if side == "broken" else self.fixed
        return dataclasses.replace(variant, stages=self.stages) if variant.stages is STAGES else variant


@dataclass(frozen=True, eq=False)
class Course:
    """How one variant has come along."""

    steps: tuple[int, ...]
    """Counted over all stages of the plan."""
    loss: tuple[float, ...]
    """The card's curve at these steps."""
    seen_at: tuple[int, ...]
    seen: tuple[float, ...]
    """The measure at these steps."""
    pictures: Tensor | None
    """(8, C, H, W) what it draws of eight validation inputs; None for vectors."""
    value: float | None = None
    """The measure at the end; None before it."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Broken beside fixed, as far as they have come."""

    number: int
    seed: int
    settings: tuple[tuple[str, float | str], ...]
    courses: Mapping[Side, Course]
    trainers: Mapping[Side, SatipatthanaTrainer]
    total: int
    """Steps of each variant's plan."""
    stages: tuple[tuple[int, int], ...]
    inputs: Tensor
    """(8, ...) the validation inputs behind the pictures."""
    seconds: float

    @property
    def done(self) -> bool:
        """Whether both have been measured at their end."""
        return all(course.value is not None for course in self.courses.values())


def config_of(
    experiment: Experiment, side: Side, seed: int, settings: tuple[tuple[str, float | str], ...] = ()
) -> RunConfig:
    """The settings of one variant; ``settings`` are turned dials by ``side|path``."""
    config = load_start(experiment.start).config if experiment.start else RunConfig()
    changes = {**experiment.base, **experiment.variant(side).settings, "seed": seed, "data": experiment.data}
    for stage, steps in experiment.plan:
        changes[f"curriculum.stage{stage}.n_steps"] = steps
    for name, value in settings:
        where, _, path = name.partition("|")
        if where in (side, "both"):
            changes[path] = value
    for path, value in changes.items():
        config = set_path(config, path, value)
    return config


def make(
    experiment: Experiment,
    side: Side,
    bundle: DataBundle,
    seed: int = 0,
    settings: tuple[tuple[str, float | str], ...] = (),
) -> SatipatthanaTrainer:
    """A variant before its first step. ``seed`` is that of data order, noise and every weight that is not loaded."""
    variant, config = experiment.variant(side), config_of(experiment, side, seed, settings)
    system = SatipatthanaSystem(config, variant.parts)
    trainer = variant.trainer(
        system,
        bundle.train,
        validation_dataset=bundle.validation,
        seed=seed,
        stages=variant.stages,
        vitals=vitals(bundle.validation, seed=seed),
    )
    if experiment.start:
        _begin_from(trainer, experiment.start)
    return trainer


def load_start(name: str) -> Any:
    """The shipped run of this name."""
    return load_run(asset_path("checkpoints", name))


def _begin_from(trainer: SatipatthanaTrainer, name: str) -> None:
    """Stages 0 and 1 as a shipped run left them: weights, history, keyframes; what comes later is untrained."""
    saved = load_start(name)
    assert saved.facts is not None
    later = TrainingStage.VIPASSANA_TRAINING
    mine, theirs = trainer.system.components(), saved.system.components()
    for component in SatipatthanaSystem.COMPONENTS:
        if component not in ("vipassana", "answer"):
            mine[component].load_state_dict(theirs[component].state_dict())
    trainer.history = [record for record in saved.history if record.stage < later]
    trainer.keyframes = [frame for frame in saved.keyframes if frame.stage < later]
    done = {key: count if int(key) < later else 0 for key, count in saved.facts["done"].items()}
    began = dict.fromkeys(done, 0)
    facts = {"seed": trainer.seed, "done": done, "began": began, "stale": [], "current": None}
    trainer.load_state_dict(facts, {})


def run_pair(
    card: Card,
    experiment: Experiment,
    bundle: DataBundle,
    seed: int = 0,
    settings: tuple[tuple[str, float | str], ...] = (),
) -> Iterator[Progress[Pair]]:
    """Trains both variants of an exhibit from their beginning."""
    trainers: dict[Side, SatipatthanaTrainer] = {side: make(experiment, side, bundle, seed, settings) for side in SIDES}
    yield from walk(card, experiment.measure, experiment.plan, trainers, bundle, seed, settings)


def walk(
    card: Card,
    measure: Callable[[SatipatthanaTrainer, DataBundle], float],
    plan: tuple[tuple[int, int], ...],
    trainers: Mapping[Side, SatipatthanaTrainer],
    bundle: DataBundle,
    seed: int = 0,
    settings: tuple[tuple[str, float | str], ...] = (),
) -> Iterator[Progress[Pair]]:
    """Trains two in turn, a step of the one and a step of the other, and measures them as they go."""
    began, told = time.perf_counter(), 0.0
    total = sum(steps for _, steps in plan)
    looks = {round(total * look / LOOKS) for look in range(1, LOOKS)} | {0}
    inputs = bundle.validation.x[:PICTURES]
    gathered: dict[Side, list[StepRecord]] = {side: [] for side in SIDES}
    seen: dict[Side, list[tuple[int, float]]] = {side: [] for side in SIDES}
    values: dict[Side, float | None] = dict.fromkeys(SIDES, None)

    def pair() -> Pair:
        courses: dict[Side, Course] = {
            side: _course(card, gathered[side], seen[side], values[side], _pictures(trainers[side], inputs))
            for side in SIDES
        }
        spent = time.perf_counter() - began
        return Pair(card.number, seed, settings, courses, trainers, total, plan, inputs, spent)

    done = 0
    courses = {side: _drive(trainers[side], plan) for side in SIDES}
    for done in range(total + 1):
        if done in looks:
            for side in SIDES:
                seen[side].append((done, measure(trainers[side], bundle)))
        if done == total:
            break
        for side in SIDES:
            gathered[side].append(next(courses[side]))
        if time.perf_counter() - told > TOLD_S:
            told = time.perf_counter()
            yield Progress(done + 1, total + 1, pair(), f"stage {gathered['fixed'][-1].stage}")
    for side in SIDES:
        for _ in courses[side]:  # ends the stage's generator, which fits the gate keys
            raise AssertionError("a plan has as many steps as it says")
        values[side] = value = measure(trainers[side], bundle)
        seen[side].append((total, value))
    yield Progress(total + 1, total + 1, pair())


def _drive(trainer: SatipatthanaTrainer, plan: tuple[tuple[int, int], ...]) -> Iterator[StepRecord]:
    for stage, steps in plan:
        yield from trainer.steps(stage, steps)


def _course(
    card: Card,
    records: list[StepRecord],
    seen: list[tuple[int, float]],
    value: float | None,
    pictures: Tensor | None,
) -> Course:
    known = [(step, record.losses.get(card.curve)) for step, record in enumerate(records, start=1)]
    drawn = [(step, loss) for step, loss in known if loss is not None]
    return Course(
        steps=tuple(step for step, _ in drawn),
        loss=tuple(loss for _, loss in drawn),
        seen_at=tuple(step for step, _ in seen),
        seen=tuple(value for _, value in seen),
        pictures=pictures,
        value=value,
    )


def _pictures(trainer: SatipatthanaTrainer, x: Tensor) -> Tensor | None:
    """What the network draws of some inputs: s*, or before stage 1 z."""
    if x.dim() != 4:
        return None
    system = trainer.system
    with observing(system):
        if trainer.progress(TrainingStage.SAMATHA_TRAINING).ever == 0:
            return system.reconstruct(system.samatha.adapter(x))
        return system.decode(system.think(x, gate="training").s_star)


def last(pieces: Iterator[Progress[Pair]]) -> Pair:
    """The whole of a pair, run to its end."""
    found = None
    for piece in pieces:
        found = piece.found or found
    assert found is not None
    return found
