"""Rules for causes that lie in settling: the stability loss, vicara, sati."""

from satipatthana.diagnostics.causes import Rule

RULES: dict[int, Rule] = {}
"""By the number of the cause."""
