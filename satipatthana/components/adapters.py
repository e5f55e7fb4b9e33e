"""Adapters: x' -> z, the encoder in front of the thought."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.components.initialise import built
from satipatthana.configs import AdapterConfig, CnnAdapterConfig, LocalAdapterConfig, MlpAdapterConfig

BACKGROUND = -1.0


def padding_for(size: int, doublings: int) -> tuple[int, int]:
    """Pixels to add before and after, so that ``size`` halves ``doublings`` times without a remainder."""
    return padding_to(size, size + -size % 2**doublings)


def padding_to(size: int, wanted: int) -> tuple[int, int]:
    """Pixels to add before and after, so that ``size`` becomes ``wanted``."""
    missing = wanted - size
    return missing // 2, missing - missing // 2


class CnnAdapter(nn.Module):
    """Stride-2 convolutions, batch norm, leaky relu; a linear layer to D; tanh. x (B, C, H, W) -> z (B, D)."""

    def __init__(
        self, config: CnnAdapterConfig, x_shape: tuple[int, ...], dim: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        depth = len(config.channels)
        channels, height, width = x_shape
        top, bottom = padding_for(height, depth)
        left, right = padding_for(width, depth)
        self.padding = (left, right, top, bottom)
        grid = (height + top + bottom) // 2**depth * ((width + left + right) // 2**depth)

        def make() -> nn.Sequential:
            layers: list[nn.Module] = []
            for before, after in zip((channels, *config.channels), config.channels, strict=False):
                layers += [
                    nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(after),
                    nn.LeakyReLU(0.2),
                ]
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(config.channels[-1] * grid, dim), nn.Tanh())

        self.net = built(make, generator)
        self.impressions = tuple(2 * width for width in config.channels)
        """How many numbers of an impression each activation gives."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        return self.net(self._padded(x))

    def impression(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B I"]:
        """What an input looks like, wherever in the picture: mean and standard deviation over the pixels of every
        channel after each activation."""
        found, seen = self._padded(x), []
        for layer in self.net:
            if isinstance(layer, nn.Flatten):
                break
            found = layer(found)
            if isinstance(layer, nn.LeakyReLU):
                mean = found.mean(dim=(2, 3), keepdim=True)
                seen += [mean[:, :, 0, 0], (found - mean).square().mean(dim=(2, 3)).sqrt()]
        return torch.cat(seen, dim=1)

    def _padded(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C Hp Wp"]:
        return F.pad(x, self.padding, value=BACKGROUND) if any(self.padding) else x


class LocalAdapter(nn.Module):
    """Patches, each seen by itself: one convolution as wide as its stride, batch norm, tanh. x (B, C, H, W) -> the
    grid (B, c, h, w) flattened, z (B, D)."""

    def __init__(self, config: LocalAdapterConfig, x_shape: tuple[int, ...], generator: torch.Generator) -> None:
        super().__init__()
        self.grid = grid = config.grid(x_shape)
        top, bottom = padding_to(x_shape[1], grid[1] * config.patch)
        left, right = padding_to(x_shape[2], grid[2] * config.patch)
        self.padding = (left, right, top, bottom)
        self.net = built(
            lambda: nn.Sequential(
                nn.Conv2d(x_shape[0], config.channels, config.patch, stride=config.patch, bias=False),
                nn.BatchNorm2d(config.channels),
                nn.Tanh(),
            ),
            generator,
        )
        self.impressions = (2 * config.channels,)
        """How many numbers of an impression each activation gives."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        return self._seen(x).flatten(1)

    def impression(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B F"]:
        """What an input looks like, wherever in the picture: mean and standard deviation of every channel."""
        seen = self._seen(x)
        return torch.cat([seen.mean(dim=(2, 3)), seen.std(dim=(2, 3), correction=0)], dim=1)

    def _seen(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B c h w"]:
        return self.net(F.pad(x, self.padding, value=BACKGROUND) if any(self.padding) else x)


class MlpAdapter(nn.Module):
    """Two hidden layers for vectors, tanh at the end. x (B, F) -> z (B, D)."""

    def __init__(
        self, config: MlpAdapterConfig, x_shape: tuple[int, ...], dim: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        features, hidden = x_shape[0], config.hidden
        self.net = built(
            lambda: nn.Sequential(
                nn.Linear(features, hidden),
                nn.LeakyReLU(0.2),
                nn.Linear(hidden, hidden),
                nn.LeakyReLU(0.2),
                nn.Linear(hidden, dim),
                nn.Tanh(),
            ),
            generator,
        )
        self.impressions = (hidden, hidden)

    def impression(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "B I"]:
        """What an input looks like: the activations of both hidden layers."""
        first = self.net[:2](x)
        return torch.cat([first, self.net[2:4](first)], dim=1)

    def forward(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "B D"]:
        return self.net(x)


def make_adapter(config: AdapterConfig, x_shape: tuple[int, ...], dim: int, generator: torch.Generator) -> nn.Module:
    """The adapter that ``config`` describes."""
    if isinstance(config, CnnAdapterConfig):
        return CnnAdapter(config, x_shape, dim, generator)
    if isinstance(config, LocalAdapterConfig):
        return LocalAdapter(config, x_shape, generator)
    return MlpAdapter(config, x_shape, dim, generator)
