"""Vitakka, the first guess: the probes that z resembles, and the gate that lets it in or not."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.configs import KeyedVitakkaConfig, StandardVitakkaConfig, VitakkaConfig
from satipatthana.measures import kmeans, spherical_kmeans, whitening

Gate = Literal["training", "inference"]


@dataclass(frozen=True)
class VitakkaMeta:
    """What the first guess saw. B samples, K probes."""

    similarities: Float[Tensor, "B K"]
    """Cosine of z to each probe, or of the centred z to each key where keys stand apart from the probes."""
    attention: Float[Tensor, "B K"]
    winner: Int[Tensor, " B"]
    gate_similarity: Float[Tensor, " B"]
    """What the gate compared with its threshold."""
    gate: Float[Tensor, " B"]
    """1 open, 0 shut; between them only when the gate is soft."""
    threshold: float


class StandardVitakka(nn.Module):
    """Cosine of z to K normalised probes, soft or hard attention, s0 = (1 - share) z + share (mix of probes).

    The gate compares, in training, the largest probe cosine; at inference, once fitted, the largest cosine of the
    centred and somewhat whitened z to the *gate keys*: learned probes are not where z lives, so their cosine cannot
    tell known from unknown, and what sets a stranger apart often lies where z varies little.
    """

    measured_at_the_end: ClassVar[tuple[str, ...]] = ("gate_mean", "gate_whitening", "gate_keys", "gate_fitted")
    """Buffers that are measured when stage 1 ends."""
    probes: nn.Parameter
    gate_mean: Tensor
    gate_whitening: Tensor
    gate_keys: Tensor
    gate_fitted: Tensor

    def __init__(self, config: StandardVitakkaConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        start = torch.randn(config.n_probes, config.dim, generator=generator)
        self.probes = nn.Parameter(F.normalize(start, dim=1))
        self.register_buffer("gate_mean", torch.zeros(config.dim))
        # none where the directions stay as they are: of a wide latent it would be most of the saved run
        self.register_buffer("gate_whitening", torch.eye(config.dim if config.gate_whitening > 0 else 0))
        self.register_buffer("gate_keys", torch.zeros(config.n_gate_keys, config.dim))
        self.register_buffer("gate_fitted", torch.tensor(False))

    @property
    def has_gate_keys(self) -> bool:
        return bool(self.gate_fitted)

    @property
    def directions(self) -> Float[Tensor, "K D"]:
        """What z is compared with."""
        return self.probes

    def similarities(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        """Cosine of z to each normalised probe, in [-1, 1]."""
        return (F.normalize(z, dim=1) @ F.normalize(self.probes, dim=1).mT).clamp(-1, 1)

    def gate_similarity(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """What the inference gate compares: cosine to the gate keys, or to the probes before these are fitted."""
        if not self.has_gate_keys:
            return self.similarities(z).amax(dim=1)
        return (self._gate_directions(z) @ self.gate_keys.mT).amax(dim=1).clamp(-1, 1)

    def _gate_directions(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        return F.normalize(self._whitened(z - self.gate_mean), dim=1)

    def _whitened(self, centred: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        return centred @ self.gate_whitening if len(self.gate_whitening) else centred

    def forward(
        self, z: Float[Tensor, "B D"], gate: Gate = "inference", threshold: float | None = None
    ) -> tuple[Float[Tensor, "B D"], VitakkaMeta]:
        """s0 (B, D), and what was seen. ``threshold`` overrides the config's for this call."""
        config = self.config
        similarities = self.similarities(z)
        attention = torch.softmax(similarities / config.temperature, dim=1)
        winner = similarities.argmax(dim=1)
        if config.attention == "hard":
            # straight through: the choice is hard, its gradient that of the soft one
            chosen = F.one_hot(winner, config.n_probes).to(attention)
            attention = chosen + attention - attention.detach()
        if gate == "training":
            compared = similarities.amax(dim=1)
            limit = config.training_gate_threshold if threshold is None else threshold
        else:
            compared = self.gate_similarity(z)
            limit = config.inference_gate_threshold if threshold is None else threshold
        opened = self._open(compared, limit)
        mixed = (1 - config.probe_share) * z + config.probe_share * (attention @ self.probes)
        meta = VitakkaMeta(similarities, attention, winner, compared, opened, limit)
        return opened[:, None] * mixed, meta

    def _open(self, compared: Float[Tensor, " B"], limit: float) -> Float[Tensor, " B"]:
        if self.config.gate == "soft":
            return torch.sigmoid((compared - limit) / self.config.gate_temperature)
        return (compared >= limit).to(compared.dtype)

    @torch.no_grad()
    def fit_probes(self, z: Float[Tensor, "N D"], generator: torch.Generator) -> None:
        """Probes at the k-means centres of z: what stage 1 starts from."""
        self.probes.copy_(kmeans(z, self.config.n_probes, generator, steps=20).to(self.probes))

    def forget_gate_keys(self) -> None:
        """z has moved from under them: until they are fitted again the probes are compared."""
        self.gate_fitted.fill_(False)

    @torch.no_grad()
    def fit_gate_keys(self, z: Float[Tensor, "N D"], generator: torch.Generator) -> None:
        """Gate keys on clean training z, centred and whitened: k-means++ with 5 Lloyd steps, then 10 spherical steps.

        With fewer samples than keys, some keys stand twice.
        """
        mean, n_keys = z.mean(dim=0), len(self.gate_keys)
        self.gate_mean.copy_(mean)
        if len(self.gate_whitening):
            self.gate_whitening.copy_(whitening(z - mean, self.config.gate_whitening))
        seen = self._whitened(z - mean)
        start = F.normalize(kmeans(seen, min(n_keys, len(z)), generator, steps=5), dim=1)
        keys = spherical_kmeans(F.normalize(seen, dim=1), start, steps=10)
        self.gate_keys.copy_(keys.repeat(-(-n_keys // len(keys)), 1)[:n_keys])
        self.gate_fitted.fill_(True)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        # runs of before whitening: their gate keys were fitted without
        state_dict.setdefault(f"{prefix}gate_whitening", torch.eye(len(self.gate_whitening)))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def shut(self, z: Float[Tensor, "B D"], threshold: float) -> Bool[Tensor, " B"]:
        """Which samples the inference gate would keep out at this threshold."""
        return self.gate_similarity(z) < threshold


class KeyedVitakka(StandardVitakka):
    """Keys apart from values: what z is compared with follows the data, only what is answered (the probes) is learned.

    similarity = cos(z - mean, key). In training mode each call moves mean and keys a little towards its batch, as
    batch norm does its statistics; in eval mode nothing moves. ``refit_keys`` measures both at the end of a stage; the
    moving ones are kept beside, so that training goes on as if it had never stopped.
    """

    config: KeyedVitakkaConfig
    measured_at_the_end = (*StandardVitakka.measured_at_the_end, "settled_mean", "settled_keys", "settled")
    mean: Tensor
    keys: Tensor
    settled_mean: Tensor
    settled_keys: Tensor
    settled: Tensor

    def __init__(self, config: KeyedVitakkaConfig, generator: torch.Generator) -> None:
        super().__init__(config, generator)
        start = F.normalize(torch.randn(config.n_probes, config.dim, generator=generator), dim=1)
        for prefix in ("", "settled_"):
            self.register_buffer(f"{prefix}mean", torch.zeros(config.dim))
            self.register_buffer(f"{prefix}keys", start.clone())
        self.register_buffer("settled", torch.tensor(False))

    @property
    def _at_rest(self) -> bool:
        return bool(self.settled) and not self.training

    @property
    def directions(self) -> Float[Tensor, "K D"]:
        """The keys."""
        return self.settled_keys if self._at_rest else self.keys

    def similarities(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        """Cosine of z - mean to each key, in [-1, 1]."""
        centred = z - (self.settled_mean if self._at_rest else self.mean)
        return (F.normalize(centred, dim=1) @ F.normalize(self.directions, dim=1).mT).clamp(-1, 1)

    def forward(
        self, z: Float[Tensor, "B D"], gate: Gate = "inference", threshold: float | None = None
    ) -> tuple[Float[Tensor, "B D"], VitakkaMeta]:
        """As the other vitakka; in training mode mean and keys then follow the batch."""
        s0, meta = super().forward(z, gate, threshold)
        if self.training:
            self.follow(z.detach(), meta.winner)
        return s0, meta

    @torch.no_grad()
    def follow(self, z: Float[Tensor, "B D"], winner: Int[Tensor, " B"]) -> None:
        """mean <- lerp(batch mean, mean_rate); key_k += min(key_step, key_rate n_k K / B) (mean u of its n_k - key_k).

        u = z - mean, normalised. A key that nobody chose stays.
        """
        config = self.config
        mine = F.one_hot(winner, config.n_probes).to(z)
        count = mine.sum(dim=0)
        directions = mine.mT @ F.normalize(z - self.mean, dim=1) / count.clamp_min(1)[:, None]
        rate = (config.key_rate * count * config.n_probes / len(z)).clamp_max(config.key_step)
        # new tensors, not changed ones: the backward pass still reads what the forward pass compared with
        self.keys = self.keys + rate[:, None] * (directions - self.keys)
        self.mean = torch.lerp(self.mean, z.mean(dim=0), config.mean_rate)
        self.settled = torch.zeros_like(self.settled)

    @torch.no_grad()
    def fit_probes(self, z: Float[Tensor, "N D"], generator: torch.Generator) -> None:
        """Probes at the k-means centres of z, keys in their directions from the mean."""
        super().fit_probes(z, generator)
        self.mean.copy_(z.mean(dim=0))
        self.keys.copy_(F.normalize(self.probes - self.mean, dim=1))
        self.settled.fill_(False)

    def forget_gate_keys(self) -> None:
        """z has moved from under them, and from under the settled keys."""
        super().forget_gate_keys()
        self.settled.fill_(False)

    def fit_gate_keys(self, z: Float[Tensor, "N D"], generator: torch.Generator) -> None:
        """All that is measured when stage 1 ends: the gate keys, and the keys themselves."""
        super().fit_gate_keys(z, generator)
        self.refit_keys(z)

    @torch.no_grad()
    def refit_keys(self, z: Float[Tensor, "N D"]) -> None:
        """Mean and keys as eval mode compares with them: the mean of z, and spherical Lloyd steps from the keys."""
        self.settled_mean.copy_(z.mean(dim=0))
        directions = F.normalize(z - self.settled_mean, dim=1)
        self.settled_keys.copy_(spherical_kmeans(directions, self.keys, steps=self.config.refit_steps))
        self.settled.fill_(True)


def make_vitakka(config: VitakkaConfig, generator: torch.Generator) -> StandardVitakka:
    """The vitakka that ``config`` describes."""
    if isinstance(config, KeyedVitakkaConfig):
        return KeyedVitakka(config, generator)
    return StandardVitakka(config, generator)
