"""Settling: did it come to rest, how fast and why, and in how many ends do many inputs rest."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.views.decay import decay_html
from lab.views.ends import ends_html
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.plot import Axis, Plot, decades
from lab.views.style import corner, count, escape
from lab.views.verdict import verdict_line

if TYPE_CHECKING:
    from satipatthana.diagnostics.settling import Band, Crowd, Settling

PANEL = Panel(
    "Did it come to rest?",
    "The sober map goes on for 200 steps from where the thought stopped: where it leads is the verdict.",
    "A fixed point: the steps shrink to nothing. A cycle: the lag correlation comes back to 1 after a number of steps, "
    "its period. A slow drift: neither. Two verdicts say how the thought itself stopped: the steps ran out before it "
    "was at rest, or its last step was a skipped one, so that its stillness is none. The grey band holds the middle "
    "80 % of the test inputs, clean and sober, in float64; the chosen thought is drawn with its own settings.",
    "step size ‖s′ − s‖; relative residual ‖s′ − s‖ / ‖s′‖; fixed point: last step ≤ 10⁻⁶ of the largest state; "
    "cycle: lag correlation ≥ .999 after < .9; at rest: step ≤ 1 % of the first",
    "satipatthana.diagnostics.verdicts.verdicts, .settling.settling",
)
FLOOR = 1e-16
"""Lowest step that is drawn: float64 has nothing below."""
EMPTY = "No thought has been judged yet. It takes about four seconds."
NAMES = {"sober": "sober", "drunk": "drunk"}
GLOSS = {
    "fixed point": "came to rest",
    "cycle": "goes round",
    "slow drift": "never rests",
    "step limit": "would have come to rest",
    "skipped step": "stopped in a gap",
}


@dataclass(frozen=True, eq=False)
class SettlingInfo:
    """What was found, and what it was found of."""

    found: "Settling"
    about: str
    """The chosen thought: "test input 7, noise σ 0.5"."""
    seed: int
    classes: tuple[str, ...]
    injected: bool
    """Every step of this network sees the input."""


def settling_html(info: SettlingInfo | None, state: str = "") -> str:
    """Three panels; ``state`` is a line on how the study is. None: nothing was asked yet."""
    if info is None:
        return panel_html("settling-rest", PANEL, state, empty_html(EMPTY))
    found, crowd = info.found, info.found.crowd
    note = corner(None if crowd is None else crowd.n, info.seed)
    content = (state, _lines(info), _charts(found))
    rest = panel_html("settling-rest", PANEL, *content, corner=note)
    return rest + decay_html(found, note) + ends_html(crowd, info.classes, info.injected, note)


def _lines(info: SettlingInfo) -> str:
    lines = "".join(
        f'<p class="settling-verdict"><b style="color:var(--{name}-ink)">{NAMES[name]}</b> '
        f"{escape(verdict_line(one.verdict))}</p>"
        for name, one in info.found.minds.items()
    )
    return f'<div class="settling-verdicts"><p class="lab-reading">{escape(info.about)}</p>{lines}</div>'


def _charts(found: "Settling") -> str:
    length = _shown_steps(found)
    crowd = found.crowd
    size = _curve("size, latent units (log)", found, length, "step_size", crowd.step_size if crowd else None)
    relative = _curve("relative residual (log)", found, length, "relative", crowd.relative if crowd else None)
    return f'<div class="plots">{size}{relative}{_lags(found)}{_kinds(crowd, found.limit)}</div>'


def _shown_steps(found: "Settling") -> int:
    """As many as it takes for the steps to fall below what float64 can tell, at least 20."""
    longest = 20
    for one in found.minds.values():
        sizes = one.verdict.step_size
        moving = np.flatnonzero(sizes > 1e-15)
        longest = max(longest, int(moving[-1]) + 1 if len(moving) else 0)
    return min(longest, 200)


def _curve(name: str, found: "Settling", length: int, which: str, band: "Band | None") -> str:
    drawn = {mind: getattr(one.verdict, which)[:length] for mind, one in found.minds.items()}
    series = {mind: np.where(sizes > FLOOR, sizes, np.nan) for mind, sizes in drawn.items()}
    values = np.concatenate([*series.values(), *([] if band is None else [band.low[:length], band.high[:length]])])
    known = values[np.isfinite(values) & (values > FLOOR)]
    if not len(known):
        return '<p class="plot-none">Nothing moved at all.</p>'
    low = 10.0 ** math.floor(math.log10(max(FLOOR, known.min())))
    high = 10.0 ** math.ceil(math.log10(known.max()) + 1e-9)
    low = min(low, high / 10)
    every = max(1, math.ceil(math.log10(high / low) / 5))
    ticks = tuple(range(0, length + 1, 5 if length <= 20 else 20 if length <= 100 else 50))
    plot = Plot(Axis("step", 0, length, ticks), Axis(name, low, high, decades(low, high, every), log=True))
    steps = np.arange(1, length + 1, dtype=np.float64)
    marks = []
    first = next((float(size[0]) for size in series.values() if len(size) and size[0] > 0), None)
    if which == "step_size" and first is not None and low < 0.01 * first:
        marks.append(plot.rule("at rest: 1 % of the first", y=0.01 * first))
    if band is not None:
        marks += [
            plot.band(steps, band.low[:length], band.high[:length], "quiet"),
            plot.line(steps, band.median[:length], "quiet", ' stroke-dasharray="5 3"'),
            plot.write("test inputs, 80 %", 0.2 * length, low * (high / low) ** 0.05),
        ]
    limit = next(iter(found.minds.values())).verdict.steps
    if 0 < limit < length:
        marks.append(plot.rule(f"stopped after {limit}", x=limit))
    for mind, values in series.items():
        marks += [plot.line(steps[: len(values)], values, mind), plot.dots(steps[: len(values)], values, mind, 2)]
    return plot.svg(f"{name} against the step, for {' and '.join(series)} and the crowd", marks)


def _lags(found: "Settling") -> str:
    moving = {
        name: one.verdict.lag_correlation
        for name, one in found.minds.items()
        if np.isfinite(one.verdict.lag_correlation).any()
    }
    if not moving:
        return (
            '<div class="plot-none"><b>Lag correlation</b><p>There is none: in the last 100 of the 200 steps nothing '
            "moves any more, and what does not move cannot go round.</p></div>"
        )
    longest = max(len(values) for values in moving.values()) - 1
    plot = Plot(
        Axis("lag, steps", 0, longest, tuple(range(0, longest + 1, 10))),
        Axis("lag correlation", -1, 1, (-1.0, 0.0, 1.0)),
    )
    marks = []
    for name, values in moving.items():
        marks.append(plot.line(np.arange(len(values), dtype=np.float64), values, name))
        period = found.minds[name].verdict.period
        if period:
            marks.append(plot.rule(f"period {period}", x=period))
    return plot.svg(f"Lag correlation of {' and '.join(moving)}", marks)


def _kinds(crowd: "Crowd | None", limit: int) -> str:
    if crowd is None:
        return '<p class="plot-none">The test inputs are still running on.</p>'
    rows = "".join(
        f'<tr class="{"" if many else "none"}"><td>{count(many)}</td><th>{kind}</th><td>{GLOSS[kind]}</td></tr>'
        for kind, many in crowd.kinds.items()
    )
    lead = f"{count(crowd.n)} test inputs, clean and sober, {limit} steps each"
    return f'<table class="settling-kinds"><caption>{lead}</caption><tbody>{rows}</tbody></table>'
