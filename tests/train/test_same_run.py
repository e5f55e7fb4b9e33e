"""A run is the same, bit for bit, however it is driven: at once, in pieces, paused, saved, watched, beside another."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch

from satipatthana.checkpoint import load_run, save_run
from satipatthana.core.luck import LuckBySample
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import PLAN, snapshot, tiny_digits, tiny_trainer

STEPS = PLAN + 2  # past the plan, into the floor of the learning rate


@pytest.fixture(autouse=True, scope="module")
def unchecked() -> Any:
    """Without the tests' type checks, which draw from Python's global random state and take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jaxtyping.config, "jaxtyping_disable", True)
        yield


def at_once(trainer: SatipatthanaTrainer, stage: int) -> SatipatthanaTrainer:
    trainer.train_stage(stage, n_steps=STEPS)
    return trainer


def in_halves(trainer: SatipatthanaTrainer, stage: int) -> SatipatthanaTrainer:
    for _ in range(2):
        trainer.train_stage(stage, n_steps=STEPS // 2)
    return trainer


def asked_piece_by_piece(trainer: SatipatthanaTrainer, stage: int) -> SatipatthanaTrainer:
    """Generators that are paused, closed early, left in a loop, and asked for more than is wanted."""
    first = trainer.steps(stage, 100)
    next(first)
    next(first)
    first.close()
    for index, _ in enumerate(trainer.steps(stage, 100)):
        if index == 1:
            break
    unused = trainer.steps(stage, 3)
    unused.close()
    list(trainer.steps(stage, 0))
    trainer.train_stage(stage, n_steps=STEPS - 4)
    return trainer


def saved_and_loaded(folder: Path) -> Callable[[SatipatthanaTrainer, int], SatipatthanaTrainer]:
    def drive(trainer: SatipatthanaTrainer, stage: int) -> SatipatthanaTrainer:
        trainer.train_stage(stage, n_steps=3)
        trainer = load_run(save_run(folder, trainer, overwrite=True)).trainer(tiny_digits())
        generator = trainer.steps(stage, STEPS)
        next(generator)
        next(generator)  # saved between two steps of an open generator, as a job does
        trainer = load_run(save_run(folder, trainer, overwrite=True)).trainer(tiny_digits())
        generator.close()
        trainer.train_stage(stage, n_steps=STEPS - 5)
        return trainer

    return drive


def watched(trainer: SatipatthanaTrainer, stage: int) -> SatipatthanaTrainer:
    """Somebody looks between the steps, and leaves the network as no watcher should."""
    x = tiny_digits().x[:5]
    for record in trainer.steps(stage, STEPS):
        system = trainer.system
        if record.step % 2:
            system.eval()
        else:
            system.set_stage(None if record.step % 4 else 0)
        torch.manual_seed(record.step)
        system.eval()
        system(x, drunk_mode=True, noise_level=0.3, luck=LuckBySample(0, range(5)))
        system.requires_grad_(True)
        system(x).logits.sum().backward()  # gradients left behind
        trainer.progress(stage)
    trainer.at_keyframe(-1)
    return trainer


def run(drive: Callable[[SatipatthanaTrainer, int], SatipatthanaTrainer], **arguments: Any) -> SatipatthanaTrainer:
    trainer = tiny_trainer(**arguments)
    for stage in range(4):
        trainer = drive(trainer, stage)
    return trainer


KEYED = {"samatha.vitakka": {"kind": "keyed", "dim": 16, "n_probes": 4, "n_gate_keys": 6}}


@pytest.fixture(scope="module")
def reference() -> SatipatthanaTrainer:
    return run(at_once)


def assert_same(mine: SatipatthanaTrainer, theirs: SatipatthanaTrainer) -> None:
    a, b = snapshot(mine.system), snapshot(theirs.system)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    timeless = [[replace(record, samples_per_second=0.0) for record in trainer.history] for trainer in (mine, theirs)]
    assert timeless[0] == timeless[1]
    assert len(mine.keyframes) == len(theirs.keyframes)
    for one, other in zip(mine.keyframes, theirs.keyframes, strict=True):
        assert (one.stage, one.step, one.global_step) == (other.stage, other.step, other.global_step)
        assert [name for name in one.tensors if not torch.equal(one.tensors[name], other.tensors[name])] == []
    for stage in range(4):
        assert mine.progress(stage) == theirs.progress(stage)


@pytest.mark.parametrize("drive", [in_halves, asked_piece_by_piece, watched])
def test_how_it_is_driven_changes_nothing(reference: SatipatthanaTrainer, drive: Any):
    assert_same(run(drive), reference)


def test_saving_and_loading_changes_nothing(reference: SatipatthanaTrainer, tmp_path: Path):
    assert_same(run(saved_and_loaded(tmp_path / "run")), reference)


def test_keys_that_follow_the_data_change_nothing(tmp_path: Path):
    keyed = run(at_once, changes=KEYED)
    assert keyed.system.samatha.vitakka.settled
    for drive in (asked_piece_by_piece, watched, saved_and_loaded(tmp_path / "run")):
        assert_same(run(drive, changes=KEYED), keyed)


def test_vitals_change_nothing(reference: SatipatthanaTrainer):
    def vitals(system: Any, stage: Any) -> dict[str, float]:
        system.eval()
        return {"accuracy": float(system(tiny_digits().x[:9]).logits.argmax(dim=1).float().mean())}

    trainer = run(at_once, vitals=vitals, vitals_every=3)
    measured = [bool(record.vitals) for record in trainer.history[:STEPS]]
    assert measured == [step % 3 == 0 or step == PLAN for step in range(1, STEPS + 1)]
    trainer.history = [replace(record, vitals={}) for record in trainer.history]
    assert_same(trainer, reference)


def test_two_jobs_beside_each_other_do_not_race(reference: SatipatthanaTrainer):
    finished: list[SatipatthanaTrainer] = []
    jobs = [threading.Thread(target=lambda: finished.append(run(at_once))) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(finished) == 2
    for trainer in finished:
        assert_same(trainer, reference)


def test_a_seeded_run_comes_out_the_same_again_and_touches_no_global_chance(reference: SatipatthanaTrainer):
    torch.manual_seed(123)
    np.random.seed(123)
    random.seed(123)
    before = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr]
    trainer = run(at_once)
    after = torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr]
    assert before == after
    assert [record.step for record in reference.history] == list(range(1, STEPS + 1)) * 4
    assert_same(trainer, reference)


def test_another_seed_is_another_run(reference: SatipatthanaTrainer):
    other = tiny_trainer(seed=1)  # the same weights at first, other luck
    other.train_stage(0, n_steps=2)
    assert other.history[0].losses != reference.history[0].losses
    assert not torch.equal(
        snapshot(other.system)["samatha.adapter.net.0.weight"],
        snapshot(reference.at_keyframe(1))["samatha.adapter.net.0.weight"],
    )
