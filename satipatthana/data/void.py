"""Void families: inputs that are nothing of what was learnt, each made from a batch of real ones.

Six are trained on in stage 2, four are kept for evaluation. Where a family mixes two real inputs, a row's
partner is another row of the batch, never itself. Chance is drawn on the CPU, so a device changes nothing.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..components.objectives import blur
from ..measures import derangement
from .bundle import DataError
from .letters import MIN_SIDE, draw_letters

Batch = Float[Tensor, "B *shape"]  # (B, C, H, W) or (B, F)

TRAINED_VOIDS: tuple[str, ...] = ("gaussian", "uniform", "constant", "patch-shuffle", "inverted", "overlay")
HELD_OUT_VOIDS: tuple[str, ...] = ("rotated", "flipped", "average", "letters")
WIDE_VOIDS: tuple[str, ...] = ("cutmix", "clouds")
"""Images that a wide stage 2 learns from beside the six."""

GAUSSIAN_SCALES = (0.1, 1.0)  # standard deviation, uniform per sample
PATCHES = 4  # patch-shuffle cuts an image into 4x4 patches
CUT = (10 / 28, 21 / 28)  # cutmix: where the other input begins, as a share of the side
CLOUD_SIZES = (0.8, 3.3)  # standard deviation of the blur in pixels, uniform per sample
CLOUD_LEVELS = (0.0, 1.2)  # standard deviations above the mean at which a cloud begins
CLOUD_BANDS = 0.4  # share of clouds of which only a band about the level is drawn
CLOUD_BAND = 0.25  # half its width, standard deviations
NEEDS_PARTNER = ("overlay", "average", "cutmix")
# Not for vectors: what needs pixels beside pixels, and "inverted", because the mirror image of centred data
# may be data again (as it is for the moons, which are symmetric about their middle).
_VECTOR_VOIDS = ("gaussian", "uniform", "constant", "overlay", "average")


def void_families(x_shape: Sequence[int]) -> tuple[str, ...]:
    """The families that exist for samples of shape (C, H, W) or (F,), trained ones first."""
    known = TRAINED_VOIDS + HELD_OUT_VOIDS
    if len(x_shape) == 1:
        return tuple(name for name in known if name in _VECTOR_VOIDS)
    if len(x_shape) != 3:
        raise DataError(f"samples are {tuple(x_shape)}, expected an image (C, H, W) or a vector (F,)")
    _, height, width = x_shape
    lacking = set()
    if min(height, width) < PATCHES:
        lacking.add("patch-shuffle")
    if min(height, width) < MIN_SIDE:
        lacking.add("letters")
    if height != width:
        lacking.add("rotated")  # a quarter turn would change the shape
    return tuple(name for name in known if name not in lacking)


def wide_voids(x_shape: Sequence[int]) -> tuple[str, ...]:
    """The further families that a wide stage 2 learns from: of images only."""
    return WIDE_VOIDS if len(x_shape) == 3 else ()


def trained_voids(x_shape: Sequence[int]) -> tuple[str, ...]:
    """Those of them that stage 2 learns from."""
    return tuple(name for name in void_families(x_shape) if name in TRAINED_VOIDS)


@torch.no_grad()
def make_void(family: str, x: Batch, generator: torch.Generator, partner: Batch | None = None) -> Batch:
    """A batch of one void family, of the shape, type and device of the real batch x, in [-1, 1].

    x: (B, C, H, W) or (B, F) in [-1, 1]; `generator`: a CPU generator, the only source of chance; `partner`: what
    each row is mixed with, where two inputs are (by default another row). Raises
    DataError for an unknown family, one that does not exist for this shape, or one of two inputs when B is 1.
    """
    _check(x, (family,))
    exist = void_families(x.shape[1:]) + wide_voids(x.shape[1:])
    if family not in exist:
        raise DataError(
            f"void family {family!r} does not exist for samples {tuple(x.shape[1:])}, expected one of: "
            f"{', '.join(exist)}"
        )
    if partner is None and family in NEEDS_PARTNER:
        if len(x) < 2:
            raise DataError(f"void family {family!r} mixes two inputs, not {len(x)}: give more of them")
        partner = x[derangement(len(x), generator).to(x.device)]
    return _MAKERS[family](x, x if partner is None else partner, generator)


@torch.no_grad()
def mix_voids(
    x: Batch, generator: torch.Generator, families: Sequence[str] = TRAINED_VOIDS
) -> tuple[Batch, Int64[Tensor, " B"]]:
    """Voids from the real batch x (B, C, H, W) or (B, F), each row of one family, in equal shares (± 1).

    Returns the batch and, per row, the index into `families` (B,) int64. Families that do not exist for
    this shape of sample, or for a batch of one, are passed over. Raises DataError if none is left, or for an
    unknown name.
    """
    _check(x, families)
    exist = void_families(x.shape[1:]) + wide_voids(x.shape[1:])
    usable = [
        index for index, name in enumerate(families) if name in exist and not (len(x) < 2 and name in NEEDS_PARTNER)
    ]
    if not usable:
        raise DataError(
            f"none of the void families {tuple(families)} exists for a batch {tuple(x.shape)}: "
            f"for samples of this shape there are {', '.join(exist)}"
        )
    b = len(x)
    # Which families get one row more, and which rows each gets, are both random.
    turns = torch.tensor(usable)[torch.randperm(len(usable), generator=generator)]
    index = turns[torch.randperm(b, generator=generator) % len(usable)]  # (B,)
    partner = x[derangement(b, generator).to(x.device)] if b > 1 else x
    out = torch.empty_like(x)
    for family in usable:
        rows = torch.nonzero(index == family)[:, 0].to(x.device)
        if len(rows):
            out[rows] = _MAKERS[families[family]](x[rows], partner[rows], generator)
    return out, index.to(x.device)


def _check(x: Tensor, families: Sequence[str]) -> None:
    unknown = [name for name in families if name not in _MAKERS]
    if unknown:
        raise DataError(f"unknown void family {unknown[0]!r}, expected one of: {', '.join(_MAKERS)}")
    if x.ndim not in (2, 4) or not x.is_floating_point():
        raise DataError(f"x is {x.dtype} {tuple(x.shape)}, expected floating point (B, C, H, W) or (B, F)")


def _rand(x: Tensor, *shape: int, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator).to(x)


def _per_sample(x: Tensor) -> tuple[int, ...]:
    """The shape of one number a sample that broadcasts against x."""
    return (len(x),) + (1,) * (x.ndim - 1)


def _gaussian(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    low, high = GAUSSIAN_SCALES
    scale = low + (high - low) * _rand(x, *_per_sample(x), generator=generator)
    return (scale * torch.randn(x.shape, generator=generator).to(x)).clamp_(-1.0, 1.0)


def _uniform(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return _rand(x, *x.shape, generator=generator) * 2.0 - 1.0


def _constant(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return (_rand(x, *_per_sample(x), generator=generator) * 2.0 - 1.0).expand_as(x).clone()


def _patch_shuffle(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    b, c, height, width = x.shape
    h, w = height // PATCHES, width // PATCHES
    out = x.clone()  # a side that four does not divide keeps its last rows or columns
    whole = out[:, :, : h * PATCHES, : w * PATCHES]
    patches = whole.reshape(b, c, PATCHES, h, PATCHES, w).permute(0, 2, 4, 1, 3, 5)
    patches = patches.reshape(b, PATCHES**2, c, h, w)
    order = torch.rand(b, PATCHES**2, generator=generator).argsort(dim=1)  # (B, 16) a permutation per sample
    patches = patches[torch.arange(b, device=x.device)[:, None], order.to(x.device)]
    patches = patches.view(b, PATCHES, PATCHES, c, h, w).permute(0, 3, 1, 4, 2, 5)
    whole.copy_(patches.reshape(whole.shape))
    return out


def _inverted(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return -x


def _overlay(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return torch.maximum(x, partner)


def _rotated(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return x.rot90(1, dims=(2, 3))  # a quarter turn to the left


def _flipped(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return x.flip(2)  # upside down


def _average(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return (x + partner) / 2.0


def _letters(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    return draw_letters(len(x), x.shape[2], x.shape[3], generator).to(x).expand_as(x).clone()


def _cutmix(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    b, _, height, width = x.shape
    low, high = CUT
    at = low + (high - low) * _rand(x, b, 1, 1, generator=generator)
    right = torch.arange(width, device=x.device)[None, None] >= at * width
    below = torch.arange(height, device=x.device)[None, :, None] >= at * height
    other = torch.where(_rand(x, b, 1, 1, generator=generator) < 0.5, right, below)
    return torch.where(other[:, None], partner, x)


def _clouds(x: Batch, partner: Batch, generator: torch.Generator) -> Batch:
    low, high = CLOUD_SIZES
    noise = torch.randn((len(x), 1, *x.shape[2:]), generator=generator).to(x)
    field = blur(noise, low + (high - low) * _rand(x, len(x), generator=generator))
    field = (field - field.mean(dim=(2, 3), keepdim=True)) / field.std(dim=(2, 3), keepdim=True)
    first, last = CLOUD_LEVELS
    level = first + (last - first) * _rand(x, *_per_sample(x), generator=generator)
    banded = _rand(x, *_per_sample(x), generator=generator) < CLOUD_BANDS
    ink = torch.where(banded, (field - level).abs() < CLOUD_BAND, field > level)
    return (2.0 * ink - 1.0).to(x).expand_as(x).clone()


_MAKERS: dict[str, Callable[[Batch, Batch, torch.Generator], Batch]] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "constant": _constant,
    "patch-shuffle": _patch_shuffle,
    "inverted": _inverted,
    "overlay": _overlay,
    "rotated": _rotated,
    "flipped": _flipped,
    "average": _average,
    "letters": _letters,
    "cutmix": _cutmix,
    "clouds": _clouds,
}
