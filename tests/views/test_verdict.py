import dataclasses
import math

import numpy as np
import pytest

from lab.views.verdict import verdict_line
from satipatthana.diagnostics.verdicts import Verdict

SIZES = 0.5 ** np.arange(204)
LIMITED = Verdict("step limit", "fixed point", 0, 4, 0.125, 0.5, (1, 4), 7, 4, SIZES, SIZES, np.ones(51))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {},
            "stopped by the step limit: last step 12 % of the first, would be at rest after 7 steps, "
            "each 0.50 of the one before (steps 1 to 4)",
        ),
        (
            {"kind": "fixed point", "last_ratio": 0.001},
            "fixed point: last step 0.10 % of the first, each 0.50 of the one before (steps 1 to 4)",
        ),
        (
            {"kind": "fixed point", "last_ratio": math.nan, "rate": math.nan},
            "fixed point: it never moved",
        ),
        (
            {"kind": "cycle", "end": "cycle", "period": 5, "last_ratio": 1.0, "rest_at": None},
            "cycle of 5 steps: last step 100 % of the first",
        ),
        (
            {"kind": "slow drift", "end": "slow drift", "rest_at": None, "last_ratio": 0.97, "rate": 0.99},
            "slow drift: still moving 200 steps on, last step 97 % of the first, "
            "each 0.99 of the one before (steps 1 to 4)",
        ),
        (
            {"kind": "skipped step", "rest_at": 9},
            "stopped on a skipped step: would be at rest after 9 steps, last step 12 % of the first",
        ),
        (
            {"kind": "skipped step", "end": "cycle", "period": 3, "rest_at": None},
            "stopped on a skipped step: the map goes round in 3 steps, last step 12 % of the first",
        ),
    ],
)
def test_each_verdict_in_words(changes: dict, line: str):
    assert verdict_line(dataclasses.replace(LIMITED, **changes)) == line
