"""Causes in judging: each is told where it was made, by whatever hand, and none of the shipped runs has one."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.components.vipassana import Insight
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, load_dataset
from satipatthana.diagnostics.causes_judge import RULES
from satipatthana.diagnostics.findings import Patient
from satipatthana.santana import SantanaLog
from satipatthana.train.records import StepRecord
from satipatthana.train.stages import PATHS, STAGES, Batch, score_terms, walk_paths
from tests.tiny import snapshot, tiny_config, tiny_digits

JUDGED = (StepRecord(2, 1, 1, {"total": 1.0}, 0.1, 1.0, 1.0),)


class Judge(nn.Module):
    """Trust from the last taken step, through a lens that a test gives it."""

    def __init__(self, lens: Any, shows: bool = True) -> None:
        super().__init__()
        self.lens, self.shows = lens, shows

    def forward(self, s_star: Tensor, santana: SantanaLog, probes: Tensor, error: Tensor) -> Insight:
        read = self.lens(santana.velocity, error)[:, None]
        logits = torch.cat([-read, 0 * read, 0 * read], dim=1)
        return Insight(logits, s_star[:, :6], santana.taken.any(dim=0), read if self.shows else None)


def patient_with(judge: nn.Module | None = None, history=JUDGED, changes: dict[str, Any] | None = None, **more: Any):
    config = tiny_config(changes)
    system = SatipatthanaSystem(config, {} if judge is None else {"vipassana": judge})
    few = tiny_digits()
    data = DataBundle("digits", few, few, few, tuple("0123456789"))
    return Patient(system, data, config.curriculum, history, **more)


def told(patient: Patient) -> dict[int, str]:
    found = {number: rule(patient) for number, rule in RULES.items()}
    return {number: evidence for number, evidence in found.items() if evidence is not None}


LENSES = {
    "its own": lambda step, error: step,
    "the batch's mean": lambda step, error: step.mean().expand_as(step),
    "in units of the batch": lambda step, error: step / step.std(correction=0).clamp_min(1e-6),
}


@pytest.mark.parametrize(
    ("lens", "shows", "named"),
    [
        ("its own", True, set()),
        ("its own", False, set()),
        ("the batch's mean", True, {8}),
        ("in units of the batch", True, {5}),
        # what cannot be seen cannot be told apart
        ("the batch's mean", False, {5, 8}),
        ("in units of the batch", False, {5, 8}),
    ],
)
def test_a_score_that_feels_its_neighbours(lens: str, shows: bool, named: set[int]):
    found = told(patient_with(Judge(LENSES[lens], shows)))
    assert set(found) == named
    if lens == "the batch's mean":
        assert "AUROC 1 in batches of one kind" in found[8] and "AUROC 0.5 in a mixed batch" in found[8]


def test_before_stage_2_there_is_nothing_to_name():
    patient = patient_with(Judge(LENSES["the batch's mean"]), history=(), changes={"curriculum.paths.clean": 0.0})
    assert told(patient) == {}


def test_no_clean_path_is_told_by_rows_and_not_by_shares():
    assert told(patient_with(changes={"curriculum.paths.clean": 0.5})) == {}
    for share in (0.0, 0.05):  # of 20 rows none
        found = told(patient_with(changes={"curriculum.paths.clean": share}))
        assert set(found) == {7} and "None of the 20 rows" in found[7] and "0.8" in found[7]


@pytest.mark.parametrize(
    ("skip", "noise", "what"),
    [
        (0.3, 0.2, ""),
        (0.1, 0.1, ""),
        (0.0, 0.005, "hardly drunk"),
        (0.3, 0.0, "hardly drunk"),
        (0.9, 0.2, "wrecks"),
        (0.3, 5.0, "wrecks"),
    ],
)
def test_drunk_dials(skip: float, noise: float, what: str):
    dials = {"samatha.drunk_skip_prob": skip, "samatha.drunk_perturbation_std": noise}
    found = told(patient_with(changes=dials))
    assert set(found) == ({11} if what else set())
    if what:
        assert f"skip {skip:g} and noise {noise:g}" in found[11] and what in found[11]
        assert told(patient_with(changes={**dials, "curriculum.paths.drunk": 0.0})) == {}


def test_a_thought_too_short_for_the_default_dials_is_not_blamed_on_them():
    assert told(patient_with(changes={"samatha.sati.n_steps": 1})) == {}


def leaving_out(system: SatipatthanaSystem, batch: Batch) -> dict[str, Tensor]:
    paths = walk_paths(system, batch)
    error = system.drawing_error(paths.s_star, paths.thought.x_given)
    error = error * (paths.path != PATHS.index("mismatch"))
    log = paths.thought.santana.rows(paths.partner)
    return score_terms(system.judge(paths.s_star, log, paths.thought.x_given, error).logits, paths.target)


def test_the_leak_is_told_by_what_the_runs_own_stage_tells_the_judge():
    stages = (*STAGES[:2], dataclasses.replace(STAGES[2], loss=leaving_out), STAGES[3])
    reads, blind = (Judge(lens) for lens in (lambda step, error: 1 / (0.1 + error), LENSES["its own"]))
    found = told(patient_with(reads, stages=stages))
    assert set(found) == {14} and "0 for 2 of 20 thoughts" in found[14]
    assert told(patient_with(reads)) == {}
    assert told(patient_with(blind, stages=stages)) == {}  # who does not read the error learns nothing of it


def test_nothing_of_the_patient_changes():
    patient = patient_with(changes={"curriculum.paths.clean": 0.0, "samatha.drunk_perturbation_std": 0.0})
    patient.system.set_stage(2)
    before = snapshot(patient.system)
    assert set(told(patient)) == {7, 11}
    assert all(torch.equal(value, before[name]) for name, value in snapshot(patient.system).items())
    assert patient.system.training and patient.system.vipassana.training
    assert not patient.system.vipassana._forward_pre_hooks
    assert all(parameter.grad is None for parameter in patient.system.parameters())


@pytest.mark.parametrize("name", ["healthy", "sharp"])
def test_the_shipped_runs_have_none_of_them(name: str):
    saved, digits = load_run(asset_path("checkpoints", name)), load_dataset("digits")
    trainer = saved.trainer(digits.train)
    assert told(Patient(trainer.system, digits, trainer.curriculum, tuple(trainer.history))) == {}
