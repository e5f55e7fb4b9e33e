"""The wall and an exhibit: nothing is told too early, what is told is what was measured, and nothing jumps."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from lab.views.exhibit import (
    DialInfo,
    ExhibitInfo,
    FigureInfo,
    StoryInfo,
    ask_html,
    dials_html,
    head_html,
    told_html,
    why_html,
)
from lab.views.exhibit_run import (
    CourseInfo,
    RunInfo,
    _apart,
    run_html,
    smoothed,
    step_axis,
    strip_html,
    value_axis,
)
from lab.views.thumbnails import THUMBNAILS, thumbnail_svg
from lab.views.wall import WallCard, WallResult, wall_html

NAN = float("nan")
STORY = StoryInfo(
    number=3,
    title="A <sick> network",
    founding=True,
    symptom="It does not learn & nobody knows.",
    guess="Too small.",
    question="What will happen?",
    options=("nothing", "something", "all"),
    answer=1,
    because="So it was.",
    cause="The cause.",
    cure="The cure.",
    lesson="The lesson.",
    measured="Other than told.",
    code="x = a < b",
    where="lab.some:thing",
    looks="Probes/gates",
)
FIGURE = FigureInfo("perplexity", "higher", "how many answer", 5.2, 9.81, 4.61, 1.0)
DIALS = (
    DialInfo("fixed|a.b", "balance", "fixed", 0.5, 0.3, 0.0, 5.0),
    DialInfo("both|a.kind", "kind", "both", "tall", "short", 0, 0, ("short", "tall")),
)
TOLD = ExhibitInfo(STORY, FIGURE, "told", begun=True, expected=0, dials=DIALS, seed=4, n=250, before=2, after=None)
ASKED = ExhibitInfo(STORY, replace(FIGURE, broken=None, fixed=None, ahead=None))


def course(n: int = 40, level: float = 1.0, pictures: float | None = 0.0) -> CourseInfo:
    steps = tuple(range(1, n + 1))
    drawn = None if pictures is None else np.full((8, 1, 4, 4), pictures)
    return CourseInfo(steps, tuple(level / step for step in steps), (0, n), (1.0, level), drawn)


RUN = RunInfo(
    number=3,
    curve="total",
    measure="perplexity",
    better="higher",
    state="running",
    done=40,
    total=101,
    text="stage 1",
    seconds=8.0,
    steps=100,
    stages=((0, 30), (1, 70)),
    courses={"broken": course(level=2.0), "fixed": course(level=1.0)},
    inputs=np.zeros((8, 1, 4, 4)),
    seed=4,
    n=250,
)


# --- the wall ---------------------------------------------------------------------------------------------------


def test_every_card_opens_and_says_how_it_stands():
    cards = [
        WallCard(1, "One <b>", True),
        WallCard(2, "Two", False, share=0.41),
        WallCard(3, "Three", True, WallResult("loss", 0.4949, 0.1635, "right"), last=True),
        WallCard(4, "Four", True, left=True),
    ]
    html = wall_html(cards)
    assert [int(n) for n in re.findall(r'data-act="open:(\d+)"', html)] == [1, 2, 3, 4]
    assert "One &lt;b&gt;" in html and "<b>1</b> founding" in html and "<b>2</b> found since" in html
    assert "not run yet" in html and "left before its end" in html
    assert "scaleX(0.40)" in html, "in twentieths"
    assert "✓ foreseen" in html and "0.495" in html and "0.164" in html
    assert html.count("data-arrive") == 1 and 'data-arrive="card 3"' in html
    assert "1 of 4 run" in html


def test_a_wall_without_cards_says_so():
    assert "no exhibits" in wall_html([])


def test_fifteen_symptoms_are_drawn_each_its_own_and_the_rest_by_two_curves():
    drawn = {thumbnail_svg(number) for number in range(1, 16)}
    assert len(drawn) == len(THUMBNAILS) == 15
    assert thumbnail_svg(16) == thumbnail_svg(99) not in drawn
    for svg in (*drawn, thumbnail_svg(16)):
        assert "nan" not in svg and len(svg) < 20_000
    wall = wall_html([WallCard(n, "A title", True) for n in range(1, 16)])
    assert len(wall) < 60_000


# --- what is told, and when -------------------------------------------------------------------------------------


def test_before_it_has_run_nothing_is_given_away():
    shown = head_html(ASKED) + ask_html(ASKED) + dials_html(ASKED) + told_html(ASKED) + why_html(ASKED)
    assert "A &lt;sick&gt; network" in shown and "nobody knows" in shown and "Too small." in shown
    for secret in ("The cause.", "The cure.", "The lesson.", "So it was.", "Other than told.", "x = a", "answer'"):
        assert secret not in shown
    assert re.findall(r'data-act="(expect:\d*)"', shown) == ["expect:0", "expect:1", "expect:2", "expect:"]


def test_who_begins_while_another_runs_is_warned():
    assert "Exhibit 7 is running" in ask_html(replace(ASKED, running=7))
    assert "is running" not in ask_html(ASKED)


def test_while_it_runs_the_answer_stays_open_and_the_choice_stands():
    html = ask_html(replace(ASKED, phase="run", begun=True, busy=True, expected=2))
    assert "data-act" not in html and html.count("disabled") == 3
    assert html.count("data-is='mine'") == 1 and "✓" not in html and "✕" not in html


@pytest.mark.parametrize(("expected", "said"), [(1, "Right."), (0, "Not so."), (None, "Something.")])
def test_afterwards_it_says_whether_it_was_foreseen(expected: int | None, said: str):
    info = replace(TOLD, expected=expected)
    assert said in told_html(info) and "So it was." in told_html(info)
    asked = ask_html(info)
    assert asked.count("✓") == 1 and asked.count("✕") == (expected == 0)
    assert ("without a guess" in asked) == (expected is None)


def test_figures_and_margin_and_sample_size():
    html = told_html(TOLD)
    assert ">5.20<" in html and ">9.81<" in html and "ahead by 4.61" in html and "at least 1.00" in html
    assert "n = 250 · seed 4" in html and "Perplexity</b>, higher is better" in html and "How many answer." in html
    behind = told_html(replace(TOLD, figure=replace(FIGURE, ahead=-0.1)))
    assert "not ahead here" in behind
    waiting = told_html(replace(TOLD, busy=True, figure=replace(FIGURE, broken=None, fixed=None, ahead=None)))
    assert ">–<" in waiting and "fixed is ahead" not in waiting


def test_patients_can_be_opened_but_not_while_it_runs_again():
    html = told_html(TOLD)
    acts = re.findall(r'data-act="((?:patient|doctor):\w+)"', html)
    assert acts == ["patient:broken", "patient:fixed", "doctor:broken"]
    assert "Probes shows it" in html and "not saved" not in html
    assert "120 steps" in told_html(replace(TOLD, unsaved=120))
    assert told_html(replace(TOLD, busy=True)).count("disabled") == 3


def test_the_rest_of_the_story_with_its_code():
    html = why_html(TOLD)
    order = [html.index(words) for words in ("The cause.", "The cure.", "Other than told.", "The lesson.")]
    assert order == sorted(order)
    assert "x = a &lt; b" in html and "lab.some.thing" in html
    plain = why_html(replace(TOLD, story=replace(STORY, measured="", code="")))
    assert "contradicts" not in plain and "<pre" not in plain


def test_dials_show_value_default_and_side_and_come_when_it_has_begun():
    html = dials_html(TOLD)
    assert 'name="fixed|a.b" value="0.5" data-default="0.3" min="0" max="5"' in html
    assert '<option value="tall" selected>' in html and 'data-default="short"' in html
    assert 'name="seed" value="4" data-default="0"' in html
    assert "of the fixed side" in html and "of both sides" in html
    assert 'data-key="dials 3"' in html and "data-defaults" in html
    assert dials_html(ASKED) == ""
    assert 'data-act="run" disabled' in dials_html(replace(TOLD, busy=True))


def test_what_was_refused_is_said_where_it_was_sent():
    assert "Seed is &lt;x&gt;." in dials_html(replace(TOLD, error="Seed is <x>."))
    assert 'role="alert"' in ask_html(replace(ASKED, error="No.")) and "alert" not in ask_html(
        replace(TOLD, error="No.")
    )


def test_the_head_leads_to_the_wall_and_to_the_neighbours():
    html = head_html(TOLD)
    assert 'data-act="wall"' in html and 'data-act="open:2"' in html and html.count("disabled") == 1


# --- while it runs ----------------------------------------------------------------------------------------------


def test_progress_says_how_far_and_how_long():
    html = run_html(RUN)
    assert "step 40 of 100, stage 1 · 8 s gone, about 12 s left" in html
    assert 'data-act="stop"' in html and "scaleX(0.396)" in html
    assert "n = 250 · seed 4" in html


@pytest.mark.parametrize(
    ("state", "said", "stop"),
    [
        ("none", "Nothing has run yet", False),
        ("waiting", "Waiting for its turn", True),
        ("ready", "100 steps each, 8.0 s", False),
        ("cancelled", "Stopped before its end", False),
        ("failed", "It went wrong: No &lt;room&gt;.", False),
    ],
)
def test_every_state_has_its_sentence(state: str, said: str, stop: bool):
    html = run_html(replace(RUN, state=state, text="No <room>."))
    assert said in html and ("data-act" in html) == stop


def test_a_run_without_figures_is_being_made():
    html = run_html(RunInfo(3, "total", "perplexity", "higher", "running"))
    assert "Making both networks" in html and html.count('class="plot"') == 2


def test_turned_dials_and_a_run_that_was_left_are_named():
    assert "· with balance 2.00" in run_html(replace(RUN, state="ready", dials="balance 2.00"))
    assert "(stopped)" in run_html(replace(RUN, state="ready", left="Stopped."))


def test_broken_is_hollow_and_dashed_and_fixed_is_solid():
    html = run_html(RUN)
    assert html.count('stroke-dasharray="6 4"') == 2
    lines = re.findall(r'<path class="plot-line"[^>]*stroke="var\(--(\w+)\)"( stroke-dasharray)?', html)
    assert lines == [("good", ""), ("bad", " stroke-dasharray")] * 2
    assert html.count("dot broken") == 3 and html.count("dot fixed") == 3  # two of the measure, the loss's end
    assert html.count(">broken</text>") == html.count(">fixed</text>") == 2
    assert html.count("stage 1</text>") == 2 and "stage 0<" not in html
    assert "Loss: total <span>mean of 5 steps" in html and "Perplexity, higher is better" in html
    assert "step 1\nbroken" in html


def test_a_loss_that_is_no_number_leaves_a_gap():
    sick = CourseInfo((1, 2, 3, 4), (1.0, NAN, float("inf"), 2.0), (0,), (NAN,), None)
    html = run_html(replace(RUN, courses={"broken": sick, "fixed": course()}))
    drawn = re.findall(r' d="([^"]*)"', html)
    assert len(drawn) >= 4 and not any("nan" in path or "inf" in path for path in drawn)


def test_smoothing_is_a_mean_of_the_last_ones():
    x, y = smoothed((1, 2, 3, 4), (4.0, 2.0, 6.0, 1.0), 3)
    assert x.tolist() == [1, 2, 3, 4] and y.tolist() == [4, 3, 4, 3]
    assert smoothed((1, 2, 3), (1.0, NAN, 3.0), 2)[1].tolist()[::2] == [1.0, 3.0]
    assert np.isnan(smoothed((1, 2), (1.0, NAN), 2)[1][1])
    assert smoothed((), (), 5)[1].tolist() == []
    assert smoothed((1, 2), (5.0, 7.0), 1)[1].tolist() == [5, 7]


@pytest.mark.parametrize(
    ("values", "low", "high", "log"),
    [
        ([0.5096, 0.5097], 0, 0.6, False),
        ([5.4, 9.8], 0, 10, False),
        ([0.01, 0.7], 0.01, 1, True),
        ([-0.4, 0.3], -0.4, 0.4, False),
        ([0.0, 3.0], 0, 3, False),
        ([2e-5, 9e-3], 2e-5, 0.01, True),
        ([], 0, 1, False),
        ([NAN], 0, 1, False),
        ([0.0], 0, 1, False),
    ],
)
def test_axes_hold_their_values(values: list[float], low: float, high: float, log: bool):
    axis = value_axis([np.array(values, dtype=float)], "loss")
    assert (axis.low, axis.high) == (pytest.approx(low), pytest.approx(high))
    assert axis.log == log and ("log" in axis.name) == log
    assert 2 <= len(axis.ticks) <= 7 and all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert len({axis.label(tick) for tick in axis.ticks}) == len(axis.ticks)


def test_steps_are_marked_from_the_first_to_the_last():
    assert step_axis(200).ticks == (0, 50, 100, 150, 200)
    assert step_axis(150).high == 150 and step_axis(7).ticks[-1] <= 7
    assert step_axis(0).ticks == ()


@pytest.mark.parametrize("ends", [(20.0, 20.0), (12.0, 14.0), (160.0, 165.0), (30.0, 150.0), (90.0,), (170.0, 171.0)])
def test_names_of_lines_stand_apart_and_inside(ends: tuple[float, ...]):
    names = _apart(ends, 216)
    assert all(8 < name < 216 - 44 for name in names)
    assert all(b - a >= 17 for a, b in itertools.pairwise(names))


def test_a_running_pair_stays_small():
    n = 2000
    whole = replace(RUN, steps=n, courses={"broken": course(n, 2.0), "fixed": course(n)})
    assert len(run_html(whole)) + len(strip_html(whole)) < 150_000


# --- the pictures -----------------------------------------------------------------------------------------------


def test_eight_pictures_in_three_rows_which_keep_their_places():
    html = strip_html(RUN)
    assert html.count("<img") == 24 and "broken, input 8" in html
    early = strip_html(replace(RUN, courses={}, inputs=None))
    assert early.count("blank") == 24 and "first steps" in early
    assert strip_html(replace(RUN, state="none")) == ""


def test_pictures_that_tell_nothing_say_so_at_the_end():
    assert "Both draw the same" not in strip_html(RUN)
    assert "Both draw the same" in strip_html(replace(RUN, state="ready"))
    other = {"broken": course(pictures=0.5), "fixed": course()}
    assert "Both draw the same" not in strip_html(replace(RUN, state="ready", courses=other))


def test_points_have_no_pictures():
    assert "not pictures" in strip_html(replace(RUN, inputs=np.zeros((8, 2))))
