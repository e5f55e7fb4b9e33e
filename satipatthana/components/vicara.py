"""Vicara, sustained thought: one step s_t -> s_{t+1}."""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

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
                return parametrizations.spectral_norm(layer) if config.spectral_norm else layer

            return make

        self.enter = built(bounded(dim, config.hidden, True), generator)  # A
        self.leave = built(bounded(config.hidden, dim, False), generator)  # B
        self.inject = built(lambda: nn.Linear(dim, config.hidden, bias=False), generator)  # U
        self.anchor = built(lambda: nn.Linear(dim, dim), generator)  # W

    def begin(self, z: Float[Tensor, "B D"]) -> Step:
        """The map of one thought. Spectral norm iterates at every access in training mode, so the weights are read
        once here: one thought has one map, and no cache is shared between threads."""
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
