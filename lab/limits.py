"""The one check of what a page sends.

Gradio lets through NaN, null, a list for a single choice, any value for a checkbox, forged events and
browser states: every handler passes what it gets through here. Each check returns the value in the type that
it stands for, or raises BadInput, which gives the value, what was expected and what to do.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, TypeVar, overload

T = TypeVar("T", bound=str | int)

SHOWN = 40  # characters of a bad value that a message repeats
MOST_NAMED = 10  # allowed values that it names
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class BadInput(ValueError):
    """What the page cannot have meant; the message gives the value, what was expected and the remedy."""


@overload
def number(value: Any, low: float, high: float, name: str, *, integer: Literal[True]) -> int: ...
@overload
def number(value: Any, low: float, high: float, name: str, *, integer: Literal[False] = False) -> float: ...
def number(value: Any, low: float, high: float, name: str, *, integer: bool = False) -> float | int:
    """A finite number from `low` to `high`, both included; with `integer` a whole one (3.0 counts as 3)."""
    kind = "a whole number" if integer else "a number"
    form = ",.0f" if integer else "g"  # a whole bound in full: 2.14748e+09 is no seed
    expected = f"expected {kind} from {low:{form}} to {high:{form}}"
    # bool is an int to Python; a number that came as text was not sent by a slider
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{name} is {show(value)}; {expected}. Move its slider or type such a number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"{name} is {value}; {expected}. Type such a number.")
    if not low <= value <= high:
        raise BadInput(f"{name} is {show(value)}; {expected}. Choose one inside.")
    if integer and value != int(value):
        raise BadInput(f"{name} is {value}; {expected}. Leave out the fraction.")
    return int(value) if integer else float(value)


def choice(value: Any, allowed: Sequence[T], name: str) -> T:
    """One of `allowed`, by value and type: true is not 1."""
    for item in allowed:
        if type(value) is type(item) and value == item:
            return item
    shown = [str(item) for item in allowed[:MOST_NAMED]]
    known = ", ".join(shown) + (", ..." if len(allowed) > MOST_NAMED else "") if shown else "nothing yet"
    raise BadInput(f"{name} is {show(value)}; expected one of: {known}. Choose one of them.")


def flag(value: Any, name: str) -> bool:
    """True or false, and nothing that merely counts as one."""
    if not isinstance(value, bool):
        raise BadInput(f"{name} is {show(value)}; expected true or false. Set or clear its box.")
    return value


def token(value: Any) -> str:
    """An id as `secrets.token_urlsafe` makes it: its form only, not whether it is known."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise BadInput(f"The id is {show(value)}; expected 16 to 64 letters, digits, '_' or '-'. Reload the page.")
    return value


def label(value: Any, name: str) -> str:
    """A plain name for a folder: no path leads out of it, no dot hides it."""
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise BadInput(
            f"{name} is {show(value)}; expected 1 to 64 letters, digits, '_', '-' or '.', the first a letter "
            "or a digit. Choose such a name."
        )
    return value


def show(value: Any) -> str:
    """How a message repeats a value: short, whatever a stranger sent."""
    if isinstance(value, str):
        return repr(value) if len(value) <= SHOWN else f"{value[:SHOWN]!r}… ({len(value)} characters)"
    if isinstance(value, int) and value.bit_length() > 64:  # printing a huge one costs, or raises
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float):
        return "empty" if value is None else repr(value)
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
