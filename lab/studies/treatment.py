"""Treatment: the open run as it is, and with one thing changed, learn on side by side in the background."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.exhibits.catalogue import card_of, experiment_of
from lab.exhibits.cures import cure_of
from lab.limits import number
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
    key: tuple[int, int]
    """Epoch and version of the weights that were copied."""


@dataclass(frozen=True)
class Ordered:
    """Which cure, and how long both learn on."""

    cure: str
    steps: int


def check(sent: Mapping[str, Any]) -> Ordered:
    """What a page sent. Raises BadInput."""
    steps = number(sent.get("steps", N_STEPS), FEWEST, MOST, "Steps", integer=True)
    return Ordered(cure_of(sent.get("cure")).key, steps)


def run(bed: Bed, ordered: Ordered) -> "Iterator[Progress[Pair]]":
    """Trains both; what is measured is what tells the first failure that the cure is for."""
    from lab.exhibits.treatment import treat

    cure = cure_of(ordered.cure)
    card = card_of(cure.helps[0])
    yield from treat(card, experiment_of(card), cure, bed.trainer, bed.bundle, ordered.steps)


TREATMENT = Study("treatment", run, check)
