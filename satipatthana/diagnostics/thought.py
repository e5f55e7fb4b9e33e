"""One thought, laid open: every state, what it looks like, what it would answer and how it judges itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor
from torch.nn import functional as F

from satipatthana.components.vipassana import Insight
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import observing
from satipatthana.santana import SantanaLog

ROWS = 256
"""States decoded and judged in one pass."""


@dataclass(frozen=True)
class Thought:
    """B thoughts of one kind of mind over T steps; after a sample's own stop everything repeats its end."""

    states: Float32[np.ndarray, "T1 B D"]
    decoded: Float32[np.ndarray, "T1 B *shape"]
    step_size: Float32[np.ndarray, "T B"]
    taken: Bool[np.ndarray, "T B"]
    skipped: Bool[np.ndarray, "T B"]
    steps: Int[np.ndarray, " B"]
    """``states[steps[b], b]`` is s*."""
    probe_cosine: Float32[np.ndarray, "T1 B K"]
    """Cosine of each state to each probe; 0 where a shut gate left nothing."""
    probabilities: Float32[np.ndarray, "T1 B N"]
    """Of the classes, if the thought had stopped there."""
    trust: Float32[np.ndarray, "T1 B"]
    conformity: Float32[np.ndarray, "T1 B"]
    confidence: Float32[np.ndarray, "T1 B"]
    """The three scores had it stopped there; NaN as long as no step was taken, for then there is nothing to judge."""
    distance_to_end: Float32[np.ndarray, "T1 B"]
    """||s_t - s*||_2 in latent units."""
    winner: Int[np.ndarray, " B"]
    """The probe of the first guess."""
    gate: Float32[np.ndarray, " B"]
    gate_similarity: Float32[np.ndarray, " B"]
    threshold: float
    x_given: Float32[np.ndarray, "B *shape"]
    """The input as the network was given it."""

    @property
    def answer(self) -> Int[np.ndarray, " B"]:
        """The class answered at the end."""
        return self.probabilities[-1].argmax(axis=-1)


def think_aloud(
    system: SatipatthanaSystem,
    x: Float[Tensor, "B *shape"],
    *,
    samples: Sequence[int],
    seed: int,
    noise: float = 0.0,
    drunk: bool = False,
    n_steps: int | None = None,
    threshold: float | None = None,
    drunk_skip_prob: float | None = None,
    drunk_perturbation_std: float | None = None,
) -> Thought:
    """Think about x and look at every step. None takes the config's dial.

    Noise and drunkenness are functions of (``seed``, sample, step), so that twins share their luck;
    ``samples`` (B,) numbers the inputs for that. Raises ValueError when it does not match x.
    """
    if len(samples) != len(x):
        raise ValueError(f"{len(samples)} sample numbers for {len(x)} inputs; give one each.")
    with observing(system):
        device = system.probes.device
        output = system.think(
            x.to(device),
            noise_level=noise,
            drunk_mode=drunk,
            n_steps=n_steps,
            threshold=threshold,
            drunk_skip_prob=drunk_skip_prob,
            drunk_perturbation_std=drunk_perturbation_std,
            luck=LuckBySample(seed, samples),
        )
        return _lay_open(system, output)


def _lay_open(system: SatipatthanaSystem, output: SamathaOutput) -> Thought:
    santana, meta = output.santana, output.meta
    states = santana.to_tensor()
    length, batch, dim = states.shape
    insights, logits, decoded = [], [], []
    together = max(1, ROWS // batch)
    for first in range(0, length, together):
        steps = torch.arange(first, min(first + together, length), device=states.device)
        stopped = states[steps].reshape(-1, dim)
        given = output.x_given.expand(len(steps), *output.x_given.shape).flatten(0, 1)
        insight = system.judge(stopped, stopped_at(santana, steps), given)
        insights.append(insight)
        logits.append(system.logits(stopped, insight.v_ctx))
        decoded.append(system.decode(states[steps]))
    return Thought(
        states=_numpy(states),
        decoded=_numpy(torch.cat(decoded)),
        step_size=_numpy(santana.energy),
        taken=santana.taken.cpu().numpy(),
        skipped=santana.skipped.cpu().numpy(),
        steps=santana.steps.cpu().numpy(),
        probe_cosine=_numpy(_cosine_to_probes(states, system.probes)),
        probabilities=_numpy(torch.cat(logits).softmax(dim=1).view(length, batch, -1)),
        trust=_scores(insights, "trust", length),
        conformity=_scores(insights, "conformity", length),
        confidence=_scores(insights, "confidence", length),
        distance_to_end=_numpy((states - output.s_star).norm(dim=-1)),
        winner=meta.winner.cpu().numpy(),
        gate=_numpy(meta.gate),
        gate_similarity=_numpy(meta.gate_similarity),
        threshold=float(meta.threshold),
        x_given=_numpy(output.x_given),
    )


def stopped_at(santana: SantanaLog, steps: Int[Tensor, " N"]) -> SantanaLog:
    """The record of every thought as it stood after each of N steps, as one batch of N B thoughts.

    A thought that stopped repeats its end, so records of different lengths fit one log: row n B + b equals
    row b of ``santana.upto(steps[n])``, and judging N steps costs one call.
    """
    states = santana.to_tensor()[: int(steps.max()) + 1]
    log = SantanaLog()
    for t in range(len(states)):
        state = states[steps.clamp_max(t)].flatten(0, 1)
        if t == 0:
            log.add(state)
            continue
        passed = (steps >= t)[:, None]
        taken, skipped = santana.taken[t - 1] & passed, santana.skipped[t - 1] & passed
        log.add(state, taken.flatten(), skipped.flatten())
    return log


def _cosine_to_probes(states: Float[Tensor, "T1 B D"], probes: Float[Tensor, "K D"]) -> Float[Tensor, "T1 B K"]:
    return F.normalize(states, dim=-1) @ F.normalize(probes, dim=-1).mT


def _scores(insights: list[Insight], name: str, length: int) -> Float32[np.ndarray, "T1 B"]:
    parts = [torch.where(i.judged, getattr(i, name)[:, 0], torch.nan) for i in insights]
    return _numpy(torch.cat(parts).view(length, -1))


def _numpy(tensor: Tensor) -> Float32[np.ndarray, "..."]:
    return tensor.detach().float().cpu().numpy()
