"""The drawer of dials on Train: learning rates and loss weights, as they stand in the run that is open."""

from typing import Any

import gradio as gr

from lab.dials import Dial, dials_of
from lab.session import SAID
from lab.tabs.page import PRIVATE, Page, said, session_of
from lab.views.glossary import STAGES
from lab.web.fields import Number
from satipatthana.configs import CurriculumConfig

WORDS = {
    "title": "Dials: learning rates and loss weights",
    "hint": "They hold from the stage's next step on. The recipe's value stands in brackets.",
    "rate": "learning rate",
    "recipe": "Back to the recipe",
}


def section(page: Page) -> None:
    """One number field per dial, in four columns. Call it inside the tab."""
    fields: dict[str, Number] = {}
    with gr.Accordion(WORDS["title"], open=False, elem_id="dials"):
        gr.Markdown(WORDS["hint"], elem_classes="quiet")
        shown = gr.State({})
        """By path what the fields of this page say, unless somebody is typing."""
        with gr.Row():
            for stage, word in enumerate(STAGES):
                with gr.Column(min_width=180):
                    gr.Markdown(f"**Stage {stage}** {word.gloss}")
                    for dial in dials_of(CurriculumConfig()):
                        if dial.stage == stage:
                            fields[dial.path] = Number(dial.value, label=label(dial))
        back = gr.Button(WORDS["recipe"], size="sm", elem_id="dials-default")

    def fill(visitor: Any) -> tuple[Any, ...]:
        dials = {dial.path: dial for dial in session_of(visitor).dials()}
        updates = [gr.update(value=dials[path].value, label=label(dials[path])) for path in fields]
        return *updates, {path: dial.value for path, dial in dials.items()}

    @said
    def recipe(visitor: Any) -> tuple[Any, ...]:
        session = session_of(visitor)
        for dial in session.dials():
            if dial.value != dial.default:
                session.set_dial(dial.path, dial.default)
        return fill(visitor)

    filled = [*fields.values(), shown]
    page.on_open.append(lambda event: event.success(said(fill), page.visitor, filled, **PRIVATE))
    back.click(recipe, page.visitor, filled, **PRIVATE)
    for path, field in fields.items():
        _turns(page, path, field, shown)


def label(dial: Dial) -> str:
    """What it turns, and where the recipe has it."""
    return f"{dial.term or WORDS['rate']} ({dial.default:g})"


def turned(visitor: Any, path: str, value: Any, shown: dict[str, float]) -> tuple[Any, Any]:
    """What the field says afterwards, and what all say: a field that was merely left turns nothing."""
    if path not in shown or value == shown[path]:
        return gr.skip(), gr.skip()
    try:
        now = session_of(visitor).set_dial(path, value).value
    except SAID as error:
        gr.Warning(str(error), title="Not done")
        return shown[path], gr.skip()
    return now, {**shown, path: now}


def _turns(page: Page, path: str, field: Number, shown: gr.State) -> None:
    @said
    def turn(visitor: Any, value: Any, shown: dict[str, float]) -> tuple[Any, Any]:
        return turned(visitor, path, value, shown)

    for event in (field.blur, field.submit):
        event(turn, [page.visitor, field, shown], [field, shown], **PRIVATE)
