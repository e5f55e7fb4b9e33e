import itertools

import numpy as np
import pytest
import torch
from torch import nn

from satipatthana.components.vipassana import Insight
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.paths import walk
from satipatthana.diagnostics.shapley import Evidence, autopsy, coalitions, evidence_of, shapley
from tests.tiny import tiny_config, tiny_system


def test_coalitions_by_hand():
    assert coalitions(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]
    with pytest.raises(ValueError, match="30 players"):
        coalitions(30)


def test_what_adds_up_is_shared_as_it_adds():
    weights = np.array([2.0, -1.0, 0.5])
    assert shapley(coalitions(3) @ weights + 7) == pytest.approx(weights)


def test_the_glove_game():
    # a pair of gloves is worth 1; player 0 holds a left one, 1 and 2 a right one each (Shapley's own example)
    members = coalitions(3)
    assert shapley((members[:, 0] & members[:, 1:].any(axis=1)).astype(float)) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_against_every_order_of_arrival():
    worth = np.random.default_rng(0).normal(size=(2**4, 2))
    expected = np.zeros((4, 2))
    for order in itertools.permutations(range(4)):
        coalition = 0
        for player in order:
            expected[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    assert shapley(worth) == pytest.approx(expected / 24)
    assert shapley(worth).sum(axis=0) == pytest.approx(worth[-1] - worth[0])


@pytest.mark.parametrize("kind", ["familiar", "grounded", "standard"])
def test_contributions_sum_to_the_logit_less_the_baseline(bundle, kind):
    system = SatipatthanaSystem(tiny_config({} if kind == "familiar" else {"vipassana.kind": kind}))
    x, y = bundle.test.x[:20], bundle.test.y[:20]
    clean = dict(walk(system, x, y, seed=0, names=()))["clean"]
    assert clean.metrics is not None and clean.path is not None
    seen = evidence_of(system, x[3:4], sample=3, seed=0, noise_level=0.0, drunk_mode=True)
    assert seen is not None
    found = autopsy(system, seen, clean.metrics, clean.path)
    assert len(found.names) == len(found.values) + 1 == len(found.contributions)
    assert len(found.values) == {"familiar": 12, "grounded": 8, "standard": 2}[kind]
    assert found.contributions.sum(axis=0) == pytest.approx(found.logit - found.baseline, abs=1e-5)
    with torch.no_grad():
        sober = evidence_of(system, x[3:4], sample=3, seed=0)
        assert sober is not None and sober.metrics == pytest.approx(clean.metrics[3].numpy(), abs=1e-4)
        expected = system(x[3:4]).insight.logits[0].numpy()
    assert autopsy(system, sober, clean.metrics, clean.path).logit == pytest.approx(expected, abs=1e-5)
    # trust reads no path: a player that changes nothing gets nothing
    assert found.contributions[-1, 0] == 0 and np.abs(found.contributions[:-1, 0]).max() > 0
    if kind != "standard":
        assert np.all(found.contributions[:-1, 1] == 0), "conformity reads the path alone"
    assert np.all((found.below >= 0) & (found.below <= 1))


def test_the_mean_of_the_clean_needs_no_explanation(bundle):
    system = tiny_system()
    clean = dict(walk(system, bundle.test.x[:9], bundle.test.y[:9], seed=0, names=()))["clean"]
    assert clean.metrics is not None and clean.path is not None
    middle = Evidence(clean.metrics.mean(dim=0), clean.path.mean(dim=0))
    assert autopsy(system, middle, clean.metrics, clean.path).contributions == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="at least one"):
        autopsy(system, middle, clean.metrics[:0], clean.path[:0])


def test_who_took_no_step_or_lays_nothing_open_has_no_evidence(bundle):
    class Closed(nn.Module):
        def forward(self, s_star, santana, probes, error):
            return Insight(torch.zeros(len(s_star), 3), torch.zeros(len(s_star), 6), error > -1)

    x = bundle.test.x[:1]
    system = tiny_system()
    assert evidence_of(system, x, sample=0, seed=0, drunk_mode=True, drunk_skip_prob=1.0) is None
    seen = evidence_of(system, x, sample=0, seed=0)
    closed = SatipatthanaSystem(system.config, {"vipassana": Closed()})
    assert evidence_of(closed, x, sample=0, seed=0) is None
    assert seen is not None
    with pytest.raises(ValueError, match="Closed does not say"):
        autopsy(closed, seen, seen.metrics[None], seen.path[None])
