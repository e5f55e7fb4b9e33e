"""The names that everybody may use, and the founding document's API under its own names."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor

import satipatthana
from satipatthana import (
    ProbeDiversityLoss,
    SamathaConfig,
    SantanaLog,
    SatipatthanaSystem,
    SatipatthanaTrainer,
    StabilityLoss,
    StandardVitakkaConfig,
    TrainingStage,
    load_dataset,
)
from tests.tiny import tiny_config, tiny_digits, tiny_system


@pytest.mark.parametrize("name", satipatthana.__all__)
def test_a_public_name_can_be_imported(name: str):
    assert getattr(satipatthana, name).__name__ == name
    assert name in dir(satipatthana)


def test_the_list_is_complete_and_says_each_name_once():
    assert len(set(satipatthana.__all__)) == len(satipatthana.__all__)
    assert set(satipatthana.__all__) == set(satipatthana._HOMES)


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="'satipatthana' has no attribute 'Brain'"):
        _ = satipatthana.Brain
    with pytest.raises(ImportError):
        exec("from satipatthana import Brain")


def test_importing_the_package_is_quick():
    code = "import satipatthana, sys; print('torch' in sys.modules, 'numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]


# --- the founding document ------------------------------------------------------------------------------------------


def test_the_log():
    log = SantanaLog()
    log.add(torch.zeros(2, 3))
    log.add(torch.ones(2, 3))
    assert len(log.states) == 2
    assert log.to_tensor().shape == (2, 2, 3)  # (steps, batch, dim)
    assert float(log.get_total_energy()) == pytest.approx(6)


def test_the_losses():
    pair = torch.ones(2, 3, requires_grad=True), torch.zeros(2, 3)
    for loss, parts in (
        StabilityLoss().compute_loss(pair),
        StabilityLoss().compute_loss(stability_pair=pair, santana=SantanaLog(torch.zeros(2, 3))),
        ProbeDiversityLoss().compute_loss(torch.eye(3, requires_grad=True)),
    ):
        assert isinstance(loss, Tensor) and loss.requires_grad and loss.dim() == 0
        assert isinstance(parts, dict) and all(isinstance(value, float) for value in parts.values())


def test_the_configs():
    vitakka = StandardVitakkaConfig(dim=16, n_probes=4, training_gate_threshold=-1.0, inference_gate_threshold=0.6)
    samatha = SamathaConfig(vitakka=vitakka, drunk_skip_prob=0.5, drunk_perturbation_std=0.4)
    assert (samatha.drunk_skip_prob, samatha.drunk_perturbation_std) == (0.5, 0.4)
    assert samatha.vitakka.inference_gate_threshold == 0.6


def test_the_system():
    system = tiny_system()
    system.set_stage(TrainingStage.SAMATHA_TRAINING)
    learns = system.get_trainable_params()
    assert set(learns) == {"adapter", "vitakka", "vicara", "samatha_recon_head", "aux_head"}
    assert all(learns.values())
    system.eval()
    told = system.forward_stage2(tiny_digits().x[:3], noise_level=0.2, drunk_mode=True)
    assert told["trust_score"].shape == (3, 1)
    s_last, s_before = system.think(tiny_digits().x[:3]).stability_pair
    assert s_last.shape == s_before.shape == (3, 16)


def test_the_trainer():
    trainer = SatipatthanaTrainer(SatipatthanaSystem(tiny_config()), tiny_digits(), diversity_weight=0.1)
    records = trainer.train_stage(TrainingStage.SAMATHA_TRAINING, num_epochs=1)
    assert len(records) == 3 and "diversity" in records[0].losses
    assert [stage.name for stage in TrainingStage] == [
        "ADAPTER_PRETRAINING",
        "SAMATHA_TRAINING",
        "VIPASSANA_TRAINING",
        "DECODER_FINETUNING",
    ]


def test_data_sets_yield_x_and_y():
    sample = load_dataset("digits").train[0]
    assert set(sample) == {"x", "y"} and sample["x"].shape == (1, 28, 28)
