"""When a page asks what is new: soon after a click, however many there are, and again when an answer breaks off."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from lab.tabs.wire import ROUTE
from lab.web import panels
from lab.web.component import Instrument
from tests.ui.conftest import OpenPage
from tests.web.stage import staged

LATER = 600_000  # milliseconds: nothing is asked again by itself while a test runs


class Server:
    """Answers what the page asks, and counts; ``bodies`` come first, one a question."""

    def __init__(self, page: Page, *bodies: str) -> None:
        self.asked = 0
        self.got: list[int] = []
        self._bodies = list(bodies)
        page.route(f"**{ROUTE}", self._answer)

    def _answer(self, route: Route) -> None:
        self.asked += 1
        self.got.append(json.loads(route.request.post_data or "{}").get("got"))
        values = {"panel": {"html": f"<p>look {self.asked}</p>"}}
        whole = json.dumps({"values": values, "seq": self.asked, "fetch": False, "wait": LATER, "broken": None})
        route.fulfill(body=self._bodies.pop(0) if self._bodies else whole, content_type="application/json")


@pytest.fixture
def page(open_page: OpenPage) -> Iterator[Page]:
    wire = Instrument("wire", scripts=("wire.js",), triggers=("fetch",), plotly=False, elem_id="wire")
    panel = panels.panel(elem_id="panel", label="Panel")
    with staged(wire, panel, entered=lambda name: {"wire": {"name": name}}) as url:
        yield open_page(url).page


def connect(page: Page) -> None:
    page.get_by_label("name").fill("page")
    page.get_by_label("name").press("Enter")


def test_it_asks_again_when_an_answer_broke_off(page: Page):
    server = Server(page, '{"values": {"pan')
    connect(page)
    expect(page.locator("#panel")).to_contain_text("look 2")
    assert server.asked == 2 and server.got == [0, 0], "it has not got the first"


def test_it_says_what_it_got_and_what_is_broken(page: Page):
    said = {"values": {}, "seq": 5, "fetch": False, "wait": LATER, "broken": "The header stands still."}
    server = Server(page, json.dumps(said), json.dumps({**said, "seq": 6, "broken": None}))
    connect(page)
    expect(page.locator("#wire .lab-broken")).to_have_text("The header stands still.")
    page.mouse.click(1, 1)
    expect(page.locator("#wire .lab-broken")).to_have_count(0)
    assert server.got == [0, 5]


def test_who_clicks_and_clicks_does_not_put_it_off(page: Page):
    Server(page)
    connect(page)
    expect(page.locator("#panel")).to_contain_text("look 1")
    for _ in range(20):
        page.mouse.click(1, 1)
        page.wait_for_timeout(50)
        if page.locator("#panel").inner_text() != "look 1":
            return
    pytest.fail("a second of clicks, and it never looked")


def test_a_click_during_a_look_is_followed_by_another(page: Page):
    page.add_script_tag(
        content="""{
            const fetched = window.fetch;
            window.fetch = async (...what) => {
                const answer = await fetched(...what);
                if (what[0] === "lab/look" && !window.clicked) {
                    window.clicked = true;
                    document.body.click();
                }
                return answer;
            };
        }"""
    )
    Server(page)
    connect(page)
    expect(page.locator("#panel")).to_contain_text("look 2")
