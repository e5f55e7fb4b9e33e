"""Autopsy: why one thought was trusted, or not."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.views.doubt import SCORES, Picture, picture_html
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, escape, number, percent

PANEL = Panel(
    "Why was it trusted, or not?",
    "A row is something that vipassana read: where it lies among clean inputs, and how far it moved the score's logit.",
    "Grey is the metric's distribution over clean inputs, the line this sample. Bars are exact Shapley values: what "
    "the value adds, averaged over all orders in which the clean mean can be exchanged for the sample, every coalition "
    "evaluated. They sum to the logit of the sample less the logit at the clean mean. Trust reads no path and "
    "conformity no metric, so those add exactly nothing.",
    "φᵢ = Σ |S|! (P − |S| − 1)! / P! · (logit(S ∪ i) − logit(S))",
    "satipatthana.diagnostics.shapley.autopsy",
)
NOTHING = "No sample has been chosen. Press one of the pictures, or take the last thought on Converge."
NO_STEP = "No step was taken, so there was nothing to judge: trust is 0."
CLOSED = "This vipassana does not lay open what it reads, so its judgement cannot be taken apart."
_W, _H, _BINS = 170, 26, 34


class AutopsyLike(Protocol):
    """As `satipatthana.diagnostics.shapley.Autopsy`."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> np.ndarray: ...
    @property
    def clean(self) -> np.ndarray: ...
    @property
    def below(self) -> np.ndarray: ...
    @property
    def contributions(self) -> np.ndarray: ...
    @property
    def logit(self) -> np.ndarray: ...
    @property
    def baseline(self) -> np.ndarray: ...


@dataclass(frozen=True)
class AutopsyInfo:
    """One sample's judgement by one score. ``found`` is None where nothing was judged: ``why``."""

    score: str
    title: str
    picture: Picture
    found: AutopsyLike | None
    seed: int
    why: str = NO_STEP


def autopsy_html(info: AutopsyInfo | None) -> str:
    """The panel as HTML; None says that no sample was chosen."""
    if info is None:
        return panel_html("autopsy", PANEL, empty_html(NOTHING))
    head = f'<div class="autopsy-who">{picture_html(info.picture)}<p>{escape(info.title)}</p>'
    if info.found is None:
        return panel_html("autopsy", PANEL, f"{head}</div>", empty_html(info.why))
    found, column = info.found, SCORES.index(info.score)
    shares = found.contributions[:, column]
    reach = max(float(np.abs(shares).max()), 1e-9)
    order = np.argsort(-np.abs(shares), kind="stable")
    rows = "".join(_row(found, int(player), float(shares[player]), reach) for player in order)
    heads = "".join(
        f'<span role="columnheader"><b>{text}</b></span>'
        for text in ("read", "value", "among clean inputs", "adds to the logit: left lowers, right raises")
    )
    head_row = f'<div class="autopsy-row head" role="row">{heads}</div>'
    table = f'<div class="trust-scroll"><div class="autopsy-table" role="table">{head_row}{rows}</div></div>'
    return panel_html(
        "autopsy", PANEL, f"{head}{_sum(info, found, column)}</div>", table, corner=corner(len(found.clean), info.seed)
    )


def _sum(info: AutopsyInfo, found: AutopsyLike, column: int) -> str:
    baseline, logit = float(found.baseline[column]), float(found.logit[column])
    added = float(found.contributions[:, column].sum())
    score = 1 / (1 + np.exp(-logit))
    return (
        f'<p class="autopsy-sum">{escape(info.score)} <b>{number(float(score))}</b> = sigmoid of '
        f"<b>{_signed(logit)}</b>: {_signed(baseline)} at the clean mean, {_signed(added)} from what follows</p>"
    )


def _row(found: AutopsyLike, player: int, added: float, reach: float) -> str:
    name = escape(found.names[player])
    value, strip = "", '<span class="figure none">a vector: no single value</span>'
    if player < len(found.values):
        value = number(float(found.values[player]))
        strip = _strip(found.clean[:, player], float(found.values[player]), float(found.below[player]))
    length = 50 * abs(added) / reach
    side = f"left:{50 - length:.1f}%" if added < 0 else "left:50%"
    sign = "down" if added < 0 else "up"
    bar = f'<span class="autopsy-bar" data-sign="{sign}"><i style="{side};width:{length:.1f}%"></i></span>'
    cells = (name, value, strip, f"{bar}<b>{_signed(added)}</b>")
    return f'<div class="autopsy-row" role="row">{"".join(f"<span role=cell>{cell}</span>" for cell in cells)}</div>'


def _signed(value: float) -> str:
    text = number(value)
    return text if text.startswith("−") or value == 0 else f"+{text}"


def _strip(clean: np.ndarray, value: float, below: float) -> str:
    low, high = float(min(clean.min(), value)), float(max(clean.max(), value))
    span = high - low or 1.0
    counts, _edges = np.histogram(clean, bins=_BINS, range=(low, low + span))
    top, step = max(1, int(counts.max())), _W / _BINS
    bars = "".join(
        f'<rect x="{index * step:.1f}" y="{_H - _H * n / top:.1f}" width="{step:.1f}" height="{_H * n / top:.1f}"/>'
        for index, n in enumerate(counts)
        if n
    )
    at = _W * (value - low) / span
    ends = f"{number(float(clean.min()))} to {number(float(clean.max()))}"
    words = f"{number(value)}: {percent(below)} of the clean inputs lie below; they range from {ends}"
    return (
        f'<svg class="autopsy-strip" viewBox="-3 0 {_W + 6} {_H}" role="img" aria-label="{escape(words)}" '
        f'data-tip="{escape(words)}">{bars}<path d="M{at:.1f} 0V{_H}"/></svg>'
    )
