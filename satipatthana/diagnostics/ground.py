"""Where does it trust its thought? For inputs that are points: trust over the plane that they lie in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import chunks, observing

SIDE = 64
OPEN = -1.0  # a gate that lets everything in


@dataclass(frozen=True, eq=False)
class Ground:
    """The plane in which the inputs themselves lie: how sure is it where? R rows, from the top, and columns."""

    low: tuple[float, float]
    high: tuple[float, float]
    trust: Float32[np.ndarray, "R R"]
    softmax: Float32[np.ndarray, "R R"]
    """The largest class probability."""


def ground(system: SatipatthanaSystem, low: Sequence[float], high: Sequence[float], side: int = SIDE) -> Ground:
    """Trust and soft-max confidence over the input plane; ValueError for inputs that are no points (2,)."""
    shape = tuple(system.config.x_shape)
    if shape != (2,):
        raise ValueError(f"An input has shape {shape}; only points (2,) lie in a plane. Open a run on moons.")
    share = (torch.arange(side) + 0.5) / side
    across, up = low[0] + share * (high[0] - low[0]), high[1] - share * (high[1] - low[1])
    x = torch.stack(torch.meshgrid(across, up, indexing="xy"), dim=-1).reshape(-1, 2)
    trust, softmax = [], []
    with observing(system):
        for rows in chunks(len(x), 1024):
            output = system(x[rows.start : rows.stop], threshold=OPEN)
            trust.append(output.insight.trust[:, 0])
            softmax.append(output.logits.softmax(dim=1).amax(dim=1))
    return Ground(
        (float(low[0]), float(low[1])),
        (float(high[0]), float(high[1])),
        torch.cat(trust).view(side, side).numpy(),
        torch.cat(softmax).view(side, side).numpy(),
    )
