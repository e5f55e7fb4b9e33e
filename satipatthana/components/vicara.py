"""Vicara, sustained thought: one step s_t -> s_{t+1}."""

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from satipatthana.components.initialise import built
from satipatthana.configs import InjectedVicaraConfig, LocalVicaraConfig, StandardVicaraConfig, VicaraConfig

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


class UnitConv(nn.Conv2d):
    """A 3x3 convolution without bias, divided by the norm of what it does to a zero-padded grid (c, h, w).

    That norm is the largest singular value of the whole linear map; the kernel's own, as a matrix, is neither it nor a
    bound of it. Power iteration with the convolution and its transpose finds it: one turn each time that it is asked
    for in training mode, which moves ``right`` along, and ``TURNS`` from there in eval mode, which leave it.
    """

    TURNS = 60
    right: Tensor
    """(1, c, h, w), of length 1: what the map stretches most, as far as training knows it."""

    def __init__(self, before: int, after: int, grid: tuple[int, int]) -> None:
        super().__init__(before, after, 3, padding=1, bias=False)
        self.register_buffer("right", torch.zeros(1, before, *grid))
        self._known: tuple[tuple[Any, ...], Tensor] | None = None

    @torch.no_grad()
    def start(self, generator: torch.Generator) -> None:
        """Begin somewhere, and be near the end before training starts."""
        first = torch.randn(self.right.shape, generator=generator)
        self.right = self._turned(F.normalize(first.flatten(), dim=0).view_as(first), self.TURNS)

    def unit(self) -> Float[Tensor, "after before 3 3"]:
        """The kernel whose map has norm 1. Gradient flows through the norm as well."""
        with torch.no_grad():  # the norm is stationary in its singular vectors: they need no gradient
            if self.training:
                # a new tensor, not a changed one: the backward pass still reads the one before
                self.right = right = self._turned(self.right, 1)
            else:
                right = self._settled()
            left = self._map(right, self.weight)
            left = left / left.norm().clamp_min(1e-12)
        return self.weight / (left * self._map(right, self.weight)).sum().clamp_min(1e-12)

    def _settled(self) -> Float[Tensor, "1 c h w"]:
        # Sixty turns take longer than a short thought, and the weights of a network that is looked at stand still.
        # The vectors are remembered and not the norm, so that in eval mode too the norm has its gradient.
        weight, right = self.weight, self.right
        key = (weight.data_ptr(), weight._version, weight.dtype, right._version)
        known = self._known
        if known is None or known[0][:-1] != key or known[0][-1] is not right:
            self._known = known = ((*key, right), self._turned(right, self.TURNS))
        return known[1]

    def _turned(self, right: Float[Tensor, "1 c h w"], turns: int) -> Float[Tensor, "1 c h w"]:
        for _ in range(turns):
            back = F.conv_transpose2d(self._map(right, self.weight), self.weight, padding=1)
            right = back / back.norm().clamp_min(1e-12)
        return right

    @staticmethod
    def _map(grid: Tensor, kernel: Tensor) -> Tensor:
        return F.conv2d(grid, kernel, padding=1)


class LocalVicara(Vicara):
    """s' = (1 - beta) s + beta tanh(kappa B relu(A s + U z)) on a grid, A and B 3x3 convolutions of norm 1, U a free
    1x1 convolution.

    A place hears its neighbours only, so what the whole is spreads step by step. A contraction where kappa < 1 (rate at
    most 1 - beta + beta kappa); above that its stillness is learned, and measured.
    """

    def __init__(self, config: LocalVicaraConfig, grid: tuple[int, int, int], generator: torch.Generator) -> None:
        super().__init__()
        self.config, self.grid = config, grid
        channels, *place = grid
        rows, columns = place
        self.enter = built(lambda: UnitConv(channels, config.hidden, (rows, columns)), generator)  # A
        self.leave = built(lambda: UnitConv(config.hidden, channels, (rows, columns)), generator)  # B
        self.inject = built(lambda: nn.Conv2d(channels, config.hidden, 1), generator)  # U
        for layer in (self.enter, self.leave):
            layer.start(generator)

    def begin(self, z: Float[Tensor, "B D"]) -> Step:
        """The map of one thought; the norms are found once here."""
        enter, leave = self.enter.unit(), self.config.kappa * self.leave.unit()
        drive, beta = self.inject(z.unflatten(1, self.grid)), self.config.beta

        def step(s: Tensor) -> Tensor:
            hidden = torch.relu(F.conv2d(s.unflatten(1, self.grid), enter, padding=1) + drive)
            return torch.lerp(s, torch.tanh(F.conv2d(hidden, leave, padding=1)).flatten(1), beta)

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


def make_vicara(
    config: VicaraConfig, dim: int, generator: torch.Generator, grid: tuple[int, int, int] | None = None
) -> Vicara:
    """The vicara that ``config`` describes; the local one needs the adapter's ``grid``."""
    if isinstance(config, LocalVicaraConfig):
        if grid is None:
            raise ValueError("A local vicara needs the grid of a local adapter; this adapter has none.")
        return LocalVicara(config, grid, generator)
    if isinstance(config, InjectedVicaraConfig):
        return InjectedVicara(config, dim, generator)
    return StandardVicara(config, dim, generator)
