"""Luck: what chance deals to a thought. Always one uniform and one normal draw a step, whatever the dials."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor


@runtime_checkable
class Luck(Protocol):
    """Deals the chance of a thought."""

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal input noise for a batch of ``shape`` (B, ...)."""
        ...

    def draw(self, step: int, batch: int, dim: int) -> tuple[Tensor, Tensor]:
        """One uniform (B,) and one normal (B, D) for this step (from 0)."""
        ...


class BatchLuck:
    """Luck of a whole batch from one generator: for training, where nothing needs to be told apart."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=self.generator)

    def draw(self, step: int, batch: int, dim: int) -> tuple[Tensor, Tensor]:
        uniform = torch.rand(batch, generator=self.generator)
        return uniform, torch.randn(batch, dim, generator=self.generator)


class LuckBySample:
    """Luck that is a function of (seed, sample, step) alone.

    So turning a dial reuses the same luck, a sample's neighbours change nothing, and the sober and the drunk twin
    can be compared. Source of the streams: numpy's Philox, keyed by (seed, sample), counted by (purpose, step).
    """

    def __init__(self, seed: int, samples: Sequence[int]) -> None:
        self.seed = seed
        self.samples = tuple(samples)

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        self._expect(shape[0])
        rows = [self._stream(sample, 0, 0).standard_normal(shape[1:], np.float32) for sample in self.samples]
        return torch.from_numpy(np.stack(rows))

    def draw(self, step: int, batch: int, dim: int) -> tuple[Tensor, Tensor]:
        self._expect(batch)
        streams = [self._stream(sample, 1, step) for sample in self.samples]
        uniform = np.array([stream.random(dtype=np.float32) for stream in streams], np.float32)
        normal = np.stack([stream.standard_normal(dim, np.float32) for stream in streams])
        return torch.from_numpy(uniform), torch.from_numpy(normal)

    def _stream(self, sample: int, purpose: int, step: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[self.seed, sample], counter=[0, 0, step, purpose]))

    def _expect(self, batch: int) -> None:
        if batch != len(self.samples):
            raise ValueError(f"This luck is dealt to {len(self.samples)} samples; the batch has {batch}.")
