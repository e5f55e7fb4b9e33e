import copy
import random
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load
from satipatthana.components.vipassana import Insight
from satipatthana.configs import RunConfig, SystemConfig
from satipatthana.core.engines import SamathaEngine
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.measures import mse
from tests.tiny import snapshot, tiny_config, tiny_digits, tiny_system, tiny_trainer

SAMPLES = [4, 1, 8, 0]


@pytest.fixture(scope="module")
def x() -> Tensor:
    return tiny_digits().x[: len(SAMPLES)]


@pytest.fixture(scope="module")
def trained() -> SatipatthanaSystem:
    trainer = tiny_trainer()
    for stage in range(3):
        trainer.train_stage(stage, n_steps=3)
    trainer.system.set_stage(None)
    return trainer.system


@pytest.fixture(scope="module")
def shipped() -> SatipatthanaSystem:
    """Trained for long: the metrics of its judge have the spread that real thoughts have."""
    return load(asset_path("checkpoints/healthy"))


# --- thinking, judging, answering -----------------------------------------------------------------------------------


def test_a_thought_is_judged_and_answered(x: Tensor):
    output = tiny_system()(x)
    assert output.logits.shape == (4, 10)
    assert output.insight.trust.shape == output.insight.conformity.shape == output.insight.confidence.shape == (4, 1)
    assert output.insight.v_ctx.shape == (4, 6)
    assert output.s_star is output.samatha.s_star and output.santana is output.samatha.santana


@pytest.mark.parametrize("vipassana", ["grounded", "familiar", "standard"])
@pytest.mark.parametrize("mind", [{}, {"drunk_mode": True, "noise_level": 0.4}, {"threshold": 0.3}])
def test_a_sample_alone_is_judged_and_answered_as_in_a_batch(
    shipped: SatipatthanaSystem, x: Tensor, vipassana: str, mind: dict[str, Any]
):
    system = (
        shipped
        if vipassana == "grounded"
        else tiny_system({} if vipassana == "familiar" else {"vipassana.kind": "standard"})
    )
    together = system(x, luck=LuckBySample(0, SAMPLES), **mind)
    for i, sample in enumerate(SAMPLES):
        alone = system(x[i : i + 1], luck=LuckBySample(0, [sample]), **mind)
        for score in ("trust", "conformity", "confidence", "v_ctx"):
            # ten times the rounding of the states: the judge reads logarithms of very small steps
            assert torch.allclose(getattr(together.insight, score)[i], getattr(alone.insight, score)[0], atol=1e-5)
        assert torch.allclose(together.s_star[i], alone.s_star[0], atol=1e-6)
        assert together.insight.reason[i] == alone.insight.reason[0]
        assert torch.allclose(together.logits[i], alone.logits[0], atol=1e-5)


def test_what_a_neighbour_is_changes_nothing(shipped: SatipatthanaSystem, x: Tensor):
    other = x.clone()
    other[1:] = torch.rand(other[1:].shape, generator=generator_for("neighbours")) * 2 - 1
    here, there = shipped(x), shipped(other)
    assert torch.allclose(here.insight.logits[0], there.insight.logits[0], atol=1e-5)
    assert torch.allclose(here.logits[0], there.logits[0], atol=1e-5)
    assert not torch.allclose(here.insight.logits[1], there.insight.logits[1], atol=1e-5)


class Listener(nn.Module):
    """A vipassana that keeps what it was told."""

    def forward(self, s_star: Tensor, santana: Any, probes: Tensor, error: Tensor) -> Insight:
        self.error = error
        return Insight(torch.zeros(len(s_star), 3), torch.zeros(len(s_star), 6), santana.taken.any(dim=0))


def test_the_reconstruction_is_held_against_the_input_actually_given(x: Tensor):
    listener = Listener()
    system = SatipatthanaSystem(tiny_config(), parts={"vipassana": listener})
    output = system(x, noise_level=0.6, luck=LuckBySample(0, SAMPLES))
    given = output.samatha.x_given
    assert not torch.equal(given, x)
    assert torch.allclose(listener.error, mse(system.decode(output.s_star), given))
    # and against the input to which a state is attributed, whosever state it is
    partner = torch.tensor([1, 2, 3, 0])
    system.judge(output.s_star[partner], output.santana.rows(partner), given)
    assert torch.allclose(listener.error, mse(system.decode(output.s_star[partner]), given))


def test_any_state_can_be_seen(x: Tensor):
    system = tiny_system()
    states = system.think(x).santana.to_tensor()
    images = system.decode(states)
    assert images.shape == (11, 4, 1, 28, 28) and images.abs().max() <= 1
    assert torch.allclose(images[3, 2], system.decode(states[3, 2]), atol=1e-6)
    assert system.decode(states[:0]).shape == (0, 4, 1, 28, 28)
    assert system.reconstruct(states[0]).shape == x.shape


def test_a_mind_that_is_misspelt_is_refused(x: Tensor):
    with pytest.raises(TypeError, match="drunk_mod"):
        tiny_system()(x, drunk_mod=True)


# --- the founding document's call -----------------------------------------------------------------------------------


def test_forward_stage2_is_a_mapping_of_scores(x: Tensor):
    system = tiny_system()
    told = system.forward_stage2(x, noise_level=0.3, drunk_mode=True)
    assert told["trust_score"].shape == (4, 1)
    assert {"s_star", "v_ctx", "conformity_score", "confidence_score", "santana", "severity"} <= set(told)
    assert torch.allclose(told["severity"], torch.full((4,), 0.3))
    again = system.forward_stage2(x, noise_level=0.3, drunk_mode=True)
    assert torch.equal(told["trust_score"], again["trust_score"])
    own = system.forward_stage2(x, noise_level=0.3, drunk_mode=True, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(told["s_star"], own["s_star"])
    sober = system.forward_stage2(x)
    assert torch.equal(sober["trust_score"], system(x).insight.trust)


# --- who learns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [*TrainingStage, None])
def test_a_stage_frees_its_parts_and_freezes_the_rest(stage: TrainingStage | None):
    system = tiny_system()
    system.set_stage(stage)
    learns = LEARNS[stage] if stage is not None else ()
    assert tuple(system.get_trainable_params()) == tuple(n for n in system.COMPONENTS if n in learns)
    for name, component in system.components().items():
        for module in component.modules():
            assert module.training == (name in learns)
        for parameter in component.parameters():
            assert parameter.requires_grad == (name in learns)
    free = system.get_trainable_params()
    assert all(free[name] == [key for key, _ in system.components()[name].named_parameters()] for name in learns)


def test_the_stages_learn_what_the_curriculum_says():
    assert {int(stage): set(names) for stage, names in LEARNS.items()} == {
        0: {"adapter", "adapter_recon_head"},
        1: {"adapter", "vitakka", "vicara", "samatha_recon_head", "aux_head"},
        2: {"vipassana"},
        3: {"answer"},
    }


def test_a_training_mode_from_outside_frees_nothing_that_is_frozen():
    system = tiny_system()
    system.set_stage(TrainingStage.VIPASSANA_TRAINING)
    for mode in (True, False, True):
        system.train(mode)
        assert system.vipassana.training == mode
        assert not any(m.training for m in [*system.samatha.adapter.modules(), *system.samatha_recon_head.modules()])
    before = snapshot(system)
    system(tiny_digits().x[:8])
    assert all(torch.equal(before[name], value) for name, value in snapshot(system).items())


def test_vipassana_is_there_from_the_start():
    """Failure 3: a part that is built at its first call is found by no freezing and by no optimizer."""
    system = tiny_system()
    before = [id(parameter) for parameter in system.vipassana.parameters()]
    system.set_stage(TrainingStage.VIPASSANA_TRAINING)
    assert sum(parameter.numel() for parameter in system.parameters() if parameter.requires_grad) > 500
    system(tiny_digits().x[:2])
    assert [id(parameter) for parameter in system.vipassana.parameters()] == before


# --- where weights come from ----------------------------------------------------------------------------------------


def random_states() -> list[Any]:
    return [torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()]  # type: ignore[union-attr]


def test_no_chance_but_the_given_one(x: Tensor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' type checks draw from random
    before = random_states()
    system = tiny_system()
    system(x, noise_level=0.5, drunk_mode=True, luck=LuckBySample(0, SAMPLES))
    system(x, noise_level=0.5, drunk_mode=True, generator=torch.Generator().manual_seed(0))
    system.forward_stage2(x, noise_level=0.5, drunk_mode=True)
    assert random_states() == before


def test_weights_are_a_function_of_the_seed_and_the_part():
    first, again, other = (snapshot(tiny_system({"seed": seed})) for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["samatha.vitakka.probes"], other["samatha.vitakka.probes"])
    # another number of probes leaves every other part as it is
    more = snapshot(tiny_system({"seed": 3, "samatha.vitakka.n_probes": 6}))
    for name, value in first.items():
        if not name.startswith("samatha.vitakka"):
            assert torch.equal(value, more[name]), name
    # and the two heads are not twins
    assert not torch.equal(first["adapter_recon_head.net.0.weight"], first["samatha_recon_head.net.0.weight"])


def test_a_stream_is_a_function_of_its_key():
    draw = lambda *key: torch.rand(3, generator=generator_for(*key)).tolist()  # noqa: E731
    assert draw("step", 1, 2) == draw("step", 1, 2)
    assert len({tuple(draw(*key)) for key in [("step", 1, 2), ("step", 2, 1), ("step", 12), ("order", 1, 2)]}) == 4


def test_the_untrained_twin_is_what_training_started_from(trained: SatipatthanaSystem):
    fresh, start = snapshot(trained.freshly_initialised()), snapshot(SatipatthanaSystem(trained.config))
    assert all(torch.equal(fresh[name], start[name]) for name in start)
    assert not torch.equal(fresh["samatha.vitakka.probes"], trained.probes)


# --- parts ----------------------------------------------------------------------------------------------------------


def test_components_stand_in_the_order_of_flow():
    system = tiny_system()
    assert tuple(system.components()) == system.COMPONENTS
    assert system.components()["vicara"] is system.samatha.vicara
    counted = sum(p.numel() for c in system.components().values() for p in c.parameters())
    assert counted == sum(p.numel() for p in system.parameters())


def test_a_part_that_does_not_exist_is_refused():
    with pytest.raises(
        ValueError, match=r"\['vicar'\]; known: samatha, augmenter, adapter, vitakka, vicara, sati, adap"
    ):
        SatipatthanaSystem(tiny_config(), parts={"vicar": nn.Identity()})


def test_a_system_of_own_parts_cannot_be_made_afresh():
    system = SatipatthanaSystem(tiny_config(), parts={"vipassana": Listener()})
    assert not system.begins_again
    with pytest.raises(ValueError, match=r"its own vipassana; pass functions that make"):
        system.freshly_initialised()


def test_a_system_whose_parts_are_made_by_functions_can_be_made_afresh():
    system = SatipatthanaSystem(tiny_config(), parts={"aux_head": lambda config: nn.Linear(16, config.n_classes)})
    fresh = system.freshly_initialised()
    assert system.begins_again
    assert isinstance(fresh.aux_head, nn.Linear)
    assert fresh.aux_head is not system.aux_head
    assert copy.deepcopy(system).freshly_initialised().aux_head.weight.shape == (10, 16)


def test_the_whole_engine_can_be_a_part_and_brings_its_own():
    class Hasty(SamathaEngine):
        def still(self, before, after, step, taken):
            return torch.ones_like(taken)

    def hasty(config: SystemConfig) -> SamathaEngine:
        makers = {name: generator_for("init", config.seed, name) for name in SatipatthanaSystem.COMPONENTS}
        return Hasty(config.samatha, config.x_shape, makers, {})

    system, plain = SatipatthanaSystem(tiny_config(), parts={"samatha": hasty}), SatipatthanaSystem(tiny_config())
    x = tiny_digits().x[:3]
    assert torch.equal(system.probes, plain.probes)
    assert system.eval().think(x).santana.steps.tolist() == [1, 1, 1]
    assert plain.eval().think(x).santana.steps.tolist() == [10, 10, 10]
    with pytest.raises(ValueError, match=r"samatha and \['vicara'\]; give the engine with its parts"):
        SatipatthanaSystem(tiny_config(), parts={"samatha": hasty, "vicara": nn.Identity()})


def test_the_default_system_is_the_default_config():
    system = SatipatthanaSystem()
    assert system.config.samatha == RunConfig().samatha
    assert system.probes.shape == (10, 64)
