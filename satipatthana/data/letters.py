"""Letters drawn like MNIST digits, from the font that Pillow ships: a void family kept for evaluation."""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional as F

from .bundle import DataError

# Left out, because a digit can be written like it: O o D Q (0), I i l j J t r (1), Z z (2), S s (5), G b (6),
# T Y (7), B (8), g q (9), y (4), d p (6 and 9 turned). Left out as well: the small letters c k u v w x, which
# only repeat a capital once all are scaled to one box.
LETTERS = "ACEFHKLMNPRUVWXaefhmn"

MNIST_BOX = 20 / 28  # MNIST scales a digit into 20x20 pixels of its 28x28, keeping its proportions
SCALES = (0.8, 1.0)  # of that box, uniform per sample; above 1 an L, whose weight lies low, would be cut off
MIN_SIDE = 12  # pixels; below that a letter cannot be read
_FONT_PX = 96
_OVERSAMPLE = 2  # masters are drawn at twice the size, then averaged down: strokes get grey edges as in MNIST


def draw_letters(n: int, height: int, width: int, generator: torch.Generator) -> Float32[Tensor, "N 1 H W"]:
    """n random letters of LETTERS, in [-1, 1], ink 1 on ground -1, on the CPU.

    Scaled into MNIST's box times a random factor of SCALES, the centre of mass in the middle of the image, as
    MNIST does. Raises DataError for sides below MIN_SIDE or a Pillow that cannot draw its own font.
    """
    if min(height, width) < MIN_SIDE:
        raise DataError(f"letters of {height}x{width} pixels cannot be read, expected {MIN_SIDE} or more")
    masters = _masters(height, width)  # (L, 1, 2H, 2W)
    which = torch.randint(len(LETTERS), (n,), generator=generator)
    low, high = SCALES
    scale = low + (high - low) * torch.rand(n, generator=generator)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1.0 / scale  # output to master: larger reads less
    theta[:, :, 2] = _centres(height, width)[which]
    grid = F.affine_grid(theta, [n, 1, *masters.shape[2:]], align_corners=False)
    ink = F.grid_sample(masters[which], grid, mode="bilinear", align_corners=False)
    return F.avg_pool2d(ink, _OVERSAMPLE).mul_(2.0).sub_(1.0).clamp_(-1.0, 1.0)


@lru_cache(maxsize=8)
def _masters(height: int, width: int) -> Float32[Tensor, "L 1 H2 W2"]:
    """Every letter of LETTERS in [0, 1], at twice the size, its box in the middle of the image."""
    from PIL import Image, ImageDraw, ImageFont

    try:
        font = ImageFont.load_default(_FONT_PX)
    except (TypeError, ImportError, OSError) as error:  # Pillow before 10.1, or built without FreeType
        raise DataError(
            f"Pillow cannot draw its own font ({error}), expected Pillow >= 10.1 with FreeType: "
            "`pip install --upgrade pillow`"
        ) from error
    h, w = _OVERSAMPLE * height, _OVERSAMPLE * width
    box = round(MNIST_BOX * min(h, w))
    masters = []
    for letter in LETTERS:
        sheet = Image.new("L", (2 * _FONT_PX, 2 * _FONT_PX))
        ImageDraw.Draw(sheet).text((_FONT_PX // 2, _FONT_PX // 2), letter, font=font, fill=255)
        glyph = sheet.crop(sheet.getbbox())
        factor = box / max(glyph.size)
        size = (max(1, round(glyph.width * factor)), max(1, round(glyph.height * factor)))
        master = Image.new("L", (w, h))
        master.paste(glyph.resize(size, Image.Resampling.LANCZOS), ((w - size[0]) // 2, (h - size[1]) // 2))
        masters.append(torch.from_numpy(np.array(master)))
    return torch.stack(masters).unsqueeze(1).float() / 255.0


@lru_cache(maxsize=8)
def _centres(height: int, width: int) -> Float32[Tensor, "L 2"]:
    """Centres of mass of the masters as (x, y) in affine_grid's units, the image being [-1, 1]."""
    ink = _masters(height, width)[:, 0]
    y = (torch.arange(ink.shape[1]) * 2.0 + 1.0) / ink.shape[1] - 1.0
    x = (torch.arange(ink.shape[2]) * 2.0 + 1.0) / ink.shape[2] - 1.0
    mass = ink.sum(dim=(1, 2))
    return torch.stack(((ink.sum(1) * x).sum(1) / mass, (ink.sum(2) * y).sum(1) / mass), dim=1)
