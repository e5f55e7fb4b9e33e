"""Decoders: reconstruction heads (latent -> image or vector), the answer, and the auxiliary head of stage 1."""

import itertools
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from satipatthana.components.adapters import padding_for, padding_to
from satipatthana.components.initialise import ShuffledConv2d, built
from satipatthana.configs import AdapterConfig, ConditionalDecoderConfig, LocalAdapterConfig, ReconHeadConfig

# How a resolution doubles. Transposed convolutions whose kernel is no multiple of the stride overlap unevenly and
# paint checkerboards (failure 9; Odena et al., distill.pub/2016/deconv-checkerboard); the cure is to resize first.
UPSAMPLINGS: dict[str, Callable[[int, int], list[nn.Module]]] = {
    "resize": lambda before, after: [
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(before, after, 3, padding=1),
    ],
    "transpose": lambda before, after: [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)],
    "transpose3": lambda before, after: [nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)],
    "pixelshuffle": lambda before, after: [nn.Conv2d(before, 4 * after, 3, padding=1), nn.PixelShuffle(2)],
    "pixelshuffle_icnr": lambda before, after: [ShuffledConv2d(before, 4 * after, 3, padding=1), nn.PixelShuffle(2)],
}


def _growing(upsample: Callable[[int, int], list[nn.Module]], widths: Sequence[int]) -> list[nn.Module]:
    """A doubling from each width to the next; batch norm and relu between, tanh at the end."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths[:-1]):
        layers += [*upsample(before, after), nn.BatchNorm2d(after), nn.ReLU()]
    return [*layers, *upsample(widths[-2], widths[-1]), nn.Tanh()]


class ImageReconHead(nn.Module):
    """Linear to a small grid, doubled once per width in ``channels``; batch norm and relu between, tanh at the end.

    (B, D) -> (B, C, H, W) in [-1, 1]; pads and crops inside, so the size out is the size of x.
    """

    def __init__(self, config: ReconHeadConfig, x_shape: tuple[int, ...], dim: int, generator: torch.Generator) -> None:
        super().__init__()
        channels, height, width = x_shape
        depth = len(config.channels)
        top, bottom = padding_for(height, depth)
        left, right = padding_for(width, depth)
        rows, columns = (height + top + bottom) // 2**depth, (width + left + right) // 2**depth
        self.window = (slice(top, top + height), slice(left, left + width))
        self.n_first = 2

        def make() -> nn.Sequential:
            widths = [*config.channels, channels]
            return nn.Sequential(
                nn.Linear(dim, widths[0] * rows * columns),
                nn.Unflatten(1, (widths[0], rows, columns)),
                *_growing(UPSAMPLINGS[config.upsampling], widths),
            )

        self.net = built(make, generator)

    def forward(self, s: Float[Tensor, "B D"]) -> Float[Tensor, "B C H W"]:
        rows, columns = self.window
        return self.net(s)[:, :, rows, columns]

    def first_map(self, s: Float[Tensor, "B D"]) -> Float[Tensor, "B C0 h w"]:
        """The small grid before any doubling."""
        return self.net[: self.n_first](s)

    def grow(self, first: Float[Tensor, "B C0 h w"]) -> Float[Tensor, "B C H W"]:
        """What a first feature map of any size grows into, nothing cropped."""
        return self.net[self.n_first :](first)


class LocalReconHead(ImageReconHead):
    """The grid of a local adapter, doubled until it is the picture; the widths between are the last of ``channels``.

    (B, D) -> (B, C, H, W) in [-1, 1]; crops what the adapter padded.
    """

    def __init__(
        self,
        config: ReconHeadConfig,
        x_shape: tuple[int, ...],
        adapter: LocalAdapterConfig,
        generator: torch.Generator,
    ) -> None:
        nn.Module.__init__(self)
        channels, height, width = x_shape
        grid = adapter.grid(x_shape)
        top, _ = padding_to(height, grid[1] * adapter.patch)
        left, _ = padding_to(width, grid[2] * adapter.patch)
        self.window = (slice(top, top + height), slice(left, left + width))
        self.n_first = 1
        between = config.channels[len(config.channels) - adapter.doublings + 1 :]
        widths = [adapter.channels, *between, channels]
        grow = UPSAMPLINGS[config.upsampling]
        self.net = built(lambda: nn.Sequential(nn.Unflatten(1, grid), *_growing(grow, widths)), generator)


class VectorReconHead(nn.Module):
    """Two hidden layers, tanh at the end. (B, D) -> (B, F)."""

    def __init__(self, config: ReconHeadConfig, x_shape: tuple[int, ...], dim: int, generator: torch.Generator) -> None:
        super().__init__()
        hidden = config.hidden
        self.net = built(
            lambda: nn.Sequential(
                nn.Linear(dim, hidden),
                nn.ReLU(),
                nn.Linear(hidden, hidden),
                nn.ReLU(),
                nn.Linear(hidden, x_shape[0]),
                nn.Tanh(),
            ),
            generator,
        )

    def forward(self, s: Float[Tensor, "B D"]) -> Float[Tensor, "B F"]:
        return self.net(s)


def make_recon_head(
    config: ReconHeadConfig,
    x_shape: tuple[int, ...],
    dim: int,
    generator: torch.Generator,
    adapter: AdapterConfig | None = None,
) -> nn.Module:
    """The reconstruction head for inputs of ``x_shape``; behind a local ``adapter`` it grows from that one's grid."""
    if isinstance(adapter, LocalAdapterConfig):
        return LocalReconHead(config, x_shape, adapter, generator)
    head = ImageReconHead if len(x_shape) == 3 else VectorReconHead
    return head(config, x_shape, dim, generator)


class ConditionalDecoder(nn.Module):
    """[s*, v_ctx] -> class logits (B, n_classes): the answer, told what the thought was like."""

    def __init__(
        self,
        config: ConditionalDecoderConfig,
        dim: int,
        context_dim: int,
        n_classes: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        width, hidden = dim + context_dim, config.hidden

        def make() -> nn.Module:
            if hidden == 0:
                return nn.Linear(width, n_classes)
            return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, n_classes))

        self.net = built(make, generator)

    def forward(self, s_star: Float[Tensor, "B D"], v_ctx: Float[Tensor, "B C"]) -> Float[Tensor, "B N"]:
        return self.net(torch.cat([s_star, v_ctx], dim=1))


class AuxHead(nn.Module):
    """s* -> class logits (B, n_classes): label guidance in stage 1 only."""

    def __init__(self, dim: int, n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.net = built(lambda: nn.Linear(dim, n_classes), generator)

    def forward(self, s_star: Float[Tensor, "B D"]) -> Float[Tensor, "B N"]:
        return self.net(s_star)
