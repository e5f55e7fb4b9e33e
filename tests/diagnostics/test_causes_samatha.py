"""The rules about settling: silent where nothing is broken, with figures where something is."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor, nn

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.core.engines import SamathaEngine
from satipatthana.data import DataBundle, load_dataset
from satipatthana.diagnostics import causes_samatha
from satipatthana.diagnostics.causes_samatha import RULES, fake_convergence, forgetting, neighbour
from satipatthana.diagnostics.causes_samatha import stability_from_the_log as from_the_log
from satipatthana.diagnostics.findings import Patient
from satipatthana.train.records import StepRecord
from satipatthana.train.stages import STAGES
from tests.tiny import snapshot, tiny_digits, tiny_system

TOOK_STEPS = (StepRecord(1, 5, 5, {"total": 1.0}, 0.1, 1.0, 1.0),)
WATCHFUL = {"samatha.sati.kind": "threshold", "samatha.sati.threshold": 0.08}


def patient(changes: dict[str, object] | None = None, history: tuple[StepRecord, ...] = TOOK_STEPS) -> Patient:
    system, few = tiny_system(changes), tiny_digits()
    bundle = DataBundle("digits", few, few, few, tuple("0123456789"))
    return Patient(system, bundle, system.config.curriculum, history)  # type: ignore[attr-defined]


@pytest.mark.parametrize("run", ["healthy", "local"])
def test_a_shipped_run_has_none_of_these_and_stays_as_it_is(run: str):
    saved, digits = load_run(asset_path("checkpoints", run)), load_dataset("digits")
    healthy = Patient(saved.system, digits, saved.config.curriculum, saved.history, saved.keyframes)
    before, global_state = snapshot(saved.system), torch.random.get_rng_state()
    training = [module.training for module in saved.system.modules()]
    assert {number: rule(healthy) for number, rule in RULES.items()} == dict.fromkeys(RULES)
    assert all(torch.equal(value, before[name]) for name, value in saved.system.state_dict().items())
    assert [module.training for module in saved.system.modules()] == training
    assert torch.equal(torch.random.get_rng_state(), global_state)


@pytest.mark.parametrize("changes", [{}, WATCHFUL, {"samatha.vitakka.training_gate_threshold": 1.0}])
def test_an_untrained_network_has_none_of_these(changes: dict[str, object]):
    assert [rule(patient(changes, ())) for rule in RULES.values()] == [None] * len(RULES)


# --- 1 --------------------------------------------------------------------------------------------------------------


def test_a_stability_term_without_a_way_back_is_named():
    def detached(system, batch):
        terms = STAGES[1].loss(system, batch)
        return terms | {"stability": terms["stability"].detach()}

    stages = (STAGES[0], dataclasses.replace(STAGES[1], loss=detached), *STAGES[2:])
    found = from_the_log(dataclasses.replace(patient(), stages=stages))
    assert found is not None
    assert "weight 0.1" in found and "of its first" in found


def test_a_term_of_weight_0_is_not_missed():
    weightless = patient({"curriculum.stage1.weights.stability": 0.0})
    assert from_the_log(weightless) is None


# --- 12 -------------------------------------------------------------------------------------------------------------


def blind(weight: float) -> Patient:
    """A step that sees its own state alone: phi(s) = tanh(weight s), which forgets below 1 and keeps signs above."""
    run = patient({"samatha.vicara.kind": "standard"})

    class Times(nn.Module):
        def forward(self, s: Tensor) -> Tensor:
            return torch.tanh(weight * s)

    run.system.samatha.vicara.phi = Times()  # type: ignore[assignment]
    return run


def test_to_forget_is_to_be_blind_and_to_contract():
    found = forgetting(blind(0.5))
    assert found is not None and "nearest other of 60 thoughts" in found
    # above 1 a step keeps the sign of each coordinate: 60 thoughts stay apart
    assert forgetting(blind(4.0)) is None


def test_to_fall_into_a_few_ends_is_to_forget_as_well():
    run = blind(4.0)

    class Half(nn.Module):
        """Two ends, by the sign of one coordinate."""

        def forward(self, s: Tensor) -> Tensor:
            return torch.sign(s[:, :1] - s[:, :1].median()).expand_as(s)

    run.system.samatha.vicara.phi = Half()  # type: ignore[assignment]
    found = forgetting(run)
    assert found is not None
    assert float(found.split(" times as wide")[0].split()[-1]) > 0.5


def test_a_step_that_sees_its_input_does_not_forget():
    assert forgetting(patient()) is None


def test_a_shut_gate_is_another_matter():
    shut = blind(0.5)
    vitakka = dataclasses.replace(shut.system.samatha.vitakka.config, training_gate_threshold=1.0)
    shut.system.samatha.vitakka.config = vitakka
    assert forgetting(shut) is None


# --- 13 -------------------------------------------------------------------------------------------------------------


class SkipsCount(SamathaEngine):
    def still(self, before: Tensor, after: Tensor, step: int, taken: Tensor) -> Tensor:
        return self.sati(before, after, step)


def test_a_thought_stopped_on_a_skip_is_named():
    run = patient(WATCHFUL)
    assert fake_convergence(run) is None
    run.system.samatha.__class__ = SkipsCount
    found = fake_convergence(run)
    assert found is not None and "of 60 drunk thoughts" in found
    assert int(found.split()[0]) > 50


def test_without_a_sati_that_stops_nobody_is_stopped():
    run = patient()
    run.system.samatha.__class__ = SkipsCount
    assert fake_convergence(run) is None


# --- 15 -------------------------------------------------------------------------------------------------------------


def test_a_stop_by_the_batch_is_named():
    run = patient({**WATCHFUL, "samatha.sati.n_steps": 30})
    assert neighbour(run) is None

    class Mean(nn.Module):
        def forward(self, before: Tensor, after: Tensor, step: int) -> Tensor:
            return ((after - before).norm(dim=1).mean() < 0.08).expand(len(after))

    run.system.samatha.sati = Mean()
    found = neighbour(run)
    assert found is not None
    assert found.startswith("8 of 8 validation inputs") and "30 among them" in found


def test_the_dials_of_drunkenness_do_not_hide_it():
    run = patient(
        {**WATCHFUL, "samatha.sati.n_steps": 30, "samatha.drunk_skip_prob": 0, "samatha.drunk_perturbation_std": 0}
    )

    class Mean(nn.Module):
        def forward(self, before: Tensor, after: Tensor, step: int) -> Tensor:
            return ((after - before).norm(dim=1).mean() < 0.08).expand(len(after))

    run.system.samatha.sati = Mean()
    assert neighbour(run) is not None


def test_two_validation_inputs_are_enough():
    run = patient(WATCHFUL)
    two = copy.copy(run.bundle.validation)
    two = dataclasses.replace(two, x=two.x[:2], y=two.y[:2])
    small = dataclasses.replace(run, bundle=dataclasses.replace(run.bundle, validation=two))
    assert [rule(small) for rule in RULES.values()] == [None] * len(RULES)
    assert causes_samatha.N > 2
