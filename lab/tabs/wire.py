"""The wire: how everything that a look at the run finds new reaches the screen; less often while a network trains.

Not as an event of Gradio: the browser then walks over every component of the page at every event, and the server builds
each output anew, also a skipped one, in a thread that takes the interpreter from the one that trains. On two cores that
was a fifth of the training's speed. So the page asks a small route of its own; values of instruments come back and are
handed on in the browser. What else changed (buttons) waits in the server, and the page fetches it by an event, for that
happens rarely.
"""

import logging
import secrets
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
import orjson
from fastapi import Body, FastAPI, Response

from lab.limits import BadInput
from lab.session import SAID, SESSIONS
from lab.tabs.page import NOBODY, PRIVATE, Memory, Page
from lab.web.component import Instrument

ROUTE = "/lab/look"  # wire.js asks it
GONE = 410
WORDS = {
    "broken": "A part of this page ({where}) could not be brought up to date ({error}). The run is not touched; the "
    "server's log says more."
}
log = logging.getLogger(__name__)
IDLE_MS, TRAINING_MS = 500, 1500  # between two looks: each costs a training on two cores some twenty milliseconds

PAGES: "WeakValueDictionary[str, Memory]" = WeakValueDictionary()
"""The pages that may look, each by a name that only it knows; what Gradio lets go of is forgotten here too."""


def stretch(page: Page, attached: Any) -> "Wire":
    """The wire of all ticks of the page. Call it when every tab is built; ``attached`` is the event that found the
    visitor."""
    wire = Wire(page)
    attached.then(wire.connect, [page.visitor, page.memory], wire.shown, **PRIVATE)
    wire.shown.fetch(wire.fetch, [page.visitor, page.memory], wire.plain, **PRIVATE)
    return wire


class Wire:
    """Looks for all ticks of a page, and sorts what they find."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._outputs = [component for tick in page.ticks for component in tick.outputs]
        self.shown = Instrument("wire", scripts=("wire.js",), triggers=("fetch",), plotly=False, elem_id="wire")
        self.plain = [component for component in self._outputs if not isinstance(component, Instrument)]
        """Outputs that are no instruments."""
        self._places = {component: place for place, component in enumerate(self.plain)}

    def connect(self, visitor: Any, memory: Memory) -> Any:
        """Lets a page look: the name under which it asks. A page that was given no session has nothing to ask for."""
        if visitor == NOBODY:
            return gr.skip()
        name = secrets.token_urlsafe(16)
        memory.visitor = visitor
        memory.seq, memory.sent = 0, {}
        PAGES[name] = memory
        return {"name": name}

    def serve(self, app: FastAPI) -> None:
        """Answers the pages' looks: {"values": {element id: value of an instrument}, "seq": number of this answer,
        "fetch": whether something else waits, "wait": milliseconds until the next look, "broken": what could not be
        looked at, or null}. 410 tells a page to open anew: its session was let go."""

        def look(name: str = Body(), got: int = Body(0), tab: str = Body("")) -> Response:
            memory = PAGES.get(name)
            if memory is None or not _is_known(memory.visitor):
                return Response(status_code=GONE)
            return Response(orjson.dumps(self.look(memory, got, tab)), media_type="application/json")

        app.add_api_route(ROUTE, look, methods=["POST"], include_in_schema=False)

    def look(self, memory: Memory, got: int = 0, tab: str = "") -> dict[str, Any]:
        """What is new to a page. ``got``: the last answer that reached it; what was lost on the way is sent again.
        ``tab``: the one that is open there; an event would tell it too, but events may overtake each other."""
        if any(tick.tab == tab for tick in self._page.ticks if tab):
            memory.tab = tab
        values: dict[str, Any] = {} if got == memory.seq else dict(memory.sent)
        found, broken = self._found(memory)
        for component, value in zip(self._outputs, found, strict=True):
            if value == gr.skip():
                continue
            if isinstance(component, Instrument):
                values[str(component.elem_id)] = value
            else:
                memory.waiting[self._places[component]] = value
        wait = TRAINING_MS if memory.get("job") == "training" else IDLE_MS
        memory.seq, memory.sent = memory.seq + 1, values
        return {
            "values": values,
            "seq": memory.seq,
            "fetch": bool(memory.waiting),
            "wait": wait,
            "broken": broken,
        }

    def fetch(self, visitor: Any, memory: Memory) -> list[Any]:
        """One update per plain output, `gr.skip()` where nothing waits; then nothing waits any more."""
        for tell in self._page.tellers:
            tell(visitor)
        return [memory.waiting.pop(place, gr.skip()) for place in range(len(self.plain))]

    def _found(self, memory: Memory) -> tuple[list[Any], str | None]:
        """One value per output of every tick, and what to say of one that failed: the others go on."""
        found: list[Any] = []
        broken = None
        for tick in self._page.ticks:
            nothing = (gr.skip(),) * len(tick.outputs)
            if tick.tab not in ("", memory.tab):
                found += nothing
                continue
            try:
                found += tick.look(memory.visitor, memory)
            except (*SAID, gr.Error):
                # what a visitor did not ask for does not interrupt him: no run is open yet, or it has gone
                found += nothing
            except Exception as error:
                log.exception("a look at %s failed", tick.tab or "the header")
                broken = WORDS["broken"].format(where=tick.tab or "the header", error=type(error).__name__)
                found += nothing
        return found, broken


def _is_known(visitor: Any) -> bool:
    try:
        SESSIONS.get(visitor)
    except BadInput:
        return False
    return True
