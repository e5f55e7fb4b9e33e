"""The ward of one visitor: the exhibit that is running, and its two patients, ready to be opened as any other run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.exhibits.card import Card, Side
from lab.exhibits.catalogue import card_of, experiment_of, origin, side_of
from lab.runs import OpenRun, RunError
from lab.studies.exhibit import EXHIBIT, Room
from lab.studies.study import Studies, StudyStatus

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair


class Ward:
    """What a visitor has run of the exhibits. It outlives the open run. May be asked from several threads."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._room = Room(data_dir)
        self._studies = Studies()

    def start(self, number: Any, seed: Any = 0, **dials: Any) -> None:
        """Runs an exhibit in the background; ``dials`` are those of its card, by ``side|path``."""
        self._studies.start(EXHIBIT, self._room, {"number": number, "seed": seed, **dials})

    def cancel(self) -> None:
        """Leaves the exhibit that is running."""
        self._studies.cancel(EXHIBIT.name)

    def status(self) -> StudyStatus:
        """How the exhibit is: ``settings`` say which, ``found`` is the pair as far as it has come. Cheap."""
        return self._studies.status(EXHIBIT.name)

    def patient(self, side: Any) -> OpenRun:
        """One of the two that were run last, as a run of its own. Raises RunError while there is none."""
        side = side_of(side)
        status = self.status()
        pair: Pair | None = status.found
        if pair is None or status.state != "ready":
            raise RunError("The exhibit has not come to its end yet. Run it first.")
        from lab.exhibits.treatment import twin

        card = card_of(pair.number)
        bundle = runs.bundle_of(experiment_of(card).data, self._room.data_dir)
        return OpenRun(name_of(card, side), twin(pair.trainers[side]), bundle, origin=origin(card, side))

    def close(self) -> None:
        """Ends its thread."""
        self._studies.close()


def name_of(card: Card, side: Side) -> str:
    """What the run of a variant is called."""
    return f"exhibit-{card.number}-{side}"
