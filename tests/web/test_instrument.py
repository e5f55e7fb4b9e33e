"""The Converge instrument in a real browser: one clock moves every view, and nothing else moves."""

import re

import pytest
from playwright.sync_api import expect

from lab.views import style, thought
from tests.ui.conftest import OpenPage
from tests.web import synthetic
from tests.web.conftest import Shown, Stage
from tests.web.synthetic import World

# everything that the clock drives: (selector, what of it)
VIEWS = {
    "map": (".trail .now", "node.getAttribute('transform')"),
    "walked path": (".trail .walked", "node.getAttribute('d')"),
    "map readout": (".map-readout > div", "node.textContent"),
    "picture": (".sight-sober canvas, .sight-drunk canvas", "node.toDataURL()"),
    "caption": (".sight-sober figcaption", "node.textContent"),
    "film": (".film-strip button", "node.getAttribute('aria-current')"),
    "probes": (".cv-probes .bars-track i", "node.style.transform"),
    "answer": (".cv-answer .bars-track i", "node.style.transform"),
    "answer said": (".cv-answer .sayings", "node.textContent"),
    "scores": (".score-track", "node.getAttribute('aria-valuetext')"),
    "score bars": (".score-track i", "node.style.transform"),
    "cursor": (".curve-now", "node.getAttribute('x1')"),
    "slider": (".curve-slider", "node.value"),
    "step count": (".transport-count", "node.textContent"),
    "report": (".transport-minds", "node.textContent"),
}
# and what a step must leave where it is
STILL = {
    "cloud": (".plane-cloud", "node.toDataURL()"),
    "whole path": (".trail .whole", "node.getAttribute('d')"),
    "stars": (".map-probes > g", "node.getAttribute('transform')"),
    "input": (".sight-input canvas, .sight-target canvas", "node.toDataURL()"),
    "panels": (".lab-panel", "JSON.stringify(node.getBoundingClientRect())"),
    "curves": (".curve-size", "node.getAttribute('d')"),
}
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def look(shown: Shown, views: dict[str, tuple[str, str]]) -> dict[str, list]:
    seen = {name: shown.all(*view) for name, view in views.items()}
    assert all(seen.values()), [name for name, values in seen.items() if not values]
    return seen


@pytest.fixture
def thinking(shown: Shown, stage: Stage, world: World) -> Shown:
    """Both minds, ten steps, the clock at the beginning and still."""
    stage.values["one"] = synthetic.payload(world, play=False)
    shown.show("one")
    shown.expect(state="thought", thought="one", step=0, steps=10, playing="", projection="pca")
    return shown


def test_one_clock_moves_every_view_and_only_what_it_should(thinking: Shown):
    before, still = look(thinking, VIEWS), look(thinking, STILL)
    thinking.press("ArrowRight")
    thinking.expect(step=1)
    after = look(thinking, VIEWS)
    assert [name for name in VIEWS if before[name] == after[name]] == []
    assert look(thinking, STILL) == still
    thinking.press("ArrowLeft")
    thinking.expect(step=0)
    assert look(thinking, VIEWS) == before


def test_what_is_said_is_what_was_sent(thinking: Shown, world: World):
    seen = world.think(17)
    thinking.press("ArrowRight", "ArrowRight", "ArrowRight")
    thinking.expect(step=3)
    assert thinking.text(".transport-count") == "step 3\nof 10"
    assert f"moved {style.number(seen.step_size[2, 0])}" in thinking.text(".transport-minds .sober")
    assert f"{style.number(seen.distance_to_end[3, 0])} from its end" in thinking.text(".map-readout .sober")
    assert thinking.all(".score-track.sober", "node.getAttribute('aria-valuetext')") == [
        f"{value[3, 0]:.2f}" for value in (seen.trust, seen.conformity, seen.confidence)
    ]
    cosine, share = seen.probe_cosine[3, 0], seen.probabilities[3, 0]
    assert f"probe {cosine.argmax()}" in thinking.text(".cv-probes .sayings .sober")
    assert f"{share.argmax()}\n({round(100 * share.max())} %)" in thinking.text(".cv-answer .sayings .sober")
    pixels = thinking.page.evaluate(
        "() => [...document.querySelector('.sight-sober canvas').getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    assert pixels[::4] == [round((x + 1) * 127.5) for x in seen.decoded[3, 0, 0].ravel().tolist()]


def test_keys(thinking: Shown):
    thinking.press("End")
    thinking.expect(step=10)
    thinking.press("ArrowRight")
    thinking.expect(step=10)
    thinking.press("Home")
    thinking.expect(step=0, playing="")
    thinking.press("Space")
    thinking.expect(playing="thought")
    thinking.expect(step=10, playing="")  # it plays to the end and stops there


def test_space_pauses(thinking: Shown):
    thinking.root.get_by_label("Speed").select_option("0.25")
    thinking.root.get_by_label("Speed").blur()
    thinking.press("Space")
    thinking.expect(playing="thought")
    thinking.press("Space")
    thinking.expect(playing="")
    assert int(thinking.root.get_attribute("data-step") or "") < 10


def test_keys_belong_to_whoever_types(thinking: Shown):
    box = thinking.page.get_by_label("heard")
    box.fill("ab")
    box.press("Home")
    box.press("Space")
    box.press("ArrowRight")
    expect(box).to_have_value(" ab")
    thinking.expect(step=0, playing="")


def test_keys_do_nothing_while_another_tab_is_open(thinking: Shown):
    thinking.press("ArrowRight")
    thinking.page.get_by_role("tab", name="Elsewhere").click()
    expect(thinking.root).to_be_hidden()
    thinking.press("ArrowRight", "Space")
    thinking.page.get_by_role("tab", name="Converge").click()
    expect(thinking.root).to_be_visible()
    thinking.expect(step=1, playing="")
    # the tab's button has the focus now, and yet the keys are the clock's
    thinking.press("ArrowRight")
    thinking.expect(step=2)


def test_buttons(thinking: Shown):
    for label, step in (
        ("One step on", 1),
        ("To the last", 10),
        ("One step back", 9),
        ("To the first", 0),
    ):
        thinking.root.get_by_role("button", name=re.compile(label)).click()
        thinking.expect(step=step)
    thinking.root.get_by_role("button", name="Play the thought (space)").click()
    thinking.expect(playing="thought")
    # the button does not keep the focus: the space bar pauses, it does not press
    thinking.press("Space")
    thinking.expect(playing="")


def test_the_axis_of_the_curve_is_the_scrubber(thinking: Shown):
    chart = thinking.root.locator(".curve-chart")
    box = chart.bounding_box()
    assert box
    ticks = thinking.all(".curve-ruler span", "[node.textContent, node.getBoundingClientRect()]")
    middle = {text: place["x"] + place["width"] / 2 for text, place in ticks}
    mouse = thinking.page.mouse
    mouse.move(middle["2"], box["y"] + 30)
    mouse.down()
    thinking.expect(step=2)
    mouse.move(middle["7"], box["y"] + 30)
    thinking.expect(step=7)
    # the line of the chart and the handle of the slider stand above the tick
    line = thinking.all(".curve-now", "node.getBoundingClientRect().x")[0]
    assert line == pytest.approx(middle["7"], abs=1)
    slider = thinking.all(".curve-slider", "node.getBoundingClientRect()")[0]
    handle = slider["x"] + 10 + 0.7 * (slider["width"] - 20)
    assert handle == pytest.approx(middle["7"], abs=1)
    mouse.up()
    thinking.root.get_by_label("Step of the thought").press("ArrowLeft")
    thinking.expect(step=6)


def test_film_and_path_set_the_clock(thinking: Shown):
    thinking.root.get_by_role("button", name="drunk, state 4", exact=False).first.click()
    thinking.expect(step=4)
    thinking.root.locator(".trail.sober .dot").nth(1).click()
    thinking.expect(step=1)


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


def test_another_input_is_watched_from_its_beginning(thinking: Shown, stage: Stage, world: World):
    stage.values["other"] = synthetic.payload(world, id="other", sample=100)
    thinking.press("End")
    thinking.show("other")
    thinking.expect(thought="other", step=10, playing="")
    assert thinking.text(".cv-answer .sayings .sober").split("\n")[1] == str(world.y[100])


def test_a_click_on_the_cloud_comes_back_to_python(thinking: Shown):
    x, y = thinking.root.locator(".plane").evaluate(
        """node => {
            // a place of the canvas where a point is, and nothing above it
            const canvas = node.querySelector("canvas");
            const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const box = node.getBoundingClientRect();
            for (let i = 3; i < data.length; i += 4 * 7) {
                const [x, y] = [((i - 3) / 4) % width, Math.floor((i - 3) / 4 / width)];
                if (data[i] > 100 && document.elementFromPoint(box.x + x, box.y + y) === canvas) return [x, y];
            }
        }"""
    )
    thinking.root.locator(".plane").hover(position={"x": x, "y": y})
    expect(thinking.page.locator(".lab-tip")).to_contain_text(re.compile(r"class \d"))
    thinking.root.locator(".plane").click(position={"x": x, "y": y})
    expect(thinking.page.get_by_label("heard")).to_have_value(
        re.compile(r"\{'index': \d+, 'label': \d, 'projection': 'pca'\}")
    )


def test_a_click_on_a_probe_comes_back_to_python(thinking: Shown):
    thinking.root.locator(".map-probes path").nth(0).click()
    expect(thinking.page.get_by_label("heard")).to_have_value("{'probe': 0}")


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


def test_skipped_and_stopped_steps_are_said_and_marked(shown: Shown, stage: Stage, world: World):
    stage.values["stop"] = synthetic.payload(world, id="stop", stop=7, play=False)
    shown.show("stop")
    shown.expect(thought="stop")
    skipped = world.think(17, drunk=True, stop=7).skipped[:, 0]
    assert skipped.any()
    assert shown.root.locator(".curve-skip").count() == skipped.sum()
    assert shown.root.locator(".film-strip.drunk .skipped").count() == skipped.sum()
    step = int(skipped.argmax()) + 1
    shown.press(*["ArrowRight"] * step)
    shown.expect(step=step)
    assert "skipped this step" in shown.text(".transport-minds .drunk")
    shown.press("End")
    shown.expect(step=10)
    assert "stopped at step 7" in shown.text(".transport-minds .sober")
    assert shown.root.locator(".curve-stop").count() == 2


def test_before_the_first_step_there_is_no_score(thinking: Shown):
    assert thinking.text(".score >> nth=0") == "trust\nno step yet"
    assert set(thinking.all(".score-track", "node.getAttribute('aria-valuetext')")) == {"no step yet"}
    thinking.press("ArrowRight")
    assert thinking.root.get_by_text("no step yet").filter(visible=True).count() == 0


def test_a_shut_gate_says_so(shown: Shown, stage: Stage, world: World):
    stage.values["shut"] = synthetic.payload(world, id="shut", shut=True, mode="sober", play=False)
    shown.show("shut")
    shown.expect(thought="shut")
    assert shown.text(".sight-gate") == "Gate shut: similarity 0.31 < 0.60, so nothing was let in."
    assert shown.root.locator(".map-probes .first, .bars-column.first").count() == 0
    shown.press("ArrowRight")
    assert "did not move" in shown.text(".transport-minds .sober")
    assert "no direction" in shown.text(".cv-probes .sayings")


def test_training_is_replayed(shown: Shown, stage: Stage, world: World):
    stage.values["frames"] = synthetic.payload(world, id="frames", frames=6, play=False)
    shown.show("frames")
    shown.expect(thought="frames", frame=5, frames=6, step=0)
    slider = shown.root.get_by_label("Trained for")
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
    expect(thinking.root.get_by_label("Trained for")).to_be_visible()
    thinking.root.get_by_label("Trained for").press("ArrowLeft")
    thinking.expect(frame=2, step=2, projection="pca")


def test_one_keyframe_says_what_is_missing(thinking: Shown):
    expect(thinking.root.get_by_label("Trained for")).to_be_hidden()
    assert "No earlier weights were kept" in thinking.text(".cv-training")


def test_states_without_a_thought(shown: Shown, stage: Stage, world: World):
    expect(shown.root.locator(".cv-veil")).to_contain_text("No thought yet")
    stage.values["waiting"] = thought.waiting_payload("Thinking: about 2 s")
    stage.values["error"] = thought.error_payload("The input is 32 pixels wide.\nChoose another.")
    stage.values["empty"] = thought.empty_payload("This run has not been trained.", "Train stage 0")
    stage.values["nothing"] = None
    stage.values["back"] = synthetic.payload(world, id="back", play=False)
    shown.show("waiting")
    shown.expect(state="waiting")
    expect(shown.root.locator(".cv-veil p")).to_have_text("Thinking: about 2 s")
    shown.show("error")
    shown.expect(state="error")
    expect(shown.root.get_by_role("alert")).to_contain_text("Choose another.")
    shown.show("empty")
    shown.root.get_by_role("button", name="Train stage 0").click()
    expect(shown.page.get_by_label("heard")).to_have_value("{'action': 'Train stage 0'}")
    shown.show("nothing")
    shown.expect(state="empty")
    shown.show("back")
    shown.expect(state="thought", thought="back")
    expect(shown.root.locator(".cv-veil")).to_be_hidden()


def test_a_value_that_cannot_be_drawn_is_said(thinking: Shown, stage: Stage):
    stage.values["strange"] = {"kind": "strange"}
    thinking.show("strange")
    expect(thinking.page.get_by_role("alert")).to_contain_text('a value of kind "strange" cannot be shown here')
    thinking.show("one")
    expect(thinking.page.get_by_role("alert")).to_have_count(0)
    assert len(thinking.watched.console_errors) == 1
    thinking.watched.console_errors.clear()


def test_dark_restyles_what_is_drawn(thinking: Shown):
    drawn = {
        "cloud": STILL["cloud"],
        "path": (".trail.sober .walked", "getComputedStyle(node).stroke"),
        "panel": (".cv-map", "getComputedStyle(node).backgroundColor"),
        "bars": (".bars-track i", "getComputedStyle(node).backgroundColor"),
    }
    light = look(thinking, drawn)
    thinking.page.evaluate("document.body.classList.add('dark')")
    thinking.page.wait_for_function(
        "before => document.querySelector('.plane-cloud').toDataURL() !== before", arg=light["cloud"][0]
    )
    dark = look(thinking, drawn)
    assert [name for name in drawn if light[name] == dark[name]] == []
    assert set(dark["path"]) == {_rgb(style.palette(True)["sober"])}
    thinking.page.evaluate("document.body.classList.remove('dark')")
    thinking.page.wait_for_function(
        "before => document.querySelector('.plane-cloud').toDataURL() === before", arg=light["cloud"][0]
    )
    thinking.expect(step=0)


def test_points_of_a_plane_are_drawn_as_such(shown: Shown, stage: Stage, world: World):
    stage.values["moons"] = synthetic.moons(world)
    stage.values["one"] = synthetic.payload(world, play=False)
    shown.show("moons")
    shown.expect(thought="moons", step=0)
    picture = {"plane": (".sight-vector canvas", "node.toDataURL()")}
    before = look(shown, picture)
    shown.press("ArrowRight")
    assert look(shown, picture) != before
    assert "lower" in shown.text(".cv-answer .sayings .sober")
    shown.show("one")
    shown.expect(thought="one")
    assert shown.root.locator(".sight-vector").count() == 0
    shown.show("moons")
    shown.expect(thought="moons")
    assert shown.root.locator(".sight-input").count() == 0


def test_two_hundred_steps(shown: Shown, stage: Stage, world: World):
    stage.values["long"] = synthetic.payload(world, id="long", n_steps=200, mode="sober", play=False)
    shown.show("long")
    shown.expect(steps=200)
    assert shown.root.locator(".film-strip button").count() == 11
    shown.press("End")
    shown.expect(step=200)
    assert shown.all(".film-strip [aria-current]", "node.textContent") == ["s₂₀₀"]


def test_a_verdict_shows_when_a_mind_has_stopped(shown: Shown, stage: Stage, world: World):
    sent = synthetic.payload(world, id="verdict", mode="sober", stop=7, play=False)
    sent["frames"][0]["minds"]["sober"]["verdict"] = "at rest: last step 2 % of the first, each 0.60 of the one before"
    stage.values["verdict"] = sent
    shown.show("verdict")
    shown.expect(thought="verdict")
    verdict = shown.root.locator(".transport-verdict")
    expect(verdict).to_be_hidden()
    slider = shown.root.get_by_label("Step of the thought")
    slider.fill("7")
    expect(verdict).to_have_text("at rest: last step 2 % of the first, each 0.60 of the one before")
    expect(verdict).to_be_visible()


def test_bars_keep_their_scale_through_a_thought(thinking: Shown, world: World):
    seen = world.think(17).probe_cosine[:, 0], world.think(17, drunk=True).probe_cosine[:, 0]
    highest = max(values.max() for values in seen)
    top = thinking.text(".cv-probes .bars-top")
    assert highest <= float(top) < highest + 0.2
    thinking.press("End")
    thinking.expect(step=10)
    assert thinking.text(".cv-probes .bars-top") == top
    track = thinking.all(".cv-probes .bars-track", "node.getBoundingClientRect()")
    for rect, box in zip(
        thinking.all(".cv-probes .bars-track i.sober", "node.getBoundingClientRect()"), track, strict=True
    ):
        assert rect["y"] >= box["y"] - 1 and rect["y"] + rect["height"] <= box["y"] + box["height"] + 1


def test_reduced_motion_plays_nothing(open_page: OpenPage, stage: Stage, world: World):
    stage.values["still"] = synthetic.payload(world, id="still", play=True)
    shown = Shown(open_page(stage.url, reduced_motion="reduce"))
    shown.expect(state="empty")
    shown.show("still")
    shown.expect(thought="still", step=10, playing="")
    shown.press("Home", "Space")
    shown.expect(playing="thought")  # asked for, it plays


def test_a_first_thought_plays_by_itself(shown: Shown, stage: Stage, world: World):
    stage.values["first"] = synthetic.payload(world, id="first")
    shown.show("first")
    shown.expect(playing="thought")
    shown.expect(step=10, playing="")


def test_a_narrow_page(open_page: OpenPage, stage: Stage, world: World):
    stage.values["one"] = synthetic.payload(world, frames=4, play=False)
    shown = Shown(open_page(stage.url, width=420, height=800))
    shown.expect(state="empty")
    shown.show("one")
    shown.expect(thought="one")
    width = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width == [420, 420]
    order = shown.all(
        ".sight-now, .cv-map, .sight-film, .cv-probes, .cv-answer", "[node.getBoundingClientRect().y, node.className]"
    )
    names = [name.split()[-1] for _, name in sorted(order)]
    assert names == ["sight-now", "cv-map", "sight-film", "cv-probes", "cv-answer"]
    # the scrubber stays at the bottom of the window while the rest scrolls
    for y in (200, 500):
        shown.page.evaluate(f"scrollTo(0, {y})")
        clock = shown.root.locator(".cv-clock").bounding_box()
        assert clock and clock["y"] + clock["height"] == pytest.approx(800, abs=1)


def test_it_fits_a_laptop_and_every_text_can_be_read(thinking: Shown):
    height = thinking.root.evaluate("node => node.offsetHeight")
    assert height <= 790
    sizes = thinking.root.evaluate(
        """root => [...root.querySelectorAll("*")]
            .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()))
            .filter(node => node.checkVisibility())
            .map(node => [parseFloat(getComputedStyle(node).fontSize), node.textContent])"""
    )
    assert len(sizes) > 50
    assert [text for size, text in sizes if size < 14] == []
    thinking.page.evaluate("document.documentElement.classList.add('projector')")
    larger = thinking.root.evaluate("root => parseFloat(getComputedStyle(root.querySelector('h3')).fontSize)")
    assert larger == pytest.approx(1.35 * 15, abs=0.1)


def test_every_panel_explains_itself(thinking: Shown):
    panels = thinking.root.locator(".lab-panel")
    assert panels.count() == 6
    for panel in panels.all():
        title = panel.locator("h3").first.inner_text()
        assert title.endswith("?")
        panel.get_by_role("button", name=f"About: {title}").click()
        note = panel.locator(".lab-note-card")
        expect(note).to_be_visible()
        assert note.locator("p").count() == 5  # three sentences, a formula, a function
        thinking.press("Escape")
        expect(note).to_be_hidden()


def test_every_control_has_a_name(thinking: Shown):
    nameless = thinking.root.evaluate(
        """root => [...root.querySelectorAll("button, input, select, canvas, [role=meter]")]
            .filter(node => node.checkVisibility())
            .filter(node => !node.getAttribute("aria-label") && !node.textContent.trim())
            .filter(node => !node.closest("button[aria-label]") && !node.closest(".plane"))
            .map(node => node.outerHTML)"""
    )
    assert nameless == []


def test_numbers_are_written_as_python_writes_them(shown: Shown):
    values = [0, 1, -1, 0.062, 0.5, 2 / 3, 9.996, 12345, -0.00034, 1e-7, 3.21e9, 0.97249, 100, 99.96, 1e-4]
    written = shown.page.evaluate("values => values.map(value => SatiLab.number(value))", values)
    assert written == [style.number(value) for value in values]
    assert shown.page.evaluate("SatiLab.number(NaN) + SatiLab.number(null)") == 2 * style.number(None)


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
