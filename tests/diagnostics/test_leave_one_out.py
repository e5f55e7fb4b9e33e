from itertools import pairwise

import pytest
import torch
from torch import nn

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import TRAINED_VOIDS
from satipatthana.data.void import WIDE_VOIDS
from satipatthana.diagnostics.leave_one_out import leave_one_out
from satipatthana.diagnostics.paths import given_inputs
from satipatthana.diagnostics.trust import separation
from satipatthana.train.stages import Batch, walk_paths
from tests.tiny import one_thread, snapshot, tiny_config, tiny_digits, tiny_system


@pytest.fixture
def pieces():
    system = tiny_system()
    x, y = tiny_digits().x, tiny_digits().y
    before = snapshot(system)
    with one_thread():
        found = list(leave_one_out(system, x[:40], y[:40], x[40:], curriculum=tiny_config().curriculum, seed=0))
    assert all(torch.equal(before[name], value) for name, value in system.state_dict().items()), "only copies learn"
    return system, x, found


def test_each_family_is_left_out_once(pieces):
    system, x, found = pieces
    last = found[-1]
    assert last.done == last.total and [one.family for one in last.found] == [*TRAINED_VOIDS, *WIDE_VOIDS]
    assert all(earlier.done <= later.done for earlier, later in pairwise(found))
    assert [len(piece.found) for piece in found if piece.found] == list(range(1, 9)), "it grows family by family"
    first = last.found[0]
    with torch.no_grad():
        clean = system(x[40:]).insight.trust[:, 0].numpy()
        void = system(given_inputs(system, "void_gaussian", x[40:], 0)).insight.trust[:, 0].numpy()
    expected = separation(clean, void, seed=0)
    assert first.headline.auroc is not None and expected.auroc is not None
    assert first.headline.auroc.value == pytest.approx(expected.auroc.value)
    assert first.again != first.without and first.headline != first.again


def test_rows_of_a_void_say_their_family(generator):
    system, config = tiny_system(), tiny_config().curriculum
    x = tiny_digits().x
    paths = walk_paths(system, Batch(x, torch.zeros(len(x), dtype=torch.long), generator, config, {}))
    assert bool(((paths.family >= 0) == (paths.path == 4)).all())
    for row in (paths.path == 4).nonzero()[:, 0].tolist():
        if TRAINED_VOIDS[int(paths.family[row])] == "constant":
            given = paths.thought.x_given[row]
            assert bool((given == given.flatten()[0]).all())
            break
    else:
        raise AssertionError("no constant among the voids")


def test_a_vipassana_of_ones_own_cannot_be_built_afresh():
    class Own(nn.Module):
        pass

    system = SatipatthanaSystem(tiny_config(), {"vipassana": Own()})
    x, y = tiny_digits().x, tiny_digits().y
    with pytest.raises(ValueError, match="pass functions that make such parts"):
        next(leave_one_out(system, x, y, x, curriculum=tiny_config().curriculum, seed=0))


def test_only_the_voids_that_are_trained_on_are_left_out():
    config = tiny_config({"vipassana.kind": "grounded", "curriculum.voids": "six"})
    x, y = tiny_digits().x, tiny_digits().y
    with one_thread():
        *_, last = leave_one_out(
            SatipatthanaSystem(config), x[:40], y[:40], x[40:], curriculum=config.curriculum, seed=0
        )
    assert last.found is not None
    assert [one.family for one in last.found] == list(TRAINED_VOIDS)
    assert all(one.without.auroc is not None for one in last.found)
