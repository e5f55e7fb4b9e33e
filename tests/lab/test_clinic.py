"""The clinic: what is said of a patient is judged once, a secret stays one, and a cured run is a run like any other."""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import looks_clinic, runs
from lab.exhibits import patients
from lab.exhibits.cures import CURES, cure_of, outcome
from lab.limits import BadInput
from lab.links import Known, first_question, parse
from lab.runs import RunError, open_run
from lab.session import Session
from lab.studies import doctor
from lab.studies.study import Studies, Study, Subject
from lab.studies.treatment import Ordered, watched
from lab.tabs import clinic as page
from lab.tabs.page import Memory
from satipatthana.configs import RunConfig, set_path
from satipatthana.data import DataBundle
from tests.lab.conftest import SMALL

SICK, WELL = 1, 2
ORIGINS: Mapping[int, dict[str, Any]] = {
    SICK: {"patient": SICK, "exhibit": 10, "variant": "broken"},
    WELL: {"patient": WELL},
}


@pytest.fixture(scope="module")
def beds(bundle: DataBundle, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Two tiny patients: the first has failure 10, the second is well."""
    from satipatthana.checkpoint import save_run

    config = RunConfig()
    for path, value in SMALL.items():
        config = set_path(config, path, value)
    root = tmp_path_factory.mktemp("patients")
    for n, origin in ORIGINS.items():
        run = runs.begin(config, bundle, origin=origin)
        run.trainer.train_stage(0, n_steps=3)
        run.trainer.train_stage(1, n_steps=3)
        save_run(root / str(n), run.trainer, origin=origin)
    return {n: root / str(n) for n in ORIGINS}


@pytest.fixture
def ward(session: Session, beds: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> Session:
    """A visitor with these two in his ward."""
    monkeypatch.setattr(patients, "folders", lambda: beds)
    monkeypatch.setattr(looks_clinic, "folders", lambda: beds)
    return session


def treated(session: Session, **order: Any) -> Any:
    """Treats the open run and waits for the end."""
    session.treat(**order)
    tick = threading.Event()
    for _ in range(6000):
        status = session.clinic.treatment()
        if not status.busy:
            assert status.state == "ready", status.text
            return status.found
        tick.wait(0.01)
    raise AssertionError("in vain")


# --- the ward round -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patient", "diagnosis", "cure", "named", "helps"),
    [
        (SICK, 10, "care", True, True),
        (SICK, 10, "k-means", True, True),
        (SICK, 10, "none", True, False),
        (SICK, 6, "care", False, True),
        (SICK, 0, "none", False, False),
        (WELL, 0, "none", True, True),
        (WELL, 0, "care", True, False),
        (WELL, 10, "none", False, True),
    ],
)
def test_sickness_and_cure_are_judged_each_by_itself(ward: Session, patient, diagnosis, cure, named, helps):
    told = ward.clinic.tell(patient, diagnosis, cure)
    assert (told.named, told.helps) == (named, helps)
    score = ward.clinic.score()
    assert (score.named, score.helped, score.of) == (int(named), int(helps), 2)


def test_the_first_word_stands(ward: Session):
    first = ward.clinic.tell(SICK, 6, "rate")
    assert ward.clinic.tell(SICK, 10, "care") == first
    assert (ward.clinic.score().named, ward.clinic.score().helped) == (0, 0)
    ward.clinic.tell(WELL, 0, "none")
    assert (ward.clinic.score().named, ward.clinic.score().helped) == (1, 1)


def test_the_next_one_begins_again(ward: Session):
    ward.admit(SICK)
    ward.clinic.tell(SICK, 10, "care")
    ward.clinic.begin_again()
    score = ward.clinic.score()
    assert (score.told, score.seen, score.of) == ((), frozenset(), 2)
    assert ward.clinic.undisclosed(ORIGINS[SICK])
    assert ward.clinic.tell(SICK, 10, "none").named


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ((3, 10, "care"), "Patient is 3; expected"),
        (("1", 10, "care"), "Patient is '1'"),
        ((None, 10, "care"), "Patient is empty"),
        ((SICK, 99, "care"), "Diagnosis is 99; expected one of: 0"),
        ((SICK, True, "care"), "Diagnosis is True"),
        ((SICK, 10, "prayer"), "Cure is 'prayer'"),
        ((SICK, 10, ["care"]), "Cure is a list of 1"),
        ((SICK, 10, None), "Cure is empty"),
    ],
)
def test_what_cannot_be_said_is_refused_and_counts_for_nothing(ward: Session, said: tuple, words: str):
    with pytest.raises(BadInput, match=words):
        ward.clinic.tell(*said)
    assert ward.clinic.score().told == ()


def test_without_patients_it_is_said_what_there_is_instead(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patients, "folders", dict)
    with pytest.raises(BadInput, match="No patient came with this copy"):
        session.admit(1)


def test_a_secret_is_one_of_this_ward_until_it_is_told(ward: Session):
    clinic = ward.clinic
    cured = {**ORIGINS[SICK], "cures": ["care"]}
    assert clinic.undisclosed(ORIGINS[SICK]) and clinic.undisclosed(cured)
    for other in (None, {}, {"exhibit": 10, "variant": "broken"}, {"patient": 77}, {"patient": [1]}, {"patient": True}):
        assert not clinic.undisclosed(other) and clinic.patient(other) is None
    assert clinic.sickness(ORIGINS[SICK]) is None
    assert clinic.sickness({"exhibit": 10, "variant": "broken"}) == 10
    clinic.tell(SICK, 0, "none")
    assert not clinic.undisclosed(cured) and clinic.undisclosed(ORIGINS[WELL])
    assert clinic.sickness(ORIGINS[SICK]) == 10 and clinic.sickness({"exhibit": [10]}) is None


def test_a_patient_is_a_run_of_its_own(ward: Session):
    mine = ward.now.run
    ward.train(0, 2)
    info = ward.admit(SICK)
    assert info.name == "patient-1" and ward.patient == SICK and ward.unsaved_steps == 0
    assert ward.clinic.score().seen == {SICK}
    if ward.before:  # it had taken a step before it was left
        ward.go_back()
        assert ward.now.run is mine and ward.patient is None


# --- what is secret -------------------------------------------------------------------------------------------------


def test_a_study_knows_whether_all_may_be_said(ward: Session, monkeypatch: pytest.MonkeyPatch):
    looked: list[Subject] = []
    monkeypatch.setattr(ward._studies, "start", lambda kind, subject, sent: looked.append(subject))
    ward.start_study("doctor")
    ward.admit(SICK)
    ward.start_study("doctor")
    ward.clinic.tell(SICK, 10, "care")
    ward.start_study("doctor")
    assert [subject.undisclosed for subject in looked] == [False, True, False]
    assert looked[1].key != looked[2].key  # what was found while it was a secret is not shown afterwards


def test_the_doctor_is_told(ward: Session, monkeypatch: pytest.MonkeyPatch):
    seen: list[bool] = []
    monkeypatch.setattr(
        "satipatthana.diagnostics.doctor.examine", lambda patient: iter([seen.append(patient.undisclosed)])
    )
    for undisclosed in (True, False):
        now = ward.now
        subject = Subject("a", now.run.config, now.run.bundle, now.snapshot(), lambda index: None, undisclosed)  # type: ignore[arg-type, return-value]
        list(doctor.run(subject, None))
    assert seen == [True, False]


# --- treatment ------------------------------------------------------------------------------------------------------


def test_an_order_is_checked_before_anything_is_copied(ward: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.exhibits.treatment.twin", lambda trainer: pytest.fail("it was copied"))
    for order, words in (
        ({"cure": "prayer"}, "Cure is 'prayer'"),
        ({"cure": "care", "steps": 5}, "Steps is 5; expected a whole number from 10 to 400"),
        ({"cure": "care", "steps": float("nan")}, "Steps is nan"),
        ({"cure": "care", "steps": "10"}, "Steps is '10'"),
    ):
        with pytest.raises(BadInput, match=words):
            ward.treat(**order)
    assert ward.clinic.treatment().state == "none" and ward.clinic.bed is None


def test_nobody_is_opened_before_the_end(ward: Session):
    with pytest.raises(RunError, match="not come to its end"):
        ward.open_treated("fixed")
    with pytest.raises(BadInput, match="Variant is 'both'"):
        ward.open_treated("both")


def test_a_cured_run_is_saved_and_opened_as_what_it_is(ward: Session):
    ward.admit(SICK)
    pair = treated(ward, cure="care", steps=10)
    assert pair.number == 10 and pair.total == 10
    info = ward.open_treated("fixed")
    origin = {**ORIGINS[SICK], "cures": ["care"]}
    assert info.name == "patient-1-care" and ward.now.run.origin == origin and ward.patient == SICK
    folder = ward.save("well-again")
    assert json.loads((folder / "origin.json").read_text("utf-8")) == origin
    ward.open_run("well-again")
    again = ward.now.run
    assert again.origin == origin and again.config.curriculum.stage1.weights["balance"] == 0.3
    assert len(again.trainer.history) == 3 + 3 + 10
    again.trainer.train_stage(1, n_steps=1)  # it goes on
    ward.open_treated("broken")
    assert ward.now.run.name == "patient-1-untreated" and ward.now.run.origin == ORIGINS[SICK]


def test_cures_add_up_and_a_long_name_says_the_last(ward: Session):
    ward._take(open_run(patients.folders()[WELL], "x" * runs.LONGEST_NAME))
    treated(ward, cure="care", steps=10)
    ward.open_treated("fixed")
    treated(ward, cure="k-means", steps=10)
    info = ward.open_treated("fixed")
    assert ward.now.run.origin == {"patient": WELL, "cures": ["care", "k-means"]}
    assert info.name.endswith("-k-means") and len(info.name) <= runs.LONGEST_NAME


def test_what_a_run_is_known_to_have_is_watched_and_a_secret_is_not(ward: Session):
    ward.admit(SICK)
    treated(ward, cure="rate", steps=10)
    bed = ward.clinic.bed
    assert bed is not None and bed.sickness is None and watched(bed, Ordered("rate", 10)).number == 6
    ward.clinic.tell(SICK, 10, "care")
    treated(ward, cure="rate", steps=10)  # not what was found while it was a secret
    bed = ward.clinic.bed
    assert bed is not None and bed.sickness == 10 and watched(bed, Ordered("rate", 10)).number == 10
    info = looks_clinic.treated(ward.clinic)
    assert (info.exhibit, info.known, info.measure, info.stage) == (10, True, "usage perplexity", 2)
    assert info.values is not None and info.outcome == "same"  # stage 2 moves no probe
    assert all(len(course.loss) == 10 for course in info.courses.values())


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(1.0, "helped"), (0.5, "little"), (0.09, "same"), (-0.09, "same"), (-0.5, "worse"), (float("nan"), "unknown")],
)
def test_an_outcome_is_measured_by_the_margin_of_the_exhibit(ahead: float, said: str):
    assert outcome(ahead, 1.0) == said


def test_few_results_are_kept_where_each_is_large():
    done: list[int] = []

    def work(subject: Any, settings: int) -> Iterator[Any]:
        done.append(settings)
        yield from ()

    kept = Studies(1)
    kind = Study("work", work, lambda sent: sent["n"])
    tick = threading.Event()
    for n in (1, 2, 2, 1):
        kept.start(kind, type("Thing", (), {"key": (0, 0)})(), {"n": n})
        while kept.status("work").busy:
            tick.wait(0.005)
    kept.close()
    assert done == [1, 2, 1]


# --- the page -------------------------------------------------------------------------------------------------------


def no_exhibit(visitor: Any, memory: Memory, number: Any) -> None:
    memory["shown"] = number


def press(session: Session, memory: Memory, act: str, **form: Any) -> str:
    name, _, more = act.partition(":")
    return page.do(session, memory, name, more, form, no_exhibit)


def test_a_round_by_what_the_page_sends(ward: Session):
    memory = Memory()
    assert press(ward, memory, "examine:1") == "" and memory.pop(page.OPENING) == ("patient", SICK)
    page.OPENS["patient"](ward, SICK)
    press(ward, memory, "examine:1")
    assert memory.pop(page.OPENING) == ("patient", SICK)  # as it came, whatever was done with it since
    for form in ({}, {"diagnosis": "", "cure": "care"}, {"diagnosis": "10", "cure": ""}):
        with pytest.raises(BadInput, match="Choose both"):
            press(ward, memory, "tell:1", **form)
    press(ward, memory, "tell:1", diagnosis="10", cure="care")
    assert ward.clinic.score().named == 1
    assert press(ward, memory, "exhibit:10") == "Failures" and memory["shown"] == 10
    press(ward, memory, "again")
    assert ward.clinic.score().named == 1  # he is asked first
    press(ward, memory, "again")
    assert ward.clinic.score().named == 0 and page.SURE not in memory


@pytest.mark.parametrize("act", ["", "examine:x", "tell:", "take:both", "bite:1", "exhibit" * 30])
def test_what_a_page_cannot_have_meant_is_refused(ward: Session, act: str):
    memory = Memory()
    with pytest.raises((BadInput, RunError)):
        press(ward, memory, act, diagnosis="10", cure="care")
        what, which = memory.pop(page.OPENING)
        page.OPENS[what](ward, which)


def test_no_cure_is_said_in_place(ward: Session):
    with pytest.raises(BadInput, match="No cure is chosen"):
        press(ward, Memory(), "treat", steps=100)


def test_the_looks_say_what_is_so(ward: Session):
    ward.admit(SICK)
    info = looks_clinic.ward_round(ward)
    assert [(bed.number, bed.state, bed.open) for bed in info.beds] == [(1, "seen", True), (2, "new", False)]
    assert info.open == SICK and info.told is None and not info.cured
    ward.clinic.tell(SICK, 6, "care")
    told = looks_clinic.ward_round(ward).told
    assert told is not None and (told.named, told.helps, told.exhibit) == (False, True, 10)
    assert told.cures == tuple(cure.label for cure in CURES if 10 in cure.helps) and told.why
    ward.admit(WELL)
    ward.clinic.tell(WELL, 0, "none")
    told = looks_clinic.ward_round(ward).told
    assert told is not None and told.exhibit is None and told.cures == () and told.cure == ""
    choose = looks_clinic.choose(ward)
    assert choose.run == "patient-2" and choose.trained == 6 and len(choose.cures) == len(CURES)
    assert looks_clinic.treated(ward.clinic).state == "none"


def test_a_failed_treatment_is_told_in_its_own_words(ward: Session, monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: Any) -> Any:
        raise ValueError("It has no probes to set.")

    monkeypatch.setattr("lab.exhibits.treatment.cured", refuse)
    with pytest.raises(AssertionError, match="no probes"):
        treated(ward, cure="k-means", steps=10)
    info = looks_clinic.treated(ward.clinic)
    assert (info.state, info.text, info.values) == ("failed", "It has no probes to set.", None)
    assert info.cure == cure_of("k-means").label


def test_a_link_is_read_with_the_dials_of_the_patient(ward: Session):
    def known() -> Known:
        first = first_question(ward.run_info(), ward.gallery(10).samples)
        return Known(("Converge", "Failures"), "Converge", first, ward.sizes, patients=2)

    link = parse({"patient": "2"}, known())
    assert (link.tab, link.patient) == ("Failures", 2)
    assert parse({"patient": "3"}, known()).notices == (
        "patient is '3'; expected a whole number from 1 to 2. None is shown instead.",
    )


def test_a_thought_of_the_run_before_is_not_drawn_in_the_next(ward: Session, monkeypatch: pytest.MonkeyPatch):
    ward.thought_now(sample=0)
    own = ward._source

    def replaced(question: Any) -> Any:
        ward.admit(SICK)
        return own(question)

    monkeypatch.setattr(ward, "_source", replaced)
    assert ward.thought_replay() is None
