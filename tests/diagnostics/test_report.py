import json

import pytest
import torch

from satipatthana.configs import MlpAdapterConfig, RunConfig, SamathaConfig, StandardVitakkaConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, load_dataset, void_families
from satipatthana.diagnostics.collapse import probe_angles, usage
from satipatthana.diagnostics.report import KEYS, format_report, report
from tests.diagnostics.conftest import N_STEPS, a_few, config

PATHS = ["clean", "augmented", "drunk", "mismatch", "mismatch_same_class"]


@pytest.fixture(scope="module")
def metrics(bundle):
    return report(SatipatthanaSystem(config()), bundle, seed=0, seconds={"stage 0": 1.5, "total": 2.0})


def test_a_report_has_its_keys_and_is_json(metrics):
    assert tuple(metrics) == KEYS
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    families = list(void_families((1, 28, 28)))
    assert list(metrics["trust"]) == [*PATHS, *(f"void_{name}" for name in families)]
    assert metrics["trust"]["drunk"]["trust"].keys() == {"mean", "auroc", "gap"}
    assert metrics["trust"]["clean"]["confidence"].keys() == {"mean"}
    assert metrics["gate"].keys() == {"threshold", "clean_shut", "open", "auroc"}
    assert list(metrics["gate"]["open"]) == list(metrics["gate"]["auroc"]) == families
    assert metrics["seconds"] == {"stage 0": 1.5, "total": 2.0}


def test_figures_are_those_of_the_network(metrics, system, bundle):
    x, y = bundle.test.x, bundle.test.y
    with torch.no_grad():
        output = system(x)
        recon = torch.nn.functional.mse_loss(system.decode(output.s_star), x)
    energy = output.santana.energy
    assert metrics["acc"] == pytest.approx(float((output.logits.argmax(1) == y).float().mean()))
    assert metrics["recon_mse"] == pytest.approx(float(recon), rel=1e-4)
    assert metrics["step_ratio"] == pytest.approx(float((energy[-1] / energy[0]).mean()), rel=1e-4)
    assert metrics["step50_ratio"] < metrics["step_ratio"]
    assert 0 < metrics["rate"] < 1
    assert metrics["probe_perplexity"] == pytest.approx(usage(output.samatha.meta.attention).perplexity, rel=1e-5)
    angles = probe_angles(system.probes)
    assert [metrics[f"probe_cos_{name}"] for name in ("mean", "rms", "max")] == pytest.approx(
        [angles.mean, angles.rms, angles.max]
    )
    assert len(metrics["noisy_mse_steps"]) == N_STEPS + 1
    trust = float(output.insight.trust.mean())
    assert metrics["trust"]["clean"]["trust"]["mean"] == pytest.approx(trust, abs=1e-5)
    drunk = metrics["trust"]["drunk"]["trust"]
    assert drunk["gap"] == pytest.approx(trust - drunk["mean"], abs=1e-5)


def test_noisy_decodes_are_held_against_the_clean_input(system, bundle):
    # a decoder that paints black: its error is that of black against the clean digits, whatever the noise
    with torch.no_grad():
        for parameter in system.samatha_recon_head.parameters():
            parameter.zero_()
    found = report(system, bundle, seed=0)
    expected = float(bundle.test.x.square().mean())
    assert found["noisy_mse_steps"] == pytest.approx([expected] * (N_STEPS + 1), rel=1e-4)


def test_what_was_not_trained_has_no_figures(system, bundle):
    first = report(system, bundle, seed=0, trained=[0])
    assert first == dict.fromkeys(KEYS)
    second = report(system, bundle, seed=0, trained=[0, 1], seconds={})
    assert [key for key, value in second.items() if value is None] == ["acc", "acc_noise05", "trust"]
    third = report(system, bundle, seed=0, trained=[2])
    assert [key for key, value in third.items() if value is not None] == ["trust"]
    assert format_report(first).count("-") >= 10


def test_a_report_leaves_everything_as_it_was(system, bundle):
    system.set_stage(1)
    luck, weights = torch.random.get_rng_state(), {name: value.clone() for name, value in system.state_dict().items()}
    report(system, bundle, seed=0)
    assert torch.equal(torch.random.get_rng_state(), luck)
    assert all(torch.equal(value, weights[name]) for name, value in system.state_dict().items())
    assert system.samatha.vicara.training


def test_samples_that_stop_in_their_own_time(impatient, bundle):
    found = report(impatient, bundle, seed=0)
    assert found["step_ratio"] > found["step50_ratio"] >= 0
    assert 2 <= len(found["noisy_mse_steps"]) <= 13


def test_vectors_have_a_report_too():
    full = load_dataset("moons")
    few = DataBundle("moons", *(a_few(part, 40) for part in (full.train, full.validation, full.test)), full.class_names)
    plane = RunConfig(
        x_shape=(2,),
        n_classes=2,
        samatha=SamathaConfig(adapter=MlpAdapterConfig(hidden=8), vitakka=StandardVitakkaConfig(dim=16, n_probes=3)),
    )
    found = report(SatipatthanaSystem(plane), few, seed=0)
    assert list(found["gate"]["open"]) == list(void_families((2,)))
    assert json.dumps(found, allow_nan=False)
    assert found["recon_mse"] > 0


def test_a_sick_network_has_a_report_too(system, bundle):
    with torch.no_grad():
        system.vipassana.trust_head.bias.fill_(torch.nan)
    found = report(system, bundle, seed=0)
    assert found["trust"]["clean"]["trust"] == {"mean": None}
    assert found["trust"]["drunk"]["trust"] == {"mean": None, "auroc": None, "gap": None}
    assert found["trust"]["drunk"]["conformity"]["auroc"] is not None
    assert json.dumps(found, allow_nan=False)


def test_the_table_says_it_all(metrics):
    text = format_report(metrics)
    assert f"{metrics['acc']:.3f}" in text
    for name in (*PATHS, "void_letters", "gaussian", "AUROC", "gap", "stage 0 1.5"):
        assert name in text
    assert max(map(len, text.splitlines())) <= 110
    assert "-" in format_report(dict.fromkeys(KEYS))
