"""The lab as a person looks at it: a real browser against `python -m lab`. Every page must be quiet to its end."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import LabServer, OpenPage, WatchedPage, visiting
from tests.ui.hands import (
    PICTURES,
    SLOW,
    at_step,
    clock,
    drawn,
    next_thought,
    point_of_the_cloud,
    still,
    tab,
    thinking,
    thought_id,
)


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
    page.wait_for_function(f"before => {PICTURES} !== before", arg=now)


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


def test_a_dot_of_the_cloud_can_be_thought_about(page: Page) -> None:
    before = thought_id(page)
    page.locator("#converge .plane").click(position=point_of_the_cloud(page))
    next_thought(page, before)
    expect(page.locator("#converge .sight-input figcaption")).to_have_text("training input")
    expect(page.locator('#gallery button[aria-pressed="true"]')).to_have_count(0)


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
    page.keyboard.press("6")
    expect(page.locator(".failure-wall")).to_be_visible()
    page.keyboard.press("p")
    assert page.evaluate("document.documentElement.classList.contains('projector')")
    page.keyboard.press("?")
    expect(page.locator("#lab-help")).to_be_visible()
    expect(page.locator("#lab-help")).to_contain_text("first guess")


def test_a_page_that_the_server_forgot_finds_its_run_again(lab_page: WatchedPage) -> None:
    page = thinking(lab_page.page)
    page.evaluate("window.before = true")
    page.route("**/lab/look", lambda route: route.fulfill(status=410), times=1)
    page.wait_for_function("window.before === undefined", timeout=SLOW)
    lab_page.console_errors.clear()  # the browser tells of the 410, Gradio of the streams that a reload cuts off
    thinking(page)
    expect(page.locator(".lab-header")).to_contain_text("healthy", timeout=SLOW)


def test_a_second_page_of_the_browser_does_not_take_the_firsts_thought(lab_page: WatchedPage) -> None:
    first = thinking(lab_page.page)
    mine = thought_id(first)
    second = first.context.new_page()
    second.goto(first.url)
    thinking(second)
    # its thought is the session's now: the first keeps its own, and says that no other map will come for it
    expect(first.locator('#converge [data-umap="failed"], #converge [data-umap="ready"]').first).to_be_attached(
        timeout=SLOW
    )
    assert thought_id(first) == mine != thought_id(second)
    second.close()
