"""A visit with a ward and a clinic: exhibits, treatments and patients are opened as the run of the visit."""

from pathlib import Path
from typing import Any

from lab.clinic import Clinic
from lab.runs import Shelf
from lab.status import RunInfo
from lab.studies.treatment import N_STEPS, TREATMENT, Bed, watched
from lab.visit import Visit, said
from lab.ward import Ward


class Attending(Visit):
    """The run of one visitor, his ward and his clinic."""

    def __init__(self, shelf: Shelf | None = None, data_dir: Path | None = None) -> None:
        super().__init__(shelf, data_dir)
        self.ward = Ward(data_dir)
        self.clinic = Clinic(data_dir)

    def open_patient(self, side: Any, number: Any = None) -> RunInfo:
        """Opens the broken or the fixed run of an exhibit, by default the one that was run last, in the place of the
        present one."""
        with self._changing, said():
            return self._take(self.ward.patient(side, number))

    def treat(self, cure: Any, steps: Any = N_STEPS) -> None:
        """Lets the open run learn on as it is and cured, side by side in the background; it stays as it is itself.
        Raises BadInput."""
        ordered = TREATMENT.check({"cure": cure, "steps": steps})
        from lab.exhibits.treatment import twin

        now = self.now
        with said():
            copied, version = now.job.between_steps(lambda trainer: (twin(trainer), now.job.version))
        sickness = self.clinic.sickness(now.run.origin)
        key = (now.epoch, version, sickness or 0)
        bed = Bed(now.run.name, copied, now.run.bundle, now.run.origin, key, sickness)
        watched(bed, ordered)
        self.clinic.treat(bed, ordered.cure, ordered.steps)

    def open_treated(self, side: Any) -> RunInfo:
        """Opens the treated run, or its untreated twin, in the place of the present one."""
        with self._changing, said():
            return self._take(self.clinic.convalescent(side))

    def admit(self, patient: Any) -> RunInfo:
        """Opens a patient of the ward round in the place of the present run."""
        with self._changing, said():
            return self._take(self.clinic.admit(patient))

    @property
    def patient(self) -> int | None:
        """The patient of the ward round that is open now, cured or not; None where another run is."""
        return self.clinic.patient(self.now.run.origin)

    def close(self) -> None:
        self.ward.close()
        self.clinic.close()
        super().close()
