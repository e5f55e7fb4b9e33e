"""Causes that lie in learning: named where they are, silent where a run is well or sick of something else."""

import dataclasses

import pytest
import torch

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run, save_run
from satipatthana.configs import MlpAdapterConfig, RunConfig, SamathaConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, Split, load_dataset
from satipatthana.diagnostics import causes_learning as rules
from satipatthana.diagnostics.causes import CAUSES, Suspicion
from satipatthana.diagnostics.findings import Patient
from satipatthana.diagnostics.gradients import learning
from satipatthana.diagnostics.naming import HALLS, RULES, causes_found, name_causes
from satipatthana.train.records import Holdings
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.diagnostics.test_doctor import patient_of, records
from tests.tiny import snapshot, tiny_digits, tiny_trainer


@pytest.fixture(scope="module")
def whole() -> SatipatthanaTrainer:
    """Four steps a stage."""
    trainer = tiny_trainer()
    trainer.run_curriculum()
    return trainer


def named(patient: Patient) -> list[int]:
    return [one.cause.number for one in name_causes(patient)]


def test_fifteen_causes_and_every_rule_is_of_one():
    assert list(CAUSES) == list(range(1, 16))
    assert {number for number, cause in CAUSES.items() if cause.number == number} == set(CAUSES)
    assert len({cause.key for cause in CAUSES.values()}) == 15
    assert set(RULES) <= set(CAUSES)
    assert sum(map(len, HALLS.values())) == len(RULES)


@pytest.mark.parametrize("name", ["healthy", "sharp", "local"])
def test_shipped_runs_are_accused_of_nothing_and_stay_as_they_are(name):
    digits = load_dataset("digits")
    trainer = load_run(asset_path("checkpoints", name)).trainer(digits.train)
    patient = patient_of(trainer, digits)
    before, flags = snapshot(trainer.system), [module.training for module in trainer.system.modules()]
    state = torch.random.get_rng_state()
    assert named(patient) == []
    assert all(torch.equal(value, before[key]) for key, value in trainer.system.state_dict().items())
    assert [module.training for module in trainer.system.modules()] == flags
    assert all(parameter.grad is None for parameter in trainer.system.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"samatha.vitakka.kind": "keyed", "samatha.vitakka.n_probes": 4},
        {"samatha.vicara.kind": "standard", "vipassana.kind": "standard", "curriculum.n_keyframes": 0},
        {"samatha.vitakka.gate": "soft", "samatha.vitakka.attention": "hard", "curriculum.stage1.weights.guidance": 0},
    ],
)
def test_other_parts_and_terms_of_weight_0_are_no_failure_of_learning(changes, tmp_path):
    trainer = tiny_trainer(changes)
    assert named(patient_of(trainer)) == []
    for stage in (0, 1):
        trainer.train_stage(stage, n_steps=2)
    # saved in stage 1: the label head of weight 0 never took a step there, and that is well
    saved = load_run(save_run(tmp_path / "run", trainer)).trainer(tiny_digits())
    for one in (trainer, saved):
        asked = (rules.kept_optimizer, rules.lazy_judge, rules.shut_gate, rules.slow_judge, rules.painted_grid)
        told = [rule(patient_of(one)) for rule in asked]
        assert told == [None] * 5
    trainer.train_stage(2, n_steps=2)
    trainer.train_stage(3, n_steps=2)
    assert [number for number in named(patient_of(trainer)) if number in rules.RULES] == []


def test_tensors_of_a_network_that_is_gone(whole):
    names = frozenset(name for part in learning(whole.system, 3).values() for name in part)
    replaced = dataclasses.replace(patient_of(whole), holdings=Holdings(3, frozenset(), frozenset(), 2))
    told = rules.kept_optimizer(replaced)
    assert told == (
        "The optimizer of stage 3 lacks 2 of the 2 tensors that are to learn (answer.net.weight, answer.net.bias) and "
        "holds 2 that are not."
    )
    assert rules.kept_optimizer(dataclasses.replace(replaced, holdings=Holdings(3, names, names, 0))) is None


def test_a_stage_that_was_entered_without_a_step_is_no_failure(whole):
    held = whole.holdings()
    assert held is not None and rules.kept_optimizer(patient_of(whole)) is None
    # stage 2 once more, stopped before its first step: its optimizer remembers nothing yet
    names = frozenset(name for part in learning(whole.system, 2).values() for name in part)
    entered = dataclasses.replace(patient_of(whole), holdings=Holdings(2, names, frozenset(), 0))
    assert rules.kept_optimizer(entered) is None and rules.lazy_judge(entered) is None


def test_a_gate_that_lets_most_in_is_no_shut_one():
    trainer = tiny_trainer()
    patient = patient_of(trainer)
    with torch.no_grad():
        compared = trainer.system.samatha.vitakka.similarities(trainer.system.eval().samatha.adapter(tiny_digits().x))
    largest = compared.amax(dim=1).sort().values
    for share, told in ((0.2, False), (0.8, True)):
        limit = float(largest[int(share * len(largest))])
        vitakka = trainer.system.samatha.vitakka
        vitakka.config = dataclasses.replace(vitakka.config, training_gate_threshold=limit)
        config = trainer.system.config
        samatha = dataclasses.replace(config.samatha, vitakka=vitakka.config)
        trainer.system.config = dataclasses.replace(config, samatha=samatha)
        assert (rules.shut_gate(patient) is not None) == told


@pytest.mark.parametrize("rate", [5e-5, 5e-3])
@pytest.mark.parametrize("last", [0.99, 0.5])
def test_a_slow_judge_had_a_low_rate_and_a_loss_that_stayed(whole, rate, last):
    losses = [1 - (1 - last) * step / 29 for step in range(30)]
    history = tuple(dataclasses.replace(one, learning_rate=rate) for one in records({2: losses}))
    told = rules.slow_judge(dataclasses.replace(patient_of(whole), history=history))
    assert (told is not None) == (rate == 5e-5 and last == 0.99)
    if told:
        assert told.startswith("In 30 steps of stage 2 at rates up to 5e-05 the loss above its floor fell by ")


def test_vectors_have_no_checkerboard():
    moons = load_dataset("moons")
    few = Split(moons.train.x[:40], moons.train.y[:40])
    shape = {"x_shape": moons.x_shape, "n_classes": moons.n_classes}
    config = RunConfig(samatha=SamathaConfig(adapter=MlpAdapterConfig()), **shape)
    data = DataBundle("moons", few, few, few, moons.class_names)
    patient = Patient(SatipatthanaSystem(config), data, config.curriculum, records({0: [1.0], 1: [1.0]}))
    assert rules.painted_grid(patient) is None and named(patient) == []


def test_what_is_suspected_is_told_by_number():
    well = causes_found(())
    assert (well.key, well.state) == ("causes", "pass") and well.remedy == ""
    assert well.evidence == f"None of the {len(RULES)} known failures shows."
    sick = causes_found((Suspicion(CAUSES[10], "Ten do the work of 4.2."), Suspicion(CAUSES[4], "All are kept out.")))
    assert sick.state == "fail"
    assert sick.evidence == (
        "No. 4, gate shut in training: All are kept out. No. 10, probe collapse: Ten do the work of 4.2."
    )
    assert sick.remedy == f"{CAUSES[4].remedy} {CAUSES[10].remedy}"
