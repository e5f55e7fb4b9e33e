"""The ward of one visitor: the exhibit that is running, and its two patients, ready to be opened as any other run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.exhibits.card import Card, Side
from lab.exhibits.catalogue import card_of, experiment_of, origin, side_of
from lab.limits import number as checked_number
from lab.runs import OpenRun, RunError
from lab.studies.exhibit import EXHIBIT, Room
from lab.studies.study import Studies, StudyState, StudyStatus

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair


@dataclass(frozen=True, eq=False)
class Stay:
    """What a visitor has of one exhibit."""

    begun: bool
    """He has said what he expects, or has let it run without a word."""
    expected: int | None
    """The option that he chose; None: none."""
    state: StudyState
    """Of what is shown: the run under way, else the last that came to its end, else the one that was left."""
    pair: "Pair | None"
    done: int = 0
    total: int = 0
    text: str = ""
    told: bool = False
    """It has come to its end once: its cause is no secret any more."""
    left: str = ""
    """Why a later run than the one shown did not come to its end."""

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


class Ward:
    """What a visitor has run of the exhibits. It outlives the open run. May be asked from several threads."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._room = Room(data_dir)
        self._studies = Studies()
        self._expected: dict[int, int | None] = {}
        self.looked_at: int | None = None
        """The exhibit that is open on his page: a reload opens it again."""

    @property
    def begun(self) -> int:
        """How many exhibits he has begun."""
        return len(self._expected)

    def start(self, number: Any, seed: Any = 0, **dials: Any) -> None:
        """Runs an exhibit in the background; ``dials`` are those of its card, by ``side|path``."""
        self.run(number, {"seed": seed, **dials})

    def run(self, number: Any, sent: Mapping[str, Any]) -> None:
        """The same, of what a page sent: ``seed`` and dials. Raises BadInput."""
        self._studies.start(EXHIBIT, self._room, {**sent, "number": number})
        self._expected.setdefault(card_of(number).number, None)
        status = self.status()
        if status.state == "ready":  # it was run before, with the same dials
            self._room.finished[status.settings.number] = status.found

    def begin(self, number: Any, option: Any) -> None:
        """Runs an exhibit for the first time, for one who expects this option; None: he says nothing. What was once
        said stands."""
        card = card_of(number)
        if card.number in self._expected:
            return
        if option is not None:
            option = checked_number(option, 0, len(card.prediction.options) - 1, "Option", integer=True)
        self._expected[card.number] = option
        self.run(card.number, {})

    def cancel(self) -> None:
        """Leaves the exhibit that is running."""
        self._studies.cancel(EXHIBIT.name)

    def status(self) -> StudyStatus:
        """How the exhibit is: ``settings`` say which, ``found`` is the pair as far as it has come. Cheap."""
        return self._studies.status(EXHIBIT.name)

    def stay(self, number: Any) -> Stay:
        """What there is of one exhibit, whichever ran last. Cheap."""
        number = card_of(number).number
        status, finished = self.status(), self._room.finished.get(number)
        mine = status.settings is not None and status.settings.number == number
        begun, expected = number in self._expected, self._expected.get(number)
        if mine and (status.busy or finished is None or status.state == "ready"):
            told = finished is not None
            return Stay(begun, expected, status.state, status.found, status.done, status.total, status.text, told)
        if finished is None:
            return Stay(begun, expected, "cancelled" if begun else "none", None)
        left = status.text if mine else ""
        return Stay(begun, expected, "ready", finished, told=True, left=left)

    def patient(self, side: Any, number: Any = None) -> OpenRun:
        """One of the two of an exhibit, by default the one that was run last, as a run of its own. Raises RunError
        while there is none."""
        side = side_of(side)
        if number is None:
            status = self.status()
            pair: Pair | None = status.found if status.state == "ready" else None
        else:
            stay = self.stay(number)
            pair = stay.pair if stay.state == "ready" else None
        if pair is None:
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
