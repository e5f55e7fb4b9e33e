"""Probes: how alike they are now and at initialisation, who does the work, what each one looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.views.gallery import thumbnail
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import N_CLASSES, corner, diverging_css, escape, number, percent

PANEL = Panel(
    "Do the probes share the work?",
    "A row is a probe: what it looks like, how often it answers, its cosine to every other one.",
    "Vitakka, the first guess, compares each input with these directions. Healthy probes point apart (pale squares) "
    "and all have a bar; when few do all the work, or squares off the diagonal turn dark, they have collapsed. "
    "Rows and columns stand so that alike probes are neighbours. The matrices have one colour scale; hover over a "
    "square for its value. Where keys stand apart from the probes (vitakka keyed), the cosines are the keys'.",
    "cos(a, b) = a·b / (|a| |b|); perplexity = exp(−Σ p ln p) of the mean attention p, from 1 to K",
    "satipatthana.diagnostics.collapse.probe_angles, .clustering_order, .usage",
)
SHOWN = 64
"""Probes drawn at most; a network with more says how many are left out."""
_WRITTEN = 12
"""With at most so many probes each square carries its number."""
_LABELLED = 24
"""With at most so many each row carries its label, its picture and its share."""


class Angles(Protocol):
    """As `satipatthana.diagnostics.collapse.ProbeAngles`."""

    @property
    def similarity(self) -> np.ndarray: ...
    @property
    def mean(self) -> float: ...
    @property
    def rms(self) -> float: ...
    @property
    def max(self) -> float: ...


class Used(Protocol):
    """As `satipatthana.diagnostics.collapse.Usage`."""

    @property
    def share(self) -> np.ndarray: ...
    @property
    def won(self) -> np.ndarray: ...
    @property
    def perplexity(self) -> float: ...
    @property
    def used(self) -> int: ...


@dataclass(frozen=True)
class Numbers:
    """Cosines off the diagonal."""

    mean: float
    rms: float
    max: float


@dataclass(frozen=True)
class ProbeInfo:
    """K probes. Arrays are over the probes; ``usage`` and what follows from it are None before anything was asked."""

    now: np.ndarray
    start: np.ndarray | None
    numbers_now: Numbers
    numbers_start: Numbers | None
    usage: np.ndarray | None
    won: np.ndarray | None
    perplexity: float | None
    used: int | None
    pictures: np.ndarray | None
    by_class: np.ndarray | None
    """(K, classes): of the inputs that a probe is nearest to, the share of each class."""
    classes: tuple[str, ...]
    n: int | None
    seed: int | None
    trained: str
    """What ``now`` is: "now", or a keyframe such as "stage 1, step 63"."""
    order: tuple[int, ...]
    """The probes as they are drawn, alike ones side by side."""

    @property
    def n_probes(self) -> int:
        return len(self.now)


def probes(
    now: Angles,
    start: Angles | None = None,
    usage: Used | None = None,
    pictures: np.ndarray | None = None,
    *,
    by_class: np.ndarray | None = None,
    classes: Sequence[object] = tuple(range(N_CLASSES)),
    n: int | None = None,
    seed: int | None = None,
    trained: str = "now",
    order: Sequence[int] | None = None,
) -> ProbeInfo:
    """What to show of K probes: angles (K, K) now and at the start, usage over ``n`` inputs, decoded pictures (K, ...).

    ``by_class`` (K, classes) is the share of each class among the inputs that a probe is nearest to; ``order`` is
    how rows and columns stand. Raises ValueError when the parts are not of the same probes.
    """
    k = len(now.similarity)
    parts = {
        "start": None if start is None else start.similarity,
        "usage": None if usage is None else usage.share,
        "pictures": pictures,
        "by_class": by_class,
    }
    for name, part in parts.items():
        if part is not None and len(part) != k:
            raise ValueError(f"{name} is of {len(part)} probes, the angles are of {k}; give the same network's.")
    return ProbeInfo(
        now=np.asarray(now.similarity, dtype=np.float32),
        start=None if start is None else np.asarray(start.similarity, dtype=np.float32),
        numbers_now=Numbers(now.mean, now.rms, now.max),
        numbers_start=None if start is None else Numbers(start.mean, start.rms, start.max),
        usage=None if usage is None else np.asarray(usage.share, dtype=np.float32),
        won=None if usage is None else np.asarray(usage.won, dtype=np.float32),
        perplexity=None if usage is None else usage.perplexity,
        used=None if usage is None else usage.used,
        pictures=pictures,
        by_class=by_class,
        classes=tuple(str(name) for name in classes),
        n=n,
        seed=seed,
        trained=trained,
        order=tuple(range(k)) if order is None else tuple(order),
    )


def probes_html(info: ProbeInfo | None) -> str:
    """The panel as HTML; None says that there is no network yet."""
    if info is None:
        missing = empty_html("There is no network to look at yet. Open a run or start a new one.", "Train", "tab:Train")
        return panel_html("probes", PANEL, missing)
    shown = min(info.n_probes, SHOWN)
    left_out = info.n_probes - shown
    more = (
        f'<p class="lab-reading">{left_out} more probes are not drawn; the numbers count all.</p>' if left_out else ""
    )
    rows = "".join(_row(info, index, shown) for index in info.order[:shown])
    size = "large" if shown <= _WRITTEN else "small" if shown <= _LABELLED else "tiny"
    grid = (
        f'<div class="probes-scroll"><div class="probes" style="--k:{shown}" data-size="{size}">'
        f"{_heads(info, shown)}{rows}</div></div>"
    )
    return panel_html("probes", PANEL, _numbers(info), grid, _scale(), more, corner=corner(info.n, info.seed))


def _numbers(info: ProbeInfo) -> str:
    start = info.numbers_start
    facts: list[tuple[str, str, str]] = [
        ("perplexity of usage", f"{number(info.perplexity)} of {info.n_probes}", "in effect used"),
        ("used", "–" if info.used is None else f"{info.used} of {info.n_probes}", "win at least once"),
    ]
    for key, gloss in (("mean", "off the diagonal"), ("rms", "off the diagonal"), ("max", "largest pair")):
        before = "" if start is None else f", was {number(getattr(start, key))}"
        facts.append((f"{key} cosine", number(getattr(info.numbers_now, key)), f"{gloss}{before}"))
    cells = "".join(
        f"<div><dt>{name}</dt><dd><b>{value}</b> <span>{escape(note)}</span></dd></div>" for name, value, note in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _heads(info: ProbeInfo, shown: int) -> str:
    columns = "".join(f"<i>{index}</i>" for index in info.order[:shown]) if shown <= _WRITTEN else ""
    top = max(float(np.max(info.usage)), 1e-9) if info.usage is not None else 0.0
    by_class = "" if info.by_class is None else ", by class won"
    axis = f"<small>0</small><small>{percent(top)}</small>" if top else ""
    return (
        '<span class="probes-corner">probe</span>'
        f'<span class="probes-head"><b>usage{by_class}</b><span class="probes-axis">{axis}</span></span>'
        f'<span class="probes-head"><b>cosine, {escape(info.trained)}</b>'
        f'<span class="probes-columns">{columns}</span></span>'
        '<span class="probes-head"><b>cosine, at initialisation</b>'
        f'<span class="probes-columns">{columns if info.start is not None else ""}</span></span>'
        '<span class="probes-head"><b>change since then</b>'
        f'<span class="probes-columns">{columns if info.start is not None else ""}</span></span>'
    )


def _row(info: ProbeInfo, index: int, shown: int) -> str:
    picture = ""
    if shown <= _LABELLED:
        picture = '<span class="pixels blank"></span>'
        if info.pictures is not None:
            tip = f"Probe {index}, drawn by the recon head of s"
            picture = thumbnail(info.pictures[index], f"probe {index}, decoded", tip)
    label = str(index) if shown <= _LABELLED or index % 10 == 0 else ""
    columns = list(info.order[:shown])
    now = info.now[index, columns]
    start = None if info.start is None else info.start[index, columns]
    change = None if start is None else now - start
    return (
        f'<span class="probes-name" data-row="{index}"><b>{label}</b>{picture}</span>{_bar(info, index)}'
        f"{_squares(now, index, columns, info.trained)}{_squares(start, index, columns, 'at initialisation')}"
        f"{_squares(change, index, columns, 'now less initialisation', 'change of the cosine')}"
    )


def _squares(row: np.ndarray | None, index: int, columns: list[int], when: str, what: str = "cosine") -> str:
    if row is None:
        note = "not known" if index == columns[0] else ""
        return f'<span class="probes-row none">{note}</span>'
    written = len(row) <= _WRITTEN
    cells = "".join(
        f'<span style="background:{diverging_css(value)}"{_loud(value)} '
        f'data-tip="{_pair(index, other, value, when, what)}">'
        f"{_cosine(value) if written else ''}</span>"
        for other, value in zip(columns, (float(value) for value in row), strict=True)
    )
    return f'<span class="probes-row" data-row="{index}">{cells}</span>'


def _loud(value: float) -> str:
    # where the colour is so strong that a number on it needs the colour of the ground; in the dark that comes sooner
    return f' data-loud="{"both" if abs(value) > 0.8 else "dark"}"' if abs(value) > 0.5 else ""


def _pair(index: int, other: int, value: float, when: str, what: str) -> str:
    who = f"probe {index} with itself" if index == other else f"probe {index} ~ probe {other}"
    return escape(f"{who}, {when}: {what} {number(value)}")


def _cosine(value: float) -> str:
    text = f"{abs(value):.2f}"
    return ("−" if value < -0.005 else "") + (text[1:] if text.startswith("0") else text[:1])


def _bar(info: ProbeInfo, index: int) -> str:
    if info.usage is None or info.won is None:
        return f'<span class="probes-bar none">{"not measured" if index == info.order[0] else ""}</span>'
    share, won = float(info.usage[index]), float(info.won[index])
    length = share / max(float(np.max(info.usage)), 1e-9)
    tip = f"Probe {index}: {percent(share)} of the attention, nearest for {percent(won)} of the inputs"
    segments, mostly = "", ""
    if info.by_class is not None and won > 0:
        wins = [float(part) for part in info.by_class[index]]
        order = [each for each in sorted(range(len(wins)), key=lambda each: -wins[each]) if wins[each] > 0]
        segments = "".join(
            f'<u style="flex:{wins[each]:.3f};background:var(--class-{each % N_CLASSES})"></u>' for each in order
        )
        named = ", ".join(f"{percent(wins[each])} are {info.classes[each]}" for each in order[:4])
        tip += f"\nof these {named}"
        mostly = f" · mostly {info.classes[order[0]]}" if wins[order[0]] >= 0.5 else " · mixed"
    dead = won == 0
    return (
        f'<span class="probes-bar{" dead" if dead else ""}" data-row="{index}" data-tip="{escape(tip)}">'
        f'<i style="--w:{length:.3f}">{segments}</i>'
        f"<span>{percent(share)}{', never nearest' if dead else escape(mostly)}</span></span>"
    )


def _scale() -> str:
    labels = "".join(f"<span>{text}</span>" for text in ("−1 opposite", "0 unrelated", "1 the same"))
    return f'<div class="probes-scale"><i></i><div>{labels}</div></div>'
