"""The charts of an exhibit: broken and fixed on the same axes, hollow and dashed beside solid."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from lab.views.plot import BOTTOM, RIGHT, TOP, Axis, Plot
from lab.views.style import count, escape, number

Lines = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""By side: x and y."""
SIDES: tuple[Literal["broken", "fixed"], ...] = ("broken", "fixed")
COLOURS = {"broken": "bad", "fixed": "good"}
CALLED: Mapping[str, str] = {"broken": "broken", "fixed": "fixed"}
RADII = {"broken": 5.0, "fixed": 3.5}
BANDS = 40
"""Places along a curve that tell exact values."""
NAME = 62
"""Pixels that a name takes."""
LINE = 17
"""Pixels from one name to the next."""
_SIZE = 376, 216, 62
"""Width, height, room for the labels of y."""
_LADDER = (1, 2, 5)


def chart_html(
    title: str,
    note: str,
    name: str,
    lines: Lines,
    steps: int,
    stages: Sequence[tuple[int, int]],
    looks: int = 0,
    called: Mapping[str, str] = CALLED,
) -> str:
    """One chart of ``steps`` steps. ``name`` is that of the y axis. With ``looks`` every value is a dot, so many after
    the first. ``called``: the words for both sides."""
    plot = Plot(step_axis(steps), value_axis([values for _, values in lines.values()], name), *_SIZE)
    # the fixed one first: where both are the same, the dashes and rings of the broken one still let it through
    marks = [_drawn(plot, side, *lines[side], looks > 0) for side in reversed(SIDES) if side in lines]
    marks += [_stages(plot, stages), _names(plot, lines, called), _tips(plot, lines, steps, looks or BANDS, called)]
    note = f" <span>{escape(note)}</span>" if note else ""
    return f'<figure class="exhibit-chart"><h4>{escape(title)}{note}</h4>{plot.svg(title, marks)}</figure>'


def _drawn(plot: Plot, side: str, x: np.ndarray, y: np.ndarray, dots: bool) -> str:
    colour = COLOURS[side]
    dashed = ' stroke-dasharray="6 4"' if side == "broken" else ""
    known = np.isfinite(y)
    line = plot.line(x, y, colour, dashed) if known.any() else ""
    at = np.flatnonzero(known) if dots else np.flatnonzero(known)[-1:]
    across, down = plot.at(x[at], y[at])
    radius = RADII[side]
    circles = "".join(
        f'<circle class="dot {side}" cx="{a:.1f}" cy="{b:.1f}" r="{radius:g}"/>'
        for a, b in zip(across, down, strict=True)
    )
    return line + circles


def _names(plot: Plot, lines: Lines, called: Mapping[str, str]) -> str:
    """The name of each line at its end: behind it while there is room, then above the upper one, below the lower."""
    ends = {}
    for side, (x, y) in lines.items():
        known = np.flatnonzero(np.isfinite(y))
        if len(known):
            a, b = plot.at(x[known[-1]], y[known[-1]])
            ends[side] = float(a), float(b)
    order = sorted(ends, key=lambda side: ends[side][1])
    beside = all(across < plot.width - RIGHT - NAME for across, _ in ends.values())
    heights = _apart([ends[side][1] for side in order], plot.height, beside)
    out = []
    for side, height in zip(order, heights, strict=True):
        across = ends[side][0]
        place = (across + 10, "start") if beside else (min(across + 6, plot.width - RIGHT), "end")
        out.append(
            f'<text class="name {side}" x="{place[0]:.1f}" y="{height:.1f}" text-anchor="{place[1]}">'
            f"{called[side]}</text>"
        )
    return "".join(out)


def _apart(ends: Sequence[float], height: int, beside: bool) -> list[float]:
    """Where names stand, from the upper end's to the lower's: beside the ends, inside the chart, not on each other."""
    floor = height - BOTTOM - 6
    if beside:
        push = max(0.0, LINE - (ends[-1] - ends[0])) / 2 if len(ends) > 1 else 0.0
        names = [max(TOP + 10, end + 5 + (push if index else -push)) for index, end in enumerate(ends)]
    else:
        names = [end - 9 if not index and end > TOP + 20 else end + 20 for index, end in enumerate(ends)]
    for index in range(1, len(names)):
        names[index] = max(names[index], names[index - 1] + LINE)
    if names and names[-1] > floor:
        names[-1] = min(floor, ends[-1] - 9)
    for index in reversed(range(len(names) - 1)):
        names[index] = min(names[index], names[index + 1] - LINE)
    return names


def _stages(plot: Plot, stages: Sequence[tuple[int, int]]) -> str:
    """A line where a stage begins, but for the first."""
    out, begun = [], 0
    for index, (stage, steps) in enumerate(stages):
        if index:
            out.append(plot.rule(f"stage {stage}", x=begun))
        begun += steps
    return "".join(out)


def _tips(plot: Plot, lines: Lines, steps: int, bands: int, called: Mapping[str, str]) -> str:
    """Bands across the chart; each tells the exact values of the point in it that is nearest to its middle."""
    if not steps:
        return ""
    wide = steps / bands
    out = []
    for band in range(bands + 1):
        middle = band * wide
        said = []
        for side, (x, y) in lines.items():
            near = np.flatnonzero(np.abs(x - middle) <= wide / 2)
            if len(near):
                at = near[np.abs(x[near] - middle).argmin()]
                said.append((int(x[at]), f"{called[side]} {number(float(y[at]))}"))
        if not said:
            continue
        left, right = (float(plot.at(edge, plot.y.low)[0]) for edge in (middle - wide / 2, middle + wide / 2))
        words = escape("\n".join([f"step {count(said[0][0])}", *(text for _, text in said)]))
        out.append(
            f'<rect class="band" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" '
            f'height="{plot.height - TOP - BOTTOM}" data-tip="{words}"/>'
        )
    return "".join(out)


def smoothed(steps: Sequence[float], values: Sequence[float], window: int) -> tuple[np.ndarray, np.ndarray]:
    """Each value as the mean of the last ``window``, fewer at the start; one that is not finite leaves a gap."""
    x, y = _floats(steps), _floats(values)
    if not len(y) or window < 2:
        return x, y
    total = np.concatenate(([0.0], np.cumsum(np.where(np.isfinite(y), y, 0.0))))
    known = np.concatenate(([0], np.cumsum(np.isfinite(y))))
    at = np.arange(1, len(y) + 1)
    since = np.maximum(0, at - window)
    means = (total[at] - total[since]) / np.maximum(1, known[at] - known[since])
    return x, np.where(np.isfinite(y), means, np.nan)


def value_axis(lines: Sequence[np.ndarray], name: str) -> Axis:
    """An axis that holds all finite values: from nought, or log where the largest is ten times the least or more."""
    parts = [line[np.isfinite(line)] for line in lines]
    values = np.concatenate([*parts, np.empty(0)])
    if not len(values):
        return Axis(name, 0.0, 1.0, (0.0, 0.5, 1.0))
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low >= 10:
        return _log_axis(low, high, name)
    return _linear_axis(low, high, name)


def _log_axis(low: float, high: float, name: str) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ladder = [digit * 10.0**power for power in range(first, last + 1) for digit in _LADDER]
    bottom = max(step for step in ladder if step <= low * 1.0001)
    top = min(step for step in ladder if step >= high * 0.9999)
    ticks = [step for step in ladder if bottom <= step <= top]
    if len(ticks) > 5 or bottom < 0.01:  # whole decades, which alone have a label when they are small
        bottom, top = 10.0**first, 10.0**last
        ticks = [10.0**power for power in range(first, last + 1)][:: -(-(last - first + 1) // 5)]
    return Axis(f"{name}, log", bottom, top, tuple(ticks), log=True)


def _linear_axis(low: float, high: float, name: str) -> Axis:
    # from nought: two values that are nearly the same look so, and the axis stands while a curve falls
    floor, high = min(low, 0.0), max(high, 0.0)
    if floor == high:
        return Axis(name, 0.0, 1.0, (0.0, 0.5, 1.0))
    span = high - floor
    size = 10.0 ** math.floor(math.log10(span))
    step = next(each * size for each in (0.2, 0.5, 1, 2, 5, 10) if span / (each * size) <= 5)
    first, last = math.floor(floor / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{step * index:.6g}") for index in range(first, max(last, first + 1) + 1))
    return Axis(name, ticks[0], ticks[-1], ticks)


def step_axis(steps: int) -> Axis:
    """Steps of each side, from the first to the last of the plan."""
    if not steps:
        return Axis("step", 0, 1, ())
    size = 10.0 ** math.floor(math.log10(steps))
    step = next(each * size for each in (0.2, 0.5, 1, 2, 5) if steps / (each * size) <= 5)
    return Axis("step", 0, steps, tuple(step * index for index in range(int(steps / step + 1e-9) + 1)))


def _floats(values: Sequence[float]) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)
