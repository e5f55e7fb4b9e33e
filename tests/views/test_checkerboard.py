"""The race on the page: what it says of the order, and every state that it can be in."""

import dataclasses

import numpy as np
import pytest

from lab.views.checkerboard import NAMES, WORDS, checkerboard_html, expectation, verdict
from lab.views.progress import STALE, Working
from satipatthana.configs import StageConfig
from satipatthana.diagnostics.decoder_race import KINDS, Expectation, Race, decoder_race
from satipatthana.diagnostics.intervals import Interval
from tests.tiny import one_thread, tiny_digits, tiny_system


@pytest.fixture(scope="module")
def race() -> Race:
    x = tiny_digits(30).x
    with one_thread():
        pieces = list(decoder_race(tiny_system(), x, x[:8], shown=2, plan=StageConfig(2, 3e-3), rounds=1))
    assert pieces[-1].found is not None
    return pieces[-1].found


def test_every_kind_has_a_name():
    assert set(NAMES) == set(KINDS)


@pytest.mark.parametrize(
    ("score", "word"),
    [(30.6, "checkerboard"), (1.0, "like real data"), (0.08, "blur"), (float("nan"), "nothing drawn")],
)
def test_what_a_score_means(score: float, word: str):
    assert verdict(score) == word


def test_the_order_is_told_as_it_came_out(race: Race):
    assert expectation(Expectation("transpose3", "transpose", 3.0, 1.66)) == (
        "Transposed k3 scores 1.66 times what transposed k4 scores; expected at least 3 times as much."
    )
    assert "expected more." in expectation(Expectation("pixelshuffle", "resize", 1.0, 1.4))
    html = checkerboard_html(race)
    assert html.count(WORDS["otherwise"]) == sum(not one.holds for one in race.order)
    assert html.count(WORDS["as"]) == sum(one.holds for one in race.order)
    early = checkerboard_html(dataclasses.replace(race, planned=9))
    assert early.count(WORDS["so far"]) == 4 and WORDS["otherwise"] not in early and WORDS["as"] not in early


def test_one_column_a_decoder_one_row_an_input(race: Race):
    html = checkerboard_html(race, Working("ready"))
    assert html.count("role=columnheader") == 2 + len(KINDS)
    assert html.count('data-zoom="picture"') == 2 * (2 + len(KINDS))
    assert html.count('data-zoom="power"') == 2 + len(KINDS) and html.count('data-zoom="flat"') == 1 + len(KINDS)
    assert "n = 8 · seed 0" in html and "After 2 of 2 steps each" in html
    assert len(html) < 300_000


def test_it_says_how_it_is(race: Race):
    assert WORDS["none"] in checkerboard_html(None)
    assert "vectors without pixels" in checkerboard_html(race, images=False)
    running = checkerboard_html(race, Working("running", 5, 20, "resize: 5 of 20 steps"))
    assert "scaleX(0.250)" in running and "resize: 5 of 20 steps" in running
    assert "Waiting for its turn" in checkerboard_html(None, Working("waiting"))
    assert "no &lt;b&gt;" in checkerboard_html(None, Working("failed", text="no <b>"))
    assert STALE in checkerboard_html(race, Working("ready", stale=True))


def test_a_head_without_a_flat_field_and_a_decoder_without_power(race: Race):
    lines = dataclasses.replace(race.own.relative, nyquist=float("nan"))
    own = dataclasses.replace(race.own, flat=None, relative=lines, score=Interval(*[float("nan")] * 3))
    loss = np.full(2, np.nan, np.float32)
    racers = tuple(dataclasses.replace(one, loss=loss, scores=(np.nan, np.nan)) for one in race.racers)
    html = checkerboard_html(dataclasses.replace(race, own=own, racers=racers))
    assert "no map that doubles" in html and "nothing drawn" in html and "nan" not in html
