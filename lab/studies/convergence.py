"""How thoughts settle, the chosen one and a crowd's, and whether thinking helps."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.limits import BadInput
from lab.question import Question
from lab.studies.study import Study, Subject

if TYPE_CHECKING:
    from satipatthana.core.engines import SamathaOutput
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.budget import Budget
    from satipatthana.diagnostics.progress import Progress
    from satipatthana.diagnostics.settling import Settling


WIDE = 512
"""D up to which all of the test split is run on for 200 steps; at 2,048 all of it would take some three minutes."""


def asked(sent: Mapping[str, Any]) -> Question:
    """The thought that is judged: the session's last, which it has checked already."""
    question = sent.get("question")
    if not isinstance(question, Question) or len(sent) > 1:
        raise BadInput("There is no thought to judge yet; expected one on the page. Choose an input first.")
    return question


def run_settling(subject: Subject, question: Question) -> "Iterator[Progress[Settling]]":
    """The minds of the question on its own settings; the crowd is the test split, clean and sober: of a wide latent
    every so many of it."""
    from satipatthana.diagnostics.settling import settling

    system, bundle = subject.system, subject.bundle
    every = max(1, system.config.samatha.vitakka.dim // WIDE)
    chosen = {str(name): think(system, bundle, question, name == "drunk") for name in question.minds}
    yield from settling(
        system,
        chosen,
        bundle.test.x[::every],
        bundle.test.y[::every],
        limit=question.n_steps or system.config.samatha.sati.n_steps,
        n_classes=bundle.n_classes,
        seed=subject.config.seed,
    )


def think(system: "SatipatthanaSystem", bundle: "DataBundle", question: Question, drunk: bool) -> "SamathaOutput":
    """The question's thought, as `satipatthana.diagnostics.thought.think_aloud` thinks it."""
    from satipatthana.core.luck import LuckBySample
    from satipatthana.diagnostics.observing import observing

    with observing(system):
        return system.think(
            question.look_up(bundle)[0],
            noise_level=question.noise,
            drunk_mode=drunk,
            n_steps=question.n_steps,
            threshold=question.threshold,
            drunk_skip_prob=question.skip,
            drunk_perturbation_std=question.push,
            luck=LuckBySample(question.seed, [question.sample]),
        )


@dataclass(frozen=True)
class Budgets:
    """Of the run, and of the shipped run in which thinking pays, as measured when it was made: None where it does not
    belong beside this one."""

    own: "Budget"
    shipped: "Budget | None"


def run_budget(subject: Subject, settings: None) -> "Iterator[Progress[Budgets]]":
    """On the test split; what no stage has trained has no figure."""
    from satipatthana.diagnostics.budget import budget
    from satipatthana.diagnostics.progress import Progress

    trained = {int(record.stage) for record in subject.snapshot.history}
    for piece in budget(subject.system, subject.bundle, seed=subject.config.seed, trained=trained):
        found = None if piece.found is None else Budgets(piece.found, shipped_budget(subject))
        yield Progress(piece.done, piece.total, found, piece.text)


def shipped_budget(subject: Subject) -> "Budget | None":
    """Read from the shipped run's ``metrics.json``, where ``assets/make_local.py`` wrote it."""
    from satipatthana.diagnostics.budget import Budget

    folder = runs.shipped_folder(runs.LOCAL)
    if folder is None or subject.run == runs.LOCAL or subject.config.data != "digits":
        return None
    return Budget.from_json(json.loads((folder / "metrics.json").read_text())["budget"])


SETTLING = Study("settling", run_settling, asked)
BUDGET = Study("budget", run_budget)
