"""How soon the page answers, beside an app with nothing in it, and how soon it shows a thought."""

import statistics
import time
from collections.abc import Iterable

from tests.benchmarks.servers import browser, first_thought, serving, visiting
from tests.benchmarks.table import Row, Settings, at_most, spread

ROUNDS = 3
EMPTY = ("tests.benchmarks.empty_app",)
LAB = ("lab", "--no-browser")


def measure(settings: Settings) -> Iterable[Row]:
    """Both in turn, each time a new process; the page is opened as soon as the lab has answered."""
    empty, lab, thought = [], [], []
    with browser() as chromium:
        for round in range(settings.size(ROUNDS, 1) + 1):
            with serving(*EMPTY) as server:
                empty.append(server.seconds)
            with serving(*LAB) as server:
                lab.append(server.seconds)
                began = time.monotonic()
                with visiting(chromium, server.url) as page:
                    first_thought(page)
                    thought.append(time.monotonic() - began)
            if round == 0:  # the first start of all compiles and reads from the disk
                empty, lab, thought = [], [], []
    ratio = statistics.median(ours / theirs for ours, theirs in zip(lab, empty, strict=True))
    note = f"{spread(lab)} s against {spread(empty)} s"
    yield at_most("page answers, times an empty gr.Blocks app", ratio, 1.3, unit=" ×", note=note)
    yield at_most(
        "first thought on the screen after opening", statistics.median(thought), 6, unit=" s", note=spread(thought)
    )
