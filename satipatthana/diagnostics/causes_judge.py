"""Rules for causes that lie in judging: what trust reads, and what stage 2 shows it."""

from satipatthana.diagnostics.causes import Rule

RULES: dict[int, Rule] = {}
"""By the number of the cause."""
