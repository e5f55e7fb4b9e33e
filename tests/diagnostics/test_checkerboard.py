"""Spectra and flat fields against closed forms."""

import numpy as np
import pytest
import torch

from satipatthana.components.decoders import ImageReconHead
from satipatthana.configs import ReconHeadConfig
from satipatthana.diagnostics.checkerboard import FLOOR, flat_field, relative, score, spectrum
from satipatthana.diagnostics.intervals import Interval
from satipatthana.diagnostics.observing import observing


def board(size: int, period: int) -> torch.Tensor:
    """(1, 1, size, size): squares of half a period, +1 and -1."""
    half = torch.arange(size) // (period // 2) % 2
    return (1.0 - 2.0 * (half[:, None] ^ half[None, :]))[None, None]


def noise(n: int, size: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(n, 1, size, size, generator=generator)


def test_a_checkerboard_has_all_its_power_in_one_corner():
    found = spectrum(0.25 * board(16, 2) + 0.5)
    assert found.lines.nyquist == pytest.approx(1)
    assert (found.lines.quarter, found.lines.eighth) == pytest.approx((0, 0), abs=1e-12)
    power = 10**found.log_power - FLOOR
    assert power[0, 0] == pytest.approx(0.25**2), "the amplitude squared, at half a cycle in both directions"
    power[0, 0] = 0
    assert np.abs(power).max() < 1e-15
    assert found.radii[-1] == pytest.approx(np.hypot(0.5, 0.5), abs=1 / 32) and found.radial[-1] > 0
    assert np.abs(found.radial[:-1]).max() < 1e-15


@pytest.mark.parametrize(("period", "line"), [(2, "nyquist"), (4, "quarter"), (8, "eighth")])
def test_each_line_sees_the_stripes_of_its_period(period: int, line: str):
    wave = torch.cos(2 * torch.pi * torch.arange(24) / period)
    found = spectrum(wave.expand(3, 1, 24, 24))
    shares = vars(found.lines)
    assert shares.pop(line) == pytest.approx(1)
    assert list(shares.values()) == pytest.approx([0, 0], abs=1e-9)


def test_white_noise_has_the_same_power_everywhere(generator):
    size, std = 24, 0.3
    found = spectrum(std * noise(400, size, generator))
    others = size**2 - 1  # all frequencies but the mean
    assert found.lines.nyquist == pytest.approx((2 * size - 1) / others, rel=0.03)
    # rows and columns at plus and at minus the frequency
    both = (4 * size - 4) / others
    assert (found.lines.quarter, found.lines.eighth) == pytest.approx((both, both), rel=0.03)
    assert found.radial == pytest.approx(np.full(len(found.radial), std**2 / size**2), rel=0.2)  # a corner is few


def test_powers_sum_to_the_variance(generator):
    pictures = noise(5, 16, generator) + 3
    found = spectrum(pictures)
    assert found.each_power == pytest.approx(pictures.double().flatten(1).var(dim=1, correction=0).numpy())
    assert (10**found.log_power - FLOOR).sum() == pytest.approx(found.each_power.mean())


def test_a_blur_lowers_each_frequency_by_its_own_transfer(generator):
    pictures = noise(50, 16, generator).double()
    kernel = (0.25, 0.5, 0.25)
    blurred = sum(k * pictures.roll(shift, dims=-1) for k, shift in zip(kernel, (-1, 0, 1), strict=True))
    assert isinstance(blurred, torch.Tensor)
    sharp, soft = spectrum(pictures), spectrum(blurred)
    transfer = np.fft.fftshift(0.5 + 0.5 * np.cos(2 * np.pi * np.fft.fftfreq(16))) ** 2
    expected = (10**sharp.log_power - FLOOR) * transfer[None, :]
    assert 10**soft.log_power - FLOOR == pytest.approx(expected, abs=1e-15)
    assert relative(soft, sharp).nyquist < 0.9
    both = sum(k * blurred.roll(shift, dims=-2) for k, shift in zip(kernel, (-1, 0, 1), strict=True))
    assert isinstance(both, torch.Tensor)
    assert relative(spectrum(both), sharp).nyquist < 0.2, "far below 1: blur"


def test_a_constant_has_nothing_to_share(generator):
    constant, other = spectrum(torch.full((3, 1, 8, 8), 0.7)), spectrum(noise(3, 8, generator))
    assert np.isnan(constant.lines.nyquist) and np.isnan(relative(constant, other).nyquist)
    assert np.isnan(relative(other, constant).nyquist)
    assert np.isnan(score(constant, other, seed=0).low)
    assert constant.log_power == pytest.approx(np.full((8, 8), -12.0), abs=0.01)


def test_only_a_middle_on_the_grid_of_frequencies_is_seen(generator):
    pictures = noise(4, 24, generator)
    framed = torch.nn.functional.pad(pictures, (2, 2, 2, 2), value=1.0)
    assert np.allclose(spectrum(framed).log_power, spectrum(pictures).log_power)
    assert spectrum(noise(1, 30, generator)[..., :13, :]).log_power.shape == (8, 24)
    with pytest.raises(ValueError, match="8 px"):
        spectrum(noise(2, 7, generator))
    with pytest.raises(ValueError, match="no spectrum"):
        spectrum(noise(0, 16, generator))


def test_the_interval_holds_the_score_and_narrows(generator):
    def found(n: int) -> Interval:
        real = noise(n, 8, generator)
        drawn, clean = spectrum(real + 0.5 * board(8, 2)), spectrum(real)
        one = score(drawn, clean, seed=0)
        assert one.value == relative(drawn, clean).nyquist
        return one

    few, many = found(20), found(320)
    assert few.low < few.value < few.high and many.low < many.value < many.high
    assert 0.1 < (many.high - many.low) / (few.high - few.low) < 0.5  # a quarter, in expectation
    with pytest.raises(ValueError, match="one of each"):
        score(spectrum(noise(2, 8, generator)), spectrum(noise(3, 8, generator)), seed=0)


def test_the_flat_field_of_uneven_overlap(generator):
    """A kernel of ones, 3 wide at stride 2: even pixels get one tap an axis, odd ones two."""
    head = ImageReconHead(ReconHeadConfig("transpose3", channels=(1,)), (1, 32, 32), 4, generator)
    with torch.no_grad():
        for value, parameter in zip((1.0, 0.0), head.net[2:].parameters(), strict=True):
            parameter.fill_(value)
    with observing(head):
        found = flat_field(head, torch.tensor([0.1]))
    values = np.tanh(0.1 * np.outer([1, 2], [1, 2]))
    assert found.picture.shape == (1, 4, 4)
    assert found.picture[0] == pytest.approx(np.tile(values, (2, 2)), rel=1e-5)
    assert found.std == pytest.approx(values.std(), rel=1e-5)


@pytest.mark.parametrize("upsampling", ["resize", "pixelshuffle_icnr"])
def test_a_flat_field_stays_flat_inside_the_border(upsampling, generator):
    head = ImageReconHead(ReconHeadConfig(upsampling, channels=(6, 5, 4)), (3, 28, 28), 4, generator)
    field = torch.randn(6, generator=generator)
    with observing(head):
        assert flat_field(head, field).picture.shape == (3, 16, 16)
        assert flat_field(head, field).std < 1e-7
