"""Every option of every config is used, builds and runs."""

import typing
from functools import cache
from typing import Any

import jaxtyping
import pytest
import torch
from torch import Tensor

from satipatthana import configs
from satipatthana.configs import (
    ConfigError,
    LocalAdapterConfig,
    LocalVicaraConfig,
    RunConfig,
    SamathaConfig,
    StandardVitakkaConfig,
    get_path,
    set_path,
    to_dict,
)
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import Split
from satipatthana.train.stages import PATHS
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import tiny_config

# --- every kind and every choice, at every size ---------------------------------------------------------------------

KINDS = {
    "samatha.vitakka.kind": ["standard", "keyed"],
    "samatha.vicara.kind": ["injected", "standard"],
    "samatha.sati.kind": ["fixed", "threshold"],
    "vipassana.kind": ["grounded", "familiar", "standard"],
}
CHOICES = {
    "samatha.vitakka.attention": ["soft", "hard"],
    "samatha.vitakka.gate": ["hard", "soft"],
    "samatha.vicara.spectral_norm": [True, False],
    "recon.upsampling": ["resize", "transpose", "transpose3", "pixelshuffle", "pixelshuffle_icnr"],
    "answer.hidden": [0, 5],
    "curriculum.voids": ["six", "wide"],
    "curriculum.stage1.schedule": ["linear", "onecycle", "constant"],
}


def test_no_kind_and_no_choice_is_forgotten():
    parts = ("Adapter", "Vitakka", "Vicara", "Sati", "Vipassana")
    families = [getattr(configs, f"{part}Config") for part in parts]
    kinds = {member.kind for family in families for member in typing.get_args(family)}
    assert kinds == {"cnn", "mlp", "local"} | {kind for names in KINDS.values() for kind in names}
    literals = set()
    for cls in vars(configs).values():
        if isinstance(cls, type) and hasattr(cls, "__dataclass_fields__"):
            hints = typing.get_type_hints(cls)
            literals |= {
                v for hint in hints.values() if typing.get_origin(hint) is typing.Literal for v in typing.get_args(hint)
            }
    assert literals == {value for values in CHOICES.values() for value in values if isinstance(value, str)}


LOCAL = {
    "samatha.adapter.kind": "local",
    "samatha.adapter.channels": 4,
    "samatha.vitakka.dim": 16,
    "samatha.vicara.kind": "local",
    "samatha.vicara.hidden": 6,
}
"""On 8x8 pixels."""
SINGLE = [{path: value} for table in (KINDS, CHOICES) for path, values in table.items() for value in values]
OTHER = [changes for changes in SINGLE if any(get_path(RunConfig(), path) != v for path, v in changes.items())]
SHAPES = [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 28, 28), (2,)]


def data(shape: tuple[int, ...], n: int = 12) -> Split:
    generator = torch.Generator().manual_seed(0)
    return Split(torch.rand(n, *shape, generator=generator) * 2 - 1, torch.arange(n) % 3)


def run_config(shape: tuple[int, ...], changes: dict[str, Any]) -> RunConfig:
    small = {"x_shape": list(shape), "n_classes": 3, "curriculum.batch_size": 6}
    small |= {f"curriculum.stage{stage}.n_steps": 1 for stage in range(4)}
    if len(shape) == 1:
        small |= {"samatha.adapter.kind": "mlp", "samatha.adapter.hidden": 6}
    return tiny_config(small | changes)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("upsampling", CHOICES["recon.upsampling"])
def test_what_comes_out_has_the_size_of_what_went_in(shape: tuple[int, ...], upsampling: str):
    system = SatipatthanaSystem(run_config(shape, {"recon.upsampling": upsampling}))
    x = data(shape, 2).x
    output = system(x)
    assert output.logits.shape == (2, 3)
    assert system.decode(output.santana.to_tensor()).shape == (11, 2, *shape)
    assert system.reconstruct(output.samatha.z).shape == x.shape


@pytest.mark.parametrize(
    ("shape", "changes"),
    [
        *(pytest.param((1, 12, 12), changes, id=f"image-{changes}") for changes in ({}, *OTHER)),
        pytest.param((1, 12, 12), LOCAL | {"samatha.vitakka.dim": 64}, id="image-local"),
        *(pytest.param((2,), changes, id=f"vector-{changes}") for changes in ({}, *OTHER[:3])),
    ],
)
def test_every_choice_learns_and_thinks(shape: tuple[int, ...], changes: dict[str, Any]):
    split = data(shape)
    trainer = SatipatthanaTrainer(SatipatthanaSystem(run_config(shape, changes)), split)
    records = trainer.run_curriculum()
    assert [record.stage for record in records] == [0, 1, 2, 3]
    assert all(record.grad_norm > 0 for record in records)
    trainer.system.eval()
    output = trainer.system(split.x, drunk_mode=True, noise_level=0.2, luck=LuckBySample(0, range(12)))
    assert output.logits.shape == (12, 3) and output.logits.isfinite().all()
    assert output.insight.logits.isfinite().all()


# --- every dial does something --------------------------------------------------------------------------------------

AJAR, SOFT, STANDARD, PATIENT = (
    {"samatha.vitakka.inference_gate_threshold": 0.5},
    {"samatha.vitakka.inference_gate_threshold": 0.5, "samatha.vitakka.gate": "soft"},
    {"samatha.vicara.kind": "standard"},
    {"samatha.sati.kind": "threshold", "samatha.sati.threshold": 1.0},
)
KEYED = {"samatha.vitakka.kind": "keyed"}
VECTOR = {"shape": (2,)}
EVEN = {f"curriculum.paths.{name}": 1.0 for name in PATHS}  # so small a batch has a row of each
# path -> another value, and what must be so for the dial to matter
DIALS: dict[str, tuple[Any, dict[str, Any]]] = {
    "seed": (1, {}),
    "n_classes": (4, {}),
    "samatha.augmenter.max_noise": (0.2, {}),
    "samatha.augmenter.shift": (1, {}),
    "samatha.augmenter.half_hidden": (0.9, {}),
    "samatha.augmenter.block_hidden": (0.9, {}),
    "samatha.augmenter.block": (2, {"samatha.augmenter.block_hidden": 1.0}),
    "samatha.augmenter.loud": (0.9, {}),
    "samatha.adapter.channels": ([4, 6], {}),
    "samatha.adapter.channels local": ({"samatha.adapter.channels": 6, "samatha.vitakka.dim": 24}, LOCAL),
    "samatha.adapter.patch": ({"samatha.adapter.patch": 2, "samatha.vitakka.dim": 64}, LOCAL),
    **{
        f"samatha.vicara.{name} local": (value, LOCAL) for name, value in (("beta", 0.3), ("kappa", 0.8), ("hidden", 9))
    },
    "samatha.adapter.hidden": (9, VECTOR),
    "samatha.vitakka.dim": (12, {}),
    "samatha.vitakka.n_probes": (5, {}),
    "samatha.vitakka.temperature": (0.5, {}),
    "samatha.vitakka.attention": ("hard", {}),
    "samatha.vitakka.probe_share": (0.5, {}),
    "samatha.vitakka.training_gate_threshold": (1.0, {}),
    "samatha.vitakka.inference_gate_threshold": (1.0, {}),
    "samatha.vitakka.gate": ("soft", AJAR),
    "samatha.vitakka.gate_temperature": (2.0, SOFT),
    "samatha.vitakka.n_gate_keys": (2, SOFT),
    "samatha.vitakka.gate_whitening": (0.5, SOFT),
    "samatha.vitakka.mean_rate": (0.9, KEYED),
    "samatha.vitakka.key_rate": (0.2, KEYED),
    "samatha.vitakka.key_step": (0.001, KEYED),
    "samatha.vitakka.refit_steps": (0, KEYED),
    "samatha.vicara.beta": (0.3, {}),
    "samatha.vicara.kappa": (0.8, {}),
    "samatha.vicara.hidden": (12, {}),
    "samatha.vicara.spectral_norm": (False, {}),
    "samatha.vicara.beta standard": (0.3, STANDARD),
    "samatha.sati.n_steps": (4, {}),
    "samatha.sati.threshold": (0.1, PATIENT),
    "samatha.sati.n_steps threshold": (2, PATIENT),
    "samatha.sati.min_steps": (9, PATIENT),
    "samatha.drunk_skip_prob": (0.8, {}),
    "samatha.drunk_perturbation_std": (0.9, {}),
    "vipassana.context_dim": (5, {}),
    "vipassana.hidden": (5, {}),
    "vipassana.context_dim standard": (5, {"vipassana.kind": "standard"}),
    "vipassana.n_known": (7, {}),
    "vipassana.n_nearest": (2, {}),
    "vipassana.hidden standard": (5, {"vipassana.kind": "standard"}),
    "recon.upsampling": ("transpose", {}),
    "recon.channels": ([6, 4], {}),
    "recon.hidden": (9, VECTOR),
    "answer.hidden": (5, {}),
    "curriculum.batch_size": (5, {}),
    "curriculum.floor": (0.5, {}),
    "curriculum.max_blur": (1.0, {}),
    "curriculum.n_keyframes": (1, {}),
    **{f"curriculum.paths.{name}": (0.0, EVEN) for name in PATHS},
    **{f"curriculum.stage{stage}.n_steps": (3, {}) for stage in range(4)},
    **{f"curriculum.stage{stage}.learning_rate": (1e-4, {}) for stage in range(4)},
    "curriculum.voids": (
        "six",
        {f"curriculum.paths.{name}": 0.0 for name in ("clean", "augmented", "drunk", "mismatch")},
    ),
    "curriculum.stage0.schedule": ("constant", {}),
    "curriculum.stage1.schedule": ("constant", {}),
    "curriculum.stage2.schedule": ("constant", {}),
    "curriculum.stage3.schedule": ("constant", {}),
    **{f"curriculum.stage{stage}.weight_decay": (0.9, {}) for stage in range(4)},
    **{f"curriculum.stage{stage}.clip_norm": (1e-3, {}) for stage in range(4)},
    **{
        f"curriculum.stage{stage}.weights.{name}": (weight / 2 or 1.0, {})
        for stage, table in enumerate(configs.DEFAULT_WEIGHTS)
        for name, weight in table.items()
    },
}
NO_DIALS = {"data", "x_shape"}  # a name, read by who loads the data; a shape, walked above


def leaves(data: Any, before: str = "") -> set[str]:
    if not isinstance(data, dict):
        return {before[:-1]}
    return set().union(*(leaves(value, f"{before}{key}.") for key, value in data.items() if key != "kind"))


def test_no_dial_is_forgotten():
    every = [*SINGLE, {"x_shape": [2], "samatha.adapter.kind": "mlp"}]
    local = SamathaConfig(
        adapter=LocalAdapterConfig(), vitakka=StandardVitakkaConfig(dim=2048), vicara=LocalVicaraConfig()
    )
    known = leaves(to_dict(RunConfig(samatha=local)))
    for changes in every:
        raw = to_dict(RunConfig())
        if "x_shape" in changes:
            raw |= {"x_shape": [2]}
            raw["samatha"]["adapter"] = {"kind": "mlp", "hidden": 64}
            known |= leaves(raw)
        else:
            known |= leaves(to_dict(set_path(RunConfig(), *next(iter(changes.items())))))
    assert known - NO_DIALS == {path.split()[0] for path in DIALS}


# which stages must be trained for a dial to show: the first prefix that fits
TRAINED: dict[str, tuple[int, ...]] = {
    **{f"curriculum.stage{stage}": (stage,) for stage in range(4)},
    "curriculum.max_blur": (1,),
    "curriculum.paths": (2,),
    "curriculum.voids": (2,),
    "curriculum": (0,),
    "samatha.augmenter.max_noise": (0,),
    "samatha.augmenter.shift": (0,),
    "samatha.augmenter": (1,),
    "samatha.vitakka.n_gate_keys": (1,),
    "samatha.vitakka.gate_whitening": (1,),
    "samatha.vitakka.mean_rate": (1,),
    "samatha.vitakka.key_": (1,),
    "samatha.vitakka.refit_steps": (1,),
    "samatha.vitakka.training_gate_threshold": (1,),
    "vipassana.n_": (2,),
}


@cache
def trace(changes: tuple[tuple[str, Any], ...], stages: tuple[int, ...]) -> list[Tensor]:
    """What a run with these settings leaves: its losses, rates and gradients past the plan, and a drunken thought."""
    settings = dict(changes)
    shape = settings.pop("shape", (1, 8, 8))
    split = data(shape)
    # a plan of two steps, trained for three: the floor is reached
    plans = {f"curriculum.stage{stage}.n_steps": 2 for stage in stages}
    trainer = SatipatthanaTrainer(SatipatthanaSystem(run_config(shape, plans | settings)), split)
    seen: list[float] = []
    for stage in stages:
        for record in trainer.train_stage(stage, n_steps=3):
            seen += [record.learning_rate, record.grad_norm, *record.losses.values()]
    trainer.system.eval()
    with torch.no_grad():
        output = trainer.system(split.x, drunk_mode=True, luck=LuckBySample(0, range(12)))
        images = trainer.system.decode(output.s_star)
    keyframes = torch.tensor([len(trainer.keyframes)])
    return [torch.tensor(seen), output.s_star, output.insight.logits, output.logits, images, keyframes]


def frozen(settings: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in settings.items())


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tests' shape checks, which take as long as such small runs; above they have all been made."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("path", DIALS)
def test_every_dial_changes_something(path: str):
    value, needed = DIALS[path]
    stages = next((stages for prefix, stages in TRAINED.items() if path.startswith(prefix)), ())
    changes = value if isinstance(value, dict) else {path.split()[0]: value}
    before, after = trace(frozen(needed), stages), trace(frozen(needed | changes), stages)
    assert any(a.shape != b.shape or not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_two_runs_with_the_same_settings_leave_the_same():
    again = trace.__wrapped__((), (1,))
    assert all(torch.equal(a, b) for a, b in zip(trace((), (1,)), again, strict=True))


def test_a_vector_wants_the_other_adapter():
    with pytest.raises(ConfigError, match="use the 'mlp' adapter"):
        set_path(RunConfig(), "x_shape", [2])
