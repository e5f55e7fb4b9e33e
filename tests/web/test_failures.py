"""An exhibit's panels in a real browser, without a network: forms, focus, and what must not move."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lab.views.exhibit import ask_html, head_html
from lab.views.exhibit_dials import dials_html
from lab.views.exhibit_run import run_html, strip_html
from lab.views.wall import WallCard, wall_html
from lab.web.panels import go, panel, show, way
from tests.ui.conftest import OpenPage
from tests.views.test_failures import ASKED, DIALS, FORM, RUN, course
from tests.web.stage import Answer, staged

WALL = wall_html([WallCard(n, f"Sickness {n}", True, last=n == 3) for n in range(1, 16)])


@dataclass(frozen=True)
class Tab:
    """The page with the wall, the exhibit's head, its body and the way; shows what it is given."""

    page: Page
    values: dict[str, Answer]

    def show(self, **panels: Any) -> None:
        name = f"n{len(self.values)}"
        self.values[name] = {id: show(value) if isinstance(value, str) else value for id, value in panels.items()}
        # as an answer comes while the reader does something else: what has the focus keeps it
        self.page.evaluate(
            """name => fetch("/entered", {method: "POST", body: JSON.stringify(name)}).then((answer) => answer.json())
                .then((values) => Object.entries(values).forEach(([id, value]) => SatiLab.deliver(id, value)))""",
            name,
        )

    @property
    def focused(self) -> str:
        return self.page.evaluate("document.activeElement.textContent.trim() || document.activeElement.tagName")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, dict[str, Answer]]]:
    values: dict[str, Answer] = {}
    parts = [panel(elem_id=name) for name in ("failures", "exhibit-head", "body")]
    with staged(*parts, way(elem_id="exhibit-way"), entered=lambda name: values.get(name, {})) as url:
        yield url, values


@pytest.fixture
def tab(open_page: OpenPage, served: tuple[str, dict[str, Answer]]) -> Tab:
    url, values = served
    return Tab(open_page(url).page, values)


def heard(tab: Tab) -> Any:
    return tab.page.get_by_label("heard")


def test_a_form_sends_its_fields_with_the_press(tab: Tab):
    tab.show(body=dials_html(FORM))
    tab.page.get_by_label("balance").fill("1.5")
    tab.page.get_by_label("seed").fill("")
    tab.page.get_by_role("button", name="Run again").click()
    said = "{'act': 'run', 'form': {'fixed|a.b': 1.5, 'both|a.kind': 'tall', 'seed': None}}"
    expect(heard(tab)).to_have_value(said)
    tab.page.get_by_label("seed").fill("7")
    tab.page.get_by_label("seed").press("Enter")
    expect(heard(tab)).to_have_value(said.replace("None", "7"))
    tab.page.get_by_role("button", name="Back to the defaults").click()
    for label, value in (("balance", "0.3"), ("kind", "short"), ("seed", "0")):
        expect(tab.page.get_by_label(label)).to_have_value(value)


def test_what_was_typed_stays_until_another_exhibit_comes(tab: Tab):
    tab.show(body=dials_html(FORM))
    tab.page.get_by_label("balance").fill("1.5")
    tab.show(body=dials_html(replace(FORM, busy=True)))
    expect(tab.page.get_by_role("button", name="Run again")).to_be_disabled()
    expect(tab.page.get_by_label("balance")).to_have_value("1.5")
    other = replace(FORM, number=4, dials=(replace(DIALS[0], value=0.25),))
    tab.show(body=dials_html(other))
    expect(tab.page.get_by_label("balance")).to_have_value("0.25")


def test_the_focus_goes_where_the_reader_went_and_only_then(tab: Tab):
    tab.show(failures=WALL)
    tab.page.get_by_role("button", name="Sickness 15").focus()
    tab.page.keyboard.press("Enter")
    expect(heard(tab)).to_have_value("{'act': 'open:15'}")
    tab.show(**{"exhibit-head": head_html(ASKED), "failures": "", "body": ask_html(ASKED)})
    tab.page.wait_for_function("document.activeElement.tagName === 'H2'")
    tab.page.get_by_role("button", name="something").click()
    begun = replace(ASKED, phase="run", begun=True, busy=True, expected=1)
    tab.show(body=ask_html(begun) + run_html(RUN))
    tab.page.wait_for_function("document.activeElement.matches('.exhibit-progress')")
    tab.page.get_by_role("button", name="Stop").focus()
    tab.show(body=ask_html(begun) + run_html(replace(RUN, done=50)))
    expect(tab.page.get_by_role("button", name="Stop")).to_be_focused()
    tab.page.get_by_role("button", name="All failures").focus()
    tab.show(**{"failures": WALL, "exhibit-head": "", "body": ""})
    tab.page.wait_for_function("document.activeElement.textContent.includes('Sickness 3')")


def test_nothing_moves_while_it_runs(tab: Tab):
    boxes = """[...document.querySelectorAll('.exhibit-progress, .exhibit-chart, .plot, .strip-of')]
        .map((node) => JSON.stringify(node.getBoundingClientRect()))"""
    seen = []
    for n in (1, 40, 100):
        courses = {"broken": course(n, 2.0), "fixed": course(n, 1e-3)}
        now = replace(RUN, done=n, courses=courses)
        tab.show(body=run_html(now) + strip_html(now))
        expect(tab.page.locator(".exhibit-progress")).to_contain_text(f"step {n} of 100")
        seen.append(tab.page.evaluate(boxes))
    assert len(seen[0]) == 8 and seen[0] == seen[1] == seen[2]


def test_a_tab_comes_up_once_for_each_time_it_is_asked_for(tab: Tab):
    tab.page.evaluate("() => { window.gone = []; SatiPage.view = (place) => gone.push(place); }")
    tab.show(**{"exhibit-way": go("Trust", 1)})
    tab.page.wait_for_function("gone.length === 1")
    tab.show(**{"exhibit-way": go("Trust", 1)})
    tab.show(**{"exhibit-way": go("Train/doctor", 2)})
    tab.page.wait_for_function("gone.join() === 'Trust,Train/doctor'")


@pytest.mark.parametrize(("width", "columns"), [(1440, 5), (420, 1)])
def test_the_wall_fits(open_page: OpenPage, served: tuple[str, dict[str, Answer]], width: int, columns: int):
    url, values = served
    tab = Tab(open_page(url, width=width).page, values)
    tab.show(failures=WALL)
    cards = tab.page.locator(".failure-card")
    expect(cards).to_have_count(15)
    lefts, bottom = tab.page.evaluate(
        """(() => {
            const boxes = [...document.querySelectorAll('.failure-card')].map((card) => card.getBoundingClientRect());
            const top = document.querySelector('.failures').getBoundingClientRect().top;
            return [new Set(boxes.map((box) => Math.round(box.left))).size, boxes[14].bottom - top];
        })()"""
    )
    assert lefts == columns
    assert tab.page.evaluate("document.documentElement.scrollWidth") == width
    if columns == 5:
        assert bottom <= 790, "below the header and the tabs there is no more room on a laptop"
