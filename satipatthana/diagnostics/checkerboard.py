"""Does a decoder paint checkerboards: at which frequencies its pictures have power, and what it makes of a flat field.

Three doublings leave patterns of period 2, 4 and 8 px: lines at 1/2 (Nyquist), 1/4 and 1/8 cycles per pixel.
"""

from dataclasses import astuple, dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from satipatthana.components.decoders import ImageReconHead
from satipatthana.diagnostics.intervals import Interval, percentiles, resamples

PERIODS = (2, 4, 8)
"""Pixels, of the three lines."""
FLOOR = 1e-12
"""Added to a power before its logarithm: float32 pictures carry about as much rounding."""
FIELD = 6
EDGE = 2
"""A flat field has so many places a side, and what the outer ones grow into is dropped: convolutions see zeros beyond
the border. After three doublings that shows 7 px deep, but 14 px behind a pixel shuffle; two places are 16 px."""


@dataclass(frozen=True)
class Lines:
    """Power in the rows and columns of the three lines: a share of all power but the mean's, or a ratio of shares."""

    nyquist: float
    quarter: float
    eighth: float


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Where the power of N pictures lies. NaN lines: the pictures are constant and have no power."""

    log_power: Float64[np.ndarray, "H W"]
    """log10 of the mean power of each frequency, frequency 0 in the middle at [H/2, W/2]. Powers of a picture sum to
    its mean square (Parseval)."""
    radii: Float64[np.ndarray, " R"]
    """Cycles per pixel, of the rings; the last holds the corner."""
    radial: Float64[np.ndarray, " R"]
    """Mean power of a ring's frequencies."""
    lines: Lines
    """Shares."""
    each_nyquist: Float64[np.ndarray, " N"]
    each_power: Float64[np.ndarray, " N"]
    """Power of each picture in the Nyquist line, and in all but the mean: what a bootstrap draws from."""


@dataclass(frozen=True, eq=False)
class FlatField:
    """What a decoder makes of one constant first feature map."""

    picture: Float32[np.ndarray, "C H W"]
    """Two places a side, without the border; a pattern repeats with every place."""
    std: float
    """Standard deviation over the pixels, mean over the channels, in the units of x; 0: flat stays flat."""


def spectrum(pictures: Float[Tensor, "N C H W"]) -> Spectrum:
    """The power spectrum of pictures, mean over channels.

    Only the middle is seen, cut to a multiple of 8 px a side, so that all three lines lie on the grid of frequencies.
    Raises ValueError without a picture, or for one under 8 px a side.
    """
    pictures = _middle(pictures.detach().double().cpu())
    rows, columns = pictures.shape[-2:]
    power = (torch.fft.fft2(pictures).abs() / (rows * columns)).square().mean(dim=1).numpy()
    power[:, 0, 0] = 0  # the mean
    each = power.sum(axis=(1, 2))
    mean = power.mean(axis=0)
    down, across = np.abs(np.fft.fftfreq(rows)), np.abs(np.fft.fftfreq(columns))
    on = [(down[:, None] == 1 / period) | (across[None, :] == 1 / period) for period in PERIODS]
    total = mean.sum()
    radii, radial = _rings(mean, np.hypot(down[:, None], across[None, :]), 1 / min(rows, columns))
    return Spectrum(
        log_power=np.log10(np.fft.fftshift(mean) + FLOOR),
        radii=radii,
        radial=radial,
        # rounding alone is no pattern
        lines=Lines(*(float(mean[line].sum() / total) if total > FLOOR else float("nan") for line in on)),
        each_nyquist=power[:, on[0]].sum(axis=1),
        each_power=each,
    )


def relative(drawn: Spectrum, real: Spectrum) -> Lines:
    """Each line's share over that of real data: 1 is like real data, far above checkerboard, far below blur.

    ``nyquist`` is the score. NaN where either has no power to share.
    """
    pairs = zip(astuple(drawn.lines), astuple(real.lines), strict=True)
    return Lines(*(mine / theirs if theirs > 0 else float("nan") for mine, theirs in pairs))


def score(drawn: Spectrum, real: Spectrum, seed: int) -> Interval:
    """The one score, Nyquist power `relative` to real data, with its interval over draws of the pictures.

    Row i of both is one sample. NaN as in `relative`. Raises ValueError when the two are not of as many pictures.
    """
    n, value = len(drawn.each_power), relative(drawn, real).nyquist
    if len(real.each_power) != n:
        raise ValueError(f"{n} drawn and {len(real.each_power)} real pictures; give one of each per sample.")
    if not np.isfinite(value):
        return Interval(value, value, value)
    times = resamples(n, seed, "checkerboard").astype(np.float64)  # powers are too small for float32
    mine = (times @ drawn.each_nyquist) / (times @ drawn.each_power)
    theirs = (times @ real.each_nyquist) / (times @ real.each_power)
    return percentiles(value, mine / theirs)


@torch.no_grad()
def flat_field(head: ImageReconHead, field: Float[Tensor, " C0"]) -> FlatField:
    """What is drawn when every place of the first feature map holds the same ``field``: any pattern is the decoder's.

    Nothing is cropped to the size of x. Eval mode and the head's own flags are the caller's: use `observing`.
    """
    picture = head.grow(field[None, :, None, None].expand(1, -1, FIELD, FIELD))[0]
    border = EDGE * picture.shape[-1] // FIELD
    inside = picture[:, border:-border, border:-border]
    std = inside.double().flatten(1).std(dim=1, correction=0).mean()
    return FlatField(inside.float().cpu().numpy(), float(std))


def _middle(pictures: Tensor) -> Tensor:
    sizes = [size // PERIODS[-1] * PERIODS[-1] for size in pictures.shape[-2:]]
    if min(*sizes, len(pictures)) == 0:
        raise ValueError(f"Pictures {tuple(pictures.shape)} have no spectrum; expected some of at least 8 px a side.")
    top, left = ((size - kept) // 2 for size, kept in zip(pictures.shape[-2:], sizes, strict=True))
    return pictures[..., top : top + sizes[0], left : left + sizes[1]]


def _rings(power: np.ndarray, radius: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Radii and mean power of rings of this width around frequency 0, which itself is left out."""
    ring = np.rint(radius / width).astype(int)
    ring[0, 0] = 0
    inside = ring > 0
    count = np.bincount(ring[inside])
    mean = np.bincount(ring[inside], weights=power[inside])
    held = count > 0
    return width * np.arange(len(count))[held], mean[held] / count[held]
