"""The clinic of one visitor: the run under treatment, and the ward round. Whoever lies there can be opened as any other
run."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.exhibits import patients
from lab.exhibits.catalogue import side_of
from lab.exhibits.patients import Told
from lab.runs import OpenRun, RunError
from lab.studies.study import Studies, StudyStatus
from lab.studies.treatment import TREATMENT, Bed, Ordered

if TYPE_CHECKING:
    from lab.exhibits.experiment import Pair


@dataclass(frozen=True)
class Score:
    """How a visitor's ward round stands; his first word on each patient counts."""

    told: tuple[Told, ...]
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
        self._studies = Studies()
        self._bed: Bed | None = None
        self._told: dict[int, Told] = {}
        self._telling = threading.Lock()

    # --- treatment ------------------------------------------------------------------------------------------------

    def treat(self, bed: Bed, cure: Any, steps: Any) -> None:
        """Lets a run learn on as it is and cured, in the background."""
        self._studies.start(TREATMENT, bed, {"cure": cure, "steps": steps})
        self._bed = bed

    def leave_treatment(self) -> None:
        """Leaves the treatment that is running."""
        self._studies.cancel(TREATMENT.name)

    def treatment(self) -> StudyStatus:
        """How the treatment is: ``settings`` say which cure, ``found`` is the pair as far as it has come. Cheap."""
        return self._studies.status(TREATMENT.name)

    @property
    def treated(self) -> str:
        """Name of the run that was treated last; empty before the first."""
        return "" if self._bed is None else self._bed.run

    def convalescent(self, side: Any) -> OpenRun:
        """The treated run (``fixed``) or its untreated twin, as a run of its own. Raises RunError while there is
        none."""
        side, status = side_of(side), self.treatment()
        pair: Pair | None = status.found
        if pair is None or status.state != "ready":
            raise RunError("The treatment has not come to its end yet. Start it first.")
        bed, ordered = self._bed, status.settings
        assert bed is not None and isinstance(ordered, Ordered)
        told = dict(bed.origin or {})
        if side == "fixed":
            told["cures"] = [*told.get("cures", ()), ordered.cure]
        name = f"{bed.run}-{ordered.cure if side == 'fixed' else 'untreated'}"[: runs.LONGEST_NAME]
        from lab.exhibits.treatment import twin

        trainer = twin(pair.trainers[side])
        return OpenRun(name, trainer, bed.bundle, saved_at=trainer.global_step, origin=told or None)

    # --- ward round -----------------------------------------------------------------------------------------------

    def admit(self, patient: Any) -> OpenRun:
        """A patient of the ward round, as a run of its own."""
        n = patients.patient_of(patient)
        return runs.open_run(patients.folders()[n], f"patient-{n}", self._data_dir)

    def tell(self, patient: Any, diagnosis: Any, cure: Any) -> Told:
        """What the visitor says of a patient, judged. His first word counts for the score."""
        told = patients.told(patient, diagnosis, cure)
        with self._telling:
            self._told.setdefault(told.patient, told)
        return told

    def score(self) -> Score:
        """How the round stands."""
        with self._telling:
            return Score(tuple(self._told[n] for n in sorted(self._told)), len(patients.folders()))

    def undisclosed(self, told: dict[str, Any] | None) -> bool:
        """Whether a run of this origin is a patient of whom the visitor has not said yet what he has."""
        return told is not None and "patient" in told and told["patient"] not in self._told

    def close(self) -> None:
        """Ends its thread."""
        self._studies.close()
