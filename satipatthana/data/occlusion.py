"""Inputs of which a part is hidden."""

import torch
from jaxtyping import Float
from torch import Tensor

from satipatthana.components.adapters import BACKGROUND
from satipatthana.data.bundle import DataError


@torch.no_grad()
def hide_half(x: Float[Tensor, "B *shape"], generator: torch.Generator) -> Float[Tensor, "B *shape"]:
    """Half of each image (B, C, H, W) as background: left, right, top or bottom, drawn per sample by a CPU generator.

    Raises DataError for vectors, which have no halves.
    """
    if x.dim() != 4:
        raise DataError(f"samples are {tuple(x.shape[1:])}, expected images (C, H, W): a vector has no half to hide")
    height, width = x.shape[2:]
    row = torch.arange(height, device=x.device)[:, None].expand(height, width)
    column = torch.arange(width, device=x.device).expand(height, width)
    halves = torch.stack([column < width // 2, column >= width // 2, row < height // 2, row >= height // 2])
    hidden = halves[torch.randint(4, (len(x),), generator=generator).to(x.device)]  # (B, H, W)
    return torch.where(hidden[:, None], torch.full_like(x, BACKGROUND), x)
