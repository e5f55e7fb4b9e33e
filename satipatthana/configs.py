"""Every dial of the network and of its curriculum: frozen dataclasses, validated when built, to and from JSON.

One default, one place. A family of parts (adapter, vitakka, vicara, sati, vipassana) is a set of dataclasses told apart
by ``kind``; unknown keys and kinds are refused with the names that are known.
"""

import dataclasses
import sys
import types
import typing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Upsampling = Literal["resize", "transpose", "transpose3", "pixelshuffle", "pixelshuffle_icnr"]


class ConfigError(ValueError):
    """A setting that cannot be used; the message gives the value, what was expected and what to do."""


RENAMED = {
    "gate_threshold": "'gate_threshold' was split in two: use 'training_gate_threshold' (lets learning start, "
    "default -1) and 'inference_gate_threshold' (which inputs may think, default -1)."
}


def _check(ok: bool, message: str) -> None:
    if not ok:
        raise ConfigError(message)


WIDEST = 8192
"""Of a layer: a slip of the keyboard must not ask for a terabyte."""
MOST_STEPS = 1_000_000


def _positive(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        _check(value > 0, f"{type(owner).__name__}.{name} is {value}; it must be above 0.")


def _width(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        _check(1 <= value <= WIDEST, f"{type(owner).__name__}.{name} is {value}; expected 1 to {WIDEST}.")


def _one_of(owner: object, name: str, known: tuple[str, ...]) -> None:
    value = getattr(owner, name)
    _check(value in known, f"{type(owner).__name__}.{name} is {value!r}; known: {', '.join(known)}.")


def _share(owner: object, *names: str) -> None:
    for name in names:
        value = getattr(owner, name)
        _check(0 <= value <= 1, f"{type(owner).__name__}.{name} is {value}; it must lie between 0 and 1.")


# --- the parts, in the order in which data flows ------------------------------------------------------------------


@dataclass(frozen=True)
class AugmenterConfig:
    """Noise added to the input during training: severity = noise sigma in the units of x, clipped to 1."""

    max_noise: float = 0.7
    shift: int = 2
    """Random shifts of at most this many pixels, images only."""

    def __post_init__(self) -> None:
        _check(0 <= self.max_noise <= 2, f"max_noise is {self.max_noise}; expected 0 to 2 (x spans -1 to 1).")
        _check(0 <= self.shift <= 8, f"shift is {self.shift}; expected 0 to 8 pixels.")


@dataclass(frozen=True)
class CnnAdapterConfig:
    """Three stride-2 convolutions, batch norm, leaky relu, a linear layer to D, tanh."""

    kind: ClassVar[str] = "cnn"
    channels: tuple[int, ...] = (16, 32, 64)

    def __post_init__(self) -> None:
        ok = 1 <= len(self.channels) <= 4 and min(self.channels) >= 1 and max(self.channels) <= WIDEST
        _check(ok, f"channels is {self.channels}; expected one to four widths of 1 to {WIDEST}.")


@dataclass(frozen=True)
class MlpAdapterConfig:
    """Two hidden layers for vectors."""

    kind: ClassVar[str] = "mlp"
    hidden: int = 64

    def __post_init__(self) -> None:
        _width(self, "hidden")


@dataclass(frozen=True)
class StandardVitakkaConfig:
    """First guess: cosine of z to K normalised probes; ``dim`` is D, the latent width of the whole network.

    The training gate must let learning start, so it is open by default; so is the inference gate, until calibrated.
    """

    kind: ClassVar[str] = "standard"
    care: ClassVar[dict[str, float]] = {"balance": 0.3, "orthogonality": 0.5}
    """Weights of the loss terms that keep its probes from collapsing."""
    dim: int = 64
    n_probes: int = 10
    temperature: float = 0.1
    attention: Literal["soft", "hard"] = "soft"
    probe_share: float = 0.9
    """s0 = (1 - probe_share) z + probe_share (mix of probes)."""
    training_gate_threshold: float = -1.0
    inference_gate_threshold: float = -1.0
    gate: Literal["hard", "soft"] = "hard"
    gate_temperature: float = 0.05
    """Width of the sigmoid of the soft gate, in units of cosine."""
    n_gate_keys: int = 500
    """On validation digits (seed 0) 500 keys let .4 % of shuffled patches in where 60 let 1.7 %, and letters come to an
    AUROC of .94 instead of .90."""
    gate_whitening: float = 0.25
    """The gate sees z - mean times its covariance to the power of minus this: 0 as it is, .5 all directions alike. On
    validation digits (seed 0) .25 lifts letters from .95 to .96; at .5 blank inputs begin to pass."""
    gate_threshold: dataclasses.InitVar[None] = None
    """Refused: the old name of the two thresholds above."""

    def __post_init__(self, gate_threshold: None) -> None:
        _check(gate_threshold is None, RENAMED["gate_threshold"])
        _check(2 <= self.dim <= 1024, f"dim is {self.dim}; expected 2 to 1024.")
        _check(2 <= self.n_probes <= 256, f"n_probes is {self.n_probes}; expected 2 to 256.")
        _width(self, "n_gate_keys")
        _positive(self, "temperature", "gate_temperature")
        _one_of(self, "attention", ("soft", "hard"))
        _one_of(self, "gate", ("hard", "soft"))
        _share(self, "probe_share")
        _check(0 <= self.gate_whitening <= 0.5, f"gate_whitening is {self.gate_whitening}; expected 0 to 0.5.")
        for name in ("training_gate_threshold", "inference_gate_threshold"):
            value = getattr(self, name)
            _check(-1 <= value <= 1, f"{name} is {value}; a cosine threshold lies between -1 (open) and 1.")


@dataclass(frozen=True)
class KeyedVitakkaConfig(StandardVitakkaConfig):
    """Keys that follow the data, apart from the probes that are learned: they cannot collapse, so no loss cares."""

    kind: ClassVar[str] = "keyed"
    care: ClassVar[dict[str, float]] = {"balance": 0.0, "orthogonality": 0.0}
    mean_rate: float = 0.02
    """Share of the way that the mean of z goes towards each batch's."""
    key_rate: float = 0.02
    """The same of a key with its even share of the batch; more samples pull harder."""
    key_step: float = 0.2
    """No key goes a larger share of the way at once."""
    refit_steps: int = 5
    """Spherical Lloyd steps at the end of the stage."""

    def __post_init__(self, gate_threshold: None) -> None:
        super().__post_init__(gate_threshold)
        _share(self, "mean_rate", "key_rate", "key_step")
        _check(0 <= self.refit_steps <= 100, f"refit_steps is {self.refit_steps}; expected 0 to 100.")


@dataclass(frozen=True)
class InjectedVicaraConfig:
    """One step of thought that sees z: s' = (1 - beta) s + beta tanh(kappa B relu(A s + U z) + W z)."""

    kind: ClassVar[str] = "injected"
    beta: float = 0.5
    kappa: float = 0.4
    hidden: int = 128
    spectral_norm: bool = True

    def __post_init__(self) -> None:
        _width(self, "hidden")
        _check(0 < self.beta <= 1, f"beta is {self.beta}; expected above 0, at most 1.")
        _positive(self, "kappa")


@dataclass(frozen=True)
class StandardVicaraConfig:
    """One step of thought that sees only s: s' = (1 - beta) s + beta phi(s). It contracts by forgetting."""

    kind: ClassVar[str] = "standard"
    beta: float = 0.5

    def __post_init__(self) -> None:
        _check(0 < self.beta <= 1, f"beta is {self.beta}; expected above 0, at most 1.")


@dataclass(frozen=True)
class FixedStepSatiConfig:
    """Stops every sample after the same number of steps T."""

    kind: ClassVar[str] = "fixed"
    n_steps: int = 10

    def __post_init__(self) -> None:
        _check(1 <= self.n_steps <= 200, f"n_steps is {self.n_steps}; expected 1 to 200.")


@dataclass(frozen=True)
class ThresholdSatiConfig:
    """Stops a sample when its own step is smaller than ``threshold``, at the latest after ``n_steps``."""

    kind: ClassVar[str] = "threshold"
    threshold: float = 0.02
    n_steps: int = 10
    min_steps: int = 1

    def __post_init__(self) -> None:
        _check(1 <= self.n_steps <= 200, f"n_steps is {self.n_steps}; expected 1 to 200.")
        ok = 1 <= self.min_steps <= self.n_steps
        _check(ok, f"min_steps is {self.min_steps}; expected 1 to n_steps ({self.n_steps}).")
        _positive(self, "threshold")


@dataclass(frozen=True)
class StandardVipassanaConfig:
    """The founding document's insight: trust reads only log1p of velocity and of mean energy."""

    kind: ClassVar[str] = "standard"
    context_dim: int = 32
    hidden: int = 32

    def __post_init__(self) -> None:
        _width(self, "context_dim", "hidden")


@dataclass(frozen=True)
class GroundedVipassanaConfig:
    """Eight grounding metrics and a GRU over s_t - s*; statistics frozen at the start of stage 2."""

    kind: ClassVar[str] = "grounded"
    context_dim: int = 32
    hidden: int = 32

    def __post_init__(self) -> None:
        _width(self, "context_dim", "hidden")


@dataclass(frozen=True)
class FamiliarVipassanaConfig:
    """The grounded one with two metrics more: how near s* is to known ends, and the input to what known ones look like.

    It doubts families that it was never trained on; train it with ``curriculum.voids`` wide, 500 steps.
    """

    kind: ClassVar[str] = "familiar"
    context_dim: int = 32
    hidden: int = 32
    n_known: int = 2000
    """Clean training inputs that it remembers."""
    n_nearest: int = 5

    def __post_init__(self) -> None:
        _width(self, "context_dim", "hidden", "n_nearest")
        ok = self.n_nearest <= self.n_known <= 100_000
        _check(ok, f"n_known is {self.n_known}; expected n_nearest ({self.n_nearest}) to 100000.")


@dataclass(frozen=True)
class ReconHeadConfig:
    """What turns a latent into an image; ``upsampling`` chooses how its resolution doubles."""

    upsampling: Upsampling = "resize"
    channels: tuple[int, ...] = (64, 32, 16)
    hidden: int = 64
    """Width of the two hidden layers when the input is a vector."""

    def __post_init__(self) -> None:
        _one_of(self, "upsampling", typing.get_args(Upsampling))
        ok = 1 <= len(self.channels) <= 4 and min(self.channels) >= 1 and max(self.channels) <= WIDEST
        _check(ok, f"channels is {self.channels}; expected one to four widths of 1 to {WIDEST}.")
        _width(self, "hidden")


@dataclass(frozen=True)
class ConditionalDecoderConfig:
    """The answer, read from [s*, v_ctx]; ``hidden`` 0 means plain linear logits (the recipe's)."""

    hidden: int = 0

    def __post_init__(self) -> None:
        _check(self.hidden >= 0, f"hidden is {self.hidden}; expected 0 (linear) or a width.")


AdapterConfig = CnnAdapterConfig | MlpAdapterConfig
VitakkaConfig = StandardVitakkaConfig | KeyedVitakkaConfig
VicaraConfig = InjectedVicaraConfig | StandardVicaraConfig
SatiConfig = FixedStepSatiConfig | ThresholdSatiConfig
VipassanaConfig = GroundedVipassanaConfig | StandardVipassanaConfig | FamiliarVipassanaConfig


@dataclass(frozen=True)
class SamathaConfig:
    """Settling: everything from the augmenter to the stop, and the two dials of drunkenness."""

    augmenter: AugmenterConfig = field(default_factory=AugmenterConfig)
    adapter: AdapterConfig = field(default_factory=CnnAdapterConfig)
    vitakka: VitakkaConfig = field(default_factory=StandardVitakkaConfig)
    vicara: VicaraConfig = field(default_factory=InjectedVicaraConfig)
    sati: SatiConfig = field(default_factory=FixedStepSatiConfig)
    drunk_skip_prob: float = 0.3
    drunk_perturbation_std: float = 0.2

    def __post_init__(self) -> None:
        _share(self, "drunk_skip_prob")
        std = self.drunk_perturbation_std
        _check(0 <= std <= 10, f"drunk_perturbation_std is {std}; expected 0 to 10.")


@dataclass(frozen=True)
class SystemConfig:
    """The whole network. ``x_shape`` is (C, H, W) for images, (F,) for vectors; ``seed`` initialises every weight."""

    x_shape: tuple[int, ...] = (1, 28, 28)
    n_classes: int = 10
    seed: int = 0
    samatha: SamathaConfig = field(default_factory=SamathaConfig)
    vipassana: VipassanaConfig = field(default_factory=GroundedVipassanaConfig)
    recon: ReconHeadConfig = field(default_factory=ReconHeadConfig)
    answer: ConditionalDecoderConfig = field(default_factory=ConditionalDecoderConfig)

    def __post_init__(self) -> None:
        shape = self.x_shape
        _check(
            len(shape) in (1, 3) and min(shape) >= 1,
            f"x_shape is {shape}; expected (channels, height, width) for images or (features,) for vectors.",
        )
        _check(self.n_classes >= 2, f"n_classes is {self.n_classes}; expected at least 2.")
        _check(0 <= self.seed < 2**31, f"seed is {self.seed}; expected 0 to 2147483647.")
        wants = "cnn" if len(shape) == 3 else "mlp"
        got = self.samatha.adapter.kind
        _check(
            wants == got,
            f"samatha.adapter is of kind {got!r} but x_shape is {shape}; use the {wants!r} adapter for such an input.",
        )


# --- the curriculum ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StageConfig:
    """One stage's plan: how many steps, how fast. ``weights`` scale the loss terms by name."""

    n_steps: int
    learning_rate: float
    schedule: Literal["linear", "onecycle", "constant"] = "linear"
    weight_decay: float = 0.01
    clip_norm: float = 0.0
    """Largest gradient norm; 0 leaves it free."""
    weights: dict[str, float] = field(default_factory=dict)
    """Of the loss terms, by name; a term left out weighs 0."""

    def __post_init__(self) -> None:
        _check(1 <= self.n_steps <= MOST_STEPS, f"n_steps is {self.n_steps}; expected 1 to {MOST_STEPS}.")
        _positive(self, "learning_rate")
        _one_of(self, "schedule", ("linear", "onecycle", "constant"))
        _check(self.learning_rate <= 10, f"learning_rate is {self.learning_rate}; expected at most 10.")
        _check(self.weight_decay >= 0, f"weight_decay is {self.weight_decay}; expected 0 or more.")
        _check(self.clip_norm >= 0, f"clip_norm is {self.clip_norm}; expected 0 (free) or more.")
        for name, weight in self.weights.items():
            _check(0 <= weight <= 1000, f"weight {name!r} is {weight}; expected 0 to 1000.")


def _stage1_weights() -> dict[str, float]:
    return {
        "reconstruction": 3.0,
        "intermediate": 0.5,
        "guidance": 0.3,
        "stability": 0.1,
        **StandardVitakkaConfig.care,
        "diversity": 0.0,
    }


def _stage2_paths() -> dict[str, float]:
    return {"clean": 1.0, "augmented": 1.0, "drunk": 1.0, "mismatch": 1.0, "void": 1.0}


@dataclass(frozen=True)
class CurriculumConfig:
    """The four stages. Batch order and noise are functions of (seed, stage, step)."""

    batch_size: int = 64
    floor: float = 0.1
    """Past the plan the learning rate stays at this share of the peak."""
    max_blur: float = 3.0
    """Blur of the target of the first intermediate decode, pixels; it falls to 0 at step T."""
    n_keyframes: int = 20
    voids: Literal["six", "wide"] = "six"
    """What stage 2 calls void: the six trained families, or half of them and half cut, mixed and cloudy inputs."""
    paths: dict[str, float] = field(default_factory=_stage2_paths)
    """Shares of the five paths of stage 2; they are normalised by their sum."""
    stage0: StageConfig = field(default_factory=lambda: StageConfig(126, 2e-3, weights={"reconstruction": 1.0}))
    stage1: StageConfig = field(
        default_factory=lambda: StageConfig(630, 3e-3, "onecycle", clip_norm=1.0, weights=_stage1_weights())
    )
    stage2: StageConfig = field(
        default_factory=lambda: StageConfig(
            250, 5e-3, "constant", weights={"trust": 1.0, "conformity": 1.0, "confidence": 1.0}
        )
    )
    stage3: StageConfig = field(default_factory=lambda: StageConfig(300, 3e-3, weights={"answer": 1.0}))

    def __post_init__(self) -> None:
        _check(1 <= self.batch_size <= 4096, f"batch_size is {self.batch_size}; expected 1 to 4096.")
        _share(self, "floor")
        _check(self.max_blur >= 0, f"max_blur is {self.max_blur}; expected 0 (sharp targets) or more pixels.")
        _check(0 <= self.n_keyframes <= 100, f"n_keyframes is {self.n_keyframes}; expected 0 to 100.")
        _one_of(self, "voids", ("six", "wide"))
        known = _stage2_paths()
        unknown = sorted(set(self.paths) - set(known))
        _check(not unknown, f"paths names {unknown}; known: {', '.join(known)}.")
        shares = list(self.paths.values())
        _check(
            min(shares, default=0) >= 0 and sum(shares) > 0,
            f"paths is {self.paths}; expected shares above 0.",
        )
        for index, defaults in enumerate(DEFAULT_WEIGHTS):
            unknown = sorted(set(self.stage(index).weights) - set(defaults))
            _check(not unknown, f"stage{index}.weights names {unknown}; known: {', '.join(defaults)}.")
            _check(
                any(self.stage(index).weights.values()),
                f"stage{index}.weights is {self.stage(index).weights}, so nothing would be learnt; "
                f"set at least one of {', '.join(defaults)} above 0.",
            )

    def stage(self, index: int) -> StageConfig:
        """The plan of stage 0 to 3."""
        return (self.stage0, self.stage1, self.stage2, self.stage3)[index]


DEFAULT_WEIGHTS: tuple[dict[str, float], ...] = (
    {"reconstruction": 1.0},
    _stage1_weights(),
    {"trust": 1.0, "conformity": 1.0, "confidence": 1.0},
    {"answer": 1.0},
)


@dataclass(frozen=True)
class RunConfig(SystemConfig):
    """A run: the network, the data it learns from and the curriculum. This is what ``config.json`` holds."""

    data: str = "digits"
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)


# --- JSON and dotted paths -----------------------------------------------------------------------------------------


def to_dict(config: Any) -> dict[str, Any]:
    """Plain JSON-able dictionaries; members of a family carry their ``kind``."""
    out: dict[str, Any] = {}
    kind = getattr(type(config), "kind", None)
    if kind is not None:
        out["kind"] = kind
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            out[item.name] = to_dict(value)
        elif isinstance(value, tuple):
            out[item.name] = list(value)
        else:
            out[item.name] = dict(value) if isinstance(value, dict) else value
    return out


def from_dict(cls: type, data: Any, where: str = "") -> Any:
    """The config of type ``cls`` from plain data; ConfigError names the first key that does not fit."""
    place = where or cls.__name__
    _check(isinstance(data, dict), f"{place} is {data!r}; expected an object of settings.")
    hints = typing.get_type_hints(cls)
    names = [item.name for item in dataclasses.fields(cls)]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key == "kind" and hasattr(cls, "kind"):
            continue
        _check(key not in RENAMED, f"{place}.{key}: {RENAMED.get(key)}")
        _check(key in names, f"{place} has no setting {key!r}; known: {', '.join(names)}.")
        values[key] = _coerce(hints[key], value, f"{where}.{key}".lstrip("."))
    try:
        return cls(**values)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None
    except TypeError as error:  # a required setting is missing
        raise ConfigError(f"{place}: {error}.") from None


def set_path(config: Any, path: str, value: Any) -> Any:
    """A copy of ``config`` with the dotted setting replaced, as in ``samatha.vitakka.n_probes``.

    Setting ``samatha.vicara.kind`` (or any other family's) swaps the part for the defaults of that kind; that of
    the vitakka also sets the weights of stage 1 that care for its probes.
    """
    data = to_dict(config)
    node, keys = data, path.split(".")
    for depth, key in enumerate(keys[:-1]):
        inner = node.get(key)
        if not isinstance(inner, dict):
            _check(key not in RENAMED, f"{path}: {RENAMED.get(key)}")
            place = ".".join(keys[:depth]) or type(config).__name__
            groups = [name for name, item in node.items() if isinstance(item, dict)]
            raise ConfigError(f"{path}: {place} has no group {key!r}; known: {', '.join(groups)}.")
        node = inner
    last = keys[-1]
    if last == "kind" and "kind" in node:
        node.clear()
        _take_care(data, path, value)
    elif last not in node:
        _check(last not in RENAMED, f"{path}: {RENAMED.get(last)}")
        # A weights table may leave a term out; from_dict refuses what no stage knows.
        in_table = len(keys) > 1 and keys[-2] in ("weights", "paths")
        _check(in_table, f"{path}: no such setting; known here: {', '.join(node)}.")
    node[last] = value
    return from_dict(type(config), data)


def _take_care(data: dict[str, Any], path: str, kind: object) -> None:
    care = next((part.care for part in typing.get_args(VitakkaConfig) if part.kind == kind), None)
    if path == "samatha.vitakka.kind" and care is not None and "curriculum" in data:
        data["curriculum"]["stage1"]["weights"] |= care


def get_path(config: Any, path: str) -> Any:
    """The value at a dotted path; ConfigError when there is none."""
    node = to_dict(config)
    for key in path.split("."):
        _check(isinstance(node, dict) and key in node, f"{path}: no such setting.")
        node = node[key]
    return node


def _coerce(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _coerce_union(typing.get_args(hint), value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hasattr(hint, "kind"):
            return _coerce_union((hint,), value, where)
        return from_dict(hint, value, where)
    if origin is Literal:
        known = typing.get_args(hint)
        _check(value in known, f"{where} is {value!r}; known: {', '.join(map(str, known))}.")
        return value
    if origin is tuple:
        _check(isinstance(value, list | tuple), f"{where} is {value!r}; expected a list.")
        inner = typing.get_args(hint)[0]
        return tuple(_coerce(inner, item, where) for item in value)
    if origin is dict:
        _check(isinstance(value, dict), f"{where} is {value!r}; expected an object.")
        inner = typing.get_args(hint)[1]
        return {str(key): _coerce(inner, item, f"{where}.{key}") for key, item in value.items()}
    return _coerce_scalar(hint, value, where)


def _coerce_union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    kinds = {member.kind: member for member in members}
    _check(
        isinstance(value, dict),
        f"{where} is {value!r}; expected an object with a 'kind' ({', '.join(kinds)}).",
    )
    kind = value.get("kind", next(iter(kinds)))
    _check(isinstance(kind, str) and kind in kinds, f"{where}.kind is {kind!r}; known: {', '.join(kinds)}.")
    return from_dict(kinds[kind], value, where)


def _coerce_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is bool:
        _check(isinstance(value, bool), f"{where} is {value!r}; expected true or false.")
        return value
    if hint is int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        _check(whole, f"{where} is {value!r}; expected a whole number.")
        return int(value)
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        _check(number, f"{where} is {value!r}; expected a finite number.")
        return float(value)
    _check(isinstance(value, hint), f"{where} is {value!r}; expected {hint.__name__}.")
    return value
