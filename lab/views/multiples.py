"""Small charts that stand side by side on the same axes: inline SVG that grows with the page's type."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.views.style import escape, number

LEFT, RIGHT, TOP, BOTTOM = 40, 14, 26, 24
"""Pixels around the plot: y labels, half an x label, title, x labels."""
REM = 16


@dataclass(frozen=True)
class Axis:
    """What an axis spans, and where it is labelled."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """0 at ``low``, 1 at ``high``."""
        return (min(max(value, self.low), self.high) - self.low) / max(self.high - self.low, 1e-12)


@dataclass(frozen=True)
class Line:
    """One curve; points that are not finite are left out. ``style`` is a class of ``lab/web/collapse.css``."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: str = "main"


def axis_to(high: float, low: float = 0.0) -> Axis:
    """An axis from ``low`` to at least ``high``, labelled at round numbers, three or four of them."""
    span = max(high - low, 1e-9)
    size = 10 ** math.floor(math.log10(span))
    step = next(each * size for each in (0.2, 0.5, 1, 2, 5) if span / (each * size) <= 4)
    ticks = tuple(low + step * index for index in range(math.ceil(span / step - 1e-9) + 1))
    return Axis(low, ticks[-1], ticks)


def tick_label(value: float) -> str:
    """A round number as an axis carries it."""
    return f"{round(value, 6) + 0.0:,g}".replace("-", "−")


def small_chart(
    title: str,
    lines: Sequence[Line],
    x: Axis,
    y: Axis,
    *,
    width: int = 290,
    height: int = 140,
    marks: Sequence[float] = (),
) -> str:
    """One chart. ``marks`` are places on the x axis with a thin line; the last value stands behind the title."""
    right, bottom = width - RIGHT, height - BOTTOM

    def at(value: float, other: float) -> tuple[float, float]:
        return LEFT + x.share(value) * (right - LEFT), bottom - y.share(other) * (bottom - TOP)

    parts = [f'<text class="chart-title" x="0" y="16">{escape(title)}</text>']
    for tick in y.ticks:
        _, height_at = at(x.low, tick)
        parts.append(f'<path class="chart-grid" d="M{LEFT} {height_at:.1f}H{right}"/>')
        parts.append(f'<text class="chart-y" x="{LEFT - 6}" y="{height_at + 5:.1f}">{tick_label(tick)}</text>')
    for tick in x.ticks:
        place, _ = at(tick, y.low)
        parts.append(f'<text class="chart-x" x="{place:.1f}" y="{height - 6}">{tick_label(tick)}</text>')
    for mark in marks:
        place, _ = at(mark, y.low)
        parts.append(f'<path class="chart-mark" d="M{place:.1f} {TOP}V{bottom}"/>')
    tips, last = [], ""
    for line in lines:
        points = [(a, b) for a, b in zip(line.x, line.y, strict=True) if math.isfinite(a) and math.isfinite(b)]
        if not points:
            continue
        drawn = " ".join(f"{px:.1f},{py:.1f}" for px, py in (at(a, b) for a, b in points))
        px, py = at(*points[-1])
        parts.append(f'<polyline class="chart-line {line.style}" points="{drawn}"/>')
        parts.append(f'<circle class="chart-dot {line.style}" cx="{px:.1f}" cy="{py:.1f}" r="3"/>')
        last = last or number(points[-1][1])
        tips.append(f"{line.name}: {number(points[0][1])} at {number(points[0][0])}, now {number(points[-1][1])}")
    parts.append(f'<text class="chart-now" x="{right}" y="16">{last}</text>')
    tip = escape("\n".join([title, *tips]))
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" '
        f'style="width:{width / REM:g}rem;height:{height / REM:g}rem" '
        f'role="img" aria-label="{tip}" data-tip="{tip}" tabindex="0">{"".join(parts)}</svg>'
    )
