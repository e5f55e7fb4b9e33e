import itertools
import json

import pytest
import torch

from satipatthana.core.system import LEARNS, TrainingStage
from satipatthana.train.records import Keyframe, StepRecord, add_keyframe, capture, is_keyframe, keyframe_steps, rebuild
from tests.tiny import snapshot, tiny_digits, tiny_system, tiny_trainer


def test_keyframes_are_log_spaced_from_0_to_the_plan():
    steps = keyframe_steps(630, 20)
    assert steps[0] == 0 and steps[-1] == 630 and steps == sorted(set(steps))
    assert 15 <= len(steps) <= 20
    gaps = [b - a for a, b in itertools.pairwise(steps)]
    assert gaps[0] == 1 and gaps[-1] > 100  # close at first, wide at last
    assert all(b >= a for a, b in itertools.pairwise(gaps))


@pytest.mark.parametrize(("planned", "count"), [(1, 20), (5, 20), (126, 20), (300, 3), (7, 1)])
def test_keyframes_stay_within_the_plan(planned: int, count: int):
    steps = keyframe_steps(planned, count)
    assert {0, planned} <= set(steps) and max(steps) == planned and len(steps) <= max(2, count)


def test_a_keyframe_is_due_where_it_is_planned_and_every_half_plan_after():
    due = [step for step in range(41) if is_keyframe(step, 16, 6)]
    assert due == [*keyframe_steps(16, 6), 24, 32, 40]
    assert not any(is_keyframe(step, 16, 0) for step in range(41))


@pytest.mark.parametrize("stage", TrainingStage)
def test_a_keyframe_holds_what_the_stage_trains_in_half_precision(stage: TrainingStage):
    frame = capture(tiny_system(), stage, 3, 9)
    assert (frame.stage, frame.step, frame.global_step) == (int(stage), 3, 9)
    assert {name.split(".")[0] for name in frame.tensors} == set(LEARNS[stage])
    assert all(not value.is_floating_point() or value.dtype == torch.float16 for value in frame.tensors.values())


def test_a_keyframe_is_a_copy():
    system = tiny_system()
    frame = capture(system, TrainingStage.SAMATHA_TRAINING, 0, 0)
    before = frame.tensors["vitakka.probes"].clone()
    with torch.no_grad():
        system.probes.zero_()
    assert torch.equal(frame.tensors["vitakka.probes"], before)


def test_a_network_is_rebuilt_as_it_stood():
    trainer = tiny_trainer({"curriculum.n_keyframes": 20})
    states, steps = [], []
    for stage in (0, 1):
        for record in trainer.steps(stage, 4):
            states.append(snapshot(trainer.system))
            steps.append((record.stage, record.step))
    for index, frame in enumerate(trainer.keyframes):
        if frame.step == 0:
            continue
        past = trainer.at_keyframe(index)
        assert not past.training and past.get_trainable_params() == {}
        then = states[steps.index((frame.stage, frame.step))]
        for name, value in snapshot(past).items():
            if name.startswith("samatha.vitakka.gate"):
                continue  # fitted when the stage is left, not at each step
            assert torch.allclose(value.float(), then[name].float(), atol=2e-3, rtol=2e-3), name
    # what had not been trained yet stands as it was initialised
    first = trainer.at_keyframe(0)
    fresh = trainer.system.freshly_initialised()
    assert torch.equal(first.probes, fresh.probes)
    assert not torch.allclose(trainer.at_keyframe(-1).probes, fresh.probes, atol=1e-2)
    x = tiny_digits().x[:2]
    trainer.system.eval()
    assert torch.allclose(trainer.at_keyframe(-1).think(x).s_star, trainer.system.think(x).s_star, atol=0.02)


def test_a_keyframe_that_is_not_there():
    with pytest.raises(IndexError, match="Keyframe 0 of 0"):
        rebuild(tiny_system(), [], 0)
    with pytest.raises(IndexError, match="Keyframe -2 of 1"):
        rebuild(tiny_system(), [Keyframe(0, 0, 0, {})], -2)


def test_a_record_survives_json():
    record = StepRecord(1, 2, 3, {"total": 0.1, "stability": 1e-9}, 3e-3, 0.7, 1234.5, {"accuracy": 0.5})
    assert StepRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_keyframes_stay_within_their_bytes_and_keep_their_spread():
    def frame(stage: int, step: int) -> Keyframe:
        return Keyframe(stage, step, 1000 * stage + step, {"vicara.weight": torch.zeros(100, dtype=torch.float16)})

    kept: list[Keyframe] = []
    for stage in (0, 1):
        for step in (0, 1, 2, 4, 8, 16, 17, 32):
            add_keyframe(kept, frame(stage, step), limit=12 * 200)
    assert len(kept) == 12
    assert [(one.stage, one.step) for one in kept if one.step in (0, 32)] == [(0, 0), (0, 32), (1, 0), (1, 32)]
    near = [(one.stage, one.step) for one in kept if one.step in (16, 17)]
    assert [stage for stage, _ in near] == [0, 1], "of two that are close one is missed least"
    add_keyframe(kept, frame(2, 1), limit=200)
    assert [one.stage for one in kept] == [2], "the present stays"
