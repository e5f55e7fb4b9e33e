"""What a visitor is told of a failure, before and after it has run: words and plain data, no torch."""

import importlib
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lab.limits import BadInput, choice, number

Side = Literal["broken", "fixed"]
SIDES: tuple[Side, ...] = ("broken", "fixed")


@dataclass(frozen=True)
class Story:
    """A failure in four short parts, and what it teaches."""

    symptom: str
    """As a person would first see it."""
    guess: str
    """The tempting wrong explanation."""
    cause: str
    cure: str
    """And what it costs."""
    lesson: str
    """One sentence."""
    measured: str = ""
    """Where measurement contradicts the founding document, with the figures; empty where it does not."""


@dataclass(frozen=True)
class Code:
    """Lines that matter, read from the source itself, so that what is shown is what runs."""

    where: str
    """``module:name``, a function, method or class; ``module`` alone for what stands between them."""
    first: str = ""
    """A piece of the first line to be shown; empty: the beginning."""
    lines: int = 12

    def text(self) -> str:
        """The lines, without their common indentation. Raises ValueError when ``first`` is not there."""
        module, _, name = self.where.partition(":")
        found: Any = importlib.import_module(module)
        for part in filter(None, name.split(".")):
            found = getattr(found, part)
        source = textwrap.dedent(inspect.getsource(found)).splitlines()
        start = next((i for i, line in enumerate(source) if self.first in line), None)
        if start is None:
            raise ValueError(f"{self.where} has no line with {self.first!r}.")
        return textwrap.dedent("\n".join(source[start : start + self.lines])).strip("\n")


@dataclass(frozen=True)
class Prediction:
    """What the visitor is asked before it runs."""

    question: str
    options: tuple[str, ...]
    answer: int
    because: str
    """Said with the answer; the figures stand beside it."""


@dataclass(frozen=True)
class Measure:
    """The one number that tells broken from fixed."""

    name: str
    better: Literal["higher", "lower"]
    margin: float
    """By which the worst fixed value is better than the best broken one, over seeds 0, 1, 2."""
    about: str = ""
    """How it is measured, one sentence."""

    def ahead(self, fixed: float, broken: float) -> float:
        """How much better the fixed value is; negative: it is worse."""
        return fixed - broken if self.better == "higher" else broken - fixed


@dataclass(frozen=True)
class Dial:
    """A setting that the visitor may turn, on one side or on both."""

    path: str
    """In ``config.json``."""
    label: str
    side: Literal["broken", "fixed", "both"]
    default: float | str
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()
    """Instead of a range."""

    def checked(self, value: Any) -> float | str:
        """The value, if it is one of this dial's. Raises BadInput."""
        if self.choices:
            return choice(value, self.choices, self.label)
        return number(value, self.low, self.high, self.label)


@dataclass(frozen=True)
class Card:
    """One exhibit as the wall shows it."""

    number: int
    key: str
    title: str
    founding: bool
    """Of the founding document; else it was found since."""
    story: Story
    code: Code
    prediction: Prediction
    measure: Measure
    curve: str
    """The loss term that is drawn while it learns."""
    looks: str
    """The tab in which the patient shows it best."""
    dials: tuple[Dial, ...] = ()

    def settings(self, sent: Mapping[str, Any]) -> tuple[tuple[str, float | str], ...]:
        """Dials that were turned, checked: (``side|path``, value). Raises BadInput for a dial that is not there."""
        known = {f"{dial.side}|{dial.path}": dial for dial in self.dials}
        unknown = sorted(set(sent) - set(known))
        if unknown:
            names = ", ".join(known) or "none"
            raise BadInput(f"Exhibit {self.number} has no dial {unknown[0]!r}; it has {names}.")
        return tuple((name, dial.checked(sent[name])) for name, dial in known.items() if name in sent)
