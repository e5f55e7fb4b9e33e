"""Sati: when to stop, per sample."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from satipatthana.configs import FixedStepSatiConfig, SatiConfig, ThresholdSatiConfig


class FixedStepSati(nn.Module):
    """No sample is ever still; the engine ends the thought after ``n_steps``."""

    def __init__(self, config: FixedStepSatiConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, before: Float[Tensor, "B D"], after: Float[Tensor, "B D"], step: int) -> Bool[Tensor, " B"]:
        return torch.zeros(len(after), dtype=torch.bool, device=after.device)


class ThresholdSati(nn.Module):
    """A sample is still when its own step is smaller than the threshold; its neighbours do not count (failure 15)."""

    def __init__(self, config: ThresholdSatiConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, before: Float[Tensor, "B D"], after: Float[Tensor, "B D"], step: int) -> Bool[Tensor, " B"]:
        """``step`` counts from 1."""
        small = (after - before).norm(dim=1) < self.config.threshold
        return small & (step >= self.config.min_steps)


def make_sati(config: SatiConfig) -> nn.Module:
    """The sati that ``config`` describes."""
    return ThresholdSati(config) if isinstance(config, ThresholdSatiConfig) else FixedStepSati(config)
