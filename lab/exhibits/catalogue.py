"""Every exhibit by its number: its card at once, its experiment when it is asked for (that imports torch)."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.exhibits.card import SIDES, Card, Side
from lab.exhibits.cures import cure_of
from lab.exhibits.stories import drawing, judging, learning, probes, settling
from lab.limits import BadInput, choice, number

if TYPE_CHECKING:
    from lab.exhibits.experiment import Experiment, Variant

_HALLS = {"learning": learning, "settling": settling, "probes": probes, "drawing": drawing, "judging": judging}
"""The stories by the name of the module of `lab.exhibits` that holds their experiments."""
_WHERE = {card.number: hall for hall, stories in _HALLS.items() for card in stories.CARDS}
CARDS: dict[int, Card] = {
    card.number: card
    for card in sorted((card for stories in _HALLS.values() for card in stories.CARDS), key=lambda card: card.number)
}
"""In the order of their numbers."""


def card_of(sent: Any) -> Card:
    """The card of this number. Raises BadInput for another."""
    found = number(sent, min(CARDS), max(CARDS), "Exhibit", integer=True)
    return CARDS[choice(found, tuple(CARDS), "Exhibit")]


def side_of(sent: Any) -> Side:
    """Broken or fixed. Raises BadInput for another word."""
    return choice(sent, SIDES, "Variant")


def experiment_of(card: Card) -> "Experiment":
    """How it is run."""
    return importlib.import_module(f"lab.exhibits.{_WHERE[card.number]}").EXPERIMENTS[card.number]


def origin(card: Card, side: Side) -> dict[str, Any]:
    """What a run of an exhibit's variant says of itself in its folder."""
    return {"exhibit": card.number, "variant": side}


def variant_of(told: Mapping[str, Any] | None) -> "Variant":
    """What a run is made of, by the origin that its folder tells: of which exhibit it is a variant, and the cures that
    it was given since. Raises BadInput for an origin that is none of ours."""
    from lab.exhibits.experiment import Variant

    if told is None:
        return Variant()
    from lab.exhibits.treatment import after

    try:
        variant = Variant()
        if "exhibit" in told:
            variant = experiment_of(card_of(told["exhibit"])).variant(side_of(told.get("variant")))
        for cure in told.get("cures", ()):
            variant = after(variant, cure_of(cure))
    except BadInput as error:
        raise BadInput(f"origin.json of this run cannot be followed: {error}") from None
    return variant
