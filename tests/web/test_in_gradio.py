"""Converge in a page of Gradio's, in a real browser: what values, events, tabs and style sheets of Gradio do to it."""

import re
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import expect

from lab.views import thought
from lab.web.component import converge, page_head
from tests.ui.conftest import OpenPage
from tests.ui.hands import point_of_the_cloud
from tests.web import synthetic
from tests.web.conftest import Shown, Stage
from tests.web.synthetic import World


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """In place of the page of our own; a visitor starts on Converge with nothing on it."""
    values: dict[str, dict | None] = {}
    with gr.Blocks() as demo:
        name = gr.Textbox(label="name")
        heard = gr.Textbox(label="heard", interactive=True)
        with gr.Tabs(selected="converge"):
            with gr.Tab("Elsewhere", id="elsewhere"):
                gr.Markdown("Nothing here.")
            with gr.Tab("Converge", id="converge"):
                instrument = converge()

    def hear(event: gr.EventData) -> str:
        return repr(event._data)

    with demo:
        name.submit(values.__getitem__, name, instrument, show_progress="hidden", trigger_mode="always_last")
        for event in (instrument.pick, instrument.act, instrument.lost):
            event(hear, None, heard)
    _, url, _ = demo.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False, head=page_head()
    )
    yield Stage(url, values)
    demo.close()


def test_values_come_from_python_and_events_go_back(shown: Shown, stage: Stage, world: World):
    stage.values["empty"] = thought.empty_payload("This run has not been trained.", "Train stage 0")
    stage.values["back"] = synthetic.payload(world, id="back", play=False)
    stage.values["nothing"] = None
    shown.show("empty")
    shown.root.get_by_role("button", name="Train stage 0").click()
    expect(shown.page.get_by_label("heard")).to_have_value("{'action': 'Train stage 0'}")
    shown.root.evaluate("node => (node.marked = true)")
    shown.show("back")
    shown.expect(state="thought", thought="back", step=0, steps=10)
    shown.root.locator(".plane").click(position=point_of_the_cloud(shown.page))
    expect(shown.page.get_by_label("heard")).to_have_value(re.compile(r"\{'point': \d+\}"))
    shown.show("nothing")
    shown.expect(state="empty")
    assert shown.root.evaluate("node => node.marked")  # mounted once


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
