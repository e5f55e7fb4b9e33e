"""Every study by its name."""

from lab.limits import choice
from lab.studies.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in ()}


def find(name: object) -> Study:
    """The study of this name. Raises BadInput for another."""
    return STUDIES[choice(name, tuple(STUDIES), "Study")]
