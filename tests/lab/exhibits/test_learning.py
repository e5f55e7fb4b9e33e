"""Exhibits 2, 3 and 6: what the optimizer holds, whether the judge is there, how fast it learns."""

import dataclasses
from pathlib import Path

import pytest
import torch

from lab import runs
from lab.exhibits.card import SIDES, Side
from lab.exhibits.catalogue import card_of, origin
from lab.exhibits.cures import cure_of
from lab.exhibits.experiment import config_of, make
from lab.exhibits.learning import EXPERIMENTS, LazyVipassana, excess_loss, moved, trust_gap
from lab.exhibits.treatment import cured
from lab.runs import OpenRun
from satipatthana.checkpoint import save_run
from satipatthana.diagnostics.causes_learning import kept_optimizer, lazy_judge, slow_judge
from satipatthana.diagnostics.gradients import learning, not_held, unmoved
from satipatthana.train.trainer import SatipatthanaTrainer, TrainingError
from tests.lab.exhibits.pairs import both, patient_of, tiny_bundle, tiny_experiment, trained
from tests.tiny import snapshot

Pair = dict[Side, SatipatthanaTrainer]
JUDGE_PLAN = ((0, 1), (1, 1), (2, 3))


def reopened(trainer: SatipatthanaTrainer, number: int, side: Side, folder: Path) -> OpenRun:
    """Saved with its origin and opened again."""
    save_run(folder, trainer, origin=origin(card_of(number), side))
    opened = runs.open_run(folder)
    opened.trainer.vitals = None
    return opened


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "bundle_of", lambda *arguments: tiny_bundle())


# --- 2 -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def optimizers() -> Pair:
    return both(tiny_experiment(2, (0, 2), (1, 4)))


def test_the_kept_optimizer_lacks_what_is_new_in_stage_1(optimizers: Pair):
    kept, new = (optimizers[side].holdings() for side in SIDES)
    assert kept is not None and new is not None
    missing = not_held(optimizers["broken"].system, kept)
    assert {name.split(".")[0] for name in missing} == {"vitakka", "vicara", "samatha_recon_head", "aux_head"}
    assert not_held(optimizers["fixed"].system, new) == ()
    answer = card_of(2).prediction
    whole = make(EXPERIMENTS[2], "broken", tiny_bundle()).system
    counts = {name: len(part) for name, part in learning(whole, 1).items()}
    assert sum(counts.values()) == 32 and answer.options[answer.answer] == str(32 - counts["adapter"]) == "21"


def test_nothing_but_the_adapter_moves_under_it(optimizers: Pair):
    moves = [moved(optimizers[side], tiny_bundle()) for side in SIDES]
    assert moves[0] == 0 and moves[1] > 0.01
    adapters = [dict(optimizers[side].keyframes[0].tensors) for side in SIDES]
    now = dict(optimizers["broken"].system.samatha.adapter.named_parameters(prefix="adapter"))
    assert any(not torch.equal(value.half(), adapters[0][name]) for name, value in now.items())


@pytest.mark.parametrize("side", SIDES)
def test_its_cause_is_told_also_from_the_folder(optimizers: Pair, side: Side, tmp_path: Path):
    live = patient_of(optimizers[side])
    opened = reopened(optimizers[side], 2, side, tmp_path / side)
    told = [kept_optimizer(live), kept_optimizer(patient_of(opened.trainer))]
    assert [lazy_judge(live), lazy_judge(patient_of(opened.trainer))] == [None, None]
    if side == "fixed":
        assert told == [None, None]
        return
    assert told[0] is not None and "lacks" in told[0] and "vitakka.probes" in told[0]
    assert told[1] is not None and "yet none took a step in 4" in told[1]
    # opened again it is as sick: its optimizer is that of stage 0 still
    before = snapshot(opened.trainer.system)
    opened.trainer.train_stage(1, n_steps=1)
    assert torch.equal(opened.trainer.system.probes, before["samatha.vitakka.probes"])
    well = cured(opened.trainer, cure_of("optimizer"))
    well.train_stage(1, n_steps=1)
    assert not torch.equal(well.system.probes, before["samatha.vitakka.probes"])


def test_a_stage_left_behind_is_told_from_its_keyframes(optimizers: Pair):
    patient = patient_of(optimizers["broken"])
    later = dataclasses.replace(patient, holdings=None)
    # three steps at a peak of 3e-3 are too few to say that nothing moved
    assert kept_optimizer(later) is None
    faster = tuple(dataclasses.replace(record, learning_rate=0.01) for record in patient.history)
    told = kept_optimizer(dataclasses.replace(later, history=faster))
    assert told is not None and "vitakka and vicara are as they were" in told
    healthy = dataclasses.replace(patient_of(optimizers["fixed"]), holdings=None, history=faster)
    assert kept_optimizer(healthy) is None


# --- 3 -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judges() -> Pair:
    return both(tiny_experiment(3, *JUDGE_PLAN))


def test_the_lazy_judge_is_built_too_late_to_be_held(judges: Pair):
    lazy, eager = (judges[side].holdings() for side in SIDES)
    assert lazy is not None and eager is not None
    assert not lazy.held and len(eager.held) == len(list(judges["fixed"].system.vipassana.parameters()))
    # it was built as the eager one begins, and is still that
    fresh = make(tiny_experiment(3, *JUDGE_PLAN), "fixed", tiny_bundle()).system.vipassana.state_dict()
    now = judges["broken"].system.vipassana.state_dict()
    assert now.keys() == fresh.keys() and all(torch.equal(now[name], fresh[name]) for name in now)
    after = judges["fixed"].system.vipassana.state_dict()
    assert not torch.equal(after["trust_head.0.weight"], fresh["trust_head.0.weight"])


def test_a_look_at_trust_does_not_build_it():
    trainer = make(tiny_experiment(3, *JUDGE_PLAN), "broken", tiny_bundle())
    assert -1 <= trust_gap(trainer, tiny_bundle()) <= 1
    assert list(trainer.system.vipassana.parameters()) == []
    assert lazy_judge(patient_of(trainer)) == "Vipassana has no parameter: stage 2 would train nothing."


def test_the_real_trainer_refuses_it():
    config = config_of(tiny_experiment(3, *JUDGE_PLAN), "broken", 0)
    variant = EXPERIMENTS[3].broken
    assert variant.parts["vipassana"] is LazyVipassana
    guarded = dataclasses.replace(EXPERIMENTS[3], broken=dataclasses.replace(variant, trainer=SatipatthanaTrainer))
    trainer = make(dataclasses.replace(tiny_experiment(3, *JUDGE_PLAN), broken=guarded.broken), "broken", tiny_bundle())
    assert trainer.system.config == config
    with pytest.raises(TrainingError, match="no trainable parameter"):
        trainer.train_stage(2, n_steps=1)


@pytest.mark.parametrize("side", SIDES)
def test_the_empty_optimizer_is_told_also_from_the_folder(judges: Pair, side: Side, tmp_path: Path):
    opened = reopened(judges[side], 3, side, tmp_path / side)
    told = [lazy_judge(patient_of(trainer)) for trainer in (judges[side], opened.trainer)]
    assert [kept_optimizer(patient_of(trainer)) for trainer in (judges[side], opened.trainer)] == [None, None]
    assert type(opened.trainer) is EXPERIMENTS[3].variant(side).trainer
    if side == "fixed":
        assert told == [None, None]
    else:
        assert all(one is not None and "had no tensor" in one for one in told)
        opened.trainer.train_stage(2, n_steps=1)  # it has its layers now
        assert len(opened.trainer.holdings().stepped) == 10  # type: ignore[union-attr]
        assert lazy_judge(patient_of(opened.trainer)) is None
    # what was in no keyframe at first is compared with the first that has it
    assert (len(unmoved(judges[side].system, judges[side].keyframes)[2]) == 10) == (side == "broken")


def test_without_keyframes_a_saved_run_leaves_two_causes_open(judges: Pair):
    patient = patient_of(judges["broken"])
    bare = dataclasses.replace(patient, keyframes=())
    assert lazy_judge(bare) == "The optimizer of stage 2 holds nothing; now there are 10 tensors in vipassana."
    assert kept_optimizer(bare) is None
    names = frozenset(name for part in learning(patient.system, 2).values() for name in part)
    saved = dataclasses.replace(bare, holdings=dataclasses.replace(patient.holdings, held=names))  # type: ignore[type-var]
    for rule in (kept_optimizer, lazy_judge):
        told = rule(saved)
        assert told is not None and "took a step in 3" in told


# --- 6 -----------------------------------------------------------------------------------------------------------


def test_a_low_rate_of_stage_2_is_told():
    experiment = tiny_experiment(6, (2, 20))
    rates = [config_of(experiment, side, 0).curriculum.stage2.learning_rate for side in SIDES]
    assert rates == [5e-5, 5e-3]
    slow = trained(experiment, "broken")
    assert excess_loss(slow, tiny_bundle()) > 0
    patient = patient_of(slow)
    told = slow_judge(patient)
    assert told is not None and "In 20 steps of stage 2 at rates up to 5e-05" in told
    # as little at the plan's rate, or after a warm start, is another matter
    warm = (dataclasses.replace(patient.history[0], learning_rate=5e-3), *patient.history[1:])
    assert slow_judge(dataclasses.replace(patient, history=warm)) is None
    assert slow_judge(dataclasses.replace(patient, history=patient.history[:10])) is None
    assert slow_judge(dataclasses.replace(patient, history=())) is None
