"""Decoders: the same inputs in every column, scores against the clean ones."""

import numpy as np
import pytest

from lab.views.decoders import decoders, decoders_html, squared_error

CLEAN = np.zeros((2, 1, 4, 4))
HALF = np.full((2, 1, 4, 4), 0.5)
ANSWERS = np.array([[0.9, 0.1], [0.8, 0.2]])


def table(**options):
    return decoders(HALF, CLEAN, [0, 1], classes=(0, 1), **options)


def test_squared_error_by_hand():
    drawn = np.array([[0.0, 0.0], [1.0, -1.0]])
    assert squared_error(drawn, np.zeros((2, 2))).tolist() == [0.0, 1.0]
    assert squared_error(np.array([[0.5, -0.5]]), np.zeros((1, 2))).tolist() == [0.25]


def test_scores_are_means_against_the_clean_input():
    info = table(s_star=CLEAN)
    by_key = {column.key: column for column in info.columns}
    assert by_key["input"].score == pytest.approx(0.25)
    assert by_key["s_star"].score == 0.0
    assert by_key["s0"].score is None
    html = decoders_html(info)
    assert "MSE 0.250" in html
    assert "not trained yet" in html


def test_the_toggle_chooses_the_drifted_one_and_the_head_says_which():
    options = {"stage0": CLEAN, "drifted": HALF, "stage0_at": "step 126"}
    plain, drifted = table(**options), table(**options, show_drifted=True)
    assert plain.columns[1].score == 0.0
    assert "as stage 0 left it (step 126)" in plain.columns[1].gloss
    assert drifted.columns[1].score == pytest.approx(0.25)
    assert "today's adapter" in drifted.columns[1].gloss


def test_answers_are_counted_and_named():
    html = decoders_html(table(probabilities=ANSWERS, noise=0.5, seed=0))
    assert "1 of 2 right" in html
    assert "wrong: it is 1" in html
    assert "noise σ 0.500" in html
    assert "n = 2 · seed 0" in html
    assert html.count("data-best") == 2


def test_class_names_cannot_become_markup():
    html = decoders_html(decoders(HALF, CLEAN, ["<i>", "b"], classes=("<i>", "b"), probabilities=ANSWERS))
    assert "&lt;i&gt;" in html
    assert "<b><i></b>" not in html


def test_vectors_are_drawn_too():
    points = np.array([[0.5, 0.5], [-0.5, 0.2]])
    html = decoders_html(decoders(points, points, [0, 1], s_star=points, classes=(0, 1)))
    assert html.count("vector-point") == 4


def test_nothing_to_show_says_what_to_do():
    assert 'data-page="tab:Train"' in decoders_html(None)
    assert 'data-page="tab:Train"' in decoders_html(decoders(CLEAN[:0], CLEAN[:0], []))


def test_parts_of_other_inputs_are_refused():
    with pytest.raises(ValueError, match="s0 is of 1"):
        table(s0=CLEAN[:1])
    with pytest.raises(ValueError, match="2 probabilities for 10 classes"):
        decoders(HALF, CLEAN, [0, 1], probabilities=ANSWERS)
