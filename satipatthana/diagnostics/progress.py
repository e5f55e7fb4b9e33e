"""How far a long computation is: what a study yields, so that it can be watched and left at any piece."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Progress(Generic[T]):
    """After each piece of work. The last one's ``found`` is the whole result."""

    done: int
    total: int
    """Pieces of work, of about equal length."""
    found: T | None = None
    """What is known so far; None when there is nothing to show yet."""
    text: str = ""
    """What is being worked on, in words."""
