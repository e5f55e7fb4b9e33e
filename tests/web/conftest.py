"""A small page with the instrument on it, fed by hand: no network, no session, no training."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from lab.web.component import converge
from tests.ui.conftest import WAIT_MS, OpenPage, WatchedPage, chromium, open_page, window  # noqa: F401
from tests.web import synthetic
from tests.web.stage import staged
from tests.web.synthetic import World

expect.set_options(timeout=WAIT_MS)

# everything that the clock drives: (selector, what of it)
VIEWS = {
    "map": (".trail .now", "node.getAttribute('transform')"),
    "walked path": (".trail .walked", "node.getAttribute('d')"),
    "map readout": (".map-readout > div", "node.textContent"),
    "picture": (".sight-sober canvas, .sight-drunk canvas", "node.toDataURL()"),
    "caption": (".sight-sober figcaption", "node.textContent"),
    "film": (".film-strip button", "node.getAttribute('aria-current')"),
    "probes": (".cv-probes .bars-track i", "node.style.transform"),
    "answer": (".cv-answer .bars-track i", "node.style.transform"),
    "answer said": (".cv-answer .sayings", "node.textContent"),
    "scores": (".score-track", "node.getAttribute('aria-valuetext')"),
    "score bars": (".score-track i", "node.style.transform"),
    "cursor": (".curve-now", "node.getAttribute('x1')"),
    "slider": (".curve-slider", "node.value"),
    "step count": (".transport-count", "node.textContent"),
    "report": (".transport-minds", "node.textContent"),
}
# and what a step must leave where it is
STILL = {
    "cloud": (".plane-cloud", "node.toDataURL()"),
    "whole path": (".trail .whole", "node.getAttribute('d')"),
    "stars": (".map-probes > g", "node.getAttribute('transform')"),
    "input": (".sight-input canvas, .sight-target canvas", "node.toDataURL()"),
    "panels": (".lab-panel", "JSON.stringify(node.getBoundingClientRect())"),
    "curves": (".curve-size", "node.getAttribute('d')"),
}
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


@dataclass(frozen=True)
class Stage:
    """The served page and what a test lays out for it: ``values`` by name, shown by typing the name."""

    url: str
    values: dict[str, dict | None]


@dataclass(frozen=True)
class Shown:
    """The instrument on an opened page."""

    watched: WatchedPage

    @property
    def page(self) -> Page:
        return self.watched.page

    @property
    def root(self) -> Locator:
        return self.page.locator(".converge")

    def show(self, name: str) -> None:
        self.page.get_by_label("name").fill(name)
        self.page.get_by_label("name").press("Enter")
        # the keys belong to whoever types
        self.page.get_by_label("name").blur()

    def expect(self, **data: str | int) -> None:
        for name, value in data.items():
            expect(self.root).to_have_attribute(f"data-{name}", str(value))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        return self.root.locator(selector).inner_text()

    def all(self, selector: str, javascript: str) -> list:
        """``javascript`` of every element: a function of ``node``."""
        return self.root.locator(selector).evaluate_all(f"nodes => nodes.map(node => {javascript})")


def look(shown: Shown, views: dict[str, tuple[str, str]]) -> dict[str, list]:
    seen = {name: shown.all(*view) for name, view in views.items()}
    assert all(seen.values()), [name for name, values in seen.items() if not values]
    return seen


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="package")
def stage() -> Iterator[Stage]:
    """One page for all tests; a visitor starts with nothing on it."""
    values: dict[str, dict | None] = {}
    with staged(converge(), entered=lambda name: {"converge": values[name]}) as url:
        yield Stage(url, values)


@pytest.fixture
def shown(open_page: OpenPage, stage: Stage) -> Shown:  # noqa: F811
    """The page, loaded anew, with nothing on it."""
    shown = Shown(open_page(stage.url))
    shown.expect(state="empty")
    return shown


@pytest.fixture
def thinking(shown: Shown, stage: Stage, world: World) -> Shown:
    """Both minds, ten steps, the clock at the beginning and still."""
    stage.values["one"] = synthetic.payload(world, play=False)
    shown.show("one")
    shown.expect(state="thought", thought="one", step=0, steps=10, playing="", projection="pca")
    return shown
