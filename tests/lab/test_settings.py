"""What a page chooses for a new run becomes a config, or is refused before anything is built."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import settings
from lab.limits import BadInput
from lab.settings import NewRun, base_config, checked, run_config
from satipatthana.configs import CurriculumConfig, RunConfig, Upsampling
from satipatthana.data import DATASETS


def test_the_defaults_are_the_recipes():
    assert run_config(checked({}), (1, 28, 28), 10) == RunConfig()
    assert run_config(NewRun(), (1, 28, 28), 10).curriculum == CurriculumConfig()


def test_the_plain_names_are_those_of_the_network():
    assert settings.DATASETS == DATASETS
    assert typing.get_args(Upsampling) == settings.UPSAMPLINGS


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


def test_vectors_get_the_other_adapter():
    config = base_config("moons", (2,), 2, seed=3)
    assert config.samatha.adapter.kind == "mlp" and config.seed == 3 and config.n_classes == 2


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
