"""Probes: the first guesses the network can make, now beside initialisation, and which of them are used."""

from typing import Any

import gradio as gr

from lab.tabs.page import Page, html, said, session_of
from lab.views.probes import probes, probes_html

TAB = "Probes"
WORDS = {"trained": "Trained for: keyframe (right: now)", "again": "Look again"}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with gr.Tab(TAB, id=TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            moment = gr.Slider(0, 1, value=1, step=1, label=WORDS["trained"], elem_id="probes-moment")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="probes-again")
        shown = html(probes_html(None), elem_id="probes")
        last = gr.State(1)

    @said
    def look(visitor: Any, keyframe: Any, last: Any) -> str:
        found = session_of(visitor).probes_info(None if keyframe == last else keyframe)
        return probes_html(
            probes(
                found.now, found.start, found.usage, found.pictures, n=found.n, seed=found.seed, trained=found.trained
            )
        )

    def moments(visitor: Any) -> tuple[Any, int]:
        """The slider's range: every keyframe, and the present behind the last."""
        last = len(session_of(visitor).keyframes_info())
        return gr.update(minimum=0, maximum=max(1, last), value=max(1, last)), max(1, last)

    private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for event in (tab.select, again.click):
        event(moments, page.visitor, [moment, last], **private).then(
            look, [page.visitor, moment, last], shown, **private
        )
    moment.input(look, [page.visitor, moment, last], shown, trigger_mode="always_last", **private)
    return tab
