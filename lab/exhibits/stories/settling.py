"""Thoughts that do not settle, settle for nothing, or stop for the wrong reason."""

from lab.exhibits.card import Card

CARDS: tuple[Card, ...] = ()
