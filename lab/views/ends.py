"""Ends: in how many states many inputs come to rest, and what that says of remembering."""

import math
from typing import TYPE_CHECKING

from lab.views.panel import Panel, panel_html
from lab.views.style import N_CLASSES, count, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.attractors import Attractors
    from satipatthana.diagnostics.settling import Crowd

PANEL = Panel(
    "Does it remember or forget?",
    "Far left: every input ends in one state, all is forgotten. Far right: each input keeps an end of its own.",
    "The test inputs are run on to 200 steps in float64; ends nearer than a thousandth of the median distance are one. "
    "A network that sees its input at every step has an end for each input, and remembers. One that sees it only in "
    "its first guess can keep no more than its attractors tell apart: to contract is to forget. Where each input has "
    "its own end purity is 1 by chance too, and says nothing.",
    "single linkage at 10⁻³ of the median pair distance of the ends or of the starts, whichever is larger; "
    "purity: share of inputs of their end's most frequent class",
    "satipatthana.diagnostics.attractors.attractors",
)
ROWS = 10
"""Ends that are listed at most."""
BASIN = 0.01
"""Ends of a smaller share of the inputs are not listed."""


def reading(ends: "Attractors") -> str:
    """What a number of ends says."""
    n = len(ends.owner)
    if ends.n == 1:
        return "Forgetting: all of them end in one state, whatever they were."
    if ends.n == n:
        return "Remembering: each of them ends in a state of its own."
    if ends.n > n / 2:
        return f"Remembering, mostly: {count(ends.n)} ends for {count(n)} inputs."
    better = ends.purity - ends.purity_by_chance
    if better > 0.2:
        return f"Sorting: {count(ends.n)} ends, and which one it is tells much of the class."
    return f"Forgetting, mostly: {count(ends.n)} ends, which tell little of the class."


def ends_html(crowd: "Crowd | None", classes: tuple[str, ...], injected: bool, note: str) -> str:
    """The panel; the network as it is, and where it sees its input, the same with that withheld."""
    if crowd is None:
        return panel_html("settling-ends", PANEL, '<p class="lab-reading">The test inputs are still running on.</p>')
    title = "As it is: every step sees the input" if injected else "As it is: only the first guess sees the input"
    rows = _row(title, crowd.ends, classes)
    if crowd.withheld is not None:
        rows += _row("The same, but after the first guess the input is withheld", crowd.withheld, classes)
    moving = crowd.kinds["slow drift"]
    late = (
        f'<p class="lab-reading">{count(moving)} of {count(crowd.n)} inputs still move after 200 steps: '
        "some of what is counted here as apart would yet meet.</p>"
    )
    return panel_html(
        "settling-ends", PANEL, f'<div class="ends-both">{rows}</div>', late if moving else "", corner=note
    )


def _row(title: str, ends: "Attractors", classes: tuple[str, ...]) -> str:
    n = len(ends.owner)
    place = math.log(ends.n) / math.log(n)
    facts = (
        ("ends", count(ends.n), f"for {count(n)} inputs"),
        ("largest", percent(float(ends.shares[0])), "of the inputs end there"),
        ("purity by class", number(ends.purity), f"by chance {number(ends.purity_by_chance)}"),
        ("median distance of ends", number(ends.ends_scale), "latent units"),
    )
    cells = "".join(
        f"<div><dt>{name}</dt><dd><b>{value}</b> <span>{gloss}</span></dd></div>" for name, value, gloss in facts
    )
    scale = (
        f'<div class="ends-scale" role="img" aria-label="{count(ends.n)} of {count(n)} ends, log scale">'
        f'<span>1: forgets</span><div><i style="left:{100 * place:.1f}%"></i></div>'
        f"<span>{count(n)}: remembers</span></div>"
    )
    return (
        f'<section class="ends"><h4>{escape(title)}</h4><p class="ends-reading">{escape(reading(ends))}</p>{scale}'
        f'<dl class="facts">{cells}</dl>{_basins(ends, classes)}</section>'
    )


def _basins(ends: "Attractors", classes: tuple[str, ...]) -> str:
    shown = [index for index in range(min(ends.n, ROWS)) if ends.shares[index] >= BASIN]
    if not shown:
        return '<p class="lab-reading">No end is that of 1 % of the inputs or more.</p>'
    bars = "".join(_basin(ends, index, classes) for index in shown)
    left = ends.n - len(shown)
    more = f'<p class="lab-reading">{count(left)} smaller ends are not listed.</p>' if left else ""
    return f'<div class="basins">{bars}</div>{more}'


def _basin(ends: "Attractors", index: int, classes: tuple[str, ...]) -> str:
    inside = ends.by_class[index]
    order = [int(each) for each in inside.argsort()[::-1] if inside[each]]
    parts = "".join(
        f'<u style="flex:{int(inside[each])};background:var(--class-{each % N_CLASSES})"></u>' for each in order
    )
    tip = ", ".join(f"{count(inside[each])} x {classes[each]}" for each in order)
    share = float(ends.shares[index])
    return (
        f'<span class="basin" data-tip="{escape(tip)}"><b>{index + 1}</b>'
        f'<i><span style="width:{100 * share:.1f}%">{parts}</span></i><em>{percent(share)}</em></span>'
    )
