"""One thought: what is each sample's own, what is drunk, what stops, what the gate keeps out."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from satipatthana.components.objectives import StabilityLoss
from satipatthana.core.engines import SamathaEngine, SamathaOutput
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from tests.tiny import snapshot, tiny_config, tiny_digits, tiny_system

T = 10
SAMPLES = [5, 0, 3, 9, 2, 7]
STILL = {"samatha.sati.kind": "threshold", "samatha.sati.threshold": 0.08}


@pytest.fixture(scope="module")
def system() -> SatipatthanaSystem:
    return tiny_system()


@pytest.fixture(scope="module")
def watchful() -> SatipatthanaSystem:
    """With a Sati that stops each sample where it is still."""
    return tiny_system(STILL)


@pytest.fixture(scope="module")
def x() -> Tensor:
    return tiny_digits().x[: len(SAMPLES)]


def luck(seed: int = 0) -> LuckBySample:
    return LuckBySample(seed, SAMPLES)


def states(thought: SamathaOutput) -> Tensor:
    return thought.santana.to_tensor()


# --- no sample feels its neighbours ---------------------------------------------------------------------------------

MINDS: dict[str, dict[str, Any]] = {
    "sober": {},
    "noisy": {"noise_level": 0.5},
    "drunk": {"drunk_mode": True},
    "drunk and noisy": {"drunk_mode": True, "noise_level": 0.5, "drunk_perturbation_std": 0.5},
    "half shut": {"threshold": 0.2},
}


@pytest.mark.parametrize("mind", MINDS)
@pytest.mark.parametrize("sati", ["fixed", "threshold"])
def test_a_sample_alone_is_the_sample_in_a_batch(
    system: SatipatthanaSystem, watchful: SatipatthanaSystem, x: Tensor, mind: str, sati: str
):
    network = watchful if sati == "threshold" else system
    together = network.think(x, luck=luck(), **MINDS[mind])
    for i, sample in enumerate(SAMPLES):
        alone = network.think(x[i : i + 1], luck=LuckBySample(0, [sample]), **MINDS[mind])
        length = len(alone.santana)
        assert torch.allclose(states(together)[:length, i], states(alone)[:, 0], atol=1e-6)
        assert (states(together)[length:, i] == states(together)[length - 1, i]).all()
        assert torch.allclose(together.s_star[i], alone.s_star[0], atol=1e-6)
        assert together.santana.steps[i] == alone.santana.steps[0]
        assert torch.equal(together.santana.taken[: length - 1, i], alone.santana.taken[:, 0])
        assert torch.allclose(together.santana.velocity[i], alone.santana.velocity[0], atol=1e-6)
        assert torch.allclose(together.santana.avg_energy[i], alone.santana.avg_energy[0], atol=1e-6)
        assert torch.allclose(together.stability_pair[1][i], alone.stability_pair[1][0], atol=1e-6)
        assert together.meta.gate[i] == alone.meta.gate[0]
        assert together.severity[i] == alone.severity[0]
        assert torch.equal(together.x_given[i], alone.x_given[0])


def test_drunk_samples_leave_the_sober_ones_alone(system: SatipatthanaSystem, x: Tensor):
    mask = torch.tensor([True, False, True, False, False, True])
    mixed, sober, drunk = (
        system.think(x, drunk_mode=who, luck=luck()) for who in (mask, False, torch.ones(6, dtype=torch.bool))
    )
    assert torch.equal(states(mixed)[:, ~mask], states(sober)[:, ~mask])
    assert torch.equal(states(mixed)[:, mask], states(drunk)[:, mask])
    assert not mixed.santana.skipped[:, ~mask].any()


def test_noise_and_severity_are_per_sample(system: SatipatthanaSystem, x: Tensor):
    sigma = torch.tensor([0.0, 0.1, 0.5, 1.0, 1.5, 0.0])
    thought = system.think(x, noise_level=sigma, luck=luck())
    assert torch.equal(thought.severity, sigma.clamp(0, 1))
    assert torch.allclose(thought.x_given, x + sigma.view(-1, 1, 1, 1) * luck().noise(tuple(x.shape)))
    assert torch.equal(system.think(x).x_given, x)


# --- the record -----------------------------------------------------------------------------------------------------


def test_both_ends_are_in_the_log(system: SatipatthanaSystem, x: Tensor):
    thought = system.think(x)
    assert states(thought).shape == (T + 1, 6, 16)
    s0, meta = system.samatha.vitakka(thought.z)
    assert torch.equal(states(thought)[0], s0)
    assert torch.equal(states(thought)[-1], thought.s_star)
    assert torch.equal(meta.attention, thought.meta.attention)
    one = system.samatha.vicara(s0, thought.z)
    assert torch.allclose(states(thought)[1], one, atol=1e-6)


def test_how_many_steps_is_the_calls_to_say(system: SatipatthanaSystem, x: Tensor):
    long, short = system.think(x, n_steps=25), system.think(x, n_steps=4)
    assert len(long.santana) == 26
    assert torch.equal(states(long)[:5], states(short))
    still = system.think(x, n_steps=0)
    assert len(still.santana) == 1 and torch.equal(still.s_star, states(long)[0])
    assert still.santana.steps.tolist() == [0] * 6


def test_only_the_pair_carries_gradient():
    """Failure 1: the log is detached, the stability pair is not, and its gradient reaches every weight of vicara."""
    network = tiny_system()
    network.set_stage(1)
    thought = network.think(tiny_digits().x[:8], gate="training")
    assert not any(state.requires_grad for state in thought.santana.states)
    assert not thought.santana.energy.requires_grad
    loss, _ = StabilityLoss().compute_loss(thought.stability_pair, thought.santana)
    loss.backward()
    for part in ("vicara", "vitakka", "adapter"):
        for name, parameter in network.components()[part].named_parameters():
            assert parameter.grad is not None, f"{part}.{name}"
    for name, parameter in network.samatha.vicara.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("mind", [{}, {"drunk_mode": True}])
def test_the_pair_is_each_samples_last_taken_step(watchful: SatipatthanaSystem, x: Tensor, mind: dict[str, Any]):
    thought = watchful.think(x, n_steps=40, luck=luck(), **mind)
    last, before = thought.stability_pair
    assert torch.equal(last, thought.s_star)
    assert torch.allclose((last - before).norm(dim=1), thought.santana.velocity, atol=1e-6)


def test_way_stations_are_the_states_with_their_gradient(watchful: SatipatthanaSystem, x: Tensor):
    network = tiny_system(STILL)
    network.set_stage(1)
    watch = torch.tensor([0, 3, 500])
    thought = network.think(x, watch=watch, n_steps=40)
    assert thought.way_stations is not None and thought.way_stations.requires_grad
    assert torch.equal(thought.way_stations[0], states(thought)[0, 0])
    assert torch.equal(thought.way_stations[1], states(thought)[3, 1])
    assert torch.equal(thought.way_stations[2], thought.s_star[2])  # past the end it rests there
    assert watchful.think(x).way_stations is None


# --- when to stop ---------------------------------------------------------------------------------------------------


def test_each_sample_stops_where_it_is_still_and_stays(watchful: SatipatthanaSystem, x: Tensor):
    x = x * torch.tensor([0.0, 0.5, 1.0, 4.0, 16.0, 64.0]).view(6, 1, 1, 1)  # thoughts of different lengths
    thought = watchful.think(x, n_steps=60)
    log, steps = thought.santana, thought.santana.steps
    free = tiny_system().think(x, n_steps=60)
    assert len(set(steps.tolist())) > 1 and int(steps.max()) < 60
    for b, n in enumerate(steps.tolist()):
        sizes = free.santana.energy[:, b]
        first_small = int((sizes < 0.08).nonzero()[0]) + 1
        assert n == first_small
        assert torch.equal(states(thought)[n, b], thought.s_star[b])
        assert torch.allclose(states(free)[n, b], thought.s_star[b], atol=1e-6)
        assert (states(thought)[n:, b] == thought.s_star[b]).all()
        assert log.taken[:, b].tolist() == [t < n for t in range(len(log) - 1)]
        assert (log.energy[n:, b] == 0).all()
    assert len(log) == int(steps.max()) + 1  # nobody is waited for


def test_fewest_steps_are_kept(x: Tensor):
    network = tiny_system({**STILL, "samatha.sati.threshold": 100.0, "samatha.sati.min_steps": 4})
    assert network.think(x).santana.steps.tolist() == [4] * 6


def test_a_skipped_step_is_no_stillness(watchful: SatipatthanaSystem, x: Tensor):
    """Failure 13: a skipped step moves nothing; a Sati that took that for rest would end the thought there."""
    thought = watchful.think(x, drunk_mode=True, drunk_skip_prob=1.0, luck=luck())
    assert len(thought.santana) == T + 1
    assert thought.santana.skipped.all() and not thought.santana.taken.any()
    some = watchful.think(x, drunk_mode=True, drunk_skip_prob=0.6, drunk_perturbation_std=0.0, n_steps=200, luck=luck())
    ends = some.santana.steps
    assert int(ends.max()) < 200
    assert some.santana.taken[ends - 1, torch.arange(6)].all()  # everybody ended on a step that was taken


# --- drunkenness ----------------------------------------------------------------------------------------------------


def test_drunkenness_is_no_state(system: SatipatthanaSystem, x: Tensor):
    before, weights = states(system.think(x)), snapshot(system)
    system.think(x, drunk_mode=True, luck=luck())
    assert torch.equal(states(system.think(x)), before)
    assert all(torch.equal(value, weights[name]) for name, value in snapshot(system).items())
    assert not any("drunk" in name for module in system.modules() for name in vars(module))


def test_without_dials_the_drunk_mind_is_sober(system: SatipatthanaSystem, x: Tensor):
    drunk = system.think(x, drunk_mode=True, drunk_skip_prob=0.0, drunk_perturbation_std=0.0, luck=luck())
    assert torch.allclose(states(drunk), states(system.think(x)), atol=1e-6)
    assert drunk.santana.taken.all()


def test_turning_a_dial_reuses_the_same_luck(system: SatipatthanaSystem, x: Tensor):
    def drunk(skip: float, std: float, seed: int = 0) -> SamathaOutput:
        dials = {"drunk_skip_prob": skip, "drunk_perturbation_std": std}
        return system.think(x, drunk_mode=True, luck=luck(seed), **dials)

    assert torch.equal(drunk(0.3, 0.2).santana.skipped, drunk(0.3, 0.9).santana.skipped)
    seldom, often = drunk(0.2, 0.2).santana.skipped, drunk(0.7, 0.2).santana.skipped
    assert (often | ~seldom).all() and often.sum() > seldom.sum()  # more is skipped, and what was skipped stays so
    assert not torch.equal(drunk(0.3, 0.2, seed=1).santana.skipped, drunk(0.3, 0.2).santana.skipped)
    # the push of the first step is std times the same normal draw
    sober = states(drunk(0.0, 0.0))[1]
    one, three = ((states(drunk(0.0, std))[1] - sober) / std for std in (0.1, 0.3))
    normal = luck().draw(0, 6, 16)[1]
    assert torch.allclose(one, normal, atol=1e-4) and torch.allclose(three, normal, atol=1e-4)


def test_steps_are_skipped_as_often_as_the_dial_says(system: SatipatthanaSystem, x: Tensor):
    many = x[:1].expand(200, -1, -1, -1)
    for probability in (0.3, 0.8):
        thought = system.think(many, drunk_mode=True, drunk_skip_prob=probability, luck=LuckBySample(0, range(200)))
        assert abs(float(thought.santana.skipped.float().mean()) - probability) < 0.04


def test_the_dials_of_the_config_are_used(x: Tensor):
    """Failure 11: dials that nothing reads, or that do nothing at their default."""
    default = tiny_system().think(x, drunk_mode=True, luck=luck())
    assert 0.1 < float(default.santana.skipped.float().mean()) < 0.5
    dialled = tiny_system({"samatha.drunk_skip_prob": 0.0, "samatha.drunk_perturbation_std": 2.0})
    wild = dialled.think(x, drunk_mode=True, luck=luck())
    assert not wild.santana.skipped.any()
    assert wild.santana.energy.mean() > 3 * default.santana.energy.mean()


def test_chance_must_be_given(system: SatipatthanaSystem, x: Tensor):
    for mind in ({"drunk_mode": True}, {"noise_level": 0.1}, {"noise_level": torch.tensor([0, 0, 0, 0, 0, 0.1])}):
        with pytest.raises(ValueError, match=r"luck= .*generator="):
            system.think(x, **mind)
    generator = torch.Generator().manual_seed(0)
    first = system.think(x, drunk_mode=True, noise_level=0.3, generator=generator)
    again = system.think(x, drunk_mode=True, noise_level=0.3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(states(first), states(again))


# --- the gate -------------------------------------------------------------------------------------------------------


def test_all_that_is_shut_out_rests_in_one_state(system: SatipatthanaSystem, x: Tensor):
    thought = system.think(x, threshold=1.0)
    assert thought.meta.gate.tolist() == [0] * 6
    assert thought.z.std(dim=0).max() > 0  # the inputs do differ
    assert states(thought)[0].abs().sum() == 0
    for state in states(thought):
        assert torch.allclose(state, state[:1].expand_as(state), atol=1e-6)


def test_the_gate_shuts_sample_by_sample(system: SatipatthanaSystem, x: Tensor):
    similar = system.think(x).meta.gate_similarity
    limit = float(similar.median())
    thought = system.think(x, threshold=limit)
    shut = similar < limit
    assert 0 < int(shut.sum()) < 6
    assert torch.equal(thought.meta.gate == 0, shut)
    assert torch.equal(states(thought)[:, ~shut], states(system.think(x))[:, ~shut])
    assert torch.allclose(states(thought)[:, shut], states(system.think(x, threshold=1.0))[:, shut], atol=1e-6)


def test_the_training_gate_is_another(x: Tensor):
    """Failure 4: with the inference gate shut, the training path still thinks about its input."""
    network = tiny_system({"samatha.vitakka.inference_gate_threshold": 1.0})
    assert network.think(x).meta.gate.sum() == 0
    for mode in (True, False):
        network.train(mode)
        thought = network.think(x, gate="training")
        assert thought.meta.gate.sum() == 6 and thought.s_star.std(dim=0).max() > 0.01
    network.eval()


def test_a_soft_gate_lets_a_part_in(x: Tensor):
    network = tiny_system({"samatha.vitakka.gate": "soft", "samatha.vitakka.gate_temperature": 0.5})
    half = network.think(x, threshold=0.3)
    assert ((half.meta.gate > 0.05) & (half.meta.gate < 0.95)).all()
    shut, opened = (network.think(x, threshold=limit).s_star for limit in (100.0, -100.0))
    assert torch.allclose(opened, tiny_system().think(x).s_star, atol=1e-5)
    assert torch.allclose(shut, shut[:1].expand_as(shut), atol=1e-6)
    assert (half.s_star - shut).norm() > 0.01 and (half.s_star - opened).norm() > 0.01


# --- parts ----------------------------------------------------------------------------------------------------------


def test_a_part_that_is_given_is_used(x: Tensor):
    class Flat(nn.Sequential):
        """Empty, and so of length 0: still a part."""

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1)[:, :16]

    system = SatipatthanaSystem(tiny_config(), parts={"adapter": Flat()})
    assert torch.equal(system.think(x).z, x.flatten(1)[:, :16])


def test_sati_can_be_swapped(x: Tensor):
    class After(nn.Module):
        def forward(self, before: Tensor, after: Tensor, step: int) -> Tensor:
            return torch.full((len(after),), step >= 3)

    system = SatipatthanaSystem(tiny_config(), parts={"sati": After()})
    assert isinstance(system.samatha, SamathaEngine)
    assert system.think(x).santana.steps.tolist() == [3] * 6
