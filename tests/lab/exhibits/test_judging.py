"""Exhibits 5, 7, 8, 11 and 14: judges that were taught wrongly, each with its fault, cured without, and named."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from lab import runs
from lab.exhibits.card import SIDES, Side
from lab.exhibits.catalogue import card_of, experiment_of, origin
from lab.exhibits.experiment import make
from lab.exhibits.judging import (
    EXPERIMENTS,
    LEAKING,
    leaking_loss,
    path_by_path_loss,
    trust_auroc_apart,
    trust_auroc_mixed,
    trust_gap,
    trust_on_clean,
)
from lab.exhibits.stories.judging import CARDS
from satipatthana.checkpoint import save_run
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle
from satipatthana.diagnostics.causes_judge import RULES
from satipatthana.diagnostics.findings import Patient
from satipatthana.diagnostics.observing import observing
from satipatthana.train.stages import PATHS, Batch, vipassana_loss, walk_paths
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import tiny_digits

TINY: Mapping[str, Any] = {
    "samatha.adapter.channels": [4, 8],
    "samatha.vitakka.dim": 16,
    "samatha.vitakka.n_probes": 4,
    "samatha.vicara.hidden": 24,
    "recon.channels": [8, 4],
    "curriculum.batch_size": 20,
    "curriculum.n_keyframes": 0,
    # of so few steps each has to count
    "curriculum.stage2.learning_rate": 0.05,
}


@cache
def bundle() -> DataBundle:
    few = tiny_digits()
    return DataBundle("digits", few, few, few, tuple("0123456789"))


@cache
def trained(number: int, side: Side, *settings: tuple[str, float]) -> SatipatthanaTrainer:
    """A variant on a tiny network, which begins untrained, after a few steps of stage 2. Treat it as read-only."""
    own = experiment_of(card_of(number))
    small = dataclasses.replace(own, plan=((2, 4),), start="", base={**own.base, **TINY})
    trainer = make(small, side, bundle(), settings=settings)
    trainer.vitals = None
    trainer.train_stage(2)
    return trainer


def patient_of(trainer: SatipatthanaTrainer) -> Patient:
    history, held = tuple(trainer.history), trainer.holdings()
    return Patient(trainer.system, bundle(), trainer.curriculum, history, (), held, trainer.stages)


def causes(trainer: SatipatthanaTrainer) -> set[int]:
    patient = patient_of(trainer)
    return {number for number, rule in RULES.items() if rule(patient) is not None}


def batch_for(trainer: SatipatthanaTrainer) -> Batch:
    few = tiny_digits()
    luck = torch.Generator().manual_seed(3)
    return Batch(few.x, few.y, luck, trainer.curriculum, trainer.curriculum.stage2.weights)


# --- 5 and 8: what trust reads -----------------------------------------------------------------------------------


def judged_alone_and_beside(system: SatipatthanaSystem) -> tuple[Tensor, Tensor]:
    """What a sober thought's trust is read from, among its like and beside drunk ones."""
    x = tiny_digits().x[:6]
    drunk = torch.arange(6) >= 3
    with observing(system):
        thought = system.think(x, drunk_mode=drunk, generator=torch.Generator().manual_seed(1), gate="training")
        beside = system.judge(thought.s_star, thought.santana, x).metrics
        alone = system.judge(thought.s_star[:3], thought.santana.rows(~drunk), x[:3]).metrics
    assert alone is not None and beside is not None
    return alone, beside


@pytest.mark.parametrize("number", [5, 8])
def test_what_trust_reads_changes_with_the_neighbours_only_where_it_is_broken(number: int):
    alone, beside = judged_alone_and_beside(trained(number, "broken").system)
    assert not torch.allclose(alone, beside[:3], rtol=0.01)
    alone, beside = judged_alone_and_beside(trained(number, "fixed").system)
    assert torch.allclose(alone, beside[:3], atol=1e-6)


def test_energy_of_the_batch_is_one_number_for_all_and_scaled_features_are_not():
    _, beside = judged_alone_and_beside(trained(8, "broken").system)
    assert torch.allclose(beside, beside[:1].expand_as(beside))
    _, beside = judged_alone_and_beside(trained(5, "broken").system)
    assert (beside.std(dim=0) > 0).all() and beside.shape == (6, 16 + 2)
    assert torch.allclose(beside.std(dim=0, correction=0), torch.ones(18), atol=1e-4)


def test_the_batch_hides_its_own_fault():
    """The same thoughts, the same judge: told apart kind by kind, and not at all in one batch."""
    whole = trained(8, "broken")
    assert trust_auroc_mixed(whole, bundle()) == 0.5
    assert trust_auroc_apart(whole, bundle()) in (0.0, 1.0)
    own = trained(8, "fixed")
    assert trust_auroc_mixed(own, bundle()) == trust_auroc_apart(own, bundle())


def test_path_by_path_is_the_same_loss_to_a_judge_without_neighbours():
    fixed, broken = trained(8, "fixed"), trained(8, "broken")
    with torch.no_grad():
        for name, value in vipassana_loss(fixed.system, batch_for(fixed)).items():
            assert torch.allclose(value, path_by_path_loss(fixed.system, batch_for(fixed))[name], atol=1e-6)
        mixed, apart = (loss(broken.system, batch_for(broken)) for loss in (vipassana_loss, path_by_path_loss))
    assert abs(float(mixed["trust"] - apart["trust"])) > 1e-3


# --- 7 and 11: what stage 2 shows -----------------------------------------------------------------------------------


def test_no_row_is_clean_where_the_clean_path_has_no_share():
    for side, some in (("broken", False), ("fixed", True)):
        trainer = trained(7, side)
        assert bool((walk_paths(trainer.system, batch_for(trainer)).target == 1).any()) == some
    assert trust_on_clean(trained(7, "broken"), bundle()) < trust_on_clean(trained(7, "fixed"), bundle())


def test_the_drunk_are_as_drunk_as_the_dials_say():
    sizes = []
    for side in SIDES:
        trainer = trained(11, side)
        paths = walk_paths(trainer.system, batch_for(trainer))
        sizes.append(float(paths.thought.santana.velocity[paths.path == PATHS.index("drunk")].mean()))
    assert sizes[0] < 0.1 * sizes[1]
    assert abs(trust_gap(trained(11, "broken"), bundle())) < 0.1


def test_both_wrong_ends_of_the_dials_are_told():
    told = RULES[11](patient_of(trained(11, "broken")))
    assert told is not None and "hardly drunk" in told
    wrecks = (("broken|samatha.drunk_skip_prob", 0.9), ("broken|samatha.drunk_perturbation_std", 5.0))
    told = RULES[11](patient_of(trained(11, "broken", *wrecks)))
    assert told is not None and "wrecks" in told


# --- 14: what leaks ---------------------------------------------------------------------------------------------------


def test_only_the_mismatch_path_is_told_an_error_of_0(monkeypatch: pytest.MonkeyPatch):
    trainer = trained(14, "broken")
    told: list[Tensor | None] = []
    judge = trainer.system.judge

    def listening(s_star: Tensor, santana: Any, x: Tensor, error: Tensor | None = None) -> Any:
        told.append(error)
        return judge(s_star, santana, x, error)

    monkeypatch.setattr(trainer.system, "judge", listening)
    leaking_loss(trainer.system, batch_for(trainer))
    vipassana_loss(trainer.system, batch_for(trainer))
    paths = walk_paths(trainer.system, batch_for(trainer))
    assert told[0] is not None and told[1] is None
    assert torch.equal(told[0] == 0, paths.path == PATHS.index("mismatch"))


def test_the_judge_learns_the_zero():
    fallen = {}
    for side in SIDES:
        system, x = trained(14, side).system, tiny_digits().x
        with observing(system):
            thought = system.think(x, gate="training")
            told = [system.judge(thought.s_star, thought.santana, x, error) for error in (None, torch.zeros(len(x)))]
        fallen[side] = float((told[0].trust - told[1].trust).mean())
    assert fallen["broken"] > 0.05 + fallen["fixed"]


# --- named, told, kept ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(EXPERIMENTS))
def test_the_cause_is_named_and_nothing_is_wrong_once_it_is_cured(number: int):
    assert causes(trained(number, "broken")) == {number}
    assert causes(trained(number, "fixed")) == set()


@pytest.mark.parametrize("number", [5, 8, 14])
def test_a_patient_opens_as_it_was_kept(number: int, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "bundle_of", lambda *arguments: bundle())
    trainer = trained(number, "broken")
    save_run(tmp_path / "run", trainer, origin=origin(card_of(number), "broken"))
    opened = runs.open_run(tmp_path / "run").trainer
    assert type(opened.system.vipassana) is type(trainer.system.vipassana)
    assert opened.stages == trainer.stages
    measure = EXPERIMENTS[number].measure
    assert measure(opened, bundle()) == pytest.approx(measure(trainer, bundle()), abs=1e-6)
    again = trainer.system.freshly_initialised().vipassana.state_dict()
    before = make_fresh(number)
    assert all(torch.equal(again[name], value) for name, value in before.items())


def make_fresh(number: int) -> dict[str, Tensor]:
    own = EXPERIMENTS[number]
    small = dataclasses.replace(own, start="", base={**own.base, **TINY})
    return make(small, "broken", bundle()).system.vipassana.state_dict()


def test_the_cards_tell_a_whole_story_each():
    assert [card.number for card in CARDS] == sorted(EXPERIMENTS) == [5, 7, 8, 11, 14]
    for card in CARDS:
        story = card.story
        assert all((story.symptom, story.guess, story.cause, story.cure, story.lesson, story.measured))
        assert story.lesson.count(".") == 1
        assert 0 < len(card.code.text().splitlines()) <= 12
        assert 0 <= card.prediction.answer < len(card.prediction.options)
    assert LEAKING[3].loss is not LEAKING[2].loss is leaking_loss
