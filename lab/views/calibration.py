"""Calibration: is the answer as right as it says, which answers should be kept back, and where was it wrong?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.views.doubt import MEASURES, IntervalLike, Picture, interval_html, path_title, share, strip_html
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, count, escape, percent

RELIABILITY = Panel(
    "Is it as right as it says?",
    "Each dot is a tenth of the answers; on the line it is right as often as it says, below it says too much.",
    "Answers are sorted by their stated probability and cut into ten bins of equally many, whose counts stand below; "
    "whiskers are 95 % Wilson intervals. ECE is the mean distance from the line; with few samples it is above zero "
    "even for an answerer that is exactly as right as it says, which is the number beside it. Brier is the squared "
    "distance of the probabilities to the truth, 0 to 2.",
    "ECE = Σ nₘ/N |accuracy − stated|; Brier = mean Σ (p − truth)²",
    "satipatthana.diagnostics.calibration.reliability, .brier",
)
RISK = Panel(
    "Which answers should it keep to itself?",
    "Only the surest share of the inputs is answered: how many of those answers are wrong?",
    "Going left, the answers with the lowest score are held back first. A good score falls fast; the dotted curve "
    "knows what is right and cannot be beaten; a flat curve tells nothing. Area is the mean risk over all coverages.",
    "risk(c) = share of wrong answers among the c N highest scores",
    "satipatthana.diagnostics.calibration.risk_coverage",
)
CONFUSION = Panel(
    "What does it take for what?",
    "A row is the truth, a column the answer; off the diagonal are mistakes.",
    "Counts of answers. The diagonal is quiet, mistakes are coloured by their share of the row; hover for the words.",
    "",
    "satipatthana.diagnostics.calibration.confusion",
)
WRONG = Panel(
    "Where was it most wrong, and what did it trust least?",
    "Above: wrong answers, the surest first. Below: the least trusted, right or wrong. Press one for its autopsy.",
    "Under each picture stand the truth and the answer, and the stated probability above or the trust below. A mistake "
    "that is among the least trusted was at least doubted; one that is not went unnoticed.",
    "",
    "satipatthana.diagnostics.paths.walk",
)
_SIZE = 220


class BinsLike(Protocol):
    """As `satipatthana.diagnostics.calibration.Reliability`."""

    @property
    def confidence(self) -> np.ndarray: ...
    @property
    def accuracy(self) -> Sequence[IntervalLike]: ...
    @property
    def count(self) -> np.ndarray: ...
    @property
    def ece(self) -> float: ...
    @property
    def ece_by_chance(self) -> float: ...


class CurveLike(Protocol):
    """As `satipatthana.diagnostics.calibration.RiskCoverage`."""

    @property
    def coverage(self) -> np.ndarray: ...
    @property
    def risk(self) -> np.ndarray: ...
    @property
    def area(self) -> float: ...


class FiguresLike(Protocol):
    """As `satipatthana.diagnostics.calibration.AnswerFigures`."""

    @property
    def n(self) -> int: ...
    @property
    def accuracy(self) -> IntervalLike: ...
    @property
    def brier(self) -> IntervalLike: ...
    @property
    def reliability(self) -> BinsLike: ...
    @property
    def confusion(self) -> np.ndarray: ...
    @property
    def curves(self) -> Mapping[str, CurveLike]: ...


@dataclass(frozen=True)
class AnswerInfo:
    """The answers on one path. ``figures`` is None where a probability is not a number."""

    name: str
    measure: str
    figures: FiguresLike | None
    classes: tuple[str, ...]
    wrong: tuple[Picture, ...]
    least: tuple[Picture, ...]
    seed: int


def calibration_html(info: AnswerInfo | None) -> str:
    """The four panels; None says that nothing was scored yet."""
    panels = (("reliability", RELIABILITY), ("risk", RISK), ("confusion", CONFUSION), ("wrong", WRONG))
    if info is None or info.figures is None:
        why = "Nothing has been scored yet." if info is None else "A class probability is not a number."
        return _together(*(panel_html(name, panel, empty_html(why)) for name, panel in panels))
    note = f"{path_title(info.name)} · {corner(info.figures.n, info.seed)}"
    return _together(
        panel_html("reliability", RELIABILITY, _reliability(info.figures), corner=note),
        panel_html("risk", RISK, _risk(info, info.figures), corner=note),
        panel_html("confusion", CONFUSION, _confusion(info.figures.confusion, info.classes), corner=note),
        panel_html(
            "wrong",
            WRONG,
            '<h4 class="trust-end">wrong, and sure of it</h4>',
            strip_html(info.wrong, "Every answer on this path is right."),
            '<h4 class="trust-end">least trusted</h4>',
            strip_html(info.least, "No sample takes this path."),
            corner=note,
        ),
    )


def _together(*panels: str) -> str:
    return f'<div class="calibration">{"".join(panels)}</div>'


def _reliability(figures: FiguresLike) -> str:
    bins, size = figures.reliability, _SIZE
    marks = "".join(
        _bin(float(x), y, int(n)) for x, y, n in zip(bins.confidence, bins.accuracy, bins.count, strict=True)
    )
    svg = _plot(
        "Reliability", "stated probability", "share right", f'<path class="ideal" d="M0 {size}L{size} 0"/>{marks}'
    )
    fewest, most = int(bins.count.min()), int(bins.count.max())
    counts = count(fewest) if fewest == most else f"{count(fewest)} to {count(most)}"
    facts = (
        ("accuracy", interval_html(figures.accuracy)),
        ("ECE", _fact(share(bins.ece), f"by chance alone {share(bins.ece_by_chance)}")),
        ("Brier", interval_html(figures.brier)),
        ("answers a bin", _fact(counts, f"in {len(bins.count)} bins")),
    )
    return _figure(svg, facts)


def _bin(stated: float, right: IntervalLike, n: int) -> str:
    low, middle, high = (_SIZE * (1 - at) for at in (right.low, right.value, right.high))
    tip = f"{count(n)} answers, stated {percent(stated)}, right {percent(right.value)}"
    return (
        f'<g data-tip="{tip} ({percent(right.low)} to {percent(right.high)})">'
        f'<path d="M{_SIZE * stated:.1f} {low:.1f}V{high:.1f}"/>'
        f'<circle cx="{_SIZE * stated:.1f}" cy="{middle:.1f}" r="4.5"/></g>'
    )


def _fact(value: str, note: str) -> str:
    return f'<span class="figure"><b>{value}</b> <span>{note}</span></span>'


def _risk(info: AnswerInfo, figures: FiguresLike) -> str:
    own = figures.curves[info.measure]
    top = max(float(own.risk.max()), float(own.risk[-1]), 0.01)
    top = min(1.0, np.ceil(top * 20) / 20)
    drawn = "".join(
        f'<path class="{_kind(name, info.measure)}" d="{_line(curve, top)}"/>' for name, curve in figures.curves.items()
    )
    svg = _plot("Risk and coverage", "share of inputs answered", "share wrong", drawn, top)
    words = {"own": "solid", "other": "dashed", "best": "dotted"}
    facts = tuple(
        (
            f"{words[_kind(name, info.measure)]}: {MEASURES.get(name, 'knows what is right')}",
            _fact(f"{curve.area:.4f}", "area"),
        )
        for name, curve in figures.curves.items()
    )
    return _figure(svg, facts)


def _kind(name: str, measure: str) -> str:
    return "own" if name == measure else "best" if name == "best" else "other"


def _line(curve: CurveLike, top: float) -> str:
    points = [
        (round(_SIZE * float(c), 1), round(_SIZE * (1 - min(1.0, float(r) / top)), 1))
        for c, r in zip(curve.coverage, curve.risk, strict=True)
    ]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _plot(label: str, x: str, y: str, body: str, top: float = 1.0) -> str:
    size = _SIZE
    ticks = "".join(
        f'<text x="{size * at:.0f}" y="{size + 18}" text-anchor="middle">{_tick(at)}</text>'
        f'<text x="-8" y="{size - size * at + 5:.0f}" text-anchor="end">{_tick(at * top)}</text>'
        for at in (0, 0.5, 1)
    )
    return (
        f'<svg class="calibration-plot" viewBox="-64 -10 {size + 82} {size + 54}" role="img" aria-label="{label}">'
        f'<path class="frame" d="M0 0V{size}H{size}"/>{ticks}'
        f'<text x="{size / 2}" y="{size + 38}" text-anchor="middle">{x}</text>'
        f'<text transform="translate(-48 {size / 2}) rotate(-90)" text-anchor="middle">{y}</text>{body}</svg>'
    )


def _tick(value: float) -> str:
    text = f"{value:g}"
    return text[1:] if text.startswith("0.") else text


def _figure(svg: str, facts: Sequence[tuple[str, str]]) -> str:
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<div class="trust-figure">{svg}<dl class="trust-facts">{listed}</dl></div>'


def _confusion(counts: np.ndarray, classes: Sequence[str]) -> str:
    heads = "".join(f'<span class="head" role="columnheader">{escape(name)}</span>' for name in classes)
    rows = "".join(
        f'<div role="row"><span class="head" role="rowheader">{escape(classes[truth])}</span>'
        f"{''.join(_count(row, truth, answer, classes) for answer in range(len(classes)))}</div>"
        for truth, row in enumerate(counts)
    )
    table = f'<div role="row"><span class="head"></span>{heads}</div>{rows}'
    # every row is a grid of its own, so all are told the width of the longest name
    sizes = f"--k:{len(classes)};--name:{max(map(len, classes)) + 1}ch"
    grid = f'<div class="confusion-table" role="table" style="{sizes}">{table}</div>'
    return f'<div class="trust-scroll">{grid}</div>'


def _count(row: np.ndarray, truth: int, answer: int, classes: Sequence[str]) -> str:
    n, total = int(row[answer]), int(row.sum())
    part = n / total if total else 0.0
    words = f"{count(n)} of {count(total)} that are {classes[truth]} were answered {classes[answer]}"
    # mistakes are few: a share of 20 % of a row is as loud as a mistake gets
    loud = f' style="--loud:{min(100.0, 500 * part):.0f}%"' if n and truth != answer else ""
    kind = "hit" if truth == answer else "miss" if n else "none"
    return f'<span role="cell" class="{kind}"{loud} data-tip="{escape(words)}">{count(n) if n else ""}</span>'
