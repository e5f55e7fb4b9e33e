"""The lab as a person uses it: a real browser against `python -m lab`. Every page must have been quiet at its end."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import LabServer, OpenPage, StartLab, WatchedPage, serving, visiting

POINTS = """least => {
    const plot = document.querySelector('#curves .js-plotly-plot');
    return plot && plot.data.reduce((sum, trace) => sum + (trace.x || []).length, 0) >= least;
}"""
SLOW = 60_000  # a shared machine may take long over what usually takes a second


@pytest.fixture(scope="module")
def visited(chromium: Browser, lab_server: LabServer) -> Iterator[WatchedPage]:
    """One visitor for all tests that only look: a new one costs seconds."""
    with visiting(chromium, lab_server.url) as watched:
        yield watched


@pytest.fixture
def page(visited: WatchedPage) -> Iterator[Page]:
    """The lab with a thought on it, whatever was looked at before. At the end it must have been quiet."""
    tab(visited.page, "Converge")
    yield thinking(visited.page)
    visited.assert_quiet()


@pytest.fixture(scope="module")
def moons_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A lab that begins an untrained network for points in a plane, which learns fast."""
    with serving(tmp_path_factory.mktemp("moons"), "--data", "moons") as server:
        yield server


@pytest.fixture
def trainer(moons_server: LabServer, open_page: OpenPage) -> Page:
    """An untrained network of one's own, opened on Train."""
    page = thinking(open_page(moons_server.url).page)
    tab(page, "Train")
    return page


def thinking(page: Page) -> Page:
    expect(page.locator('#converge [data-state="thought"]')).to_be_visible(timeout=SLOW)
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def clock(page: Page, name: str) -> str | None:
    return page.locator("#converge [data-step]").first.get_attribute(f"data-{name}")


def thought_id(page: Page) -> str | None:
    return clock(page, "thought")


def next_thought(page: Page, before: str | None) -> None:
    page.wait_for_function(
        "before => document.querySelector('#converge [data-step]').dataset.thought !== before", arg=before, timeout=SLOW
    )


def at_step(page: Page, step: int) -> None:
    expect(page.locator(f'#converge [data-step="{step}"]').first).to_be_attached()


def still(page: Page) -> None:
    """Stops the clock wherever it plays."""
    page.keyboard.press("Home")
    if clock(page, "playing") != "":
        page.keyboard.press("Space")
    expect(page.locator('#converge [data-playing=""]').first).to_be_attached()
    page.keyboard.press("Home")
    at_step(page, 0)


def drawn(page: Page) -> dict[str, str]:
    """What every view of the clock shows now."""
    return page.evaluate(
        """() => {
            const root = document.querySelector('#converge [data-step]');
            const picture = root.querySelector('.sight-now canvas.large, .sight-now canvas');
            const pictures = [...root.querySelectorAll('.sight-now canvas')].map((c) => c.toDataURL()).join();
            return {
                pictures, named: picture ? root.querySelector('.sight-now').textContent : '',
                count: root.querySelector('.transport-count').textContent,
                moved: root.querySelector('.transport-minds').textContent,
                probes: root.querySelector('.bars').outerHTML,
                scores: root.querySelector('.scores').textContent,
                slider: root.querySelector('.curve-slider').value,
                mark: root.querySelector('.curve-now').outerHTML,
            };
        }"""
    )


def test_it_opens_on_a_thought_of_a_trained_network(page: Page) -> None:
    expect(page).to_have_title("Satipatthana Lab")
    header = page.locator(".lab-header")
    expect(header).to_contain_text("healthy")
    expect(header).to_contain_text("seed 0")
    expect(header.locator('.lab-chip[data-state="done"]')).to_have_count(4)
    assert clock(page, "steps") == "10"
    expect(page.get_by_role("heading", name="Where does the thought go?")).to_be_visible()


def test_one_clock_moves_every_view(page: Page) -> None:
    still(page)
    before = drawn(page)
    page.keyboard.press("ArrowRight")
    at_step(page, 1)
    after = drawn(page)
    for view in before:
        assert after[view] != before[view], f"{view} did not follow the clock"
    page.keyboard.press("End")
    at_step(page, 10)
    page.keyboard.press("ArrowLeft")
    at_step(page, 9)
    page.get_by_role("slider", name="Step of the thought").fill("4")
    at_step(page, 4)


def test_space_plays_to_the_end(page: Page) -> None:
    still(page)
    page.keyboard.press("Space")
    expect(page.locator('#converge [data-step="10"]').first).to_be_attached(timeout=SLOW)
    expect(page.locator('#converge [data-playing=""]').first).to_be_attached(timeout=SLOW)


def test_the_thought_is_replayed_over_the_training(page: Page) -> None:
    expect(page.locator("#converge [data-frames]:not([data-frames='1'])").first).to_be_attached(timeout=SLOW)
    frames = int(clock(page, "frames") or 0)
    assert frames > 16, "at least eight keyframes of stages 0 and 1, and the present"
    still(page)
    page.keyboard.press("End")
    now = drawn(page)["pictures"]
    page.get_by_role("slider", name="Trained for").fill("0")
    assert clock(page, "frame") == "0"
    assert drawn(page)["pictures"] != now


def test_drunk_and_gate_change_what_is_shown(page: Page) -> None:
    before = thought_id(page)
    page.get_by_role("radio", name="both").check()
    next_thought(page, before)
    expect(page.locator("#converge .transport-minds > .sober")).to_be_visible()
    expect(page.locator("#converge .transport-minds > .drunk")).to_be_visible()

    before = thought_id(page)
    gate = page.locator("#gate input[type=number]")
    gate.fill("0.99")
    gate.press("Enter")
    next_thought(page, before)
    expect(page.locator("#converge .sight-gate")).to_contain_text(re.compile("shut", re.I))

    before = thought_id(page)
    page.get_by_role("button", name="Calibrate gate").click()
    next_thought(page, before)
    calibrated = float(gate.input_value())
    assert 0 < calibrated < 0.99


def test_another_digit_is_another_thought(page: Page) -> None:
    before = thought_id(page)
    page.locator("#gallery button").nth(3).click()
    next_thought(page, before)
    expect(page.locator('#gallery button[aria-pressed="true"]')).to_have_count(1)


def test_probes_and_decoders_show_the_trained_network(page: Page) -> None:
    tab(page, "Probes")
    expect(page.locator("#probes")).to_contain_text("perplexity", timeout=SLOW, ignore_case=True)
    tab(page, "Decoders")
    expect(page.locator("#decoders img").first).to_be_visible(timeout=SLOW)
    expect(page.locator("#decoders")).to_contain_text("MSE")
    stage0 = page.locator("#decoders").inner_html()
    page.get_by_label(re.compile("drifted")).check()
    page.wait_for_function(
        "before => document.querySelector('#decoders').innerHTML !== before", arg=stage0, timeout=SLOW
    )


def test_a_stage_trains_and_its_curve_grows(trainer: Page) -> None:
    trainer.locator("#more-0").click()
    trainer.wait_for_function(POINTS, arg=50, timeout=SLOW)
    expect(trainer.locator("#card-0")).to_contain_text("50 of", timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("idle", timeout=SLOW)
    trainer.locator("#more-0").click()
    expect(trainer.locator("#card-0")).to_contain_text("100 of", timeout=SLOW)
    trainer.wait_for_function(POINTS, arg=150, timeout=SLOW)


def test_pause_reload_resume_and_stop(start_lab: StartLab, open_page: OpenPage) -> None:
    watched = open_page(start_lab("--data", "digits").url)  # a stage of digits takes long enough to be reloaded in
    trainer = thinking(watched.page)
    tab(trainer, "Train")
    trainer.locator("#train-1").click()
    header = trainer.locator(".lab-job")
    expect(header).to_contain_text("training stage 1", timeout=SLOW)
    trainer.reload()
    thinking(trainer)
    watched.console_errors.clear()  # Gradio complains of the streams that a reload cuts off
    expect(header).to_contain_text("stage 1", timeout=SLOW)
    trainer.get_by_role("button", name="Pause", exact=True).click()
    expect(header).to_contain_text("paused", timeout=SLOW)
    stood = header.inner_text()
    trainer.get_by_role("button", name="Resume", exact=True).click()
    expect(header).to_contain_text("training stage 1", timeout=SLOW)
    expect(header).not_to_have_text(stood, timeout=SLOW)
    trainer.get_by_role("button", name="Stop", exact=True).click()
    expect(header).to_contain_text("idle", timeout=SLOW)
    tab(trainer, "Train")
    expect(trainer.locator("#card-1")).not_to_contain_text("untrained", timeout=SLOW)


def test_a_thought_can_be_looked_at_while_the_network_learns(trainer: Page) -> None:
    trainer.locator("#train-1").click()
    expect(trainer.locator(".lab-job")).to_contain_text("training stage 1", timeout=SLOW)
    before = thought_id(trainer)
    tab(trainer, "Converge")
    next_thought(trainer, before)
    thinking(trainer)


def test_fields_say_what_holds_and_nothing_jumps(trainer: Page, moons_server: LabServer) -> None:
    tops = "['#tabs', '.stage-row', '.train-lower'].map((s) => document.querySelector(s).getBoundingClientRect().top)"
    expect(trainer.locator("#network h3")).to_contain_text("What does stage 0 train?")
    for stage in range(4):
        expect(trainer.locator(f"#card-{stage} .card-state")).to_have_text("untrained")
    idle = trainer.evaluate(tops)
    trainer.locator("#train-1").click()
    expect(trainer.locator(".lab-job")).to_contain_text("training stage 1", timeout=SLOW)
    expect(trainer.locator("#network h3")).to_contain_text("What learns now?")
    expect(trainer.locator("#train-2")).to_be_disabled()
    assert trainer.evaluate(tops) == idle
    trainer.locator("#stop").click()
    expect(trainer.locator("#network h3")).to_contain_text("What does stage 1 train?", timeout=SLOW)
    expect(trainer.locator("#card-1 .card-state")).to_have_text("begun")

    trainer.get_by_role("button", name="Dials").click()
    balance = trainer.get_by_label("balance (0.3)")
    expect(balance).to_have_value("0.3")
    balance.fill("5000")
    balance.press("Enter")
    expect(trainer.get_by_text("balance is 5000; expected")).to_be_visible(timeout=SLOW)
    expect(balance).to_have_value("0.3")
    assert "Traceback" not in moons_server.log

    trainer.locator("#reset").click()
    expect(trainer.locator("#reset")).to_have_text("Really reset?")
    trainer.locator("#reset-seed input").fill("5")
    trainer.locator("#reset").click()
    expect(trainer.locator(".lab-run")).to_contain_text("seed 5 · trained for 0 steps", timeout=SLOW)


def test_a_number_out_of_range_is_not_left_standing(page: Page, lab_server: LabServer) -> None:
    gate = page.locator("#gate input[type=number]")
    gate.fill("5")
    expect(page.get_by_text("Gate is 5; expected a number from -1 to 1")).to_be_visible(timeout=SLOW)
    before = thought_id(page)
    gate.press("Tab")
    next_thought(page, before)
    expect(gate).to_have_value("1")
    expect(page.locator("#converge .sight-gate")).to_contain_text(re.compile("shut", re.I))
    before = thought_id(page)
    page.get_by_role("button", name="Open gate").click()
    next_thought(page, before)
    assert "Traceback" not in lab_server.log


def test_a_wrong_setting_is_refused_and_nothing_is_lost(trainer: Page) -> None:
    trainer.get_by_role("button", name="New run").click()
    trainer.get_by_label("D, latent width").fill("1")
    trainer.locator("#begin").click()
    expect(trainer.get_by_text(re.compile("D is 1; expected"))).to_be_visible(timeout=SLOW)
    expect(trainer.locator(".lab-header")).to_contain_text("moons")


def test_a_small_dark_screen_can_be_used(open_page: OpenPage, lab_server: LabServer) -> None:
    page = thinking(open_page(f"{lab_server.url}?__theme=dark", width=420).page)
    assert page.evaluate("document.body.classList.contains('dark')")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"the page scrolls {wide} px sideways"
    still(page)
    page.keyboard.press("ArrowRight")
    at_step(page, 1)


def test_keys_of_the_page(lab_page: WatchedPage) -> None:
    page = thinking(lab_page.page)
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Train", exact=True)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("p")
    assert page.evaluate("document.documentElement.classList.contains('projector')")
    page.keyboard.press("?")
    expect(page.locator("#lab-help")).to_be_visible()
    expect(page.locator("#lab-help")).to_contain_text("first guess")
