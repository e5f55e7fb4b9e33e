"""Losses of the curriculum: what each one asks, and of which tensors. None of them reads a log."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from satipatthana.measures import cosine_matrix, off_diagonal
from satipatthana.santana import SantanaLog


class StabilityLoss:
    """Mean squared size of the last step, read from ``stability_pair``, which carries gradient (failure 1)."""

    def compute_loss(
        self, stability_pair: tuple[Tensor, Tensor], santana: SantanaLog | None = None
    ) -> tuple[Tensor, dict[str, float]]:
        """``stability_pair`` = (s_T, s_{T-1}), each (B, D). ``santana`` is accepted as the founding document has it,
        and never read: the log is detached, so a loss from it would teach nothing."""
        s_last, s_before = stability_pair
        loss = (s_last - s_before).square().sum(dim=1).mean()
        return loss, {"stability_loss": float(loss.detach())}


class ProbeDiversityLoss:
    """Mean off-diagonal cosine of the probes: the founding cure of collapse (failure 10).

    Its minimum can be rank 1 (two antipodal clumps), so the recipe uses orthogonality and balance instead.
    """

    def compute_loss(self, probes: Float[Tensor, "K D"]) -> tuple[Tensor, dict[str, float]]:
        loss = off_diagonal(cosine_matrix(probes)).mean()
        return loss, {"diversity_loss": float(loss.detach())}


def orthogonality(probes: Float[Tensor, "K D"]) -> Float[Tensor, ""]:
    """Mean squared off-diagonal cosine of the probes: 0 when all are orthogonal."""
    return off_diagonal(cosine_matrix(probes)).square().mean()


def balance(attention: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """KL divergence of the batch-mean probe usage from uniform, nats; 0 when every probe is used alike."""
    # A probe that nobody chose (hard attention) has usage 0, where the entropy's slope is infinite: this far off it is
    # steep and finite, and no usage that a float32 can tell from 0 beside the others changes.
    usage = attention.mean(dim=0) + 1e-12
    return math.log(attention.shape[1]) - torch.special.entr(usage).sum()


def binary_entropy(target: Float[Tensor, "*any"]) -> Float[Tensor, ""]:
    """Mean entropy of soft targets, nats: the floor that a binary cross entropy cannot pass."""
    return (torch.special.entr(target) + torch.special.entr(1 - target)).mean()


def blur(images: Float[Tensor, "B C H W"], sigma: Float[Tensor, " B"]) -> Float[Tensor, "B C H W"]:
    """Gaussian blur with its own sigma (pixels) per image; sigma 0 leaves an image as it is. Borders repeat."""
    batch, channels, height, width = images.shape
    reach = min(math.ceil(3 * float(sigma.max())), min(height, width) - 1)
    if reach == 0:
        return images
    offsets = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    # sigma 0 is the limit of a narrow bell: all weight on the middle
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp_min(1e-3)[:, None]).square())
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    kernels = kernel.repeat_interleave(channels, dim=0)
    planes = images.reshape(1, batch * channels, height, width)
    padded = F.pad(planes, (reach,) * 4, mode="replicate")
    across = F.conv2d(padded, kernels[:, None, None, :], groups=batch * channels)
    both = F.conv2d(across, kernels[:, None, :, None], groups=batch * channels)
    return both.view(batch, channels, height, width)
