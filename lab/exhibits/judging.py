"""Experiments about doubt: what trust reads (5, 8), what it is shown (7, 11), what leaks (14)."""

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from lab.exhibits.experiment import Experiment, Variant
from lab.exhibits.learning import FROM_HEALTHY
from satipatthana.components.initialise import built
from satipatthana.components.vipassana import Insight, StandardVipassana
from satipatthana.configs import StandardVipassanaConfig, SystemConfig
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import Parts, SatipatthanaSystem, generator_for
from satipatthana.data import DataBundle
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import auroc, derangement
from satipatthana.santana import SantanaLog
from satipatthana.train.stages import PATHS, STAGES, Batch, Stage, Terms, score_terms, walk_paths
from satipatthana.train.trainer import SatipatthanaTrainer

FOUNDING = {**FROM_HEALTHY, "vipassana": {"kind": "standard"}}
"""Stage 2 of the shipped run with the founding document's judge, which reads two numbers of a thought."""
FAMILIAR = {name: value for name, value in FROM_HEALTHY.items() if name != "vipassana"}
"""Stage 2 of the shipped run with its own judge, and with six voids."""
SHORT = ((2, 80),)
LOOKED_AT = 200
"""Validation inputs of a look."""


# --- what the variants are made of -------------------------------------------------------------------------------


class OfTheWholeBatch(StandardVipassana):
    """Gives every sample the mean step sizes of the batch (exhibit 8)."""

    def measure(self, santana: SantanaLog) -> Tensor:
        """Its own numbers, averaged over the samples."""
        own = super().measure(santana)
        return own.expm1().mean(dim=0, keepdim=True).log1p().expand_as(own)


class ScaledOverTheBatch(StandardVipassana):
    """Mixes s* with the step sizes and divides all by their spread in the batch at hand (exhibit 5)."""

    def __init__(self, config: StandardVipassanaConfig, dim: int, generator: torch.Generator) -> None:
        super().__init__(config, dim, generator)
        hidden, n_read = config.hidden, dim + len(StandardVipassana.metric_names)
        self.metric_names = (*(f"s* {index}" for index in range(dim)), "last taken step", "mean squared step")
        self.trust_head = built(
            lambda: nn.Sequential(nn.Linear(n_read, hidden), nn.ReLU(), nn.Linear(hidden, 1)), generator
        )
        self.context = built(
            lambda: nn.Sequential(
                nn.Linear(dim + n_read, hidden), nn.ReLU(), nn.Linear(hidden, config.context_dim), nn.Tanh()
            ),
            generator,
        )

    def measure(self, santana: SantanaLog) -> Tensor:
        """s* and the step sizes, in units of what this batch happens to hold."""
        features = torch.cat([santana.states[-1], super().measure(santana).expm1()], dim=1)
        return features / features.std(dim=0, correction=0).clamp_min(1e-6)


def judged_by(kind: type[StandardVipassana]) -> Parts:
    """Another judge, which begins with the weights that its seed gives it."""

    def make(config: SystemConfig) -> nn.Module:
        assert isinstance(config.vipassana, StandardVipassanaConfig)
        return kind(config.vipassana, config.samatha.vitakka.dim, generator_for("init", config.seed, "vipassana"))

    return {"vipassana": make}


def _stage_2(loss: Any) -> tuple[Stage, ...]:
    return (*STAGES[:2], dataclasses.replace(STAGES[2], loss=loss), STAGES[3])


def path_by_path_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """The loss of stage 2 with each path judged in a call of its own, as the founding code did: to a judge that looks
    at no neighbours it is the same."""
    paths = walk_paths(system, batch)
    logits, target = [], []
    for path in paths.path.unique():
        rows = paths.path == path
        santana = paths.thought.santana.rows(paths.partner[rows])
        logits.append(system.judge(paths.s_star[rows], santana, paths.thought.x_given[rows]).logits)
        target.append(paths.target[rows])
    return score_terms(torch.cat(logits), torch.cat(target))


def leaking_loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
    """The loss of stage 2 in which nobody has filled in the reconstruction error of the mismatch path."""
    paths = walk_paths(system, batch)
    error = system.drawing_error(paths.s_star, paths.thought.x_given)
    error = error.masked_fill(paths.path == PATHS.index("mismatch"), 0.0)
    santana = paths.thought.santana.rows(paths.partner)
    return score_terms(system.judge(paths.s_star, santana, paths.thought.x_given, error).logits, paths.target)


PATH_BY_PATH = _stage_2(path_by_path_loss)
LEAKING = _stage_2(leaking_loss)


# --- how they are measured ---------------------------------------------------------------------------------------


def trust_auroc_mixed(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """How well trust tells clean thoughts from drunk ones, all judged in one batch."""
    thought, drunk = _sober_and_drunk(trainer, bundle)
    with observing(trainer.system):
        trust = _judged(trainer.system, thought).trust[:, 0]
    return auroc(trust[~drunk], trust[drunk])


def trust_auroc_apart(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """The same for the same thoughts, the clean judged in one batch and the drunk in another: what hides the fault."""
    thought, drunk = _sober_and_drunk(trainer, bundle)
    with observing(trainer.system):
        clean, spoilt = (_judged(trainer.system, thought, rows).trust[:, 0] for rows in (~drunk, drunk))
    return auroc(clean, spoilt)


def trust_gap(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Mean trust on clean less mean trust on drunk thoughts, as drunk as this run's dials make them."""
    thought, drunk = _sober_and_drunk(trainer, bundle)
    with observing(trainer.system):
        trust = _judged(trainer.system, thought).trust[:, 0]
    return float(trust[~drunk].mean() - trust[drunk].mean())


def trust_on_clean(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Mean trust on clean validation inputs."""
    system = trainer.system
    with observing(system):
        return float(_judged(system, system.think(bundle.validation.x[:LOOKED_AT], gate="training")).trust.mean())


def mismatch_auroc(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """How well trust tells a thought held against its own input from one held against another's, by the error that
    each really makes."""
    system, x = trainer.system, bundle.validation.x[:LOOKED_AT]
    partner = derangement(len(x), generator_for("exhibit", trainer.seed, "mismatch"))
    with observing(system):
        thought = system.think(x, gate="training")
        own = _judged(system, thought).trust[:, 0]
        other = system.judge(thought.s_star[partner], thought.santana.rows(partner), x).trust[:, 0]
    return auroc(own, other)


def _sober_and_drunk(trainer: SatipatthanaTrainer, bundle: DataBundle) -> tuple[SamathaOutput, Tensor]:
    """The same inputs thought twice, and which of the rows are drunk."""
    x = bundle.validation.x[:LOOKED_AT]
    drunk = torch.arange(2 * len(x)) >= len(x)
    luck = generator_for("exhibit", trainer.seed, "drunk")
    with observing(trainer.system):
        twice = torch.cat([x, x])
        return trainer.system.think(twice, drunk_mode=drunk, generator=luck, gate="training"), drunk


def _judged(system: SatipatthanaSystem, thought: SamathaOutput, rows: Tensor | None = None) -> Insight:
    rows = torch.ones(len(thought.s_star), dtype=torch.bool) if rows is None else rows
    return system.judge(thought.s_star[rows], thought.santana.rows(rows), thought.x_given[rows])


EXPERIMENTS = {
    5: Experiment(
        measure=trust_auroc_mixed,
        plan=SHORT,
        broken=Variant(parts=judged_by(ScaledOverTheBatch)),
        base=FOUNDING,
        stages=PATH_BY_PATH,
        start="healthy",
    ),
    7: Experiment(
        measure=trust_on_clean,
        plan=SHORT,
        broken=Variant({"curriculum.paths.clean": 0.0}),
        base=FROM_HEALTHY,
        start="healthy",
    ),
    8: Experiment(
        measure=trust_auroc_mixed,
        plan=SHORT,
        broken=Variant(parts=judged_by(OfTheWholeBatch)),
        base=FOUNDING,
        stages=PATH_BY_PATH,
        start="healthy",
    ),
    11: Experiment(
        measure=trust_gap,
        plan=SHORT,
        broken=Variant({"samatha.drunk_skip_prob": 0.0, "samatha.drunk_perturbation_std": 0.005}),
        base=FOUNDING,
        start="healthy",
    ),
    14: Experiment(
        measure=mismatch_auroc,
        plan=SHORT,
        broken=Variant(stages=LEAKING),
        base=FAMILIAR,
        start="healthy",
    ),
}
