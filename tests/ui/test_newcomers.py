"""Who comes by a link, and who comes for the first time: a real browser against `python -m lab --data moons`."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import LabServer, OpenPage, serving
from tests.ui.hands import SLOW, clock, tab, thinking, thought_id

TITLES = (
    "What is a thought?",
    "Do all thoughts end in one place?",
    "What if the mind is disturbed?",
    "What does it compare with?",
    "How can a thought be seen?",
    "Does it know when to doubt?",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Points in a plane are the cheapest to think about."""
    with serving(tmp_path_factory.mktemp("moons"), "--data", "moons", "--threads", "1") as server:
        yield server


def open_tab(page: Page, name: str) -> None:
    expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true", timeout=SLOW)


def test_a_link_opens_its_view_and_none_before(open_page: OpenPage, server: LabServer) -> None:
    page = thinking(open_page(f"{server.url}?tab=CONVERGE&sample=117&noise=0.35&drunk=both&steps=12&gate=0.1").page)
    assert thought_id(page) == "thought-1", "the page's own thought was computed before the link's"
    assert clock(page, "steps") == "12"
    expect(page.locator("#noise input[type=number]")).to_have_value("0.35")
    expect(page.locator("#gate input[type=number]")).to_have_value("0.1")
    expect(page.locator("#steps input[type=number]")).to_have_value("12")
    expect(page.get_by_role("radio", name="both")).to_be_checked()
    expect(page.locator("#converge .transport-minds > .drunk")).to_be_visible()
    expect(page.locator('#gallery button[aria-pressed="true"]')).to_have_attribute(
        "title", re.compile("test input 117$")
    )
    expect(page.locator("#lab-tour")).to_have_count(0)

    # without leave to copy, the link stands in a field
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_role("textbox", name="Link to this view")
    query = "tab=converge&sample=117&noise=0.35&drunk=both&gate=0.1&steps=12"
    expect(field).to_have_value(f"{server.url}/?{query}", timeout=SLOW)
    expect(page.locator(".link-said")).to_contain_text("Copy it from here")
    expect(field).to_be_focused()
    assert page.evaluate("document.activeElement.selectionEnd") == len(field.input_value())


def test_nonsense_is_told_and_the_page_opens(open_page: OpenPage, server: LabServer) -> None:
    image = "%3Cimg%20src=x%3E"
    page = open_page(f"{server.url}?tab=probes&sample=-4&noise={image}&drunk=maybe&exhibit=10&nois=3").page
    notice = page.locator(".toast-body")
    expect(notice).to_contain_text("sample is '-4'; expected a whole number from 0 to", timeout=SLOW)
    expect(notice).to_contain_text("noise is '<img src=x>'; expected a number from 0 to 1.2. 0.5 is shown instead.")
    expect(notice).to_contain_text("drunk is 'maybe'; expected one of 0, 1, both. A sober mind is shown instead.")
    expect(notice.locator("img")).to_have_count(0)
    open_tab(page, "Probes")
    expect(page.locator("#probes")).to_contain_text("perplexity", timeout=SLOW, ignore_case=True)
    tab(page, "Converge")
    thinking(page)
    expect(page.locator("#noise input[type=number]")).to_have_value("0.5")
    expect(page.get_by_role("radio", name="sober")).to_be_checked()


def test_the_first_steps_from_offer_to_end(open_page: OpenPage, server: LabServer) -> None:
    watched = open_page(server.url, newcomer=True)
    page = thinking(watched.page)
    card = page.get_by_role("region", name="First steps")
    follow = card.locator(".tour-next")
    expect(card).to_contain_text("New here?")
    covered = page.evaluate(
        """() => {
            const card = document.querySelector("#lab-tour").getBoundingClientRect();
            const beside = (box) => box.left >= card.right || box.right <= card.left;
            const apart = (box) => beside(box) || box.top >= card.bottom || box.bottom <= card.top;
            return [...document.querySelectorAll("#tabs button, #tabs input, #tabs .lab-panel")]
                .filter((node) => node.checkVisibility() && !apart(node.getBoundingClientRect()))
                .map((node) => node.outerHTML.slice(0, 80));
        }"""
    )
    assert covered == []
    card.get_by_role("button", name="Show me").click()

    def stop(number: int, done: str) -> None:
        expect(card).to_contain_text(f"stop {number} of 7")
        if number <= len(TITLES):
            expect(card.get_by_role("heading")).to_have_text(TITLES[number - 1])
        expect(card).to_have_attribute("data-done", done, timeout=SLOW)

    stop(1, "false")
    page.locator('#converge [data-playing=""]').first.wait_for(timeout=SLOW, state="attached")
    page.wait_for_timeout(500)  # it looks five times a second
    page.keyboard.press("Space")
    stop(1, "true")
    follow.click()

    stop(2, "false")
    page.locator("#gallery button").nth(4).click()
    stop(2, "true")
    follow.click()

    # it is left and found again where it was
    stop(3, "false")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("button", name="First steps").click()
    stop(3, "false")
    page.get_by_role("radio", name="both").check()
    stop(3, "true")
    follow.click()

    for number, name in ((4, "Probes"), (5, "Decoders"), (6, "Trust")):
        stop(number, "false")
        tab(page, name)
        stop(number, "true")
        follow.click()

    stop(7, "false")
    if page.get_by_role("tab", name="Failures").count():
        tab(page, "Failures")
    else:
        tab(page, "Train")
        page.wait_for_timeout(500)
        page.locator("#card-1 [data-act]").first.click()
    stop(7, "true")
    card.get_by_role("button", name="Finish").click()
    expect(card).to_have_count(0)

    page.reload()
    thinking(page)
    watched.console_errors.clear()  # Gradio complains of the streams that a reload cuts off
    expect(card).to_have_count(0)
