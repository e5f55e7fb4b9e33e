"""Vitals: a few figures of a network in training, as sparklines with their present value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.views.curves import Record, field_of
from lab.views.glossary import word
from lab.views.panel import Panel, panel_html
from lab.views.style import corner, count, escape, number, percent

VITALS = ("accuracy", "perplexity", "spread", "trust_gap")
POINTS = 60
"""Of a sparkline at most: the rest is thinned evenly, its last point kept."""
_WIDTH, _HEIGHT = 120, 34

PANEL = Panel(
    "Is it healthy?",
    "Measured every few steps on held-out inputs; the line is the whole run, the number is now.",
    "A loss can fall while the network goes bad: these figures show it. Perplexity well below the number of probes, or "
    "a spread of s* near zero, means collapse. Each is measured once the run has come to the stage it is about.",
    "",
    "satipatthana.diagnostics.vitals.vitals",
)


@dataclass(frozen=True)
class Vital:
    """One figure over the run: steps of the run, values, its floor and ceiling where it has such."""

    key: str
    x: tuple[int, ...]
    y: tuple[float, ...]
    low: float | None
    high: float | None
    text: str
    """The present value with its unit; a dash before the first measurement."""


@dataclass(frozen=True)
class VitalsInfo:
    vitals: tuple[Vital, ...]
    boundaries: tuple[int, ...]
    """Steps of the run at which it entered another stage."""
    last_step: int
    """Of the run; 0 before the first."""


def vitals(history: Sequence[Record], n_probes: int | None = None) -> VitalsInfo:
    """The vitals of a history of step records; ``n_probes`` K is the ceiling of the perplexity."""
    measured: list[tuple[int, Mapping[str, float]]] = []
    boundaries: list[int] = []
    stage, last_step = None, 0
    for record in history:
        last_step = field_of(record, "global_step")
        if field_of(record, "stage") != stage:
            if stage is not None:
                boundaries.append(last_step)
            stage = field_of(record, "stage")
        if found := field_of(record, "vitals"):
            measured.append((last_step, found))
    ranges: dict[str, tuple[float | None, float | None]] = {
        "accuracy": (0.0, 1.0),
        "perplexity": (1.0, None if n_probes is None else float(n_probes)),
        "spread": (0.0, None),
        "trust_gap": (0.0, 1.0),
    }
    out = []
    for key in VITALS:
        series = [(step, value[key]) for step, value in measured if math.isfinite(value.get(key, math.nan))]
        text = _text(key, series[-1][1] if series else None, n_probes)
        series = _thinned(series)
        low, high = ranges[key]
        out.append(Vital(key, tuple(x for x, _ in series), tuple(y for _, y in series), low, high, text))
    return VitalsInfo(tuple(out), tuple(boundaries), last_step)


def _text(key: str, value: float | None, n_probes: int | None) -> str:
    if value is None:
        return "–"
    if key == "accuracy":
        return percent(value)
    if key == "perplexity" and n_probes:
        return f"{number(value)} of {n_probes}"
    return number(value)


def _thinned(series: list[tuple[int, float]]) -> list[tuple[int, float]]:
    if len(series) <= POINTS:
        return series
    step = (len(series) - 1) / (POINTS - 1)
    return [series[round(index * step)] for index in range(POINTS)]


def vitals_html(info: VitalsInfo, seed: int | None = None, n: int | None = None) -> str:
    """A row of sparklines as HTML; ``n`` held-out inputs and ``seed`` stand in the corner."""
    cells = "".join(_cell(vital, info) for vital in info.vitals)
    row = f'<div class="vitals-row">{cells}</div>'
    return panel_html("vitals", PANEL, row, corner=corner(n, seed))


def _cell(vital: Vital, info: VitalsInfo) -> str:
    entry = word(vital.key)
    return (
        f'<div class="vital" tabindex="0" data-tip="{escape(entry.name)}: {escape(entry.gloss)}\n{escape(entry.help)}">'
        f'<span class="vital-name">{escape(entry.name)}</span><b class="vital-value">{escape(vital.text)}</b>'
        f"{_spark(vital, info)}</div>"
    )


def _spark(vital: Vital, info: VitalsInfo) -> str:
    label = f"{word(vital.key).name}: {vital.text}"
    if not vital.x:
        body = f'<line class="spark-none" x1="0" y1="{_HEIGHT - 3}" x2="{_WIDTH}" y2="{_HEIGHT - 3}"/>'
        label += ", not measured yet"
    else:
        low = min(vital.y) if vital.low is None else min(vital.low, *vital.y)
        high = max(vital.y) if vital.high is None else max(vital.high, *vital.y)
        span = (high - low) or 1.0
        end = max(info.last_step, vital.x[-1], 1)

        def place(step: int, value: float) -> tuple[str, str]:
            x = 2 + step / end * (_WIDTH - 6)
            return f"{x:.1f}", f"{_HEIGHT - 4 - (value - low) / span * (_HEIGHT - 8):.1f}"

        points = [place(step, value) for step, value in zip(vital.x, vital.y, strict=True)]
        marks = "".join(
            f'<line class="spark-mark" x1="{place(step, low)[0]}" x2="{place(step, low)[0]}" y1="0" y2="{_HEIGHT}"/>'
            for step in info.boundaries[-20:]
        )
        line = " ".join(f"{x},{y}" for x, y in points)
        body = (
            f'{marks}<polyline class="spark-line" points="{line}"/>'
            f'<path class="spark-now" d="M{points[-1][0]} {points[-1][1]}h0"/>'
        )
        label += f", {count(len(vital.x))} points"
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">{body}</svg>'
    )
