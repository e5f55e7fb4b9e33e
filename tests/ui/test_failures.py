"""Exhibits as a visitor goes through them, in a lab of this process whose exhibits take a few steps."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import pytest
from playwright.sync_api import Page as Page_
from playwright.sync_api import expect

from lab.exhibits import drawing, judging, learning
from lab.exhibits.card import Card
from lab.exhibits.catalogue import card_of
from lab.tabs import failures
from lab.tabs.arrive import arrival
from lab.tabs.page import Opening, Page, header_row, open_tab
from lab.tabs.wire import stretch
from lab.web.component import page_head
from tests.ui.conftest import OpenPage
from tests.ui.hands import SLOW, tab

QUICK = {6: ((2, 6),), 8: ((2, 3),), 9: ((0, 4),)}
HALLS = {6: learning, 8: judging, 9: drawing}


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A page with the header, the wall, and the tab in which a patient is shown; three exhibits take a few steps."""
    for number, plan in QUICK.items():
        monkeypatch.setitem(HALLS[number].EXPERIMENTS, number, replace(HALLS[number].EXPERIMENTS[number], plan=plan))
    with gr.Blocks(analytics_enabled=False) as blocks:
        page = Page(Opening())
        header_row(page)
        with gr.Tabs(selected="Failures", elem_id="tabs") as tabs:
            wall = failures.build(page)
            with open_tab("Trust") as trust:
                gr.HTML("Scores")
        attached = arrival(blocks, page, tabs, [str(wall.id), str(trust.id)])
        for event in (attached, *page.openers):
            for hang_on in page.on_open:
                hang_on(event)
        wire = stretch(page, attached)
    app, url, _ = blocks.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False, head=page_head()
    )
    wire.serve(app)
    yield url
    blocks.close()


def test_from_the_guess_to_the_patient(open_page: OpenPage, url: str) -> None:
    watched = open_page(url)
    page = watched.page
    expect(page.locator(".lab-header")).to_contain_text("healthy", timeout=SLOW)
    tab(page, "Failures")
    page.get_by_role("button", name="The loss of stage 2 hardly moves").click()
    expect(page.get_by_role("heading", name="6 The loss of stage 2 hardly moves")).to_be_focused()
    expect(page.locator("#exhibit-told, #exhibit-why").get_by_role("heading")).to_have_count(0)
    page.get_by_role("button", name="hardly off the start").click()
    expect(page.locator(".exhibit-chart .dot.fixed").first).to_be_visible(timeout=SLOW)
    page.reload()
    watched.console_errors.clear()  # Gradio complains of the streams that a reload cuts off
    tab(page, "Failures")
    expect(page.locator(".exhibit-verdict")).to_contain_text("Right.", timeout=SLOW)
    expect(page.locator("#exhibit-why")).to_contain_text("def learning_rate(")
    expect(page.locator("#exhibit-run .plot-line")).to_have_count(4)
    assert page.locator("#exhibit-strip img").count() == 24
    page.get_by_role("button", name="Open the broken run").click()
    # the first: for a moment Gradio has the row of tabs twice
    expect(page.get_by_role("tab", name="Trust").first).to_have_attribute("aria-selected", "true", timeout=SLOW)
    expect(page.locator(".lab-header")).to_contain_text("exhibit-6-broken", timeout=SLOW)
    tab(page, "Failures")
    page.get_by_role("button", name="All failures").click()
    expect(page.locator('[data-act="open:6"]')).to_contain_text("foreseen")


def test_a_link_opens_an_exhibit_and_two_more_are_foretold(open_page: OpenPage, url: str) -> None:
    page = open_page(f"{url}?exhibit=10").page
    expect(page.get_by_role("heading", name="10 Ten first guesses")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="All failures").click()
    for number in (8, 9):
        from_guess_to_reveal(page, card_of(number))


def from_guess_to_reveal(page: Page_, card: Card) -> None:
    page.get_by_role("button", name=card.title).click()
    expect(page.get_by_role("heading", name=card.title)).to_be_focused()
    expect(page.locator("#exhibit-why").get_by_role("heading")).to_have_count(0)
    chosen = card.prediction.options[card.prediction.answer]
    page.get_by_role("button", name=chosen, exact=True).click()
    expect(page.locator(".exhibit-verdict")).to_contain_text("Right.", timeout=SLOW)
    expect(page.locator("#exhibit-why")).to_contain_text(card.story.lesson)
    page.get_by_role("button", name="All failures").click()
