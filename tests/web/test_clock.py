"""One clock in a real browser: what it moves, what moves it, and when it plays by itself."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import OpenPage
from tests.web import synthetic
from tests.web.conftest import STILL, VIEWS, Shown, Stage, look
from tests.web.synthetic import World


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


def test_another_input_is_watched_from_its_beginning(thinking: Shown, stage: Stage, world: World):
    stage.values["other"] = synthetic.payload(world, id="other", sample=100)
    thinking.press("End")
    thinking.show("other")
    thinking.expect(thought="other", step=10, playing="")
    assert thinking.text(".cv-answer .sayings .sober").split("\n")[1] == str(world.y[100])


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


def test_two_hundred_steps(shown: Shown, stage: Stage, world: World):
    stage.values["long"] = synthetic.payload(world, id="long", n_steps=200, mode="sober", play=False)
    shown.show("long")
    shown.expect(steps=200)
    assert shown.root.locator(".film-strip button").count() == 11
    shown.press("End")
    shown.expect(step=200)
    assert shown.all(".film-strip [aria-current]", "node.textContent") == ["s₂₀₀"]
