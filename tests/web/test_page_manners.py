"""How the instrument looks and is read: dark, narrow, large, by name."""

import pytest
from playwright.sync_api import expect

from lab.views import style
from tests.ui.conftest import OpenPage
from tests.web import synthetic
from tests.web.conftest import STILL, Shown, Stage, look
from tests.web.synthetic import World


def test_dark_restyles_what_is_drawn(thinking: Shown):
    drawn = {
        "cloud": STILL["cloud"],
        "path": (".trail.sober .walked", "getComputedStyle(node).stroke"),
        "panel": (".cv-map", "getComputedStyle(node).backgroundColor"),
        "bars": (".bars-track i", "getComputedStyle(node).backgroundColor"),
    }
    light = look(thinking, drawn)
    thinking.page.evaluate("document.body.classList.add('dark')")
    thinking.page.wait_for_function(
        "before => document.querySelector('.plane-cloud').toDataURL() !== before", arg=light["cloud"][0]
    )
    dark = look(thinking, drawn)
    assert [name for name in drawn if light[name] == dark[name]] == []
    assert set(dark["path"]) == {_rgb(style.palette(True)["sober"])}
    thinking.page.evaluate("document.body.classList.remove('dark')")
    thinking.page.wait_for_function(
        "before => document.querySelector('.plane-cloud').toDataURL() === before", arg=light["cloud"][0]
    )
    thinking.expect(step=0)


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


def test_every_panel_explains_itself(thinking: Shown):
    panels = thinking.root.locator(".lab-panel")
    assert panels.count() == 6
    for panel in panels.all():
        title = panel.locator("h3").first.inner_text()
        assert title.endswith("?")
        panel.get_by_role("button", name=f"About: {title}").click()
        note = panel.locator(".lab-note-card")
        expect(note).to_be_visible()
        assert note.locator("p").count() == 5  # three sentences, a formula, a function
        thinking.press("Escape")
        expect(note).to_be_hidden()


def test_every_control_has_a_name(thinking: Shown):
    nameless = thinking.root.evaluate(
        """root => [...root.querySelectorAll("button, input, select, canvas, [role=meter]")]
            .filter(node => node.checkVisibility())
            .filter(node => !node.getAttribute("aria-label") && !node.textContent.trim())
            .filter(node => !node.closest("button[aria-label]") && !node.closest(".plane"))
            .map(node => node.outerHTML)"""
    )
    assert nameless == []


def test_numbers_are_written_as_python_writes_them(shown: Shown):
    values = [0, 1, -1, 0.062, 0.5, 2 / 3, 9.996, 12345, -0.00034, 1e-7, 3.21e9, 0.97249, 100, 99.96, 1e-4]
    written = shown.page.evaluate("values => values.map(value => SatiLab.number(value))", values)
    assert written == [style.number(value) for value in values]
    assert shown.page.evaluate("SatiLab.number(NaN) + SatiLab.number(null)") == 2 * style.number(None)


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
