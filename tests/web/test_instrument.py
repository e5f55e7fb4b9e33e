"""The Converge instrument in a real browser: what is shown is what was sent."""

from playwright.sync_api import expect

from lab.views import style, thought
from tests.web import synthetic
from tests.web.conftest import Shown, Stage, look
from tests.web.synthetic import World


def test_what_is_said_is_what_was_sent(thinking: Shown, world: World):
    seen = world.think(17)
    thinking.press("ArrowRight", "ArrowRight", "ArrowRight")
    thinking.expect(step=3)
    assert thinking.text(".transport-count") == "step 3\nof 10"
    assert f"moved {style.number(seen.step_size[2, 0])}" in thinking.text(".transport-minds .sober")
    assert f"{style.number(seen.distance_to_end[3, 0])} from its end" in thinking.text(".map-readout > .sober")
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
    expect(shown.root.locator(".cv-veil")).to_contain_text("No thought yet")
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


def test_what_was_not_trained_by_then_is_said(shown: Shown, stage: Stage, world: World):
    stage.values["young"] = synthetic.payload(world, id="young", frames=6, play=False)
    shown.show("young")
    shown.expect(thought="young", frame=5)
    shown.press("End")
    assert "Its answer if it stopped now" in shown.text(".cv-answer .lab-reading")
    shown.root.get_by_label("Trained for", exact=True).press("ArrowLeft")
    shown.expect(frame=4)
    expect(shown.root.locator(".cv-answer .lab-reading")).to_have_text(
        "Stages 2 and 3 are not trained yet: doubt this."
    )
    shown.root.get_by_label("Trained for", exact=True).press("Home")
    shown.expect(frame=0)
    expect(shown.root.locator(".sight-reading")).to_contain_text("Untrained")


def test_early_blur_is_called_taught_and_can_be_switched_off(shown: Shown, stage: Stage, world: World):
    taught = synthetic.payload(world, id="taught", play=False)
    taught["about"] |= {"blurs": True, "switches": True}
    stage.values["taught"] = taught
    stage.values["free"] = {**taught, "id": "free", "about": {**taught["about"], "blurs": False}}
    shown.show("taught")
    shown.expect(thought="taught")
    blurred, sharp = (shown.root.get_by_role("button", name=name, exact=True) for name in ("blurred", "sharp"))
    expect(blurred).to_have_attribute("aria-pressed", "true")
    expect(shown.root.locator(".sight-reading")).to_contain_text("Early blur is taught")
    sharp.click()
    expect(shown.page.get_by_label("heard")).to_have_value("{'weights': 'sharp'}")
    shown.show("free")
    shown.expect(thought="free")
    expect(sharp).to_have_attribute("aria-pressed", "true")
    expect(shown.root.locator(".sight-reading")).to_contain_text("no blur was taught")
