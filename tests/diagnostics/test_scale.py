import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from satipatthana.diagnostics.scale import latent_unit, median_pair


def test_the_median_of_all_pair_distances(generator):
    points = torch.randn(30, 5, generator=generator)
    assert median_pair(points) == pytest.approx(np.median(pdist(points.double().numpy())))
    assert median_pair(torch.tensor([[0.0, 0], [3, 4]])) == 5
    with pytest.raises(ValueError, match="1 point"):
        median_pair(points[:1])


def test_the_unit_is_the_ends_or_where_all_forget_the_starts(generator):
    starts = torch.randn(10, 4, generator=generator)
    assert latent_unit(0.1 * starts, starts) == pytest.approx(0.1 * median_pair(starts), rel=1e-6)
    assert latent_unit(1e-6 * starts, starts) == median_pair(starts)
    with pytest.raises(ValueError, match="All 10 thoughts are the same"):
        latent_unit(torch.zeros(10, 4), torch.zeros(10, 4))
