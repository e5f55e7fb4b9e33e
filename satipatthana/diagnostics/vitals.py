"""Vitals: a few cheap figures of a network in training, taken between two steps without touching it."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from satipatthana.core.system import SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.data.bundle import Split
from satipatthana.diagnostics.collapse import spread, usage
from satipatthana.diagnostics.observing import observing

Vitals = Callable[[SatipatthanaSystem, TrainingStage], dict[str, float]]

NAMES = ("accuracy", "perplexity", "spread", "trust_gap")
"""Accuracy (before stage 3: of stage 1's label guidance), effective number of probes, standard deviation of s* over
the samples, mean trust clean less drunk."""
N_DRUNK = 32
"""Drunk thoughts: their mean trust is known to .02 from these, and judging one costs as much as decoding one."""


def vitals(validation: Split, *, seed: int, n: int = 128) -> Vitals:
    """A callback for the trainer: ``NAMES`` on ``n`` evenly spaced validation samples, the same at every call.

    It draws from no generator of the run (drunken luck is a function of ``seed``) and leaves modes, statistics and
    gradients alone, so that training with and without it is the same bit for bit. A vital whose part the stage has
    not come to is left out: accuracy in stage 0, the trust gap before stage 2; so is one that is not finite. Raises
    ValueError for a split of fewer than two samples.
    """
    if len(validation) < 2:
        raise ValueError(f"The validation split has {len(validation)} samples; vitals need at least two.")
    rows = torch.linspace(0, len(validation) - 1, min(n, len(validation))).round().long()
    x, y = validation.x[rows], validation.y[rows]
    sober = len(rows)
    # Sober and drunk thoughts in one pass: nobody feels a neighbour.
    both = torch.cat([x, x[torch.linspace(0, sober - 1, min(N_DRUNK, sober)).round().long()]])
    drunk = torch.arange(len(both)) >= sober

    def measure(system: SatipatthanaSystem, stage: TrainingStage) -> dict[str, float]:
        device = system.probes.device
        labels, judging = y.to(device), stage >= TrainingStage.VIPASSANA_TRAINING
        found: dict[str, float] = {}
        with observing(system):
            if judging:
                luck = generator_for(seed, "vitals")
                output = system(both.to(device), drunk_mode=drunk.to(device), generator=luck)
                thought, trust = output.samatha, output.insight.trust[:, 0]
                found["trust_gap"] = float(trust[:sober].mean() - trust[sober:].mean())
            else:
                output, thought = None, system.think(x.to(device))
            s_star = thought.s_star[:sober]
            found["perplexity"] = usage(thought.meta.attention[:sober]).perplexity
            found["spread"] = spread(s_star).std
            if stage == TrainingStage.DECODER_FINETUNING and output is not None:
                found["accuracy"] = _accuracy(output.logits[:sober], labels)
            elif stage > TrainingStage.ADAPTER_PRETRAINING:
                found["accuracy"] = _accuracy(system.aux_head(s_star), labels)
        return {name: found[name] for name in NAMES if name in found and math.isfinite(found[name])}

    return measure


def _accuracy(logits: Float[Tensor, "N C"], labels: Int[Tensor, " N"]) -> float:
    return float((logits.argmax(dim=1) == labels).float().mean())
