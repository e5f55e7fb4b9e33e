"""The line on top: escaped names, four chips, an honest job."""

import pytest

from lab.views.header import JobInfo, header, header_html


def test_the_run_is_named_and_a_name_cannot_become_markup():
    html = header_html(header("<img src=x>", "digits", 3, 1306, ("done", "training", "stale", "untrained")))
    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
    assert "seed 3" in html
    assert "trained for 1,306 steps" in html
    for state in ("done", "training", "stale", "untrained"):
        assert f'data-state="{state}"' in html


def test_progress_speed_and_time_left():
    job = JobInfo("training", 1, 430, 630, steps_per_second=16.44, seconds_left=12.2, waiting=(2, 3))
    html = header_html(header("run", job=job))
    for text in ("training stage 1", "step 430 of 630", "16.4 steps/s", "12 s left", "then 2, 3", 'aria-valuenow="68"'):
        assert text in html


def test_what_is_not_known_is_not_shown():
    html = header_html(header("run", job=JobInfo("training", 0, 0, 126)))
    assert "steps/s" not in html
    assert "left" not in html


def test_paused_idle_and_broken():
    assert "paused in stage 2" in header_html(header("run", job=JobInfo("paused", 2, 10, 250)))
    assert "job: idle" in header_html(header("run"))
    broken = header_html(header("run", job=JobInfo("error", 1, message='"stability" is <not> finite')))
    assert 'role="alert"' in broken
    assert "&lt;not&gt;" in broken


def test_a_stage_that_was_begun_is_not_in_training():
    html = header_html(header("run", stages=("done", "done", "begun", "untrained")))
    assert "job: idle" in html and 'data-state="begun"' in html and ": training" not in html
    assert "…" not in html


def test_without_a_run_it_says_what_to_do():
    assert "start one" in header_html(header())


def test_unknown_states_are_refused():
    with pytest.raises(ValueError, match="untrained"):
        header(stages=("done",) * 3)
    with pytest.raises(ValueError, match="untrained"):
        header(stages=("done", "done", "done", "gone"))
