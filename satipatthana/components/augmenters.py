"""Augmenter: noise per sample, its severity, small shifts, and hidden parts."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND
from satipatthana.configs import AugmenterConfig

BARE = 0.4
"""Share of the inputs with a hidden part that have no noise besides."""
LOUDER = 0.5
"""How far above ``max_noise`` sigma goes in the loud share."""


def half_masks(x: Float[Tensor, "B C H W"], generator: torch.Generator) -> Bool[Tensor, "B H W"]:
    """True on the left, right, top or bottom half of each image, drawn per sample by a CPU generator."""
    height, width = x.shape[2:]
    row = torch.arange(height)[:, None].expand(height, width)
    column = torch.arange(width).expand(height, width)
    halves = torch.stack([column < width // 2, column >= width // 2, row < height // 2, row >= height // 2])
    return halves[torch.randint(4, (len(x),), generator=generator)]


def block_masks(x: Float[Tensor, "B C H W"], side: int, generator: torch.Generator) -> Bool[Tensor, "B H W"]:
    """True on a square of each image, anywhere in it, drawn per sample by a CPU generator."""
    height, width = x.shape[2:]
    tall, wide = min(side, height), min(side, width)
    top = torch.randint(height - tall + 1, (len(x), 1, 1), generator=generator)
    left = torch.randint(width - wide + 1, (len(x), 1, 1), generator=generator)
    row, column = torch.arange(height)[:, None], torch.arange(width)
    return (row >= top) & (row < top + tall) & (column >= left) & (column < left + wide)


class Augmenter(nn.Module):
    """x -> x + sigma * noise. Severity is sigma in the units of x (which spans [-1, 1]), clipped to 1."""

    def __init__(self, config: AugmenterConfig) -> None:
        super().__init__()
        self.config = config

    def forward(
        self, x: Float[Tensor, "B *shape"], sigma: Float[Tensor, " B"], noise: Float[Tensor, "B *shape"]
    ) -> tuple[Float[Tensor, "B *shape"], Float[Tensor, " B"]]:
        """``sigma`` (B,) per sample, ``noise`` standard normal. Returns x' and severity (B,)."""
        spread = sigma.view(-1, *[1] * (x.dim() - 1))
        return x + spread * noise, sigma.clamp(0, 1)

    def draw_sigma(self, batch: int, generator: torch.Generator) -> Float[Tensor, " B"]:
        """Training noise: sigma ~ U(0, max_noise) per sample."""
        return torch.rand(batch, generator=generator) * self.config.max_noise

    def spoil(
        self, x: Float[Tensor, "B *shape"], generator: torch.Generator, hide: bool = True
    ) -> tuple[Float[Tensor, "B *shape"], Float[Tensor, " B"]]:
        """x as training gives it, and sigma (B,): noise, and where ``hide`` the config's shares of hidden parts and of
        louder noise. ``generator`` is a CPU one."""
        sigma, config = self.draw_sigma(len(x), generator), self.config
        if hide and (config.hides or config.loud > 0):
            kind = torch.rand(len(x), generator=generator)
            strength = torch.rand(len(x), generator=generator)
            half = kind < config.half_hidden
            hidden = kind < config.half_hidden + config.block_hidden
            loud = (kind < config.half_hidden + config.block_hidden + config.loud) & ~hidden
            sigma = torch.where(hidden, (strength - BARE).clamp_min(0), sigma)
            sigma = torch.where(loud, config.max_noise + LOUDER * strength, sigma)
            if config.hides:
                parts = half_masks(x, generator), block_masks(x, config.block, generator)
                mask = torch.where(half[:, None, None], *parts) & hidden[:, None, None]
                x = x.masked_fill(mask[:, None].to(x.device), BACKGROUND)
        noise = torch.randn(x.shape, generator=generator).to(x)
        return self(x, sigma.to(x), noise)[0], sigma.to(x)

    def shift(self, x: Float[Tensor, "B *shape"], generator: torch.Generator) -> Float[Tensor, "B *shape"]:
        """Each image moved by its own whole number of pixels, at most ``shift`` each way; vectors stay."""
        reach = self.config.shift
        if reach == 0 or x.dim() != 4:
            return x
        batch, _, height, width = x.shape
        moves = torch.randint(0, 2 * reach + 1, (2, batch), generator=generator).to(x.device)
        padded = F.pad(x, (reach,) * 4, value=BACKGROUND)
        rows = (moves[0][:, None] + torch.arange(height, device=x.device))[:, None, :, None]
        columns = (moves[1][:, None] + torch.arange(width, device=x.device))[:, None, None, :]
        samples = torch.arange(batch, device=x.device)[:, None, None, None]
        colours = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
        return padded[samples, colours, rows, columns]
