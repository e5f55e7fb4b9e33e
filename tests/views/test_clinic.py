"""The ward round and a treatment as they are drawn: nothing is told too early, and what is told is said in words."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lab.views.exhibit_run import CourseInfo
from lab.views.treatment import ChooseInfo, CureInfo, TreatedInfo, choose_html, treated_html
from lab.views.ward_round import BedInfo, RoundInfo, ToldInfo, round_html, score_line

BEDS = (BedInfo(1, "told", named=True), BedInfo(2, "seen", open=True), BedInfo(3))
ROUND = RoundInfo(
    BEDS, "patient-2", open=2, failures=((6, "The loss <hardly> moves"), (10, "Probes")), cures=(("care", "care"),)
)
TOLD = ToldInfo(
    "Probes", "The loss <hardly> moves", False, False, 6, "care", False, ("a rate", "b"), "The rate.", "5e-3."
)
CURE = CureInfo("judge", "a judge <alone>", "It is made anew.", ((8, "Eight"), (3, "Three")))
CHOOSE = ChooseInfo("mine <b>", "digits", 7, 1234, (CURE, CureInfo("rate", "a rate", "It is raised.", ((6, "Six"),))))


def course(values: list[float]) -> CourseInfo:
    n = len(values)
    return CourseInfo(range(1, n + 1), values, range(n), values, np.zeros((8, 1, 4, 4), np.float32))


TREATED = TreatedInfo(
    "mine",
    "a rate",
    2,
    state="ready",
    seconds=8.0,
    steps=40,
    measure="excess <loss>",
    better="lower",
    exhibit=6,
    margin=0.1,
    courses={"broken": course([0.5, 0.49]), "fixed": course([0.5, 0.3])},
    inputs=np.zeros((8, 1, 4, 4), np.float32),
    values=(0.49, 0.3),
    ahead=0.19,
    outcome="helped",
    seed=3,
    n=500,
    open_run="mine",
)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- the ward round -----------------------------------------------------------------------------------------------


def test_the_score_is_one_line():
    assert score_line(ROUND) == "Ward round: 1 of 3 sicknesses named, 0 cures would help"
    one = replace(ROUND, beds=(replace(BEDS[0], helps=True), *BEDS[1:]))
    assert score_line(one) == "Ward round: 1 of 3 sicknesses named, 1 cure would help"
    html = round_html(ROUND)
    assert f'data-copy="{score_line(ROUND)}"' in html and "1 of 3 told" in words(html)


def test_a_bed_says_in_words_what_it_is():
    beds = re.findall(r'<button type="button" class="ward-bed".*?</button>', round_html(ROUND))
    assert [words(bed) for bed in beds] == [
        "Patient 1 ✓ right sickness · ✕ wrong cure Examine",
        "Patient 2 nothing said yet open now",
        "Patient 3 not seen Examine",
    ]
    assert 'aria-current="true"' in beds[1] and 'data-act="examine:3"' in beds[2]


def test_a_patient_is_asked_about_and_nothing_is_told():
    html = round_html(ROUND)
    assert re.findall(r'<option value="(.*?)">', html) == ["", "0", "6", "10", "", "none", "care"]
    assert "&lt;hardly&gt;" in html and "<hardly>" not in html
    assert 'data-key="say 2"' in html and 'data-act="tell:2"' in html and "Your first word counts." in html
    assert "ward-told" not in html and "symptoms, and no causes yet" in html
    for tab in ("Train", "Converge", "Probes", "Decoders", "Trust"):
        assert f'data-page="view:{tab}"' in html


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "✕ wrong You said: “Probes”. It has another sickness: “The loss <hardly> moves”."),
        ({}, "✕ wrong Your cure would not: care. What helps: a rate, or b."),
        ({"cure": ""}, "✕ wrong You said that it needs no cure. What helps: a rate, or b."),
        ({"said_well": True}, "You said that it is well. It has a sickness: “The loss <hardly> moves”."),
        ({"named": True, "helps": True}, "✓ right Right: “The loss <hardly> moves”."),
        ({"helps": True}, "✓ right Your cure would help: care."),
        ({"exhibit": None, "cures": ()}, "You said: “Probes”. There is nothing: it is well."),
        ({"exhibit": None, "cures": ()}, "Your cure would not be needed: care. Let it be."),
        ({"exhibit": None, "cures": (), "cure": "", "helps": True}, "✓ right Right, it needs no cure."),
    ],
)
def test_what_it_was_is_told(changes: dict, said: str):
    html = round_html(replace(ROUND, told=replace(TOLD, **changes)))
    assert said.replace("<", "&lt;").replace(">", "&gt;") in words(html)
    assert "ward-say" not in html and 'data-arrive="told 2"' in html
    assert ('data-act="exhibit:6"' in html) == ("exhibit" not in changes)


def test_nobody_open_and_nobody_there():
    assert "it takes the place of mine &amp; yours" in round_html(replace(ROUND, open=None, run="mine & yours"))
    assert "No patient came with this copy" in round_html(RoundInfo((), "mine"))


def test_what_would_be_lost_and_the_way_back_are_said():
    assert "not saved" not in round_html(ROUND) and 'data-act="back"' not in round_html(ROUND)
    html = words(round_html(replace(ROUND, unsaved=1, before="mine")))
    assert "1 step of patient-2 not saved" in html and "It takes the place of mine" in html and "Back to mine" in html


def test_beginning_again_asks_first():
    assert "Begin again" in round_html(ROUND)
    assert "Really?" in round_html(replace(ROUND, sure=True))
    assert "Begin again" not in round_html(replace(ROUND, beds=BEDS[1:]))  # nothing was said
    assert 'role="alert">Choose &lt;both&gt;' in round_html(replace(ROUND, error="Choose <both>"))


# --- treatment ------------------------------------------------------------------------------------------------------


def test_every_cure_says_what_is_done_and_for_what():
    html = choose_html(CHOOSE)
    assert "A judge &lt;alone&gt; It is made anew. for failures 3 and 8" in words(html)
    assert 'data-tip="3. Three\n8. Eight"' in html and "A rate It is raised. for failure 6" in words(html)
    assert "Open now: mine &lt;b&gt; , digits, seed 7, trained for 1,234 steps." in words(html)
    assert " checked" not in html and html.count('type="radio"') == 2
    assert 'value="rate" checked' in choose_html(replace(CHOOSE, chosen="rate"))
    assert "has not learned anything yet" in choose_html(replace(CHOOSE, trained=0))
    assert 'data-act="treat" disabled' in choose_html(replace(CHOOSE, busy=True))
    assert 'role="alert">Steps is 5' in choose_html(replace(CHOOSE, error="Steps is 5"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "It helps: after 40 steps excess <loss> is 0.300 cured and 0.490 as it is, 0.190 better."),
        (
            {"outcome": "little", "ahead": 0.05},
            "0.0500 better; in exhibit 6 the fixed side is ahead by 0.100 at least.",
        ),
        ({"outcome": "same"}, "It does not help: after 40 steps excess <loss> is 0.300 cured and 0.490 as it is."),
        (
            {"outcome": "worse", "ahead": -0.2},
            "It does not help: after 40 steps excess <loss> is 0.300 cured and 0.490 as",
        ),
        ({"outcome": "worse", "ahead": -0.2}, "0.200 worse."),
        ({"outcome": "unknown"}, "It cannot be told: excess <loss> is not a finite number after 40 steps."),
        ({"known": True}, "Excess <loss> is the number of failure 6, which this run is known to have."),
        ({}, "Excess <loss> is the number of failure 6, one that this cure is for. One run, one seed, n = 500"),
        ({"unsaved": 3}, "3 steps of mine not saved"),
    ],
)
def test_the_verdict_is_one_sentence(changes: dict, said: str):
    html = treated_html(replace(TREATED, **changes))
    assert said.replace("<", "&lt;").replace(">", "&gt;") in words(html)
    assert 'data-act="take:fixed"' in html and 'data-act="take:broken"' in html


def test_as_it_is_is_hollow_and_cured_is_solid():
    html = treated_html(TREATED)
    assert html.count('class="plot-line"') == 4 and html.count('stroke-dasharray="6 4"') == 2
    assert html.count('class="dot broken"') == html.count('class="dot fixed"') == 3
    assert html.count(">as it is</text>") == html.count(">cured</text>") == 2
    assert "n = 500 · seed 3" in html and html.count("<img") == 24
    assert ">broken<" not in html and ">fixed<" not in html


@pytest.mark.parametrize("ends", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.99), (0.02, 0.0)])
def test_the_names_of_the_lines_stand_apart_and_inside(ends: tuple[float, float]):
    courses = {side: course([0.5, end]) for side, end in zip(("broken", "fixed"), ends, strict=True)}
    html = treated_html(replace(TREATED, courses=courses))
    heights = [float(y) for y in re.findall(r'class="name \w+" x="[\d.]+" y="([\d.]+)"', html)]
    for upper, lower in (heights[:2], heights[2:]):
        assert lower - upper >= 17 and upper > 10 and lower < 216 - 44


def test_before_the_end_no_verdict_and_before_the_start_nothing():
    assert treated_html(TreatedInfo("", "", 0)) == ""
    busy = replace(TREATED, state="running", done=10, total=41, values=None, ahead=None, outcome=None)
    assert "step 10 of 40, stage 2," in words(treated_html(busy)) and 'data-act="stop"' in treated_html(busy)
    assert "Not to be told yet" in treated_html(busy) and "take:" not in treated_html(busy)
    waits = replace(busy, state="waiting", done=0, courses={}, inputs=None, seconds=None)
    assert "mine, a rate: waiting for its turn" in words(treated_html(waits)) and "<svg" not in treated_html(waits)
    left = replace(busy, state="cancelled")
    assert "Stopped before its end." in words(treated_html(left)) and "take:" not in treated_html(left)
    wrong = replace(waits, state="failed", text="no <probes>")
    assert "cannot be given to this run: no &lt;probes&gt;" in words(treated_html(wrong))


def test_points_have_no_pictures_and_what_is_not_finite_is_left_out():
    points = replace(TREATED, inputs=np.zeros((8, 2), np.float32))
    assert "<img" not in treated_html(points)
    nan = replace(TREATED, courses={side: course([float("nan")] * 2) for side in ("broken", "fixed")})
    assert "plot-line" not in treated_html(nan) and "nan" not in treated_html(nan)
