"""The components of Train, Probes and Decoders: panels that show HTML from `lab.views`, and the loss curves."""

from typing import Any

from lab.web.component import Instrument


def panel(html: str = "", **options: Any) -> Instrument:
    """Shows HTML made by a view: update it with ``show(html)``. Help cards and focus survive an update.

    Event: ``act`` ({"act": "stage-1"}) when something with ``data-act`` is pressed. Give an ``elem_id``.
    """
    return Instrument("panel", show(html), scripts=("panels.js", "zoom.js"), triggers=("act",), plotly=False, **options)


def gate(html: str = "", **options: Any) -> Instrument:
    """A panel whose charts have handles to drag.

    Event: ``act`` ({"act": "gate:inference:0.615"}) when a handle is let go.
    """
    scripts = ("panels.js", "gate.js")
    return Instrument("panel", show(html), scripts=scripts, triggers=("act",), plotly=False, **options)


def show(html: str) -> dict[str, str]:
    """The value of a panel."""
    return {"html": html}


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
