import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from satipatthana.diagnostics import projection
from satipatthana.diagnostics.projection import FalseMotion, Neighbourhoods, false_motion, fit_pca, procrustes


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# --- PCA ----------------------------------------------------------------------------------------------------------


def test_pca_is_scikit_learns(rng):
    points = (rng.normal(size=(80, 6)) * [5, 3, 1, 1, 0.5, 0.1] @ rng.normal(size=(6, 6)) + 7).astype(np.float32)
    theirs = PCA(2).fit(points)
    ours = fit_pca(points)
    assert ours.explained == pytest.approx(tuple(theirs.explained_variance_ratio_), rel=1e-4)
    signs = np.sign((ours.axes * theirs.components_).sum(axis=1))
    assert ours.project(points) == pytest.approx(theirs.transform(points) * signs, abs=1e-3)
    thought = points[:10].reshape(5, 2, 6)
    assert ours.project(thought).shape == (5, 2, 2)


def test_pca_of_a_line():
    line = np.outer(np.arange(5.0), [3, 4, 0]).astype(np.float32)
    found = fit_pca(line)
    assert found.explained == pytest.approx((1, 0), abs=1e-6)
    assert found.axes[0] == pytest.approx([0.6, 0.8, 0], abs=1e-6)  # towards its largest entry, always
    assert fit_pca(-line).axes[0] == pytest.approx([0.6, 0.8, 0], abs=1e-6)
    assert found.project(line)[:, 0] == pytest.approx([-10, -5, 0, 5, 10], abs=1e-5)


def test_pca_of_one_place_and_of_too_little():
    assert fit_pca(np.ones((4, 3), np.float32)).explained == (0, 0)
    with pytest.raises(ValueError, match="at least two points"):
        fit_pca(np.ones((1, 3), np.float32))


# --- laying one map over another ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mirrored", [False, True])
def test_procrustes_undoes_turn_mirror_scale_and_shift(rng, mirrored):
    fixed = rng.normal(size=(20, 2)) * [3, 1]
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1, -1 if mirrored else 1])
    moving = fixed @ turn * 2.5 + [10, -4]
    found = procrustes(moving, fixed)
    assert found.scale == pytest.approx(0.4)
    assert found.turn @ found.turn.T == pytest.approx(np.eye(2))
    assert found.apply(moving) == pytest.approx(fixed, abs=1e-5)


def test_procrustes_of_one_place():
    found = procrustes(np.ones((5, 2)), np.zeros((5, 2)))
    assert found.apply(np.ones((5, 2))) == pytest.approx(np.zeros((5, 2)))


# --- honesty ------------------------------------------------------------------------------------------------------


def approach(rate: float, n_steps: int) -> np.ndarray:
    """(T+1, 3): straight towards (1, 1, 1)."""
    return np.array([[1 + rate**t, 1 + 2 * rate**t, 1 - rate**t] for t in range(n_steps + 1)])


def test_a_plane_never_contradicts_a_straight_approach(rng):
    states = approach(0.7, 10)
    motion = false_motion(fit_pca(rng.normal(size=(50, 3))).project(states), states)
    assert motion.counted.all() and motion.uncounted == 0
    assert motion.share == 0


def test_motion_that_the_latent_space_contradicts():
    states = np.array([[4.0, 0], [3, 0], [2, 0], [1, 0], [0, 0]])  # four equal steps towards the end
    straight = np.array([[4.0, 0], [3, 0], [2, 0], [1, 0], [0, 0]])
    assert false_motion(straight, states).false.tolist() == [False] * 4
    detour = np.array([[1.0, 0], [2, 0], [3, 0], [1, 0], [0, 0]])  # two steps away, two towards
    found = false_motion(detour, states)
    assert found.false.tolist() == [True, True, False, False]
    assert found.share == 0.5
    resting = np.array([[2.0, 0], [2, 0], [0, 2], [1, 0], [0, 0]])  # equal distances are no contradiction
    assert found.counted.all() and not false_motion(resting, states).false.any()


def test_small_steps_are_not_counted():
    # steps of 100, 1 and .5: the path is 101.5 long, so the last two are below 1 % of it
    states = np.array([[101.5, 0], [1.5, 0], [0.5, 0], [0.0, 0]])
    backwards = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])[::-1] * [[1], [-1], [-2], [5]]
    found = false_motion(backwards, states)
    assert found.counted.tolist() == [True, False, False]
    assert found.uncounted == 2 and not found.false[1:].any()


def test_a_thought_that_never_moves_says_nothing():
    found = false_motion(np.random.default_rng(1).normal(size=(4, 2)), np.ones((4, 3)))
    assert found.uncounted == 3 and found.share is None
    alone = false_motion(np.ones((1, 2)), np.ones((1, 3)))
    assert len(alone.false) == 0 and alone.share is None


def test_neighbourhoods_of_a_faithful_and_of_a_shuffled_map(rng):
    points = rng.normal(size=(60, 2))
    turned = points @ np.array([[0.0, 2], [2, 0]])
    assert projection.neighbourhoods(points, turned) == Neighbourhoods(1.0, 1.0)
    flat = np.stack([points[:, 0], np.zeros(60)], axis=1)  # a flattened map tears nobody apart, but it piles up
    found = projection.neighbourhoods(points, flat)
    assert found is not None
    assert found.trustworthiness == trustworthiness(points, flat, n_neighbors=10)
    assert found.continuity > found.trustworthiness
    shuffled = projection.neighbourhoods(points, rng.permutation(points))
    assert shuffled is not None and shuffled.trustworthiness < 0.7
    assert projection.neighbourhoods(points[:20], turned[:20]) is None


def test_trustworthiness_by_hand():
    # six points on a line, one neighbour; the map exchanges the second and the third
    points = np.array([0.0, 1, 2.5, 10, 11, 12.5])[:, None] * [[1.0, 0]]
    found = projection.neighbourhoods(points, points[[0, 2, 1, 3, 4, 5]], k=1)
    # on the map the nearest of the first three are 2, 2 and 0: each is only second in truth, one rank too far
    assert found is not None
    assert found.trustworthiness == pytest.approx(1 - 2 / (6 * 1 * (2 * 6 - 3 * 1 - 1)) * (1 + 1 + 1))


def test_a_map_confesses_what_it_shows():
    motions = [
        FalseMotion(np.array([True, False, False]), np.array([True, True, False])),
        FalseMotion(np.array([False, False]), np.array([True, True])),
    ]
    found = projection.honesty(motions, Neighbourhoods(0.9, 0.8), 50, explained=0.4)
    assert (found.false_share, found.uncounted) == (0.25, 1)
    assert (found.trustworthiness, found.continuity, found.explained, found.n) == (0.9, 0.8, 0.4, 50)
    assert found.displacement is None and found.seed is None
    nothing = projection.honesty([], None, 5)
    assert nothing.false_share is None and nothing.trustworthiness is None


# --- UMAP ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clumps() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 5)) * 4
    return (np.repeat(centres, 30, axis=0) + rng.normal(size=(90, 5)) * 0.3).astype(np.float32)


@pytest.fixture(scope="module")
def reference(clumps) -> projection.UmapReference:
    threads = torch.get_num_threads()
    drawn = projection.fit_reference(clumps, seed=0)
    # the first fit of a process launches numba's threads; a network trained next must still sum as before
    assert torch.get_num_threads() == threads
    return drawn


def test_the_reference_is_a_function_of_the_seed(clumps, reference):
    assert reference.xy.shape == (90, 2)
    assert np.array_equal(projection.fit_reference(clumps, seed=0).xy, reference.xy)
    kept = projection.neighbourhoods(clumps, reference.xy)
    assert kept is not None and kept.trustworthiness > 0.9


def test_a_thought_is_placed_among_its_neighbours(clumps, reference):
    way = np.linspace(clumps[0] + 0.4, clumps[0], 6).astype(np.float32)
    other = np.repeat(clumps[31:32] + 0.01, 3, axis=0)
    placed = projection.refit(reference, [way, other])
    assert [len(path) for path in placed.xy] == [6, 3]
    assert np.array_equal(placed.xy[1], placed.xy[1][:1].repeat(3, axis=0))  # equal states, one place
    for path, clump in ((placed.xy[0], slice(0, 30)), (placed.xy[1], slice(30, 60))):
        own = np.linalg.norm(path[-1] - reference.xy[clump], axis=1).min()
        rest = np.delete(reference.xy, clump, axis=0)
        assert own < np.linalg.norm(path[-1] - rest, axis=1).min()
    assert 0 < placed.displacement < 0.2
    again = projection.refit(reference, [way, other])
    assert np.array_equal(again.xy[0], placed.xy[0])


def test_one_place_is_no_map():
    with pytest.raises(ValueError, match="more than 15 different states; these 40 are 1"):
        projection.fit_reference(np.full((40, 4), 0.3, np.float32), seed=0)
    with pytest.raises(ValueError, match="these 15 are 15"):
        projection.fit_reference(np.eye(15, dtype=np.float32), seed=0)


def test_nearest_points(rng):
    points, states = rng.normal(size=(30, 4)), rng.normal(size=(7, 4))
    expected = np.linalg.norm(states[:, None] - points, axis=-1).argmin(axis=1)
    assert projection.nearest_points(points, states).tolist() == expected.tolist()
    assert projection.span(np.array([[0.0, 1], [2, 8]])) == 7
