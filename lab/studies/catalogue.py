"""Every study by its name."""

from lab.limits import choice
from lab.studies.decoders import DECODER_RACE
from lab.studies.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (DECODER_RACE,)}


def find(name: object) -> Study:
    """The study of this name. Raises BadInput for another."""
    return STUDIES[choice(name, tuple(STUDIES), "Study")]
