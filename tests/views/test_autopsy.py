"""One judgement taken apart: the largest share first, each beside the clean inputs, and their sum."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from lab.views.autopsy import CLOSED, NO_STEP, AutopsyInfo, autopsy_html
from tests.views.doubt import picture

FOUND = SimpleNamespace(
    names=("step", "error", "the path"),
    values=np.array([0.5, -3.0]),
    clean=np.stack([np.linspace(0, 1, 20), np.linspace(-1, 0, 20)], axis=1),
    below=np.array([0.5, 0.0]),
    contributions=np.array([[0.5, 0.0, 0.25], [-2.5, 0.0, -1.0], [0.0, 1.0, -0.5]]),
    logit=np.array([-1.0, 2.0, 0.25]),
    baseline=np.array([1.0, 1.0, 1.5]),
)


def info(score: str = "trust", found: Any = FOUND, **changes: Any) -> AutopsyInfo:
    return AutopsyInfo(score, "a 7 on clean", picture(), found, 4, **changes)


def test_the_largest_share_comes_first_and_they_sum_up():
    html = autopsy_html(info())
    assert html.index("error") < html.index("step") < html.index("the path")
    assert "trust <b>0.269</b> = sigmoid of <b>−1.00</b>: +1.00 at the clean mean, −2.00 from what follows" in html
    assert 'data-sign="down"><i style="left:0.0%;width:50.0%"' in html
    assert 'data-sign="up"><i style="left:50%;width:10.0%"' in html
    assert "−3.00: 0.0 % of the clean inputs lie below; they range from −1.00 to 0" in html
    assert "n = 20 · seed 4" in html


def test_another_score_has_its_own_shares():
    html = autopsy_html(info("conformity"))
    assert html.index("the path") < html.index(">step<") and "+1.00 from what follows" in html


def test_what_was_not_judged_is_said():
    assert NO_STEP in autopsy_html(info(found=None))
    assert CLOSED in autopsy_html(info(found=None, why=CLOSED))
    assert "Press one of the pictures" in autopsy_html(None)


def test_a_metric_that_is_the_same_everywhere_is_drawn():
    flat = SimpleNamespace(**{**vars(FOUND), "clean": np.zeros((5, 2)), "values": np.zeros(2)})
    assert autopsy_html(info(found=flat)).count("autopsy-strip") == 2
