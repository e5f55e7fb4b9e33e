"""Settling, below the instrument of Converge: how the last thought ended, how a crowd does, and what it is worth."""

import gradio as gr

from lab.question import Question
from lab.session import Session
from lab.studies.convergence import BUDGET, SETTLING
from lab.studies.study import StudyStatus
from lab.tabs.page import FIRST_TAB, Page
from lab.tabs.study import study_panel
from lab.views.budget import BudgetInfo, budget_html
from lab.views.progress import Working, progress_html
from lab.views.settling import SettlingInfo, settling_html

WORDS = {
    "title": "How does it settle, and does it help?",
    "settle": "Judge the last thought",
    "budget": "Compare budgets",
    "shipped": "The shipped run “local”, in which thinking pays, as measured when it was made",
    "noise": ", noise σ {noise:g}",
    "drunk": ", drunk skips {skip:g} % of its steps, push σ {push:g}",
    "gate": ", gate at {threshold:.3g}",
    "other": " (the page shows another thought by now)",
}


def section(page: Page) -> None:
    """A closed accordion with both studies. Call it inside the tab."""
    with gr.Accordion(WORDS["title"], open=False, elem_id="settling-section"):
        study_panel(page, FIRST_TAB, SETTLING.name, WORDS["settle"], draw_settling, more=last_question)
        study_panel(page, FIRST_TAB, BUDGET.name, WORDS["budget"], draw_budget)


def last_question(session: Session) -> dict[str, Question | None]:
    """What the thought on the page is about."""
    return {"question": session.question}


def draw_settling(session: Session, status: StudyStatus) -> str:
    """The three panels of the settling study."""
    info = None
    if status.found is not None:
        run = session.run_info()
        info = SettlingInfo(
            found=status.found,
            about=_about(session, status.settings),
            seed=run.seed,
            classes=run.class_names,
            injected=run.vicara == "injected",
        )
    return settling_html(info, _state(session, status))


def draw_budget(session: Session, status: StudyStatus) -> str:
    """The panel of the budget study."""
    info = None
    if status.found is not None:
        run = session.run_info()
        columns = {run.name: status.found.own}
        if status.found.shipped is not None:
            columns[WORDS["shipped"]] = status.found.shipped
        info = BudgetInfo(columns, session.blurs)
    return budget_html(info, _state(session, status))


def _state(session: Session, status: StudyStatus) -> str:
    stale = status.found is not None and status.version != session.weights_version
    return progress_html(Working(status.state, status.done, status.total, status.text, stale))


def _about(session: Session, question: Question) -> str:
    run = session.run_info()
    said = question.title.capitalize() + WORDS["noise"].format(noise=question.noise)
    if "drunk" in question.minds:
        skip = run.skip if question.skip is None else question.skip
        push = run.push if question.push is None else question.push
        said += WORDS["drunk"].format(skip=100 * skip, push=push)
    threshold = run.threshold if question.threshold is None else question.threshold
    if threshold > -1:
        said += WORDS["gate"].format(threshold=threshold)
    return said + (WORDS["other"] if question != session.question else "")
