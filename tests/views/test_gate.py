"""The gate's charts: curves, marks, handle and table say the same."""

import html as markup
import json
import re
from typing import Any

import numpy as np
import pytest

from lab.views.gate import gate_html, highest, lowest
from satipatthana.diagnostics.gate import GateCurve

THRESHOLDS = np.linspace(-1, 1, 5, dtype=np.float32)


def curve(which: Any = "inference", threshold: float = -1.0) -> GateCurve:
    shares = {"clean": [1, 1, 1, 0.8, 0.2], "noise": [1, 1, 1, 0.5, 0], "letters": [1, 1, 0.5, 0, 0]}
    opened = {name: np.array(share, np.float32) for name, share in shares.items()}
    return GateCurve(which, threshold, 0.3, THRESHOLDS, opened, {"noise": 0.6, "letters": 0.45})


def rows(html: str) -> list[tuple[str, ...]]:
    return re.findall(r'data-family="(\w+)".*?<td>([^<]*)</td><td data-share>([^<]*)</td>', html)


def test_the_table_says_what_is_let_in_at_the_handle():
    assert rows(gate_html([curve()], n=9, seed=2)) == [
        ("clean", "–", "100 %"),
        ("noise", "0.600", "100 %"),
        ("letters", "0.450", "100 %"),
    ]
    html = gate_html([curve()], {"inference": 0.25}, n=9, seed=2)
    assert [row[2] for row in rows(html)] == ["90.0 %", "75.0 %", "25.0 %"]  # half-way between two thresholds
    assert "Converge&#x27;s gate now opens at 0.250" in html or "Converge's gate now opens at 0.250" in html
    assert 'aria-valuenow="0.250"' in html and "n = 9 · seed 2" in html
    assert 'data-family="letters" data-below' in html  # worse than chance
    assert "never trained on" in html


def test_the_page_holds_the_curves_for_its_handles():
    html = gate_html([curve()])
    sent = json.loads(markup.unescape(re.findall(r'data-curves="([^"]*)"', html)[0]))
    assert sent["thresholds"] == [-1, -0.5, 0, 0.5, 1] and sent["open"]["letters"] == [1, 1, 0.5, 0, 0]


def test_the_training_gate_is_only_looked_at():
    html = gate_html([curve("training", 0.2)], {"training": 0.5})
    assert "training_gate_threshold=0.5." in html and "now opens" not in html
    assert "threshold of the run 0.200," in html


def test_the_axis_begins_before_the_first_is_shut_out():
    assert lowest(curve()) == pytest.approx(-0.5)
    assert highest(curve()) == 1
    everything = GateCurve("inference", -1, 1.0, THRESHOLDS, {"clean": np.ones(5, np.float32)}, {})
    assert lowest(everything) < highest(everything) == 1


def test_no_network_says_why():
    assert "not finite" in gate_html(None, missing="not finite")
