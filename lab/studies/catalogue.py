"""Every study by its name."""

from lab.limits import choice
from lab.studies.collapse import COLLAPSE_GUARDS, COLLAPSE_HISTORY
from lab.studies.convergence import BUDGET, SETTLING
from lab.studies.decoders import DECODER_RACE
from lab.studies.doctor import DOCTOR
from lab.studies.drink import CUTS, DOSE
from lab.studies.study import Study
from lab.studies.trust import LEAVE_OUT, SCORE

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        DECODER_RACE,
        SETTLING,
        BUDGET,
        SCORE,
        LEAVE_OUT,
        DOSE,
        CUTS,
        COLLAPSE_HISTORY,
        COLLAPSE_GUARDS,
        DOCTOR,
    )
}


def find(name: object) -> Study:
    """The study of this name. Raises BadInput for another."""
    return STUDIES[choice(name, tuple(STUDIES), "Study")]
