"""UMAP in a process of its own: numba compiles for up to half a minute when it first runs, and a thread that does so
stalls the page. The process is started on demand, warmed, and started again when it dies.

One request is worked on at a time. A newer request of a visitor takes the place of the older one that still waits.
"""

import atexit
import itertools
import logging
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from satipatthana.diagnostics.projection import Honesty

TicketState = Literal["waiting", "working", "ready", "failed", "superseded"]
ATTEMPTS = 2  # a request is given to so many processes before it is held to be what kills them
STARTS = 3  # so many processes in a row may die before one gets warm
REFERENCES_KEPT = 8
POLL_S = 0.2  # how soon a busy process is given up when the lab closes
POLITE_S = 1.0  # what an idle one may take to end
NICENESS = 19

WARMING = "UMAP is getting ready: two seconds, at the very first start up to half a minute"
GONE = "The map process ended {times} times over this thought. PCA still stands; choose another input."
NO_START = "The map process does not start ({times} attempts). PCA still stands; the server's log says why."
CLOSED = "The lab is closing."

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Placing:
    """What is to be placed on a map. N reference points and K probes in D dimensions, thoughts of T+1 states."""

    key: str
    """Names the reference set: what was fitted for a key is used again."""
    points: np.ndarray
    probes: np.ndarray
    thoughts: tuple[np.ndarray, ...]
    seed: int = 0
    shown: str = ""
    """The thought on the page that it is for."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where everything lies on the map of the reference set."""

    points: np.ndarray
    """(N, 2), the same for every thought of one reference set."""
    probes: np.ndarray
    paths: tuple[np.ndarray, ...]
    """(T+1, 2) a thought."""
    false_motion: tuple[np.ndarray, ...]
    """(T,) a thought: the map contradicts the latent space on that step."""
    honesty: "Honesty"


class Ticket:
    """What became of a request. `state`, `text` and `result` may be read at any time."""

    def __init__(self, number: int, visitor: str, placing: Placing) -> None:
        self.number = number
        self.visitor = visitor
        self.placing = placing
        self.state: TicketState = "waiting"
        self.text = "UMAP is waiting for its turn"
        self.result: Placed | None = None
        self.attempts = 0
        self._ended = threading.Event()

    def end(self, state: TicketState, text: str = "", result: Placed | None = None) -> None:
        self.result, self.text, self.state = result, text, state
        self._ended.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, after at most so many seconds."""
        return self._ended.wait(seconds)


class Projector:
    """The one worker process of a server and the thread that speaks with it; nothing starts before it is asked to."""

    def __init__(self, work: Callable[[Connection], None] | None = None) -> None:
        self._work = work or serve
        self._changed = threading.Condition()
        self._waiting: OrderedDict[str, Ticket] = OrderedDict()  # by visitor
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._process: Any = None
        self._closed = False
        self.ready = False

    def start(self) -> None:
        """Starts and warms the process in the background, once; returns at once."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
                self._thread.start()

    def ask(self, visitor: str, placing: Placing) -> Ticket:
        """Places thoughts on a map, as soon as it is this request's turn."""
        ticket = Ticket(next(self._numbers), visitor, placing)
        with self._changed:
            older = self._waiting.pop(visitor, None)
            if older is not None:
                older.end("superseded")
            if self._closed:
                ticket.end("failed", CLOSED)
            else:
                if not self.ready:
                    ticket.text = WARMING
                self._waiting[visitor] = ticket
                self._changed.notify_all()
        self.start()
        return ticket

    def close(self) -> None:
        """Ends the process; every request that waits fails."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._fail_all(CLOSED)

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        died = 0
        while not self._closed:
            try:
                self._with_a_process()
            except (EOFError, OSError) as error:  # the other end is gone
                died = 0 if self.ready else died + 1
                if not self._closed:
                    log.warning("the map process ended: %s", error or type(error).__name__)
            finally:
                self.ready = False
            if died >= STARTS:
                self._fail_all(NO_START.format(times=died))
                died = 0
                with self._changed:  # not again before somebody asks
                    self._changed.wait_for(lambda: self._waiting or self._closed)

    def _with_a_process(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy torch's threads half
        ours, theirs = context.Pipe()
        process = context.Process(target=self._work, args=(theirs,), name="projector", daemon=True)
        with self._changed:
            if self._closed:
                return
            process.start()
            self._process = process
        theirs.close()  # ours then ends when the process does
        try:
            self._hear(ours)  # warm
            self.ready = True
            while not self._closed:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._closed)
                    if self._closed:
                        return
                    _, ticket = self._waiting.popitem(last=False)
                self._place(ours, ticket)
        finally:
            ours.close()  # an idle process ends of itself, and leaves nothing behind
            process.join(POLITE_S)
            process.terminate()
            process.join()

    def _hear(self, pipe: Connection) -> Any:
        """The next word of the process. Raises EOFError when it ended, or when this projector is closed."""
        while not pipe.poll(POLL_S):
            if self._closed:
                raise EOFError
        return pipe.recv()

    def _place(self, pipe: Connection, ticket: Ticket) -> None:
        ticket.state, ticket.attempts = "working", ticket.attempts + 1
        try:
            pipe.send(ticket.placing)
            while True:
                kind, what = self._hear(pipe)
                if kind == "text":
                    ticket.text = what
                elif kind == "ready":
                    return ticket.end("ready", result=what)
                else:
                    return ticket.end("failed", what)
        except (EOFError, OSError):
            with self._changed:
                if self._closed:
                    ticket.end("failed", CLOSED)
                elif ticket.visitor in self._waiting:
                    ticket.end("superseded")
                elif ticket.attempts >= ATTEMPTS:
                    ticket.end("failed", GONE.format(times=ticket.attempts))
                else:
                    ticket.state, ticket.text = "waiting", WARMING
                    self._waiting[ticket.visitor] = ticket
                    self._waiting.move_to_end(ticket.visitor, last=False)
            raise

    def _fail_all(self, text: str) -> None:
        with self._changed:
            while self._waiting:
                self._waiting.popitem()[1].end("failed", text)


# --- the process --------------------------------------------------------------------------------------------------


def serve(pipe: Connection) -> None:
    """The worker: says that it is warm, then answers one request after the other until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends this process
    _yield_to_all()
    threading.Thread(target=_end_with_server, name="end-with-server", daemon=True).start()
    from satipatthana.diagnostics import projection

    warm_up(projection)
    pipe.send(("warm", None))
    references: OrderedDict[str, Any] = OrderedDict()
    try:
        while True:
            placing = pipe.recv()
            try:
                pipe.send(("ready", place(placing, references, lambda text: pipe.send(("text", text)))))
            except ValueError as error:
                pipe.send(("failed", str(error)))
    except (EOFError, OSError):
        return


def _yield_to_all() -> None:
    """The map waits for training and page, not they for it."""
    if hasattr(os, "sched_setscheduler"):
        # nobody waits for such a process even for a moment, as he would for a merely nice one
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(NICENESS)


def _end_with_server() -> None:
    """A server that was killed leaves nobody compiling for it."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(0)


def warm_up(projection: Any) -> None:
    """One small fit of each kind: numba compiles what later ones use."""
    points = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)
    projection.refit(projection.fit_reference(points, 0), [points[:4]])
    projection.neighbourhoods(points, points[:, :2])


def place(placing: Placing, references: "OrderedDict[str, Any]", tell: Callable[[str], None]) -> Placed:
    """Fits the reference set once a key, then the thoughts and probes jointly with it."""
    from satipatthana.diagnostics import projection

    if placing.key not in references:
        tell(f"UMAP is drawing the map of {len(placing.points):,} states")
        reference = projection.fit_reference(placing.points, placing.seed)
        quality = projection.neighbourhoods(reference.points, reference.xy)
        references[placing.key] = reference, quality
        while len(references) > REFERENCES_KEPT:
            references.popitem(last=False)
    references.move_to_end(placing.key)
    reference, quality = references[placing.key]
    tell("UMAP is placing the thought on its map")
    placed = projection.refit(reference, [*placing.thoughts, placing.probes])
    paths = placed.xy[:-1]
    motions = [projection.false_motion(xy, states) for xy, states in zip(paths, placing.thoughts, strict=True)]
    honesty = projection.honesty(
        motions, quality, len(reference.points), displacement=placed.displacement, seed=placing.seed
    )
    return Placed(reference.xy, placed.xy[-1], paths, tuple(motion.false for motion in motions), honesty)


PROJECTOR = Projector()
atexit.register(PROJECTOR.close)
