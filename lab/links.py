"""Addresses that open a view: ``?tab=converge&sample=17&noise=0.5&drunk=1`` read, checked, and written.

A stranger may have written an address: whatever stands in it is checked here, and nothing in it raises. What cannot be
meant falls back to what the page shows by itself; a notice names the value, what was expected and what is shown
instead. How a tab receives its part when the page opens: see `lab.tabs.page.Memory.link_for`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from lab.limits import BadInput, number, show
from lab.question import PARTS, Mode, Part, Question, Weights
from lab.status import RunInfo

FIRST_NOISE = 0.5
FIRST_PLACE = 7
"""In the gallery: of the input that a page opens on."""
FAILURES = "Failures"
"""The tab that exhibits and patients belong to."""
EXHIBITS = 15
PATIENTS = 99
"""At most; a page that knows how many it has says so in `Known`."""
MOST_NOTICES = 5
MOST_NAMES = 3


@dataclass(frozen=True)
class Dial:
    """A dial of Converge: its name in an address, the setting of a `Question`, and its range on the page."""

    name: str
    setting: str
    low: float
    high: float
    step: float

    @property
    def whole(self) -> bool:
        return self.step == 1


DIALS: dict[str, Dial] = {
    dial.name: dial
    for dial in (
        Dial("noise", "noise", 0, 1.2, 0.05),
        Dial("skip", "skip", 0, 1, 0.05),
        Dial("push", "push", 0, 2, 0.05),
        Dial("gate", "threshold", -1, 1, 0.005),
        Dial("steps", "n_steps", 1, 200, 1),
        Dial("seed", "seed", 0, 2**31 - 1, 1),
    )
}
MINDS: dict[str, Mode] = {"0": "sober", "1": "drunk", "both": "both"}
"""What ``drunk`` may be in an address."""
NAMES = ("tab", "sample", "part", *DIALS, "drunk", "weights", "exhibit", "patient")
FOREIGN = ("view", "deep_link", "tour", "fbclid", "gclid")
"""Names in an address that are none of ours, or not for the server: nobody needs to hear of them."""
FOREIGN_STARTS = ("_", "utm_")

_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)


@dataclass(frozen=True)
class Known:
    """What a page has, and what it shows where an address says nothing."""

    tabs: Sequence[str]
    tab: str
    """The one that it opens on by itself."""
    first: Question
    sizes: Mapping[Part, int]
    """Samples per split."""
    weights: Sequence[Weights] = ("own",)
    exhibits: int = EXHIBITS
    patients: int = PATIENTS


@dataclass(frozen=True)
class Link:
    """What an address asks for: whole, with the page's own choice wherever it says nothing."""

    tab: str
    question: Question
    exhibit: int | None = None
    patient: int | None = None
    """Both counted from 1, of the tab Failures; None: none is asked for."""
    notices: tuple[str, ...] = ()
    """For a person to read: what stood in the address and could not be meant."""


def first_question(info: RunInfo, samples: Sequence[int]) -> Question:
    """What a page thinks about by itself: an input of its gallery under some noise, by the dials of the open run."""
    return Question(
        sample=samples[FIRST_PLACE % len(samples)],
        noise=FIRST_NOISE,
        n_steps=min(int(DIALS["steps"].high), info.n_steps),
        threshold=info.threshold,
        skip=info.skip,
        push=info.push,
    )


def parse(query: Mapping[str, str], known: Known) -> Link:
    """What an address asks of a page that has this. Names and words may be in capitals; nothing raises."""
    reader = _Reader({str(name).strip().lower(): str(value).strip() for name, value in query.items()})
    question = _question(reader, known)
    exhibit = reader.whole("exhibit", 1, known.exhibits)
    patient = reader.whole("patient", 1, known.patients)
    tab = _tab(reader, known)
    if FAILURES not in known.tabs and not (exhibit is None and patient is None):
        reader.notices.append(f"This page has no tab {FAILURES} to show exhibits and patients in; {tab} is shown.")
        exhibit = patient = None
    reader.tell_of_strangers()
    return Link(tab, question, exhibit, patient, reader.told())


def query_of(question: Question, first: Question) -> str:
    """The address of a thought, as what follows the ``?``: `parse` reads the same question from it. Beside input, noise
    and mind, which always stand in it, only what the page would not show by itself."""
    asked: dict[str, Any] = {"tab": "converge", "sample": question.sample}
    if question.part != first.part:
        asked["part"] = question.part
    asked["noise"] = question.noise
    asked["drunk"] = next(word for word, mode in MINDS.items() if mode == question.mode)
    for dial in DIALS.values():
        value = getattr(question, dial.setting)
        if dial.name != "noise" and value is not None and value != getattr(first, dial.setting):
            asked[dial.name] = value
    if question.weights != first.weights:
        asked["weights"] = question.weights
    return urlencode({name: f"{value:.10g}" if isinstance(value, float) else value for name, value in asked.items()})


# --- inside -------------------------------------------------------------------------------------------------------


class _Reader:
    """Takes values out of an address, and gathers what could not be meant."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self.notices: list[str] = []

    def text(self, name: str) -> str | None:
        """What stands there; None for nothing."""
        return self._query.get(name) or None

    def word(self, name: str, known: Mapping[str, Any], instead: str) -> Any:
        """What a word stands for, or None."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in known:
            self.tell(name, text, f"one of {', '.join(known)}", instead)
            return None
        return known[text.lower()]

    def figure(self, name: str, low: float, high: float, whole: bool, instead: Any) -> Any:
        """A number, or None. `instead`: what is shown when it cannot be meant."""
        text = self.text(name)
        if text is None:
            return None
        try:
            if not _NUMBER.fullmatch(text):
                raise BadInput(text)
            return number(float(text), low, high, name, integer=True) if whole else number(float(text), low, high, name)
        except BadInput:
            kind = "a whole number" if whole else "a number"
            self.tell(name, text, f"{kind} from {low:,.10g} to {high:,.10g}", f"{instead} is shown")
            return None

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number that nothing takes the place of, or None."""
        return self.figure(name, low, high, True, "none")

    def tell_of_strangers(self) -> None:
        """Says which names mean nothing here: one that is misspelt would be missed without a word."""
        strange = [
            name for name in self._query if name not in (*NAMES, *FOREIGN) and not name.startswith(FOREIGN_STARTS)
        ]
        if strange:
            shown = ", ".join(map(show, strange[:MOST_NAMES])) + (", ..." if len(strange) > MOST_NAMES else "")
            self.notices.append(f"A link has no {shown}; expected {', '.join(NAMES)}. It changes nothing.")

    def told(self) -> tuple[str, ...]:
        """The notices, the first few of them."""
        return tuple(self.notices[:MOST_NOTICES])

    def tell(self, name: str, text: str, expected: str, instead: str) -> None:
        self.notices.append(f"{name} is {show(text)}; expected {expected}. {instead[:1].upper()}{instead[1:]} instead.")


def _tab(reader: _Reader, known: Known) -> str:
    named = {tab.lower(): tab for tab in known.tabs}
    places = any(reader.text(name) for name in ("exhibit", "patient"))
    default = FAILURES if places and FAILURES in known.tabs and reader.text("tab") is None else known.tab
    text = reader.text("tab")
    if text is not None and text.lower() not in named:
        reader.tell("tab", text, f"one of {', '.join(known.tabs)}", f"{default} is shown")
    return named.get((text or default).lower(), default)


def _question(reader: _Reader, known: Known) -> Question:
    first = known.first
    part: Part = reader.word("part", {name: name for name in PARTS}, f"{first.part} is taken") or first.part
    own = first.sample if part == first.part else 0
    found: dict[str, Any] = {
        "part": part,
        "sample": reader.figure("sample", 0, known.sizes[part] - 1, True, f"{PARTS[part]} {own}"),
        "mode": reader.word("drunk", MINDS, f"a {first.mode} mind is shown"),
        "weights": reader.word("weights", {name: name for name in known.weights}, f"{first.weights} is taken"),
    }
    for dial in DIALS.values():
        instead = getattr(first, dial.setting)
        found[dial.setting] = reader.figure(dial.name, dial.low, dial.high, dial.whole, f"{instead:g}")
    if found["sample"] is None:
        found["sample"] = own
    return replace(first, **{name: value for name, value in found.items() if value is not None})
