"""An exhibit while it runs: loss and measure of broken and fixed on the same axes, and what both draw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lab.views.gallery import thumbnail
from lab.views.panel import Panel, panel_html
from lab.views.plot import BOTTOM, RIGHT, TOP, Axis, Plot
from lab.views.style import count, duration, escape, number

RUN = Panel(
    "Where do broken and fixed part?",
    "Same seed, data and steps; broken hollow and dashed, fixed solid.",
    "A step of the one, then a step of the other, so both are always as far. The loss is that of the training batches, "
    "as a mean over the last few steps, because single steps jump; the measure is taken eleven times, on validation "
    "inputs. Loss falls in sickness too: the measure tells the two apart.",
    "",
    "lab.exhibits.experiment.run_pair",
)
STRIP = Panel(
    "What do both draw?",
    "The same eight validation inputs: as they are, and as each network draws them now.",
    "Before stage 1 the picture comes from z, through the stage-0 head; after that from the settled state s*. Some "
    "sicknesses are not in the pictures at all: then it is said so.",
    "",
    "satipatthana.core.SatipatthanaSystem.decode",
)
SIDES: tuple[Literal["broken", "fixed"], ...] = ("broken", "fixed")
COLOURS = {"broken": "bad", "fixed": "good"}
RADII = {"broken": 5.0, "fixed": 3.5}
SMOOTH = 20
"""The loss is drawn as a mean over this part of the whole: its twentieth."""
BANDS = 40
"""Places along a chart that tell exact values."""
WORDS = {
    "none": "Nothing has run yet. Choose an answer, or just run it, and both begin to learn here, side by side: "
    "usually under a minute on two cores.",
    "waiting": "Waiting for its turn",
    "making": "Making both networks",
    "running": "step {done} of {total}, {text} · {gone} gone, about {left} left",
    "ready": "{total} steps each, {seconds}",
    "cancelled": "Stopped before its end. Run it again below.",
    "failed": "It went wrong: {text}",
    "left": "The run after this one did not come to its end ({left}). This is the last that did.",
    "stop": "Stop",
    "turned": "with {dials}",
    "loss": "Loss: {curve}",
    "smooth": "mean of {n} steps",
    "seen": "{measure}, {better} is better",
    "same": "Both draw the same: what differs is not in the pictures.",
    "no pictures": "These inputs are points, not pictures.",
    "not yet": "They come with the first steps.",
    "input": "input",
}
LONGEST = 24
"""Characters of a measure's name beside its axis."""
LINE = 17
"""Pixels from one name to the next."""
_WIDTH, _HEIGHT, _LEFT = 376, 216, 62
_LADDER = (1, 2, 5)


@dataclass(frozen=True, eq=False)
class CourseInfo:
    """How one side has come along; ``pictures`` (8, C, H, W) in [-1, 1], None where there are none."""

    steps: Sequence[float] = ()
    loss: Sequence[float] = ()
    seen_at: Sequence[float] = ()
    seen: Sequence[float] = ()
    pictures: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class RunInfo:
    """A pair as far as it has come. ``state`` as `lab.studies.study.StudyStatus` has it."""

    number: int
    curve: str
    """The loss term that is drawn."""
    measure: str
    better: Literal["higher", "lower"]
    state: str = "none"
    done: int = 0
    total: int = 0
    text: str = ""
    seconds: float | None = None
    left: str = ""
    """Why a later run than this did not come to its end."""
    steps: int = 0
    """Of each side's plan; 0: not known yet."""
    stages: tuple[tuple[int, int], ...] = ()
    """(stage, steps), in order."""
    courses: Mapping[str, CourseInfo] = field(default_factory=dict)
    inputs: np.ndarray | None = None
    dials: str = ""
    """Those that are not at their defaults, in words."""
    seed: int = 0
    n: int | None = None

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


# --- the charts ---------------------------------------------------------------------------------------------------


def run_html(info: RunInfo) -> str:
    """Progress, then the two charts; their places are kept from the start."""
    if info.state == "none":
        body = f'<div class="lab-empty exhibit-charts"><p>{WORDS["none"]}</p></div>'
        return panel_html("exhibit-run", RUN, _progress(info), body)
    charts = f'<div class="exhibit-charts">{_loss_chart(info)}{_measure_chart(info)}</div>'
    corner = [] if info.n is None else [f"n = {count(info.n)}"]
    return panel_html("exhibit-run", RUN, _progress(info), charts, corner=" · ".join([*corner, f"seed {info.seed}"]))


def _progress(info: RunInfo) -> str:
    said, bar, stop = "", "", ""
    if info.busy:
        share = info.done / info.total if info.total else 0.0
        bar = f'<span class="lab-progress"><i style="transform:scaleX({share:.3f})"></i></span>'
        stop = f'<button type="button" class="lab-quiet-button" data-act="stop">{WORDS["stop"]}</button>'
        said = _busy_words(info)
    elif info.state == "ready":
        said = WORDS["ready"].format(total=count(info.steps), seconds=duration(info.seconds))
        if info.left:
            said = WORDS["left"].format(left=info.left.rstrip(".").lower())
    elif info.state in ("cancelled", "failed"):
        said = WORDS[info.state].format(text=info.text)
    if info.dials:
        said = f"{said} · {WORDS['turned'].format(dials=info.dials)}" if said else ""
    alarm = f' data-state="{info.state}"' if info.state == "failed" or info.left else ""
    # whose button has just been disabled arrives here
    alarm += f' tabindex="-1" data-arrive="run {info.number}"' if info.busy else ""
    return f'<p class="exhibit-progress" role="status"{alarm}>{bar}<span>{escape(said)}</span>{stop}</p>'


def _busy_words(info: RunInfo) -> str:
    if info.state == "waiting":
        return WORDS["waiting"]
    if not info.done or info.seconds is None:
        return WORDS["making"]
    left = info.seconds / info.done * (info.total - info.done)
    done = min(info.done, info.steps)
    return WORDS["running"].format(
        done=count(done), total=count(info.steps), text=info.text, gone=_time(info.seconds), left=_time(left)
    )


def _time(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 60 else duration(seconds)


def _loss_chart(info: RunInfo) -> str:
    window = max(1, info.steps // SMOOTH)
    lines = {side: smoothed(info.courses[side].steps, info.courses[side].loss, window) for side in info.courses}
    title = WORDS["loss"].format(curve=info.curve)
    return _chart(info, title, WORDS["smooth"].format(n=window) if window > 1 else "", "loss", lines, dots=False)


def _measure_chart(info: RunInfo) -> str:
    lines = {side: (_floats(course.seen_at), _floats(course.seen)) for side, course in info.courses.items()}
    title = WORDS["seen"].format(measure=info.measure, better=info.better)
    name = info.measure if len(info.measure) <= LONGEST else "measure"
    return _chart(info, title[:1].upper() + title[1:], "", name, lines, dots=True)


def _chart(
    info: RunInfo, title: str, note: str, name: str, lines: Mapping[str, tuple[np.ndarray, np.ndarray]], dots: bool
) -> str:
    y = value_axis([values for _, values in lines.values()], name)
    plot = Plot(step_axis(info.steps), y, _WIDTH, _HEIGHT, _LEFT)
    # the fixed one first: where both are the same, the dashes and rings of the broken one still let it through
    marks = [_drawn(plot, side, *lines[side], dots) for side in reversed(SIDES) if side in lines]
    marks += [_stages(plot, info.stages), _names(plot, lines)]
    marks.append(_tips(plot, lines, info.steps))
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


def _names(plot: Plot, lines: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """The name of each line at its end: the upper one's above it, the lower one's below."""
    ends = {}
    for side, (x, y) in lines.items():
        known = np.flatnonzero(np.isfinite(y))
        if len(known):
            a, b = plot.at(x[known[-1]], y[known[-1]])
            ends[side] = float(a), float(b)
    order = sorted(ends, key=lambda side: ends[side][1])
    heights = _apart([ends[side][1] for side in order], plot.height)
    out = []
    for side, height in zip(order, heights, strict=True):
        across = ends[side][0]
        place = (min(across + 6, plot.width - RIGHT), "end") if across > _LEFT + 60 else (across + 8, "start")
        out.append(
            f'<text class="name {side}" x="{place[0]:.1f}" y="{height:.1f}" text-anchor="{place[1]}">{side}</text>'
        )
    return "".join(out)


def _apart(ends: Sequence[float], height: int) -> list[float]:
    """Where names stand, from the upper end's to the lower's: beside the ends, inside the chart, not on each other."""
    floor = height - BOTTOM - 6
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


def _tips(plot: Plot, lines: Mapping[str, tuple[np.ndarray, np.ndarray]], steps: int) -> str:
    """Bands across the chart that tell, where something is drawn, both values."""
    if not steps:
        return ""
    last = max((int(x[-1]) for x, _ in lines.values() if len(x)), default=0)
    wide = (plot.width - plot.left - RIGHT) / BANDS
    out = []
    for band in range(BANDS):
        step = round((band + 0.5) * steps / BANDS)
        if step > last:
            break
        said = [f"step {count(step)}"]
        for side, (x, y) in lines.items():
            if len(x):
                said.append(f"{side} {number(float(y[np.abs(x - step).argmin()]))}")
        out.append(
            f'<rect class="band" x="{plot.left + band * wide:.1f}" y="{TOP}" width="{wide:.2f}" '
            f'height="{plot.height - TOP - BOTTOM}" data-tip="{escape(chr(10).join(said))}"/>'
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
    if len(ticks) > 5 or bottom < 0.01:
        ticks = [10.0**power for power in range(first, last + 1) if bottom <= 10.0**power <= top]
        ticks = ticks[:: -(-len(ticks) // 5)]
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


# --- the pictures -------------------------------------------------------------------------------------------------


def strip_html(info: RunInfo) -> str:
    """Inputs, and what broken and fixed draw of them; rows keep their places while there is nothing to show."""
    if info.state == "none":
        return ""
    pictures = {side: course.pictures for side, course in info.courses.items()}
    if info.inputs is not None and info.inputs.ndim != 4:
        return panel_html("exhibit-strip", STRIP, f'<p class="exhibit-same">{WORDS["no pictures"]}</p>')
    rows = _row(WORDS["input"], "", info.inputs) + "".join(_row(side, side, pictures.get(side)) for side in SIDES)
    drawn = [picture for picture in pictures.values() if picture is not None]
    said = "" if info.inputs is not None else WORDS["not yet"]
    if len(drawn) == 2 and info.state == "ready" and np.allclose(drawn[0], drawn[1], atol=1e-3):
        said = WORDS["same"]
    body = f'<div class="exhibit-strip-rows">{rows}</div><p class="exhibit-same">{said}</p>'
    return panel_html("exhibit-strip", STRIP, body)


def _row(label: str, side: str, pictures: np.ndarray | None) -> str:
    mark = f'<i class="mark {side}"></i> ' if side else ""
    if pictures is None:
        cells = '<span class="pixels blank"></span>' * 8
    else:
        cells = "".join(thumbnail(x, f"{label}, input {index + 1}") for index, x in enumerate(pictures))
    return f'<div class="strip-name">{mark}{label}</div><div class="strip-of {side}">{cells}</div>'
