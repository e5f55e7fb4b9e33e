"""A cure changes one thing about a run; the run itself stays as it is, and both learn on from the same weights."""

import dataclasses
from collections.abc import Iterator

import pytest
import torch

from lab.exhibits.catalogue import card_of, experiment_of, variant_of
from lab.exhibits.cures import CURES, cure_of
from lab.exhibits.experiment import Variant, last
from lab.exhibits.treatment import after, cured, treat, twin
from lab.limits import BadInput
from satipatthana.components.vipassana import StandardVipassana
from satipatthana.configs import RunConfig, StandardVipassanaConfig
from satipatthana.core.system import SatipatthanaSystem, SystemConfig, generator_for
from satipatthana.data import load_dataset
from satipatthana.train.stages import STAGES
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import one_thread, snapshot, tiny_config, tiny_digits, tiny_trainer

STEPS = 4


@pytest.fixture(autouse=True, scope="module")
def small_networks() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def sick() -> SatipatthanaTrainer:
    changes = {"curriculum.stage1.weights.balance": 0.0, "curriculum.stage1.weights.orthogonality": 0.0}
    trainer = tiny_trainer(changes)
    for stage in range(3):
        trainer.train_stage(stage, n_steps=3)
    return trainer


def own_judge(config: SystemConfig) -> StandardVipassana:
    return StandardVipassana(StandardVipassanaConfig(6, 8), 16, generator_for("init", config.seed, "vipassana"))


def test_every_cure_names_a_failure_and_a_stage_that_there_is():
    assert len({cure.key for cure in CURES}) == len(CURES)
    for cure in CURES:
        assert cure.helps and set(cure.helps) <= set(range(1, 16)) and cure.stage in (1, 2)
        assert cure.label and cure.says.endswith(".")
    assert {failure for cure in CURES for failure in cure.helps} == set(range(1, 16))
    with pytest.raises(BadInput, match="Cure is 'prayer'; expected one of: stability"):
        cure_of("prayer")


@pytest.mark.parametrize("cure", CURES, ids=lambda cure: cure.key)
def test_a_cure_changes_what_it_says_and_learns_on(sick: SatipatthanaTrainer, cure):
    before, history = snapshot(sick.system), len(sick.history)
    well = cured(sick, cure)
    config = well.system.config
    assert isinstance(config, RunConfig)
    well.begin_plan(cure.stage, 2)
    well.train_stage(cure.stage)
    assert len(well.history) == history + 2
    assert all(torch.equal(value, sick.system.state_dict()[name]) for name, value in before.items())
    assert sick.curriculum.stage1.weights["balance"] == 0.0
    if cure.key == "care":
        assert well.curriculum.stage1.weights["balance"] == 0.3
    if cure.key == "rate":
        assert well.curriculum.stage2.learning_rate == 5e-3


def test_what_begins_again_is_new_and_the_rest_is_kept(sick: SatipatthanaTrainer):
    held, well = sick.system.state_dict(), cured(sick, cure_of("resize")).system.state_dict()
    fresh = SatipatthanaSystem(sick.system.config).state_dict()
    for name, value in well.items():
        begins = name.startswith(("adapter_recon_head.", "samatha_recon_head."))
        assert torch.equal(value, fresh[name] if begins else held[name]), name


def test_probes_by_k_means_are_the_only_change(sick: SatipatthanaTrainer):
    held, well = sick.system.state_dict(), cured(sick, cure_of("k-means")).system.state_dict()
    assert [name for name, value in held.items() if not torch.equal(value, well[name])] == ["samatha.vitakka.probes"]


def test_parts_stages_and_trainer_are_the_librarys_again():
    class Slow(SatipatthanaTrainer):
        pass

    other = (dataclasses.replace(STAGES[0], title="another"), *STAGES[1:])
    trainer = Slow(SatipatthanaSystem(tiny_config(), {"vipassana": own_judge}), tiny_digits(), stages=other)
    judge = cured(trainer, cure_of("judge"))
    assert type(judge) is SatipatthanaTrainer and not judge.system.given and judge.stages is other
    assert not isinstance(judge.system.vipassana, StandardVipassana)
    leak = cured(trainer, cure_of("leak"))
    assert type(leak) is Slow and leak.stages is STAGES and isinstance(leak.system.vipassana, StandardVipassana)


def test_a_cured_run_is_opened_as_what_it_is_made_of_now():
    broken = Variant(parts={"vipassana": own_judge}, reopened={"vipassana": own_judge}, trainer=SatipatthanaTrainer)
    assert after(broken, cure_of("judge")) == Variant()
    assert after(broken, cure_of("care")) == broken
    told = {"exhibit": 10, "variant": "broken", "cures": ["care"]}
    assert variant_of(told) == variant_of({"exhibit": 10, "variant": "broken"})
    assert variant_of({"patient": 3}) == Variant()
    for wrong in ({"exhibit": 99, "variant": "broken"}, {"exhibit": 10}, {"cures": ["prayer"]}):
        with pytest.raises(BadInput, match=r"origin.json of this run cannot be followed"):
            variant_of(wrong)


def test_both_learn_on_from_the_same_weights_and_the_run_stays(sick: SatipatthanaTrainer):
    before, done = snapshot(sick.system), len(sick.history)
    card, bundle = card_of(10), load_dataset("digits")
    pair = last(treat(card, experiment_of(card), cure_of("care"), sick, bundle, STEPS))
    assert pair.done and pair.total == STEPS and pair.stages == ((1, STEPS),)
    assert pair.courses["broken"].seen[0] == pair.courses["fixed"].seen[0]  # nothing is cured before it learns
    untreated, treated = pair.trainers["broken"], pair.trainers["fixed"]
    assert len(untreated.history) == len(treated.history) == done + STEPS
    assert len(sick.history) == done
    assert all(torch.equal(value, sick.system.state_dict()[name]) for name, value in before.items())
    on = twin(sick)
    on.begin_plan(1, STEPS)
    on.train_stage(1)
    assert torch.equal(on.system.probes, untreated.system.probes)
    assert not torch.equal(on.system.probes, treated.system.probes)
