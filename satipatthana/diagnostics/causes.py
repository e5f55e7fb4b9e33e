"""Which of the known failures is it: causes named, not only symptoms, with the evidence for each.

A sickness (`triage`) is what shows; a cause is one of the fifteen failures of which it comes. A rule reads whatever the
run has left: weights, behaviour, history, the optimizer's inventory, the settings. Where what is there cannot tell two
causes apart, both are named.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from satipatthana.diagnostics.findings import Patient


@dataclass(frozen=True)
class Cause:
    """One of the failures, by its number in the founding document and after it."""

    number: int
    key: str
    says: str
    """What is the matter, one sentence."""
    remedy: str


CAUSES: Mapping[int, Cause] = MappingProxyType(
    {
        cause.number: cause
        for cause in (
            Cause(
                1,
                "stability from the log",
                "The stability term is computed from the detached record of the thought, so no gradient flows from it.",
                "Compute it from stability_pair, which carries the gradient.",
            ),
            Cause(
                2,
                "optimizer kept across stages",
                "The optimizer is that of an earlier stage and does not hold what is to learn in this one.",
                "Make a new optimizer when a stage is entered.",
            ),
            Cause(
                3,
                "judge built lazily",
                "Vipassana had no parameter when its stage began, so the optimizer holds none of them.",
                "Build every part before its stage starts.",
            ),
            Cause(
                4,
                "gate shut in training",
                "The training gate keeps clean inputs out, so all of them begin and end in one state.",
                "Set training_gate_threshold to -1 and train stage 1 again.",
            ),
            Cause(
                5,
                "features scaled over the batch",
                "What trust reads is scaled by the batch at hand, so a sample's score depends on its neighbours.",
                "Standardise with statistics frozen before the stage, per sample.",
            ),
            Cause(
                6,
                "learning rate of stage 2",
                "Stage 2 learns so slowly that its loss hardly moves.",
                "Raise the learning rate of stage 2, to 5e-3 say.",
            ),
            Cause(
                7,
                "no clean path",
                "Stage 2 never shows a clean thought, so nothing says what high trust is.",
                "Give the clean path a share.",
            ),
            Cause(
                8,
                "energy of the whole batch",
                "Every sample is given the mean step size of the batch, so trust cannot tell its samples apart.",
                "Measure energy per sample.",
            ),
            Cause(
                9,
                "checkerboard",
                "The decoder's upsampling overlaps unevenly and leaves a grid in what it draws.",
                "Resize and convolve instead of transposed convolution.",
            ),
            Cause(
                10,
                "probe collapse",
                "Few probes do the work: nothing asks that all be used.",
                "Raise the weights of balance and orthogonality, then train stage 1 again.",
            ),
            Cause(
                11,
                "drunk dials",
                "The drunk thoughts of stage 2 are hardly drunk, or wrecks: no measure of drunkenness can be learned.",
                "Set drunk_skip_prob to .3 and drunk_perturbation_std to .2.",
            ),
            Cause(
                12,
                "forgetting",
                "Vicara sees only its own state, so as it contracts all inputs drift to the same end.",
                "Use the injected vicara, which sees z at every step.",
            ),
            Cause(
                13,
                "fake convergence",
                "A skipped step counts as stillness, so drunk thoughts stop where they did not move at all.",
                "Stop no sample on a step that was not taken.",
            ),
            Cause(
                14,
                "the leak",
                "On the mismatch path the reconstruction error was left out, and the judge learned its absence.",
                "Compare the state with the input to which it is attributed.",
            ),
            Cause(
                15,
                "the neighbour",
                "When a thought stops depends on the others of its batch.",
                "Stop every sample by its own step size.",
            ),
        )
    }
)


@dataclass(frozen=True)
class Suspicion:
    """A cause for which there is evidence."""

    cause: Cause
    evidence: str
    """With the figures, one sentence."""


Rule = Callable[[Patient], str | None]
"""The evidence for a cause, or None where there is none. It changes nothing of the patient."""
