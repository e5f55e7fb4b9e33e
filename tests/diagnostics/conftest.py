"""A network small enough for tests, and a few real digits for it to think about."""

import pytest
import torch

from satipatthana.configs import (
    CnnAdapterConfig,
    FixedStepSatiConfig,
    ReconHeadConfig,
    RunConfig,
    SamathaConfig,
    StandardVitakkaConfig,
    ThresholdSatiConfig,
)
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, Split, load_dataset

N_STEPS = 4


def config(sati: FixedStepSatiConfig | ThresholdSatiConfig | None = None) -> RunConfig:
    samatha = SamathaConfig(
        adapter=CnnAdapterConfig(channels=(4, 6, 8)),
        vitakka=StandardVitakkaConfig(dim=16, n_probes=4, n_gate_keys=6),
        sati=sati or FixedStepSatiConfig(n_steps=N_STEPS),
    )
    return RunConfig(samatha=samatha, recon=ReconHeadConfig(channels=(6, 4, 4)))


def a_few(split: Split, n: int) -> Split:
    rows = torch.linspace(0, len(split) - 1, n).long()
    return Split(split.x[rows], split.y[rows])


@pytest.fixture(scope="session")
def bundle() -> DataBundle:
    """The embedded digits, thinned out: 64 to train on, 40 to validate, 60 to test."""
    full = load_dataset("digits")
    splits = (a_few(full.train, 64), a_few(full.validation, 40), a_few(full.test, 60))
    return DataBundle("digits", *splits, full.class_names)


@pytest.fixture
def system() -> SatipatthanaSystem:
    """Untrained, at rest."""
    return SatipatthanaSystem(config())


@pytest.fixture
def impatient() -> SatipatthanaSystem:
    """One whose sati stops each sample in its own time."""
    return SatipatthanaSystem(config(ThresholdSatiConfig(threshold=0.05, n_steps=12)))
