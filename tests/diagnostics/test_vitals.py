import dataclasses

import pytest
import torch

from satipatthana.configs import StageConfig
from satipatthana.core.system import SatipatthanaSystem, TrainingStage
from satipatthana.data import Split
from satipatthana.diagnostics.collapse import spread, usage
from satipatthana.diagnostics.vitals import NAMES, vitals
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.diagnostics.conftest import config

ANSWERING = TrainingStage.DECODER_FINETUNING


def test_vitals_are_what_they_say(system, bundle):
    validation = bundle.validation
    found = vitals(validation, seed=0)(system, ANSWERING)
    assert tuple(found) == NAMES
    with torch.no_grad():
        output = system(validation.x)
    assert found["accuracy"] == pytest.approx(float((output.logits.argmax(1) == validation.y).float().mean()))
    assert found["perplexity"] == pytest.approx(usage(output.samatha.meta.attention).perplexity, rel=1e-5)
    assert found["spread"] == pytest.approx(spread(output.s_star).std, rel=1e-5)
    assert found == vitals(validation, seed=0)(system, ANSWERING)
    assert found["trust_gap"] != vitals(validation, seed=1)(system, ANSWERING)["trust_gap"]


def test_a_stage_has_the_vitals_of_what_is_trained_by_then(system, bundle):
    measure = vitals(bundle.validation, seed=0, n=10)
    assert [tuple(measure(system, stage)) for stage in TrainingStage] == [
        ("perplexity", "spread"),
        ("accuracy", "perplexity", "spread"),
        NAMES,
        NAMES,
    ]


def test_training_does_not_notice(bundle):
    full = config().curriculum
    short = {f"stage{i}": StageConfig(3, 1e-3, weights=full.stage(i).weights) for i in range(4)}
    plan = dataclasses.replace(full, batch_size=16, **short)
    global_state = torch.random.get_rng_state()

    def train(measure):
        trainer = SatipatthanaTrainer(
            SatipatthanaSystem(config()), bundle.train, curriculum=plan, seed=0, vitals=measure, vitals_every=1
        )
        trainer.run_curriculum()
        return trainer

    watched, alone = train(vitals(bundle.validation, seed=0)), train(None)
    assert all(record.vitals for record in watched.history)
    assert [record.losses for record in watched.history] == [record.losses for record in alone.history]
    expected = alone.system.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in watched.system.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), global_state)


def test_what_is_not_finite_is_left_out(system, bundle):
    with torch.no_grad():
        system.vipassana.trust_head.bias.fill_(torch.nan)
    assert "trust_gap" not in vitals(bundle.validation, seed=0)(system, ANSWERING)


def test_vitals_need_two_samples(bundle):
    with pytest.raises(ValueError, match="at least two"):
        vitals(Split(bundle.validation.x[:1], bundle.validation.y[:1]), seed=0)
