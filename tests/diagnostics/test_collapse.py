import dataclasses
import itertools

import numpy as np
import pytest
import torch
from sklearn.metrics.cluster import contingency_matrix

from satipatthana.diagnostics.collapse import (
    class_table,
    clustering_order,
    pair_cosines,
    portrait,
    probe_angles,
    spread,
    usage,
)


def test_usage_of_three_probes():
    attention = torch.tensor([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.5, 0.5, 0.0]])
    found = usage(attention)
    assert found.share == pytest.approx([0.5, 0.5, 0])
    assert found.perplexity == pytest.approx(2)
    assert found.won == pytest.approx([0.75, 0.25, 0])
    assert found.used == 2
    with pytest.raises(ValueError, match="0 inputs"):
        usage(torch.zeros(0, 3))


def test_angles_of_right_angles_and_of_parallels():
    right = probe_angles(3 * torch.eye(4))
    assert (right.mean, right.rms, right.max) == (0, 0, 0)
    assert np.array_equal(right.similarity, np.eye(4))
    clumps = probe_angles(torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]))  # two parallel, one opposite
    assert clumps.mean == pytest.approx(-1 / 3)
    assert clumps.rms == pytest.approx(1)
    assert clumps.max == pytest.approx(1)


def test_spread_against_all_pairs(generator):
    states = torch.randn(12, 5, generator=generator) + 0.5
    unit = states / states.norm(dim=1, keepdim=True)
    pairs = [float(unit[a] @ unit[b]) for a, b in itertools.combinations(range(12), 2)]
    found = spread(states)
    assert found.mean_cosine == pytest.approx(np.mean(pairs), abs=1e-6)
    assert found.std == pytest.approx(states.numpy().std(axis=0).mean(), abs=1e-6)


def test_spread_of_one_state():
    found = spread(torch.tensor([[3.0, 4.0]]).repeat(7, 1))
    assert found.std == 0
    assert found.mean_cosine == pytest.approx(1)
    assert spread(torch.zeros(7, 2)).mean_cosine == 0  # nothing points anywhere
    with pytest.raises(ValueError, match="at least two"):
        spread(torch.ones(1, 2))


def test_the_order_puts_alike_probes_side_by_side():
    directions = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 1.0], [0.1, 0.9, 0.0]])
    order = clustering_order(probe_angles(directions).similarity)
    assert sorted(order) == [0, 1, 2, 3, 4]
    place = {probe: index for index, probe in enumerate(order)}
    assert abs(place[0] - place[2]) == abs(place[1] - place[4]) == 1
    assert sorted(clustering_order(np.eye(2, dtype=np.float32))) == [0, 1]
    assert sorted(clustering_order(np.ones((3, 3), np.float32))) == [0, 1, 2]  # all parallel


def test_the_table_is_scikit_learns(generator):
    winner = torch.randint(0, 4, (200,), generator=generator)
    labels = torch.randint(0, 3, (200,), generator=generator)
    found = class_table(winner, labels, 4, 3)
    assert np.array_equal(found.count, contingency_matrix(winner.numpy(), labels.numpy()))
    assert found.purity == pytest.approx(found.count.max(axis=1).sum() / 200)
    with pytest.raises(ValueError, match="0 inputs"):
        class_table(winner[:0], labels[:0], 4, 3)


def test_purity_of_probes_that_own_a_class_and_of_one_that_has_all():
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert class_table(labels, labels, 3, 3).purity == 1
    found = class_table(torch.zeros(6, dtype=torch.int64), labels, 3, 3)
    assert found.purity == pytest.approx(1 / 3)
    assert found.count.tolist() == [[2, 2, 2], [0, 0, 0], [0, 0, 0]]


def test_cosines_of_all_pairs(generator):
    states = torch.randn(30, 4, generator=generator)
    labels = torch.arange(30) % 3
    found = pair_cosines(states, labels, bins=8)
    unit = (states / states.norm(dim=1, keepdim=True)).numpy()
    cosine = unit @ unit.T
    pairs = list(itertools.combinations(range(30), 2))
    same = [cosine[a, b] for a, b in pairs if labels[a] == labels[b]]
    other = [cosine[a, b] for a, b in pairs if labels[a] != labels[b]]
    assert found.same == pytest.approx(np.histogram(same, found.edges)[0] / len(same))
    assert found.other == pytest.approx(np.histogram(other, found.edges)[0] / len(other))
    assert (found.n_same, found.n_other) == (len(same), len(other))
    assert (found.same_mean, found.other_mean) == (pytest.approx(np.mean(same)), pytest.approx(np.mean(other)))
    n = len(states)
    both = (sum(same) + sum(other)) / (n * (n - 1) / 2)
    assert spread(states).mean_cosine == pytest.approx(both, abs=1e-6)


def test_one_class_alone_has_no_other_pairs():
    found = pair_cosines(torch.ones(4, 2), torch.zeros(4, dtype=torch.int64), bins=4)
    assert found.same.tolist() == [0, 0, 0, 1] and found.other.tolist() == [0, 0, 0, 0]
    assert found.same_mean == pytest.approx(1) and found.other_mean is None


def test_dead_probes_are_those_that_are_never_nearest():
    assert usage(torch.tensor([[0.5, 0.4, 0.1, 0.0], [0.3, 0.4, 0.3, 0.0]])).dead_share == 0.5


def test_a_portrait_is_made_of_these(system, bundle):
    found = portrait(system, bundle.train, bundle.test, bundle.n_classes)
    with torch.no_grad():
        system.eval()
        _, meta = system.samatha.vitakka(system.samatha.adapter(bundle.train.x))
        ends = system.think(bundle.test.x)
    assert found.train.share == pytest.approx(usage(meta.attention).share, abs=1e-6)
    assert found.test.won == pytest.approx(usage(ends.meta.attention).won)
    assert np.array_equal(found.table.count, class_table(ends.meta.winner, bundle.test.y, 4, 10).count)
    assert found.norms == pytest.approx(system.probes.detach().norm(dim=1).numpy())
    assert found.order == clustering_order(found.angles.similarity)
    assert found.spread.std == pytest.approx(spread(ends.s_star).std, rel=1e-4)
    assert 1 <= found.end_rank <= 16 and 1 <= found.probe_rank <= 4
    assert found.cosines.n_same + found.cosines.n_other == 60 * 59 / 2
    with pytest.raises(ValueError, match="at least two"):
        portrait(system, bundle.train, dataclasses.replace(bundle.test, x=bundle.test.x[:0], y=bundle.test.y[:0]), 10)
