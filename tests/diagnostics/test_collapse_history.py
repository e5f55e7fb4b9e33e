"""The signs of collapse over training, and beside other guards."""

import dataclasses

import pytest
import torch

from satipatthana import measures
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle
from satipatthana.diagnostics import collapse_history
from satipatthana.diagnostics.collapse import probe_angles, spread, usage
from satipatthana.diagnostics.collapse_history import GUARDS, collapse_figures, compare_guards, over_training
from tests.tiny import tiny_config, tiny_system


@pytest.fixture
def small(bundle: DataBundle, monkeypatch: pytest.MonkeyPatch) -> DataBundle:
    monkeypatch.setattr(collapse_history, "BATCH", 8)
    return dataclasses.replace(bundle, train=bundle.validation)


def test_the_figures_are_those_of_their_definitions(bundle: DataBundle):
    system = tiny_system()
    found = collapse_figures(system, bundle.validation, bundle.n_classes)
    with torch.no_grad():
        thought = system.eval().think(bundle.validation.x, threshold=-1.0)
    used, angles = usage(thought.meta.attention), probe_angles(system.probes)
    assert (found.perplexity, found.dead_share) == (pytest.approx(used.perplexity), used.dead_share)
    assert (found.mean_cosine, found.max_cosine) == (angles.mean, angles.max)
    assert found.spread == pytest.approx(spread(thought.s_star).std)
    ends = thought.s_star - thought.s_star.mean(dim=0)
    assert found.end_rank == pytest.approx(measures.effective_rank(ends), rel=1e-4)


def test_probes_of_any_length_that_point_one_way_have_rank_one(bundle: DataBundle):
    system = tiny_system()
    with torch.no_grad():
        system.probes.copy_(torch.ones(4, 16) * torch.tensor([[1.0], [2.0], [3.0], [9.0]]))
    found = collapse_figures(system, bundle.validation, bundle.n_classes)
    assert found.probe_rank == pytest.approx(1) and found.max_cosine == pytest.approx(1)
    assert found.perplexity == pytest.approx(4)  # all answer alike: the cosines tell, not the usage


def test_keys_are_what_is_compared(bundle: DataBundle):
    system = tiny_system({"samatha.vitakka.kind": "keyed", "samatha.vitakka.dim": 16, "samatha.vitakka.n_probes": 4})
    keys = torch.eye(16)[:4]
    system.samatha.vitakka.keys = keys
    found = collapse_figures(system, bundle.validation, bundle.n_classes)
    assert (found.probe_rank, found.max_cosine) == (pytest.approx(4), 0)


def test_moments_grow_one_by_one(bundle: DataBundle):
    networks = [(0, 1, tiny_system()), (1, 5, tiny_system())]
    pieces = list(over_training(networks, 2, bundle.validation, bundle.n_classes))
    assert [(piece.done, piece.total, len(piece.found or ())) for piece in pieces] == [(1, 2, 1), (2, 2, 2)]
    assert [(moment.stage, moment.global_step) for moment in pieces[-1].found or ()] == [(0, 1), (1, 5)]
    assert [piece.found for piece in over_training([], 0, bundle.validation, bundle.n_classes)] == [()]


@pytest.mark.parametrize("from_data", [True, False])
def test_guards_are_trained_on_copies(small: DataBundle, from_data: bool):
    system = tiny_system()
    before = {name: value.clone() for name, value in system.state_dict().items()}
    pieces = list(compare_guards(system, small, n_steps=2, every=1, from_data=from_data, guards=GUARDS[-2:]))
    assert [piece.done for piece in pieces] == [1, 2, 3, 4] and {piece.total for piece in pieces} == {4}
    assert [piece.found is None for piece in pieces] == [True, False, True, False]
    found = pieces[-1].found or ()
    assert [each.guard for each in found] == ["nothing", "keyed"]
    assert all(each.steps == (1, 2) and len(each.figures) == 2 for each in found)
    assert all(torch.equal(value, before[name]) for name, value in system.state_dict().items())


def test_each_guard_differs_in_what_it_says_alone():
    config = tiny_config()
    built = {guard.name: collapse_history._config(config, guard, 7) for guard in GUARDS}
    assert {name: run.samatha.vitakka.kind for name, run in built.items() if name == "keyed"} == {"keyed": "keyed"}
    for guard in GUARDS:
        run = built[guard.name]
        assert run.curriculum.stage1.n_steps == 7
        weights = run.curriculum.stage1.weights
        assert {name: weights[name] for name in guard.weights} == dict(guard.weights)
        assert weights["reconstruction"] == config.curriculum.stage1.weights["reconstruction"]
        assert run.samatha.vitakka.dim == config.samatha.vitakka.dim


def test_random_directions_stay_random_until_they_learn(small: DataBundle):
    guards = (GUARDS[4],)
    system = tiny_system()
    for from_data in (True, False):
        run = collapse_history._Run(system, small, guards[0], 2, from_data)
        start = run.network.probes.detach().clone()
        assert torch.equal(start, SatipatthanaSystem(system.config).probes)
        next(run.steps)
        moved = float((run.network.probes.detach() - start).norm(dim=1).min())
        assert (moved < 0.1) == (not from_data)
        run.steps.close()  # type: ignore[attr-defined]  # a generator
