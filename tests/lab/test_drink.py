"""The studies of drink and planes on a small run."""

import pytest

from lab.limits import BadInput
from lab.question import Question
from lab.session import Session
from lab.studies.drink import CUTS, DOSE, Drink
from lab.studies.study import Subject


@pytest.fixture
def subject(session: Session) -> Subject:
    now = session.now
    return Subject(now.run.name, now.run.config, now.run.bundle, now.snapshot(), lambda index: now.snapshot().system)


def test_only_what_fits_is_taken():
    assert DOSE.check({"noise": 0.5, "seed": 3}) == Drink(0.5, 3) and DOSE.check({}) == Drink()
    for sent in ({"noise": float("nan")}, {"seed": -1}, {"strength": 1}, {"noise": None}):
        with pytest.raises(BadInput):
            DOSE.check(sent)
    assert CUTS.check({"question": Question(3)}) == Question(3)
    for sent in ({}, {"question": None}, {"question": {"sample": 3}}):
        with pytest.raises(BadInput, match="no thought yet"):
            CUTS.check(sent)


def test_a_sweep_yields_a_setting_at_a_time(subject: Subject):
    pieces = DOSE.run(subject, Drink(seed=1))
    first = next(pieces)
    assert first.found is not None
    assert (first.done, first.total, first.found.n) == (1, 64, 20)
    pieces.close()  # type: ignore[attr-defined]


def test_the_planes_of_the_thought_on_the_page(session: Session, subject: Subject):
    session.thought_now(sample=4, noise=0.5)
    assert session.question is not None
    *_, last = CUTS.run(subject, session.question)
    assert last.found is not None
    assert last.found.question == session.question and last.found.ground is None
    assert last.found.planes.basins is not None and last.found.planes.field is not None
    assert last.done == last.total == 2


def test_twins_of_the_thought_on_the_page(session: Session):
    with pytest.raises(BadInput, match="no thought yet"):
        session.twins_info()
    session.thought_now(sample=4, noise=0.5, seed=2, skip=1.0, push=0.0)
    found = session.twins_info()
    assert found is session.twins_info()
    assert (found.skip, found.push, found.question.seed) == (1, 0, 2)
    assert found.twins.skipped.all() and found.twins.parted[0] == 1
