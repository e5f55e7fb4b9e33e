"""The components of Train, Probes and Decoders: panels that show HTML from `lab.views`, and the loss curves."""

from typing import Any

from lab.web.component import Instrument


def panel(html: str = "", **options: Any) -> Instrument:
    """Shows HTML made by a view: update it with ``show(html)``. Help cards and focus survive an update.

    Event: ``act`` ({"act": "stage-1"}) when something with ``data-act`` is pressed; inside a form also its fields, as
    {"act": ..., "form": {name: number, text or null}}. Give an ``elem_id``.
    What has another ``data-key`` than before is made anew, fields with it. To ``data-arrive`` goes the focus when what
    had it is gone, once for each of its words.
    """
    return Instrument("panel", show(html), scripts=("panels.js", "zoom.js"), triggers=("act",), plotly=False, **options)


def sharing(html: str = "", **options: Any) -> Instrument:
    """A panel with lines to be handed on: what has ``data-copy`` copies that line and the address of this lab, with
    ``data-query`` behind the "?", and says so in the next ``output``."""
    scripts = ("panels.js", "copy.js")
    return Instrument("panel", show(html), scripts=scripts, triggers=("act",), plotly=False, **options)


def gate(html: str = "", **options: Any) -> Instrument:
    """A panel whose charts have handles to drag.

    Event: ``act`` ({"act": "gate:inference:0.615"}) when a handle is let go.
    """
    scripts = ("panels.js", "gate.js")
    return Instrument("panel", show(html), scripts=scripts, triggers=("act",), plotly=False, **options)


def show(html: str) -> dict[str, str]:
    """The value of a panel."""
    return {"html": html}


LOOK_NOW = "() => { document.dispatchEvent(new Event('lab-look')); }"
"""As ``js`` of an event: the page looks at once for what the event has changed."""


def way(**options: Any) -> Instrument:
    """Brings a tab up, or a panel in it, when it gets a new value of `go`. Nothing of it is seen."""
    return Instrument("way", scripts=("way.js",), plotly=False, **{"label": "", **options})


def go(place: str, times: int) -> dict[str, Any]:
    """The value of `way`: a place as ``Page.view`` takes it ("Train/doctor"), and a number that grows."""
    return {"place": place, "times": times}


def curves(value: dict[str, Any] | None = None, **options: Any) -> Instrument:
    """The live loss curves: a value of `lab.views.curves.seed`, then those of `lab.views.curves.append`.

    Events: ``resync`` ({"seq", "points"}: the page holds something else, send a seed), ``stage`` ({"stage": k}: show
    the terms of another stage).
    """
    return Instrument(
        "curves",
        value,
        scripts=("panels.js", "curves.js"),
        triggers=("resync", "stage"),
        label="Loss curves",
        **{"elem_id": "curves", **options},
    )
