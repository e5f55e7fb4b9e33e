"""Vitals: a few cheap figures of a network in training, taken between two steps without touching it."""

import math
from collections.abc import Callable

import torch

from satipatthana.core.system import SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.data.bundle import Split
from satipatthana.diagnostics.collapse import spread, usage
from satipatthana.diagnostics.observing import observing

Vitals = Callable[[SatipatthanaSystem, TrainingStage], dict[str, float]]

NAMES = ("accuracy", "aux_accuracy", "perplexity", "spread", "trust_gap")
"""Accuracy of the answer and of stage 1's label guidance, effective number of probes, standard deviation of
s* over the samples, mean trust clean less drunk."""


def vitals(validation: Split, *, seed: int, n: int = 128) -> Vitals:
    """A callback for the trainer: ``NAMES`` on ``n`` evenly spaced validation samples, the same at every
    call.

    It draws from no generator of the run (drunken luck is a function of ``seed``) and leaves modes,
    statistics and gradients alone, so that training with and without it is the same bit for bit. A vital of a
    part whose stage has not been trained is that of an untrained part: chance, or zero. What is not finite is
    left out. Raises ValueError for a split of fewer than two samples.
    """
    if len(validation) < 2:
        raise ValueError(f"The validation split has {len(validation)} samples; vitals need at least two.")
    rows = torch.linspace(0, len(validation) - 1, min(n, len(validation))).round().long()
    x, y = validation.x[rows], validation.y[rows]
    count = len(rows)
    drunk = torch.arange(2 * count) >= count

    def measure(system: SatipatthanaSystem, stage: TrainingStage) -> dict[str, float]:
        device = system.probes.device
        labels = y.to(device)
        with observing(system):
            # Sober and drunk thoughts of the same inputs in one pass; nobody feels a neighbour.
            both = torch.cat([x, x]).to(device)
            output = system(both, drunk_mode=drunk.to(device), generator=generator_for(seed, "vitals"))
            guess = system.aux_head(output.s_star[:count]).argmax(dim=1)
            trust = output.insight.trust[:, 0]
            found = {
                "accuracy": float((output.logits[:count].argmax(dim=1) == labels).float().mean()),
                "aux_accuracy": float((guess == labels).float().mean()),
                "perplexity": usage(output.samatha.meta.attention[:count]).perplexity,
                "spread": spread(output.s_star[:count]).std,
                "trust_gap": float(trust[:count].mean() - trust[count:].mean()),
            }
        return {name: value for name, value in found.items() if math.isfinite(value)}

    return measure
