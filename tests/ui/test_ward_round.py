"""A ward round as a visitor goes through it, and a link to a patient, in a lab of this process with a tiny ward."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import expect

from lab import looks_clinic, runs
from lab.exhibits import patients
from lab.tabs import clinic, failures
from lab.tabs.arrive import arrival
from lab.tabs.page import Opening, Page, header_row, open_tab
from lab.tabs.wire import stretch
from lab.web.component import page_head
from satipatthana.checkpoint import save_run
from satipatthana.configs import RunConfig, set_path
from tests.lab.conftest import SMALL
from tests.ui.conftest import OpenPage
from tests.ui.hands import SLOW

BEDS = (1, 2)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A page with the header, the tab Failures, and one that it opens on; both patients have failure 10."""
    config = RunConfig()
    for path, value in SMALL.items():
        config = set_path(config, path, value)
    beds = {n: tmp_path / str(n) for n in BEDS}
    for n, folder in beds.items():
        origin = {"patient": n, "exhibit": 10, "variant": "broken"}
        save_run(folder, runs.begin(config, runs.bundle_of("digits"), origin=origin).trainer, origin=origin)
    for module in (patients, looks_clinic, clinic):
        monkeypatch.setattr(module, "folders", lambda: beds)
    with gr.Blocks(analytics_enabled=False) as blocks:
        page = Page(Opening())
        header_row(page)
        with gr.Tabs(elem_id="tabs", selected="Converge") as tabs:
            with open_tab("Converge") as first:
                gr.HTML("A thought")
            names = [str(each.id) for each in (first, failures.build(page))]
        attached = arrival(blocks, page, tabs, names)
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


def test_a_link_to_a_patient_and_a_round_to_its_end(open_page: OpenPage, url: str) -> None:
    page = open_page(f"{url}?patient=1", permissions=["clipboard-read", "clipboard-write"]).page
    expect(page.locator(".lab-header")).to_contain_text("patient-1", timeout=SLOW)
    expect(page.get_by_role("heading", name="Look at patient 1")).to_be_in_viewport(timeout=SLOW)
    expect(page.get_by_role("button", name="Patient 1")).to_contain_text("open now")
    page.get_by_role("button", name="Patient 2").click()  # by hand, as a visitor goes on
    expect(page.locator(".lab-header")).to_contain_text("patient-2", timeout=SLOW)
    page.get_by_role("button", name="Tell me").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose both")
    page.get_by_label("What has it got?").select_option("10")
    page.get_by_label("What would cure it?").select_option("rate")
    page.get_by_role("button", name="Tell me").click()
    expect(page.get_by_role("heading", name="What patient 2 has")).to_be_focused()
    expect(page.locator(".ward-told")).to_contain_text("Right: “Ten first guesses")
    expect(page.locator(".ward-told")).to_contain_text("Your cure would not")
    page.get_by_role("button", name="Copy with the address").click()
    expect(page.locator(".score-copied")).to_have_text(
        f"Copied: Ward round: 1 of 2 sicknesses named, 0 cures would help · {url}?tab=failures"
    )
    page.get_by_role("radio", name="Care for the probes").check()
    page.get_by_label("Steps of each").fill("10")
    page.get_by_role("button", name="Treat", exact=True).click()
    expect(page.locator(".treated-said")).to_contain_text("help", timeout=SLOW)
    page.get_by_role("button", name="Open the cured run").click()
    expect(page.locator(".lab-header")).to_contain_text("patient-2-care", timeout=SLOW)
    page.get_by_role("button", name="Exhibit 10: watch it happen").click()
    expect(page.get_by_role("heading", name="10 Ten first guesses")).to_be_visible()
    expect(page.locator("#clinic")).to_be_hidden()
    page.get_by_role("button", name="All failures").click()
    page.get_by_role("button", name="Begin again").click()
    page.get_by_role("button", name="Really?").click()
    expect(page.locator("#ward-round")).to_contain_text("0 of 2 told")
    expect(page.get_by_role("heading", name="Say what it has")).to_be_visible()  # of the one that is open
