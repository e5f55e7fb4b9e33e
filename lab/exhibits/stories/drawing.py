"""Pictures with a grid in them."""

from lab.exhibits.card import Card

CARDS: tuple[Card, ...] = ()
