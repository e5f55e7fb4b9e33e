"""The ward round: shipped sick runs whose diagnosis is for the visitor to find, and what he is told of his own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.exhibits.catalogue import CARDS
from lab.exhibits.cures import CURES, Cure, cure_of
from lab.limits import BadInput, choice, number
from satipatthana.assets import asset_path

HEALTHY = 0
"""The diagnosis that nothing is wrong."""
NO_CURE = "none"


@dataclass(frozen=True)
class Told:
    """What a visitor said of a patient, and whether it was so."""

    patient: int
    diagnosis: int
    """What he said: the number of a failure, or ``HEALTHY``."""
    cure: str
    is_: int
    """What it is."""

    @property
    def named(self) -> bool:
        """Whether the sickness is that."""
        return self.diagnosis == self.is_

    @property
    def helps(self) -> bool:
        """Whether the cure is one for what the patient has."""
        return self.cure in cures_for(self.is_)


def folders() -> dict[int, Path]:
    """Number -> folder of every patient that this copy of the project came with."""
    try:
        root = asset_path("checkpoints", "patients")
    except FileNotFoundError:
        return {}
    found = sorted(
        int(path.name) for path in root.iterdir() if path.name.isdigit() and (path / "config.json").is_file()
    )
    return {n: root / str(n) for n in found}


def patient_of(sent: Any) -> int:
    """The number of a patient. Raises BadInput for one that is not there."""
    known = tuple(folders())
    if not known:
        raise BadInput("No patient came with this copy of the project. Run one of the exhibits instead.")
    return choice(number(sent, known[0], known[-1], "Patient", integer=True), known, "Patient")


def told(patient: Any, diagnosis: Any, cure: Any) -> Told:
    """Judges what a visitor says. Raises BadInput for what cannot be said of a patient."""
    n = patient_of(patient)
    said = choice(diagnosis, (HEALTHY, *CARDS), "Diagnosis")
    remedy = NO_CURE if cure == NO_CURE else cure_of(cure).key
    origin = json.loads((folders()[n] / "origin.json").read_text("utf-8"))
    return Told(n, said, remedy, origin.get("exhibit", HEALTHY))


def cures_for(failure: int) -> tuple[str, ...]:
    """Keys of the cures of a failure; of health, that there is none to be given."""
    return tuple(cure.key for cure in helping(failure)) or (NO_CURE,)


def helping(failure: int) -> tuple[Cure, ...]:
    """The cures of a failure."""
    return tuple(cure for cure in CURES if failure in cure.helps)
