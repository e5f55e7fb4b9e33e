"""The third map in a real browser: two probes are chosen, the thought is asked for, arrives and moves nothing."""

import numpy as np
from playwright.sync_api import expect

from lab.views import thought
from tests.web import synthetic
from tests.web.conftest import Shown, Stage
from tests.web.synthetic import World


def on_axis(world: World, first: int, second: int) -> dict:
    across = world.probes[second] - world.probes[first]
    across = across / np.linalg.norm(across)

    def flat(points: np.ndarray) -> np.ndarray:
        return np.stack([(points - world.probes[first]) @ across, points[:, 2]], axis=1)

    paths: dict[thought.Mind, np.ndarray] = {
        "sober": flat(world.think(17).states[:, 0]),
        "drunk": flat(world.think(17, drunk=True).states[:, 0]),
    }
    motion: dict[thought.Mind, np.ndarray] = {name: np.zeros(len(path) - 1, bool) for name, path in paths.items()}
    cloud = thought.Cloud(flat(world.points), flat(world.probes), world.labels, (0.2, 0.1))
    view = thought.MapView(cloud, paths, motion, {"false_share": 0.0, "uncounted": 0, "explained": 0.3, "n": 2000})
    return thought.axis_patch("one", first, second, view)


def test_two_probes_are_chosen_and_the_map_comes(thinking: Shown, stage: Stage, world: World):
    ends = thinking.root.locator(".map-ends")
    expect(ends).to_be_hidden()
    thinking.press("ArrowRight")
    thinking.root.get_by_role("button", name="axis").click()
    expect(ends).to_be_visible()
    thinking.root.get_by_label("From probe").select_option("2")
    thinking.root.get_by_label("To probe").select_option("5")
    thinking.expect(projection="pca", step=1)  # until it comes
    stage.values["axis"] = on_axis(world, 2, 5)
    thinking.show("axis")
    thinking.expect(projection="axis", step=1)
    expect(thinking.root.locator(".map-axes")).to_contain_text("★ 2 to ★ 5 (20 %)")
    assert "30 % of variance" in thinking.text(".map-honesty")
    # the same thought again, with its keyframes: the axis still holds
    stage.values["again"] = synthetic.payload(world, id="one", frames=3, play=False)
    thinking.show("again")
    thinking.expect(frames=3, projection="axis")
    thinking.root.get_by_label("To probe").select_option("2")
    expect(thinking.root.get_by_label("From probe")).to_have_value("3")  # one probe is no axis
    thinking.expect(projection="pca")
    thinking.root.get_by_role("button", name="PCA").click()
    thinking.expect(projection="pca")
    expect(ends).to_be_hidden()
