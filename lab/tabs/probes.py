"""Probes: the first guesses the network can make, now beside initialisation, and which of them are used."""

from typing import Any

import gradio as gr

from lab.tabs.page import LATEST, PRIVATE, Page, said, session_of
from lab.views.probes import probes, probes_html
from lab.web import panels

TAB = "Probes"
WORDS = {"trained": "Trained for: keyframe (right: now)", "again": "Look again"}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with gr.Tab(TAB, id=TAB) as tab:
        with gr.Row(elem_classes="look-tools"):
            moment = gr.Slider(0, 1, value=1, step=1, label=WORDS["trained"], elem_id="probes-moment")
            again = gr.Button(WORDS["again"], size="sm", scale=0, min_width=100, elem_id="probes-again")
        shown = panels.panel(elem_id="probes", label=TAB)
        last = gr.State(1)

    @said
    def look(visitor: Any, keyframe: Any, last: Any) -> dict[str, str]:
        session = session_of(visitor)
        found = session.probes_info(None if keyframe == last else keyframe)
        info = probes(
            found.now,
            found.start,
            found.usage,
            found.pictures,
            by_class=found.by_class,
            classes=session.run_info().class_names,
            n=found.n,
            seed=found.seed,
            trained=found.trained,
        )
        return panels.show(probes_html(info))

    def moments(visitor: Any) -> tuple[Any, int]:
        """The slider's range: every keyframe, and the present behind the last."""
        last = len(session_of(visitor).keyframes_info())
        return gr.update(minimum=0, maximum=max(1, last), value=max(1, last)), max(1, last)

    for event in (tab.select, again.click):
        event(moments, page.visitor, [moment, last], **PRIVATE).then(
            look, [page.visitor, moment, last], shown, **PRIVATE
        )
    moment.input(look, [page.visitor, moment, last], shown, **LATEST)
    return tab
