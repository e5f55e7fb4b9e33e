"""Instruments: parts of the page that are drawn by hand-written JavaScript and never mount twice.

An instrument is one `gr.HTML` with a constant template. Its value is a JSON object; each new value is handed to
JavaScript, which changes what is already on the screen, so zoom, focus and clock survive every update.

To make another one, write `lab/web/curves.js`:

    SatiLab.register("curves", {
      mount(root, api) {                      // once; root is an empty <div class="lab-instrument">
        ...                                   // build the DOM; api.trigger("pick", {...}) calls back to Python
        return {update(value) { ... }};       // the present value, at once and at every change; null is "nothing yet"
      },
    });

and make one in Python; names in ``triggers`` become events of the component:

    curves = Instrument("curves", scripts=("curves.js",), triggers=("pick",), label="Loss curves")
    curves.pick(handler, outputs=...)         # def handler(event: gr.EventData): event.index ... as the page sent it

`base.js` is always there; Plotly (``window.LabPlotly``, the version that plotly.py speaks) unless ``plotly=False``.
Give every instrument an ``elem_id``. Never use one as an *input* of an event: the whole value would travel back.

`page_head()` goes into ``launch(head=...)``: the palette and the style sheets.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
import plotly
from gradio import component_meta

from lab.views.style import css_variables, escape

_HERE = Path(__file__).resolve().parent
PLOTLY = Path(plotly.__file__).resolve().parent / "package_data" / "plotly.min.js"
CONVERGE_SCRIPTS = (
    "clock.js",
    "plane.js",
    "converge_model.js",
    "converge_words.js",
    "converge_axis.js",
    "converge_map.js",
    "converge_vector.js",
    "converge_sight.js",
    "converge_bars.js",
    "converge_curve.js",
    "converge_training.js",
    "converge.js",
)


class WithoutStub(component_meta.ComponentMeta):
    """Gradio writes a `.pyi` beside every module that subclasses a component. It goes stale at the next edit and then
    hides new names from type checkers, and an installed package is no place to write to."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> type:
        written = component_meta.create_or_modify_pyi
        component_meta.create_or_modify_pyi = lambda *_: None
        try:
            return super().__new__(cls, name, bases, attributes)
        finally:
            component_meta.create_or_modify_pyi = written


class Instrument(gr.HTML, metaclass=WithoutStub):
    """One instrument: ``kind`` is the name under which its JavaScript registers, ``scripts`` its files in `lab/web`.

    ``value`` is a JSON object or None (nothing yet). ``triggers`` are the events that it sends to Python. ``label`` is
    what a screen reader calls it. Raises FileNotFoundError for a script that is not there.
    """

    def __init__(
        self,
        kind: str = "",
        value: dict[str, Any] | None = None,
        *,
        scripts: Sequence[str] = (),
        triggers: Sequence[str] = (),
        label: str = "",
        plotly: bool = True,
        **options: Any,
    ) -> None:
        events = ", ".join(f'"{name}"' for name in triggers)
        super().__init__(
            value,
            html_template=(
                f'<div class="lab-instrument" data-instrument="{kind}" role="group" aria-label="{escape(label)}"></div>'
            ),
            # the names stand in the script so that Gradio knows them as events
            js_on_load=f'SatiLab.mount("{kind}", element, {{trigger, props, watch, events: [{events}]}});',
            apply_default_css=False,
            head=_scripts(scripts, plotly),
            label=label,
            **options,
        )
        self.kind = kind

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None and not isinstance(value, dict):
            raise TypeError(f"An instrument shows a dict or None; got {type(value).__name__}.")
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def example_payload(self) -> dict[str, Any]:
        return {"kind": "waiting", "text": "..."}

    def example_value(self) -> dict[str, Any]:
        return self.example_payload()


def converge(value: dict[str, Any] | None = None, **options: Any) -> Instrument:
    """The Converge instrument: draws what `lab.views.thought` builds.

    Events: ``pick`` ({"point": i}: that point of the cloud, in the order in which it was sent), ``act`` (the button of
    an empty state), ``lost`` ({"id"}: a UMAP patch came for a thought that this page does not hold), ``axis`` ({"from":
    k, "to": l}: the thought is wanted on the axis between two probes), ``weights`` ({"weights": "own" | "sharp"}:
    whose thought is wanted).
    """
    return Instrument(
        "converge",
        value,
        scripts=CONVERGE_SCRIPTS,
        triggers=("pick", "act", "lost", "axis", "weights"),
        label="A thought, step by step",
        plotly=False,
        **{"elem_id": "converge", **options},
    )


def page_head() -> str:
    """What every page of the lab carries in its head: the palette, the style sheets, keys and switches, first steps."""
    # lab.css holds what all share, so it comes first
    styles = sorted(_HERE.glob("*.css"), key=lambda path: (path.name != "lab.css", path.name))
    sheets = "".join(f'<link rel="stylesheet" href="{_address(path)}">\n' for path in styles)
    scripts = "".join(f'<script defer src="{_address(_HERE / name)}"></script>\n' for name in ("page.js", "tour.js"))
    return f"<style>{css_variables()}</style>\n{sheets}{scripts}"


def _scripts(names: Sequence[str], plotly: bool) -> str:
    """Script tags. The files run in this order, each once, before the instrument mounts."""
    paths = [*([PLOTLY] if plotly else []), *(_HERE / name for name in ("base.js", *names))]
    return "".join(f'<script src="{_address(path)}"></script>' for path in paths)


@cache
def _address(path: Path) -> str:
    """Where Gradio serves a file of ours. The time of its last change is part of it, so no browser keeps an old one."""
    changed = os.stat(path).st_mtime_ns
    gr.set_static_paths([path])
    return f"/gradio_api/file={quote(path.as_posix())}?v={changed:x}"
