"""What is it sick of: every known cause is asked for its evidence."""

from satipatthana.diagnostics import causes_judge, causes_learning, causes_samatha
from satipatthana.diagnostics.causes import CAUSES, Suspicion
from satipatthana.diagnostics.findings import Patient

RULES = {**causes_learning.RULES, **causes_samatha.RULES, **causes_judge.RULES}


def name_causes(patient: Patient) -> tuple[Suspicion, ...]:
    """The causes for which there is evidence, by number; none for a healthy run. Nothing of the patient changes."""
    found = ((CAUSES[number], RULES[number](patient)) for number in sorted(RULES))
    return tuple(Suspicion(cause, evidence) for cause, evidence in found if evidence is not None)
