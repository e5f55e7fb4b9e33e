"""Collapse over training: the run's own keyframes, and other guards trained beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.limits import choice
from lab.studies.study import Study, Subject

if TYPE_CHECKING:
    from satipatthana.diagnostics.collapse_history import Compared, Moment
    from satipatthana.diagnostics.progress import Progress

STARTS = ("random", "k-means")
"""Where the learned probes of the short runs begin."""
STEPS, EVERY = 80, 8


@dataclass(frozen=True)
class GuardSettings:
    """What the comparison may be asked."""

    start: str = STARTS[0]


def check(sent: Mapping[str, Any]) -> GuardSettings:
    """Settings from what a page sent. Raises BadInput."""
    name = choice(next(iter(set(sent) - {"start"}), "start"), ("start",), "Setting")
    return GuardSettings(choice(sent.get(name, STARTS[0]), STARTS, "Probes begin"))


def past(subject: Subject, settings: None) -> "Iterator[Progress[tuple[Moment, ...]]]":
    """Every keyframe of the stages that move states."""
    from satipatthana.diagnostics.collapse_history import over_training
    from satipatthana.train.records import MOVES, walk

    keyframes = subject.snapshot.keyframes
    chosen = [index for index, keyframe in enumerate(keyframes) if keyframe.stage in MOVES]
    networks = (
        (keyframes[index].stage, keyframes[index].global_step, system)
        for index, system in walk(subject.system, keyframes, chosen)
    )
    yield from over_training(networks, len(chosen), subject.bundle.validation, subject.bundle.n_classes)


def guards(subject: Subject, settings: GuardSettings) -> "Iterator[Progress[tuple[Compared, ...]]]":
    """From the network as stage 0 left it; one that has not been there yet as it is."""
    from satipatthana.diagnostics.collapse_history import compare_guards

    last = max((index for index, one in enumerate(subject.snapshot.keyframes) if one.stage == 0), default=None)
    system = subject.system if last is None else subject.at_keyframe(last)
    from_data = settings.start == "k-means"
    yield from compare_guards(system, subject.bundle, n_steps=STEPS, every=EVERY, from_data=from_data)


COLLAPSE_HISTORY = Study("collapse-history", past)
COLLAPSE_GUARDS = Study("collapse-guards", guards, check)
