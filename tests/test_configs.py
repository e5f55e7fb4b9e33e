import dataclasses
import math
import re
import typing
from typing import Any

import jaxtyping
import pytest

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
    LocalAdapterConfig,
    LocalVicaraConfig,
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
    set_path,
    to_dict,
)


@pytest.fixture
def as_users_meet_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the type checks that only the tests have: the configs must refuse by themselves."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


# --- defaults ---------------------------------------------------------------------------------------------------


def test_the_default_is_the_recipe():
    run = RunConfig()
    samatha, plan = run.samatha, run.curriculum
    assert (samatha.vitakka.dim, samatha.vitakka.n_probes, samatha.sati.n_steps) == (64, 10, 10)
    assert (samatha.vitakka.temperature, samatha.vitakka.attention, samatha.vitakka.probe_share) == (0.1, "soft", 0.9)
    assert samatha.vicara == InjectedVicaraConfig(beta=0.5, kappa=0.4, spectral_norm=True)
    assert (samatha.augmenter.max_noise, samatha.augmenter.shift) == (0.7, 2)
    assert (samatha.drunk_skip_prob, samatha.drunk_perturbation_std) == (0.3, 0.2)
    assert isinstance(run.vipassana, FamiliarVipassanaConfig) and run.recon.upsampling == "resize"
    assert [plan.stage(i).n_steps for i in range(4)] == [126, 630, 500, 300]
    assert [plan.stage(i).learning_rate for i in range(4)] == [2e-3, 3e-3, 5e-3, 3e-3]
    assert plan.stage1.schedule == "onecycle" and plan.stage1.clip_norm == 1
    assert plan.stage1.weights == {
        "reconstruction": 3,
        "intermediate": 0.5,
        "guidance": 0.3,
        "early": 0,
        "stability": 0.1,
        "balance": 0.3,
        "orthogonality": 0.5,
        "diversity": 0,
    }
    assert (plan.batch_size, plan.floor, plan.max_blur) == (64, 0.1, 3)
    assert plan.voids == "wide" and plan.stage2.schedule == "linear"
    assert plan.paths == {"clean": 4, "augmented": 3, "drunk": 1, "mismatch": 1, "void": 1}


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
    (AugmenterConfig, "half_hidden", [-0.1, 1.1, math.nan]),
    (AugmenterConfig, "block_hidden", [-0.1, 1.1]),
    (AugmenterConfig, "block", [0, 1025]),
    (AugmenterConfig, "loud", [-0.1, 1.1]),
    (MlpAdapterConfig, "hidden", [0, -3]),
    (LocalAdapterConfig, "channels", [0, 8193]),
    (LocalAdapterConfig, "patch", [0, 3, 16]),
    (LocalVicaraConfig, "beta", [0.0, 1.1]),
    (LocalVicaraConfig, "kappa", [0.0]),
    (LocalVicaraConfig, "hidden", [0]),
    (StandardVitakkaConfig, "dim", [1, 8193]),
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
    right = "'mlp'" if len(shape) == 1 else "'cnn' or the 'local'"
    with pytest.raises(ConfigError, match=f"use the {right} adapter"):
        SystemConfig(x_shape=shape, samatha=SamathaConfig(adapter=adapter))


def test_a_plan_that_would_teach_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"stage1.*nothing would be learnt.*reconstruction"):
        CurriculumConfig(stage1=StageConfig(5, 1e-3))
    with pytest.raises(ConfigError, match=r"stage0.*nothing would be learnt"):
        set_path(RunConfig(), "curriculum.stage0.weights.reconstruction", 0)


def test_shares_of_spoiled_inputs_add_up_to_1_at_most():
    assert AugmenterConfig(half_hidden=0.3, block_hidden=0.6, loud=0.1).hides
    with pytest.raises(ConfigError, match=r"add up to 1.1; .* at most 1"):
        AugmenterConfig(half_hidden=0.5, block_hidden=0.5, loud=0.1)
    with pytest.raises(ConfigError, match="use images"):
        hiding = SamathaConfig(adapter=MlpAdapterConfig(), augmenter=AugmenterConfig(half_hidden=0.1))
        SystemConfig(x_shape=(2,), samatha=hiding)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"vitakka": StandardVitakkaConfig(dim=64)},
            r"dim is 64, .* 32 x 8 x 8 .*set samatha.vitakka.dim to 2048",
        ),
        (
            {"adapter": CnnAdapterConfig()},
            "vicara is of kind 'local', samatha.adapter 'cnn'; use 'local' for both",
        ),
        ({"adapter": LocalAdapterConfig(channels=64, patch=2)}, r"= 12544 of x_shape .*use larger patches or fewer"),
    ],
)
def test_a_grid_must_fit(changes: dict[str, Any], says: str):
    fits = SamathaConfig(
        adapter=LocalAdapterConfig(), vitakka=StandardVitakkaConfig(dim=2048), vicara=LocalVicaraConfig()
    )
    assert SystemConfig(samatha=fits, recon=ReconHeadConfig(channels=(16,)))
    with pytest.raises(ConfigError, match=says):
        SystemConfig(samatha=dataclasses.replace(fits, **changes))
    with pytest.raises(ConfigError, match=r"recon.channels is \(16,\); expected 2 or more widths between patches of 8"):
        small = dataclasses.replace(fits, adapter=LocalAdapterConfig(patch=8), vitakka=StandardVitakkaConfig(dim=512))
        SystemConfig(samatha=small, recon=ReconHeadConfig(channels=(16,)))
