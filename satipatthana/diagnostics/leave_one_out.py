"""Would it doubt what it was never shown: vipassana trained again without one void family, and tried on that family."""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from satipatthana.components.vipassana import SCORES, GroundedVipassana, Insight
from satipatthana.configs import CurriculumConfig
from satipatthana.core.system import SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.data.void import trained_voids, wide_voids
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.diagnostics.paths import VOID, given_inputs
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.trust import Separation, separation
from satipatthana.train.stages import STAGE2_VOIDS, Batch, PathBatch, remember_known, rows_of_scale, walk_paths
from satipatthana.train.trainer import learning_rate

EVERYTHING = "nothing left out"
"""The judge that is trained again like the others, on all families: what training again alone changes."""
STATISTICS = 1000
"""Training samples by which the metrics are standardised."""
SHOWN_EVERY = 10


@dataclass(frozen=True)
class LeftOut:
    """Trust of clean inputs against one void family."""

    family: str
    headline: Separation
    """As the run stands: it was trained on this family."""
    again: Separation
    """Trained again, on all families."""
    without: Separation
    """Trained again, without this family."""


@dataclass(frozen=True)
class _Thoughts:
    """Settled thoughts with everything that a judge reads."""

    batch: PathBatch
    seen: tuple[Any, ...]
    """What a judge is called with."""
    metrics: Tensor | None
    """What every judge that is trained again measures of them: all have the same known ground."""

    @classmethod
    def of(cls, system: SatipatthanaSystem, batch: Batch) -> "_Thoughts":
        with observing(system):
            paths = walk_paths(system, batch)
            santana = paths.thought.santana.rows(paths.partner)
            seen = system.shown_to_vipassana(paths.s_star, santana, paths.thought.x_given)
            judge = system.vipassana
            return cls(paths, seen, judge.measure(*seen) if isinstance(judge, GroundedVipassana) else None)

    def judged_by(self, judge: nn.Module) -> Insight:
        if self.metrics is None or not isinstance(judge, GroundedVipassana):
            return judge(*self.seen)
        s_star, santana = self.seen[:2]
        return judge.judge(s_star, santana, self.metrics)

    def without(self, family: str) -> Tensor:
        """(B,) bool: rows that a judge sees from whom this family is kept."""
        if family == EVERYTHING:
            return torch.ones_like(self.batch.family, dtype=torch.bool)
        return self.batch.family != STAGE2_VOIDS.index(family)


def leave_one_out(
    system: SatipatthanaSystem,
    train_x: Float[Tensor, "M *shape"],
    train_y: Int[Tensor, " M"],
    x: Float[Tensor, "N *shape"],
    *,
    curriculum: CurriculumConfig,
    seed: int,
) -> Iterator[Progress[tuple[LeftOut, ...]]]:
    """Trains a fresh vipassana per family, as stage 2 is planned, and tries each on held-out ``x``.

    All watch the same thoughts; each is spared one family, also in the statistics of its metrics. Chimeras, which only
    the network itself can draw, stay in. ``system`` itself is not changed.
    Raises ValueError for a system built with a vipassana of its own, which cannot be built afresh.
    """
    shape = tuple(train_x.shape[1:])
    families = trained_voids(shape) + (wide_voids(shape) if curriculum.voids == "wide" else ())
    plan = curriculum.stage(TrainingStage.VIPASSANA_TRAINING)
    total = plan.n_steps + len(families)
    system = copy.deepcopy(system).requires_grad_(False)
    train_x, train_y = train_x.to(system.probes.device), train_y.to(system.probes.device)
    headline = system.vipassana
    fresh = system.freshly_initialised().vipassana.to(system.probes.device).requires_grad_(True)
    system.vipassana = fresh
    remember_known(system, Batch(train_x, train_y, generator_for(seed, "leave one out", "known"), curriculum, {}))
    judges = {family: copy.deepcopy(fresh).train() for family in (EVERYTHING, *families)}
    optimizers = {
        family: torch.optim.AdamW(judge.parameters(), weight_decay=plan.weight_decay, fused=True)
        for family, judge in judges.items()
    }
    yield Progress(0, total, None, "taking the measure of the metrics")
    _standardise(judges, system, _batch(train_x, train_y, curriculum, seed, "statistics", STATISTICS))
    for step in range(plan.n_steps):
        batch = _batch(train_x, train_y, curriculum, seed, step, curriculum.batch_size)
        thoughts = _Thoughts.of(system, batch)
        for family, judge in judges.items():
            for group in optimizers[family].param_groups:
                group["lr"] = learning_rate(plan, step, curriculum.floor)
            optimizers[family].zero_grad(set_to_none=True)
            _loss(thoughts, judge, family, plan.weights).backward()
            if plan.clip_norm > 0:
                nn.utils.clip_grad_norm_(judge.parameters(), plan.clip_norm)
            optimizers[family].step()
        if (step + 1) % SHOWN_EVERY == 0 or step + 1 == plan.n_steps:
            yield Progress(step + 1, total, None, f"step {step + 1} of {plan.n_steps}, {len(judges)} judges at once")
    for judge in judges.values():
        judge.eval().requires_grad_(False)
    judges["headline"] = headline
    clean = _trust(system, x, judges)
    found: list[LeftOut] = []
    for family in families:
        void = _trust(system, given_inputs(system, VOID + family, x, seed), judges)
        by = {name: separation(clean[name], void[name], seed=seed) for name in ("headline", EVERYTHING, family)}
        found.append(LeftOut(family, by["headline"], by[EVERYTHING], by[family]))
        yield Progress(plan.n_steps + len(found), total, tuple(found), f"tried on {family}")


def _batch(x: Tensor, y: Tensor, curriculum: CurriculumConfig, seed: int, key: int | str, size: int) -> Batch:
    generator = generator_for(seed, "leave one out", key)
    rows = torch.randperm(len(x), generator=generator)[:size]
    return Batch(x[rows], y[rows], generator, curriculum, {})


def _standardise(judges: dict[str, nn.Module], system: SatipatthanaSystem, batch: Batch) -> None:
    thoughts = _Thoughts.of(system, batch)
    for family, judge in judges.items():
        if isinstance(judge, GroundedVipassana):
            with torch.no_grad():
                metrics = thoughts.judged_by(judge).metrics
            assert metrics is not None
            judge.fit_statistics(metrics[thoughts.without(family) & rows_of_scale(judge, thoughts.batch)])


def _loss(thoughts: _Thoughts, judge: nn.Module, family: str, weights: dict[str, float]) -> Tensor:
    keep = thoughts.without(family)
    logits = thoughts.judged_by(judge).logits[keep]
    target = thoughts.batch.target[keep, None].expand_as(logits)
    each = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=0)
    loss = sum((weights.get(name, 0.0) * each[index] for index, name in enumerate(SCORES)), each.new_zeros(()))
    if not math.isfinite(float(loss.detach())):
        raise ValueError(f"Training again without {family} met a loss that is not finite; lower stage 2's rate.")
    return loss


def _trust(system: SatipatthanaSystem, x: Tensor, judges: dict[str, nn.Module]) -> dict[str, Float[np.ndarray, " N"]]:
    """Trust (N,) by each judge, in the same thoughts."""
    found: dict[str, list[Tensor]] = {name: [] for name in judges}
    with observing(system):
        for rows in chunks(len(x)):
            thought = system.think(x[rows.start : rows.stop].to(system.probes.device))
            seen = system.shown_to_vipassana(thought.s_star, thought.santana, thought.x_given)
            for name, judge in judges.items():
                found[name].append(judge(*seen).trust[:, 0].cpu())
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}
