import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.attractors import CLOSE, attractors, run_to_end
from tests.diagnostics.conftest import config
from tests.diagnostics.maps import LinearVicara, rotation

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])


def spread_out(n: int = 6) -> torch.Tensor:
    return torch.randn(n, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_where_all_forget_there_is_one_end():
    # rounding leaves the ends of a real run that far apart
    found = attractors(1 + 1e-16 * spread_out(), spread_out(), LABELS, 3)
    assert found.n == 1 and found.shares.tolist() == [1.0]
    assert found.purity == pytest.approx(1 / 3) and found.purity_by_chance == pytest.approx(1 / 3)
    assert found.by_class.tolist() == [[2, 2, 2]] and found.ends_scale < 1e-12 < found.scale


def test_where_each_input_keeps_its_own_there_are_as_many_and_purity_says_nothing():
    found = attractors(spread_out(), spread_out(), LABELS, 3)
    assert found.n == 6 and found.purity == found.purity_by_chance == 1.0


def test_one_end_a_class_is_pure():
    centres = torch.tensor([[0.0] * 4, [1.0] * 4, [-2.0] * 4], dtype=torch.float64)
    found = attractors(centres[LABELS] + 1e-9 * spread_out(), spread_out(), LABELS, 3)
    assert found.n == 3 and found.purity == 1.0 and found.purity_by_chance < 0.8
    assert sorted(map(tuple, found.by_class)) == [(0, 0, 2), (0, 2, 0), (2, 0, 0)]


def test_the_largest_basin_comes_first():
    ends = torch.tensor([[0.0, 0.0]] * 2 + [[1.0, 0.0]] * 4, dtype=torch.float64)
    found = attractors(ends, ends, LABELS, 3)
    assert found.owner.tolist() == [1, 1, 0, 0, 0, 0] and found.shares == pytest.approx([4 / 6, 2 / 6])


def test_a_chain_is_one_end_by_single_linkage_as_in_scipy():
    chain = torch.arange(40, dtype=torch.float64)[:, None] * 0.5 * CLOSE
    far = torch.linspace(1, 3, 60, dtype=torch.float64)[:, None]
    ends = torch.cat([chain, far])
    found = attractors(ends, ends, torch.zeros(100, dtype=torch.int64), 1)
    theirs = fcluster(linkage(ends.numpy(), "single"), CLOSE * found.scale, "distance")
    assert found.n == theirs.max() == 61
    assert all(len(set(theirs[found.owner == owner])) == 1 for owner in range(found.n))


def test_one_input_alone_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        attractors(spread_out(1), spread_out(1), LABELS[:1], 3)


def test_a_network_is_run_on_to_its_ends(bundle):
    system = SatipatthanaSystem(config(), {"vicara": LinearVicara(rotation(20, 16, 0.8), 1.0)})
    output = system.think(bundle.test.x[:6])
    ends = run_to_end(system, output.z, output.santana.states[0])
    fixed = torch.linalg.solve(torch.eye(16).double() - rotation(20, 16, 0.8), torch.ones(16).double())
    assert np.allclose(ends, fixed.expand(6, 16), atol=1e-5)
    assert attractors(ends, output.santana.states[0], bundle.test.y[:6], 10).n == 1
