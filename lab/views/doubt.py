"""What the panels of Trust share: the words of paths and measures, intervals, and samples that can be pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.views.gallery import thumbnail
from lab.views.style import PATHS, escape, number

MEASURES: dict[str, str] = {
    "trust": "trust",
    "conformity": "conformity",
    "confidence": "confidence",
    "max_softmax": "largest class probability",
    "reconstruction": "minus reconstruction error",
    "nearest_probe": "minus distance to the nearest probe",
}
HEADS = {**MEASURES, "reconstruction": "−reconstruction error", "nearest_probe": "−distance to a probe"}
"""The same, for the head of a column."""
SCORES = ("trust", "conformity", "confidence")
_TITLES = {
    "clean": "clean",
    "drunk": "drunk",
    "mismatch": "another's thought",
    "mismatch_same_class": "another's thought, same class",
}


class IntervalLike(Protocol):
    """As `satipatthana.diagnostics.intervals.Interval`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


@dataclass(frozen=True)
class Picture:
    """A sample: the input as it was given, and what was made of it."""

    key: str
    """What pressing it sends after "sample:"; empty: it cannot be pressed."""
    x: np.ndarray
    other: np.ndarray | None
    """The input of whose thought was taken for its own; None on every other path."""
    label: str | None
    """What it is; None where no answer is right."""
    answer: str
    measures: tuple[tuple[str, float], ...] = ()
    measure: str = "trust"
    """The one that stands under the picture."""

    @property
    def mark(self) -> str:
        if self.label is None:
            return ""
        return "right" if self.answer == self.label else "wrong"

    @property
    def said(self) -> str:
        """In words."""
        what = "" if self.label is None else f"a {self.label}, "
        return f"{what}answered {self.answer}"


def path_title(name: str) -> str:
    """A path in words: ``augmented_0.3`` is noise σ 0.3."""
    kind, _, rest = name.partition("_")
    if kind == "augmented":
        return f"noise σ {rest or '0.3'}"
    return _TITLES.get(name) or (f"void: {rest}" if kind == "void" else name)


def path_variable(name: str) -> str:
    """The CSS colour of a path."""
    base = name.partition("_")[0]
    return f"var(--path-{base if base in PATHS else 'void'})"


def share(value: float) -> str:
    """A number from 0 to 1, or a difference of two, to three places: figures of one column end at one place."""
    text = f"{value:.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "−")


def short(value: float) -> str:
    """A number of any size in two digits, without the zero before its point: −.056."""
    return number(value, digits=2).replace("0.", ".", 1) if abs(value) < 1 else number(value, digits=2)


def interval_html(interval: IntervalLike | None, write=share) -> str:
    """The figure, and its interval in quiet ink; a dash for what does not exist."""
    if interval is None:
        return '<span class="figure none">–</span>'
    low, high = write(interval.low), write(interval.high)
    if max(abs(interval.low), abs(interval.high)) <= 1:
        # short, for columns of them: .825–.871, and −.010….002, where a dash beside a minus would not be told from it
        ends = ("–" if interval.low >= 0 else "…").join(map(_end, (low, high)))
    else:
        ends = f"{low} to {high}"
    return f'<span class="figure"><b>{write(interval.value)}</b> <span>{ends}</span></span>'


def _end(text: str) -> str:
    return "1" if text == "1.000" else text.replace("0.", ".", 1) if text != "0" else text


def strip_html(pictures: Sequence[Picture], empty: str) -> str:
    """Samples in a row, each a button that asks for its autopsy."""
    if not pictures:
        return f'<p class="lab-reading">{escape(empty)}</p>'
    return f'<div class="doubt-strip">{"".join(map(picture_html, pictures))}</div>'


def picture_html(picture: Picture) -> str:
    """One sample with its answer and the measure that it was chosen by."""
    values = dict(picture.measures)
    said = picture.said
    if picture.other is not None:
        said = f"the left picture with the thought of the right one, answered {picture.answer}"
    tip = "\n".join([said, *(f"{MEASURES[name]}: {number(value)}" for name, value in values.items())])
    images = thumbnail(picture.x, said)
    if picture.other is not None:
        images += thumbnail(picture.other, "whose thought it is")
    answer = f"{escape(picture.label or '')} → <b>{escape(picture.answer)}</b>"
    value = short(values[picture.measure]) if picture.measure in values else ""
    body = f'<span class="doubt-pair">{images}</span><span class="doubt-answer">{answer}</span><small>{value}</small>'
    about = f'class="doubt-sample" data-mark="{picture.mark}" data-tip="{escape(tip)}"'
    if not picture.key:
        return f"<span {about}>{body}</span>"
    return f'<button type="button" {about} data-act="sample:{escape(picture.key)}">{body}</button>'
