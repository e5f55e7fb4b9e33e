import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from satipatthana.diagnostics.neighbours import nearest


def test_they_are_those_of_scikit_learn():
    chance = np.random.default_rng(0)
    reference = (chance.normal(size=(300, 16)) + 5).astype(np.float32)
    states = (chance.normal(size=(7, 16)) + 5).astype(np.float32)
    known = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(reference)
    assert np.array_equal(nearest(states, reference, 4), known.kneighbors(states, return_distance=False))


def test_nearest_first_and_a_tie_goes_to_the_lower_row():
    reference = np.array([[3.0], [1.0], [-1.0], [0.5]])
    assert nearest(np.array([[0.0], [2.9]]), reference, 3).tolist() == [[3, 1, 2], [0, 1, 3]]


def test_too_few_are_refused():
    with pytest.raises(ValueError, match="holds 2 points; 10 neighbours"):
        nearest(np.zeros((1, 3)), np.zeros((2, 3)))
