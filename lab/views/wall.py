"""The wall of failures: one card a sickness, with a drawing of its symptom and, once it was run, its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lab.views.panel import Panel, panel_html
from lab.views.style import count, escape, number
from lab.views.thumbnails import thumbnail_svg

PANEL = Panel(
    "How can it fail, and would you have known why?",
    "Each card is a sickness with its symptom. Open one: say what you expect, then watch it beside its cure.",
    "Every exhibit trains the real network twice, with the same seed, data and budget, and one thing different: a "
    "setting, a part, a stage or the trainer. One number tells the two apart; the size of the gap was measured over "
    "three seeds. Founding: told in the document that this project began from, found since: met while it was built.",
    "",
    "lab.exhibits.experiment.run_pair",
)
Expected = Literal["right", "wrong", "unsaid"]
SAID = MappingProxyType({"right": "✓ foreseen", "wrong": "✕ not foreseen", "unsaid": "no guess"})
"""What became of a prediction, in the words of a card."""
WORDS = {
    "founding": "founding",
    "since": "found since",
    "untouched": "not run yet",
    "running": "running",
    "left": "left before its end",
    "none": "There are no exhibits in this copy of the lab. Install it again.",
}


@dataclass(frozen=True)
class WallResult:
    """How an exhibit came out when this visitor ran it last."""

    measure: str
    broken: float
    fixed: float
    expected: Expected


@dataclass(frozen=True)
class WallCard:
    """One card. ``share`` is how far it is while it runs."""

    number: int
    title: str
    founding: bool
    result: WallResult | None = None
    share: float | None = None
    left: bool = False
    """It was begun, and left before its end."""
    last: bool = False
    """It was open last: who comes back from it arrives here."""


def wall_html(cards: Sequence[WallCard]) -> str:
    """All cards, in the order in which they are given."""
    if not cards:
        return panel_html("failures", PANEL, f'<p class="lab-empty">{escape(WORDS["none"])}</p>')
    done = sum(card.result is not None for card in cards)
    said = f"{count(done)} of {count(len(cards))} run"
    body = "".join(f"<li>{_card(card)}</li>" for card in cards)
    return panel_html("failures", PANEL, f'<ol class="failure-wall">{body}</ol>', corner=said)


def _card(card: WallCard) -> str:
    origin = WORDS["founding"] if card.founding else WORDS["since"]
    arrive = f' data-arrive="card {card.number}"' if card.last else ""
    state = "running" if card.share is not None else "run" if card.result else "none"
    return (
        f'<button type="button" class="failure-card" data-act="open:{card.number}" data-state="{state}"{arrive}>'
        f"{thumbnail_svg(card.number)}"
        f'<span class="failure-number"><b>{card.number}</b> {origin}</span>'
        f'<span class="failure-title">{escape(card.title)}</span>'
        f'<span class="failure-foot">{_foot(card)}</span></button>'
    )


def _foot(card: WallCard) -> str:
    if card.share is not None:
        share = round(20 * card.share) / 20  # in twentieths: the whole wall is sent for it
        return (
            f'<span class="failure-state">{WORDS["running"]} <span class="lab-progress">'
            f'<i style="transform:scaleX({share:.2f})"></i></span></span>'
        )
    if card.result is None:
        return f'<span class="failure-state">{WORDS["left"] if card.left else WORDS["untouched"]}</span>'
    result = card.result
    tip = escape(f"{result.measure}: broken {number(result.broken)}, fixed {number(result.fixed)}")
    return (
        f'<span class="failure-state" data-tip="{tip}"><span class="failure-said" data-said="{result.expected}">'
        f"{SAID[result.expected]}</span></span>"
        f'<span class="failure-figures"><i class="mark broken"></i><span class="sr">broken</span> '
        f'{number(result.broken)} <i class="mark fixed"></i><span class="sr">fixed</span> {number(result.fixed)}</span>'
    )
