"""Is this run well: the verdict, then one check after the other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.studies.study import Study, Subject

if TYPE_CHECKING:
    from satipatthana.diagnostics.doctor import Examination
    from satipatthana.diagnostics.progress import Progress


def run(subject: Subject, settings: None) -> "Iterator[Progress[Examination]]":
    """Examines the weights as they stand, with the plan that they were trained by. Of a patient of the ward round that
    is not disclosed yet no cause is named."""
    from satipatthana.diagnostics.doctor import examine
    from satipatthana.diagnostics.findings import Patient
    from satipatthana.train.stages import STAGES

    snapshot = subject.snapshot
    curriculum = snapshot.curriculum or subject.config.curriculum
    yield from examine(
        Patient(
            subject.system,
            subject.bundle,
            curriculum,
            snapshot.history,
            snapshot.keyframes,
            snapshot.holdings,
            snapshot.stages or STAGES,
            undisclosed=subject.undisclosed,
        )
    )


DOCTOR = Study("doctor", run)
