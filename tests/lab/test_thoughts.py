"""A thought on the page: its question checked, its frames, its map, what the map confesses."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab import companion, runs, thoughts
from lab.limits import BadInput
from lab.question import LIMITS, MODES, PARTS, Part, Question
from lab.replay import chosen_keyframes, place, stage_marks
from lab.runs import RunError
from lab.session import Session
from lab.views.arrays import unpack
from lab.views.thought import Mind, StageMark
from satipatthana.train.records import Keyframe, StepRecord, last_move, rebuild, walk

SOON = 120.0  # the map's process yields to everything else on the machine
SIZES: dict[Part, int] = {"test": 10, "train": 20}


def test_what_is_left_out_is_the_runs_own():
    assert Question.checked(SIZES) == Question() == Question.checked(SIZES, noise=None, n_steps=None, threshold=None)
    full = dict(sample=9.0, noise=0.5, seed=3, mode="both", n_steps=200, threshold=0.5, skip=0, push=1)
    asked = Question.checked(SIZES, **full)
    assert asked == Question(9, 0.5, 3, "both", 200, 0.5, 0.0, 1.0) and asked.minds == ("sober", "drunk")


@given(
    st.dictionaries(
        st.sampled_from(["sample", "part", "mode", *LIMITS, "device"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from([*MODES, *PARTS])
        | st.lists(st.integers()),
    )
)
def test_a_question_holds_only_what_it_may(sent):
    try:
        asked = Question.checked(SIZES, **sent)
    except BadInput as error:
        assert str(error).endswith(".")
        return
    assert 0 <= asked.sample < SIZES[asked.part] and asked.mode in MODES
    for name, (_, low, high, whole) in LIMITS.items():
        value = getattr(asked, name)
        assert value is None or (low <= value <= high and isinstance(value, int if whole else float))


def test_a_thought_of_both_minds_becomes_a_payload(session: Session):
    shown = session.thought_now(sample=2, noise=0.5, mode="both", n_steps=7, skip=1.0)
    assert set(shown.thoughts) == {"sober", "drunk"}
    assert shown.thoughts["drunk"].skipped.all() and not shown.thoughts["sober"].skipped.any()
    payload = json.loads(json.dumps(shown.payload()))
    (frame,) = payload["frames"]
    assert frame["trained"]["label"] == "before training" and payload["about"]["sample"] == 2
    assert unpack(frame["minds"]["sober"]["decoded"]).shape == (8, 28, 28, 1)
    assert unpack(payload["context"]["pca"]["xy"]).shape == (80, 2)
    assert unpack(payload["context"]["pca"]["probes"]).shape == (10, 2)
    assert payload["honesty"]["pca"]["n"] == 80 and 0 < payload["honesty"]["pca"]["explained"] <= 1
    assert frame["minds"]["drunk"]["verdict"] == "no step was taken"


def test_an_input_of_the_cloud_can_be_thought_about_and_is_its_own_neighbour(session: Session):
    shown = session.thought_now(sample=17, part="train", threshold=-1)
    train = session.now.run.bundle.train
    assert np.array_equal(shown.target, train.x[17].numpy()) and shown.question.title == "training input 17"
    mind = json.loads(json.dumps(shown.payload()))["frames"][0]["minds"]["sober"]
    near = unpack(mind["neighbours"])
    assert near.shape == (11, 10) and near[-1, 0] == 17
    ends = shown.context.s_star
    away = np.linalg.norm(ends - shown.thoughts["sober"].states[-1, 0], axis=1)
    assert set(near[-1]) == set(np.argsort(away)[:10])
    with pytest.raises(BadInput, match="Sample is 100000"):
        session.thought_now(sample=100_000, part="train")


def test_the_same_question_has_the_same_answer_and_luck_outlives_a_dial(session: Session):
    first, again = (session.thought_now(sample=1, noise=0.4, mode="drunk", seed=5) for _ in range(2))
    assert first.id != again.id
    assert np.array_equal(first.thoughts["drunk"].states, again.thoughts["drunk"].states)
    other = session.thought_now(sample=1, noise=0.4, mode="drunk", seed=5, push=0.0).thoughts["drunk"]
    assert np.array_equal(other.skipped, first.thoughts["drunk"].skipped)
    assert np.array_equal(other.x_given, first.thoughts["drunk"].x_given)


def test_a_shipped_run_thinks_in_the_place_of_this_one(session: Session, monkeypatch):
    monkeypatch.setattr(companion, "_KEPT", {})
    with pytest.raises(BadInput, match="one of: own, sharp"):
        session.thought_now(weights="blunt")
    assert session.switches
    own, sharp = (session.thought_now(sample=1, noise=0.3, weights=weights) for weights in ("own", "sharp"))
    about = [shown.payload()["about"] for shown in (own, sharp)]
    assert [(one["run"], one["blurs"], one["switches"]) for one in about] == [
        ("new run", True, True),
        ("sharp", False, True),
    ]
    assert np.array_equal(own.thoughts["sober"].x_given, sharp.thoughts["sober"].x_given)
    assert session.run_info().name == "new run" and session.last_thought is None, "it is no thought of this run"
    assert sharp.payload()["frames"][-1]["trained"]["learned"] == [0, 1, 2, 3]
    whole = session.thought_replay()
    assert whole is not None and len(whole.frames) > 8
    monkeypatch.setattr(runs, "shipped_folder", lambda name: None)
    assert not session.switches
    monkeypatch.setattr(companion, "_KEPT", {})
    with pytest.raises(RunError, match="did not come with this copy"):
        session.thought_now(weights="sharp")


def test_the_map_is_kept_until_the_weights_change(session: Session, settle):
    first = session.context()
    assert session.thought_now(sample=0).context is first is session.context()
    session.train(1, 1)
    settle(session)
    assert session.context() is not first


def test_visitors_of_the_same_weights_share_what_was_found_of_them(session: Session, settle, monkeypatch):
    session.train(1)
    settle(session)
    session.save("shared")
    visitors = [Session(session.shelf), Session(session.shelf)]
    for visitor in visitors:
        visitor.open_run("shared")
    first, second = visitors
    first.thought_now(sample=0)
    assert first.thought_replay() is not None

    def again(*_: Any) -> None:
        raise AssertionError("where its thoughts end was known")

    monkeypatch.setattr(thoughts, "settled", again)
    assert second.thought_now(sample=1).context is first.context()
    replayed = second.thought_replay()
    assert replayed is not None and len(replayed.frames) > 2
    second.reset(seed=1)
    with pytest.raises(AssertionError, match="was known"):
        second.thought_now(sample=1)
    for visitor in visitors:
        visitor.close()


def test_what_a_replay_says_of_a_path_is_so_at_every_keyframe(session: Session, settle):
    session.train_all()
    settle(session)
    session.thought_now(sample=3, noise=0.3, mode="drunk")
    replayed, snapshot = session.thought_replay(), session.now.snapshot()
    assert replayed is not None
    chosen = chosen_keyframes(snapshot.keyframes, 15, 10)
    for index, frame in zip(chosen, replayed.frames[:-1], strict=True):
        view, past = frame.minds["drunk"], rebuild(snapshot.system, snapshot.keyframes, index)
        assert view.verdict == thoughts.verdict(past, view.thought, 10)
        assert np.array_equal(view.path, replayed.context.pca.project(view.thought.states[:, 0]))


def test_a_replay_visits_every_keyframe_before_the_present(session: Session, settle):
    with pytest.raises(BadInput, match="Choose a digit"):
        session.thought_replay()
    session.train_all()
    settle(session)
    shown = session.thought_now(sample=3, noise=0.3)
    replayed = session.thought_replay()
    assert replayed is not None and replayed.whole and replayed.id == shown.id
    places = [frame.global_step for frame in replayed.frames]
    older = [at.global_step for at in session.keyframes_info() if at.global_step < 15]
    assert places == [*older, 15] and places == sorted(places)
    assert replayed.frames[0].label == "before training" and replayed.frames[-1] is shown.frames[-1]
    assert all(frame.cloud is not None for frame in replayed.frames[:-1])
    settled = [frame for frame in replayed.frames if frame.stage in (2, 3)]
    assert len({id(frame.cloud) for frame in settled[:-1]}) == 1, "the map moves no more"
    assert 0 < replayed.honesty["trustworthiness"] <= 1
    marks = replayed.payload()["stage_marks"]
    assert marks == [
        {"stage": 0, "from": 0, "to": 3},
        {"stage": 1, "from": 3, "to": 9},
        {"stage": 2, "from": 9, "to": 12},
        {"stage": 3, "from": 12, "to": 15},
    ]


def test_a_replay_ends_when_a_newer_thought_is_asked_for(session: Session, settle):
    session.train(0)
    settle(session)
    session.thought_now(sample=0)
    thinker, shown, snapshot = session.now.thinker, session._shown, session.now.snapshot()
    assert shown is not None
    assert thinker.replay(shown, snapshot, lambda: False) is None


def test_an_untrained_run_can_be_replayed_too(session: Session):
    session.thought_now(sample=0)
    replayed = session.thought_replay()
    assert replayed is not None and len(replayed.frames) == 1


def test_walking_is_rebuilding(session: Session, settle):
    session.train_all()
    settle(session)
    snapshot = session.now.snapshot()
    keyframes = snapshot.keyframes
    fitted = last_move(keyframes, len(keyframes) - 1)
    visited = sorted({0, 2, fitted, fitted + 1, len(keyframes) - 1})
    for index, past in walk(snapshot.system, keyframes, visited):
        expected = rebuild(snapshot.system, keyframes, index).state_dict()
        for key, value in past.state_dict().items():
            if index > fitted and "gate_" in key:
                assert torch.equal(expected[key], snapshot.system.state_dict()[key]), "the gate knows its keys again"
            assert torch.equal(value, expected[key]), (index, key)


def frames(*places: tuple[int, int, int]) -> list[Keyframe]:
    return [Keyframe(*at, {}) for at in places]


def test_which_keyframes_a_long_thought_visits():
    keyframes = frames(*((1, step, step) for step in range(100)))
    assert chosen_keyframes(keyframes, 50, 10) == list(range(50))
    thinned = chosen_keyframes(keyframes, 100, 200)
    assert len(thinned) == 8 and thinned[0] == 0 and thinned[-1] == 99
    assert chosen_keyframes([], 5, 10) == []
    assert chosen_keyframes(keyframes, 0, 10) == []


def test_places_and_marks():
    def record(stage: int, step: int, total: int) -> StepRecord:
        return StepRecord(stage, step, total, {}, 0.0, 0.0, 0.0)

    assert stage_marks([]) == ()
    history = [record(0, 1, 1), record(0, 2, 2), record(2, 1, 3), record(0, 3, 4)]
    assert stage_marks(history) == (StageMark(0, 0, 2), StageMark(2, 2, 3), StageMark(0, 3, 4))
    assert place(None).label == "before training" and place(history[2]).label == "stage 2, step 1"
    assert last_move(frames((0, 1, 1), (1, 2, 2), (2, 1, 3)), 2) == 1 and last_move([], -1) == -1


def test_verdicts(session: Session):
    def said(mind: Mind = "sober", **asked: Any) -> str:
        line = session.thought_now(sample=0, mode=mind, **asked).frames[-1].minds[mind].verdict
        assert line is not None
        return line

    assert said(n_steps=200).startswith("fixed point: last step") and "of the one before" in said(n_steps=200)
    assert said(n_steps=5).startswith("stopped by the step limit: last step")
    assert said("drunk", skip=1.0) == "no step was taken"
    assert said("drunk", skip=0.0, push=1.0).startswith("stopped by the step limit")
    assert "shut out" in said(threshold=1.0)


def test_the_umap_of_a_thought_arrives_as_a_patch(session: Session):
    assert session.umap_patch() is None
    with pytest.raises(BadInput):
        session.umap_start()
    shown = session.thought_now(sample=0, mode="both")
    session.umap_start()
    ticket = session._ticket
    assert ticket is not None and ticket.wait(SOON)
    asked = ticket.placing
    assert asked.shown == shown.id and len(asked.thoughts) == 2 and asked.points is shown.context.s_star
    patch = json.loads(json.dumps(session.umap_patch()))
    assert (patch["kind"], patch["id"], patch["state"]) == ("umap", shown.id, "ready")
    assert set(patch["minds"]) == {"sober", "drunk"} and unpack(patch["context"]["umap"]["xy"]).shape == (80, 2)
    assert patch["honesty"]["umap"]["displacement"] == 0.04
    session.thought_now(sample=1)
    assert session.umap_patch() is None, "it was another thought's"


def test_vectors_think_too(session: Session):
    session.new_run({"data": "digits", "seed": 1, "dim": 16, "n_steps": 5})
    assert session.thought_now(sample=0).thoughts["sober"].states.shape == (6, 1, 16)
