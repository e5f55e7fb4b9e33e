"""Planes through systems whose ends are known: one that contracts, and two that do not."""

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage

from satipatthana.components.vicara import InjectedVicara
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.planes import basins, cut_through, field, linked, planes, steps_to, three_samples
from satipatthana.diagnostics.scale import unit_of
from tests.tiny import tiny_digits, tiny_system

SIDE, UNIT = 12, 4.0


@pytest.fixture
def cut(generator):
    return cut_through(torch.randn(3, 16, generator=generator))


# --- the plane ------------------------------------------------------------------------------------------------------


def test_the_three_states_lie_on_their_plane(generator):
    states = torch.randn(3, 5, generator=generator)
    cut = cut_through(states)
    assert cut.axes @ cut.axes.T == pytest.approx(np.eye(2), abs=1e-6)
    assert cut.origin + cut.corners @ cut.axes == pytest.approx(states.numpy(), abs=1e-5)
    assert cut.project(states.numpy()) == pytest.approx(cut.corners, abs=1e-5)
    assert cut.corners[:2] == pytest.approx(np.array([[0, 0], [float((states[1] - states[0]).norm()), 0]]), abs=1e-5)
    assert (cut.corners > cut.low).all() and (cut.corners < cut.high).all()


def test_the_grid_is_read_as_a_picture(cut):
    places = cut.project(cut.grid(4).numpy()).reshape(4, 4, 2)
    assert (np.diff(places[..., 0], axis=1) > 0).all() and (np.diff(places[..., 1], axis=0) < 0).all()
    cell = (cut.high[0] - cut.low[0]) / 4
    assert places[0, 0] == pytest.approx([cut.low[0] + cell / 2, cut.high[1] - cell / 2], abs=1e-5)


@pytest.mark.parametrize("states", [[[0, 0], [1, 1], [2, 2]], [[0, 0], [0, 0], [1, 2]], [[1, 1], [1, 1], [1, 1]]])
def test_a_line_is_no_plane(states):
    with pytest.raises(ValueError, match="on one line"):
        cut_through(torch.tensor(states, dtype=torch.float32))


def test_three_samples_of_three_classes():
    ends = torch.tensor([[0.0, 0], [1, 0], [2, 0], [3, 0], [4, 0]])
    assert three_samples(ends, torch.tensor([0, 0, 1, 1, 2]), ends[0], 0) == [2, 4]
    assert three_samples(ends, torch.tensor([0, 0, 1, 1, 1]), ends[0], 0) == [2, 4]  # no third: the farthest
    assert three_samples(ends, torch.tensor([0, 0, 0, 0, 0]), ends[0], 0) == [1, 4]


# --- one input, many starts -----------------------------------------------------------------------------------------


def test_a_contraction_has_one_end(cut, generator):
    system, z = tiny_system(), torch.randn(16, generator=generator)
    found = basins(system, z, cut, UNIT, SIDE)
    assert (found.n_ends, found.moving) == (1, 0) and found.shares.tolist() == [1]
    with observing(system):
        step, end = system.samatha.vicara.begin(z[None]), z[None]
        for _ in range(100):
            end = step(end)
    end = end[0].numpy()
    assert found.ends[0] == pytest.approx(cut.project(end), abs=1e-3)
    above = np.linalg.norm(end - cut.origin - cut.project(end) @ cut.axes)
    assert found.off[0] == pytest.approx(above, abs=1e-3)
    assert found.steps.min() > 0 and found.steps.max() < 30


def test_without_the_spectral_norm_there_are_as_many_ends_as_patterns(cut):
    # s' = (s + tanh(2 relu(s))) / 2 in each coordinate: what starts above 0 ends at .957, what starts below at 0
    system = tiny_system({"samatha.vicara.spectral_norm": False, "samatha.vicara.hidden": 16})
    vicara = system.samatha.vicara
    assert isinstance(vicara, InjectedVicara)
    one, zero = torch.eye(16), torch.zeros(16)
    vicara.load_state_dict(
        {
            "enter.weight": one,
            "enter.bias": zero,
            "leave.weight": one * 2 / vicara.config.kappa,
            "inject.weight": one,
            "anchor.weight": one,
            "anchor.bias": zero,
        }
    )
    found = basins(system, torch.zeros(16), cut, UNIT, SIDE)
    patterns = (cut.grid(SIDE) > 0).int().tolist()
    kinds = {tuple(pattern): number for number, pattern in enumerate(patterns)}
    assert found.n_ends == len(kinds) > 3 and found.moving == 0
    pairs = {(kinds[tuple(pattern)], owner) for pattern, owner in zip(patterns, found.owner.ravel(), strict=True)}
    assert len(pairs) == len(kinds)  # the same partition
    assert (np.diff(found.shares) <= 0).all() and found.shares.sum() == pytest.approx(1)


def test_a_standard_vicara_may_have_several_ends(cut):
    assert basins(tiny_system({"samatha.vicara.kind": "standard"}), torch.zeros(16), cut, UNIT, SIDE).n_ends == 1
    steep = tiny_system({"samatha.vicara.kind": "standard"})
    one, zero = torch.eye(16), torch.zeros(16)
    weights = {"phi.0.weight": one, "phi.0.bias": zero, "phi.3.weight": 4 * one, "phi.3.bias": zero}
    steep.samatha.vicara.load_state_dict(weights, strict=False)
    found = basins(steep, torch.zeros(16), cut, UNIT, SIDE)
    assert found.n_ends > 1 and found.moving == 0


def test_what_never_rests_is_counted(cut):
    system = tiny_system({"samatha.vicara.kind": "standard"})
    system.samatha.vicara.begin = lambda z: lambda s: s.roll(1, dims=1)
    found = basins(system, torch.zeros(16), cut, UNIT, SIDE, n_steps=20)
    assert found.moving == 1


def test_steps_to_an_end_that_is_halved_towards():
    def halve(s):
        return s / 2

    starts = torch.tensor([[8.0], [1], [0.01], [0]])
    assert steps_to(halve, starts, torch.zeros(4, 1), 0.1, 50).tolist() == [7, 4, 0, 0]
    assert steps_to(lambda s: s, starts, torch.zeros(4, 1), 0.1, 5).tolist() == [5, 5, 0, 0]


@pytest.mark.parametrize("reach", [0.05, 0.3, 0.6, 5.0])
def test_groups_are_scipys_single_linkage(generator, reach):
    points = torch.randn(80, 2, generator=generator)
    theirs = fcluster(linkage(points.double().numpy(), "single"), reach, "distance")
    ours = linked(points, reach).numpy()
    assert len({*zip(ours, theirs, strict=True)}) == len(set(ours)) == len(set(theirs))


# --- many inputs ----------------------------------------------------------------------------------------------------


def test_a_field_is_what_the_network_does_at_each_place(cut):
    system = tiny_system()
    found = field(system, cut, UNIT, SIDE, arrows=4)
    z = cut.grid(SIDE)
    with observing(system):
        s, _ = system.samatha.vitakka(z, threshold=-1.0)
        step = system.samatha.vicara.begin(z)
        for _ in range(100):
            s = step(s)
        answer = system.logits(s, torch.zeros(len(s), 6)).argmax(dim=1)
        tail = cut.grid(4)
        head = system.samatha.vicara(tail, tail)
    assert found.answer.ravel().tolist() == answer.tolist()
    assert found.arrows == pytest.approx(cut.project(head.numpy()) - cut.project(tail.numpy()), abs=1e-5)
    assert found.tails == pytest.approx(cut.project(tail.numpy()), abs=1e-5)
    assert found.steps.shape == (SIDE, SIDE) and found.steps.max() < 30


# --- both -----------------------------------------------------------------------------------------------------------


def test_both_planes_of_one_thought():
    system, digits = tiny_system(), tiny_digits(40)
    x, label = digits.x[:1], int(digits.y[0])
    pieces = list(planes(system, x, label, digits.x[1:], digits.y[1:], side=4, threshold=-1.0))
    assert [(piece.done, piece.total) for piece in pieces] == [(0, 2), (1, 2), (2, 2)]
    found = pieces[-1].found
    assert found is not None and found.basins is not None and found.field is not None
    assert len(set(found.classes)) == 3 and found.classes[0] == label
    with observing(system):
        own = system.think(x, threshold=-1.0)
    assert found.basins.cut.origin == pytest.approx(own.s_star[0].numpy(), abs=1e-6)
    assert found.field.cut.origin == pytest.approx(own.z[0].numpy(), abs=1e-6)
    assert found.unit == pytest.approx(unit_of(system, digits.x[1:]))
    assert found.basins.n_ends == 1 and torch.is_grad_enabled()
    # its only end is one's own, though that stopped after ten steps
    assert np.linalg.norm(found.basins.ends[0]) < 0.05 * found.unit
