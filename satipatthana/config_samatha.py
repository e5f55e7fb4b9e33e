"""The dials of settling: the parts from the augmenter to the stop, in the order in which data flows."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from satipatthana.config_checks import RENAMED, WIDEST, check, one_of, positive, share, width

PATCHES = (2, 4, 8)


@dataclass(frozen=True)
class AugmenterConfig:
    """Noise added to the input during training: severity = noise sigma in the units of x, clipped to 1."""

    max_noise: float = 0.7
    shift: int = 2
    """Random shifts of at most this many pixels, images only."""
    half_hidden: float = 0.0
    """Share of the inputs of which a half is hidden, images only; with sigma max(0, U - .4) of noise on it."""
    block_hidden: float = 0.0
    """Share of which a square block is hidden, images only; with the same noise."""
    block: int = 16
    """Its side, pixels."""
    loud: float = 0.0
    """Share with more noise than ``max_noise``: up to half a sigma more."""

    @property
    def hides(self) -> bool:
        """Whether a part of any input is hidden."""
        return self.half_hidden > 0 or self.block_hidden > 0

    def __post_init__(self) -> None:
        share(self, "half_hidden", "block_hidden", "loud")
        shares = self.half_hidden + self.block_hidden + self.loud
        # three shares that a person adds up to 1 may add up to a little more in binary
        check(
            shares <= 1 + 1e-9,
            f"half_hidden, block_hidden and loud add up to {shares:g}; shares of the inputs must add up to at most 1.",
        )
        check(1 <= self.block <= 1024, f"block is {self.block}; expected 1 to 1024 pixels.")
        check(0 <= self.max_noise <= 2, f"max_noise is {self.max_noise}; expected 0 to 2 (x spans -1 to 1).")
        check(0 <= self.shift <= 8, f"shift is {self.shift}; expected 0 to 8 pixels.")


@dataclass(frozen=True)
class CnnAdapterConfig:
    """Three stride-2 convolutions, batch norm, leaky relu, a linear layer to D, tanh."""

    kind: ClassVar[str] = "cnn"
    channels: tuple[int, ...] = (16, 32, 64)

    def __post_init__(self) -> None:
        ok = 1 <= len(self.channels) <= 4 and min(self.channels) >= 1 and max(self.channels) <= WIDEST
        check(ok, f"channels is {self.channels}; expected one to four widths of 1 to {WIDEST}.")


@dataclass(frozen=True)
class MlpAdapterConfig:
    """Two hidden layers for vectors."""

    kind: ClassVar[str] = "mlp"
    hidden: int = 64

    def __post_init__(self) -> None:
        width(self, "hidden")


@dataclass(frozen=True)
class LocalAdapterConfig:
    """Sees a patch at a time: one convolution as wide as its stride, batch norm, tanh. What lies in which patch stays
    apart, so D is the size of the grid, and to see the whole is left to the thought."""

    kind: ClassVar[str] = "local"
    channels: int = 32
    patch: int = 4
    """Side of a patch, pixels: 2, 4 or 8."""

    def __post_init__(self) -> None:
        width(self, "channels")
        check(self.patch in PATCHES, f"patch is {self.patch}; expected {', '.join(map(str, PATCHES))}.")

    @property
    def doublings(self) -> int:
        """How often the grid's resolution doubles until it is the picture's."""
        return int(math.log2(self.patch))

    def grid(self, x_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(channels, rows, columns). Rows and columns are even, so 28 and 32 pixels have the same grid."""
        rows, columns = (2 * -(-size // (2 * self.patch)) for size in x_shape[1:])
        return self.channels, rows, columns


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
        check(gate_threshold is None, RENAMED["gate_threshold"])
        check(2 <= self.dim <= WIDEST, f"dim is {self.dim}; expected 2 to {WIDEST}.")
        check(2 <= self.n_probes <= 256, f"n_probes is {self.n_probes}; expected 2 to 256.")
        width(self, "n_gate_keys")
        positive(self, "temperature", "gate_temperature")
        one_of(self, "attention", ("soft", "hard"))
        one_of(self, "gate", ("hard", "soft"))
        share(self, "probe_share")
        check(0 <= self.gate_whitening <= 0.5, f"gate_whitening is {self.gate_whitening}; expected 0 to 0.5.")
        for name in ("training_gate_threshold", "inference_gate_threshold"):
            value = getattr(self, name)
            check(-1 <= value <= 1, f"{name} is {value}; a cosine threshold lies between -1 (open) and 1.")


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
        share(self, "mean_rate", "key_rate", "key_step")
        check(0 <= self.refit_steps <= 100, f"refit_steps is {self.refit_steps}; expected 0 to 100.")


@dataclass(frozen=True)
class InjectedVicaraConfig:
    """One step of thought that sees z: s' = (1 - beta) s + beta tanh(kappa B relu(A s + U z) + W z)."""

    kind: ClassVar[str] = "injected"
    beta: float = 0.5
    kappa: float = 0.4
    hidden: int = 128
    spectral_norm: bool = True

    def __post_init__(self) -> None:
        width(self, "hidden")
        check(0 < self.beta <= 1, f"beta is {self.beta}; expected above 0, at most 1.")
        positive(self, "kappa")


@dataclass(frozen=True)
class StandardVicaraConfig:
    """One step of thought that sees only s: s' = (1 - beta) s + beta phi(s). It contracts by forgetting."""

    kind: ClassVar[str] = "standard"
    beta: float = 0.5

    def __post_init__(self) -> None:
        check(0 < self.beta <= 1, f"beta is {self.beta}; expected above 0, at most 1.")


@dataclass(frozen=True)
class LocalVicaraConfig:
    """One step of thought in which each place hears its neighbours only: s' = (1 - beta) s + beta tanh(kappa B relu(A s
    + U z)), A and B 3x3 convolutions of norm 1 on the grid of a local adapter.

    A contraction for certain where kappa < 1; above that its stillness is measured, not promised.
    """

    kind: ClassVar[str] = "local"
    beta: float = 0.5
    kappa: float = 2.0
    hidden: int = 64
    """Channels between the two convolutions."""

    def __post_init__(self) -> None:
        width(self, "hidden")
        check(0 < self.beta <= 1, f"beta is {self.beta}; expected above 0, at most 1.")
        positive(self, "kappa")


@dataclass(frozen=True)
class FixedStepSatiConfig:
    """Stops every sample after the same number of steps T."""

    kind: ClassVar[str] = "fixed"
    n_steps: int = 10

    def __post_init__(self) -> None:
        check(1 <= self.n_steps <= 200, f"n_steps is {self.n_steps}; expected 1 to 200.")


@dataclass(frozen=True)
class ThresholdSatiConfig:
    """Stops a sample when its own step is smaller than ``threshold``, at the latest after ``n_steps``."""

    kind: ClassVar[str] = "threshold"
    threshold: float = 0.02
    n_steps: int = 10
    min_steps: int = 1

    def __post_init__(self) -> None:
        check(1 <= self.n_steps <= 200, f"n_steps is {self.n_steps}; expected 1 to 200.")
        ok = 1 <= self.min_steps <= self.n_steps
        check(ok, f"min_steps is {self.min_steps}; expected 1 to n_steps ({self.n_steps}).")
        positive(self, "threshold")


AdapterConfig = CnnAdapterConfig | MlpAdapterConfig | LocalAdapterConfig
VitakkaConfig = StandardVitakkaConfig | KeyedVitakkaConfig
VicaraConfig = InjectedVicaraConfig | StandardVicaraConfig | LocalVicaraConfig
SatiConfig = FixedStepSatiConfig | ThresholdSatiConfig


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
        share(self, "drunk_skip_prob")
        std = self.drunk_perturbation_std
        check(0 <= std <= 10, f"drunk_perturbation_std is {std}; expected 0 to 10.")
