import dataclasses
import json
import math
import re
import typing
from typing import Any

import jaxtyping
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satipatthana import configs
from satipatthana.configs import (
    AugmenterConfig,
    CnnAdapterConfig,
    ConditionalDecoderConfig,
    ConfigError,
    CurriculumConfig,
    FamiliarVipassanaConfig,
    FixedStepSatiConfig,
    GroundedVipassanaConfig,
    InjectedVicaraConfig,
    KeyedVitakkaConfig,
    MlpAdapterConfig,
    ReconHeadConfig,
    RunConfig,
    SamathaConfig,
    StageConfig,
    StandardVicaraConfig,
    StandardVipassanaConfig,
    StandardVitakkaConfig,
    SystemConfig,
    ThresholdSatiConfig,
    from_dict,
    get_path,
    set_path,
    to_dict,
)


@pytest.fixture
def as_users_meet_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the type checks that only the tests have: the configs must refuse by themselves."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


FINE = StageConfig(5, 1e-3, weights={"reconstruction": 1.0})

# --- defaults ---------------------------------------------------------------------------------------------------


def test_the_default_is_the_recipe():
    run = RunConfig()
    samatha, plan = run.samatha, run.curriculum
    assert (samatha.vitakka.dim, samatha.vitakka.n_probes, samatha.sati.n_steps) == (64, 10, 10)
    assert (samatha.vitakka.temperature, samatha.vitakka.attention, samatha.vitakka.probe_share) == (0.1, "soft", 0.9)
    assert samatha.vicara == InjectedVicaraConfig(beta=0.5, kappa=0.4, spectral_norm=True)
    assert (samatha.augmenter.max_noise, samatha.augmenter.shift) == (0.7, 2)
    assert (samatha.drunk_skip_prob, samatha.drunk_perturbation_std) == (0.3, 0.2)
    assert isinstance(run.vipassana, GroundedVipassanaConfig) and run.recon.upsampling == "resize"
    assert [plan.stage(i).n_steps for i in range(4)] == [126, 630, 250, 300]
    assert [plan.stage(i).learning_rate for i in range(4)] == [2e-3, 3e-3, 5e-3, 3e-3]
    assert plan.stage1.schedule == "onecycle" and plan.stage1.clip_norm == 1
    assert plan.stage1.weights == {
        "reconstruction": 3,
        "intermediate": 0.5,
        "guidance": 0.3,
        "stability": 0.1,
        "balance": 0.3,
        "orthogonality": 0.5,
        "diversity": 0,
    }
    assert (plan.batch_size, plan.floor, plan.max_blur) == (64, 0.1, 3)


def test_both_gates_are_open_by_default_so_that_learning_can_start():
    vitakka = StandardVitakkaConfig()
    assert vitakka.training_gate_threshold == -1 and vitakka.inference_gate_threshold == -1


def test_configs_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SamathaConfig().drunk_skip_prob = 0.5  # type: ignore[misc]


# --- bad values: each is refused with the value and what would do ---------------------------------------------------

BAD: list[tuple[type, str, list[Any]]] = [
    (AugmenterConfig, "max_noise", [-0.1, 2.1, math.nan]),
    (AugmenterConfig, "shift", [-1, 9]),
    (CnnAdapterConfig, "channels", [(), (4, 0), (1, 1, 1, 1, 1)]),
    (MlpAdapterConfig, "hidden", [0, -3]),
    (StandardVitakkaConfig, "dim", [1, 1025]),
    (StandardVitakkaConfig, "n_probes", [1, 257]),
    (StandardVitakkaConfig, "temperature", [0.0, -1.0, math.nan]),
    (StandardVitakkaConfig, "attention", ["softest"]),
    (StandardVitakkaConfig, "probe_share", [-0.1, 1.1, math.nan]),
    (StandardVitakkaConfig, "training_gate_threshold", [-1.1, 1.1, math.nan]),
    (StandardVitakkaConfig, "inference_gate_threshold", [-1.1, 1.1, math.nan]),
    (StandardVitakkaConfig, "gate", ["ajar"]),
    (StandardVitakkaConfig, "gate_temperature", [0.0]),
    (StandardVitakkaConfig, "n_gate_keys", [0]),
    (StandardVitakkaConfig, "gate_whitening", [-0.1, 0.6, math.nan]),
    (StandardVitakkaConfig, "gate_threshold", [0.6]),
    (KeyedVitakkaConfig, "mean_rate", [-0.1, 1.1, math.nan]),
    (KeyedVitakkaConfig, "key_rate", [-0.1, 1.1]),
    (KeyedVitakkaConfig, "key_step", [-0.1, 1.1]),
    (KeyedVitakkaConfig, "refit_steps", [-1, 101]),
    (InjectedVicaraConfig, "beta", [0.0, 1.1, math.nan]),
    (InjectedVicaraConfig, "kappa", [0.0]),
    (InjectedVicaraConfig, "hidden", [0]),
    (StandardVicaraConfig, "beta", [0.0, 1.1]),
    (FixedStepSatiConfig, "n_steps", [0, 201]),
    (ThresholdSatiConfig, "threshold", [0.0, -1.0]),
    (ThresholdSatiConfig, "n_steps", [0, 201]),
    (ThresholdSatiConfig, "min_steps", [0, 11]),
    (StandardVipassanaConfig, "context_dim", [0]),
    (StandardVipassanaConfig, "hidden", [0]),
    (GroundedVipassanaConfig, "context_dim", [0]),
    (GroundedVipassanaConfig, "hidden", [0, 10**12]),
    (FamiliarVipassanaConfig, "context_dim", [0]),
    (FamiliarVipassanaConfig, "hidden", [0]),
    (FamiliarVipassanaConfig, "n_nearest", [0, 2001]),
    (FamiliarVipassanaConfig, "n_known", [4, 100_001]),
    (ReconHeadConfig, "upsampling", ["bilinear"]),
    (ReconHeadConfig, "channels", [(), (0,), (1, 1, 1, 1, 1)]),
    (ReconHeadConfig, "hidden", [0]),
    (ConditionalDecoderConfig, "hidden", [-1]),
    (SamathaConfig, "drunk_skip_prob", [-0.1, 1.1, math.nan]),
    (SamathaConfig, "drunk_perturbation_std", [-0.1, 10.1, math.nan]),
    (SystemConfig, "x_shape", [(), (28, 28), (1, 28, 28, 1), (0, 28, 28), (2,)]),  # (2,) wants the mlp adapter
    (SystemConfig, "n_classes", [1]),
    (SystemConfig, "seed", [-1, 2**31]),
    (StageConfig, "n_steps", [0]),
    (StageConfig, "learning_rate", [0.0, -1.0, 11.0, math.nan]),
    (CurriculumConfig, "voids", ["seven"]),
    (StageConfig, "schedule", ["cosine"]),
    (StageConfig, "weight_decay", [-0.1]),
    (StageConfig, "clip_norm", [-1.0]),
    (StageConfig, "weights", [{"reconstruction": -1.0}, {"reconstruction": 1001.0}, {"reconstruction": math.nan}]),
    (CurriculumConfig, "batch_size", [0, 4097]),
    (CurriculumConfig, "floor", [-0.1, 1.1]),
    (CurriculumConfig, "max_blur", [-1.0]),
    (CurriculumConfig, "n_keyframes", [-1, 101]),
    (CurriculumConfig, "paths", [{}, {"clean": 0.0}, {"clean": -1.0, "void": 2.0}, {"sober": 1.0}]),
    (CurriculumConfig, "stage0", [StageConfig(5, 1e-3, weights={"guidance": 1.0}), StageConfig(5, 1e-3)]),
    (CurriculumConfig, "stage1", [StageConfig(5, 1e-3, weights={"trust": 1.0})]),
    (CurriculumConfig, "stage2", [StageConfig(5, 1e-3, weights={"answer": 1.0})]),
    (CurriculumConfig, "stage3", [StageConfig(5, 1e-3, weights={"answer": 0.0})]),
]
REQUIRED = {StageConfig: {"n_steps": 5, "learning_rate": 1e-3}}
ANY_VALUE = {
    ("InjectedVicaraConfig", "spectral_norm"),
    ("RunConfig", "data"),
}  # a flag; a name, checked by load_dataset


@pytest.mark.usefixtures("as_users_meet_it")
@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        pytest.param(cls, name, value, id=f"{cls.__name__}.{name}-{index}")
        for cls, name, values in BAD
        for index, value in enumerate(values)
    ],
)
def test_a_bad_value_is_refused_with_the_value_and_the_remedy(cls: type, name: str, value: Any):
    with pytest.raises(ConfigError) as caught:
        cls(**{**REQUIRED.get(cls, {}), name: value})
    message = str(caught.value)
    assert name in message or "weight" in message
    if isinstance(value, float | int | str) and name != "gate_threshold":
        assert str(value) in message
    assert re.search(r"expected|must|known|lies|use |set ", message), message


def test_no_setting_is_left_unchecked():
    checked = {(cls.__name__, name) for cls, name, _ in BAD} | ANY_VALUE
    for cls in vars(configs).values():
        if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
            continue
        inherited = [item.name for base in cls.__bases__ for item in getattr(base, "__dataclass_fields__", {}).values()]
        hints = typing.get_type_hints(cls)
        for item in dataclasses.fields(cls):
            nested = "Config" in str(hints[item.name])  # checks itself
            assert item.name in inherited or nested or (cls.__name__, item.name) in checked, f"{cls}.{item.name}"


@pytest.mark.usefixtures("as_users_meet_it")
@pytest.mark.parametrize("value", [0.6, 0.0, -1.0])
def test_the_old_gate_threshold_is_refused_with_its_two_successors(value: float):
    both = r"training_gate_threshold.*inference_gate_threshold"
    with pytest.raises(ConfigError, match=both):
        StandardVitakkaConfig(gate_threshold=value)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=both):
        from_dict(RunConfig, {"samatha": {"vitakka": {"gate_threshold": value}}})
    with pytest.raises(ConfigError, match=both):
        set_path(RunConfig(), "samatha.vitakka.gate_threshold", value)
    assert "gate_threshold" not in to_dict(StandardVitakkaConfig())


@pytest.mark.parametrize(("shape", "adapter"), [((2,), CnnAdapterConfig()), ((1, 8, 8), MlpAdapterConfig())])
def test_the_adapter_must_fit_the_input(shape: tuple[int, ...], adapter: Any):
    right = "mlp" if len(shape) == 1 else "cnn"
    with pytest.raises(ConfigError, match=f"use the '{right}' adapter"):
        SystemConfig(x_shape=shape, samatha=SamathaConfig(adapter=adapter))


def test_a_plan_that_would_teach_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"stage1.*nothing would be learnt.*reconstruction"):
        CurriculumConfig(stage1=StageConfig(5, 1e-3))
    with pytest.raises(ConfigError, match=r"stage0.*nothing would be learnt"):
        set_path(RunConfig(), "curriculum.stage0.weights.reconstruction", 0)


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
    assert data["vipassana"]["kind"] == "grounded"
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
