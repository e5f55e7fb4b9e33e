"""One exhibit, run: broken beside fixed, trained in turn in the background."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.exhibits.catalogue import card_of, experiment_of
from lab.limits import number
from lab.settings import SEEDS
from lab.studies.study import Study

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair
    from satipatthana.diagnostics.progress import Progress


@dataclass(frozen=True, eq=False)
class Room:
    """Where exhibits are run: they have their own networks, whatever run is open."""

    data_dir: Path | None = None
    key: tuple[int, int] = (0, 0)
    finished: "dict[int, Pair]" = field(default_factory=dict)
    """By exhibit: the pair that came to its end last."""


@dataclass(frozen=True)
class Asked:
    """Which exhibit, with which luck, and the dials that were turned."""

    number: int
    seed: int
    dials: tuple[tuple[str, float | str], ...]


def check(sent: Mapping[str, Any]) -> Asked:
    """What a page sent: ``number``, ``seed``, and dials by ``side|path``. Raises BadInput."""
    dials = {name: value for name, value in sent.items() if name not in ("number", "seed")}
    card = card_of(sent.get("number"))
    return Asked(card.number, number(sent.get("seed", 0), *SEEDS, "Seed", integer=True), card.settings(dials))


def run(room: Room, asked: Asked) -> "Iterator[Progress[Pair]]":
    """Trains the pair."""
    from lab.exhibits.experiment import run_pair

    card = card_of(asked.number)
    experiment = experiment_of(card)
    bundle = runs.bundle_of(experiment.data, room.data_dir)
    for piece in run_pair(card, experiment, bundle, asked.seed, asked.dials):
        if piece.found is not None and piece.found.done:
            room.finished[asked.number] = piece.found
        yield piece


EXHIBIT = Study("exhibit", run, check)
