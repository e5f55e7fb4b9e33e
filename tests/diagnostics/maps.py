"""Maps whose ends are known."""

import math

import torch
from torch import Tensor, nn

from satipatthana.components.vicara import Step, Vicara


def rotation(degrees: float, dim: int = 2, scale: float = 1.0) -> Tensor:
    """(D, D): turns the first two coordinates and scales all."""
    angle = math.radians(degrees)
    matrix = torch.eye(dim, dtype=torch.float64)
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:2, :2] = torch.tensor(turn, dtype=torch.float64)
    return scale * matrix


class LinearVicara(Vicara):
    """s' = M s + c."""

    def __init__(self, matrix: Tensor, offset: Tensor | float = 0.0) -> None:
        super().__init__()
        self.matrix = nn.Parameter(matrix.float(), requires_grad=False)
        self.offset = offset

    def begin(self, z: Tensor) -> Step:
        return lambda s: s @ self.matrix.mT + self.offset
