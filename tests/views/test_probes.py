"""Probes: one scale for both matrices, bars in proportion, honest about what was not measured."""

import re

import numpy as np
import pytest

from lab.views.probes import SHOWN, probes, probes_html


class Angles:
    def __init__(self, similarity):
        self.similarity = np.asarray(similarity)
        self.mean, self.rms, self.max = 0.5, 0.25, 0.125


class Usage:
    def __init__(self, share, won=None):
        self.share = np.asarray(share)
        self.won = np.asarray(share if won is None else won)
        self.perplexity, self.used = 1.9, int((self.won > 0).sum())


PAIR = Angles([[1, 0.3], [0.3, 1]])


def test_what_is_shown_is_what_was_given():
    info = probes(PAIR, Angles(np.eye(2)), Usage([0.75, 0.25]), np.zeros((2, 1, 4, 4)), n=1000, seed=0)
    assert info.n_probes == 2
    assert (info.numbers_now.mean, info.numbers_now.rms, info.numbers_now.max) == (0.5, 0.25, 0.125)
    html = probes_html(info)
    for text in ("1.90 of 2", "n = 1,000 · seed 0", "probe 0 ~ probe 1, now: cosine 0.300", "75.0 %"):
        assert text in html
    assert html.count("<img") == 2


def test_bars_are_in_proportion_to_the_largest():
    html = probes_html(probes(PAIR, usage=Usage([0.8, 0.2])))
    assert re.findall(r"--w:([\d.]+)", html) == ["1.000", "0.250"]


def test_both_matrices_share_one_scale():
    html = probes_html(probes(PAIR, PAIR))
    squares = re.findall(r'<span style="background:([^"]+)"[^>]*data-tip="([^"]+)"', html)
    colour = {tip: background for background, tip in squares}
    assert (
        colour["probe 0 ~ probe 1, now: cosine 0.300"] == colour["probe 0 ~ probe 1, at initialisation: cosine 0.300"]
    )


def test_a_dead_probe_is_named_in_words():
    assert "never nearest" in probes_html(probes(PAIR, usage=Usage([0.9, 0.1], [1.0, 0.0])))


def test_bars_are_divided_by_class_and_the_main_one_is_named():
    by_class = np.array([[0.75, 0.25], [0.4, 0.3]])
    html = probes_html(probes(PAIR, usage=Usage([0.5, 0.5]), by_class=by_class, classes=("sun", "<moon>")))
    assert "mostly sun" in html
    assert "mixed" in html
    assert "75.0 % are sun, 25.0 % are &lt;moon&gt;" in html
    assert html.count("var(--class-0)") == 2


def test_without_usage_start_or_pictures_places_are_kept():
    html = probes_html(probes(PAIR))
    for text in ("not measured", "not known", "– of 2", "blank"):
        assert text in html


def test_many_probes_are_cut_and_it_is_said():
    k = SHOWN + 6
    html = probes_html(probes(Angles(np.eye(k))))
    assert "6 more probes are not drawn" in html
    assert html.count("data-tip") < 2 * SHOWN * SHOWN


def test_no_network_says_what_to_do():
    html = probes_html(None)
    assert 'data-page="tab:Train"' in html


def test_probes_of_different_networks_are_refused():
    with pytest.raises(ValueError, match="start is of 3"):
        probes(PAIR, Angles(np.eye(3)))
    with pytest.raises(ValueError, match="pictures"):
        probes(PAIR, pictures=np.zeros((5, 1, 4, 4)))
