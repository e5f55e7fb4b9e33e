"""How the instrument looks and is read: dark, by name, in numbers."""

from playwright.sync_api import expect

from lab.views import style
from tests.web.conftest import STILL, Shown, look


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
