"""Decoders: the same inputs in every column, scores against the clean ones."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lab.views.decoders import decoders, decoders_html, error_map, squared_error
from satipatthana.diagnostics.context import ContextUse
from satipatthana.diagnostics.intervals import Interval

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
    info = table(film=CLEAN[:, None], film_at=(10,))
    by_key = {column.key: column for column in info.columns}
    assert by_key["input"].score == pytest.approx(0.25)
    assert by_key["s_star"].score == 0.0
    assert by_key["z"].score is None and by_key["target"].score == 0.0
    html = decoders_html(info)
    assert "MSE 0.250" in html
    assert "not trained yet" in html


def test_the_toggle_chooses_the_drifted_one_and_the_head_says_which():
    options = {"stage0": CLEAN, "drifted": HALF, "stage0_at": "step 126"}
    plain, drifted = table(**options), table(**options, show_drifted=True)
    assert plain.columns[2].score == 0.0
    assert "as stage 0 left it (step 126)" in plain.columns[2].gloss
    assert drifted.columns[2].score == pytest.approx(0.25)
    assert "today's adapter" in drifted.columns[2].gloss


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
    html = decoders_html(decoders(points, points, [0, 1], film=points[:, None], film_at=(3,), classes=(0, 1)))
    assert html.count("vector-point") == 6  # target, input, s*
    assert "<img" not in html, "no map of errors without pixels"


def test_nothing_to_show_says_what_to_do():
    assert 'data-page="tab:Train"' in decoders_html(None)
    assert 'data-page="tab:Train"' in decoders_html(decoders(CLEAN[:0], CLEAN[:0], []))


def test_parts_of_other_inputs_are_refused():
    with pytest.raises(ValueError, match="film is of 1"):
        table(film=CLEAN[:1, None], film_at=(0,))
    with pytest.raises(ValueError, match="1 states at 2 steps"):
        table(film=CLEAN[:, None], film_at=(0, 1))
    with pytest.raises(ValueError, match="2 probabilities for 10 classes"):
        decoders(HALF, CLEAN, [0, 1], probabilities=ANSWERS)


def test_states_are_columns_and_the_last_is_the_end():
    info = table(film=np.stack([HALF, CLEAN, CLEAN], axis=1), film_at=(0, 12, 40))
    assert [column.name for column in info.columns[3:]] == ["s₀", "s₁₂", "s*"]
    assert [column.score for column in info.columns[3:]] == [pytest.approx(0.25), 0.0, 0.0]
    html = decoders_html(info)
    assert "after 40 steps" in html and html.count('class="pixels error"') == 2 * 3


def test_the_answer_stands_beside_that_without_context():
    html = decoders_html(table(probabilities=ANSWERS, without_context=ANSWERS[:, ::-1]))
    assert html.count("v_ctx zeroed</span></p>") == 2 and "1 of 2 right; 1 of 2 right without" in html
    assert html.count("data-best") == 4


def test_how_much_context_adds_stands_below_with_its_interval():
    context = ContextUse(Interval(0.96, 0.94, 0.97), Interval(0.95, 0.93, 0.965), Interval(0.01, -0.002, 0.022), 500)
    html = decoders_html(table(probabilities=ANSWERS, context=context, noise=0.5))
    assert "500 validation inputs, noise σ 0.500" in html and "94.0 % to 97.0 %" in html
    assert "<b>+1.0</b> points (−0.20 to +2.2)" in html


def test_an_error_map_is_orange_where_too_bright_and_clear_where_right():
    drawn = np.array([[[0.0, 1.0], [-1.0, 3.0]]])
    html = error_map(drawn, np.zeros((1, 2, 2)), "a 3")
    data = html.split("base64,")[1].split('"')[0]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert pixels[..., 3].tolist() == [[0, 255], [255, 255]]
    bright, dark = pixels[0, 1, :3], pixels[1, 0, :3]
    assert bright[0] > bright[2] and dark[2] > dark[0] and (pixels[1, 1] == pixels[0, 1]).all()
