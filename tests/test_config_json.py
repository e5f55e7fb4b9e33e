import json
import math
import typing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satipatthana import configs
from satipatthana.configs import (
    ConfigError,
    CurriculumConfig,
    KeyedVitakkaConfig,
    RunConfig,
    SamathaConfig,
    StageConfig,
    StandardVicaraConfig,
    StandardVipassanaConfig,
    ThresholdSatiConfig,
    from_dict,
    get_path,
    set_path,
    to_dict,
)

FINE = StageConfig(5, 1e-3, weights={"reconstruction": 1.0})

# --- JSON -----------------------------------------------------------------------------------------------------------

shares = st.floats(0, 1)
widths = st.integers(1, 64)
above_0 = st.floats(1e-3, 5)
channels = st.lists(widths, min_size=1, max_size=4)
group = st.fixed_dictionaries  # settings that are always there; what is optional may be left out


def plan(terms: dict[str, float]) -> st.SearchStrategy[dict[str, Any]]:
    weights = st.dictionaries(st.sampled_from(sorted(terms)), st.floats(0.1, 100), min_size=1)
    choices = {"schedule": st.sampled_from(["linear", "onecycle", "constant"]), "weight_decay": shares}
    return group({"n_steps": widths, "learning_rate": above_0, "weights": weights}, optional=choices)


def part(kind: str, **settings: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return group({"kind": st.just(kind)}, optional=settings)


vitakkas = group(
    {},
    optional={
        "dim": st.integers(2, 128),
        "n_probes": st.integers(2, 20),
        "attention": st.sampled_from(["soft", "hard"]),
        "probe_share": shares,
        "inference_gate_threshold": st.floats(-1, 1),
        "gate": st.sampled_from(["hard", "soft"]),
    },
)
keyed = part("keyed", n_probes=st.integers(2, 20), mean_rate=shares, key_step=shares, refit_steps=st.integers(0, 9))
vicaras = part("standard", beta=st.floats(0.01, 1)) | part("injected", kappa=above_0, spectral_norm=st.booleans())
satis = part("fixed", n_steps=widths) | part("threshold", threshold=above_0, min_steps=st.integers(1, 10))
vipassanas = part("standard", context_dim=widths) | part("grounded", hidden=widths)
vipassanas = vipassanas | part("familiar", n_nearest=st.integers(1, 9))
paths = st.dictionaries(st.sampled_from(["clean", "drunk", "void"]), above_0, min_size=1)
curricula = group(
    {f"stage{index}": plan(terms) for index, terms in enumerate(configs.DEFAULT_WEIGHTS)},
    optional={"batch_size": st.integers(1, 4096), "floor": shares, "n_keyframes": st.integers(0, 100), "paths": paths},
)


def runs(shape: st.SearchStrategy[list[int]], adapter: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    drunkenness = {"drunk_skip_prob": shares, "drunk_perturbation_std": above_0}
    rest = {"vitakka": vitakkas | keyed, "vicara": vicaras, "sati": satis, **drunkenness}
    return group(
        {"x_shape": shape, "samatha": group({"adapter": adapter}, optional=rest)},
        optional={
            "seed": st.integers(0, 2**31 - 1),
            "vipassana": vipassanas,
            "recon": group({"upsampling": st.sampled_from(typing.get_args(configs.Upsampling)), "channels": channels}),
            "answer": group({"hidden": st.integers(0, 64)}),
            "data": st.text(max_size=10),
            "curriculum": curricula,
        },
    )


images = runs(st.lists(widths, min_size=3, max_size=3), part("cnn", channels=channels))
vectors = runs(st.lists(widths, min_size=1, max_size=1), part("mlp", hidden=widths))


def test_another_vitakka_brings_the_care_of_its_probes():
    keyed = set_path(RunConfig(), "samatha.vitakka.kind", "keyed")
    assert keyed.samatha.vitakka == KeyedVitakkaConfig()
    weights = keyed.curriculum.stage1.weights
    assert (weights["balance"], weights["orthogonality"]) == (0, 0)
    assert set_path(keyed, "curriculum.stage1.weights.balance", 0.5).curriculum.stage1.weights["balance"] == 0.5
    assert set_path(keyed, "samatha.vitakka.kind", "standard") == RunConfig()
    samatha = set_path(SamathaConfig(), "vitakka.kind", "keyed")  # no curriculum there to take care in
    assert isinstance(samatha.vitakka, KeyedVitakkaConfig)


@settings(max_examples=30)
@given(images | vectors)
def test_any_config_survives_json(data: dict[str, Any]):
    run = from_dict(RunConfig, data)
    written = to_dict(run)
    assert from_dict(RunConfig, json.loads(json.dumps(written))) == run
    for path in leaves(data):
        assert get_value(written, path) == get_value(data, path)


def leaves(data: dict[str, Any], before: str = "") -> list[str]:
    """The dotted paths of all settings."""
    paths = []
    for key, value in data.items():
        paths += leaves(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return paths


def get_value(data: Any, path: str) -> Any:
    for key in path.split("."):
        data = data[key]
    return data


def test_members_of_a_family_carry_their_kind():
    data = to_dict(RunConfig())
    assert data["samatha"]["adapter"]["kind"] == "cnn"
    assert data["samatha"]["vicara"]["kind"] == "injected"
    assert data["vipassana"]["kind"] == "familiar"
    assert "kind" not in data["recon"]


def test_what_is_left_out_keeps_its_default():
    assert from_dict(RunConfig, {}) == RunConfig()
    run = from_dict(RunConfig, {"samatha": {"sati": {"kind": "threshold", "threshold": 0.5}}})
    assert run == RunConfig(samatha=SamathaConfig(sati=ThresholdSatiConfig(threshold=0.5)))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "expected an object"),
        ({"sead": 1}, r"no setting 'sead'; known: x_shape, .*seed"),
        ({"samatha": {"drunkness": 1}}, r"samatha has no setting 'drunkness'"),
        ({"samatha": {"vitakka": {"probes": 3}}}, r"samatha.vitakka has no setting 'probes'; known: dim, n_probes"),
        ({"samatha": {"vitakka": {"kind": "far"}}}, "samatha.vitakka.kind is 'far'; known: standard, keyed"),
        ({"samatha": {"adapter": {"kind": "vit"}}}, "samatha.adapter.kind is 'vit'; known: cnn, mlp"),
        ({"samatha": {"adapter": {"kind": []}}}, r"samatha.adapter.kind is \[\]; known: cnn, mlp"),
        ({"samatha": {"adapter": "cnn"}}, "samatha.adapter is 'cnn'; expected an object"),
        ({"samatha": {"sati": {"kind": "fixed", "threshold": 1}}}, "samatha.sati has no setting 'threshold'"),
        ({"samatha": {"vitakka": {"attention": "softest"}}}, "attention is 'softest'; known: soft, hard"),
        ({"samatha": {"vitakka": {"n_probes": 1}}}, "samatha.vitakka: n_probes is 1; expected 2"),
        ({"seed": "7"}, "seed is '7'; expected a whole number"),
        ({"seed": 7.5}, "seed is 7.5; expected a whole number"),
        ({"seed": True}, "seed is True; expected a whole number"),
        ({"seed": None}, "seed is None; expected a whole number"),
        ({"seed": math.inf}, "seed is inf; expected a whole number"),
        ({"seed": 10**400}, "seed is 10+; expected 0 to"),
        ({"samatha": {"drunk_skip_prob": "0.5"}}, "samatha.drunk_skip_prob is '0.5'; expected a finite number"),
        ({"samatha": {"drunk_skip_prob": math.nan}}, "drunk_skip_prob is nan; expected a finite number"),
        ({"samatha": {"drunk_skip_prob": 10**400}}, "drunk_skip_prob is 10+; expected a finite number"),
        ({"samatha": {"vicara": {"spectral_norm": 1}}}, "spectral_norm is 1; expected true or false"),
        ({"x_shape": 28}, "x_shape is 28; expected a list"),
        ({"x_shape": [1, "28", 28]}, "x_shape is '28'; expected a whole number"),
        ({"data": 5}, "data is 5; expected str"),
        ({"curriculum": {"paths": [1]}}, r"paths is \[1\]; expected an object"),
        ({"curriculum": {"stage1": {"n_steps": 5}}}, r"curriculum.stage1: .*learning_rate"),
        ({"curriculum": {"stage1": {**to_dict(FINE), "weights": {"beauty": 1}}}}, "stage1.weights names .*beauty"),
    ],
)
def test_json_that_does_not_fit_names_the_key(data: Any, says: str):
    with pytest.raises(ConfigError, match=says):
        from_dict(RunConfig, data)


def test_whole_floats_are_whole_numbers():
    run = from_dict(RunConfig, {"seed": 7.0, "samatha": {"drunk_skip_prob": 1}})
    assert run.seed == 7 and isinstance(run.seed, int)
    assert run.samatha.drunk_skip_prob == 1.0 and isinstance(run.samatha.drunk_skip_prob, float)


# --- dotted paths ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", leaves(to_dict(RunConfig())))
def test_every_setting_can_be_read_and_set_by_its_path(path: str):
    run = RunConfig()
    assert set_path(run, path, get_path(run, path)) == run


def test_setting_a_path_changes_that_alone():
    run = RunConfig()
    changed = set_path(run, "samatha.vitakka.n_probes", 7)
    assert changed.samatha.vitakka.n_probes == 7
    assert set_path(changed, "samatha.vitakka.n_probes", 10) == run
    assert run.samatha.vitakka.n_probes == 10  # the first is as it was


def test_setting_a_kind_swaps_the_part_for_its_defaults():
    run = set_path(RunConfig(), "samatha.vicara.beta", 0.25)
    assert set_path(run, "samatha.vicara.kind", "standard").samatha.vicara == StandardVicaraConfig()
    assert set_path(run, "vipassana.kind", "standard").vipassana == StandardVipassanaConfig()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("samatha.vitaka.n_probes", r"samatha has no group 'vitaka'; known: augmenter, adapter, vitakka"),
        ("vitakka.n_probes", r"RunConfig has no group 'vitakka'; known: samatha"),
        ("samatha.vitakka.probes", r"no such setting; known here: kind, dim"),
        ("samatha.vitakka.dim.x", "no group 'dim'"),
        ("curriculum.stage1.weights.beauty", "beauty.*known: reconstruction"),
        ("curriculum.paths.sober", "sober.*known: clean"),
        ("", "no such setting"),
    ],
)
def test_an_unknown_path_is_refused_with_what_is_known(path: str, says: str):
    with pytest.raises(ConfigError, match=says):
        set_path(RunConfig(), path, 1)
    with pytest.raises(ConfigError, match="no such setting"):
        get_path(RunConfig(), path)


def test_a_term_that_a_plan_leaves_out_can_be_set():
    run = RunConfig(curriculum=CurriculumConfig(stage1=FINE, paths={"clean": 1.0}))
    assert set_path(run, "curriculum.stage1.weights.stability", 0.5).curriculum.stage1.weights["stability"] == 0.5
    assert set_path(run, "curriculum.paths.void", 2).curriculum.paths == {"clean": 1.0, "void": 2.0}
