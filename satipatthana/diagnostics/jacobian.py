"""Why does it settle as fast as it does: the Jacobian of one step at the end, and the decay that it predicts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex128, Float, Float64
from torch import Tensor

from satipatthana.components.vicara import Step

WIDEST_WHOLE = 512
"""Of a wider state the whole Jacobian is not made: at D = 2,048 that of one sample holds 32 MB and takes 4 s."""
LEADING = 32
"""Of a wider one so many directions are searched."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The Jacobian of one step at B states, through E eigenvalues: all, or of a wide state the leading ones."""

    eigenvalues: Complex128[np.ndarray, "B E"]
    """Largest modulus first."""
    norm: Float64[np.ndarray, " B"]
    """Largest singular value: the most that one step can stretch a small distance."""

    @property
    def radius(self) -> Float64[np.ndarray, " B"]:
        """Spectral radius: the factor by which, near a fixed point, each late step is smaller than the one before."""
        return np.abs(self.eigenvalues[:, 0])


def step_jacobian(step: Step, s: Float[Tensor, "B D"]) -> Float[Tensor, "B D D"]:
    """d f(s)_i / d s_j of every sample, exact, by autograd.

    D backward passes whatever the batch: no sample feels its neighbours, so a sum over them keeps them apart.
    """
    with torch.enable_grad():
        at = s.detach().clone().requires_grad_(True)
        after = step(at)
        rows = [torch.autograd.grad(after[:, i].sum(), at, retain_graph=True)[0] for i in range(s.shape[1])]
    return torch.stack(rows, dim=1)


def spectrum(step: Step, s: Float[Tensor, "B D"]) -> Spectrum:
    """Eigenvalues and norm of the step's Jacobian at s, in float64 if s and the step are.

    Exact up to D = ``WIDEST_WHOLE``. Above, what a Krylov space of ``LEADING`` directions holds: the largest ones agree
    to a thousandth or better, those behind them are only near.
    """
    if s.shape[1] > WIDEST_WHOLE:
        return _leading(step, s)
    jacobian = step_jacobian(step, s).double()
    eigenvalues = torch.linalg.eigvals(jacobian)
    return Spectrum(
        eigenvalues=_largest_first(eigenvalues).cpu().numpy(),
        norm=torch.linalg.matrix_norm(jacobian, 2).cpu().numpy(),
    )


def _leading(step: Step, s: Float[Tensor, "B D"]) -> Spectrum:
    with torch.enable_grad():
        at = s.detach().clone().requires_grad_(True)
        after = step(at)
        weights = torch.zeros_like(after, requires_grad=True)
        (pulled,) = torch.autograd.grad(after, at, weights, create_graph=True)

    def along(v: Tensor) -> Tensor:
        """J v: what J^T w has for a gradient in w. (Forward mode says the same, and imports for seconds.)"""
        return torch.autograd.grad(pulled, weights, v, retain_graph=True)[0]

    def back(w: Tensor) -> Tensor:
        """J^T w."""
        return torch.autograd.grad(after, at, w, retain_graph=True)[0]

    found = torch.linalg.eigvals(krylov(along, s, LEADING))
    # of J^T J, which is symmetric, extreme eigenvalues come out sooner
    stretched = torch.linalg.eigvals(krylov(lambda v: back(along(v)), s, LEADING // 2)).real.amax(dim=1)
    return Spectrum(_largest_first(found).cpu().numpy(), stretched.clamp_min(0).sqrt().cpu().numpy())


@torch.no_grad()
def krylov(apply: Callable[[Tensor], Tensor], like: Float[Tensor, "B D"], n: int) -> Float64[Tensor, "B n n"]:
    """What a linear map of each sample does within the space of v, Av, AAv, ...: its eigenvalues are near the map's.

    Source: Arnoldi, 1951, orthogonalised twice; Saad, Numerical Methods for Large Eigenvalue Problems, chapter 6. The
    start is the same for all samples and all calls.
    """
    batch, dim = like.shape
    start = torch.randn(dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(like)
    basis = [(start / start.norm()).expand(batch, dim)]
    within = torch.zeros(batch, n, n, dtype=torch.float64, device=like.device)
    for column in range(n):
        image = apply(basis[-1].clone())
        known = torch.stack(basis, dim=1)
        for _ in range(2):
            shares = torch.einsum("bkd,bd->bk", known, image)
            image = image - torch.einsum("bk,bkd->bd", shares, known)
            within[:, : column + 1, column] += shares
        length = image.norm(dim=1)
        if column + 1 < n:
            within[:, column + 1, column] = length
            # nothing is left: the space is closed, and zeros in the rest of it change no other eigenvalue
            basis.append(torch.where(length[:, None] > 1e-12, image / length.clamp_min(1e-12)[:, None], 0.0))
    return within


def _largest_first(eigenvalues: Tensor) -> Tensor:
    return eigenvalues.gather(1, eigenvalues.abs().argsort(dim=1, descending=True))
