import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from satipatthana import measures


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_perplexity_counts_what_is_in_use():
    shares = torch.tensor([[0.25, 0.25, 0.25, 0.25], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    assert torch.allclose(measures.perplexity(shares), torch.tensor([4.0, 1.0, 2.0]))
    assert torch.allclose(measures.perplexity(torch.tensor([3.0, 1.0])), torch.tensor(4 / 3**0.75))  # counts


def test_cosines_of_a_simplex():
    corners = torch.tensor([[1.0, 0], [-0.5, math.sqrt(3) / 2], [-0.5, -math.sqrt(3) / 2]]) * 7
    off = measures.off_diagonal(measures.cosine_matrix(corners))
    assert off.shape == (3, 2)
    assert torch.allclose(off, torch.full((3, 2), -0.5), atol=1e-6)


def test_off_diagonal_keeps_the_rows():
    matrix = torch.arange(9.0).view(3, 3)
    assert measures.off_diagonal(matrix).tolist() == [[1, 2], [3, 5], [6, 7]]
    with pytest.raises(ValueError, match="at least two"):
        measures.off_diagonal(torch.ones(1, 1))


def test_a_zero_vector_points_nowhere():
    matrix = measures.cosine_matrix(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert matrix.tolist() == [[0, 0], [0, 1]]


def test_step_sizes():
    states = torch.tensor([[[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 5.0]]])
    assert measures.step_sizes(states).tolist() == [[5.0], [1.0]]


def test_distances_do_not_depend_on_the_batch():
    a, b = torch.randn(100, 8, generator=rng()), torch.randn(40, 8, generator=rng(1))
    apart = measures.distances(a, b)
    assert torch.allclose(apart, (a[:, None] - b).norm(dim=-1), atol=1e-6)
    assert torch.equal(apart[7:8], measures.distances(a[7:8], b))
    assert measures.distances(a, a).diagonal().abs().max() == 0


def test_errors():
    a, b = torch.zeros(2, 1, 2, 2), torch.stack([torch.full((1, 2, 2), 0.2), torch.full((1, 2, 2), 2.0)])
    assert torch.allclose(measures.mse(a, b), torch.tensor([0.04, 4.0]))


@pytest.mark.parametrize("levels", [0, 4], ids=["distinct", "ties"])
def test_auroc_is_scikit_learns(levels: int):
    g = rng()
    positive, negative = torch.randn(300, generator=g) + 0.5, torch.randn(170, generator=g)
    if levels:
        positive, negative = (positive * levels).round() / levels, (negative * levels).round() / levels
    labels = torch.cat([torch.ones(300), torch.zeros(170)]).numpy()
    expected = roc_auc_score(labels, torch.cat([positive, negative]).numpy())
    assert measures.auroc(positive, negative) == pytest.approx(expected, abs=1e-12)


def test_roughness_of_pictures_made_by_hand():
    x = torch.full((3, 1, 5, 5), 0.3)  # even, so without an edge, at the border too
    x[1, :, 2, 2] += 1.0  # a dot: 4 in the middle and 1 at each of its four sides
    x[2, :, :, 2:] += 1.0  # a step: 1 on both its sides, all the way down
    assert measures.roughness(x).tolist() == pytest.approx([0.0, 8 / 25, 10 / 25], abs=1e-6)
    assert torch.allclose(measures.roughness(x.repeat(1, 3, 1, 1)), measures.roughness(x)), "colours do not add up"


def test_auroc_extremes():
    low, high = torch.tensor([0.0, 0.1]), torch.tensor([0.5, 0.6, 0.7])
    assert measures.auroc(high, low) == 1.0
    assert measures.auroc(low, high) == 0.0
    assert measures.auroc(low, low) == 0.5
    with pytest.raises(ValueError, match="give both"):
        measures.auroc(low, torch.zeros(0))
    with pytest.raises(ValueError, match="NaN"):
        measures.auroc(low, torch.tensor([torch.nan]))


def test_kmeans_finds_three_clumps():
    g = rng()
    truth = torch.tensor([[10.0, 0], [0, 10.0], [-10.0, -10.0]])
    points = truth.repeat_interleave(40, dim=0) + 0.1 * torch.randn(120, 2, generator=g)
    centres = measures.kmeans(points, 3, rng(1))
    assert torch.cdist(truth, centres).min(dim=1).values.max() < 0.1
    assert torch.equal(centres, measures.kmeans(points, 3, rng(1)))


def test_kmeans_of_as_many_centres_as_points_is_the_points():
    points = torch.arange(5.0)[:, None]
    assert measures.kmeans(points, 5, rng()).flatten().sort().values.tolist() == [0, 1, 2, 3, 4]


def test_kmeans_with_too_few_points():
    with pytest.raises(ValueError, match="k is 4 for 3 points"):
        measures.kmeans(torch.zeros(3, 2), 4, rng())
    assert measures.kmeans(torch.ones(3, 2), 2, rng()).tolist() == [[1, 1], [1, 1]]  # one distinct point


def test_kmeans_leaves_the_global_random_state_alone():
    before = torch.random.get_rng_state()
    measures.kmeans(torch.randn(20, 3, generator=rng()), 4, rng())
    assert torch.equal(before, torch.random.get_rng_state())


def test_spherical_kmeans_finds_directions_and_keeps_an_empty_centre():
    g = rng()
    east = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0]]) + 0.1 * torch.randn(50, 2, generator=g))
    north = torch.nn.functional.normalize(torch.tensor([[0.0, 1.0]]) + 0.1 * torch.randn(50, 2, generator=g))
    init = torch.tensor([[3.0, 1.0], [1.0, 3.0], [-1.0, -1.0]])
    centres = measures.spherical_kmeans(torch.cat([east, north]), init, steps=5)
    assert torch.allclose(centres.norm(dim=1), torch.ones(3))
    assert torch.allclose(centres[:2], torch.eye(2), atol=0.05)
    assert torch.allclose(centres[2], torch.full((2,), -(0.5**0.5)))
    assert torch.allclose(centres[0], torch.nn.functional.normalize(east.mean(dim=0), dim=0), atol=1e-6)


def test_effective_rank():
    assert measures.effective_rank(3 * torch.eye(5)) == pytest.approx(5)
    assert measures.effective_rank(torch.ones(7, 3)) == pytest.approx(1)
    p = torch.tensor([0.75, 0.25], dtype=torch.float64)  # singular values 3 and 1
    expected = float(torch.exp(-(p * p.log()).sum()))
    assert measures.effective_rank(torch.tensor([[3.0, 0.0], [0.0, 1.0]])) == pytest.approx(expected)
    assert measures.effective_rank(torch.zeros(4, 3)) == 0


def test_whitening_evens_out_the_variance():
    points = (
        torch.randn(400, 3, generator=rng()).double() @ torch.tensor([[3.0, 0, 0], [1, 1, 0], [0, 0, 0.5]]).double()
    )
    centred = points - points.mean(dim=0)
    assert torch.allclose(measures.whitening(centred, 0.0), torch.eye(3).double())
    white = centred @ measures.whitening(centred, 0.5, floor=0.0)
    assert torch.allclose(white.T.cov(), torch.eye(3).double(), atol=1e-6)
    half = measures.whitening(centred, 0.25, floor=0.0)
    assert torch.allclose(half @ half, measures.whitening(centred, 0.5, floor=0.0))
    assert torch.equal(measures.whitening(torch.zeros(5, 2), 0.25).isfinite(), torch.ones(2, 2).bool())


@pytest.mark.parametrize("n", [2, 3, 17])
def test_a_derangement_leaves_nobody_in_place(n: int):
    for seed in range(20):
        partner = measures.derangement(n, rng(seed))
        assert sorted(partner.tolist()) == list(range(n))
        assert not (partner == torch.arange(n)).any()
    with pytest.raises(ValueError, match="alone"):
        measures.derangement(1, rng())
