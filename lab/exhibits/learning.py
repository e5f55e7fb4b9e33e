"""Experiments about learning that does not arrive: the kept optimizer (2), the lazy judge (3), the rate (6)."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from lab.exhibits.experiment import SMALL, Experiment, Variant
from satipatthana.components.vipassana import Insight, StandardVipassana
from satipatthana.configs import StandardVipassanaConfig, SystemConfig
from satipatthana.core.system import TrainingStage, generator_for
from satipatthana.data import DataBundle
from satipatthana.diagnostics.observing import observing
from satipatthana.train.stages import Batch, vipassana_loss
from satipatthana.train.trainer import SatipatthanaTrainer, total_loss

FROM_HEALTHY = {"vipassana": {"kind": "grounded"}, "curriculum.voids": "six", "curriculum.n_keyframes": 8}
"""Stage 2 of the shipped run with the recipe's eight metrics and six voids: half as dear as the default's."""
HALF = 125
"""Validation inputs that are judged clean, and the same judged drunk."""


def excess_loss(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """The loss of stage 2 over its floor, on validation inputs that walk the five paths."""
    stage = TrainingStage.VIPASSANA_TRAINING
    weights = trainer.curriculum.stage(stage).weights
    luck = generator_for("exhibit", trainer.seed, "excess loss")
    batch = Batch(bundle.validation.x, bundle.validation.y, luck, trainer.curriculum, weights)
    with observing(trainer.system):
        terms = vipassana_loss(trainer.system, batch)
        return float(total_loss(terms, weights)) / len(weights) - float(terms["floor"])


# --- 2: the optimizer of before ------------------------------------------------------------------------------------


class KeptOptimizer(SatipatthanaTrainer):
    """Goes on with the optimizer of its first stage, whatever stage is entered: it knows the tensors of that one."""

    def _enter(self, stage: TrainingStage) -> None:
        kept = self._optimizer
        super()._enter(stage)
        self._optimizer = kept

    def make_optimizer(self, learning: list[nn.Parameter]) -> torch.optim.AdamW:
        """Of what stage 0 learns, also when a saved run is opened again in a later one."""
        first = self._learning_parameters(TrainingStage.ADAPTER_PRETRAINING)
        return super().make_optimizer(list(first.values()))


def moved(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """How far the weights of first guess and step of thought are from where stage 1 began, by their length there."""
    began = next((frame for frame in trainer.keyframes if frame.stage == 1 and frame.step == 0), None)
    if began is None:
        return 0.0
    components = trainer.system.components()
    now = {
        f"{part}.{name}": parameter.detach().half().double()  # keyframes are in half precision
        for part in ("vitakka", "vicara")
        for name, parameter in components[part].named_parameters()
    }
    then = {name: began.tensors[name].double() for name in now}
    way = sum(float((now[name] - then[name]).square().sum()) for name in now)
    return (way / sum(float(value.square().sum()) for value in then.values())) ** 0.5


# --- 3: the judge that is not there yet ----------------------------------------------------------------------------


class LazyVipassana(StandardVipassana):
    """Builds its layers when it first sees a thought, and with it their width; until then it has no parameter."""

    def __init__(self, config: SystemConfig) -> None:
        nn.Module.__init__(self)
        self.system_config = config

    def forward(self, s_star: Tensor, *rest: Any) -> Insight:
        if not hasattr(self, "trust_head"):
            config = self.system_config
            assert isinstance(config.vipassana, StandardVipassanaConfig)
            luck = generator_for("init", config.seed, "vipassana")
            super().__init__(config.vipassana, s_star.shape[1], luck)
        return super().forward(s_star, *rest)


class Unguarded(SatipatthanaTrainer):
    """Trains a stage even where nothing can learn; the real trainer refuses."""

    def check_learns(self, stage: TrainingStage, learning: list[nn.Parameter]) -> None:
        """Anything will do."""

    def make_optimizer(self, learning: list[nn.Parameter]) -> torch.optim.AdamW:
        return torch.optim.AdamW([{"params": learning}], lr=0.0, fused=True)


def trust_gap(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """Mean trust of clean thoughts less that of drunk ones, of the same validation inputs."""
    # A copy judges: a look must not build what training has yet to find unbuilt.
    system = copy.deepcopy(trainer.system)
    x = bundle.validation.x[:HALF]
    drunk = torch.arange(2 * len(x)) >= len(x)
    luck = generator_for("exhibit", trainer.seed, "trust gap")
    with observing(system):
        thought = system.think(torch.cat([x, x]), drunk_mode=drunk, gate="training", generator=luck)
        trust = system.judge(thought.s_star, thought.santana, thought.x_given).trust[:, 0]
    return float(trust[~drunk].mean() - trust[drunk].mean())


EXPERIMENTS = {
    2: Experiment(
        measure=moved,
        plan=((0, 40), (1, 80)),
        broken=Variant(trainer=KeptOptimizer),
        base=SMALL,
    ),
    3: Experiment(
        measure=trust_gap,
        plan=((2, 120),),
        # saved, it has its layers: it is read into the judge that is built at once
        broken=Variant(parts={"vipassana": LazyVipassana}, trainer=Unguarded, reopened={}),
        # without the guard, too: so that the judge alone is different
        fixed=Variant(trainer=Unguarded),
        base={**FROM_HEALTHY, "vipassana": {"kind": "standard"}},
        start="healthy",
    ),
    6: Experiment(
        measure=excess_loss,
        plan=((2, 150),),
        broken=Variant({"curriculum.stage2.learning_rate": 5e-5}),
        base=FROM_HEALTHY,
        start="healthy",
    ),
}
