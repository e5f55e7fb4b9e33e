"""Doubt: every path walked and judged, then looked at from many sides; and vipassana without one void family."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lab.limits import choice, number
from lab.studies.study import Study, Subject
from lab.views.autopsy import CLOSED, NO_STEP, AutopsyInfo
from lab.views.calibration import AnswerInfo
from lab.views.doubt import MEASURES, SCORES, Picture, path_title
from lab.views.trust import DetailInfo, PathRow, TableInfo

if TYPE_CHECKING:
    from torch import Tensor

    from lab.thoughts import Shown
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.diagnostics.leave_one_out import LeftOut
    from satipatthana.diagnostics.paths import Judged
    from satipatthana.diagnostics.progress import Progress
    from satipatthana.diagnostics.shapley import Evidence
    from satipatthana.diagnostics.trust import Separation

R = TypeVar("R")
SAMPLES = 500
"""Test samples on every path."""
SHOWN = 8
"""Samples drawn at either end of a score."""
BINS = 25
COLUMNS = {name: column for column, name in enumerate(MEASURES)}
"""Of `Judged.measures`."""


@dataclass(frozen=True, eq=False)
class TrustLook:
    """The paths walked so far, and the frozen network that walked them: later looks are of the same weights."""

    system: "SatipatthanaSystem"
    x: "Tensor"
    labels: np.ndarray
    classes: tuple[str, ...]
    seed: int
    paths: "dict[str, Judged]"
    expected: tuple[str, ...]
    """Every path, also those still to be walked."""
    wide: bool
    """Whether stage 2 learns from the wide voids too."""
    untrained: tuple[int, ...] = ()
    """Stages without which scores or answers mean nothing, and that were not trained."""
    kept: dict[Any, Any] = field(default_factory=dict)
    """What was computed of it, for the next look."""

    def table(self, measure: Any, chosen: Any) -> TableInfo:
        """One row a path, by one measure."""
        measure = choice(measure, tuple(MEASURES), "Score")
        column = COLUMNS[measure]
        values = {name: judged.measures[:, column].double().numpy() for name, judged in self.paths.items()}
        low, high = _span(measure, values)
        rows = tuple(self._row(name, measure, values.get(name), (low, high)) for name in self.expected)
        return TableInfo(measure, rows, low, high, self.place(chosen), len(self.x), self.seed)

    def detail(self, measure: Any, chosen: Any) -> DetailInfo:
        """One path: its ROC, and its samples at either end of the measure."""
        from satipatthana.diagnostics.trust import roc

        measure, name = choice(measure, tuple(MEASURES), "Score"), self.place(chosen)
        clean, path = self.paths["clean"].measures.double().numpy(), self.paths[name].measures.double().numpy()
        column = COLUMNS[measure]
        curves = {}
        if name != "clean" and len(path):
            for each in dict.fromkeys((measure, "max_softmax")):
                sides = [part[:, COLUMNS[each]] for part in (clean, path)]
                if all(bool(np.isfinite(side).all()) for side in sides):
                    found = roc(*sides)
                    curves[each] = (found.false_positive, found.true_positive)
        order = np.argsort(path[:, column], kind="stable")
        figures = self._separation(name, measure)
        return DetailInfo(
            name,
            measure,
            curves,
            figures.auroc,
            figures.fpr,
            tuple(self._picture(name, int(index), measure) for index in order[:SHOWN]),
            tuple(self._picture(name, int(index), measure) for index in order[::-1][:SHOWN]),
            len(path),
            self.seed,
        )

    def answers(self, measure: Any, chosen: Any) -> AnswerInfo:
        """How right the answers are on this path, or on the clean one where a path has no right answer."""
        from satipatthana.diagnostics.calibration import answer_figures
        from satipatthana.diagnostics.paths import answerable

        measure, name = choice(measure, tuple(MEASURES), "Score"), self.place(chosen)
        name = name if answerable(name) else "clean"
        judged = self.paths[name]
        probabilities, measures = judged.probabilities.numpy(), judged.measures.double().numpy()
        deciding = {each: measures[:, COLUMNS[each]] for each in dict.fromkeys((measure, "max_softmax"))}
        figures = None
        if bool(np.isfinite(probabilities).all()):
            figures = self._keep(
                ("answers", name, measure), lambda: answer_figures(probabilities, self.labels, deciding, seed=self.seed)
            )
        wrong = np.flatnonzero(probabilities.argmax(axis=1) != self.labels)
        most_wrong = wrong[np.argsort(-probabilities.max(axis=1)[wrong], kind="stable")]
        least = np.argsort(measures[:, 0], kind="stable")
        return AnswerInfo(
            name,
            measure,
            figures,
            self.classes,
            tuple(self._picture(name, int(index), "max_softmax") for index in most_wrong[:SHOWN]),
            tuple(self._picture(name, int(index), "trust") for index in least[:SHOWN]),
            self.seed,
        )

    def has(self, sample: str) -> bool:
        """Whether a sample, "path:number among its samples", has been scored."""
        name, _, index = sample.rpartition(":")
        return name in self.paths and index.isdecimal() and int(index) < len(self.paths[name].rows)

    def autopsy(self, measure: Any, sample: str) -> AutopsyInfo:
        """The judgement of a scored sample, taken apart."""
        name, _, sent = sample.rpartition(":")
        name = choice(name, tuple(self.paths), "Path")
        index = number(int(sent), 0, len(self.paths[name].rows) - 1, "Sample", integer=True)
        judged, picture = self.paths[name], self._picture(name, index, _score(measure))
        title = f"{path_title(name)}: {picture.said}"
        evidence = None
        if judged.metrics is not None and judged.path is not None and bool(judged.judged[index]):
            from satipatthana.diagnostics.shapley import Evidence

            evidence = Evidence(judged.metrics[index], judged.path[index])
        return self._taken_apart(measure, title, picture, evidence)

    def autopsy_of_thought(self, measure: Any, shown: "Shown") -> AutopsyInfo:
        """The judgement of the last thought on Converge; of the drunk mind when both were asked."""
        import torch

        from satipatthana.diagnostics.shapley import evidence_of

        question, mind = shown.question, shown.question.minds[-1]
        thought = shown.thoughts[mind]
        evidence = evidence_of(
            self.system,
            torch.from_numpy(shown.target[None]),
            sample=question.sample,
            seed=question.seed,
            noise_level=question.noise,
            drunk_mode=mind == "drunk",
            n_steps=question.n_steps,
            threshold=question.threshold,
            drunk_skip_prob=question.skip,
            drunk_perturbation_std=question.push,
        )
        answer = self.classes[int(thought.answer[0])]
        picture = Picture("", thought.x_given[0], None, shown.about.label, answer)
        title = f"the {mind} thought on Converge, noise σ {question.noise:g}: {picture.said}"
        return self._taken_apart(measure, title, picture, evidence)

    def place(self, chosen: Any) -> str:
        """The path that is looked at closely: the one chosen, if it has been walked."""
        return chosen if isinstance(chosen, str) and chosen in self.paths else "clean"

    # --- inside ---------------------------------------------------------------------------------------------------

    def _keep(self, key: Any, make: Callable[[], R]) -> R:
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def _taken_apart(self, measure: Any, title: str, picture: Picture, evidence: "Evidence | None") -> AutopsyInfo:
        from satipatthana.diagnostics.shapley import autopsy

        clean = self.paths["clean"]
        if clean.metrics is None or clean.path is None:
            return AutopsyInfo(_score(measure), title, picture, None, self.seed, CLOSED)
        if evidence is None or not bool(clean.judged.any()):
            return AutopsyInfo(_score(measure), title, picture, None, self.seed, NO_STEP)
        found = autopsy(self.system, evidence, clean.metrics[clean.judged], clean.path[clean.judged])
        return AutopsyInfo(_score(measure), title, picture, found, self.seed)

    def _separation(self, name: str, measure: str) -> "Separation":
        from satipatthana.diagnostics.trust import separation

        column = COLUMNS[measure]
        clean, path = (self.paths[each].measures[:, column].numpy() for each in ("clean", name))
        return self._keep(
            ("separation", name, measure), lambda: separation(clean, path, seed=self.seed, itself=name == "clean")
        )

    def _row(self, name: str, measure: str, values: np.ndarray | None, span: tuple[float, float]) -> PathRow:
        from satipatthana.diagnostics.paths import never_trained_on

        if values is None:
            return PathRow(name, never_trained_on(name, self.wide), None, None)
        seen = values[np.isfinite(values)]
        counts = np.histogram(np.clip(seen, *span), bins=BINS, range=span)[0] if len(seen) else None
        return PathRow(name, never_trained_on(name, self.wide), counts, self._separation(name, measure))

    def _given(self, name: str) -> "Tensor":
        from satipatthana.diagnostics.paths import given_inputs

        return self._keep(("given", name), lambda: given_inputs(self.system, name, self.x, self.seed))

    def _picture(self, name: str, index: int, measure: str) -> Picture:
        from satipatthana.diagnostics.paths import answerable

        judged = self.paths[name]
        row, partner = int(judged.rows[index]), int(judged.partners[index])
        answer = self.classes[int(judged.probabilities[index].argmax())]
        label = self.classes[int(self.labels[row])] if answerable(name) else None
        values = {each: float(judged.measures[index, place]) for place, each in enumerate(MEASURES)}
        return Picture(
            f"{name}:{index}",
            self._given(name)[row].numpy(),
            None if partner == row else self.x[partner].numpy(),
            label,
            answer,
            tuple(values.items()),
            measure,
        )


def _score(measure: Any) -> str:
    """The score that an autopsy explains: a baseline is no judgement, so trust then."""
    measure = choice(measure, tuple(MEASURES), "Score")
    return measure if measure in SCORES else "trust"


def _span(measure: str, values: dict[str, np.ndarray]) -> tuple[float, float]:
    """The range that a measure is drawn over: 0 to 1 for what lies there, else all but the outermost of all paths."""
    if measure in (*SCORES, "max_softmax"):
        return 0.0, 1.0
    everything = np.concatenate(list(values.values()))
    seen = everything[np.isfinite(everything)]
    if not len(seen):
        return 0.0, 1.0
    low, high = np.quantile(seen, [0.005, 0.995])
    return float(low), float(max(high, low + 1e-9))


# --- the studies ----------------------------------------------------------------------------------------------------


def score(subject: Subject, settings: None) -> "Iterator[Progress[TrustLook]]":
    """Walks every path with the first test samples."""
    from satipatthana.diagnostics.paths import path_names, walk
    from satipatthana.diagnostics.progress import Progress

    test, seed = subject.bundle.test, subject.config.seed
    x, y = test.x[:SAMPLES], test.y[:SAMPLES]
    names = path_names(tuple(x.shape[1:]))
    trained = {record.stage for record in subject.snapshot.history}
    untrained = tuple(stage for stage in (1, 2, 3) if stage not in trained)
    wide = subject.config.curriculum.voids == "wide"
    paths: dict[str, Judged] = {}
    kept: dict[Any, Any] = {}
    for name, judged in walk(subject.system, x, y, seed=seed, names=names):
        paths = {**paths, name: judged}
        look = TrustLook(
            subject.system, x, y.numpy(), subject.bundle.class_names, seed, paths, names, wide, untrained, kept
        )
        yield Progress(len(paths), len(names), look, path_title(name))


def leave_out(subject: Subject, settings: None) -> "Iterator[Progress[tuple[LeftOut, ...]]]":
    """Trains vipassana again without each void family, on copies."""
    from satipatthana.diagnostics.leave_one_out import leave_one_out

    return leave_one_out(
        subject.system,
        subject.bundle.train.x,
        subject.bundle.train.y,
        subject.bundle.test.x[:SAMPLES],
        curriculum=subject.config.curriculum,
        seed=subject.config.seed,
    )


SCORE = Study("trust", score)
LEAVE_OUT = Study("leave_one_out", leave_out)
