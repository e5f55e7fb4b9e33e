"""The cures: what can be done for a sick run. Words and plain data, no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.limits import choice


@dataclass(frozen=True)
class Cure:
    """One thing that is changed about a run before it learns on."""

    key: str
    label: str
    says: str
    """What is done, one sentence."""
    helps: tuple[int, ...]
    """Numbers of the failures that it is the cure of; the first one's measure is watched."""
    stage: int
    """The stage that learns on."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """By their path in ``config.json``."""
    parts: tuple[str, ...] = ()
    """Parts that are made anew as the library makes them; what fits of the old weights stays."""
    stages: bool = False
    """The library's own stages take the place of the run's."""
    trainer: bool = False
    """A new trainer of the library's own kind, and with it a new optimizer."""
    again: tuple[str, ...] = ()
    """Components that begin from new weights."""
    probes: bool = False
    """Probes are set by k-means on z."""


CURES: tuple[Cure, ...] = (
    Cure(
        "stability",
        "let the gradient through",
        "The stability term is computed from states that carry their gradient, not from the record.",
        (1,),
        1,
        parts=("samatha",),
    ),
    Cure(
        "optimizer",
        "make a new optimizer",
        "The optimizer is made anew, of what learns in the stage.",
        (2,),
        1,
        trainer=True,
    ),
    Cure(
        "gate",
        "open the training gate",
        "The training gate's threshold is set to -1, so that everything is let in.",
        (4,),
        1,
        {"samatha.vitakka.training_gate_threshold": -1.0},
    ),
    Cure(
        "judge",
        "a judge that sees each sample by itself",
        "The judge is made anew as the library makes it: no number of it depends on the batch.",
        (8, 5, 3),
        2,
        parts=("vipassana",),
        trainer=True,
    ),
    Cure(
        "rate",
        "raise the learning rate of stage 2",
        "The rate of stage 2 is set to 5e-3.",
        (6,),
        2,
        {"curriculum.stage2.learning_rate": 5e-3},
    ),
    Cure(
        "clean",
        "show it clean thoughts",
        "The clean path gets its share of stage 2 back.",
        (7,),
        2,
        {"curriculum.paths": {"clean": 4.0, "augmented": 3.0, "drunk": 1.0, "mismatch": 1.0, "void": 1.0}},
    ),
    Cure(
        "resize",
        "resize, then convolve",
        "Both decoders are made anew with nearest-neighbour upsampling before each convolution.",
        (9,),
        1,
        {"recon.upsampling": "resize"},
        again=("adapter_recon_head", "samatha_recon_head"),
    ),
    Cure(
        "care",
        "care for the probes",
        "The weights of balance and orthogonality are set to .3 and .5.",
        (10,),
        1,
        {"curriculum.stage1.weights.balance": 0.3, "curriculum.stage1.weights.orthogonality": 0.5},
    ),
    Cure(
        "k-means",
        "set the probes by k-means",
        "The probes are put to the centres of what the encoder sees; nothing else is changed.",
        (10,),
        1,
        probes=True,
    ),
    Cure(
        "drink",
        "drink in measure",
        "Drunk thoughts skip three steps in ten and are pushed by .2.",
        (11,),
        2,
        {"samatha.drunk_skip_prob": 0.3, "samatha.drunk_perturbation_std": 0.2},
    ),
    Cure(
        "injection",
        "let it see the input at every step",
        "The step of thought is made anew as one that sees z, what the encoder saw, every time.",
        (12, 1),
        1,
        {"samatha.vicara": {"kind": "injected"}},
        again=("vicara",),
    ),
    Cure(
        "stop",
        "stop each thought by its own last step",
        "The engine and its stopping rule are the library's own again.",
        (15, 13),
        1,
        parts=("samatha", "sati"),
    ),
    Cure(
        "leak",
        "measure what is judged",
        "On the mismatch path the reconstruction error is measured again.",
        (14,),
        2,
        stages=True,
    ),
)


Outcome = Literal["helped", "little", "same", "worse", "unknown"]
SMALLEST = 0.1
"""Of an exhibit's margin: what is less than this is no difference."""


def outcome(ahead: float, margin: float) -> Outcome:
    """What came of a cure whose run is ``ahead`` of its untreated twin; ``margin`` is that of the exhibit that it is
    measured with. Unknown where the number is not finite."""
    if not math.isfinite(ahead):
        return "unknown"
    if abs(ahead) < SMALLEST * margin:
        return "same"
    return "worse" if ahead < 0 else "helped" if ahead >= margin else "little"


def cure_of(sent: Any) -> Cure:
    """The cure of this key. Raises BadInput for another."""
    key = choice(sent, tuple(cure.key for cure in CURES), "Cure")
    return next(cure for cure in CURES if cure.key == key)
