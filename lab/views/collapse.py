"""Collapse beside the matrix: which probe answers which class, and whether different inputs end apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.views.multiples import axis_to, tick_label
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import corner, count, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.collapse import PairCosines, Portrait

TABLE = Panel(
    "Which probe answers which class?",
    "A row is a probe, in the order of the matrix above. A square is the share of that probe's inputs that are of a "
    "class; full squares in one column each are pure probes.",
    "Vitakka is never told the classes. If the winner of an input tells its class, the first guess is already an "
    "answer; if every row is grey all over, the probes share the work without regard to meaning, which a decoder that "
    "reads s* can live with. Usage is the mean attention, on the inputs that were learned from and on those that were "
    "not: where the two differ, the probes have learned the training set by heart.",
    "purity = Σₖ max_c n(k, c) / N; perplexity = exp(−Σ p ln p); effective rank = the same of the singular values",
    "satipatthana.diagnostics.collapse.class_table, .usage, .portrait",
)
SPREAD = Panel(
    "Do different inputs end apart?",
    "Cosines of the final states s* of all pairs of test inputs: of one class (solid) and of two (hatched). "
    "Healthy: the hatched heap lies left of the solid one. Everything at 1: all inputs end in one state.",
    "A loop that contracts without looking at its input forgets it, and then all final states are one. The two heaps "
    "show more than one number can: they may lie on each other (nothing is told apart) or far left (told apart by "
    "direction). Effective rank says in how many directions the ends differ.",
    "cos(s*ᵢ, s*ⱼ) over all i < j; spread = standard deviation over the inputs, mean over the coordinates",
    "satipatthana.diagnostics.collapse.pair_cosines, .spread, satipatthana.measures.effective_rank",
)
WORDS = {
    "none": "There is no network to look at yet. Open a run or start a new one.",
    "never": "never nearest",
}
SHOWN = 24
"""Rows of the table at most."""
WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 540, 300, 50, 16, 44, 36


@dataclass(frozen=True)
class CollapseInfo:
    """A network's portrait with what it is of."""

    portrait: "Portrait"
    classes: tuple[str, ...]
    n_train: int
    n_test: int
    seed: int
    keyed: bool
    """Whether keys are compared, apart from the probes that answer."""


def collapse_html(info: CollapseInfo | None, missing: str = WORDS["none"]) -> str:
    """Both panels as HTML; without a network, or without figures of it, ``missing`` says why."""
    if info is None:
        empty = empty_html(missing, "Train", "tab:Train")
        return _beside(panel_html("collapse-table", TABLE, empty), panel_html("collapse-spread", SPREAD, empty))
    noted = corner(info.n_test, info.seed)
    table = panel_html("collapse-table", TABLE, _facts(info), _table(info), corner=noted)
    return _beside(table, panel_html("collapse-spread", SPREAD, _spread_facts(info), _histogram(info), corner=noted))


def _beside(*panels: str) -> str:
    return f'<div class="collapse-pair">{"".join(panels)}</div>'


def _facts(info: CollapseInfo) -> str:
    found = info.portrait
    k = len(found.norms)
    shortest, longest = float(found.norms.min()), float(found.norms.max())
    chance = float(found.table.count.sum(axis=0).max() / max(1, found.table.count.sum()))
    compared = "keys" if info.keyed else "probes"
    return facts_html(
        (
            ("perplexity, train", f"{number(found.train.perplexity)} of {k}", f"n = {count(info.n_train)}"),
            ("perplexity, test", f"{number(found.test.perplexity)} of {k}", f"n = {count(info.n_test)}"),
            ("dead probes, test", percent(found.test.dead_share), "nearest of no input"),
            ("purity", number(found.table.purity), f"one class for all: {number(chance)}"),
            (f"effective rank of the {compared}", f"{number(found.probe_rank)} of {k}", "directions"),
            ("lengths of the probes", f"{number(shortest)} – {number(longest)}", "shortest, longest"),
        )
    )


def _spread_facts(info: CollapseInfo) -> str:
    found = info.portrait
    cosines = found.cosines
    return facts_html(
        (
            ("mean cosine, one class", number(cosines.same_mean, digits=2), f"{count(cosines.n_same)} pairs"),
            ("mean cosine, two classes", number(cosines.other_mean, digits=2), f"{count(cosines.n_other)} pairs"),
            ("spread", number(found.spread.std), "0: all end in one state"),
            ("effective rank of s*", number(found.end_rank), "directions in which ends differ"),
        )
    )


def facts_html(facts: Sequence[tuple[str, str, str]]) -> str:
    """Names, values and notes in a row."""
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd><b>{escape(value)}</b> <span>{escape(note)}</span></dd></div>"
        for name, value, note in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _table(info: CollapseInfo) -> str:
    found = info.portrait
    shown = found.order[:SHOWN]
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in info.classes)
    rows = "".join(_row(info, probe) for probe in shown)
    left_out = len(found.order) - len(shown)
    more = (
        f'<p class="lab-reading">{left_out} more probes are not drawn; the figures count all.</p>' if left_out else ""
    )
    return (
        '<div class="collapse-scroll"><table class="collapse-table"><thead><tr><th scope="col">probe</th>'
        f"{heads}<th>purity</th><th>usage: train, test</th><th>length</th></tr></thead><tbody>{rows}</tbody></table>"
        f"</div>{more}"
    )


def _row(info: CollapseInfo, probe: int) -> str:
    found = info.portrait
    won = found.table.count[probe]
    total = int(won.sum())
    cells = "".join(
        f'<td style="--p:{100 * share:.0f}%" data-tip="{escape(_tip(info, probe, name, int(n), share))}"'
        f"{' data-full' if share > 0.5 else ''}>{_hundredths(share) if share >= 0.005 else ''}</td>"
        for name, n, share in zip(info.classes, won, won / max(1, total), strict=True)
    )
    pure = number(float(won.max()) / total, digits=2) if total else WORDS["never"]
    top = max(float(found.train.share.max()), float(found.test.share.max()), 1e-9)
    bars = "".join(
        f'<i class="{name}" style="--w:{float(share) / top:.3f}"></i>'
        for name, share in (("train", found.train.share[probe]), ("test", found.test.share[probe]))
    )
    tip = (
        f"Probe {probe}: {percent(float(found.train.share[probe]))} of the attention in training, "
        f"{percent(float(found.test.share[probe]))} in test"
    )
    both = f"{100 * float(found.train.share[probe]):.1f}, {100 * float(found.test.share[probe]):.1f} %"
    return (
        f'<tr{"" if total else " class=dead"}><th scope="row">{probe}</th>{cells}<td class="plain">{pure}</td>'
        f'<td class="bars" data-tip="{escape(tip)}"><span>{bars}</span>{both}</td>'
        f'<td class="plain">{number(float(found.norms[probe]))}</td></tr>'
    )


def _tip(info: CollapseInfo, probe: int, name: str, n: int, share: float) -> str:
    return f"Probe {probe}, {name}: {count(n)} inputs, {percent(share)} of its own"


def _hundredths(share: float) -> str:
    return "1" if share >= 0.995 else f"{share:.2f}"[1:]


def _histogram(info: CollapseInfo) -> str:
    found = info.portrait.cosines
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    axis = axis_to(100 * max(float(found.same.max()), float(found.other.max()), 1e-4))
    top = axis.high / 100

    def heap(shares: np.ndarray) -> str:
        points = [f"M{LEFT} {floor}"]
        for low, high, share in zip(found.edges[:-1], found.edges[1:], shares, strict=True):
            y = floor - float(share) / top * (floor - TOP)
            points.append(f"V{y:.1f}H{_x(float(high)):.1f}" if low > -1 else f"L{LEFT} {y:.1f}H{_x(float(high)):.1f}")
        return "".join([*points, f"V{floor}Z"])

    ticks = "".join(
        f'<text class="chart-x" x="{_x(tick):.1f}" y="{floor + 18}">{tick_label(tick)}</text>'
        for tick in (-1, -0.5, 0, 0.5, 1)
    )
    grid = "".join(
        f'<path class="chart-grid" d="M{LEFT} {y:.1f}H{right}"/>'
        f'<text class="chart-y" x="{LEFT - 6}" y="{y + 5:.1f}">{tick_label(tick)} %</text>'
        for tick, y in ((tick, floor - axis.share(tick) * (floor - TOP)) for tick in axis.ticks)
    )
    return (
        f'<div class="collapse-scroll"><svg class="collapse-heaps" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'style="width:{WIDTH / 16:g}rem;height:{HEIGHT / 16:g}rem" '
        f'aria-label="Pairwise cosines of the final states: {escape(_means(found))}">'
        '<defs><pattern id="collapse-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>'
        f'{grid}<path class="other" d="{heap(found.other)}"><title>two classes</title></path>'
        f'<path class="same" d="{heap(found.same)}"><title>one class</title></path>{ticks}'
        f"{_label(found.same_mean, 'one class', 'same', 13)}{_label(found.other_mean, 'two classes', 'other', 29)}"
        f'<text class="chart-x" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 6}">cosine of two final states; '
        "share of the pairs in a bin</text></svg></div>"
    )


def _x(cosine: float) -> float:
    return LEFT + (cosine + 1) / 2 * (WIDTH - RIGHT - LEFT)


def _label(mean: float | None, text: str, name: str, y: int) -> str:
    if mean is None:
        return ""
    x = _x(mean)
    place, anchor = (x - 5, "end") if mean > -0.4 else (x + 5, "start")
    return (
        f'<path class="chart-mark {name}" d="M{x:.1f} {y - 11}V{HEIGHT - BOTTOM}"/>'
        f'<text class="heap-name {name}" x="{place:.1f}" y="{y}" text-anchor="{anchor}">'
        f"{text}: mean {number(mean, digits=2)}</text>"
    )


def _means(found: "PairCosines") -> str:
    return f"mean {number(found.same_mean)} within a class, {number(found.other_mean)} between two"
