"""Looking at a network without touching it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import nn

BATCH = 250
"""Samples a pass: large enough for the matrix products, small enough for the caches."""


@contextmanager
def observing(network: nn.Module) -> Iterator[None]:
    """Eval mode and no gradients inside; afterwards every module has its own training flag back.

    Eval mode also keeps spectral-norm estimates and BatchNorm statistics as they are, so that a training run that is
    looked at stays, bit for bit, the run that is not. The flags belong to the network: look at a snapshot, not at a
    network that another thread is training.
    """
    flags = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in flags:
            module.training = training


def chunks(n: int, size: int = BATCH) -> list[range]:
    """0 ... n-1 in near-equal runs of at most ``size``: no last run of one, which would have no partner."""
    count = -(-n // size)
    edges = [index * n // count for index in range(count + 1)] if count else []
    return [range(a, b) for a, b in pairwise(edges)]
