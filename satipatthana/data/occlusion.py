"""Inputs of which a part is hidden."""

import torch
from jaxtyping import Float
from torch import Tensor

from satipatthana.components.adapters import BACKGROUND
from satipatthana.components.augmenters import block_masks, half_masks
from satipatthana.data.bundle import DataError


@torch.no_grad()
def hide_half(x: Float[Tensor, "B *shape"], generator: torch.Generator) -> Float[Tensor, "B *shape"]:
    """Half of each image (B, C, H, W) as background: left, right, top or bottom, drawn per sample by a CPU generator.

    Raises DataError for vectors, which have no halves.
    """
    _expect_images(x)
    return x.masked_fill(half_masks(x, generator)[:, None].to(x.device), BACKGROUND)


@torch.no_grad()
def hide_block(x: Float[Tensor, "B *shape"], generator: torch.Generator, side: int = 16) -> Float[Tensor, "B *shape"]:
    """A square of ``side`` pixels of each image (B, C, H, W) as background, anywhere in it, drawn per sample.

    Raises DataError for vectors.
    """
    _expect_images(x)
    return x.masked_fill(block_masks(x, side, generator)[:, None].to(x.device), BACKGROUND)


def _expect_images(x: Tensor) -> None:
    if x.dim() != 4:
        raise DataError(f"samples are {tuple(x.shape[1:])}, expected images (C, H, W): a vector has no half to hide")
