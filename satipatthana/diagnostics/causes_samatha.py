"""Rules for causes that lie in settling: gate, probes, vicara, sati, decoder."""

from satipatthana.diagnostics.causes import Rule

RULES: dict[int, Rule] = {}
"""By the number of the cause."""
