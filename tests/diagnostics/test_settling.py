from collections.abc import Iterator

import numpy as np
import pytest
import torch

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.settling import Crowd, Settling, band, look_at, settling
from tests.diagnostics.conftest import N_STEPS, config
from tests.diagnostics.maps import LinearVicara, rotation


def last_of(pieces: Iterator[Progress[Settling]]) -> Settling:
    done = list(pieces)
    assert [piece.done for piece in done] == list(range(1, len(done) + 1)) and done[-1].total == len(done)
    found = done[-1].found
    assert found is not None
    return found


def think(system: SatipatthanaSystem, x: torch.Tensor):
    with torch.no_grad():
        return system.think(x)


def study_of(system: SatipatthanaSystem, bundle) -> tuple[Settling, Crowd]:
    x, y = bundle.test.x[:20], bundle.test.y[:20]
    chosen = {"sober": think(system, x[:1])}
    found = last_of(settling(system, chosen, x, y, limit=N_STEPS, n_classes=10, seed=0))
    assert found.crowd is not None
    return found, found.crowd


def test_a_contraction_is_predicted_and_measured(bundle):
    system = SatipatthanaSystem(config(), {"vicara": LinearVicara(rotation(0, 16, 0.5), 1.0)})
    found, crowd = study_of(system, bundle)
    one = found.minds["sober"]
    assert (one.predicted, one.norm, one.measured) == pytest.approx((0.5, 0.5, 0.5), abs=1e-4)
    assert one.measured_on == (18, 34)  # .5^17 < 1e-5 and .5^33 > 1e-10
    assert crowd.kinds["step limit"] == crowd.n == 20
    assert crowd.predicted == pytest.approx(0.5) and crowd.measured == pytest.approx(0.5, abs=1e-4)
    assert crowd.step_size.median[1:6] / crowd.step_size.median[:5] == pytest.approx(0.5)
    assert bool((crowd.relative.low <= crowd.relative.high).all())
    assert crowd.ends.n == 1 and crowd.withheld is None, "no step sees the input, so nothing can be withheld"


def test_a_network_that_sees_its_input_remembers_it_until_it_is_withheld(system, bundle):
    _, crowd = study_of(system, bundle)
    assert crowd.withheld is not None
    assert crowd.ends.n == 20 and crowd.withheld.n == 1
    assert crowd.kinds["fixed point"] + crowd.kinds["step limit"] == 20


def test_a_network_that_turns_has_nothing_to_measure(bundle):
    found, crowd = study_of(SatipatthanaSystem(config(), {"vicara": LinearVicara(rotation(90, 16))}), bundle)
    one = found.minds["sober"]
    assert one.verdict.kind == "cycle" and one.predicted == pytest.approx(1) and np.isnan(one.measured)
    assert one.measured_on == (0, 0) and np.isnan(crowd.measured).all()
    assert crowd.kinds["cycle"] == 20


def test_a_shut_gate_lets_everything_rest_in_one_state(system, bundle):
    with torch.no_grad():
        output = system.think(bundle.test.x[:1], threshold=1.0)
    assert look_at(system, output, N_STEPS).verdict.end == "fixed point"


def test_a_band_leaves_out_what_nobody_has():
    values = torch.tensor([[0.0, 10.0, float("nan")], [float("nan")] * 3])
    found = band(values)
    assert (found.low[0], found.median[0], found.high[0]) == pytest.approx((1, 5, 9))
    assert np.isnan([found.low[1], found.median[1], found.high[1]]).all()
