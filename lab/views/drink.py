"""Drink: the sober and the drunk twin of one thought, and what each dose of it does to many."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.views.panel import Panel, empty_html, panel_html
from lab.views.plot import Axis, Plot, decades
from lab.views.progress import Working, progress_html
from lab.views.style import corner, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.dose import Dose, DoseResponse
    from satipatthana.diagnostics.intervals import Interval
    from satipatthana.diagnostics.twins import Twins

TWINS = Panel(
    "Does the drunk twin find back?",
    "Both start from one first guess. At the dotted line the drunk stops drinking; from there both take sober steps.",
    "The drunk twin has the same input, the same map and the same luck, but it skips steps and is pushed about. The "
    "thin line is how far apart the two are, the thick one how far the drunk still is from where the sober one ends; "
    "where the thought is drawn to one end, both fall in a straight line once the drinking stops. Open marks on the "
    "baseline are skipped steps.",
    "‖drunk_t − sober_t‖₂ and ‖drunk_t − s*_sober‖₂; back: within 1 % of the median distance between samples",
    "satipatthana.diagnostics.twins.twins",
)
DOSE = Panel(
    "How much drink does a thought bear?",
    "Down: how often a step is skipped. Across: how hard each other step is pushed. One square is one setting; your "
    "run's own is framed.",
    "The same inputs think at every setting with the same luck. Distances are from where the sober thought ends, over "
    "the median distance between the ends of two samples: at 1 the drunk thought is as far off as another sample's. "
    "Then it goes on sober, and the last map says after how many steps it is back within 1 %. Point at a square for "
    "its 95 % interval.",
    "away = ‖s_T − s*_sober‖ / median ‖s*_i − s*_j‖",
    "satipatthana.diagnostics.dose.dose_response",
)
START = "Sweep 64 doses"
WORDS = {
    "thought": "There is no thought yet. Choose an input above: its twins appear here.",
    "dose": f"Nothing has been swept yet. “{START}” lets 200 test inputs think at 64 settings: a few seconds.",
}
MORE = 6
"""Steps drawn after the drunk is back, or after the thought where it never is."""
_FULL = 55
"""Per cent of the hue in the strongest square: more, and the figure in it could not be read in the dark."""


@dataclass(frozen=True)
class TwinsInfo:
    """One pair and how it was asked for; ``twins`` has one column."""

    twins: Twins
    skip: float
    push: float
    seed: int
    n: int
    """Samples that the unit of distance was measured on."""


def twins_html(info: TwinsInfo | None) -> str:
    """The panel as HTML; None: there is no thought yet."""
    if info is None:
        return panel_html("twins", TWINS, empty_html(WORDS["thought"]))
    twins = info.twins
    dials = f"skips {percent(info.skip)}, push {number(info.push)}"
    note = f"one pair, {dials} · {corner(None, info.seed)} · unit {number(twins.unit)}, n = {info.n}"
    if twins.unit <= 0 or not np.isfinite(twins.left).all():
        return panel_html("twins", TWINS, empty_html("The states are not finite numbers: this network has diverged."))
    return panel_html(
        "twins", TWINS, f'<div class="twins-body">{_curve(twins)}{_facts(_told(twins))}</div>', corner=note
    )


def _told(twins: Twins) -> list[tuple[str, str, str]]:
    parted, back, t = int(twins.parted[0]), int(twins.back[0]), twins.n_steps
    skipped = [int(step) + 1 for step in np.flatnonzero(twins.skipped[:, 0])]
    away = float(twins.left[t, 0])
    if not twins.rests[0]:
        end = ("no end", "the sober twin itself does not come to rest")
    elif twins.same_end[0]:
        end = ("the same", "within 0.1 % of the distance between samples")
    else:
        end = ("another", f"{number(float(twins.apart[-1, 0]))} latent units away")
    return [
        ("first differ", "never" if parted == 0 else f"after step {parted}", "same luck, same map"),
        ("skipped", f"{len(skipped)} of {t} steps", _listed(skipped)),
        ("off at the end", f"{percent(away / twins.unit)}", "of the distance between samples"),
        ("end after going on", end[0], end[1]),
        ("back within 1 %", _back(back), "going on sober"),
    ]


def _back(steps: int) -> str:
    return "never left" if steps == 0 else "not" if steps < 0 else f"{steps} step{'s' if steps > 1 else ''} later"


def _listed(steps: Sequence[int], most: int = 6) -> str:
    if not steps:
        return "none"
    rest = f" and {len(steps) - most} more" if len(steps) > most else ""
    return ", ".join(map(str, steps[:most])) + rest


def _facts(facts: Sequence[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd><b>{escape(value)}</b> <span>{escape(note)}</span></dd></div>"
        for name, value, note in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _curve(twins: Twins) -> str:
    t, back = twins.n_steps, int(twins.back[0])
    last = min(len(twins.left) - 1, t + (back if back > 0 else 0) + MORE)
    steps = np.arange(last + 1)
    left, apart = twins.left[: last + 1, 0].astype(float), twins.apart[: last + 1, 0].astype(float)
    seen = np.r_[left, apart]
    high = 10.0 ** math.ceil(math.log10(max(float(seen.max()), twins.unit)))
    low = min(high * 1e-4, 10.0 ** math.floor(math.log10(1e-4 * twins.unit)))
    every = max(1, math.ceil((last + 1) / 10))
    plot = Plot(
        Axis("step", 0, last, tuple(range(0, last + 1, every))),
        Axis("distance, latent units, log", low, high, decades(low, high), log=True),
        width=620,
        height=260,
    )
    below = np.where(left > low, left, np.nan), np.where(apart > low, apart, np.nan)
    skipped = np.flatnonzero(twins.skipped[:, 0]) + 1
    marks = [
        plot.rule("both sober from here", x=t),
        plot.rule("1 % of the unit", y=0.01 * twins.unit),
        plot.line(steps, below[1], "quiet", ' stroke-width="1.25"'),
        plot.line(steps, below[0], "drunk"),
        plot.dots(
            steps,
            below[0],
            "drunk",
            tips=[
                f"step {i}: {number(a)} from the sober end, {number(b)} from the twin"
                for i, a, b in zip(steps, left, apart, strict=True)
            ],
        ),
        *(_skip_mark(plot, int(step)) for step in skipped),
        plot.write("to the sober end", 0.4, min(high, left[0] * 1.9), "drunk-ink"),
        plot.write("between the twins", 0.4, min(high, max(apart[1], low) / 3.2) if last else low, "quiet"),
    ]
    label = (
        f"Distance of the drunk twin from the sober end over {last} steps, from {number(left[0])} to {number(left[-1])}"
    )
    return f'<div class="twins-plot">{plot.svg(label, marks)}</div>'


def _skip_mark(plot: Plot, step: int) -> str:
    across, down = plot.at(step, plot.y.low)
    return (
        f'<circle class="twins-skip" cx="{float(across):.1f}" cy="{float(down):.1f}" r="4.5" '
        f'data-tip="step {step} was skipped"/>'
    )


# --- doses ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HeatMap:
    """One figure over the grid: how a dose's figure is read, written and coloured (0 to 1)."""

    name: str
    note: str
    hue: str
    value: Callable[[Dose], float | None]
    write: Callable[[float], str]
    strength: Callable[[float], float]
    tell: Callable[[Dose], str]


def _range(interval: Interval, write: Callable[[float], str]) -> str:
    return f"{write(interval.value)} ({write(interval.low)} to {write(interval.high)})"


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 9.995 else f"{value:.0f}"


MAPS = (
    HeatMap(
        "off at the end",
        "over the distance between samples; full colour from 1 on",
        "drunk",
        lambda dose: dose.away.value,
        _short,
        lambda value: min(1.0, value),
        lambda dose: f"mean distance to the sober end {_range(dose.away, number)} of that between samples",
    ),
    HeatMap(
        "answers changed",
        "in %: share that is not the sober answer",
        "drunk",
        lambda dose: dose.changed.value,
        lambda value: f"{100 * value:.0f}",
        lambda value: value,
        lambda dose: f"answers changed: {_range(dose.changed, percent)}",
    ),
    HeatMap(
        "steps to come back",
        "median, sober, to within 1 %; – where less than half come back; full colour from 10 on",
        "drunk",
        lambda dose: dose.back,
        lambda value: f"{value:.0f}",
        lambda value: min(1.0, value / 10),
        lambda dose: f"median steps back {number(dose.back)}; back in time: {_range(dose.returned, percent)}",
    ),
    HeatMap(
        "trust",
        "mean; what it was when sober stands top left",
        "sober",
        lambda dose: dose.trust.value,
        _short,
        lambda value: value,
        lambda dose: f"mean trust {_range(dose.trust, number)}",
    ),
)


def dose_html(found: DoseResponse | None, now: Working = Working(), own: tuple[float, float] | None = None) -> str:  # noqa: B008
    """The panel as HTML, whatever there is to show yet; ``own`` is the run's own setting, framed in the maps."""
    said = progress_html(now)
    if found is None:
        return panel_html("dose", DOSE, said or empty_html(WORDS["dose"]))
    maps = "".join(_heat(found, kind, own) for kind in MAPS)
    noise = f"noise σ {number(found.noise)}" if found.noise else "clean inputs"
    note = f"{corner(found.n, found.seed)} · test, {noise} · unit {number(found.unit)} latent units"
    return panel_html("dose", DOSE, said, f'<div class="dose-maps">{maps}</div>', corner=note)


def _heat(found: DoseResponse, kind: HeatMap, own: tuple[float, float] | None) -> str:
    head = "".join(f"<th scope=col>{_short(push) if push else '0'}</th>" for push in found.pushes)
    rows = "".join(
        f"<tr><th scope=row>{100 * skip:.0f}%</th>{''.join(_square(dose, kind, own) for dose in row)}</tr>"
        for skip, row in zip(found.skips, found.doses, strict=True)
    )
    return (
        f'<figure class="dose-map"><figcaption><b>{escape(kind.name)}</b> <span>{escape(kind.note)}</span></figcaption>'
        f'<table><thead><tr><td class="dose-axes"></td><th class="dose-axis" colspan="{len(found.pushes)}">'
        "push σ, latent units</th></tr>"
        f'<tr><th class="dose-axis">skips</th>{head}</tr></thead><tbody>{rows}</tbody></table></figure>'
    )


def _square(dose: Dose | None, kind: HeatMap, own: tuple[float, float] | None) -> str:
    if dose is None:
        return "<td></td>"
    value = kind.value(dose)
    known = value is not None and math.isfinite(value)
    strength = kind.strength(value) if value is not None and known else 1.0
    text = kind.write(value) if value is not None and known else "–"
    is_own = own is not None and math.isclose(dose.skip, own[0]) and math.isclose(dose.push, own[1])
    tip = f"skips {percent(dose.skip)} of its steps, push {number(dose.push)}\n{kind.tell(dose)}"
    return (
        f'<td style="background:color-mix(in oklab,var(--panel),var(--{kind.hue}) {_FULL * strength:.0f}%)"'
        f'{" class=own" if is_own else ""} data-tip="{escape(tip)}">{escape(text)}</td>'
    )
