"""Number fields and sliders that pass on what was typed, as it came.

Gradio's own refuse what lies out of range before a handler is called: in their words, without the field's name, and
with a traceback in the server's log. Whoever gets a value checks it anyhow (`lab.limits`) and says it better.
"""

from typing import Any

import gradio as gr

from lab.web.component import WithoutStub


class Number(gr.Number, metaclass=WithoutStub):
    """A number field. The handler may get anything: a number out of range, a fraction, None."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "number"


class Slider(gr.Slider, metaclass=WithoutStub):
    """A slider with its number field; see `Number`."""

    def preprocess(self, payload: Any) -> Any:
        return payload

    def get_block_name(self) -> str:
        return "slider"
