"""What is it sick of: every known cause is asked for its evidence."""

from collections.abc import Mapping, Sequence

from satipatthana.diagnostics import causes_judge, causes_learning, causes_samatha
from satipatthana.diagnostics.causes import CAUSES, Rule, Suspicion
from satipatthana.diagnostics.findings import Finding, Patient

HALLS: Mapping[str, Mapping[int, Rule]] = {
    "learning": causes_learning.RULES,
    "settling": causes_samatha.RULES,
    "judging": causes_judge.RULES,
}
"""Rules by what goes wrong, then by the number of the cause."""
RULES = {number: rule for rules in HALLS.values() for number, rule in rules.items()}


def name_causes(patient: Patient, rules: Mapping[int, Rule] = RULES) -> tuple[Suspicion, ...]:
    """The causes for which there is evidence, by number; none for a healthy run. Nothing of the patient changes."""
    found = ((CAUSES[number], rules[number](patient)) for number in sorted(rules))
    return tuple(Suspicion(cause, evidence) for cause, evidence in found if evidence is not None)


def causes_found(suspicions: Sequence[Suspicion]) -> Finding:
    """All that is suspected, as one finding: each cause by name, with its evidence and what to do."""
    question = "Does one of the known failures show?"
    if not suspicions:
        return Finding("causes", question, "pass", f"None of the {len(RULES)} known failures shows.")
    ordered = sorted(suspicions, key=lambda one: one.cause.number)
    evidence = " ".join(f"No. {one.cause.number}, {one.cause.key}: {one.evidence}" for one in ordered)
    return Finding("causes", question, "fail", evidence, " ".join(one.cause.remedy for one in ordered))
