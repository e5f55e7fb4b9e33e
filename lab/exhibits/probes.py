"""Experiments about first guesses: the gate in training (4), probe collapse (10)."""

import dataclasses

from lab.exhibits.experiment import SMALL, Experiment, Variant
from satipatthana.data import DataBundle
from satipatthana.diagnostics.collapse import spread, usage
from satipatthana.diagnostics.observing import observing
from satipatthana.train.stages import STAGES, copy_recon_head
from satipatthana.train.trainer import SatipatthanaTrainer

RANDOM_PROBES = (
    STAGES[0],
    dataclasses.replace(STAGES[1], entry=tuple(action for action in STAGES[1].entry if action.run is copy_recon_head)),
    *STAGES[2:],
)
"""The four stages, but probes begin where chance put them: k-means would hide what collapse is."""


N = 250
"""Validation inputs looked at."""


def usage_perplexity(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """In effect how many probes answer, over the validation inputs."""
    system = trainer.system
    with observing(system):
        return usage(system.think(bundle.validation.x, gate="training").meta.attention).perplexity


def spread_of_ends(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """How far apart different validation inputs end, let in by the gate that they learned behind."""
    system = trainer.system
    with observing(system):
        return spread(system.think(bundle.validation.x[:N], gate="training").s_star).std


EXPERIMENTS = {
    4: Experiment(
        measure=spread_of_ends,
        plan=((0, 40), (1, 120)),
        broken=Variant({"samatha.vitakka.training_gate_threshold": 0.6}),
        base=SMALL,
        stages=RANDOM_PROBES,
    ),
    10: Experiment(
        measure=usage_perplexity,
        plan=((0, 40), (1, 120)),
        broken=Variant(
            {"curriculum.stage1.weights.balance": 0.0, "curriculum.stage1.weights.orthogonality": 0.0},
        ),
        # soft attention gives every probe a little of every input, which hides how few do the work
        base={**SMALL, "samatha.vitakka.n_probes": 10, "samatha.vitakka.attention": "hard"},
        stages=RANDOM_PROBES,
    ),
}
