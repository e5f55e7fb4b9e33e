"""Trust: the scores on every path, the answers beside what they state, and one judgement taken apart."""

from typing import Any

import gradio as gr

from lab.session import Session
from lab.studies.study import StudyStatus
from lab.studies.trust import LEAVE_OUT, SCORE, TrustLook
from lab.tabs.page import PRIVATE, Memory, Page, Tick, open_tab, said, session_of
from lab.tabs.study import seen, study_panel
from lab.views.autopsy import autopsy_html
from lab.views.calibration import calibration_html
from lab.views.doubt import MEASURES
from lab.views.left_out import left_out_html
from lab.views.trust import detail_html, table_html
from lab.web import panels

TAB = "Trust"
FIRST_MEASURE = "trust"
THOUGHT = "thought"
"""Instead of a sample: the last thought on Converge."""
WORDS = {
    "measure": "Score",
    "start": "Score again",
    "stop": "Stop",
    "thought": "Take apart the last thought on Converge",
    "leave": "Leave each void family out",
    "ready": "{total} paths, the same {n} test samples on each.",
    "none": "Nothing has been scored yet. Press Score again.",
    "waiting": "Waiting for its turn.",
    "running": "Walking the paths: {done} of {total} done, {text}.",
    "cancelled": "Stopped; what was scored before that is shown.",
    "failed": "It went wrong: {text}",
    "older": "The network has learned since: these are scores of earlier weights. Press Score again.",
    "untrained": "Not trained yet: stage {stages}. Until then these numbers say nothing.",
    "training": "Training again: {done} of {total}, {text}.",
}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with open_tab(TAB) as tab:
        with gr.Row(elem_classes="look-tools trust-tools"):
            measure = gr.Radio(
                [(title, name) for name, title in MEASURES.items()],
                value=FIRST_MEASURE,
                label=WORDS["measure"],
                show_label=False,
                container=False,
                elem_id="trust-measure",
            )
            start = gr.Button(WORDS["start"], size="sm", scale=0, min_width=100, elem_id="trust-start")
            stop = gr.Button(WORDS["stop"], size="sm", scale=0, min_width=64, interactive=False, elem_id="trust-stop")
        with gr.Row(elem_classes="trust-row-of-panels"):
            with gr.Column(scale=9, min_width=320):
                table = panels.panel(elem_id="trust-table", label=TAB)
            with gr.Column(scale=5, min_width=320):
                detail = panels.panel(elem_id="trust-detail", label="One path")
        answers = panels.panel(elem_id="trust-answers", label="The answers")
        with gr.Row(elem_classes="look-tools"):
            thought = gr.Button(WORDS["thought"], size="sm", scale=0, min_width=300, elem_id="trust-thought")
        autopsy = panels.panel(elem_id="trust-autopsy", label="Autopsy")
        study_panel(page, TAB, LEAVE_OUT.name, WORDS["leave"], _left_out)

    shown = [table, detail, answers, autopsy]

    @said
    def draw(visitor: Any, memory: Memory) -> tuple[dict[str, str], ...]:
        return _panels(session_of(visitor), *_chosen(memory))

    @said
    def measured_by(visitor: Any, memory: Memory, name: Any) -> tuple[dict[str, str], ...]:
        memory["trust measure"] = name
        return draw(visitor, memory)

    @said
    def of_the_thought(visitor: Any, memory: Memory) -> tuple[dict[str, str], ...]:
        memory["trust sample"] = THOUGHT
        return draw(visitor, memory)

    @said
    def begin(visitor: Any) -> None:
        session_of(visitor).start_study(SCORE.name)

    @said
    def come(visitor: Any) -> None:
        """The tab is opened: the paths are walked by themselves, unless they have been."""
        session = session_of(visitor)
        status = session.study(SCORE.name)
        if not status.busy and (status.state == "none" or status.version != session.weights_version):
            session.start_study(SCORE.name)

    @said
    def leave(visitor: Any) -> None:
        session_of(visitor).cancel_study(SCORE.name)

    @said
    def press(visitor: Any, memory: Memory, event: gr.EventData) -> tuple[dict[str, str], ...]:
        """A path of the table or a sample of it."""
        kind, _, name = _sent(event).partition(":")
        if kind in ("path", "sample"):
            memory[f"trust {kind}"] = name
        return draw(visitor, memory)

    def look(visitor: Any, memory: Memory) -> tuple[Any, ...]:
        session = session_of(visitor)
        status = session.study(SCORE.name)
        if memory.new("trust of", session.status().epoch):
            memory.pop("trust path", None)
            memory.pop("trust sample", None)
        if not memory.new("trust", seen(session, status)):
            return (gr.skip(),) * (len(shown) + 1)
        return *_panels(session, *_chosen(memory)), gr.update(interactive=status.busy)

    tab.select(come, page.visitor, None, **PRIVATE)
    start.click(begin, page.visitor, None, **PRIVATE)
    stop.click(leave, page.visitor, None, **PRIVATE)
    own = [page.visitor, page.memory]
    measure.input(measured_by, [*own, measure], shown, **PRIVATE)
    thought.click(of_the_thought, own, shown, **PRIVATE)
    for panel in (table, detail, answers):
        panel.act(press, own, shown, **PRIVATE)
    page.ticks.append(Tick(TAB, look, [*shown, stop]))
    return tab


def _chosen(memory: Memory) -> tuple[Any, Any, Any]:
    """What the visitor looks at: measure, path, sample."""
    return memory.get("trust measure", FIRST_MEASURE), memory.get("trust path", "clean"), memory.get("trust sample", "")


def _sent(event: gr.EventData) -> str:
    act = event._data.get("act") if isinstance(event._data, dict) else None
    return act if isinstance(act, str) else ""


def _panels(session: Session, measure: Any, chosen: Any, opened: Any) -> tuple[dict[str, str], ...]:
    status = session.study(SCORE.name)
    found: TrustLook | None = status.found
    note = _note(session, status)
    if found is None:
        empty = (table_html(None, note), detail_html(None), calibration_html(None), autopsy_html(None))
        return tuple(map(panels.show, empty))
    pages = (
        table_html(found.table(measure, chosen), note),
        detail_html(found.detail(measure, chosen)),
        calibration_html(found.answers(measure, chosen)),
        autopsy_html(_taken_apart(session, found, measure, opened)),
    )
    return tuple(map(panels.show, pages))


def _taken_apart(session: Session, found: TrustLook, measure: Any, opened: Any) -> Any:
    last = session.last_thought
    if opened == THOUGHT and last is not None:
        return found.autopsy_of_thought(measure, last)
    return found.autopsy(measure, opened) if isinstance(opened, str) and found.has(opened) else None


def _note(session: Session, status: StudyStatus) -> str:
    if status.state in ("none", "waiting", "running", "cancelled", "failed"):
        return WORDS[status.state].format(done=status.done, total=status.total, text=status.text)
    found: TrustLook = status.found
    if found.untrained:
        return WORDS["untrained"].format(stages=", ".join(map(str, found.untrained)))
    if status.version != session.weights_version:
        return WORDS["older"]
    return WORDS["ready"].format(total=len(found.expected), n=len(found.x))


def _left_out(session: Session, status: StudyStatus) -> str:
    words = {"running": WORDS["training"], "none": ""}.get(status.state, "")
    if status.state in ("waiting", "failed"):
        words = WORDS[status.state]
    elif status.state == "cancelled":
        words = WORDS["cancelled"]
    elif status.state == "ready" and status.version != session.weights_version:
        words = WORDS["older"]
    note = words.format(done=status.done, total=status.total, text=status.text)
    return left_out_html(status.found, note, session.run_info().seed)
