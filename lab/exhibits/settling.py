"""Experiments about settling: stability from the log (1), forgetting (12), false rest (13), the neighbour (15)."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lab.exhibits.experiment import SMALL, Experiment, Variant
from lab.exhibits.learning import FROM_HEALTHY
from satipatthana.components.sati import ThresholdSati
from satipatthana.configs import SystemConfig, ThresholdSatiConfig
from satipatthana.core.engines import SamathaEngine, SamathaOutput
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import generator_for
from satipatthana.data import DataBundle
from satipatthana.diagnostics.attractors import CLOSE, attractors, run_to_end
from satipatthana.diagnostics.convergence import convergence
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.scale import median_pair
from satipatthana.train.trainer import SatipatthanaTrainer

N = 250
"""Validation inputs on which an end is looked at."""
ALONE = 36
"""Inputs that think alone too: one after the other, so fewer."""
RESTLESS = 4
"""Drunk neighbours of those, as many as stage 2 sends: one in ten."""

FORGETFUL: Mapping[str, Any] = {
    **{path: value for path, value in SMALL.items() if not path.startswith("samatha.vicara")},
    "samatha.vicara": {"kind": "standard"},
}
"""The small network with the founding document's step, which sees its own state alone."""
STABILITY = "curriculum.stage1.weights.stability"
SEEING = {"samatha.vicara": {"kind": "injected", "hidden": 64}}
IMPATIENT: Mapping[str, Any] = {
    **FROM_HEALTHY,
    "samatha.sati": {"kind": "threshold", "threshold": 0.1, "n_steps": 10},
}
"""Stage 2 of the shipped run, whose thoughts are stopped where their step is small."""


class LogStability(SamathaEngine):
    """The stability loss is given states of the log, which is detached (failure 1)."""

    def forward(self, x: Tensor, **mind: Any) -> SamathaOutput:
        thought = super().forward(x, **mind)
        *_, last = states = thought.santana.states
        before = states[-2] if len(states) > 1 else last
        return dataclasses.replace(thought, stability_pair=(last, before))


class SkipsAreStill(SamathaEngine):
    """Sati's word counts for skipped steps too (failure 13)."""

    def still(self, before: Tensor, after: Tensor, step: int, taken: Tensor) -> Tensor:
        # where a step was skipped, after is before: nothing moved, and nothing is what sati waits for
        return self.sati(before, after, step)


class NeighbourSati(ThresholdSati):
    """Everybody is still when the mean step of the batch is small (failure 15)."""

    def forward(self, before: Tensor, after: Tensor, step: int) -> Tensor:
        mean = (after - before).norm(dim=1).mean()
        still = (mean < self.config.threshold) & (step >= self.config.min_steps)
        return still.expand(len(after))


def engine(kind: type[SamathaEngine]) -> Callable[[SystemConfig], SamathaEngine]:
    """The function that makes an engine of this kind, with the weights that the system's own would have."""

    def make(config: SystemConfig) -> SamathaEngine:
        generators = {name: generator_for("init", config.seed, name) for name in ("adapter", "vitakka", "vicara")}
        return kind(config.samatha, config.x_shape, generators, {})

    return make


def neighbour_sati(config: SystemConfig) -> NeighbourSati:
    """The sati of the config's threshold that asks the batch."""
    sati = config.samatha.sati
    assert isinstance(sati, ThresholdSatiConfig)
    return NeighbourSati(sati)


def last_step(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """The last step's size as a share of the first's, mean over validation inputs."""
    system = trainer.system
    with observing(system):
        ratio = convergence(system.think(bundle.validation.x[:N], gate="training").santana).step_ratio
    return torch.nan if ratio is None else ratio


def different_ends(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """In how many different states the thoughts of ``N`` validation inputs are 200 sober steps on."""
    system, split = trainer.system, bundle.validation
    with observing(system):
        thought = system.think(split.x[:N], gate="training")
    starts = thought.santana.states[0].double()
    ends = run_to_end(system, thought.meta.gate[:, None] * thought.z, starts)
    return float(attractors(ends, starts, split.y[:N], system.config.n_classes).n)


def called_still(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Share of drunk thoughts that were stopped although the next sober step from there is not small."""
    system = trainer.system
    sati = system.config.samatha.sati
    assert isinstance(sati, ThresholdSatiConfig)
    x = bundle.validation.x[:N]
    with observing(system):
        thought = system.think(x, drunk_mode=True, luck=LuckBySample(trainer.seed, range(len(x))), gate="training")
        step = system.samatha.vicara.begin(thought.meta.gate[:, None] * thought.z)
        to_come = (step(thought.s_star) - thought.s_star).norm(dim=1)
    stopped = thought.santana.steps < sati.n_steps
    return float((stopped & (to_come >= sati.threshold)).float().mean())


def ends_elsewhere(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Share of sober inputs that end elsewhere among others, of whom some are drunk, than alone."""
    system = trainer.system
    x = bundle.validation.x[: ALONE + RESTLESS]
    drunk = torch.arange(len(x)) >= ALONE
    luck = LuckBySample(trainer.seed, range(len(x)))
    with observing(system):
        together = system.think(x, drunk_mode=drunk, luck=luck, gate="training").s_star[:ALONE]
        alone = torch.cat([system.think(one, gate="training").s_star for one in x[:ALONE].split(1)])
    apart = (together - alone).norm(dim=1)
    return float((apart > CLOSE * median_pair(alone)).float().mean())


EXPERIMENTS = {
    1: Experiment(
        measure=last_step,
        plan=((0, 40), (1, 160)),
        broken=Variant(parts={"samatha": engine(LogStability)}),
        base={**FORGETFUL, STABILITY: 0.3, "samatha.sati.n_steps": 5},
    ),
    12: Experiment(
        measure=different_ends,
        plan=((0, 40), (1, 120)),
        broken=Variant(),
        fixed=Variant(SEEING),
        base={**FORGETFUL, STABILITY: 1.0, "samatha.sati.n_steps": 20},
    ),
    13: Experiment(
        measure=called_still,
        plan=((2, 100),),
        broken=Variant(parts={"samatha": engine(SkipsAreStill)}),
        base=IMPATIENT,
        start="healthy",
    ),
    15: Experiment(
        measure=ends_elsewhere,
        plan=((2, 100),),
        broken=Variant(parts={"sati": neighbour_sati}),
        base=IMPATIENT,
        start="healthy",
    ),
}
