"""Experiments about learning that does not arrive: the kept optimizer (2), the lazy judge (3), the rate (6)."""

from lab.exhibits.experiment import Experiment, Variant
from satipatthana.core.system import TrainingStage, generator_for
from satipatthana.data import DataBundle
from satipatthana.diagnostics.observing import observing
from satipatthana.train.stages import Batch, vipassana_loss
from satipatthana.train.trainer import SatipatthanaTrainer, total_loss

FROM_HEALTHY = {"vipassana": {"kind": "grounded"}, "curriculum.voids": "six", "curriculum.n_keyframes": 8}
"""Stage 2 of the shipped run with the recipe's eight metrics and six voids: half as dear as the default's."""


def excess_loss(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """The loss of stage 2 over its floor, on validation inputs that walk the five paths."""
    stage = TrainingStage.VIPASSANA_TRAINING
    weights = trainer.curriculum.stage(stage).weights
    luck = generator_for("exhibit", trainer.seed, "excess loss")
    batch = Batch(bundle.validation.x, bundle.validation.y, luck, trainer.curriculum, weights)
    with observing(trainer.system):
        terms = vipassana_loss(trainer.system, batch)
        return float(total_loss(terms, weights)) / len(weights) - float(terms["floor"])


EXPERIMENTS = {
    6: Experiment(
        measure=excess_loss,
        plan=((2, 150),),
        broken=Variant({"curriculum.stage2.learning_rate": 5e-5}),
        base=FROM_HEALTHY,
        start="healthy",
    ),
}
