"""What the tabs share: how a handler finds its visitor's session and says what went wrong, and the header."""

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from lab.links import EXHIBITS, PATIENTS, Link
from lab.runs import Shelf
from lab.session import SAID, SESSIONS, Session, open_session
from lab.views.glossary import help_html
from lab.views.header import JobInfo, header, header_html
from lab.web import panels
from lab.web.component import Instrument

FIRST_TAB = "Converge"
IN_GALLERY = 30
"""Inputs to choose from on Converge."""
PANEL = "tab-"
"""Before the name of a tab in the id of its panel."""
NOBODY = "nobody yet"
TOO_EARLY = "The page is still looking for its run. Press again in a moment."
TOO_EARLY_TITLE = "Too early"
PAUSE, RESUME = "Pause", "Resume"
STORAGE_KEY = "satipatthana-lab"

_HALF = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2v10A5 5 0 0 1 8 3Z"
_SCREEN = "M1 2h14v9H9v2h3v1H4v-1h3v-2H1V2Zm1 1v7h12V3H2Z"


def _switch(name: str, hint: str, content: str, extra: str = "") -> str:
    return (
        f'<button type="button" class="lab-round{extra}" data-page="{name}" title="{hint}" aria-label="{hint}">'
        f"{content}</button>"
    )


def _icon(path: str) -> str:
    return f'<svg viewBox="0 0 16 16" aria-hidden="true"><path d="{path}"/></svg>'


SWITCHES = (
    '<div class="lab-switches" role="toolbar" aria-label="How the page looks">'
    + _switch("dials", "Show or hide the dials", "Dials", " small-only")
    + _switch("theme", "Light or dark", _icon(_HALF))
    + _switch("projector", "Projector: everything larger (p)", _icon(_SCREEN))
    + _switch("help", "Help and glossary (?)", '<b aria-hidden="true">?</b>')
    + "</div>"
)

HELP = (
    "<h4>Keys</h4><p><b>space</b> play or pause · <b>← →</b> one step · <b>home / end</b> first or last state · "
    "<b>1–6</b> tabs · <b>d</b> sober, drunk, both · <b>p</b> projector · <b>t</b> first steps · <b>?</b> this help</p>"
    '<p><button type="button" class="lab-button" data-page="tour">First steps: a round of seven stops</button></p>'
    "<h4>Words</h4>"
)


PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Of every event: it is the page's own, and nothing greys out while it is answered."""
LATEST: dict[str, Any] = {**PRIVATE, "trigger_mode": "always_last"}
"""Of a dial: what was asked for meanwhile is dropped, but for the last."""


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(frozen=True)
class Opening:
    """What a new visitor finds: where runs lie, and which run, data set or preset the page opens on."""

    shelf: Shelf = field(default_factory=Shelf)
    run: str | None = None
    data: str | None = None
    data_dir: Path | None = None
    ready: threading.Event = field(default_factory=_set)
    """Set when the heavy imports are done."""
    preset: str | None = None


@dataclass(frozen=True)
class Tick:
    """Something that looks at the run while its tab is open (empty: whichever is); `lab.tabs.wire` says how often.

    ``look(visitor, memory)`` returns one value per output, `gr.skip()` where nothing changed.
    """

    tab: str
    look: Callable[[Any, "Memory"], tuple[Any, ...]]
    outputs: list[Any]


class Memory(dict[str, Any]):
    """What one page remembers between its looks, by name: what it holds already, and what its visitor chose.

    It stays in the server, one to a page, and handlers change it in place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.visitor: Any = NOBODY
        self.tab = FIRST_TAB
        """The tab that is open: only that one is kept up to date."""
        self.waiting: dict[int, Any] = {}
        """What the page has yet to fetch: see `lab.tabs.wire`."""
        self.seq = 0
        """Number of the last answer to a look."""
        self.sent: dict[str, Any] = {}
        """What it held: it is sent again unless the page has got it."""
        self.link: Link | None = None
        """What the page's address asks for; see `link_for`."""

    def __deepcopy__(self, memo: Any) -> "Memory":  # Gradio copies the first value for each page
        return Memory()

    def link_for(self, tab: str) -> Link | None:
        """What the page's address asks of a tab when the page opens; None from the second time on, for the events of
        `Page.on_open` come again when another run is opened. So a tab receives its part::

            def begin(visitor, memory):                    # its handler of an event of `page.on_open`
                link = memory.link_for(TAB)
                if link is not None and link.exhibit is not None:
                    ...                                    # exhibit and patient are checked, and counted from 1

            page.on_open.append(lambda event: event.success(begin, [page.visitor, page.memory], ..., **PRIVATE))

        That the tab is opened, and what the address got wrong, has been seen to.
        """
        return self.link if self.new(f"link of {tab}", True) else None

    def new(self, name: str, value: Any) -> bool:
        """Whether this is another value than the one remembered; it is the one remembered from now on."""
        if name in self and self[name] == value:
            return False
        self[name] = value
        return True


class Page:
    """The components that several tabs write to. ``visitor`` holds the session's id, in the server."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.browser = gr.BrowserState("", storage_key=STORAGE_KEY)
        self.visitor = gr.State(NOBODY)
        self.header: Instrument
        self.pause: gr.Button
        self.stop: gr.Button
        self.gate: gr.Slider
        """The inference gate of Converge's thoughts."""
        self.memory = gr.State(Memory())
        self.ticks: list[Tick] = []
        self.tellers: list[Callable[[Any], None]] = []
        """What is said to a visitor, when something of his has changed."""
        self.openers: list[Any] = []
        """Events after which another run is open."""
        self.on_open: list[Callable[[Any], None]] = []
        """What each tab hangs on such an event."""
        self.arrivals: list[Callable[[Session, Memory, Link], bool]] = []
        """What a tab does for the page's address before anything is drawn; true: it has opened another run."""
        self.exhibits, self.patients = EXHIBITS, PATIENTS
        """The last that a link may ask for; the tab that shows them says how many there are."""

    def attach(self, kept: Any) -> Session:
        """The session that this browser had, or a new one: a reload finds its run again."""
        self.opening.ready.wait()
        try:
            session = SESSIONS.get(kept)
        except SAID:
            session = open_session(self.opening.shelf, self.opening.data_dir)
        session.open_first(self.opening.run, self.opening.data, self.opening.preset)
        return session


def said(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose expected refusals are told to the visitor, in their own words, and change nothing."""

    @functools.wraps(handler)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if arguments and arguments[0] == NOBODY:
            return gr.skip()  # a tab opens itself before the page has found its session
        try:
            return handler(*arguments, **named)
        except SAID as error:
            raise gr.Error(str(error), title="Not done", print_exception=False) from error

    return guarded


def pressed(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Like `said`, for what a person presses: too early, he is told so."""
    guarded = said(handler)

    @functools.wraps(handler)
    def told(*arguments: Any, **named: Any) -> Any:
        if arguments and arguments[0] == NOBODY:
            gr.Info(TOO_EARLY, title=TOO_EARLY_TITLE)
        return guarded(*arguments, **named)

    return told


def session_of(visitor: Any) -> Session:
    """The session of a visitor's id."""
    return SESSIONS.get(visitor)


def html(value: str = "", **options: Any) -> gr.HTML:
    """HTML in the lab's own style, without Gradio's prose."""
    return gr.HTML(value, padding=False, apply_default_css=False, **options)


def open_tab(name: str) -> gr.Tab:
    """A tab whose panel the browser can tell: a look says which one is open."""
    return gr.Tab(name, id=name, elem_id=f"{PANEL}{name}")


def header_row(page: Page) -> None:
    """Name, run, stages and job, whichever tab is open; pause, stop and the page's switches."""
    with gr.Row(elem_id="top", equal_height=True):
        page.header = panels.panel(header_html(header()), elem_id="header", label="The run")
        page.pause = gr.Button(PAUSE, elem_id="pause", size="sm", interactive=False, min_width=64, scale=0)
        page.stop = gr.Button("Stop", elem_id="stop", size="sm", interactive=False, min_width=56, scale=0)
        html(SWITCHES, elem_id="switches")
    html(
        f'<div id="lab-help" class="lab-note-card lab-help" popover="auto" role="note">{HELP}{help_html()}</div>',
        elem_id="help-holder",
    )

    @said
    def pause(visitor: Any) -> None:
        session = session_of(visitor)
        session.resume() if session.status().state == "paused" else session.pause()

    @said
    def stop(visitor: Any) -> None:
        session_of(visitor).stop()

    page.pause.click(pause, page.visitor, None, **PRIVATE)
    page.stop.click(stop, page.visitor, None, **PRIVATE)

    def tick(visitor: Any, memory: Memory) -> tuple[Any, ...]:
        now = session_of(visitor).overview()
        if not memory.new("header", now):
            return (gr.skip(),) * 3
        status = now.job
        job = JobInfo(
            status.state,
            status.stage,
            status.step,
            status.until,
            status.steps_per_second,
            status.seconds_left,
            status.waiting,
            status.message,
            status.stopping,
        )
        drawn = panels.show(header_html(header(now.run, now.data, now.seed, now.steps, now.stages, job)))
        if not memory.new("job", status.state):
            return drawn, gr.skip(), gr.skip()
        working = status.state in ("training", "paused")
        text = RESUME if status.state == "paused" else PAUSE
        return drawn, gr.update(value=text, interactive=working), gr.update(interactive=working)

    @said
    def tell(visitor: Any) -> None:
        error = session_of(visitor).take_error()
        if error:
            gr.Warning(error, title="Training stopped", duration=None)

    page.tellers.append(tell)  # an error changes the buttons as well
    page.ticks.append(Tick("", tick, [page.header, page.pause, page.stop]))
