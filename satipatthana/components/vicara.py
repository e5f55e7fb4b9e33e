"""Vicara, sustained thought: one step s_t -> s_{t+1}."""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from satipatthana.components.initialise import built
from satipatthana.configs import InjectedVicaraConfig, StandardVicaraConfig, VicaraConfig

Step = Callable[[Tensor], Tensor]


class Vicara(nn.Module):
    """What every vicara offers: the map of one thought, and one step of it."""

    def begin(self, z: Float[Tensor, "B D"]) -> Step:
        """s_t -> s_{t+1} for this z (B, D)."""
        raise NotImplementedError

    def forward(self, s: Float[Tensor, "B D"], z: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        return self.begin(z)(s)


class UnitNorm(nn.Module):
    """A matrix divided by its largest singular value, found exactly at every access.

    An estimate that power iteration carries from step to step is cheaper, but while the weights move it falls behind:
    norms of 1.18 were measured in stage 1, where no bound on the step's rate holds any more.
    """

    def forward(self, weight: Float[Tensor, "N M"]) -> Float[Tensor, "N M"]:
        tall = weight if weight.shape[0] > weight.shape[1] else weight.mT
        with torch.no_grad():  # the norm is stationary in its singular vectors: they need no gradient
            right = torch.linalg.eigh(tall.mT @ tall).eigenvectors[:, -1]
            left = F.normalize(tall @ right, dim=0)
        return weight / torch.dot(left, tall @ right).clamp_min(1e-12)


class InjectedVicara(Vicara):
    """s' = (1 - beta) s + beta tanh(kappa B relu(A s + U z) + W z), A and B spectrally normalised.

    A contraction for every z (rate at most 1 - beta + beta kappa), whose fixed point depends on z.
    """

    def __init__(self, config: InjectedVicaraConfig, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config

        def bounded(before: int, after: int, bias: bool) -> Callable[[], nn.Module]:
            def make() -> nn.Module:
                layer = nn.Linear(before, after, bias=bias)
                if config.spectral_norm:
                    # unsafe: not tried on the weights at once, which are not drawn yet
                    parametrize.register_parametrization(layer, "weight", UnitNorm(), unsafe=True)
                return layer

            return make

        self.enter = built(bounded(dim, config.hidden, True), generator)  # A
        self.leave = built(bounded(config.hidden, dim, False), generator)  # B
        self.inject = built(lambda: nn.Linear(dim, config.hidden, bias=False), generator)  # U
        self.anchor = built(lambda: nn.Linear(dim, dim), generator)  # W

    def begin(self, z: Float[Tensor, "B D"]) -> Step:
        """The map of one thought. The weights are read once here, because each access computes their norms."""
        enter, leave = cast(Tensor, self.enter.weight), cast(Tensor, self.leave.weight)
        drive = self.inject(z) + self.enter.bias
        anchor = self.anchor(z)
        beta, kappa = self.config.beta, self.config.kappa

        def step(s: Tensor) -> Tensor:
            hidden = torch.relu(F.linear(s, enter) + drive)
            return torch.lerp(s, torch.tanh(kappa * F.linear(hidden, leave) + anchor), beta)

        return step


class StandardVicara(Vicara):
    """s' = (1 - beta) s + beta phi(s): it never sees z again, so to contract is to forget (failure 12)."""

    def __init__(self, config: StandardVicaraConfig, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.phi = built(
            lambda: nn.Sequential(nn.Linear(dim, dim), nn.LayerNorm(dim), nn.ReLU(), nn.Linear(dim, dim), nn.Tanh()),
            generator,
        )

    def begin(self, z: Float[Tensor, "B D"]) -> Step:
        return lambda s: torch.lerp(s, self.phi(s), self.config.beta)


def make_vicara(config: VicaraConfig, dim: int, generator: torch.Generator) -> Vicara:
    """The vicara that ``config`` describes."""
    if isinstance(config, InjectedVicaraConfig):
        return InjectedVicara(config, dim, generator)
    return StandardVicara(config, dim, generator)
