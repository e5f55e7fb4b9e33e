"""Trust: one row a path, and the chosen one's ROC and samples."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.views.doubt import (
    HEADS,
    MEASURES,
    SCORES,
    IntervalLike,
    Picture,
    interval_html,
    path_title,
    path_variable,
    share,
    short,
    strip_html,
)
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, count, escape, number

PANEL = Panel(
    "Does it know when not to be believed?",
    "A row is a path; the dark outline is clean. Press a row for its ROC and its samples.",
    "Clean is the positive: AUROC is the chance that a clean input scores above one of this path, so 1 is what is "
    "wanted and .5 tells nothing. The gap is the mean on clean less the mean here; a score can order two paths "
    "perfectly with hardly a gap, so read both. FPR is the share of this path that passes a threshold which lets 95 % "
    "of the clean inputs pass; intervals are 95 % percentile bootstraps of 1,000 resamples, clean and path apart.",
    "AUROC = P(clean > path) + ½ P(equal); gap = mean(clean) − mean(path)",
    "satipatthana.diagnostics.trust.separation",
)
DETAIL = Panel(
    "What gets past it?",
    "The nearer to the upper left corner the better. Below: samples at both ends of the score; press one to see why.",
    "The curve gives, for every threshold, the share of this path that passes and the share of clean inputs that "
    "passes. The dot is where 95 % of the clean ones pass; the dashed curve is the largest class probability, which "
    "needs no vipassana. A picture says what it is and what was answered.",
    "",
    "satipatthana.diagnostics.trust.roc",
)
NEW = "never trained on"
WAITING = "waiting"
_W, _H = 200, 34  # of a histogram
_ROC = 200


class SeparationLike(Protocol):
    """As `satipatthana.diagnostics.trust.Separation`."""

    @property
    def n(self) -> int: ...
    @property
    def mean(self) -> IntervalLike | None: ...
    @property
    def auroc(self) -> IntervalLike | None: ...
    @property
    def gap(self) -> IntervalLike | None: ...
    @property
    def fpr(self) -> IntervalLike | None: ...


@dataclass(frozen=True)
class PathRow:
    """One path by one measure; counts over the table's range, None: not walked yet, or not a number."""

    name: str
    new: bool
    """Nothing of its kind was trained on."""
    counts: np.ndarray | None
    figures: SeparationLike | None


@dataclass(frozen=True)
class TableInfo:
    """All paths by one measure, drawn from ``low`` to ``high``."""

    measure: str
    rows: tuple[PathRow, ...]
    low: float
    high: float
    chosen: str
    n: int
    seed: int


@dataclass(frozen=True)
class DetailInfo:
    """One path: curves (false positives, true positives) by measure, samples from both ends."""

    name: str
    measure: str
    curves: dict[str, tuple[np.ndarray, np.ndarray]]
    auroc: IntervalLike | None
    fpr: IntervalLike | None
    lowest: tuple[Picture, ...]
    highest: tuple[Picture, ...]
    n: int
    seed: int


def table_html(info: TableInfo | None, note: str = "") -> str:
    """The table as HTML; None says that nothing was scored yet."""
    if info is None:
        return panel_html("trust", PANEL, empty_html(note or "Nothing has been scored yet. Press Score the paths."))
    clean = next((row.counts for row in info.rows if row.name == "clean"), None)
    rows = "".join(_row(row, info, clean) for row in info.rows)
    said = f'<p class="trust-note" role="status">{escape(note)}</p>' if note else ""
    wide = " data-wide" if _wide(info) else ""
    table = f'<div class="trust-scroll"><div class="trust-table" role="table"{wide}>{_head(info)}{rows}</div></div>'
    return panel_html("trust", PANEL, said, table, corner=corner(info.n, info.seed))


def _head(info: TableInfo) -> str:
    title = HEADS[info.measure]
    span = f"<small>{number(info.low, digits=2)}</small><small>{number(info.high, digits=2)}</small>"
    cells = (
        "<b>path</b>",
        f'<b>{escape(title)}</b><span class="trust-axis">{span}</span>',
        "<b>mean</b>",
        '<b>AUROC</b><span class="trust-axis"><small>0</small><small>.5</small><small>1</small></span>',
        "",
        "<b>gap</b>",
        "<b>FPR at 95 % TPR</b>",
    )
    heads = "".join(f'<span role="columnheader">{cell}</span>' for cell in cells)
    return f'<div class="trust-row head" role="row">{heads}</div>'


def _wide(info: TableInfo) -> bool:
    """Whether the measure's numbers may be of any size."""
    return info.measure not in (*SCORES, "max_softmax")


def _row(row: PathRow, info: TableInfo, clean: np.ndarray | None) -> str:
    title = escape(path_title(row.name))
    new = f' <em class="trust-new">{NEW}</em>' if row.new else ""
    name = f'<i style="background:{path_variable(row.name)}"></i><span>{title}{new}</span>'
    chosen = "true" if row.name == info.chosen else "false"
    if row.figures is None:
        return (
            f'<div class="trust-row waiting" role="row"><span role="cell" class="trust-name">{name}</span>'
            f'<span role="cell" class="trust-waiting">{WAITING}</span></div>'
        )
    figures = row.figures
    button = (
        f'<span role="cell"><button type="button" class="trust-name" data-act="path:{escape(row.name)}" '
        f'aria-pressed="{chosen}">{name}</button></span>'
    )
    write = short if _wide(info) else share
    cells = (
        histogram_svg(row.counts, clean, row.name, figures.n),
        _plain(figures.mean, write),
        _whisker(figures.auroc, row.name),
        _plain(figures.auroc, share),
        _plain(figures.gap, write),
        _plain(figures.fpr, share),
    )
    rest = "".join(f'<span role="cell">{cell}</span>' for cell in cells)
    act = f'data-act="path:{escape(row.name)}"'
    return f'<div class="trust-row" role="row" {act} data-chosen="{chosen}">{button}{rest}</div>'


def _plain(interval: IntervalLike | None, write) -> str:
    return interval_html(interval, write)


def histogram_svg(counts: np.ndarray | None, clean: np.ndarray | None, name: str, n: int) -> str:
    """Bars by share of the path's own fullest bin, the clean outline over them; None: not a number."""
    if counts is None:
        return '<span class="figure none">not a number</span>'
    bins = len(counts)
    top, step = max(1, int(counts.max())), _W / bins
    bars = "".join(
        f'<rect x="{index * step:.1f}" y="{_H - _H * value / top:.1f}" width="{step - 0.6:.1f}" '
        f'height="{_H * value / top:.1f}"/>'
        for index, value in enumerate(counts)
        if value
    )
    outline = ""
    if clean is not None and name != "clean":
        highest = max(1, int(clean.max()))
        points = "".join(
            f"{'L' if index else 'M'}{index * step:.1f} {_H - _H * value / highest:.1f}H{(index + 1) * step:.1f}"
            for index, value in enumerate(clean)
        )
        outline = f'<path class="trust-clean" d="{points}"/>'
    label = f"{path_title(name)}: {count(n)} samples, {count(top)} in the fullest of {bins} bins"
    return (
        f'<svg class="trust-hist" viewBox="0 0 {_W} {_H}" role="img" aria-label="{escape(label)}" '
        f'data-tip="{escape(label)}" style="--hue:{path_variable(name)}">{bars}{outline}</svg>'
    )


def _whisker(interval: IntervalLike | None, name: str) -> str:
    if interval is None:
        return ""
    x, a, b = (100 * min(1.0, max(0.0, value)) for value in (interval.value, interval.low, interval.high))
    tip = f"AUROC {share(interval.value)}, 95 % interval {share(interval.low)} to {share(interval.high)}"
    return (
        f'<svg class="trust-whisker" viewBox="-4 0 108 20" role="img" aria-label="{tip}" data-tip="{tip}" '
        f'style="--hue:{path_variable(name)}"><path class="frame" d="M0 10H100M50 4V16"/>'
        f'<path class="reach" d="M{a:.1f} 10H{b:.1f}"/><circle cx="{x:.1f}" cy="10" r="4"/></svg>'
    )


# --- one path -------------------------------------------------------------------------------------------------------


def detail_html(info: DetailInfo | None) -> str:
    """The chosen path's panel; None says that nothing was scored yet."""
    if info is None:
        return panel_html("trust-detail", DETAIL, empty_html("Nothing has been scored yet."))
    title = f'<h4 class="trust-path"><i style="background:{path_variable(info.name)}"></i>{_title(info)}</h4>'
    return panel_html(
        "trust-detail",
        DETAIL,
        title,
        _roc(info),
        f'<h4 class="trust-end">lowest {escape(MEASURES[info.measure])}</h4>',
        strip_html(info.lowest, "No sample takes this path."),
        f'<h4 class="trust-end">highest {escape(MEASURES[info.measure])}</h4>',
        strip_html(info.highest, "No sample takes this path."),
        corner=corner(info.n, info.seed),
    )


def _title(info: DetailInfo) -> str:
    return f"{escape(path_title(info.name))}, by {escape(MEASURES[info.measure])}"


def _roc(info: DetailInfo) -> str:
    if info.measure not in info.curves:
        why = (
            "Clean is compared with nothing here: choose another row for a ROC."
            if info.name == "clean"
            else "No ROC: there is no sample, or a score is not a number."
        )
        return f'<p class="lab-reading trust-no-roc">{why}</p>'
    size = _ROC
    curves = "".join(
        f'<path class="{"own" if name == info.measure else "other"}" d="{_steps(*curve)}"/>'
        for name, curve in sorted(info.curves.items(), key=lambda item: item[0] == info.measure)
    )
    dot = ""
    if info.fpr is not None:
        dot = f'<circle cx="{size * info.fpr.value:.1f}" cy="{size * 0.05:.1f}" r="5"/>'
    ticks = "".join(
        f'<text x="{size * at:.0f}" y="{size + 18}" text-anchor="middle">{text}</text>'
        f'<text x="-8" y="{size - size * at + 5:.0f}" text-anchor="end">{text}</text>'
        for at, text in ((0, "0"), (0.5, ".5"), (1, "1"))
    )
    svg = (
        f'<svg class="trust-roc" viewBox="-52 -8 {size + 66} {size + 52}" role="img" '
        f'aria-label="ROC of {_title(info)}" style="--hue:{path_variable(info.name)}">'
        f'<path class="frame" d="M0 0V{size}H{size}M0 {size}L{size} 0"/>{ticks}'
        f'<text x="{size / 2}" y="{size + 38}" text-anchor="middle">share of this path that passes</text>'
        f'<text transform="translate(-36 {size / 2}) rotate(-90)" text-anchor="middle">share of clean that passes'
        "</text>"
        f"{curves}{dot}</svg>"
    )
    facts = (
        f"<div><dt>AUROC</dt><dd>{interval_html(info.auroc)}</dd></div>"
        f"<div><dt>FPR at 95 % TPR (dot)</dt><dd>{interval_html(info.fpr)}</dd></div>"
    )
    key = f"<div><dt>solid</dt><dd>{escape(MEASURES[info.measure])}</dd></div>"
    if len(info.curves) > 1:
        key += f"<div><dt>dashed</dt><dd>{escape(MEASURES['max_softmax'])}</dd></div>"
    return f'<div class="trust-figure">{svg}<dl class="trust-facts">{facts}{key}</dl></div>'


def _steps(false_positive: np.ndarray, true_positive: np.ndarray) -> str:
    """A path through the curve's corners alone: points on a straight run say nothing more."""
    points = [
        (round(_ROC * float(x), 1), round(_ROC * (1 - float(y)), 1))
        for x, y in zip(false_positive, true_positive, strict=True)
    ]
    kept = [
        point
        for index, point in enumerate(points)
        if index in (0, len(points) - 1) or not _straight(points[index - 1], point, points[index + 1])
    ]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept)


def _straight(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (a[0] == b[0] == c[0]) or (a[1] == b[1] == c[1])
