"""Decoders: the same inputs as each head draws them, beside the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.views.gallery import thumbnail
from lab.views.glossary import titled
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import N_CLASSES, corner, escape, number, percent

PANEL = Panel(
    "What does each decoder make of it?",
    "A row is an input, a column a decoder; the score is the mean squared error against the clean inputs.",
    "The stage-0 head draws z, what is seen before any thinking; the head of s draws the first guess s₀ and the "
    "settled s*. The difference between the last two is what thinking did. Hover over a picture to magnify the same "
    "spot in its whole row.",
    "MSE = mean over pixels of (drawn − clean)², x in [−1, 1]",
    "lab.views.decoders.squared_error",
)
DRIFT_LABEL = "show the stage-0 head under today's adapter (drifted)"
"""What the page's toggle says."""


@dataclass(frozen=True)
class Column:
    """One way of drawing the inputs: its name, what that is, pictures (N, ...) or None, and their errors (N,)."""

    key: str
    name: str
    gloss: str
    pictures: np.ndarray | None
    errors: np.ndarray | None

    @property
    def score(self) -> float | None:
        return None if self.errors is None or not len(self.errors) else float(np.mean(self.errors))


@dataclass(frozen=True)
class DecoderInfo:
    """N inputs: their labels, the columns from the input to s*, the class probabilities (N, n_classes)."""

    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    probabilities: np.ndarray | None
    classes: tuple[str, ...]
    noise: float
    seed: int | None

    @property
    def n(self) -> int:
        return len(self.labels)


def squared_error(drawn: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Mean squared error of each sample (N,), over everything but the first axis."""
    difference = np.asarray(drawn, dtype=np.float64) - np.asarray(clean, dtype=np.float64)
    return np.square(difference).mean(axis=tuple(range(1, difference.ndim)))


def decoders(
    inputs: np.ndarray,
    clean: np.ndarray,
    labels: Sequence[object],
    *,
    stage0: np.ndarray | None = None,
    drifted: np.ndarray | None = None,
    show_drifted: bool = False,
    s0: np.ndarray | None = None,
    s_star: np.ndarray | None = None,
    probabilities: np.ndarray | None = None,
    classes: Sequence[object] = tuple(range(N_CLASSES)),
    stage0_at: str = "",
    noise: float = 0.0,
    seed: int | None = None,
) -> DecoderInfo:
    """The table of N inputs as the network was given them (N, ...), with their clean originals.

    ``stage0`` is drawn by adapter and head as stage 0 left them (``stage0_at`` says when), ``drifted`` by the same
    head under today's adapter; ``show_drifted`` chooses. What is None is not trained yet. Raises ValueError when the
    parts are not of the same inputs.
    """
    parts = {"clean": clean, "labels": labels, "stage0": stage0, "drifted": drifted, "s0": s0, "s_star": s_star}
    for name, part in {**parts, "probabilities": probabilities}.items():
        if part is not None and len(part) != len(inputs):
            raise ValueError(f"{name} is of {len(part)} inputs, there are {len(inputs)}; give the same ones.")
    if probabilities is not None and len(inputs) and probabilities.shape[1] != len(classes):
        raise ValueError(f"There are {probabilities.shape[1]} probabilities for {len(classes)} classes.")
    seen = "today's adapter under the frozen head" if show_drifted else f"as stage 0 left it{_when(stage0_at)}"
    given = "clean" if noise == 0 else f"noise σ {number(noise)}"
    columns = (
        _column("input", "Input", given, inputs, clean),
        _column("z", "Stage-0 reconstruction", seen, drifted if show_drifted else stage0, clean),
        _column("s0", "s₀ decoded", titled("vitakka"), s0, clean),
        _column("s_star", "s* decoded", titled("samatha"), s_star, clean),
    )
    named = tuple(str(label) for label in labels)
    return DecoderInfo(named, columns, probabilities, tuple(str(name) for name in classes), noise, seed)


def _when(text: str) -> str:
    return f" ({text})" if text else ""


def _column(key: str, name: str, gloss: str, pictures: np.ndarray | None, clean: np.ndarray) -> Column:
    return Column(key, name, gloss, pictures, None if pictures is None else squared_error(pictures, clean))


def decoders_html(info: DecoderInfo | None) -> str:
    """The panel as HTML; None says that there is no network yet."""
    if info is None or not info.n:
        missing = empty_html("There is no network to look at yet. Open a run or start a new one.", "Train", "tab:Train")
        return panel_html("decoders", PANEL, missing)
    rows = "".join(_row(info, index) for index in range(info.n))
    table = f'<div class="decoders-table" role="table">{_head(info)}{rows}</div>'
    return panel_html("decoders", PANEL, table, corner=corner(info.n, info.seed))


def _head(info: DecoderInfo) -> str:
    cells = "".join(
        f'<div role="columnheader"><b>{escape(column.name)}</b><span>{escape(column.gloss)}</span>'
        f"<i>{_score(column)}</i></div>"
        for column in info.columns
    )
    answer = f"<b>Class probabilities</b><span>{escape(titled('answer'))}</span><i>{_right(info)}</i>"
    return f'<div class="decoders-row head" role="row">{cells}<div role="columnheader">{answer}</div></div>'


def _score(column: Column) -> str:
    if column.score is None:
        return "not trained yet"
    return "" if column.key == "input" and column.score == 0 else f"MSE {number(column.score)}"


def _right(info: DecoderInfo) -> str:
    if info.probabilities is None:
        return "not trained yet"
    right = sum(
        info.classes[int(row.argmax())] == label for row, label in zip(info.probabilities, info.labels, strict=True)
    )
    return f"{right} of {info.n} right"


def _row(info: DecoderInfo, index: int) -> str:
    cells = "".join(_cell(column, index, info.labels[index]) for column in info.columns)
    answer = '<div class="decoders-answer" role="cell">–</div>'
    if info.probabilities is not None:
        answer = _answer(info.probabilities[index], info.classes, info.labels[index])
    return f'<div class="decoders-row" role="row">{cells}{answer}</div>'


def _cell(column: Column, index: int, label: str) -> str:
    if column.pictures is None or column.errors is None:
        return '<div class="zoomed" role="cell"><span class="pixels blank"></span></div>'
    tip = f"{column.name} of a {label}: MSE {number(float(column.errors[index]))}"
    return f'<div class="zoomed" role="cell" data-zoom>{thumbnail(column.pictures[index], tip, tip)}</div>'


def _answer(row: np.ndarray, classes: Sequence[str], label: str) -> str:
    best = int(np.argmax(row))
    bars = "".join(
        f'<span data-tip="{escape(name)}: {percent(float(p))}"{" data-best" if index == best else ""}>'
        f'<u><i style="height:{100 * float(p):.1f}%;background:var(--class-{index % N_CLASSES})"></i></u>'
        f"<em>{escape(name)}</em></span>"
        for index, (name, p) in enumerate(zip(classes, row, strict=True))
    )
    right = classes[best] == label
    verdict = "right" if right else f"wrong: it is {label}"
    return (
        f'<div class="decoders-answer" role="cell"><div class="class-bars" style="--n:{len(classes)}">{bars}</div>'
        f"<p><b>{escape(classes[best])}</b> {percent(float(row[best]))}"
        f'<span class="{"right" if right else "wrong"}">{escape(verdict)}</span></p></div>'
    )
