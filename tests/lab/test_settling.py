"""The settling and budget studies of a session, drawn as the tab draws them."""

import threading

import pytest

from lab.limits import BadInput
from lab.session import Session
from lab.studies.study import StudyStatus
from lab.tabs.settling import draw_budget, draw_settling, last_question


def ready(session: Session, name: str) -> StudyStatus:
    waiting = threading.Event()
    for _ in range(4000):
        status = session.study(name)
        if not status.busy:
            assert status.state == "ready", status.text
            return status
        waiting.wait(0.005)
    raise AssertionError(f"in vain: {session.study(name)}")


def test_before_a_thought_there_is_nothing_to_judge(session: Session):
    with pytest.raises(BadInput, match="no thought to judge"):
        session.start_study("settling", **last_question(session))
    with pytest.raises(BadInput, match="no thought to judge"):
        session.start_study("settling", question="forged")
    assert "No thought has been judged yet" in draw_settling(session, session.study("settling"))


def test_the_last_thought_is_judged_with_its_own_settings(session: Session):
    shown = session.thought_now(sample=2, noise=0.5, mode="both", n_steps=7, skip=1.0, threshold=-1)
    session.start_study("settling", **last_question(session))
    status = ready(session, "settling")
    assert status.settings == shown.question == session.question
    sober, drunk = status.found.minds["sober"].verdict, status.found.minds["drunk"].verdict
    assert sober.steps == 7 and drunk.kind == "skipped step" and drunk.taken == 0
    own = shown.thoughts["sober"].step_size[:, 0]
    assert sober.step_size[:7] == pytest.approx(own)
    assert status.found.crowd.n == 20
    page = draw_settling(session, status)
    assert "Test input 2, noise σ 0.5, drunk skips 100 % of its steps" in page and "another thought by now" not in page
    session.thought_now(sample=3)
    assert "another thought by now" in draw_settling(session, status)


def test_budgets_of_an_untrained_run_have_readouts_only(session: Session):
    session.start_study("budget")
    status = ready(session, "budget")
    assert status.found.own.cells["T = 10"]["clean"].answer is None
    page = draw_budget(session, status)
    assert "is not trained yet" in page and "blurred targets" in page
    with pytest.raises(BadInput, match="no setting"):
        session.start_study("budget", depth=3)
