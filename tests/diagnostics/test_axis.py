import numpy as np
import pytest
from sklearn.decomposition import PCA

from satipatthana.diagnostics.axis import fit_axis


@pytest.fixture
def points() -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(200, 5)) * [1, 4, 2, 1, 1] + 3).astype(np.float32)


def test_the_probes_lie_where_their_distance_says(points):
    start, end = points[0], points[1]
    found = fit_axis(points, start, end)
    assert found.project(start)[0] == pytest.approx(0, abs=1e-5)
    assert found.project(end)[0] == pytest.approx(np.linalg.norm(end - start), rel=1e-5)
    assert found.project(end)[1] == pytest.approx(found.project(start)[1], abs=1e-4)
    assert found.axes @ found.axes.T == pytest.approx(np.eye(2), abs=1e-6)


def test_up_is_the_first_principal_axis_of_what_is_left(points):
    start, end = np.zeros(5, np.float32), np.array([2, 0, 0, 0, 0], np.float32)
    found = fit_axis(points, start, end)
    left = PCA(1).fit(points[:, 1:])
    assert left.components_ is not None and left.explained_variance_ is not None
    assert np.abs(found.axes[1][1:]) == pytest.approx(np.abs(left.components_[0]), abs=1e-4)
    variance = points.var(axis=0, dtype=np.float64)
    assert found.explained[0] == pytest.approx(variance[0] / variance.sum(), rel=1e-4)
    share = left.explained_variance_[0] * 199 / 200 / variance.sum()  # scikit-learn divides by n - 1
    assert found.explained[1] == pytest.approx(share, rel=1e-4)


def test_a_straight_way_between_the_probes_is_straight(points):
    start, end = points[2], points[3]
    way = start + np.linspace(0, 1, 5)[:, None] * (end - start)
    xy = fit_axis(points, start, end).project(way)
    assert np.diff(xy[:, 0]) == pytest.approx(np.linalg.norm(end - start) / 4, rel=1e-4)
    assert np.ptp(xy[:, 1]) < 1e-4


def test_points_on_the_axis_leave_any_right_angle():
    line = np.outer(np.arange(4.0), [3, 4, 0]).astype(np.float32)
    found = fit_axis(line, line[0], line[1])
    assert found.explained == pytest.approx((1, 0), abs=1e-9) and abs(found.axes[0] @ found.axes[1]) < 1e-6
    one_place = fit_axis(np.ones((3, 2), np.float32), np.zeros(2, np.float32), np.ones(2, np.float32))
    assert one_place.explained == (0, 0) and np.isfinite(one_place.axes).all()


def test_one_probe_is_no_axis(points):
    with pytest.raises(ValueError, match="no axis"):
        fit_axis(points, points[0], points[0])
