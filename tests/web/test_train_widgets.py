"""Loss curves and panels in a real browser: they grow in place, keep zoom and focus, and say when they lost track."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from lab.views import curves
from lab.views.cards import stage_card_html, stage_cards
from lab.views.gallery import strip, strip_html
from lab.views.style import number, palette
from lab.web.panels import curves as loss_curves
from lab.web.panels import panel, show
from tests.ui.conftest import OpenPage
from tests.views.test_curves import history
from tests.web.stage import Answer, staged

PLOT = "document.querySelector('.curves-plot')"
FIRST_TERM = 4  # after the overview's four traces


@dataclass(frozen=True)
class Served:
    url: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Widgets:
    """The page with the widgets, and what it is told."""

    page: Page
    values: dict[str, Any]

    def curves(self, value: dict | None) -> None:
        self._say("curves", value)

    def panel(self, html: str) -> None:
        self._say("panel", show(html))

    def _say(self, what: str, value: Any) -> None:
        name = f"{what}-{len(self.values)}"
        self.values[name] = value
        self.page.get_by_label("name").fill(name)
        self.page.get_by_label("name").press("Enter")

    def plot(self, javascript: str) -> Any:
        return self.page.evaluate(f"(plot => {javascript})({PLOT})")

    def until(self, javascript: str) -> None:
        self.page.wait_for_function(f"() => (plot => plot && plot.data && ({javascript}))({PLOT})")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    values: dict[str, Any] = {}

    def entered(name: str) -> Answer:
        return {"curves" if name.startswith("curves") else "board": values[name]}

    with staged(loss_curves(), panel(elem_id="board"), entered=entered) as url:
        yield Served(url, values)


@pytest.fixture
def widgets(open_page: OpenPage, served: Served) -> Widgets:
    page = open_page(served.url).page
    page.get_by_text("The loss curves are on their way.").wait_for()
    return Widgets(page, served.values)


RECORDS = history(30, 120)


def test_curves_are_seeded_once_and_then_grow(widgets: Widgets):
    seed, cursor = curves.seed(RECORDS[:60], 1)
    widgets.curves(seed)
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 30")
    total = widgets.page.locator(".curves-label", has_text=re.compile("^total0")).locator(".curves-value")
    expect(total).to_have_text(number(RECORDS[59]["losses"]["total"]))
    widgets.page.evaluate(f"{PLOT}.dataset.same = 'yes'")
    delta, _ = curves.append(RECORDS[:70], cursor)
    widgets.curves(delta)
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 40")
    expect(total).to_have_text(number(RECORDS[69]["losses"]["total"]))
    assert widgets.plot("plot.dataset.same") == "yes"
    assert widgets.plot("plot.data[1].x.length") == 40


def test_zoom_survives_appends_and_a_new_seed_of_the_same_stage(widgets: Widgets):
    seed, cursor = curves.seed(RECORDS[:60], 1, run="r")
    widgets.curves(seed)
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 30")
    box = widgets.page.locator(".curves-plot .nsewdrag").nth(1).bounding_box()
    assert box is not None
    widgets.page.mouse.move(box["x"] + 30, box["y"] + 20)
    widgets.page.mouse.down()
    widgets.page.mouse.move(box["x"] + 90, box["y"] + 60, steps=5)
    widgets.page.mouse.up()
    widgets.until("plot.layout.xaxis3.autorange === false")
    zoomed = widgets.plot("[plot.layout.xaxis2.range, plot.layout.yaxis2.range, plot.layout.xaxis3.range]")
    assert zoomed[0] == zoomed[2]
    delta, _ = curves.append(RECORDS[:70], cursor)
    widgets.curves(delta)
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 40")
    ranges = "[plot.layout.xaxis2.range, plot.layout.yaxis2.range, plot.layout.xaxis3.range]"
    assert widgets.plot(ranges) == zoomed
    widgets.curves(curves.seed(RECORDS[:80], 1, run="r", seq=2)[0])
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 50")
    assert widgets.plot(ranges) == zoomed
    widgets.page.get_by_role("button", name="whole range").click()
    widgets.until("plot.layout.xaxis2.autorange !== false")
    # another run starts whole
    widgets.curves(curves.seed(RECORDS[:90], 1, run="other")[0])
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 60 && plot.layout.xaxis2.autorange !== false")


def test_a_page_that_lost_track_asks_for_everything(widgets: Widgets):
    widgets.curves(curves.seed(RECORDS[:60], 1)[0])
    widgets.until(f"plot.data[{FIRST_TERM}].x.length === 30")
    _, later = curves.seed(RECORDS[:100], 1, seq=7)
    delta, _ = curves.append(RECORDS, later)
    widgets.curves(delta)
    expect(widgets.page.get_by_label("heard")).to_have_value("{'seq': 0, 'points': 60}")
    assert widgets.plot(f"plot.data[{FIRST_TERM}].x.length") == 30


def test_scale_stage_and_theme(widgets: Widgets):
    widgets.curves(curves.seed(RECORDS, 1)[0])
    widgets.until("plot.layout.yaxis2.type === 'log'")
    label = widgets.page.locator(".curves-label", has_text=re.compile("^balance"))
    expect(label).to_contain_text("KL, nats, log")
    widgets.page.get_by_role("button", name="linear").click()
    widgets.until("plot.layout.yaxis2.type === 'linear'")
    expect(label).not_to_contain_text("log")
    widgets.page.get_by_role("group", name="Stage whose terms are shown").get_by_text("2").click()
    expect(widgets.page.get_by_label("heard")).to_have_value("{'stage': 2}")
    for dark in (True, False):
        widgets.page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        widgets.until(f"plot.data[{FIRST_TERM}].line.color.toUpperCase() === '{palette(dark)['stage-1']}'")


def test_a_stage_that_was_not_trained_says_so(widgets: Widgets):
    widgets.curves(curves.seed([], 2)[0])
    widgets.until("plot.data.length === 8")
    expect(widgets.page.get_by_text("Stage 2 has not been trained yet")).to_be_visible()
    delta, _ = curves.append(RECORDS[:20], curves.Cursor(2, 0, 0, 0))
    widgets.curves(delta)
    widgets.until("plot.data[0].x.length === 20")
    expect(widgets.page.get_by_text("Stage 2 has not been trained yet")).to_be_visible()


def test_a_panel_changes_only_what_differs(widgets: Widgets):
    inputs = np.zeros((2, 1, 4, 4))
    widgets.panel(strip_html(strip(inputs)))
    why = widgets.page.locator("#strip-why")
    widgets.page.get_by_role("button", name="About: What does it draw?").click()
    expect(why).to_be_visible()
    before = widgets.page.locator("#board img").first.element_handle()
    widgets.values["panel-open"] = show(strip_html(strip(inputs, inputs + 0.5, now_at="stage 1, step 3")))
    # typing into the page would close the card: the value comes by itself, as it does while a run trains
    widgets.page.evaluate("document.querySelector('#board img').dataset.same = 'yes'")
    widgets.page.get_by_label("name").evaluate(
        "node => { node.value = 'panel-open'; node.dispatchEvent(new Event('input'));"
        " node.dispatchEvent(new KeyboardEvent('keypress', {key: 'Enter', bubbles: true})); }"
    )
    expect(widgets.page.get_by_text("stage 1, step 3")).to_be_attached()
    expect(why).to_be_visible()
    assert before is not None
    assert before.evaluate("node => node.isConnected && node.dataset.same === undefined")


def test_cards_call_back_and_tips_open_for_the_keyboard_too(widgets: Widgets):
    widgets.panel(stage_card_html(stage_cards([{}] * 4)[2]) + '<p tabindex="0" data-tip="one\ntwo">here</p>')
    widgets.page.get_by_role("button", name="2").click()
    expect(widgets.page.get_by_label("heard")).to_have_value("{'act': 'stage-2'}")
    widgets.page.keyboard.press("Tab")
    tip = widgets.page.locator(".lab-tip")
    expect(tip).to_have_text("onetwo")
    widgets.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    widgets.page.get_by_text("here").hover()
    expect(tip).to_be_visible()
