"""A lock without favourites."""

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A lock given in the order of asking, so that the training loop cannot starve a page; reentrant."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._holder: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me, ticket = threading.get_ident(), object()
        with self._changed:
            if self._holder != me:
                self._queue.append(ticket)
                while self._holder is not None or self._queue[0] is not ticket:
                    self._changed.wait()
                self._queue.popleft()
                self._holder = me
            self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._depth -= 1
            if self._depth == 0:
                self._holder = None
                self._changed.notify_all()
