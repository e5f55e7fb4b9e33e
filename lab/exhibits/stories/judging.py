"""Judges that were taught wrongly, or see too little to judge by."""

from lab.exhibits.card import Card

CARDS: tuple[Card, ...] = ()
