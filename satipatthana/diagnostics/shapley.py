"""Why was this thought trusted, or not: exact Shapley values of what vipassana read, against the clean mean."""

from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from satipatthana.components.vipassana import Readable
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import observing

MOST_PLAYERS = 16
"""Every coalition is evaluated, 2^players of them."""


@dataclass(frozen=True)
class Evidence:
    """What vipassana read of one thought: M metrics in their own units, and the vector that follows the path."""

    metrics: Float[Tensor, " M"]
    path: Float[Tensor, " H"]


@dataclass(frozen=True)
class Autopsy:
    """One judgement taken apart. M metrics; players are the metrics and, last, the path. N clean samples."""

    names: tuple[str, ...]
    """Of the M + 1 players."""
    values: Float64[np.ndarray, " M"]
    clean: Float64[np.ndarray, "N M"]
    """The same metrics of clean inputs."""
    below: Float64[np.ndarray, " M"]
    """Share of the clean inputs below the value, ties counted half."""
    contributions: Float64[np.ndarray, "P 3"]
    """Of each player to the logit of each score; they sum to ``logit - baseline``."""
    logit: Float64[np.ndarray, " 3"]
    baseline: Float64[np.ndarray, " 3"]
    """Logits at the mean of the clean inputs' evidence."""


def coalitions(players: int) -> Bool[np.ndarray, "S P"]:
    """Who takes part in each of the 2^players coalitions: player i in coalition s when bit i of s is set."""
    if not 1 <= players <= MOST_PLAYERS:
        raise ValueError(f"{players} players; 1 to {MOST_PLAYERS} can be played out whole.")
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def shapley(worth: Float[np.ndarray, "S *any"]) -> Float64[np.ndarray, "P *any"]:
    """Each player's share, from what every coalition is worth, in the order of ``coalitions``.

    The mean of what a player adds over all orders of arrival. Source: Shapley, 1953.
    """
    players = len(worth).bit_length() - 1
    members = coalitions(players)
    sizes = members.sum(axis=1)
    chance = np.array([factorial(k) * factorial(players - k - 1) / factorial(players) for k in range(players)])
    shares = []
    for player in range(players):
        without = np.flatnonzero(~members[:, player])
        adds = worth[without + 2**player].astype(np.float64) - worth[without]
        shares.append(np.tensordot(chance[sizes[without]], adds, axes=1))
    return np.stack(shares)


def evidence_of(
    system: SatipatthanaSystem, x: Float[Tensor, "1 *shape"], *, sample: int, seed: int, **mind: Any
) -> Evidence | None:
    """What vipassana reads of one thought, thought as ``mind`` says (arguments of ``SatipatthanaSystem.think``).

    None when it took no step, for then nothing was read, or when this vipassana does not lay open what it reads.
    """
    with observing(system):
        insight = system(x.to(system.probes.device), luck=LuckBySample(seed, (sample,)), **mind).insight
    if insight.metrics is None or insight.path is None or not bool(insight.judged[0]):
        return None
    return Evidence(insight.metrics[0].cpu(), insight.path[0].cpu())


def autopsy(
    system: SatipatthanaSystem,
    evidence: Evidence,
    clean_metrics: Float[Tensor, "N M"],
    clean_path: Float[Tensor, "N H"],
) -> Autopsy:
    """Every coalition takes its members' values from the sample and the others' from the clean mean.

    Raises ValueError when the vipassana does not lay open what it reads, or without clean samples.
    """
    vipassana = system.vipassana
    if not isinstance(vipassana, Readable):
        raise ValueError(f"{type(vipassana).__name__} does not say what it reads; give it metric_names and read().")
    if not len(clean_metrics):
        raise ValueError("An autopsy needs clean thoughts to compare with; give at least one.")
    names = (*vipassana.metric_names, vipassana.path_name)
    members = torch.from_numpy(coalitions(len(names)))
    metrics = torch.where(members[:, :-1], evidence.metrics, clean_metrics.mean(dim=0))
    path = torch.where(members[:, -1:], evidence.path, clean_path.mean(dim=0))
    with observing(system):
        device = system.probes.device
        logits, _context = vipassana.read(metrics.to(device), path.to(device))
    worth = logits.double().cpu().numpy()
    clean, values = clean_metrics.double().numpy(), evidence.metrics.double().numpy()
    return Autopsy(
        names,
        values,
        clean,
        ((clean < values).mean(axis=0) + (clean <= values).mean(axis=0)) / 2,
        shapley(worth),
        worth[-1],
        worth[0],
    )
