"""Does the answer use what the judgement passes on: accuracy with v_ctx, and with v_ctx set to zero."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.intervals import Interval, bootstrap_mean, wilson
from satipatthana.diagnostics.observing import chunks, observing


@dataclass(frozen=True)
class ContextUse:
    """Shares of n inputs."""

    right: Interval
    right_without: Interval
    gain: Interval
    """Accuracy with v_ctx less that without, input by input (paired bootstrap)."""
    n: int


def context_use(
    system: SatipatthanaSystem, x: Float[Tensor, "N *shape"], y: Int[Tensor, " N"], noise: float = 0.0
) -> ContextUse:
    """The answer to x with noise of this sigma, and the same answer read from s* and a v_ctx of zeros.

    Raises ValueError without inputs.
    """
    with_it, without = [], []
    with observing(system):
        for part in chunks(len(x)):
            luck = LuckBySample(system.config.seed, part)
            output = system(x[part.start : part.stop], noise_level=noise, luck=luck)
            zeroed = system.logits(output.s_star, torch.zeros_like(output.insight.v_ctx))
            label = y[part.start : part.stop].to(zeroed.device)
            with_it.append(output.logits.argmax(dim=1) == label)
            without.append(zeroed.argmax(dim=1) == label)
    if not with_it:
        raise ValueError("The accuracy on 0 inputs; give at least one.")
    one, other = torch.cat(with_it).cpu().numpy(), torch.cat(without).cpu().numpy()
    return ContextUse(
        right=wilson(int(one.sum()), len(x)),
        right_without=wilson(int(other.sum()), len(x)),
        gain=bootstrap_mean(one.astype(np.float64) - other, system.config.seed),
        n=len(x),
    )
