"""Collapse over training: the run's own past, and short runs with other guards on the same axes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lab.views.multiples import Axis, Line, axis_to, small_chart
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.progress import IDLE, Working, progress_html
from lab.views.style import corner, escape, number

if TYPE_CHECKING:
    from satipatthana.diagnostics.collapse_history import CollapseFigures, Compared, Moment

HISTORY = Panel(
    "How did it come to this?",
    "Each chart is one figure over the steps of training, from the keyframes; thin lines: where a stage begins.",
    "The probes learn in stage 1 alone. Before it they are as initialised, at its start they are set to the k-means "
    "centres of z, and from there on the losses pull them: perplexity should stay near the number of probes, the "
    "largest cosine away from 1, the rank of the ends high. A figure that falls over training is a collapse under way.",
    "",
    "satipatthana.diagnostics.collapse_history.over_training",
)
GUARDS = Panel(
    "What keeps the probes apart?",
    "A row is a way to guard the probes, trained anew for a short stage 1 from the run's own stage 0; a column is one "
    "figure, on the same axes in all rows.",
    "Without a guard some probes win a little more, learn a little more, and win more still, until others are dead. "
    "Balance asks that all be used alike, orthogonality that they point apart; diversity is the founding document's "
    "loss, whose best answer may be two opposite clumps. Keyed compares z with keys that follow the data and cannot "
    "die. These are short runs on copies (small batches, part of the data): the run is not changed, and which guard is "
    "best in the long run may differ.",
    "",
    "satipatthana.diagnostics.collapse_history.compare_guards",
)
WORDS = {
    "history": "Nothing has been measured yet. “{start}” walks through the keyframes, in a few seconds.",
    "no-past": "This run has no keyframes of stages 0 and 1, so its past cannot be shown. Train it with keyframes.",
    "guards": "Nothing has been compared yet. “{start}” trains six short runs side by side, in about 20 seconds.",
}
START = "Walk through its past"
COMPARE = "Compare the guards"
GLOSS = {
    "balance + orthogonality": "the recipe",
    "balance": "all used alike",
    "orthogonality": "point apart",
    "diversity": "the founding loss",
    "nothing": "no guard",
    "keyed": "keys apart from values",
}
FIGURES = {
    "perplexity": "perplexity of usage",
    "dead_share": "share of dead probes",
    "purity": "purity by class",
    "max_cosine": "largest cosine",
    "mean_cosine": "mean cosine",
    "probe_rank": "effective rank, probes",
    "end_rank": "effective rank, s*",
    "spread": "spread of s*",
}
COLUMNS = ("perplexity", "dead_share", "purity", "max_cosine", "end_rank")
"""What the comparison shows of each guard."""
_SHARE = Axis(0.0, 1.0, (0.0, 0.5, 1.0))


def history_html(
    moments: "Sequence[Moment] | None", n_probes: int, now: Working = IDLE, *, n: int, seed: int, past: bool = True
) -> str:
    """The past of one run. ``past``: whether it has keyframes to walk through; ``n`` validation samples."""
    said = progress_html(now)
    if not moments:
        text = WORDS["history"].format(start=START) if past else WORDS["no-past"]
        return panel_html("collapse-history", HISTORY, said, "" if now.state == "running" else empty_html(text))
    steps = [moment.global_step for moment in moments]
    x = axis_to(max(1, steps[-1]))
    begins = [moment.global_step for before, moment in pairwise(moments) if before.stage != moment.stage]
    charts = "".join(
        small_chart(title, [Line(title, steps, values)], x, _axis(name, values, n_probes), marks=begins)
        for name, title in FIGURES.items()
        for values in [[getattr(moment.figures, name) for moment in moments]]
    )
    grid = f'<div class="chart-grid-of">{charts}</div><p class="lab-reading">x: training step of the whole run</p>'
    return panel_html("collapse-history", HISTORY, said, grid, corner=corner(n, seed))


def guards_html(compared: "Sequence[Compared] | None", n_probes: int, now: Working = IDLE, *, n: int, seed: int) -> str:
    """Guards side by side, as far as they have come."""
    said = progress_html(now)
    if not compared:
        empty = empty_html(WORDS["guards"].format(start=COMPARE))
        return panel_html("collapse-guards", GUARDS, said, "" if now.state == "running" else empty)
    x = axis_to(max(1, *(each.steps[-1] for each in compared)))
    axes = {
        name: _axis(name, [getattr(one, name) for each in compared for one in each.figures], n_probes)
        for name in COLUMNS
    }
    heads = "".join(f'<span class="guard-head">{FIGURES[name]}</span>' for name in COLUMNS)
    rows = "".join(
        f'<span class="guard-name"><b>{escape(each.guard)}</b><small>{GLOSS.get(each.guard, "")}</small></span>'
        + "".join(
            small_chart(
                "", [Line(FIGURES[name], each.steps, _values(each.figures, name))], x, axes[name], width=216, height=112
            )
            for name in COLUMNS
        )
        for each in compared
    )
    grid = f'<div class="guards-scroll"><div class="guards"><span></span>{heads}{rows}</div></div>'
    foot = '<p class="lab-reading">x: step of stage 1. The number in a chart is the last value.</p>'
    return panel_html("collapse-guards", GUARDS, said, _best(compared), grid, foot, corner=corner(n, seed))


def _values(figures: "Sequence[CollapseFigures]", name: str) -> list[float]:
    return [getattr(one, name) for one in figures]


def _best(compared: "Sequence[Compared]") -> str:
    """Who leads, in one sentence: dead probes and purity at the last step that was measured."""
    last = {each.guard: each.figures[-1] for each in compared}
    used = max(last, key=lambda name: last[name].perplexity)
    pure = max(last, key=lambda name: last[name].purity)
    return (
        f'<p class="guards-said">After {compared[0].steps[-1]} steps <b>{escape(used)}</b> uses the most probes '
        f"(perplexity {number(last[used].perplexity)}), <b>{escape(pure)}</b> has the purest "
        f"({number(last[pure].purity)}); without a guard: {_of(last)}.</p>"
    )


def _of(last: "dict[str, CollapseFigures]") -> str:
    if "nothing" not in last:
        return "not among these"
    return f"{number(last['nothing'].perplexity)} and {number(last['nothing'].purity)}"


def _axis(name: str, values: Sequence[float], n_probes: int) -> Axis:
    if name in ("dead_share", "purity"):
        return _SHARE
    if name in ("max_cosine", "mean_cosine"):
        return _SHARE if min(values) >= 0 else Axis(-1.0, 1.0, (-1.0, 0.0, 1.0))
    if name in ("perplexity", "probe_rank"):
        return Axis(0.0, n_probes, (0.0, n_probes / 2, float(n_probes)))
    return axis_to(max(*values, 1e-6))
