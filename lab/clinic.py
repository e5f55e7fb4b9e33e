"""The clinic of one visitor: the run under treatment, and the ward round. Whoever lies there can be opened as any other
run."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.exhibits import patients
from lab.exhibits.catalogue import CARDS, side_of
from lab.exhibits.patients import Told
from lab.runs import OpenRun, RunError
from lab.studies.study import Studies, StudyStatus
from lab.studies.treatment import TREATMENT, Bed, Ordered

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair

KEPT = 2
"""Treatments kept for the next look: each holds two trained networks with their past."""


@dataclass(frozen=True)
class Score:
    """How a visitor's ward round stands; his first word on each patient counts."""

    told: tuple[Told, ...]
    seen: frozenset[int]
    """Patients that he has opened."""
    of: int
    """Patients there are."""

    @property
    def named(self) -> int:
        """Sicknesses that he named."""
        return sum(each.named for each in self.told)

    @property
    def helped(self) -> int:
        """Cures that help."""
        return sum(each.helps for each in self.told)


class Clinic:
    """What a visitor treats, and what he said of the patients. It outlives the open run. May be asked from several
    threads."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._data_dir = data_dir
        self._studies = Studies(KEPT)
        self._bed: Bed | None = None
        self._told: dict[int, Told] = {}
        self.followed: int | None = None
        """The patient whose address was followed last."""
        self._seen: set[int] = set()
        self._treating, self._telling = threading.Lock(), threading.Lock()

    # --- treatment ------------------------------------------------------------------------------------------------

    def treat(self, bed: Bed, cure: Any, steps: Any) -> None:
        """Lets a run learn on as it is and cured, in the background."""
        with self._treating:
            self._studies.start(TREATMENT, bed, {"cure": cure, "steps": steps})
            self._bed = bed

    def leave_treatment(self) -> None:
        """Leaves the treatment that is running."""
        self._studies.cancel(TREATMENT.name)

    def treatment(self) -> StudyStatus:
        """How the treatment is: ``settings`` say which cure, ``found`` is the pair as far as it has come. Cheap."""
        return self._studies.status(TREATMENT.name)

    @property
    def bed(self) -> Bed | None:
        """Who was treated last; None before the first."""
        return self._bed

    def convalescent(self, side: Any) -> OpenRun:
        """The treated run (``fixed``) or its untreated twin, as a run of its own. Raises RunError while there is
        none."""
        side = side_of(side)
        with self._treating:
            bed, status = self._bed, self.treatment()
        pair: Pair | None = status.found
        if pair is None or bed is None or status.state != "ready":
            raise RunError("The treatment has not come to its end yet. Start it first.")
        ordered = status.settings
        assert isinstance(ordered, Ordered)
        told = dict(bed.origin or {})
        if side == "fixed":
            told["cures"] = [*told.get("cures", ()), ordered.cure]
        end = f"-{ordered.cure if side == 'fixed' else 'untreated'}"
        from lab.exhibits.treatment import twin

        trainer = twin(pair.trainers[side])
        name = bed.run[: runs.LONGEST_NAME - len(end)] + end
        return OpenRun(name, trainer, bed.bundle, saved_at=trainer.global_step, origin=told or None)

    # --- ward round -----------------------------------------------------------------------------------------------

    def admit(self, patient: Any) -> OpenRun:
        """A patient of the ward round, as a run of its own."""
        n = patients.patient_of(patient)
        run = runs.open_run(patients.folders()[n], f"patient-{n}", self._data_dir)
        with self._telling:
            self._seen.add(n)
        return run

    def tell(self, patient: Any, diagnosis: Any, cure: Any) -> Told:
        """What the visitor says of a patient, judged. His first word stands: who says another is told of the first."""
        told = patients.told(patient, diagnosis, cure)
        with self._telling:
            return self._told.setdefault(told.patient, told)

    def begin_again(self) -> None:
        """Forgets what was said, for the next one who goes round: nobody is disclosed any more."""
        with self._telling:
            self._told.clear()
            self._seen.clear()

    def score(self) -> Score:
        """How the round stands."""
        with self._telling:
            told = tuple(self._told[n] for n in sorted(self._told))
            return Score(told, frozenset(self._seen), len(patients.folders()))

    def patient(self, origin: dict[str, Any] | None) -> int | None:
        """Which patient a run of this origin is or was made of; None: none of ours."""
        number = None if origin is None else origin.get("patient")
        return number if type(number) is int and number in patients.folders() else None

    def undisclosed(self, origin: dict[str, Any] | None) -> bool:
        """Whether a run of this origin is a patient of whom the visitor has not said yet what he has."""
        number = self.patient(origin)
        with self._telling:
            return number is not None and number not in self._told

    def sickness(self, origin: dict[str, Any] | None) -> int | None:
        """The failure that a run of this origin is known to have; None where there is none, or it is a secret."""
        number = None if origin is None or self.undisclosed(origin) else origin.get("exhibit")
        return number if type(number) is int and number in CARDS else None

    def close(self) -> None:
        """Ends its thread."""
        self._studies.close()
