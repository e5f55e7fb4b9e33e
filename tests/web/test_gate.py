"""The gate's handle in a real browser: the shares follow it at once, and Python is told where it was let go."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from lab.views.gate import gate_html
from lab.web.panels import gate, show
from satipatthana.diagnostics.gate import GateCurve
from tests.ui.conftest import OpenPage
from tests.web.stage import Answer, staged

THRESHOLDS = np.linspace(-1, 1, 21, dtype=np.float32)


def html(at: dict[str, float] | None = None) -> str:
    clean = np.clip(1 - THRESHOLDS, 0, 1).astype(np.float32)
    letters = np.clip(1 - 2 * THRESHOLDS, 0, 1).astype(np.float32)
    return gate_html(
        [GateCurve("inference", -1, 0.1, THRESHOLDS, {"clean": clean, "letters": letters}, {"letters": 0.7})], at
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    def drop(_: str, data: dict[str, str]) -> Answer:
        told = data["act"]
        return {"told": told, "gates": show(html({"inference": float(told.split(":")[2])}))}

    with staged(gate(html(), elem_id="gates"), texts=["told"], triggered=drop) as url:
        yield url


@pytest.fixture
def page(open_page: OpenPage, url: str) -> Page:
    return open_page(url).page


def share(page: Page, family: str) -> str:
    return page.locator(f"tr[data-family={family}] [data-share]").inner_text()


def test_the_handle_is_dragged_and_dropped(page: Page) -> None:
    handle = page.locator("[data-handle]")
    expect(handle).to_have_attribute("data-value", "-1.000")
    assert share(page, "letters") == "100 %"
    box = handle.bounding_box()
    chart = page.locator(".gate-chart").bounding_box()
    assert box is not None and chart is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] / 2, box["y"] + 90, steps=3)
    at = float(handle.get_attribute("data-value") or "nan")
    assert 0.2 < at < 0.8 and page.locator("#told textarea, #told input").first.input_value() == ""
    assert float(share(page, "clean").rstrip(" %")) == pytest.approx(100 * (1 - at), abs=0.2)
    assert float(share(page, "letters").rstrip(" %")) == pytest.approx(100 * max(0, 1 - 2 * at), abs=0.2)
    page.mouse.up()
    expect(page.locator("#told textarea, #told input").first).to_have_value(f"gate:inference:{at:.3f}")
    expect(page.locator(".gate-one > p b")).to_contain_text("now opens at")
    expect(handle).to_have_attribute("data-value", f"{at:.3f}")  # where it was let go, drawn anew by Python


def test_the_arrow_keys_move_it_and_the_left_edge_is_open(page: Page) -> None:
    handle = page.locator("[data-handle]")
    handle.focus()
    page.keyboard.press("ArrowRight")
    low = float(page.locator(".gate-chart").get_attribute("data-low") or "nan")
    expect(handle).to_have_attribute("aria-valuenow", f"{low + 0.005:.3f}")
    expect(page.locator("#told textarea, #told input").first).to_have_value(f"gate:inference:{low + 0.005:.3f}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#told textarea, #told input").first).to_have_value("gate:inference:-1.000")
