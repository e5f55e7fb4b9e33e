import dataclasses
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from satipatthana.components.vicara import InjectedVicara
from satipatthana.configs import MlpAdapterConfig, RunConfig, set_path
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, Split
from satipatthana.data.occlusion import hide_half
from satipatthana.diagnostics.budget import (
    AGAINST,
    Budget,
    Cell,
    answers,
    budget,
    fit_readout,
    put_in,
    rows_of,
    single_pass,
)
from satipatthana.diagnostics.intervals import Interval
from satipatthana.diagnostics.progress import Progress
from tests.diagnostics.conftest import config
from tests.diagnostics.maps import LinearVicara, rotation


def last_of(pieces: Iterator[Progress[Budget]]) -> Budget:
    done = list(pieces)
    assert [piece.done for piece in done] == list(range(1, len(done) + 1)) and done[-1].total == len(done)
    found = done[-1].found
    assert found is not None
    return found


def test_every_row_under_every_condition(system, bundle):
    found = last_of(budget(system, bundle, seed=0))
    assert tuple(found.cells) == rows_of(system) and tuple(found.gain) == AGAINST
    assert found.conditions == ("clean", "noise 0.5", "noise 0.9", "half occluded")
    assert (found.n, found.n_train) == (60, 64)
    for row, cells in found.cells.items():
        for cell in cells.values():
            assert cell.readout.low <= cell.readout.value <= cell.readout.high
            assert (cell.answer is None) == (cell.reconstruction is None) == (row == "probe on z")
            assert (cell.trust is None) == (row in ("T = 0", "probe on z")), "before a step nothing can be judged"
    answered = found.cells["T = 10"]["clean"].answer
    assert answered is not None
    with torch.no_grad():
        right = system(bundle.test.x, n_steps=10).logits.argmax(dim=1) == bundle.test.y
    assert answered.value == pytest.approx(float(right.double().mean()))
    clean = found.cells[found.thought]["clean"].readout.value - found.cells["T = 1"]["clean"].readout.value
    assert found.gain["T = 1"]["clean"].value == pytest.approx(clean, abs=1e-6)


def test_where_no_step_moves_thinking_changes_nothing(bundle):
    system = SatipatthanaSystem(config(), {"vicara": LinearVicara(rotation(0, 16))})
    found = last_of(budget(system, bundle, seed=0))
    same = [found.cells[f"T = {t}"]["clean"].readout for t in (0, 1, 2, 5, 10, 20)]
    assert len(set(same)) == 1 and found.gain["T = 0"]["clean"] == Interval(0, 0, 0)
    assert set(answers(found.gain["T = 0"]).values()) == {"cannot tell"}


def test_what_was_not_trained_has_no_figure(system, bundle):
    cell = last_of(budget(system, bundle, seed=0, trained=[0])).cells["T = 10"]["clean"]
    assert cell.answer is cell.reconstruction is cell.trust is None and cell.readout is not None


def test_one_class_alone_is_refused(system, bundle):
    alone = Split(bundle.train.x[:5], torch.zeros(5, dtype=torch.int64))
    with pytest.raises(ValueError, match="two classes"):
        next(budget(system, dataclasses.replace(bundle, train=alone), seed=0))


def test_vectors_have_no_half_to_hide():
    x = torch.rand(30, 2) * 2 - 1
    split = Split(x, (x[:, 0] > 0).long())
    moons = DataBundle("moons", split, split, split, ("left", "right"))
    thinks = dataclasses.replace(config().samatha, adapter=MlpAdapterConfig())
    made = RunConfig(data="moons", x_shape=(2,), n_classes=2, samatha=thinks)
    assert last_of(budget(SatipatthanaSystem(made), moons, seed=0)).conditions == ("clean", "noise 0.5", "noise 0.9")


def test_a_readout_reads_what_is_linear():
    states = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    y = (states @ np.array([1.0, -2.0, 0.5]) > 0).astype(np.int64)
    assert fit_readout(states, y).score(states, y) > 0.97


def test_the_single_pass_is_the_body_without_the_leak(system, bundle):
    with torch.no_grad():
        output = system.think(bundle.test.x[:3])
        vicara = system.samatha.vicara
        assert isinstance(vicara, InjectedVicara)
        s0, z = output.santana.states[0], output.z
        hidden = torch.relu(vicara.enter(s0) + vicara.inject(z))
        body = torch.tanh(vicara.config.kappa * vicara.leave(hidden) + vicara.anchor(z))
        assert torch.allclose(single_pass(system, output), body, atol=1e-5)


def test_conditions(bundle):
    x = bundle.test.x[:5]
    assert torch.equal(put_in("clean", x, 0), x)
    noisy = put_in("noise 0.9", x, 0)
    assert float((noisy - x).std()) == pytest.approx(0.9, rel=0.05) and torch.equal(noisy, put_in("noise 0.9", x, 0))
    assert torch.equal(put_in("noise 0.9", x[:2], 0), noisy[:2]), "nobody's noise depends on the others"
    hidden = put_in("half occluded", x, 0)
    assert hidden.shape == x.shape and not torch.equal(hidden, hide_half(x, torch.Generator().manual_seed(0)))


def test_answers():
    found = answers({"a": Interval(0.02, 0.01, 0.03), "b": Interval(-0.02, -0.03, -0.01), "c": Interval(0, -0.1, 0.1)})
    assert found == {"a": "helps", "b": "costs", "c": "cannot tell"}


def test_a_rival_thinks_as_long_as_it_was_trained_to_and_json_keeps_all(system, bundle):
    short = SatipatthanaSystem(set_path(system.config, "samatha.sati.n_steps", 1))
    short.load_state_dict(system.state_dict())
    found = last_of(budget(system, bundle, seed=0, rivals={"short": short}))
    assert tuple(found.gain) == (*AGAINST, "short")
    for name, cell in found.cells["short"].items():
        assert cell == Cell(found.cells["T = 1"][name].readout, None, None, None), "the same weights after one step"
    assert found.gain["short"] == found.gain["T = 1"]
    assert vars(Budget.from_json(json.loads(json.dumps(found.to_json())))) == vars(found)


def test_a_thought_of_another_length_has_a_row_of_its_own(bundle):
    system = SatipatthanaSystem(set_path(config(), "samatha.sati.n_steps", 3))
    found = last_of(budget(system, bundle, seed=0))
    assert found.thought == "T = 3" and list(found.cells)[:5] == ["T = 0", "T = 1", "T = 2", "T = 3", "T = 5"]
