"""The magnifying glass in a real browser: the same spot of every picture of the group, and of no other."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from lab.web.panels import panel
from tests.ui.conftest import OpenPage
from tests.web.stage import staged

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def cell(name: str, group: str) -> str:
    image = f'<img class="pixels" id="{name}" src="{PIXEL}" alt="{name}">'
    return f'<div class="zoomed" style="--side:80px" data-zoom="{group}">{image}</div>'


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    pictures = cell("first", "picture") + cell("second", "picture") + cell("power", "power")
    elsewhere = cell("elsewhere", "picture")
    html = f"<div data-zooms>{pictures}</div><div data-zooms>{elsewhere}</div>"
    with staged(panel(html, elem_id="pictures")) as url:
        yield url


def scale(page: Page, name: str) -> str:
    return page.locator(f"#{name}").evaluate("node => getComputedStyle(node).transform")


def test_the_same_spot_of_the_group_is_magnified(open_page: OpenPage, url: str) -> None:
    page = open_page(url).page
    page.locator("[data-zoom]:has(#first)").hover(position={"x": 20, "y": 60})
    for name in ("first", "second"):
        expect(page.locator(f"#{name}")).to_have_css("transform", "matrix(3, 0, 0, 3, 0, 0)")
        expect(page.locator(f"#{name}")).to_have_css("transform-origin", "20px 60px")
    assert scale(page, "power") == scale(page, "elsewhere") == "none"
    page.mouse.move(0, 700)
    expect(page.locator("#first")).to_have_css("transform", "none")
