"""Exhibits small enough to run within a test: sixty digits, D = 16, a few steps."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any

from lab.exhibits.card import SIDES, Side
from lab.exhibits.catalogue import card_of, experiment_of
from lab.exhibits.experiment import Experiment, make
from satipatthana.data import DataBundle
from satipatthana.diagnostics.findings import Patient
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import tiny_digits

TINY: Mapping[str, Any] = {
    "samatha.adapter.channels": [4, 8],
    "samatha.vitakka.dim": 16,
    "samatha.vitakka.n_probes": 4,
    "samatha.vitakka.n_gate_keys": 6,
    "samatha.vicara.hidden": 24,
    "recon.channels": [8, 4],
    "curriculum.batch_size": 20,
    "curriculum.n_keyframes": 3,
}


@cache
def tiny_bundle() -> DataBundle:
    few = tiny_digits()
    return DataBundle("digits", few, few, few, tuple("0123456789"))


def tiny_experiment(number: int, *plan: tuple[int, int], base: Mapping[str, Any] | None = None) -> Experiment:
    """The exhibit with another plan, on a tiny network that begins untrained; ``base`` goes over its own."""
    experiment = experiment_of(card_of(number))
    own = {path: value for path, value in experiment.base.items() if path not in TINY}
    return dataclasses.replace(experiment, plan=plan, start="", base={**own, **TINY, **(base or {})})


def trained(
    experiment: Experiment, side: Side, settings: tuple[tuple[str, float | str], ...] = ()
) -> SatipatthanaTrainer:
    """One variant at the end of its plan."""
    trainer = make(experiment, side, tiny_bundle(), settings=settings)
    trainer.vitals = None  # costs as much as the steps
    for stage, steps in experiment.plan:
        trainer.train_stage(stage, n_steps=steps)
    return trainer


def both(experiment: Experiment, settings: tuple[tuple[str, float | str], ...] = ()) -> dict[Side, SatipatthanaTrainer]:
    return {side: trained(experiment, side, settings) for side in SIDES}


def patient_of(trainer: SatipatthanaTrainer) -> Patient:
    return Patient(
        trainer.system,
        tiny_bundle(),
        trainer.curriculum,
        tuple(trainer.history),
        tuple(trainer.keyframes),
        trainer.holdings(),
        trainer.stages,
    )
