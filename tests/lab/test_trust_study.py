"""Doubt on the page: paths come one by one, later looks are of the same weights, what is sent is checked."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lab.limits import BadInput
from lab.session import Session
from lab.studies import catalogue
from lab.studies.study import Subject
from lab.studies.trust import LEAVE_OUT, SAMPLES, SCORE, TrustLook
from lab.tabs.trust import THOUGHT, _panels
from lab.views.autopsy import NO_STEP
from satipatthana.configs import MlpAdapterConfig, RunConfig, SamathaConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.data import DataBundle, load_dataset
from satipatthana.diagnostics.paths import MEASURES as KNOWN
from satipatthana.diagnostics.paths import path_names


def subject(config: RunConfig, bundle: DataBundle, system: SatipatthanaSystem | None = None) -> Subject:
    system = system or SatipatthanaSystem(config)
    snapshot = SimpleNamespace(system=system, version=1, epoch=0, history=(), keyframes=())
    return Subject("run", config, bundle, snapshot, lambda index: system)  # type: ignore[arg-type]


def looks(config: RunConfig, bundle: DataBundle) -> list[TrustLook]:
    found = [piece.found for piece in SCORE.run(subject(config, bundle), None)]
    return [each for each in found if each is not None]


@pytest.fixture
def look(config, bundle) -> TrustLook:
    return looks(config, bundle)[-1]


def test_paths_come_one_by_one(config, bundle):
    names = path_names(bundle.x_shape)
    done = [(piece.done, piece.total) for piece in SCORE.run(subject(config, bundle), None)]
    assert done == [(index, len(names)) for index in range(1, len(names) + 1)]
    found = looks(config, bundle)
    first = found[0].table("trust", "drunk")
    assert [row.name for row in first.rows if row.figures is not None] == ["clean"] and first.chosen == "clean"
    last = found[-1].table("trust", "drunk")
    assert all(row.figures is not None for row in last.rows) and last.chosen == "drunk"
    assert [row.name for row in last.rows if row.new] == [
        f"void_{name}" for name in ("rotated", "flipped", "average", "letters")
    ]
    assert found[-1].untrained == (1, 2, 3)
    assert last.n == min(SAMPLES, len(bundle.test)) == 20


def test_every_measure_and_path_can_be_looked_at(look):
    from lab.studies.trust import COLUMNS

    assert tuple(COLUMNS) == KNOWN
    for measure in KNOWN:
        rows = look.table(measure, "clean").rows
        assert all(row.counts is not None and row.counts.sum() == row.figures.n for row in rows)
        assert look.detail(measure, "mismatch").lowest[0].other is not None
    detail = look.detail("trust", "void_inverted")
    values = [dict(picture.measures)["trust"] for picture in (*detail.lowest[:1], *detail.highest[:1])]
    seen = look.paths["void_inverted"].measures[:, 0]
    assert values == pytest.approx([float(seen.min()), float(seen.max())])
    index = int(detail.lowest[0].key.rpartition(":")[2])
    assert detail.lowest[0].x == pytest.approx(-look.x[index].numpy())
    assert look.detail("trust", "clean").curves == {}


def test_answers_are_of_a_path_that_has_right_ones(look):
    assert look.answers("trust", "drunk").name == "drunk"
    found = look.answers("nearest_probe", "void_letters")
    assert found.name == "clean" and found.figures is not None and found.figures.n == 20
    right = look.paths["clean"].probabilities.argmax(dim=1).numpy() == look.labels
    assert found.figures.accuracy.value == pytest.approx(right.mean())
    assert all(picture.mark == "wrong" for picture in found.wrong)
    stated = [dict(picture.measures)["max_softmax"] for picture in found.wrong]
    assert stated == sorted(stated, reverse=True)


def test_a_sample_is_taken_apart_where_it_was_judged(look):
    found = look.autopsy("max_softmax", "mismatch:2")
    assert found.score == "trust" and found.found is not None
    logit = np.log(1 / float(look.paths["mismatch"].measures[2, 0]) - 1)
    assert found.found.logit[0] == pytest.approx(-logit, abs=1e-3)
    assert look.has("clean:19") and not look.has("clean:20") and not look.has("nowhere:1") and not look.has("clean:-1")
    assert not look.has("") and not look.has("clean")
    judged = dataclasses.replace(look.paths["drunk"], judged=torch.zeros(20, dtype=torch.bool))
    asleep = dataclasses.replace(look, paths={**look.paths, "drunk": judged})
    assert asleep.autopsy("trust", "drunk:0").why == NO_STEP
    for measure, sample in (("gender", "clean:1"), ("trust", "clean:20")):
        with pytest.raises(BadInput):
            look.autopsy(measure, sample)


def test_points_in_a_plane_have_fewer_paths():
    bundle = load_dataset("moons")
    samatha = SamathaConfig(adapter=MlpAdapterConfig())
    config = RunConfig(samatha=samatha, x_shape=(2,), n_classes=2, data="moons")
    found = looks(config, bundle)[-1]
    assert "void_letters" not in found.paths and "void_gaussian" in found.paths
    assert found.detail("trust", "void_gaussian").lowest[0].x.shape == (2,)
    figures = found.answers("trust", "clean").figures
    assert figures is not None and figures.confusion.shape == (2, 2)


def test_the_tab_draws_every_state(session: Session):
    empty = _panels(session, "trust", "clean", "")
    assert len(empty) == 4 and all("lab-empty" in panel["html"] for panel in empty)
    catalogued = {study.name for study in (SCORE, LEAVE_OUT)}
    assert catalogued <= set(catalogue.STUDIES)
    now = session.now
    pieces = list(SCORE.run(subject(now.run.config, now.run.bundle, now.snapshot().system), None))
    session.thought_now(sample=1, mode="both", noise=0.2)
    for found, state in ((pieces[0].found, "running"), (pieces[-1].found, "ready"), (pieces[-1].found, "failed")):
        status = SimpleNamespace(state=state, done=1, total=18, text="clean", found=found, version=-1)
        session.study = lambda name, status=status: status  # type: ignore[method-assign]
        for opened in (THOUGHT, "clean:2", "void_letters:3", "", 7, None):
            drawn = _panels(session, "confidence", "void_letters", opened)
            assert all(len(panel["html"]) < 300_000 for panel in drawn)
        assert "drunk thought on Converge" in _panels(session, "trust", "clean", THOUGHT)[3]["html"]
    assert "has not been trained" not in _panels(session, "trust", "clean", "")[0]["html"]
