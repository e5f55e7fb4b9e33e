"""The list of checks: well on the shipped run, and each sickness found where it was made."""

import copy
import dataclasses

import pytest
import torch

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.configs import MlpAdapterConfig, RunConfig, SamathaConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, Split, load_dataset
from satipatthana.diagnostics import learning_checks, thinking_checks
from satipatthana.diagnostics.doctor import Examination, examine
from satipatthana.diagnostics.findings import Finding, Patient, graded, named, worst
from satipatthana.diagnostics.triage import triage
from satipatthana.train.records import Holdings, StepRecord
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import snapshot, tiny_digits, tiny_trainer

KEYS = [
    "causes",
    "trained",
    "components",
    "optimizer",
    "moved",
    "losses",
    "gradients",
    "norms",
    "z",
    "s0",
    "s_star",
    "gates",
    "similarity",
    "probes",
    "energy",
    "pictures",
    "scores",
]


def patient_of(trainer: SatipatthanaTrainer, data: DataBundle | None = None) -> Patient:
    few = tiny_digits()
    return Patient(
        trainer.system,
        data or DataBundle("digits", few, few, few, tuple("0123456789")),
        trainer.curriculum,
        tuple(trainer.history),
        tuple(trainer.keyframes),
        trainer.holdings(),
    )


def examined(patient: Patient) -> Examination:
    *_, last = examine(patient)
    assert last.found is not None
    return last.found


def of(found: Examination, key: str) -> Finding:
    return next(finding for finding in found.findings if finding.key == key)


def records(totals: dict[int, list[float]]) -> tuple[StepRecord, ...]:
    out: list[StepRecord] = []
    for stage, losses in totals.items():
        for step, loss in enumerate(losses, 1):
            out.append(StepRecord(stage, step, len(out) + 1, {"total": loss}, 0.1, 1.0, 1.0))
    return tuple(out)


@pytest.fixture(scope="module")
def healthy() -> Patient:
    saved, digits = load_run(asset_path("checkpoints", "healthy")), load_dataset("digits")
    return patient_of(saved.trainer(digits.train), digits)


@pytest.fixture(scope="module")
def trained() -> SatipatthanaTrainer:
    """Four steps a stage."""
    trainer = tiny_trainer()
    trainer.run_curriculum()
    return trainer


def test_the_shipped_run_passes_every_check_and_stays_as_it_is(healthy):
    before = snapshot(healthy.system)
    global_state = torch.random.get_rng_state()
    pieces = list(examine(healthy))
    assert [piece.done for piece in pieces] == list(range(1, pieces[-1].total + 1))
    found = pieces[-1].found
    assert found is not None and found.triage is not None
    assert [finding.key for finding in found.findings] == KEYS
    assert {finding.key: finding.evidence for finding in found.findings if finding.state != "pass"} == {}
    assert (found.state, found.triage.verdict, found.count("pass")) == ("pass", "healthy", len(KEYS))
    assert all(torch.equal(value, before[name]) for name, value in healthy.system.state_dict().items())
    assert healthy.system.stage == 3
    assert all(parameter.grad is None for parameter in healthy.system.parameters())
    assert torch.equal(torch.random.get_rng_state(), global_state)


def test_the_list_grows(healthy):
    lengths = [len(piece.found.findings) for piece in examine(healthy) if piece.found]
    assert lengths == sorted(lengths)
    assert lengths[:5] == [0, 0, 0, 1, 6]


def test_an_untrained_run_has_nothing_to_be_sick_of():
    found = examined(patient_of(tiny_trainer()))
    assert found.triage is not None and found.triage.verdict == "untrained"
    assert found.state == "warn"
    assert {finding.key for finding in found.findings if finding.state == "warn"} == {"trained"}
    assert of(found, "z").state == of(found, "scores").state == of(found, "losses").state == "unknown"


def test_a_half_trained_run_is_told_to_go_on():
    trainer = tiny_trainer()
    trainer.train_stage(0)
    trainer.train_stage(1, n_steps=2)
    finding = learning_checks.stages_trained(patient_of(trainer))
    assert finding.state == "warn"
    assert "Stage 2 has not begun" in finding.evidence
    assert "stage 1 took 2 of 4 steps" in finding.evidence


def test_a_stale_stage_is_told_to_be_trained_again():
    trainer = tiny_trainer()
    trainer.train_stage(2, n_steps=1)
    trainer.train_stage(1, n_steps=1)
    patient = patient_of(trainer)
    assert patient.stale == (2,) == tuple(int(s) for s in trainer._stale)
    assert "Train stage 2 again" in learning_checks.stages_trained(patient).remedy


def test_a_part_with_nothing_to_learn(trained):
    """Failure 3: a part that was not built when its stage began."""
    patient = patient_of(trained)

    class Empty(torch.nn.Module):
        pass

    system = copy.deepcopy(patient.system)
    system.vipassana = Empty()
    finding = learning_checks.components(dataclasses.replace(patient, system=system))
    assert (finding.state, finding.evidence) == ("fail", "No parameter in vipassana (stage 2).")


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        ({}, "pass", "all 2 parameters are held"),
        ({"held": frozenset({"answer.net.weight"})}, "fail", "1 parameters are not held: answer.net.bias"),
        ({"others": 3}, "fail", "3 tensors are held that are no part"),
        ({"stepped": frozenset({"answer.net.bias"})}, "warn", "never took a step: answer.net.weight"),
    ],
)
def test_the_optimizer(trained, change, state, says):
    both = frozenset({"answer.net.weight", "answer.net.bias"})
    holdings = dataclasses.replace(Holdings(3, both, both, 0), **change)
    finding = learning_checks.optimizer(dataclasses.replace(patient_of(trained), holdings=holdings))
    assert (finding.state, says in finding.evidence) == (state, True), finding.evidence


def test_weights_that_stayed(trained):
    patient = patient_of(trained)
    # stage 3 as if nothing had held its parameters
    first = next(frame for frame in patient.keyframes if frame.stage == 3)
    stuck = tuple(dataclasses.replace(k, tensors=first.tensors) if k.stage == 3 else k for k in patient.keyframes)
    finding = learning_checks.weights_moved(dataclasses.replace(patient, keyframes=stuck))
    assert finding.state == "fail"
    assert "answer.net.weight (stage 3)" in finding.evidence


@pytest.mark.parametrize(
    ("losses", "planned", "state", "says"),
    [
        ([1.0] * 30, 30, "fail", "raise its learning rate"),
        ([1 - step / 40 for step in range(30)], 30, "pass", ""),
        ([1 - step / 40 for step in range(30)], 60, "warn", "go on"),
        ([1.0] * 15 + [0.1] * 15 + [0.5] * 10, 40, "warn", "lower its learning rate"),
        ([1.0] * 10, 30, "unknown", ""),
    ],
)
def test_the_loss(trained, losses, planned, state, says):
    plan = dataclasses.replace(trained.curriculum.stage0, n_steps=planned)
    curriculum = dataclasses.replace(trained.curriculum, stage0=plan)
    patient = dataclasses.replace(patient_of(trained), history=records({0: losses}), curriculum=curriculum)
    finding = learning_checks.losses(patient)
    assert (finding.state, says in finding.remedy) == (state, True), finding


def test_a_term_of_weight_0_excuses_its_part():
    trainer = tiny_trainer()
    trainer.set_weight(1, "guidance", 0.0)
    finding = of(examined(patient_of(trainer)), "gradients")
    assert finding.state == "warn"
    assert "aux_head.net.weight (stage 1)" in finding.evidence


def test_a_shut_training_gate_is_found_before_training():
    found = examined(patient_of(tiny_trainer({"samatha.vitakka.training_gate_threshold": 1.0})))
    assert of(found, "gates").state == "fail"
    assert of(found, "gradients").state == "fail"
    assert found.state == "fail"


def test_a_shut_inference_gate(healthy):
    shut = copy.deepcopy(healthy.system)
    with torch.no_grad():
        # no input looks like any key any more
        shut.samatha.vitakka.gate_keys.zero_()
    vitakka = dataclasses.replace(shut.config.samatha.vitakka, inference_gate_threshold=0.5)
    shut.config = dataclasses.replace(shut.config, samatha=dataclasses.replace(shut.config.samatha, vitakka=vitakka))
    seen = triage(shut, healthy.bundle.validation.x, healthy.steps)
    finding = thinking_checks.gates(dataclasses.replace(healthy, system=shut), seen)
    assert (finding.state, seen.verdict) == ("fail", "gate shut")
    assert "100 % of clean inputs, the inference gate 0 %" in finding.evidence


def test_scores_that_say_the_same_of_all(trained):
    numb = copy.deepcopy(trained.system)
    with torch.no_grad():
        for name in ("trust_head", "conformity_head", "confidence_head"):
            for parameter in getattr(numb.vipassana, name).parameters():
                parameter.zero_()
    patient = dataclasses.replace(patient_of(trained), system=numb)
    finding = thinking_checks.scores(patient, thinking_checks.scored(patient))
    assert finding.state == "fail"
    assert finding.table is not None and finding.table.rows[0] == ("clean", (0.5, None, None))


def test_a_path_without_a_share_is_named(healthy):
    paths = {**healthy.curriculum.paths, "clean": 0.0}
    plan = dataclasses.replace(healthy.curriculum, paths=paths)
    finding = thinking_checks.scores(dataclasses.replace(healthy, curriculum=plan), thinking_checks.scored(healthy))
    assert (finding.state, "no share: clean" in finding.evidence) == ("warn", True)


@torch.no_grad()
def test_weights_that_are_not_finite_end_it():
    trainer = tiny_trainer()
    trainer.system.probes[0, 0] = torch.nan
    (piece,) = examine(patient_of(trainer))
    assert piece.found is not None
    assert (piece.found.state, piece.found.triage) == ("fail", None)
    assert "vitakka.probes" in piece.found.findings[0].evidence


@pytest.mark.parametrize(
    "changes",
    [
        {"samatha.vicara.kind": "standard", "vipassana.kind": "standard"},
        {"samatha.sati.kind": "threshold", "samatha.vitakka.gate": "soft", "samatha.vitakka.attention": "hard"},
    ],
)
def test_other_parts_can_be_examined(changes):
    trainer = tiny_trainer(changes)
    trainer.run_curriculum()
    assert [finding.key for finding in examined(patient_of(trainer)).findings] == KEYS


def test_vectors_can_be_examined():
    moons = load_dataset("moons")
    few = Split(moons.train.x[:40], moons.train.y[:40])
    shape = {"x_shape": moons.x_shape, "n_classes": moons.n_classes}
    config = RunConfig(samatha=SamathaConfig(adapter=MlpAdapterConfig()), **shape)
    data = DataBundle("moons", few, few, few, moons.class_names)
    history = records({stage: [1.0, 0.9] for stage in range(4)})  # as if it had been trained
    found = examined(Patient(SatipatthanaSystem(config), data, config.curriculum, history))
    assert [finding.key for finding in found.findings] == KEYS
    assert "unknown" not in {of(found, key).state for key in ("z", "s_star", "probes", "scores")}


def test_grades_and_words():
    assert [graded(value, 0.9, 0.5) for value in (0.9, 0.6, 0.4, float("nan"))] == ["pass", "warn", "fail", "fail"]
    assert worst(()) == "pass"
    assert worst(("pass", "unknown", "warn")) == "warn"
    assert named(["a", "b"]) == "a, b"
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
