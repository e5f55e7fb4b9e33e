"""The page: theme, header, tabs, and how it is served."""

import os
import sys
import threading
import webbrowser
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before Gradio is imported, or the server calls out

import gradio as gr

from lab.runs import find
from lab.session import SESSIONS
from lab.tabs import converge, decoders, failures, probes, train, trust
from lab.tabs.arrive import arrival
from lab.tabs.page import FIRST_TAB, Opening, Page, header_row
from lab.tabs.wire import Wire, stretch
from lab.web.component import page_head

TITLE = "Satipatthana Lab"
SWITCH_S = 0.0002  # how long one thread may keep the interpreter while another waits; Python's default is 5 ms
IDLE_S = 0.01  # how often Gradio looks for events; by itself a thousand times a second, each time with the interpreter
MAX_FILE = "5mb"
QUEUE = 256
PAGES_KEPT = 256  # that Gradio remembers; an older one opens anew when it asks again
GRACE_S = 1800.0
"""An idle visitor without a page is let go after this to twice this: a reload or a nap of his machine is shorter."""


def build(opening: Opening | None = None) -> tuple[gr.Blocks, Wire]:
    """The page as Gradio blocks, and the wire for its server to serve; ``opening`` says what a new visitor finds."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        page = Page(opening or Opening())
        header_row(page)
        with gr.Tabs(selected=FIRST_TAB, elem_id="tabs") as tabs:
            names = [str(module.build(page).id) for module in (train, converge, probes, decoders, trust, failures)]
        attached = arrival(blocks, page, tabs, names)
        for event in (attached, *page.openers):
            for hang_on in page.on_open:
                hang_on(event)
        wire = stretch(page, attached)
    blocks.unload(lambda: SESSIONS.sweep_after(GRACE_S))
    return blocks, wire


def launch(
    host: str = "127.0.0.1",
    port: int | None = None,
    run: str | None = None,
    data: str | None = None,
    data_dir: str | Path | None = None,
    open_browser: bool = True,
    preset: str | None = None,
) -> None:
    """Serves the page until it is interrupted. ``run`` is a run folder or the name of one below `runs`."""
    # Training gives the interpreter away at every operation of PyTorch, hundreds a step: it must get it back at once.
    sys.setswitchinterval(SWITCH_S)
    shelf, name = find(run)
    folder = None if data_dir is None else Path(data_dir)
    opening = Opening(shelf, name, data, folder, threading.Event(), preset)
    blocks, wire = build(opening)
    blocks.queue(max_size=QUEUE, default_concurrency_limit=8)
    blocks._queue.sleep_when_free = IDLE_S
    app, address, _ = blocks.launch(
        server_name=host,
        server_port=port,
        inbrowser=False,
        quiet=True,
        prevent_thread_lock=True,
        max_file_size=MAX_FILE,
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
        ssr_mode=False,
        state_session_capacity=PAGES_KEPT,
        show_error=True,
        head=page_head(),
    )
    wire.serve(app)
    # not before the server answers: beside its start the imports cost it a quarter (1.37 x an empty app, not 1.09 x)
    threading.Thread(target=_warm, args=(opening.ready,), name="warm-up", daemon=True).start()
    if open_browser:
        webbrowser.open(address)
    blocks.block_thread()


def _warm(ready: threading.Event) -> None:
    """Imports what the first thought needs, while the visitor's browser still loads the page. The first visitor waits
    for it: two threads that import the same packages from different ends can wait for each other."""
    try:
        import satipatthana.checkpoint
        import satipatthana.diagnostics.projection
        import satipatthana.diagnostics.thought  # noqa: F401
    finally:
        ready.set()
