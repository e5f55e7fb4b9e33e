"""The instruments, as a page asks its session for them: what is shown of a trained run at once, and every study."""

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

from lab.session import Session, open_session
from tests.benchmarks.table import Row, Settings, at_most, show

VIEW_S, LOOKS_S, RACE_S, DOSE_S, PLANES_S = 1, 20, 20, 10, 3
PATIENCE_S = 300
DIGITS = 8

Views = dict[str, Callable[[Session, int], Any]]
VIEWS: Views = {
    "thought": lambda session, sample: session.thought_now(sample=sample),
    "twins": lambda session, sample: session.twins_info(),
    "probes": lambda session, sample: session.probes_info(),
    "collapse": lambda session, sample: session.collapse_info(),
    "gates": lambda session, sample: session.gates_info(),
    "decoders": lambda session, sample: session.decoders_info(list(range(sample, sample + DIGITS))),
    "strip": lambda session, sample: session.strip_info(),
    "stages": lambda session, sample: session.stages_info(),
}
"""What a tab asks for when it is opened."""
LOOK: dict[str, dict[str, Any]] = {"settling": {}, "trust": {}, "collapse-history": {}, "doctor": {}}
"""Studies that look at the run as it is."""
EXPERIMENT: dict[str, tuple[dict[str, Any], float | None]] = {
    "dose": ({}, DOSE_S),
    "cuts": ({}, PLANES_S),
    "decoder-race": ({}, RACE_S),
    "budget": ({}, None),
    "collapse-guards": ({}, None),
    "leave_one_out": ({}, None),
}
"""Studies that try or train something else, with what the project asks of them."""
OF_THE_THOUGHT = ("settling", "cuts")


def measure(settings: Settings) -> Iterable[Row]:
    """On the shipped run. First times, in one process: nothing of these answers was kept before."""
    session = open_session()
    try:
        session.open_first()
        session.thought_now(sample=0)  # what is imported and measured once, the page has done by then
        views = {name: _timed(lambda view=view: view(session, DIGITS)) for name, view in VIEWS.items()}
        slowest = max(views, key=views.__getitem__)
        note = f"{slowest}; " + ", ".join(f"{name} {show(seconds, 2)}" for name, seconds in views.items())
        yield at_most("any view of a trained run, slowest of them", views[slowest], VIEW_S, " s", note)
        looks = {name: _study(session, name, sent) for name, sent in LOOK.items()}
        whole = sum(views.values()) + sum(looks.values())
        note = "these views, and " + ", ".join(f"{name} {show(seconds, 2)}" for name, seconds in looks.items())
        yield at_most("all diagnostics of a run", whole, LOOKS_S, " s", note)
        for name, (sent, limit) in itertools.islice(EXPERIMENT.items(), settings.size(len(EXPERIMENT), 1)):
            seconds = _study(session, name, sent)
            what = f"study {name.replace('_', ' ')}"
            yield (
                Row(what, "", f"{show(seconds)} s", None, seconds)
                if limit is None
                else at_most(what, seconds, limit, " s")
            )
    finally:
        session.close()


def _timed(look: Callable[[], Any]) -> float:
    began = time.perf_counter()
    look()
    return time.perf_counter() - began


def _study(session: Session, name: str, sent: dict[str, Any]) -> float:
    """Seconds from the click to the whole answer."""
    began = time.perf_counter()
    about = {"question": session.question} if name in OF_THE_THOUGHT else {}
    session.start_study(name, **sent, **about)
    while (status := session.study(name)).busy:
        if time.perf_counter() - began > PATIENCE_S:
            raise TimeoutError(f"{name} is not done after {PATIENCE_S} s")
        time.sleep(0.01)
    if status.state != "ready":
        raise RuntimeError(f"{name} is {status.state}: {status.text}")
    return time.perf_counter() - began
