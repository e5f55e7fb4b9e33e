"""Vitakka, the first guess: the probes that z resembles, and the gate that lets it in or not."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.configs import StandardVitakkaConfig
from satipatthana.measures import kmeans, spherical_kmeans

Gate = Literal["training", "inference"]


@dataclass(frozen=True)
class VitakkaMeta:
    """What the first guess saw. B samples, K probes."""

    similarities: Float[Tensor, "B K"]
    """Cosine of z to each probe."""
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
    centred z to the *gate keys*: learned probes are not where z lives, so their cosine cannot tell known from unknown.
    """

    probes: nn.Parameter
    gate_mean: Tensor
    gate_keys: Tensor
    gate_fitted: Tensor

    def __init__(self, config: StandardVitakkaConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        start = torch.randn(config.n_probes, config.dim, generator=generator)
        self.probes = nn.Parameter(F.normalize(start, dim=1))
        self.register_buffer("gate_mean", torch.zeros(config.dim))
        self.register_buffer("gate_keys", torch.zeros(config.n_gate_keys, config.dim))
        self.register_buffer("gate_fitted", torch.tensor(False))

    @property
    def has_gate_keys(self) -> bool:
        return bool(self.gate_fitted)

    def similarities(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        """Cosine of z to each normalised probe, in [-1, 1]."""
        return (F.normalize(z, dim=1) @ F.normalize(self.probes, dim=1).mT).clamp(-1, 1)

    def gate_similarity(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """What the inference gate compares: cosine to the gate keys, or to the probes before these are fitted."""
        if not self.has_gate_keys:
            return self.similarities(z).amax(dim=1)
        centred = F.normalize(z - self.gate_mean, dim=1)
        return (centred @ self.gate_keys.mT).amax(dim=1).clamp(-1, 1)

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

    @torch.no_grad()
    def fit_gate_keys(self, z: Float[Tensor, "N D"], generator: torch.Generator) -> None:
        """Gate keys on clean training z: k-means++ with 5 Lloyd steps on z - mean, then 10 spherical steps.

        With fewer samples than keys, some keys stand twice.
        """
        mean, n_keys = z.mean(dim=0), len(self.gate_keys)
        start = F.normalize(kmeans(z - mean, min(n_keys, len(z)), generator, steps=5), dim=1)
        keys = spherical_kmeans(F.normalize(z - mean, dim=1), start, steps=10)
        self.gate_mean.copy_(mean)
        self.gate_keys.copy_(keys.repeat(-(-n_keys // len(keys)), 1)[:n_keys])
        self.gate_fitted.fill_(True)

    def shut(self, z: Float[Tensor, "B D"], threshold: float) -> Bool[Tensor, " B"]:
        """Which samples the inference gate would keep out at this threshold."""
        return self.gate_similarity(z) < threshold
