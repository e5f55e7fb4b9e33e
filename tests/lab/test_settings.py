"""What a page chooses for a new run becomes a config, or is refused before anything is built."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import settings
from lab.limits import BadInput
from lab.settings import FIXED, NewRun, checked, run_config
from satipatthana.configs import CurriculumConfig, RunConfig, Upsampling, VicaraConfig, VitakkaConfig
from satipatthana.data import DATASETS
from satipatthana.presets import PRESETS


def test_the_defaults_are_the_recipes():
    assert run_config(checked({}), (1, 28, 28), 10) == RunConfig()
    assert run_config(NewRun(), (1, 28, 28), 10).curriculum == CurriculumConfig()


def test_the_plain_names_are_those_of_the_network():
    assert settings.DATASETS == DATASETS
    assert typing.get_args(Upsampling) == settings.UPSAMPLINGS
    assert {kind.kind for kind in typing.get_args(VicaraConfig)} == set(settings.VICARAS)
    assert {kind.kind: kind.care for kind in typing.get_args(VitakkaConfig)} == settings.CARE
    assert tuple(PRESETS) == settings.PRESETS == tuple(FIXED) == tuple(settings.USUAL)


def test_every_dial_arrives():
    sent = {
        "data": "cifar10",
        "seed": 7.0,
        "dim": 32,
        "n_probes": 5,
        "n_steps": 8,
        "vitakka": "keyed",
        "vicara": "standard",
        "sati": "threshold",
        "sati_threshold": 0.1,
        "vipassana": "standard",
        "upsampling": "pixelshuffle",
        "device": "cpu",
    }
    config = run_config(checked(sent), (3, 32, 32), 10)
    samatha = config.samatha
    assert (config.data, config.seed, config.x_shape) == ("cifar10", 7, (3, 32, 32))
    assert (samatha.vitakka.dim, samatha.vitakka.n_probes) == (32, 5)
    assert (samatha.vicara.kind, samatha.sati.kind, samatha.sati.n_steps) == ("standard", "threshold", 8)
    assert samatha.sati.threshold == 0.1
    assert samatha.vitakka.kind == "keyed" and config.curriculum.stage1.weights["balance"] == 0
    assert (config.vipassana.kind, config.recon.upsampling) == ("standard", "pixelshuffle")


def test_a_preset_brings_its_network_and_its_curriculum():
    sent = {"preset": "local", "vitakka": "keyed", "n_steps": 12, "vipassana": "standard", "data": "cifar10", "seed": 3}
    config = run_config(checked(sent), (3, 32, 32), 10)
    alone = PRESETS["local"]("cifar10", (3, 32, 32), 10, 3)
    samatha, plan = config.samatha, config.curriculum
    assert (samatha.adapter, samatha.vicara, samatha.augmenter) == (
        alone.samatha.adapter,
        alone.samatha.vicara,
        alone.samatha.augmenter,
    )
    assert samatha.vitakka.dim == 2048 == FIXED["local"]["dim"]
    assert samatha.vitakka.kind == "keyed" and plan.stage1.weights["balance"] == 0 < plan.stage1.weights["early"]
    assert (samatha.sati.n_steps, config.vipassana.kind) == (12, "standard")
    assert run_config(checked({"preset": "local"}), (1, 28, 28), 10) == PRESETS["local"]("digits", (1, 28, 28), 10, 0)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"preset": "local", "dim": 64}, "D is 64, but the preset 'local' needs 2048"),
        ({"preset": "local", "vicara": "injected"}, "Vicara is 'injected', but the preset 'local' needs 'local'"),
        ({"preset": "local", "data": "moons"}, "Data is 'moons', but the preset 'local' needs images"),
        ({"vicara": "local"}, "choose the preset 'local'"),
        ({"preset": "global"}, "expected one of: default, local"),
    ],
)
def test_what_a_preset_fixes_cannot_be_chosen_besides(sent, says):
    with pytest.raises(BadInput, match=says):
        checked(sent)


@pytest.mark.parametrize(
    "sent",
    [
        {"data": "../etc/passwd"},
        {"data": ["digits"]},
        {"seed": -1},
        {"seed": 2**31},
        {"dim": 1},
        {"dim": 10**9},
        {"dim": True},
        {"n_probes": "10"},
        {"n_steps": float("nan")},
        {"vicara": None},
        {"sati_threshold": 0},
        {"device": "cuda:7"},
        {"shell": "rm"},
        None,
        [],
    ],
)
def test_anything_else_is_refused(sent):
    with pytest.raises(BadInput):
        checked(sent)


@given(st.dictionaries(st.sampled_from([*NewRun.__dataclass_fields__, "x"]), st.none() | st.integers() | st.text()))
def test_what_passes_builds(sent):
    try:
        new = checked(sent)
    except BadInput:
        return
    assert isinstance(run_config(new, (1, 28, 28), 10), RunConfig)
