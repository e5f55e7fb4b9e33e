"""The answer beside what it states: bins, risk, confusion, the most wrong and the least trusted."""

import re
from types import SimpleNamespace

import numpy as np

from lab.views.calibration import AnswerInfo, calibration_html
from tests.views.doubt import interval, picture


def curve(*risk: float) -> SimpleNamespace:
    return SimpleNamespace(coverage=np.linspace(1 / len(risk), 1, len(risk)), risk=np.array(risk), area=0.0123)


def info(**changes) -> AnswerInfo:
    figures = SimpleNamespace(
        n=40,
        accuracy=interval(0.95),
        brier=interval(0.08),
        reliability=SimpleNamespace(
            confidence=np.array([0.5, 0.9]),
            accuracy=(interval(0.25, 0.1), interval(1.0, 0.0)),
            count=np.array([20, 20]),
            ece=0.175,
            ece_by_chance=0.05,
        ),
        confusion=np.array([[18, 2], [0, 20]]),
        curves={"trust": curve(0, 0.05), "max_softmax": curve(0.1, 0.05), "best": curve(0, 0.05)},
    )
    settings = {"figures": figures, "wrong": (picture(),), "least": (), **changes}
    return AnswerInfo("clean", "trust", classes=("even", "odd"), seed=2, **settings)


def test_bins_lie_where_they_state_and_count():
    html = calibration_html(info())
    assert re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', html) == [("110.0", "165.0"), ("198.0", "0.0")]
    assert "20 answers, stated 50.0 %, right 25.0 % (15.0 % to 35.0 %)" in html
    for text in ("0.175", "by chance alone 0.050", "0.950", ".940–.960", "0.080", "in 2 bins"):
        assert text in html


def test_risk_curves_are_told_apart_without_colour():
    html = calibration_html(info())
    for kind, text in (("own", "solid: trust"), ("other", "dashed: largest"), ("best", "dotted: knows what is right")):
        assert f'<path class="{kind}"' in html and text in html
    assert "0.0123" in html


def test_mistakes_alone_are_coloured():
    html = calibration_html(info())
    assert "2 of 20 that are even were answered odd" in html
    assert html.count('class="miss"') == 1 and html.count('class="hit"') == 2 and 'style="--loud:50%"' in html


def test_the_path_is_named_and_what_is_missing_said():
    html = calibration_html(info())
    assert html.count("clean · n = 40 · seed 2") == 4
    assert "No sample takes this path" in html and 'data-act="sample:clean:3"' in html
    assert calibration_html(info(wrong=())).count("Every answer on this path is right") == 1
    assert calibration_html(None).count("Nothing has been scored yet") == 4
    assert calibration_html(info(figures=None)).count("not a number") == 4
