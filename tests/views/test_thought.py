"""Thoughts become the payload that the Converge instrument draws."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lab.views import thought as views
from lab.views.arrays import unpack
from tests.web import synthetic
from tests.web.synthetic import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(n_points=50)


def test_a_mind_is_sent_as_it_thought(world: World):
    seen = world.think(17, drunk=True, stop=7)
    sent = synthetic.payload(world, mode="drunk", stop=7)
    (frame,) = sent["frames"]
    mind = frame["minds"]["drunk"]
    assert list(frame["minds"]) == ["drunk"]
    assert mind["steps"] == 7
    for name in (
        "step_size", "skipped", "taken", "probe_cosine", "probabilities", "trust", "conformity", "confidence",
        "distance_to_end",
    ):  # fmt: skip
        np.testing.assert_allclose(unpack(mind[name]), getattr(seen, name)[:, 0], rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(unpack(mind["map"]["pca"]), seen.states[:, 0, :2], rtol=1e-6)
    assert unpack(mind["decoded"]).shape == (11, 28, 28, 1)
    assert mind["answer"] == str(seen.probabilities[-1, 0].argmax())
    assert mind["winner"] == seen.winner[0]
    assert unpack(sent["context"]["pca"]["xy"]).shape == (50, 2)


def test_a_row_of_a_batch_is_sent_alone(world: World):
    one, two = world.think(17), world.think(18)
    both = replace(
        one,
        **{
            name: np.concatenate([getattr(one, name), getattr(two, name)], axis=0 if name in FIRST_AXIS else 1)
            for name in vars(one)
            if name != "threshold"
        },
    )
    view = synthetic.view(two, world.points)
    frames = [views.Frame(0, 0, 0, "now", {"sober": replace(view, thought=both, row=1)})]
    alone = [replace(frames[0], minds={"sober": view})]
    sent, expected = (
        views.thought_payload(id="x", about=about(), target=np.zeros((1, 28, 28)), frames=f, cloud=world.cloud())
        for f in (frames, alone)
    )
    assert sent == expected


FIRST_AXIS = ("steps", "winner", "gate", "gate_similarity", "x_given")


def about() -> views.About:
    return views.About("healthy", "digits", [str(k) for k in range(10)])


def test_pixels():
    image = np.array([[[-1.0, 1.0], [0.0, 0.5]], [[-3.0, 3.0], [np.nan, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    sent = unpack(views.drawable(image))
    assert sent.shape == (2, 2, 3) and sent.dtype == np.uint8
    assert sent[..., 0].tolist() == [[0, 255], [128, 191]]
    assert sent[..., 1].tolist() == [[0, 255], [0, 128]]  # clipped; NaN is black
    assert unpack(views.drawable(image[None, :1])).shape == (1, 2, 2, 1)


def test_vectors_stay_vectors(world: World):
    sent = synthetic.moons(world)
    assert sent["about"]["image"] is False and sent["about"]["height"] is None
    assert unpack(sent["input"]).tolist() == pytest.approx([0.3, -0.2])
    mind = sent["frames"][0]["minds"]["sober"]
    np.testing.assert_allclose(unpack(mind["decoded"]), world.think(17).states[:, 0, :2] / 15, rtol=1e-6)
    assert unpack(sent["context"]["inputs"]).shape == (2000, 2)


def test_shapes_that_are_no_picture_are_refused():
    with pytest.raises(ValueError, match="1 or 3 channels; got"):
        views.drawable(np.zeros((28, 28, 28)))
    with pytest.raises(ValueError, match="1 or 3 channels; got"):
        views.drawable(np.zeros((1, 1, 1, 28, 28)))


def test_json_has_no_nan(world: World):
    seen = replace(world.think(17), gate_similarity=np.array([np.nan]))
    frames = [views.Frame(0, 0, 0, "now", {"sober": synthetic.view(seen, world.points)})]
    honesty = {"false_share": None, "uncounted": 2, "trustworthiness": float("nan"), "n": 50}
    sent = views.thought_payload(
        id="x", about=about(), target=np.zeros((1, 28, 28)), frames=frames, cloud=world.cloud(), honesty=honesty
    )
    json.dumps(sent, allow_nan=False)
    assert sent["frames"][0]["minds"]["sober"]["gate_similarity"] is None
    assert sent["honesty"] == {"pca": {"false_share": None, "uncounted": 2.0, "trustworthiness": None, "n": 50.0}}
    assert sent["about"]["sample"] is None
    assert "play" not in sent


def test_keyframes_bring_their_own_cloud(world: World):
    sent = synthetic.payload(world, frames=3)
    first, second, present = sent["frames"]
    known = {"stage": 1, "step": 80, "global_step": 120, "label": "stage 1, step 80", "learned": [0, 1, 2, 3]}
    assert present["trained"] == known
    assert "context" not in present
    np.testing.assert_allclose(
        2 * unpack(first["context"]["pca"]["xy"]), unpack(second["context"]["pca"]["xy"]), rtol=1e-5
    )
    assert sent["stage_marks"][1] == {"stage": 1, "from": 126, "to": 756}


def test_arrays_of_different_length_are_refused(world: World):
    view = synthetic.view(world.think(17), world.points)
    short = [
        (replace(view, path=view.path[:-1]), "path has 10 rows; a thought of 10 steps has 11"),
        (replace(view, false_motion=np.zeros(11, bool)), "false_motion has 11 rows; a thought of 10 steps has 10"),
    ]
    for wrong, message in short:
        frames = [views.Frame(0, 0, 0, "now", {"sober": wrong})]
        with pytest.raises(ValueError, match=message):
            views.thought_payload(
                id="x", about=about(), target=np.zeros((1, 28, 28)), frames=frames, cloud=world.cloud()
            )


def test_no_frame_and_no_mind_are_refused(world: World):
    for frames in ([], [views.Frame(0, 0, 0, "now", {})]):
        with pytest.raises(ValueError, match="needs a frame and every frame a mind"):
            views.thought_payload(
                id="x", about=about(), target=np.zeros((1, 28, 28)), frames=frames, cloud=world.cloud()
            )


def test_the_other_map_comes_as_a_patch(world: World):
    patch = synthetic.umap(world, id="x", mode="sober")
    assert (patch["kind"], patch["id"], patch["state"]) == ("umap", "x", "ready")
    assert list(patch["minds"]) == ["sober"]
    assert unpack(patch["minds"]["sober"]["map"]["umap"]).shape == (11, 2)
    assert unpack(patch["minds"]["sober"]["false_motion"]["umap"]).shape == (10,)
    assert unpack(patch["context"]["umap"]["xy"]).shape == (50, 2)
    assert patch["honesty"]["umap"]["false_share"] == 0.32
    assert views.umap_patch("x", "working", "2 s") == {"kind": "umap", "id": "x", "state": "working", "text": "2 s"}
    with pytest.raises(ValueError, match="'ready' without a view"):
        views.umap_patch("x", "ready")
    with pytest.raises(ValueError, match="'failed' with a view"):
        views.umap_patch("x", "failed", view=views.MapView(world.cloud(), {}, {}))


def test_what_is_shown_instead_of_a_thought():
    assert views.waiting_payload("2 s") == {"kind": "waiting", "text": "2 s"}
    assert views.error_payload("No.") == {"kind": "error", "text": "No."}
    assert views.empty_payload("Nothing.") == {"kind": "empty", "text": "Nothing."}
    assert views.empty_payload("Nothing.", "Train") == {"kind": "empty", "text": "Nothing.", "action": "Train"}
