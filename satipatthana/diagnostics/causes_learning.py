"""Rules for causes that lie in learning: optimizer and rate, the gate, the probes, the decoder."""

from satipatthana.diagnostics.causes import Rule

RULES: dict[int, Rule] = {}
"""By the number of the cause."""
