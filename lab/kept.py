"""Answers kept for the page's next look: each is made once, and whoever waits for one holds up nobody else."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")


class Kept:
    """The last `limit` answers by key, those asked for longest ago let go first. May be asked from several threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._answers: OrderedDict[Any, Any] = OrderedDict()
        self._making: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()  # held for moments only, never while an answer is made

    def get(self, key: Any, make: Callable[[], R]) -> R:
        """The answer kept under this key, or a new one. A second that asks for it meanwhile waits for the first."""
        with self._lock:
            if key in self._answers:
                return self._found(key)
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._answers:
                    return self._found(key)
            try:
                answer = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._answers[key] = answer
                while len(self._answers) > self.limit:
                    self._answers.popitem(last=False)
            return answer

    def clear(self) -> None:
        """Forgets all. What is being made is still kept when it is done: its key must say of what it is."""
        with self._lock:
            self._answers.clear()

    def __len__(self) -> int:
        return len(self._answers)

    def _found(self, key: Any) -> Any:
        self._answers.move_to_end(key)
        return self._answers[key]
