"""Budget: what each number of steps is worth, beside one single pass and no thinking at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.views.panel import Panel, empty_html, panel_html
from lab.views.plot import Axis, Plot
from lab.views.style import corner, count, escape, number

if TYPE_CHECKING:
    from satipatthana.diagnostics.budget import Budget, Cell
    from satipatthana.diagnostics.intervals import Interval

PANEL = Panel(
    "Does thinking help?",
    "Full dot: what a linear readout, fitted anew for that row, gets right. Hollow: the trained head. Bars: 95 %.",
    "All rows are the same trained weights. T is the number of steps; the single pass applies the body of one step "
    "once, with full weight; the probe on z reads the input's encoding before any thinking. The trained head was "
    "fitted to the ends of thoughts and misreads early states: gains read with it are inflated, so the refitted "
    "readout counts. Readouts learn from the training inputs with the noise of stage 3; all face the test split.",
    "accuracy: Wilson; reconstruction, trust and gains: bootstrap over the samples, 1,000 draws; gain: paired",
    "satipatthana.diagnostics.budget.budget",
)
EMPTY = "Not compared yet. It takes about ten seconds."
BLURRED = (
    "Early reconstructions of this run were trained on blurred targets: part of how they sharpen was taught, not found."
)
NAMES = {"T = 0": "no step at all", "T = 1": "one step", "one pass": "one single pass", "probe on z": "z alone"}
"""Rows in words; a rival has its name."""
ROW, WIDE = 26, 324
LEAST = 0.001


@dataclass(frozen=True, eq=False)
class BudgetInfo:
    """One column a network, by its name; ``blurred``: intermediate decodes were trained on blurred targets."""

    columns: Mapping[str, "Budget"]
    blurred: bool


def budget_html(info: BudgetInfo | None, state: str = "") -> str:
    """The panel; ``state`` is a line on how the study is. None: nothing was asked yet."""
    if info is None:
        return panel_html("budget", PANEL, state, empty_html(EMPTY))
    named = len(info.columns) > 1
    blocks = [_column(name if named else "", found, info.blurred) for name, found in info.columns.items()]
    first = next(iter(info.columns.values()))
    note = f"{corner(first.n, first.seed)} · readouts fitted to {count(first.n_train)}"
    return panel_html("budget", PANEL, state, f'<div class="budget-columns">{"".join(blocks)}</div>', corner=note)


def _column(name: str, found: "Budget", blurred: bool) -> str:
    head = f"<h4>{escape(name)}</h4>" if name else ""
    charts = "".join(_accuracy(found, condition) for condition in found.conditions)
    tables = _table(found, "Reconstruction error (MSE)", lambda cell: cell.reconstruction) + _table(
        found, "Mean trust", lambda cell: cell.trust
    )
    note = f'<p class="lab-reading">{BLURRED}</p>' if blurred else ""
    return (
        f'<div>{head}{_gains(found)}<div class="plots">{charts}</div>'
        f'<div class="budget-tables">{tables}</div>{note}</div>'
    )


def _gains(found: "Budget") -> str:
    body = "".join(
        f"<tr><th>{escape(NAMES.get(row, row))}</th>{''.join(map(_gain, gains.values()))}</tr>"
        for row, gains in found.gain.items()
    )
    return _grid(
        f"{found.thought} steps, in points of accuracy (readout), against", found.conditions, body, "budget-gains"
    )


def _gain(gain: "Interval") -> str:
    said = "helps" if gain.low > 0 else "costs" if gain.high < 0 else "cannot tell"
    figures = f"{_points(gain.value)} <span>[{_points(gain.low)}, {_points(gain.high)}]</span>"
    return f'<td data-said="{said}"><b>{figures}</b> <em>{said}</em></td>'


def _grid(title: str, conditions: Sequence[str], body: str, kind: str = "") -> str:
    head = "".join(f"<th>{escape(condition)}</th>" for condition in conditions)
    return (
        f'<div class="budget-scroll {kind}"><table><caption>{title}</caption><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _accuracy(found: "Budget", condition: str) -> str:
    rows = list(found.cells)
    cells = [found.cells[row][condition] for row in rows]
    # the trained head at T = 0 answers nothing it has learned: it may fall off the left end, where it is written
    low = float(np.floor(20 * min(cell.readout.low for cell in cells) - 0.5) / 20)
    high = min(1.0, float(np.ceil(20 * max(cell.readout.high for cell in cells)) / 20))
    low = max(0.0, min(low, high - 0.1))
    names = Names("", -0.5, len(rows) - 0.5, tuple(float(index) for index in range(len(rows))), rows=tuple(rows[::-1]))
    plot = Plot(Axis("accuracy", low, high, (low, (low + high) / 2, high)), names, WIDE, len(rows) * ROW + 58, 82)
    marks = [plot.write(condition, low, len(rows) - 0.5, "ink")]
    for index, cell in enumerate(reversed(cells)):
        if cell.answer is not None:
            away = cell.readout.value < (low + high) / 2  # a head off the scale is written where the readout is not
            marks.append(_interval(plot, index - 0.16, cell.answer, "hollow", rows[-1 - index], away))
        marks.append(_interval(plot, index + 0.1, cell.readout, "full", rows[-1 - index]))
    return plot.svg(f"Accuracy on {condition} inputs by number of steps", marks)


def _interval(plot: Plot, y: float, found: "Interval", kind: str, row: str, right: bool = False) -> str:
    if found.high < plot.x.low:
        side, anchor = (plot.x.high, "end") if right else (plot.x.low, "start")
        return plot.write(f"◂ head {number(found.value)}", side, y - 0.05, "quiet", anchor)
    (left, right, dot), (_, _, down) = plot.at(np.array([found.low, found.high, found.value]), np.full(3, y))
    reader = "readout" if kind == "full" else "trained head"
    tip = f"{row}, {reader}: {number(found.value)}, 95 % from {number(found.low)} to {number(found.high)}"
    return (
        f'<g class="budget-{kind}" data-tip="{escape(tip)}"><path d="M{left:.1f} {down:.1f}H{right:.1f}"/>'
        f'<circle cx="{dot:.1f}" cy="{down:.1f}" r="4"/></g>'
    )


def _table(found: "Budget", title: str, pick: "Callable[[Cell], Interval | None]") -> str:
    rows = [(row, [pick(cell) for cell in cells.values()]) for row, cells in found.cells.items()]
    rows = [(row, cells) for row, cells in rows if any(cell is not None for cell in cells)]
    if not rows:
        return f'<p class="plot-none"><b>{title}</b> is not trained yet.</p>'
    body = "".join(f"<tr><th>{escape(row)}</th>{''.join(map(_cell, cells))}</tr>" for row, cells in rows)
    return _grid(title, found.conditions, body)


def _cell(found: "Interval | None") -> str:
    if found is None:
        return "<td>–</td>"
    if found.high < LEAST:
        return f"<td>&lt; {LEAST:g}</td>"
    return f"<td><b>{found.value:.3f}</b> <span>{found.low:.3f}–{found.high:.3f}</span></td>"


@dataclass(frozen=True)
class Names(Axis):
    """An axis whose ticks are rows by name."""

    rows: Sequence[str] = ()

    def label(self, tick: float) -> str:
        return escape(self.rows[round(tick)])
