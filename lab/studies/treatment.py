"""Treatment: the open run as it is, and with one thing changed, learn on side by side in the background."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lab.exhibits.card import Card
from lab.exhibits.catalogue import CARDS, experiment_of
from lab.exhibits.cures import cure_of
from lab.limits import BadInput, number
from lab.studies.study import Study

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.progress import Progress
    from satipatthana.train.trainer import SatipatthanaTrainer

FEWEST, MOST = 10, 400
N_STEPS = 100


@dataclass(frozen=True, eq=False)
class Bed:
    """Who is treated: a copy of the run's trainer, which nobody else trains."""

    run: str
    trainer: "SatipatthanaTrainer"
    bundle: "DataBundle"
    origin: dict[str, Any] | None
    key: tuple[int, ...]
    """Epoch and version of the weights that were copied, and what is watched."""
    sickness: int | None = None
    """The failure that the run is known to have: its number is watched, whatever the cure; None: the cure's own is."""


@dataclass(frozen=True)
class Ordered:
    """Which cure, and how long both learn on."""

    cure: str
    steps: int


def check(sent: Mapping[str, Any]) -> Ordered:
    """What a page sent. Raises BadInput."""
    steps = number(sent.get("steps", N_STEPS), FEWEST, MOST, "Steps", integer=True)
    return Ordered(cure_of(sent.get("cure")).key, steps)


def watched(bed: Bed, ordered: Ordered) -> Card:
    """The exhibit whose number tells whether it helps: of what the run is known to have, else of the first failure that
    the cure is for. Its curve is the total, which every stage has. Raises BadInput where there is no such exhibit."""
    failures = (bed.sickness, *cure_of(ordered.cure).helps)
    known = next((CARDS[failure] for failure in failures if failure in CARDS), None)
    if known is None:
        raise BadInput(f"No exhibit here measures what the cure {ordered.cure!r} is for. Choose another cure.")
    return replace(known, curve="total")


def run(bed: Bed, ordered: Ordered) -> "Iterator[Progress[Pair]]":
    """Trains both."""
    from lab.exhibits.treatment import treat

    card = watched(bed, ordered)
    yield from treat(card, experiment_of(card), cure_of(ordered.cure), bed.trainer, bed.bundle, ordered.steps)


TREATMENT = Study("treatment", run, check)
