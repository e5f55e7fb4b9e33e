"""What a study is, what it looks at, and the thread that works on them."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lab.limits import BadInput

if TYPE_CHECKING:
    from lab.status import Snapshot
    from satipatthana.configs import RunConfig
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.progress import Progress

StudyState = Literal["none", "waiting", "running", "ready", "failed", "cancelled"]
KEPT = 16  # results kept for the next look

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Subject:
    """What a study looks at: a consistent copy of the weights, their past, and the data. Nothing of it is changed."""

    run: str
    config: "RunConfig"
    bundle: "DataBundle"
    snapshot: "Snapshot"
    at_keyframe: "Callable[[int], SatipatthanaSystem]"
    """The network as it stood at a keyframe, by its number."""
    undisclosed: bool = False
    """It is a patient of the ward round of whom the visitor has not said yet what he has: no study names a cause."""

    @property
    def system(self) -> "SatipatthanaSystem":
        return self.snapshot.system

    @property
    def key(self) -> tuple[int, ...]:
        """What was found of it stands as long as this: the run, the version of its weights, and whether all may be
        said of it."""
        return self.snapshot.epoch, self.snapshot.version, int(self.undisclosed)


@dataclass(frozen=True)
class Study:
    """A kind of study. ``check`` turns what a page sent into settings, or raises BadInput; ``run`` does the work."""

    name: str
    run: "Callable[[Any, Any], Iterator[Progress[Any]]]"
    check: Callable[[Mapping[str, Any]], Any] = lambda sent: no_settings(sent)


@dataclass(frozen=True, eq=False)
class StudyStatus:
    """How a study is. ``found`` is None before there is anything to show."""

    state: StudyState = "none"
    done: int = 0
    total: int = 0
    text: str = ""
    """What is worked on, or what went wrong."""
    found: Any = None
    settings: Any = None
    version: int = -1
    """Of the weights that were looked at."""
    seq: int = 0
    """Grows with every change: a page that holds the same has nothing to draw."""

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


def no_settings(sent: Mapping[str, Any]) -> None:
    """The check of a study without dials."""
    if sent:
        raise BadInput(f"This study has no setting {next(iter(sent))!r}. Leave it out.")


class Studies:
    """The studies of one visitor: one is worked on at a time, the others wait in the order of asking.

    May be asked from several threads. A newer request of the same study takes the place of the older one.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._changed = threading.Condition()
        self._status: dict[str, StudyStatus] = {}
        self._orders: OrderedDict[str, tuple[Study, Any, Any]] = OrderedDict()
        self._running: str | None = None
        self._leave = self._closed = False
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._seq = 0

    def status(self, name: str) -> StudyStatus:
        """Cheap: waits for no work."""
        with self._changed:
            return self._status.get(name, StudyStatus())

    def start(self, study: Study, subject: Any, sent: Mapping[str, Any]) -> None:
        """Asks for a study; what was found before, for the same weights and settings, is there at once."""
        settings = study.check(sent)
        key = (study.name, subject.key, settings)
        with self._changed:
            self._drop(study.name)
            if key in self._kept:
                self._kept.move_to_end(key)
                self._tell(study.name, StudyStatus("ready", 1, 1, "", self._kept[key], settings, subject.key[1]))
                return
            self._tell(study.name, StudyStatus("waiting", settings=settings, version=subject.key[1]))
            self._orders[study.name] = study, subject, settings
            self._changed.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="studies", daemon=True)
                self._thread.start()

    def cancel(self, name: str) -> None:
        """Leaves a study at its next piece; what it had shown stays."""
        with self._changed:
            if self._drop(name):
                self._tell_change(name, state="cancelled", text="Stopped.")

    def clear(self) -> None:
        """Another run is open: nothing that was found stands any more."""
        with self._changed:
            self._orders.clear()
            self._leave = self._running is not None
            self._status.clear()
            self._kept.clear()

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closed = True
            self.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _drop(self, name: str) -> bool:
        waited = self._orders.pop(name, None) is not None
        if self._running == name:
            self._leave = True
        return waited or self._running == name

    def _tell(self, name: str, status: StudyStatus) -> None:
        self._seq += 1
        self._status[name] = StudyStatus(**{**vars(status), "seq": self._seq})

    def _tell_change(self, name: str, **changes: Any) -> None:
        self._tell(name, StudyStatus(**{**vars(self._status.get(name, StudyStatus())), **changes}))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._orders)
                if self._closed:
                    return
                name, (study, subject, settings) = self._orders.popitem(last=False)
                self._running, self._leave = name, False
                self._tell_change(name, state="running")
            try:
                self._do(study, subject, settings)
            except Exception as error:  # the thread serves the next study whatever this one met
                if not isinstance(error, ValueError):
                    log.error("study %s failed", name, exc_info=error)
                with self._changed:
                    if not self._leave:
                        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                        self._tell_change(name, state="failed", text=said)
            finally:
                with self._changed:
                    self._running = None

    def _do(self, study: Study, subject: Any, settings: Any) -> None:
        found = None
        pieces = study.run(subject, settings)
        try:
            for piece in pieces:
                with self._changed:
                    if self._leave:
                        return
                    found = piece.found if piece.found is not None else found
                    self._tell_change(
                        study.name, done=piece.done, total=piece.total, text=piece.text, found=found, state="running"
                    )
        finally:
            pieces.close()  # type: ignore[attr-defined]  # a generator
        with self._changed:
            if self._leave:
                return
            key = (study.name, subject.key, settings)
            self._kept[key] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            self._tell_change(study.name, state="ready", text="", found=found)
