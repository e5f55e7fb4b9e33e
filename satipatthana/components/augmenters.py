"""Augmenter: noise per sample, its severity, and small shifts."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana.components.adapters import BACKGROUND
from satipatthana.configs import AugmenterConfig


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
