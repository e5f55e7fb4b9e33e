"""The race of the decoders: equal terms, held-out measures, and a run that is only looked at."""

import numpy as np
import pytest
import torch

from satipatthana.configs import StageConfig
from satipatthana.diagnostics import decoder_race as race
from satipatthana.diagnostics.decoder_race import EXPECTED, KINDS, Expectation, Race, decoder_race
from tests.tiny import one_thread, snapshot, tiny_digits, tiny_system

STEPS = 6


def run(system, rounds: int = 2, **options) -> list[Race]:
    x = tiny_digits(40).x
    with one_thread():
        pieces = list(decoder_race(system, x, x[:10], shown=3, plan=StageConfig(STEPS, 3e-3), rounds=rounds, **options))
    assert all(piece.total == STEPS * len(KINDS) for piece in pieces)
    assert [piece.done for piece in pieces] == sorted(piece.done for piece in pieces)
    assert pieces[-1].done == pieces[-1].total and pieces[-1].found is not None
    return [piece.found for piece in pieces if piece.found is not None]


@pytest.fixture(scope="module")
def races() -> list[Race]:
    return run(tiny_system())


def test_every_kind_runs_on_equal_terms(races: list[Race]):
    assert len(races) == 2 and races[0].steps < races[1].steps == races[1].planned == STEPS
    last = races[-1]
    assert [racer.upsampling for racer in last.racers] == list(KINDS)
    for racer in last.racers:
        assert len(racer.loss) == STEPS and racer.loss[-1] < racer.loss[0]
        assert racer.measured_at == (0, races[0].steps, STEPS)
        assert racer.scores[-1] == racer.score.value and len(racer.flats) == 3
        assert racer.pictures.shape == (3, 1, 28, 28)
        assert racer.score.low <= racer.score.value <= racer.score.high
    for earlier, later in zip(races[0].racers, last.racers, strict=True):
        assert np.array_equal(earlier.loss, later.loss[: races[0].steps])
    assert last.n == 10 and last.n_train == 40 and last.targets.shape == (3, 1, 28, 28)


def test_what_starts_flat_and_what_does_not(races: list[Race]):
    start = {racer.upsampling: racer.flats[0] for racer in races[0].racers}
    assert max(start["resize"], start["pixelshuffle_icnr"]) < 1e-6
    assert min(start["transpose"], start["transpose3"], start["pixelshuffle"]) > 1e-4


def test_the_runs_own_head_stands_beside(races: list[Race]):
    system = tiny_system()
    x = tiny_digits(40).x[:3]
    with torch.no_grad():
        drawn = system.decode(system.think(x).s_star).numpy()
    assert races[-1].own.upsampling == "resize"
    assert np.allclose(races[-1].own.pictures, drawn, atol=1e-5)


def test_the_system_is_bit_equal_afterwards():
    system = tiny_system()
    system.set_stage(1)
    before, flags = snapshot(system), [module.training for module in system.modules()]
    state = torch.get_rng_state()
    run(system, rounds=1)
    assert all(torch.equal(before[name], value) for name, value in system.state_dict().items())
    assert flags == [module.training for module in system.modules()]
    assert all(parameter.grad is None for parameter in system.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_it_is_a_function_of_the_seed(races: list[Race]):
    again = run(tiny_system())[-1]
    for mine, theirs in zip(races[-1].racers, again.racers, strict=True):
        assert np.array_equal(mine.loss, theirs.loss) and mine.scores == theirs.scores


def test_the_order_is_computed():
    assert Expectation("transpose3", "transpose", 3.0, 3.5).holds
    assert not Expectation("transpose3", "transpose", 3.0, 2.9).holds
    assert not Expectation("pixelshuffle", "resize", 1.0, float("nan")).holds


def test_the_order_is_of_the_scores(races: list[Race]):
    scores = {racer.upsampling: racer.score.value for racer in races[-1].racers}
    found = races[-1].order
    assert [(one.higher, one.lower, one.at_least) for one in found] == list(EXPECTED)
    assert [one.times for one in found] == pytest.approx([scores[high] / scores[low] for high, low, _ in EXPECTED])


def test_what_has_no_pixels_or_no_finite_state_is_refused():
    with pytest.raises(ValueError, match="no pixels"):
        list(decoder_race(tiny_system(), torch.zeros(8, 2), torch.zeros(4, 2)))
    broken = tiny_system()
    with torch.no_grad():
        broken.probes.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        run(broken)


def test_each_epoch_is_everyone_once(generator):
    order = race._order(100, 7, generator)
    assert order.shape == (7, race.BATCH)
    assert len(set(order[:3].flatten().tolist())) == 96
