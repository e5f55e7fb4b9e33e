"""Is this run well: a verdict, the failure of which it comes, then the founding document's checklists, one finding a
check.

``examine`` yields what it has found after every check, so that a page can show the list as it grows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from satipatthana.core.system import TrainingStage
from satipatthana.diagnostics import learning_checks, thinking_checks
from satipatthana.diagnostics.causes import Suspicion
from satipatthana.diagnostics.findings import Finding, Patient, State, worst
from satipatthana.diagnostics.gradients import StageGradients, gradients
from satipatthana.diagnostics.naming import HALLS, causes_found, name_causes
from satipatthana.diagnostics.progress import Progress
from satipatthana.diagnostics.triage import Triage, finite, triage


@dataclass(frozen=True)
class Examination:
    """What is known so far."""

    triage: Triage | None
    """None for weights that are not finite: then nothing else is asked."""
    findings: tuple[Finding, ...]
    n: int
    """Validation inputs looked at."""
    seed: int

    @property
    def state(self) -> State:
        """The worst finding's; a sickness is a fail."""
        sick = self.triage is not None and self.triage.verdict not in ("healthy", "untrained")
        return worst((*(finding.state for finding in self.findings), "fail" if sick else "pass"))

    def count(self, state: State) -> int:
        """Findings in this state."""
        return sum(finding.state == state for finding in self.findings)


def examine(patient: Patient) -> Iterator[Progress[Examination]]:
    """Every check, in the order of the list. Raises ValueError for fewer than two validation inputs.

    The gradients are those of a copy, and luck is a function of the run's seed: nothing of the run changes.
    """
    found: list[Finding] = []
    bad = finite(patient.system)
    if bad:
        found.append(_not_finite(bad))
        yield Progress(1, 1, Examination(None, tuple(found), 0, patient.seed))
        return
    verdict = triage(patient.system, patient.bundle.validation.x, patient.steps)
    checks = _checks(patient, verdict)
    yield Progress(1, 1 + len(checks), Examination(verdict, (), verdict.n, patient.seed), checks[0][0])
    for index, (_, check) in enumerate(checks):
        found += check()
        after = checks[index + 1][0] if index + 1 < len(checks) else ""
        now = Examination(verdict, tuple(found), verdict.n, patient.seed)
        yield Progress(2 + index, 1 + len(checks), now, after)


def _checks(patient: Patient, verdict: Triage) -> list[tuple[str, Callable[[], tuple[Finding, ...]]]]:
    """What is worked on, and the work: pieces of at most half a second."""
    samples, plan, pulled = patient.bundle.train, patient.curriculum, list[StageGradients]()
    suspected = list[Suspicion]()

    def suspect(hall: str) -> Callable[[], tuple[Finding, ...]]:
        def ask() -> tuple[Finding, ...]:
            if patient.undisclosed:
                return ()
            suspected.extend(name_causes(patient, HALLS[hall]))
            return (causes_found(suspected),) if hall == list(HALLS)[-1] else ()

        return ask

    def inventory() -> tuple[Finding, ...]:
        asked = (
            learning_checks.stages_trained,
            learning_checks.components,
            learning_checks.optimizer,
            learning_checks.weights_moved,
            learning_checks.losses,
        )
        return tuple(check(patient) for check in asked)

    def pull(stage: TrainingStage) -> Callable[[], tuple[Finding, ...]]:
        def backwards() -> tuple[Finding, ...]:
            pulled.append(gradients(patient.system, samples, plan, stage, seed=patient.seed, stages=patient.stages))
            if stage != TrainingStage.DECODER_FINETUNING:
                return ()
            whole = tuple(pulled)
            return learning_checks.gradients_arrive(patient, whole), learning_checks.gradient_norms(whole)

        return backwards

    def thoughts() -> tuple[Finding, ...]:
        thought = thinking_checks.look(patient)
        return (
            *thinking_checks.statistics(patient, thought),
            thinking_checks.gates(patient, verdict),
            thinking_checks.similarity(patient, verdict),
            thinking_checks.probes(patient, verdict),
            thinking_checks.energy(patient, thought),
            thinking_checks.pictures(patient, verdict),
        )

    def scores() -> tuple[Finding, ...]:
        judges = int(TrainingStage.VIPASSANA_TRAINING) in patient.steps
        return (thinking_checks.scores(patient, thinking_checks.scored(patient) if judges else None),)

    return [
        *((f"known failures of {hall}", suspect(hall)) for hall in HALLS),
        ("what learns, and what moves it", inventory),
        *((f"the gradients of stage {int(stage)}", pull(stage)) for stage in TrainingStage),
        ("thoughts of held-out inputs", thoughts),
        ("the scores on every path", scores),
    ]


def _not_finite(bad: tuple[str, ...]) -> Finding:
    evidence = f"{len(bad)} tensors hold values that are not finite, the first is {bad[0]}."
    remedy = "Open an earlier save or reset the run, then lower the learning rate."
    return Finding("finite", "Are all weights finite numbers?", "fail", evidence, remedy)
