import typing

import pytest
import torch

from satipatthana.components.decoders import (
    UPSAMPLINGS,
    AuxHead,
    ConditionalDecoder,
    LocalReconHead,
    make_recon_head,
)
from satipatthana.configs import ConditionalDecoderConfig, LocalAdapterConfig, ReconHeadConfig, Upsampling


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_upsampling_that_can_be_configured_exists():
    assert set(UPSAMPLINGS) == set(typing.get_args(Upsampling))


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 64, 64), (3, 28, 28), (1, 13, 22)])
def test_the_size_out_is_the_size_in(upsampling: Upsampling, shape: tuple[int, ...]):
    head = make_recon_head(ReconHeadConfig(upsampling, channels=(8, 6, 4)), shape, 5, rng()).eval()
    images = head(torch.randn(2, 5, generator=rng()))
    assert images.shape == (2, *shape)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("shape", [(1, 12, 12), (3,)])
def test_a_sample_alone_is_the_sample_in_a_batch(shape: tuple[int, ...]):
    head = make_recon_head(ReconHeadConfig(channels=(8, 4), hidden=7), shape, 5, rng()).eval()
    s = torch.randn(4, 5, generator=rng())
    assert torch.allclose(head(s)[1:2], head(s[1:2]), atol=1e-6)


def flat_field_unevenness(upsampling: Upsampling) -> float:
    """Spread over the pixels, away from the border, of what an untrained head makes of one constant grid."""
    head = make_recon_head(ReconHeadConfig(upsampling, channels=(8, 8, 8)), (1, 64, 64), 5, rng()).eval()
    layers = list(head.net)  # type: ignore[arg-type]
    grid = torch.randn(1, 8, 1, 1, generator=rng()).expand(1, 8, 8, 8)
    with torch.no_grad():
        image = torch.nn.Sequential(*layers[2:-1])(grid)  # without the latent's linear layer and the final tanh
    inside = image[0, 0, 20:-20, 20:-20]
    return float(inside.std() / image.abs().mean())


def test_resizing_paints_no_checkerboard_and_transposing_does():
    """Failure 9: a flat field stays flat through resize-convolutions, at initialisation already."""
    for upsampling in ("resize", "pixelshuffle_icnr"):
        assert flat_field_unevenness(upsampling) < 1e-5
    for upsampling in ("transpose3", "transpose", "pixelshuffle"):
        assert flat_field_unevenness(upsampling) > 0.05


def test_the_default_upsampling_is_the_one_without_checkerboards():
    assert ReconHeadConfig().upsampling == "resize"


@pytest.mark.parametrize("hidden", [0, 7])
def test_the_answer_reads_the_state_and_the_context(hidden: int):
    decoder = ConditionalDecoder(ConditionalDecoderConfig(hidden), 5, 3, 4, rng())
    s, context = (
        torch.randn(2, 5, generator=rng()).requires_grad_(),
        torch.randn(2, 3, generator=rng()).requires_grad_(),
    )
    logits = decoder(s, context)
    assert logits.shape == (2, 4)
    logits[0].sum().backward()
    assert s.grad is not None and context.grad is not None
    assert s.grad[0].abs().sum() > 0 and context.grad[0].abs().sum() > 0
    assert s.grad[1].abs().sum() == 0 and context.grad[1].abs().sum() == 0


def test_a_plain_answer_is_linear_without_squashing():
    decoder = ConditionalDecoder(ConditionalDecoderConfig(0), 5, 3, 4, rng())
    bias = decoder(torch.zeros(1, 5), torch.zeros(1, 3))
    s = torch.randn(1, 5, generator=rng())
    small, large = (decoder(factor * s, torch.zeros(1, 3)) - bias for factor in (1.0, 1000.0))
    assert torch.allclose(large, 1000 * small, rtol=1e-4, atol=1e-3)


def test_the_guide_reads_the_state():
    assert AuxHead(5, 4, rng())(torch.zeros(3, 5)).shape == (3, 4)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize(("shape", "patch"), [((1, 28, 28), 4), ((3, 32, 32), 4), ((1, 64, 64), 8), ((3, 13, 22), 2)])
def test_a_grid_grows_into_the_picture_that_it_is_of(upsampling: Upsampling, shape: tuple[int, ...], patch: int):
    adapter = LocalAdapterConfig(channels=4, patch=patch)
    grid = adapter.grid(shape)
    size = grid[0] * grid[1] * grid[2]
    head = make_recon_head(ReconHeadConfig(upsampling, channels=(6, 5)), shape, size, rng(), adapter).eval()
    assert isinstance(head, LocalReconHead)
    s = torch.randn(2, size, generator=rng())
    images = head(s)
    assert images.shape == (2, *shape) and images.abs().max() <= 1
    assert torch.allclose(images[1:], head(s[1:]), atol=1e-6)
    rows, columns = head.window
    assert torch.equal(head.grow(head.first_map(s))[:, :, rows, columns], images)
    assert torch.equal(head.first_map(s), s.view(2, *grid))
