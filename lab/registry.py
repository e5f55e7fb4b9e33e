"""Things of the server's visitors, found again by an id that cannot be guessed."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from lab.limits import BadInput, token

T = TypeVar("T")


class Full(RuntimeError):
    """No room for another visitor: everything kept is still in use."""


class Registry(Generic[T]):
    """At most `limit` things by unguessable id; a full one lets go of what was unused longest, if not busy.

    `busy` says what must not be let go (a job that trains goes on without its page), `let_go` frees the rest.
    A page's memory of its id can be forged, so `get` raises BadInput for what is no known id.
    """

    def __init__(
        self,
        kind: str,
        limit: int,
        busy: Callable[[T], bool],
        let_go: Callable[[T], None] = lambda thing: None,
    ) -> None:
        self.kind = kind
        self.limit = limit
        self._busy = busy
        self._let_go = let_go
        self._things: dict[str, T] = {}
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    def add(self, thing: T) -> str:
        """Keeps `thing`; returns its new id. Raises Full when nothing can be let go for it."""
        gone: list[T] = []
        with self._lock:
            while len(self._things) >= self.limit:
                idle = [
                    key for key in sorted(self._seen, key=self._seen.__getitem__) if not self._busy(self._things[key])
                ]
                if not idle:
                    raise Full(
                        f"{len(self._things)} of at most {self.limit} {self.kind}s are in use. Try again "
                        "when one of them has ended, or start the lab on a machine of your own."
                    )
                gone.append(self._things.pop(idle[0]))
                del self._seen[idle[0]]
            key = secrets.token_urlsafe(24)
            self._things[key] = thing
            self._seen[key] = time.monotonic()
        for old in gone:  # outside the lock: letting go may wait for a thread
            self._let_go(old)
        return key

    def get(self, key: object) -> T:
        """The thing of this id, whatever a page sent as one. Raises BadInput if there is none."""
        key = token(key)
        with self._lock:
            if key not in self._things:
                raise BadInput(f"No {self.kind} has this id (any more). Reload the page for a new one.")
            self._seen[key] = time.monotonic()
            return self._things[key]

    def drop(self, key: str) -> None:
        """Lets go of the thing of this id, if there is one."""
        with self._lock:
            thing = self._things.pop(key, None)
            self._seen.pop(key, None)
        if thing is not None:
            self._let_go(thing)

    def sweep(self, unused_s: float) -> int:
        """Lets go of everything idle that nobody asked for in `unused_s` seconds; returns how many."""
        limit = time.monotonic() - unused_s
        with self._lock:
            old = [key for key, seen in self._seen.items() if seen <= limit and not self._busy(self._things[key])]
        for key in old:
            self.drop(key)
        return len(old)

    def sweep_after(self, unused_s: float) -> None:
        """Sweeps in `unused_s` seconds, once however often this is asked meanwhile, and again as long as some stay."""
        with self._lock:
            if self._sweeper is not None:
                return
            self._sweeper = threading.Timer(unused_s, self._sweep_again, [unused_s])
            self._sweeper.daemon = True
            self._sweeper.start()

    def clear(self) -> None:
        """Lets go of everything, busy or not: the server ends."""
        for key in list(self._things):
            self.drop(key)

    def _sweep_again(self, unused_s: float) -> None:
        self.sweep(unused_s)
        with self._lock:
            self._sweeper = None
        if self._things:
            self.sweep_after(unused_s)

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._things.values()))
