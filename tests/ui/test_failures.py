"""An exhibit as a visitor goes through it, in a lab of this process whose exhibit takes six steps."""

import dataclasses
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import expect

from lab.exhibits import learning
from lab.tabs import failures
from lab.tabs.page import PRIVATE, Opening, Page, header_row, open_tab, said
from lab.tabs.wire import stretch
from lab.web.component import page_head
from tests.ui.conftest import OpenPage
from tests.ui.hands import SLOW, tab

EXHIBIT = 6


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A page with the header, the wall, and the tab in which this exhibit's patients are shown."""
    quick = dataclasses.replace(learning.EXPERIMENTS[EXHIBIT], plan=((2, 6),))
    monkeypatch.setitem(learning.EXPERIMENTS, EXHIBIT, quick)
    page = Page(Opening())
    with gr.Blocks(analytics_enabled=False) as blocks:
        header_row(page)
        with gr.Tabs(elem_id="tabs"):
            failures.build(page)
            with open_tab("Trust"):
                gr.HTML("Scores")
        attached = blocks.load(said(page.attach), page.browser, [page.browser, page.visitor], **PRIVATE)
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
    page.get_by_role("button", name="The loss of stage 2 hardly moves").click()
    expect(page.get_by_role("heading", name="6 The loss of stage 2 hardly moves")).to_be_focused()
    expect(page.locator("#exhibit-told, #exhibit-why").get_by_role("heading")).to_have_count(0)
    page.get_by_role("button", name="hardly off the start").click()
    expect(page.locator(".exhibit-chart .dot.fixed").first).to_be_visible(timeout=SLOW)
    page.reload()
    watched.console_errors.clear()  # Gradio complains of the streams that a reload cuts off
    expect(page.locator(".exhibit-verdict")).to_contain_text("Right.", timeout=SLOW)
    expect(page.locator("#exhibit-why")).to_contain_text("def learning_rate(")
    expect(page.locator("#exhibit-run .plot-line")).to_have_count(4)
    assert page.locator("#exhibit-strip img").count() == 24
    page.get_by_role("button", name="Open the broken run").click()
    expect(page.get_by_role("tab", name="Trust")).to_have_attribute("aria-selected", "true", timeout=SLOW)
    expect(page.locator(".lab-header")).to_contain_text("exhibit-6-broken", timeout=SLOW)
    tab(page, "Failures")
    page.get_by_role("button", name="All failures").click()
    expect(page.locator('[data-act="open:6"]')).to_contain_text("foreseen")
