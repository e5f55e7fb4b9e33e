"""The map in a real browser: zoom, clicks, the second projection, the keyframes of the training."""

import re
from collections import Counter

from playwright.sync_api import expect

from lab.views import thought
from lab.views.arrays import unpack
from tests.ui.hands import point_of_the_cloud
from tests.web import synthetic
from tests.web.conftest import STILL, VIEWS, Shown, Stage, look
from tests.web.synthetic import World


def test_a_new_thought_keeps_zoom_clock_and_node(thinking: Shown, stage: Stage, world: World):
    stage.values["two"] = synthetic.payload(world, id="two", noise=0.1)
    thinking.press("ArrowRight", "ArrowRight")
    plane = thinking.root.locator(".plane")
    plane.hover(position={"x": 320, "y": 180})
    thinking.page.mouse.wheel(0, -300)
    expect(thinking.root.locator(".map-box")).to_have_attribute("data-view", "own")
    thinking.page.wait_for_function(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )
    stars = thinking.all(".map-probes > g", "node.getAttribute('transform')")
    thinking.root.evaluate("node => (node.marked = true)")
    thinking.show("two")
    thinking.expect(thought="two", step=2, playing="")
    assert thinking.all(".map-probes > g", "node.getAttribute('transform')") == stars
    assert thinking.root.evaluate("node => node.marked")
    plane.dblclick(position={"x": 8, "y": 300})
    expect(thinking.root.locator(".map-box")).to_have_attribute("data-view", "whole")


def test_the_map_can_be_dragged_and_brought_to_the_thought(thinking: Shown):
    before = thinking.all(".trail .now", "node.getBoundingClientRect()")[-1]
    box = thinking.root.locator(".plane").bounding_box()
    assert box
    thinking.page.mouse.move(box["x"] + 20, box["y"] + 300)
    thinking.page.mouse.down()
    thinking.page.mouse.move(box["x"] + 60, box["y"] + 280, steps=3)
    thinking.page.mouse.up()
    expect(thinking.root.locator(".map-box")).to_have_attribute("data-view", "own")
    thinking.page.wait_for_function(
        "x => Math.abs([...document.querySelectorAll('.trail .now')].pop().getBoundingClientRect().x - x - 40) < 1",
        arg=before["x"],
    )
    thinking.root.get_by_role("button", name="this thought").click()
    width = thinking.all(".trail.sober .whole", "node.getBoundingClientRect().width")[0]
    assert width > 0.4 * box["width"]


def test_a_click_on_the_cloud_comes_back_to_python(thinking: Shown):
    spot = point_of_the_cloud(thinking.page)
    thinking.root.locator(".plane").hover(position=spot)
    expect(thinking.page.locator(".lab-tip")).to_contain_text(re.compile(r"class \d"))
    thinking.root.locator(".plane").click(position=spot)
    expect(thinking.page.get_by_label("heard")).to_have_value(re.compile(r"\{'point': \d+\}"))


def test_rings_stand_around_the_neighbours_of_the_state_and_count_their_classes(thinking: Shown, world: World):
    thinking.press("Home", "ArrowRight")
    mind = synthetic.payload(world)["frames"][-1]["minds"]["sober"]
    near = unpack(mind["neighbours"])[1]
    rings = thinking.all(".trail.sober .near", "[node.getAttribute('cx'), node.getAttribute('cy')]")
    assert len(rings) == len(near) == 10 and len({tuple(ring) for ring in rings}) == 10
    label, most = Counter(world.labels[near].tolist()).most_common(1)[0]
    expect(thinking.root.locator(".map-company .sober")).to_contain_text(f"{label} ×{most}")


def test_umap_arrives_later_and_moves_nothing(thinking: Shown, stage: Stage, world: World):
    button = thinking.root.get_by_role("button", name="UMAP")
    expect(button).to_be_disabled()
    stage.values["working"] = thought.umap_patch("one", "working", "UMAP is being made: about 2 s")
    stage.values["ready"] = synthetic.umap(world)
    stage.values["stale"] = {**synthetic.umap(world), "id": "zero"}
    thinking.press("ArrowRight", "ArrowRight")
    thinking.show("working")
    thinking.expect(umap="working")
    expect(button).to_have_attribute("title", "UMAP is being made: about 2 s")
    thinking.show("stale")
    thinking.show("ready")
    thinking.expect(umap="ready", projection="pca", step=2)
    pca = look(thinking, VIEWS)["walked path"]
    button.click()
    thinking.expect(projection="umap", step=2)
    expect(button).to_have_attribute("aria-pressed", "true")
    assert look(thinking, VIEWS)["walked path"] != pca
    assert thinking.text(".map-honesty").startswith("32 % of the motion shown is false")
    assert len(thinking.all(".trail.sober .whole.false", "node.getAttribute('d')")[0].split("M")) - 1 == 3
    thinking.press("ArrowRight")
    thinking.expect(step=3)


def test_a_failed_umap_says_so(thinking: Shown, stage: Stage):
    stage.values["failed"] = thought.umap_patch("one", "failed", "UMAP failed: too few points.")
    thinking.show("failed")
    thinking.expect(umap="failed", state="thought")
    button = thinking.root.get_by_role("button", name="UMAP")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "UMAP failed: too few points.")


def test_a_patch_without_its_thought_asks_for_it(shown: Shown, stage: Stage, world: World):
    stage.values["orphan"] = {**synthetic.umap(world), "id": "gone"}
    shown.show("orphan")
    expect(shown.page.get_by_label("heard")).to_have_value("{'id': 'gone'}")
    shown.expect(state="empty")


def test_training_is_replayed(shown: Shown, stage: Stage, world: World):
    stage.values["frames"] = synthetic.payload(world, id="frames", frames=6, play=False)
    shown.show("frames")
    shown.expect(thought="frames", frame=5, frames=6, step=0)
    slider = shown.root.get_by_label("Trained for", exact=True)
    assert shown.text(".training-at") == "stage 1, step 200 (now)"
    before = look(shown, {"cloud": STILL["cloud"], "picture": VIEWS["picture"]})
    shown.press("ArrowRight")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    shown.expect(frame=3, step=1)
    expect(shown.root.locator(".training-at")).to_have_text("stage 1, step 120")
    after = look(shown, {"cloud": STILL["cloud"], "picture": VIEWS["picture"]})
    assert after["cloud"] != before["cloud"] and after["picture"] != before["picture"]
    # what is known of the map is known of the present
    assert "present weights only" in shown.text(".map-honesty")
    # UMAP is made for the present only
    stage.values["ready"] = synthetic.umap(world, id="frames")
    shown.show("ready")
    shown.root.get_by_role("button", name="UMAP").click()
    shown.expect(projection="pca", frame=3)
    assert "present weights" in shown.text(".map-honesty")
    slider.press("End")
    shown.expect(frame=5, projection="umap", step=1)
    shown.root.get_by_role("button", name="Replay the training").click()
    shown.expect(playing="training")
    shown.expect(playing="", frame=5, step=1)


def test_keyframes_that_come_later_keep_clock_and_map(thinking: Shown, stage: Stage, world: World):
    stage.values["ready"] = synthetic.umap(world)
    stage.values["more"] = synthetic.payload(world, frames=4)
    thinking.press("ArrowRight", "ArrowRight")
    thinking.show("ready")
    thinking.root.get_by_role("button", name="UMAP").click()
    thinking.expect(projection="umap", frames=1, step=2)
    thinking.show("more")
    thinking.expect(frames=4, frame=3, step=2, projection="umap", umap="ready", playing="")
    expect(thinking.root.get_by_label("Trained for", exact=True)).to_be_visible()
    thinking.root.get_by_label("Trained for", exact=True).press("ArrowLeft")
    thinking.expect(frame=2, step=2, projection="pca")


def test_one_keyframe_says_what_is_missing(thinking: Shown):
    expect(thinking.root.get_by_label("Trained for", exact=True)).to_be_hidden()
    assert "No earlier weights were kept" in thinking.text(".cv-training")
