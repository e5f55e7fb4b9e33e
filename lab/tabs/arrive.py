"""A page opens: it finds its visitor's session, and does what its address asks for."""

from typing import Any

import gradio as gr

from lab.links import Known, first_question, parse
from lab.question import Weights
from lab.session import Session
from lab.tabs.page import FIRST_TAB, IN_GALLERY, PRIVATE, Memory, Page, said
from lab.views.style import escape

WORDS = {"link": "This link"}


def arrival(blocks: gr.Blocks, page: Page, tabs: gr.Tabs, names: list[str]) -> Any:
    """The event after which the page has its session, its address is read, and the tab that it names is open."""

    @said
    def attach(kept: Any, memory: Memory, request: gr.Request) -> tuple[Any, ...]:
        session = page.attach(kept)
        link = parse(request.query_params, known(page, session, names))
        if any([arrive(session, memory, link) for arrive in page.arrivals]):
            link = parse(
                request.query_params, known(page, session, names)
            )  # the run that is open now has its own dials
        memory.link = link
        if link.notices:
            gr.Warning("<br>".join(map(escape, link.notices)), title=WORDS["link"], duration=None)
        return session.id, session.id, gr.skip() if link.tab == FIRST_TAB else gr.update(selected=link.tab)

    return blocks.load(attach, [page.browser, page.memory], [page.browser, page.visitor, tabs], **PRIVATE)


def known(page: Page, session: Session, names: list[str]) -> Known:
    """What a link may ask of this page and of the run that is open."""
    weights: tuple[Weights, ...] = ("own", "sharp") if session.switches else ("own",)
    first = first_question(session.run_info(), session.gallery(IN_GALLERY).samples)
    return Known(names, FIRST_TAB, first, session.sizes, weights, page.exhibits, page.patients)
