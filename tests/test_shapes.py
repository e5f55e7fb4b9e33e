"""That the shapes in the signatures are really checked while testing: without this, nobody would notice."""

import pytest
import torch
from jaxtyping import TypeCheckError

from satipatthana import measures


def test_a_wrong_shape_raises():
    with pytest.raises(TypeCheckError):
        measures.step_sizes(torch.zeros(3, 4))


def test_a_right_one_does_not():
    assert measures.step_sizes(torch.zeros(3, 4, 5)).shape == (2, 4)


def test_an_int_is_good_where_a_float_is_asked_for():
    points = torch.eye(3) - 1 / 3
    assert torch.equal(measures.whitening(points, 0), measures.whitening(points, 0.0))
