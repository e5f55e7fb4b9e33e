"""How near something is to what was learnt from: to known ends of thoughts, and to what known inputs look like."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from satipatthana.configs import FamiliarVipassanaConfig

FAMILIARITY = (
    "log mean distance of s* to its nearest known ends",
    "log distance of the input's impression from known ones",
    "log distance of its first activation's impression alone",
)
ROUGHNESS = "log roughness of the input"
"""Of pictures only: the features of a vector lie in no order, so they have no edges."""

_FLOOR = 1e-3  # keeps the logarithm finite for what is known exactly
_RIDGE = 1e-3  # share of each variance added to itself, so that channels that always agree can be told apart from none
_TINY = 1e-6


def familiar_names(rough: bool) -> tuple[str, ...]:
    """What `Familiarity` measures: ``rough``, pictures."""
    return (*FAMILIARITY, ROUGHNESS) if rough else FAMILIARITY


class Familiarity(nn.Module):
    """Three distances, measured against clean training inputs once, at the start of stage 2; of pictures also how
    rough they are, which the judge holds against clean ones itself.

    The first activation also stands alone because its few numbers, those of edges and greys, drown among all. On
    validation digits (two seeds each of learned probes and of keys) that lifts the average of two digits from AUROC
    .913 to .962, and the mean of the four families never trained on from .941 to .953.

    Roughness is no distance, so that too smooth and too rough are two things. On validation digits (three seeds,
    three judges each) it lifts that mean from .954 to .961, the averages from .969 to .980 and the flipped from .910
    to .920; as the Mahalanobis distance of roughness, mean and spread of the pixels it lifts nothing.
    """

    ends: Tensor
    impression_mean: Tensor
    impression_precision: Tensor
    first_precision: Tensor

    def __init__(
        self, config: FamiliarVipassanaConfig, dim: int, impressions: tuple[int, ...], rough: bool = False
    ) -> None:
        """``impressions``: how many numbers of an impression each activation gives, in their order. ``rough``: after
        them comes one more, how rough the picture is."""
        super().__init__()
        n_impressions = sum(impressions)
        self.n_nearest = config.n_nearest
        self.rough = rough
        # half precision is finer than two thoughts about one input agree
        self.register_buffer("ends", torch.zeros(config.n_known, dim, dtype=torch.float16))
        self.register_buffer("impression_mean", torch.zeros(n_impressions))
        self.register_buffer("impression_precision", torch.eye(n_impressions))
        self.register_buffer("first_precision", torch.eye(impressions[0]))

    def forward(self, s_star: Float[Tensor, "B D"], impression: Float[Tensor, "B I"]) -> Float[Tensor, "B F"]:
        """The numbers of ``familiar_names``: the mean distance of s* to its ``n_nearest`` known ends, the squared
        Mahalanobis distance of the impression, of all of it and of the first activation's, and roughness, all as
        logarithms."""
        # In double precision, because the rounding of a matrix product depends on how many samples are in the batch.
        here, ends = s_star.double(), self.ends.double()
        squared = here.square().sum(dim=1, keepdim=True) + ends.square().sum(dim=1) - 2 * here @ ends.mT
        # but the very nearest, which for an input that is among the known ones is that input itself
        nearest = squared.topk(self.n_nearest + 1, largest=False).values[:, 1:].clamp_min(0).sqrt()
        near = nearest.mean(dim=1).to(s_star)
        away = (self._activations(impression) - self.impression_mean).double()
        strange = _mahalanobis(away, self.impression_precision).to(s_star)
        first = _mahalanobis(away[:, : len(self.first_precision)], self.first_precision).to(s_star)
        found = [near, strange, first]
        return torch.log(_FLOOR + torch.stack([*found, impression[:, -1]] if self.rough else found, dim=1))

    @torch.no_grad()
    def fit(self, s_star: Float[Tensor, "N D"], impression: Float[Tensor, "N I"]) -> None:
        """Make these N clean inputs the known ones; with fewer than ``n_known``, some stand twice."""
        n = len(self.ends)
        self.ends.copy_(s_star.repeat(-(-n // len(s_star)), 1)[:n])
        seen = self._activations(impression).double()
        mean = seen.mean(dim=0)
        covariance = (seen - mean).mT @ (seen - mean) / max(1, len(seen) - 1)
        variance = covariance.diagonal()
        covariance = covariance + torch.diag(_RIDGE * variance + _TINY)
        first = len(self.first_precision)
        self.impression_mean.copy_(mean)
        self.impression_precision.copy_(torch.linalg.inv(covariance))
        self.first_precision.copy_(torch.linalg.inv(covariance[:first, :first]))

    def _activations(self, impression: Float[Tensor, "B I"]) -> Float[Tensor, "B A"]:
        return impression[:, : len(self.impression_mean)]


def _mahalanobis(away: Float64[Tensor, "B I"], precision: Float[Tensor, "I I"]) -> Float64[Tensor, " B"]:
    """Squared, of what is ``away`` from the mean."""
    return ((away @ precision.double()) * away).sum(dim=1).clamp_min(0)
