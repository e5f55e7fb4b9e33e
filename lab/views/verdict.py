"""How a thought ended, in one line."""

import math
from typing import TYPE_CHECKING

from lab.views.style import number

if TYPE_CHECKING:
    from satipatthana.diagnostics.verdicts import Verdict


def verdict_line(verdict: "Verdict") -> str:
    """The verdict in words. Its head, up to the first comma, can stand alone where there is little room."""
    moved = "it never moved"
    if math.isfinite(verdict.last_ratio):
        moved = f"last step {number(100 * verdict.last_ratio, '%', 2)} of the first"
    rate = ""
    if math.isfinite(verdict.rate):
        rate = f", each {verdict.rate:.2f} of the one before (steps {verdict.fitted[0]} to {verdict.fitted[1]})"
    if verdict.end == "cycle":
        leads = f"the map goes round in {verdict.period} steps"
    elif verdict.rest_at is None:
        leads = f"still moving {len(verdict.step_size) - verdict.steps} steps on"
    else:
        leads = f"would be at rest after {verdict.rest_at} steps"
    return {
        "fixed point": f"fixed point: {moved}{rate}",
        "cycle": f"cycle of {verdict.period} steps: {moved}",
        "slow drift": f"slow drift: {leads}, {moved}{rate}",
        "step limit": f"stopped by the step limit: {moved}, {leads}{rate}",
        "skipped step": f"stopped on a skipped step: {leads}, {moved}",
    }[verdict.kind]
