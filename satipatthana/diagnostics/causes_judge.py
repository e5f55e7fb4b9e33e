"""Rules for causes that lie in learning to judge: the optimizer, the rate, the paths, what trust reads."""

from satipatthana.diagnostics.causes import Rule

RULES: dict[int, Rule] = {}
"""By the number of the cause."""
