"""What learns, what the optimizer holds, which gradients arrive, what has moved."""

import copy
import dataclasses
from dataclasses import replace

import pytest
import torch

from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage
from satipatthana.diagnostics.gradients import gradients, not_held, parameter_counts, unmoved
from satipatthana.train import stages
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import tiny_config, tiny_digits, tiny_system, tiny_trainer

STAGES = tuple(TrainingStage)


@pytest.fixture(scope="module")
def system() -> SatipatthanaSystem:
    return tiny_system()


PLAN = tiny_config().curriculum


@pytest.mark.parametrize("stage", STAGES)
def test_a_real_batch_reaches_all_that_learns_and_changes_nothing(system, stage):
    before = {name: value.clone() for name, value in system.state_dict().items()}
    modes = [module.training for module in system.modules()]
    asks = [parameter.requires_grad for parameter in system.parameters()]
    global_state = torch.random.get_rng_state()
    found = gradients(system, tiny_digits(), PLAN, stage, seed=0)
    assert set(found.norms) == set(LEARNS[stage])
    assert all(norm > 0 for norm in found.norms.values())
    assert found.without == ()
    assert all(torch.equal(value, before[name]) for name, value in system.state_dict().items())
    assert modes == [module.training for module in system.modules()]
    assert asks == [parameter.requires_grad for parameter in system.parameters()]
    assert all(parameter.grad is None for parameter in system.parameters())
    assert torch.equal(torch.random.get_rng_state(), global_state)
    again = gradients(system, tiny_digits(), PLAN, stage, seed=0)
    assert again == found


def test_the_norm_is_that_of_the_gradient_by_hand(system):
    found = gradients(system, tiny_digits(), PLAN, 3, seed=0)
    assert found.norm == pytest.approx(found.norms["answer"])
    assert found.norms["answer"] > 0
    assert found.losses["total"] == pytest.approx(found.losses["answer"])


def test_a_part_cut_off_from_the_loss_gets_no_gradient():
    system = tiny_system()
    weights = {**PLAN.stage1.weights, "guidance": 0.0}
    cut = dataclasses.replace(PLAN, stage1=dataclasses.replace(PLAN.stage1, weights=weights))
    found = gradients(system, tiny_digits(), cut, 1, seed=0)
    assert found.without == ("aux_head.net.weight", "aux_head.net.bias")
    assert found.norms["aux_head"] == 0


def test_behind_a_shut_gate_nothing_is_heard():
    system = tiny_system({"samatha.vitakka.training_gate_threshold": 1.0})
    found = gradients(system, tiny_digits(), PLAN, 1, seed=0)
    assert {"vicara.inject.weight", "vicara.anchor.weight"} <= set(found.zero)


def test_a_loss_that_nothing_learns_from():
    """Failure 1: a loss from the detached log has no gradient at all."""

    class Numb(torch.nn.Module):
        def __init__(self, head: torch.nn.Module) -> None:
            super().__init__()
            self.head = head

        def forward(self, s_star, v_ctx):
            return self.head(s_star, v_ctx).detach()

    whole = tiny_system()
    system = SatipatthanaSystem(whole.config, {"answer": Numb(whole.answer)})
    found = gradients(system, tiny_digits(), PLAN, 3, seed=0)
    assert found.norm == 0
    assert len(found.without) == 2


def test_what_the_optimizer_holds():
    trainer = tiny_trainer()
    assert trainer.holdings() is None
    trainer.train_stage(1, n_steps=1)
    held = trainer.holdings()
    assert held is not None
    assert (held.stage, held.others) == (1, 0)
    assert held.held == held.stepped
    assert not_held(trainer.system, held) == ()
    # the counts are those of PyTorch
    optimizer = trainer.optimizer
    assert optimizer is not None
    counted = sum(parameter_counts(trainer.system, 1).values())
    assert counted == sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])


def test_an_optimizer_kept_across_stages_is_caught():
    """Failure 2: the optimizer of stage 0 goes on in stage 1."""

    class Keeping(SatipatthanaTrainer):
        def _enter(self, stage: TrainingStage) -> None:
            kept = self._optimizer
            super()._enter(stage)
            self._optimizer = kept

    trainer = Keeping(tiny_system(), tiny_digits())
    trainer.train_stage(0)
    trainer.train_stage(1)
    held = trainer.holdings()
    assert held is not None
    missing = not_held(trainer.system, held)
    assert "vitakka.probes" in missing
    assert not any(name.startswith("adapter.") for name in missing)
    still = unmoved(trainer.system, trainer.keyframes)
    assert still[0] == ()
    assert set(still[1]) == set(missing)


def test_a_loaded_run_tells_what_its_optimizer_remembers_without_making_one():
    trainer = tiny_trainer()
    trainer.train_stage(3, n_steps=1)
    facts, tensors = trainer.state_dict()
    again = tiny_trainer()
    again.load_state_dict(facts, {key: value for key, value in tensors.items() if "bias" not in key})
    held = again.holdings()
    assert held is not None
    assert (held.held, held.stepped) == (frozenset({"answer.net.weight", "answer.net.bias"}), {"answer.net.weight"})
    assert again._optimizer is None


def test_an_optimizer_of_another_network_is_caught():
    trainer = tiny_trainer()
    trainer.train_stage(3, n_steps=1)
    other = copy.deepcopy(trainer.system.answer)
    trainer.system.answer = other
    held = trainer.holdings()
    assert held is not None
    assert held.others == 2
    assert len(not_held(trainer.system, held)) == 2


def test_too_few_keyframes_say_nothing():
    assert unmoved(tiny_system(), []) == {}
    trainer = tiny_trainer({"curriculum.n_keyframes": 0})
    trainer.train_stage(0, n_steps=1)
    assert unmoved(trainer.system, trainer.keyframes) == {}


def test_a_term_without_a_way_back_is_named():
    """Failure 1: a stability loss that is computed from the detached log."""

    def from_the_log(system: SatipatthanaSystem, batch: stages.Batch) -> stages.Terms:
        terms = stages.samatha_loss(system, batch)
        return terms | {"stability": terms["stability"].detach()}

    trainer = tiny_trainer()
    broken = (stages.STAGES[0], replace(stages.STAGES[1], loss=from_the_log), *stages.STAGES[2:])
    for kind, named in ((stages.STAGES, ()), (broken, ("stability",))):
        found = gradients(trainer.system, tiny_digits(), trainer.curriculum, 1, seed=0, stages=kind)
        assert found.detached == named
