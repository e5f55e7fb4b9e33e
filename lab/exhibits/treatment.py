"""Treatment: a run as it is and the same run with one thing changed learn on side by side."""

import copy
import dataclasses
from collections.abc import Iterator

from torch import Tensor

from lab.exhibits.card import Card, Side
from lab.exhibits.cures import Cure
from lab.exhibits.experiment import Experiment, Pair, Variant, walk
from satipatthana.configs import RunConfig, set_path
from satipatthana.core.system import SatipatthanaSystem, generator_for
from satipatthana.data import DataBundle
from satipatthana.diagnostics.progress import Progress
from satipatthana.train.stages import STAGES, Batch, fit_probes
from satipatthana.train.trainer import SatipatthanaTrainer

OF_PROBES = 2000
"""Inputs that k-means looks at."""


def twin(trainer: SatipatthanaTrainer) -> SatipatthanaTrainer:
    """A copy that learns on by itself; the data are shared, as nobody writes into them."""
    shared = (trainer.train_dataset, trainer.validation_dataset, trainer.stages, trainer.vitals)
    return copy.deepcopy(trainer, {id(part): part for part in shared})


def after(variant: Variant, cure: Cure) -> Variant:
    """What a run of this variant is made of once it was cured; its settings are in its own config."""
    parts = {name: part for name, part in variant.parts.items() if name not in cure.parts}
    return dataclasses.replace(
        variant,
        parts=parts,
        stages=STAGES if cure.stages else variant.stages,
        trainer=SatipatthanaTrainer if cure.trainer else variant.trainer,
        reopened=variant.reopened if len(parts) == len(variant.parts) else None,
    )


def cured(trainer: SatipatthanaTrainer, cure: Cure) -> SatipatthanaTrainer:
    """The run with the one change; the given one stays as it is. Raises ConfigError where the cure does not fit this
    kind of network."""
    system, config = trainer.system, trainer.system.config
    assert isinstance(config, RunConfig)
    config = dataclasses.replace(config, curriculum=trainer.curriculum)
    for path, value in cure.settings.items():
        config = set_path(config, path, value)
    made_of = after(Variant(parts=system.given, stages=trainer.stages, trainer=type(trainer)), cure)
    new = SatipatthanaSystem(config, made_of.parts).to(system.probes.device)
    new.load_state_dict(_kept(system, new, cure))
    made = made_of.trainer(
        new,
        trainer.train_dataset,
        validation_dataset=trainer.validation_dataset,
        seed=trainer.seed,
        stages=made_of.stages,
        vitals=trainer.vitals,
        vitals_every=trainer.vitals_every,
    )
    made.history = list(trainer.history)
    if not (cure.parts or cure.again):  # the keyframes of another network are not this one's past
        made.keyframes = list(trainer.keyframes)
    facts, _ = trainer.state_dict()
    made.load_state_dict(facts | {"current": None}, {})
    if cure.probes:
        luck = generator_for(trainer.seed, "cure", cure.key)
        x, y = trainer.train_dataset.x[:OF_PROBES], trainer.train_dataset.y[:OF_PROBES]
        fit_probes(new, Batch(x.to(new.probes.device), y, luck, config.curriculum, {}))
    return made


def _kept(old: SatipatthanaSystem, new: SatipatthanaSystem, cure: Cure) -> dict[str, Tensor]:
    """The state of the new network: what the old one had under the same name and shape, but for what begins again."""
    held, own = old.state_dict(), new.state_dict()
    anew = tuple(f"{prefix}{name}." for name in cure.again for prefix in ("", "samatha."))
    for name, value in held.items():
        if name in own and own[name].shape == value.shape and not name.startswith(anew):
            own[name] = value
    return own


def treat(
    card: Card, experiment: Experiment, cure: Cure, trainer: SatipatthanaTrainer, bundle: DataBundle, steps: int
) -> Iterator[Progress[Pair]]:
    """Trains the run as it is (``broken``) and cured (``fixed``), ``steps`` more of the cure's stage, and measures what
    the exhibit measures."""
    trainers: dict[Side, SatipatthanaTrainer] = {"broken": twin(trainer), "fixed": cured(trainer, cure)}
    for each in trainers.values():
        each.begin_plan(cure.stage, steps)  # past its last plan it would creep at the rate's floor
    yield from walk(card, experiment.measure, ((cure.stage, steps),), trainers, bundle, trainer.seed)
