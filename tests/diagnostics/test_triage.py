"""Every rule speaks on a network built to have its sickness, and is silent on the shipped healthy run."""

import pytest
import torch
from torch import nn

from satipatthana.assets import asset_path
from satipatthana.checkpoint import load
from satipatthana.components.vicara import Step, Vicara
from satipatthana.configs import RunConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import load_dataset
from satipatthana.diagnostics.triage import RULES, drawn_share, moved_share, nearest_probe, triage
from tests.tiny import changed, tiny_digits, tiny_system, tiny_trainer


@pytest.fixture
def healthy() -> SatipatthanaSystem:
    return load(asset_path("checkpoints", "healthy"))


@pytest.fixture(scope="module")
def inputs() -> torch.Tensor:
    return load_dataset("digits").validation.x[:100]


def rebuilt(system: SatipatthanaSystem, changes: dict | None = None, **parts: nn.Module) -> SatipatthanaSystem:
    """The same weights in a network with other settings or parts."""
    assert isinstance(system.config, RunConfig)
    made = SatipatthanaSystem(changed(system.config, changes or {}), parts)
    for name, component in made.components().items():
        if name not in parts:
            component.load_state_dict(system.components()[name].state_dict())
    return made


def present(found) -> list[str]:
    return [sign.verdict for sign in found.signs if sign.present]


def test_the_shipped_run_is_healthy(healthy, inputs):
    found = triage(healthy, inputs, trained=range(4))
    assert found.verdict == "healthy"
    assert present(found) == []
    assert found.n == 100
    assert found.rule.remedy == ""


def test_fresh_is_untrained_whether_or_not_its_history_is_known(inputs):
    fresh = tiny_system()
    assert triage(fresh, inputs).verdict == "untrained"
    assert triage(fresh, inputs, trained=[0]).verdict == "untrained"
    # stage 1 is in the history, but its weights are those of the beginning: the optimizer held none (failure 2)
    assert triage(fresh, inputs, trained=[0, 1]).verdict == "untrained"


def test_a_run_in_stage_0_is_untrained_and_one_in_stage_1_is_not(inputs):
    trainer = tiny_trainer()
    trainer.train_stage(0)
    assert triage(trainer.system, inputs, trained=[0]).verdict == "untrained"
    trainer.train_stage(1)
    assert moved_share(trainer.system) == 1
    assert "untrained" not in present(triage(trainer.system, inputs, trained=[0, 1]))


@pytest.mark.parametrize("gate", ["training", "inference"])
def test_gate_shut(healthy, inputs, gate):
    found = triage(rebuilt(healthy, {f"samatha.vitakka.{gate}_gate_threshold": 1.0}), inputs)
    assert found.verdict == "gate shut"
    assert [figure.present for figure in found.sign("gate shut").figures] == [gate == "training", gate == "inference"]


def test_a_calibrated_gate_is_no_sickness(healthy, inputs):
    assert triage(rebuilt(healthy, {"samatha.vitakka.inference_gate_threshold": 0.3}), inputs).verdict == "healthy"


@torch.no_grad()
def test_parallel_probes(healthy, inputs):
    healthy.probes.copy_(healthy.probes[:1].expand_as(healthy.probes))
    assert triage(healthy, inputs).verdict == "parallel probes"


@torch.no_grad()
def test_two_antipodal_clumps_are_parallel_too(healthy, inputs):
    """Failure 10: the founding cure cannot tell them from probes that spread."""
    sign = torch.tensor([1.0, -1.0]).repeat(5)[:, None]
    healthy.probes.copy_(sign * healthy.probes[:1])
    assert nearest_probe(healthy.probes) == pytest.approx(1)
    assert triage(healthy, inputs).verdict == "parallel probes"


@torch.no_grad()
def test_dead_probes(healthy, inputs):
    z = healthy.samatha.adapter(inputs)
    # five of ten point where no z is: away from the mean, each its own way
    away = torch.linalg.qr(torch.randn(64, 5, generator=torch.Generator().manual_seed(0))).Q.T
    healthy.probes[5:] = -20 * z.mean(dim=0) + 10 * away
    found = triage(healthy, inputs)
    assert found.verdict == "dead probes"
    assert found.sign("dead probes").figures[1].value == pytest.approx(0.5, abs=0.11)


class Forgetting(Vicara):
    """Halves the way to one and the same state, whatever z is."""

    def begin(self, z: torch.Tensor) -> Step:
        return lambda s: torch.lerp(s, torch.ones_like(s), 0.5)


class Slow(Vicara):
    """The same, so slowly that only the long run shows it."""

    def begin(self, z: torch.Tensor) -> Step:
        return lambda s: torch.lerp(s, torch.ones_like(s), 0.05)


@pytest.mark.parametrize(("vicara", "early"), [(Forgetting, True), (Slow, False)])
def test_all_ends_equal(healthy, inputs, vicara, early):
    found = triage(rebuilt(healthy, vicara=vicara()), inputs)
    assert found.verdict == "all ends equal"
    at_end, long, _ = found.sign("all ends equal").figures
    assert (at_end.present, long.present) == (early, True)
    assert long.value < 1e-4


@torch.no_grad()
def test_decoder_paints_the_mean(healthy, inputs):
    mean = inputs.mean(dim=0)

    class Mean(nn.Module):
        def forward(self, s: torch.Tensor) -> torch.Tensor:
            return mean.expand(len(s), *mean.shape)

    found = triage(rebuilt(healthy, samatha_recon_head=Mean()), inputs)
    assert found.verdict == "decoder paints the mean"
    spread, drawn = found.sign("decoder paints the mean").figures
    assert spread.value == pytest.approx(0, abs=1e-6)
    assert drawn.value == pytest.approx(0, abs=1e-6)


@torch.no_grad()
def test_a_head_whose_last_layer_says_one_thing_paints_the_mean(healthy, inputs):
    layers = [module for module in healthy.samatha_recon_head.modules() if isinstance(module, nn.Conv2d)]
    layers[-1].weight.zero_()
    assert triage(healthy, inputs).verdict == "decoder paints the mean"


def test_what_stands_higher_explains_the_rest(healthy, inputs):
    found = triage(rebuilt(healthy, {"samatha.vitakka.training_gate_threshold": 1.0}, vicara=Forgetting()), inputs)
    assert {"gate shut", "all ends equal"} <= set(present(found))
    assert found.verdict == "gate shut"


def test_every_rule_is_written(healthy, inputs):
    found = triage(healthy, inputs)
    assert [*(sign.verdict for sign in found.signs), "healthy"] == list(RULES)
    with pytest.raises(KeyError):
        found.sign("healthy")


def test_probes_in_a_plane_may_crowd(inputs):
    system = tiny_system({"samatha.vitakka.dim": 2, "samatha.vitakka.n_probes": 32})
    angle = torch.arange(32) * 2 * torch.pi / 32
    with torch.no_grad():
        system.probes.copy_(torch.stack([angle.cos(), angle.sin()], dim=1))
    assert "parallel probes" not in present(triage(system, inputs))


def test_a_copy_is_drawn_whole_and_the_mean_not_at_all():
    x = torch.tensor([[0.0, 1.0], [2.0, 5.0], [4.0, 0.0]])
    assert drawn_share(x, x) == 1
    assert drawn_share(x.mean(dim=0).expand_as(x), x) == pytest.approx(0)
    assert drawn_share(x + 1, x) == pytest.approx(1 - 1 / x.var(dim=0, correction=0).mean().item())


def test_what_cannot_be_judged_says_why(inputs):
    system = tiny_system()
    with pytest.raises(ValueError, match="at least two"):
        triage(system, inputs[:1])
    with torch.no_grad():
        system.probes[0, 0] = torch.nan
    with pytest.raises(ValueError, match="probes holds a value that is not finite"):
        triage(system, inputs)


def test_looking_changes_nothing(inputs):
    system = tiny_system()
    system.set_stage(1)
    before = {name: value.clone() for name, value in system.state_dict().items()}
    triage(system, tiny_digits().x)
    assert system.stage == 1
    assert all(module.training for module in system.samatha.adapter.modules())
    assert all(torch.equal(value, before[name]) for name, value in system.state_dict().items())
