"""Addresses: what they mean, what is said of what they cannot mean, and that nothing in one raises."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.links import DIALS, MINDS, MOST_NOTICES, NAMES, Known, Link, first_question, parse, query_of
from lab.question import Question
from lab.tabs.page import Memory

FIRST = Question(sample=7, noise=0.5, n_steps=10, threshold=-1.0, skip=0.3, push=0.2)
KNOWN = Known(
    tabs=("Train", "Converge", "Probes"),
    tab="Converge",
    first=FIRST,
    sizes={"test": 1000, "train": 3000},
    weights=("own", "sharp"),
    patients=4,
)
WITH_FAILURES = replace(KNOWN, tabs=(*KNOWN.tabs, "Failures"))


def test_an_empty_address_is_what_the_page_shows_by_itself():
    assert parse({}, KNOWN) == Link("Converge", FIRST)


def test_an_address_opens_exactly_what_it_says():
    link = parse(
        {"tab": "converge", "sample": "17", "noise": "0.25", "drunk": "1", "gate": ".615", "steps": "20"}, KNOWN
    )
    assert link == Link("Converge", replace(FIRST, sample=17, noise=0.25, mode="drunk", threshold=0.615, n_steps=20))


@pytest.mark.parametrize(
    ("query", "tab"),
    [("TRAIN", "Train"), ("probes", "Probes"), (" Converge ", "Converge"), ("", "Converge")],
)
def test_tabs_are_known_in_any_case(query: str, tab: str):
    assert parse({"Tab": query}, KNOWN) == Link(tab, FIRST)


def test_a_training_input_has_its_own_numbers():
    assert parse({"part": "train", "sample": "2999"}, KNOWN).question == replace(FIRST, part="train", sample=2999)
    assert parse({"part": "train"}, KNOWN).question == replace(FIRST, part="train", sample=0)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("tab", "kitchen", "tab is 'kitchen'; expected one of Train, Converge, Probes. Converge is shown instead."),
        ("sample", "1000", "sample is '1000'; expected a whole number from 0 to 999. Test input 7 is shown instead."),
        ("sample", "1.5", "expected a whole number from 0 to 999"),
        ("sample", "９", "expected a whole number"),
        ("sample", "9" * 5000, "(5000 characters); expected a whole number"),
        ("noise", "nan", "noise is 'nan'; expected a number from 0 to 1.2. 0.5 is shown instead."),
        ("noise", "-0.1", "0.5 is shown instead"),
        ("noise", "0,5", "noise is '0,5'; expected a number"),
        ("steps", "0", "expected a whole number from 1 to 200. 10 is shown instead."),
        ("seed", "1e3", "expected a whole number from 0 to 2,147,483,647. 0 is shown instead."),
        ("gate", "2", "-1 is shown instead"),
        ("drunk", "very", "drunk is 'very'; expected one of 0, 1, both. A sober mind is shown instead."),
        ("part", "validation", "expected one of test, train. Test is taken instead."),
        ("weights", "stolen", "expected one of own, sharp"),
        ("exhibit", "16", "exhibit is '16'; expected a whole number from 1 to 15. None is shown instead."),
        ("patient", "5", "expected a whole number from 1 to 4"),
        ("nois", "0.5", "A link has no 'nois'; expected tab, sample, part, noise"),
    ],
)
def test_what_cannot_be_meant_is_told_and_falls_back(name: str, value: str, says: str):
    link = parse({name: value}, KNOWN)
    assert (link.tab, link.question, link.exhibit, link.patient) == ("Converge", FIRST, None, None)
    (notice,) = link.notices
    assert says in notice


def test_one_wrong_value_leaves_the_others():
    link = parse({"sample": "17", "noise": "loud", "drunk": "both"}, KNOWN)
    assert link.question == replace(FIRST, sample=17, mode="both")
    assert len(link.notices) == 1


def test_an_exhibit_opens_its_tab():
    assert parse({"exhibit": "10"}, WITH_FAILURES) == Link("Failures", FIRST, exhibit=10)
    assert parse({"patient": "3", "tab": "FAILURES"}, WITH_FAILURES) == Link("Failures", FIRST, patient=3)
    assert parse({"patient": "3", "tab": "train"}, WITH_FAILURES).tab == "Train"


def test_an_exhibit_of_a_page_without_its_tab_is_told():
    link = parse({"exhibit": "10"}, KNOWN)
    assert (link.tab, link.exhibit) == ("Converge", None)
    assert link.notices == ("This page has no tab Failures to show exhibits and patients in; Converge is shown.",)


def test_names_of_others_are_left_alone():
    assert parse({"__theme": "dark", "utm_source": "mail", "view": "api", "tour": "1"}, KNOWN).notices == ()


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), st.text() | st.integers().map(str) | st.floats().map(str)))
def test_nothing_raises(query: dict[str, str]):
    link = parse(query, WITH_FAILURES)
    assert link.tab in WITH_FAILURES.tabs
    assert 0 <= link.question.sample < WITH_FAILURES.sizes[link.question.part]
    assert len(link.notices) <= MOST_NOTICES
    assert all(len(notice) < 400 for notice in link.notices)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    part = draw(st.sampled_from(("test", "train")))
    dials = {
        dial.setting: draw(
            st.integers(int(dial.low), int(dial.high))
            if dial.whole
            else st.integers(int(dial.low * 1000), int(dial.high * 1000)).map(lambda n: n / 1000)
        )
        for dial in DIALS.values()
    }
    mode = draw(st.sampled_from(tuple(MINDS.values())))
    weights = draw(st.sampled_from(("own", "sharp")))
    sample = draw(st.integers(0, KNOWN.sizes[part] - 1))
    return Question(sample=sample, part=part, mode=mode, weights=weights, **dials)


@given(questions())
def test_what_is_written_is_read_again(question: Question):
    query = dict(pair.split("=") for pair in query_of(question, FIRST).split("&"))
    assert parse(query, KNOWN) == Link("Converge", question)


def test_a_short_link_says_input_noise_and_mind():
    assert query_of(FIRST, FIRST) == "tab=converge&sample=7&noise=0.5&drunk=0"


def test_the_first_question_is_that_of_the_run(session):
    info = session.run_info()
    first = first_question(info, session.gallery(30).samples)
    assert (first.threshold, first.skip, first.push, first.n_steps) == (
        info.threshold,
        info.skip,
        info.push,
        info.n_steps,
    )
    assert session.question_of(sample=first.sample).sample == first.sample


def test_a_linked_input_stands_in_the_gallery(session):
    usual = session.gallery(5).samples
    strange = next(n for n in range(session.sizes["test"]) if n not in usual)
    assert session.gallery(5, also=strange).samples == (*usual[:-1], strange)
    assert session.gallery(5, also=usual[2]).samples == usual


def test_a_tab_is_handed_its_link_once():
    memory = Memory()
    assert memory.link_for("Converge") is None
    memory = Memory()
    memory.link = Link("Failures", FIRST, exhibit=10)
    assert memory.link_for("Failures") is memory.link_for("Converge") is memory.link
    assert memory.link_for("Failures") is memory.link_for("Converge") is None
