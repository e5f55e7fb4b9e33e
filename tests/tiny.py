"""A network, data and plans small enough to train whole within a test."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

from satipatthana.configs import (
    CnnAdapterConfig,
    CurriculumConfig,
    FamiliarVipassanaConfig,
    InjectedVicaraConfig,
    ReconHeadConfig,
    RunConfig,
    SamathaConfig,
    StandardVitakkaConfig,
    from_dict,
    to_dict,
)
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import Split, load_dataset
from satipatthana.santana import SantanaLog
from satipatthana.train.trainer import SatipatthanaTrainer

PLAN = 4
"""Steps of each stage."""


def tiny_config(changes: Mapping[str, Any] | None = None) -> RunConfig:
    """The default kinds at D = 16, K = 4; ``changes`` are dotted paths."""
    return changed(_tiny(), changes or {})


@cache
def _tiny() -> RunConfig:
    defaults = CurriculumConfig()
    stages = {f"stage{i}": dataclasses.replace(defaults.stage(i), n_steps=PLAN) for i in range(4)}
    return RunConfig(
        samatha=SamathaConfig(
            adapter=CnnAdapterConfig(channels=(4, 8)),
            vitakka=StandardVitakkaConfig(dim=16, n_probes=4, n_gate_keys=6),
            vicara=InjectedVicaraConfig(hidden=24),
        ),
        vipassana=FamiliarVipassanaConfig(context_dim=6, hidden=8, n_known=20),
        recon=ReconHeadConfig(channels=(8, 4)),
        curriculum=CurriculumConfig(batch_size=20, n_keyframes=3, **stages),
    )


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """``set_path`` for many paths at once: checked once, which counts where the tests check every type."""
    if not changes:
        return config
    data = to_dict(config)
    for path, value in changes.items():
        *groups, last = path.split(".")
        node = functools.reduce(dict.__getitem__, groups, data)
        if last == "kind":
            node.clear()
        node[last] = value
    return from_dict(RunConfig, data)


def tiny_system(changes: Mapping[str, Any] | None = None) -> SatipatthanaSystem:
    return SatipatthanaSystem(tiny_config(changes))


@cache
def tiny_digits(n: int = 60) -> Split:
    """n of the embedded training digits, all classes among them."""
    train = load_dataset("digits").train
    rows = torch.arange(n) * len(train) // n
    return Split(train.x[rows], train.y[rows])


def tiny_trainer(changes: Mapping[str, Any] | None = None, **arguments: Any) -> SatipatthanaTrainer:
    return SatipatthanaTrainer(tiny_system(changes), tiny_digits(), **arguments)


def snapshot(system: SatipatthanaSystem) -> dict[str, Tensor]:
    """Every parameter and buffer, copied."""
    return {name: value.detach().clone() for name, value in system.state_dict().items()}


def log_of(*states: list[list[float]], taken: list[list[bool]] | None = None) -> SantanaLog:
    """A log of hand-written states, each (B, D); ``taken`` (T, B), default all."""
    log = SantanaLog(torch.tensor(states[0]))
    for t, state in enumerate(states[1:]):
        log.add(torch.tensor(state), None if taken is None else torch.tensor(taken[t]))
    return log


@contextmanager
def one_thread() -> Iterator[None]:
    """So small a network is done before a second thread has woken up."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
