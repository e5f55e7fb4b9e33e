import pytest
import torch

from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.dose import OPEN, KeptLuck, dose_response
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.scale import median_pair
from tests.diagnostics.test_twins import Towards
from tests.tiny import tiny_config, tiny_digits

SKIPS, PUSHES = (0.0, 0.5, 1.0), (0.0, 0.3)


@pytest.fixture(scope="module")
def network() -> SatipatthanaSystem:
    return SatipatthanaSystem(tiny_config(), parts={"vicara": Towards(0.5)})


@pytest.fixture(scope="module")
def pieces(network):
    return list(dose_response(network, tiny_digits(20).x, 1, skips=SKIPS, pushes=PUSHES))


def test_it_grows_setting_by_setting(pieces):
    assert [(piece.done, piece.total) for piece in pieces] == [(i, 6) for i in range(1, 7)]
    assert [sum(dose is not None for row in piece.found.doses for dose in row) for piece in pieces] == list(range(1, 7))
    last = pieces[-1].found
    assert [(dose.skip, dose.push) for row in last.doses for dose in row] == [(s, p) for s in SKIPS for p in PUSHES]
    assert torch.is_grad_enabled()


def test_the_unit_is_the_median_distance_of_the_ends(pieces, network):
    with observing(network):
        z = network.think(tiny_digits(20).x, threshold=OPEN).z
    assert pieces[-1].found.unit == pytest.approx(median_pair(z), rel=1e-5)  # this vicara ends in z


def test_sober_changes_nothing_and_all_skipped_goes_nowhere(pieces, network):
    found = pieces[-1].found
    sober, still = found.doses[0][0], found.doses[2][0]
    assert (sober.changed.value, sober.returned.value, sober.back) == (0, 1, 0)
    with observing(network):
        output = network(tiny_digits(20).x, threshold=OPEN)
    assert sober.trust.value == pytest.approx(float(output.insight.trust.mean()), abs=1e-5)
    assert found.sober_trust == pytest.approx(sober.trust.value, abs=1e-5)
    # all skipped: it stays in its first guess, and nothing was taken that could be trusted
    away = (output.santana.states[0] - output.samatha.z).norm(dim=1) / found.unit
    assert still.away.value == pytest.approx(float(away.mean()), rel=1e-4)
    assert still.trust.value == 0
    halvings = (away / 0.01).log2().ceil().clamp_min(0).quantile(0.5, interpolation="higher")
    assert still.back == float(halvings)


def test_a_push_is_measured_as_it_was_dealt(pieces, network):
    found = pieces[-1].found
    x = tiny_digits(20).x
    with observing(network):
        drunk = network(
            x, drunk_mode=True, drunk_skip_prob=0.5, drunk_perturbation_std=0.3, luck=LuckBySample(1, range(20))
        )
        away = (drunk.s_star - drunk.samatha.z).norm(dim=1) / found.unit
        sober = network(x)
    dose = found.doses[1][1]
    assert dose.away.value == pytest.approx(float(away.mean()), rel=1e-4)
    assert dose.away.low < dose.away.value < dose.away.high
    changed = drunk.logits.argmax(dim=1) != sober.logits.argmax(dim=1)
    assert dose.changed.value == pytest.approx(float(changed.float().mean()))


def test_who_never_comes_back_has_no_number():
    stubborn = SatipatthanaSystem(tiny_config(), parts={"vicara": Towards(1.0)})
    *_, last = dose_response(stubborn, tiny_digits(10).x, 0, skips=(0.0,), pushes=(0.5,))
    assert last.found is not None
    dose = last.found.doses[0][0]
    assert dose is not None and dose.back is None and dose.returned.value == 0


def test_kept_luck_is_the_same_luck():
    fresh, kept = LuckBySample(2, range(3)), KeptLuck(LuckBySample(2, range(3)))
    for _ in range(2):
        assert torch.equal(kept.noise((3, 4)), fresh.noise((3, 4)))
        for ours, theirs in zip(kept.draw(5, 3, 4), fresh.draw(5, 3, 4), strict=True):
            assert torch.equal(ours, theirs)
