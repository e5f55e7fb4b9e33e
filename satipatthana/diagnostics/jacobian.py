"""Why does it settle as fast as it does: the Jacobian of one step at the end, and the decay that it predicts."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex128, Float, Float64
from torch import Tensor

from satipatthana.components.vicara import Step


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The Jacobian of one step at B states, seen through its eigenvalues."""

    eigenvalues: Complex128[np.ndarray, "B D"]
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
    """Eigenvalues and norm of the step's Jacobian at s, in float64 if s and the step are."""
    jacobian = step_jacobian(step, s).double()
    eigenvalues = torch.linalg.eigvals(jacobian)
    order = eigenvalues.abs().argsort(dim=1, descending=True)
    return Spectrum(
        eigenvalues=eigenvalues.gather(1, order).cpu().numpy(),
        norm=torch.linalg.matrix_norm(jacobian, 2).cpu().numpy(),
    )
