"""Whatever a stranger sends is either what was asked for or refused with a sentence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.limits import BadInput, choice, flag, label, number, show, token

# everything that JSON can carry, NaN, infinities and endless numbers included
huge = st.booleans().map(lambda up: 10**5000 if up else -(10**400))  # st.just would print it
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | huge,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(anything)
def test_number_is_a_float_inside_or_refused(value):
    try:
        got = number(value, 0, 2, "noise")
    except BadInput as error:
        said(error, "noise")
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        assert not (plain and math.isfinite(value if abs(value) < 1e9 else 1e9) and 0 <= value <= 2)
    else:
        assert type(got) is float and 0 <= got <= 2 and got == value


@given(anything)
def test_integer_is_an_int_inside_or_refused(value):
    try:
        got = number(value, 5, 200, "steps", integer=True)
    except BadInput as error:
        said(error, "steps")
    else:
        assert type(got) is int and 5 <= got <= 200 and got == value


@given(anything)
def test_choice_is_one_of_the_allowed_or_refused(value):
    try:
        got = choice(value, ("sober", "drunk", "both"), "mode")
    except BadInput as error:
        said(error, "mode")
    else:
        assert got in ("sober", "drunk", "both") and got == value


@given(anything)
def test_flag_and_token_and_label(value):
    for check, kind in (
        (lambda: flag(value, "drunk"), bool),
        (lambda: token(value), str),
        (lambda: label(value, "run"), str),
    ):
        try:
            got = check()
        except BadInput as error:
            assert str(error).endswith(".")
        else:
            assert type(got) is kind and got == value


def said(error: BadInput, name: str) -> None:
    """Value, expectation, remedy: three parts, short."""
    text = str(error)
    assert text.startswith(f"{name} is ") and "; expected " in text and text.endswith(".") and len(text) < 300


@pytest.mark.parametrize("value", [True, "1", None, [1], {"a": 1}, math.nan, math.inf, -math.inf, 3, -1, 10**400])
def test_number_refuses(value):
    with pytest.raises(BadInput, match="noise is"):
        number(value, 0, 2, "noise")


def test_number_takes_both_ends_and_a_whole_float():
    assert number(0, 0, 2, "noise") == 0.0 and number(2.0, 0, 2, "noise") == 2.0
    got = number(7.0, 5, 200, "steps", integer=True)
    assert got == 7 and type(got) is int
    with pytest.raises(BadInput, match="fraction"):
        number(7.5, 5, 200, "steps", integer=True)


def test_choice_tells_true_from_one_and_names_the_known():
    assert choice(1, (0, 1, 2, 3), "stage") == 1
    with pytest.raises(BadInput, match="one of: 0, 1, 2, 3"):
        choice(True, (0, 1, 2, 3), "stage")
    with pytest.raises(BadInput, match="nothing yet"):
        choice("x", (), "run")


def test_label_leads_nowhere():
    for bad in ("", ".", "..", "../up", "a/b", "a\\b", ".hidden", "a\0", "a\n", "ü", "x" * 65):
        with pytest.raises(BadInput):
            label(bad, "run")
    assert label("seed-1_b.2", "run") == "seed-1_b.2"


def test_a_forged_id_is_refused_by_its_form():
    for bad in ("", "short", "x" * 65, "a" * 20 + "\n", "../" * 8):
        with pytest.raises(BadInput, match="Reload"):
            token(bad)


def test_show_is_short_for_anything():
    assert show(None) == "empty" and show("<b>") == "'<b>'"
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert all(len(show(value)) < 80 for value in (deep, "x" * 10**6, 10**5000, object(), b"x" * 9))


def test_a_large_bound_is_told_in_full():
    with pytest.raises(BadInput, match=r"expected a whole number from 0 to 2,147,483,647\."):
        number(-1, 0, 2**31 - 1, "Seed", integer=True)
    with pytest.raises(BadInput, match=r"expected a number from 0 to 0\.25\."):
        number(-1, 0, 0.25, "Push")
