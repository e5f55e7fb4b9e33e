"""Decoders: the same inputs as each head draws them, beside the answer."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lab.views.gallery import thumbnail
from lab.views.glossary import titled
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.style import N_CLASSES, corner, count, diverging, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.context import ContextUse
    from satipatthana.diagnostics.intervals import Interval

PANEL = Panel(
    "What does each decoder make of it?",
    "A row is an input on its way to s*, under each picture its error: orange too bright, purple too dark. The score "
    "is the mean squared error against the clean target.",
    "The stage-0 head draws z, what is seen before any thinking; the head of s draws every state from the first guess "
    "s₀ to the settled s*, so what changes between them is what thinking did. The answer is read from s* and from "
    "v_ctx, what the judgement of the thought passes on; below it the same answer with v_ctx set to zero. Point at a "
    "picture to magnify the same spot in all.",
    "MSE = mean over pixels of (drawn − clean)², x in [−1, 1]; an error of 1 has full colour",
    "lab.views.decoders.squared_error; satipatthana.diagnostics.context.context_use",
)
STATES = "₀₁₂₃₄₅₆₇₈₉"
FULL_COLOUR = 1.0
"""Error, in the units of x, that an error map draws in full colour."""
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
    clean: np.ndarray
    columns: tuple[Column, ...]
    probabilities: np.ndarray | None
    without_context: np.ndarray | None
    """The same with v_ctx set to zero."""
    context: "ContextUse | None"
    """How often each is right, over more inputs."""
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
    film: np.ndarray | None = None,
    film_at: Sequence[int] = (),
    probabilities: np.ndarray | None = None,
    without_context: np.ndarray | None = None,
    context: "ContextUse | None" = None,
    classes: Sequence[object] = tuple(range(N_CLASSES)),
    stage0_at: str = "",
    noise: float = 0.0,
    seed: int | None = None,
) -> DecoderInfo:
    """The table of N inputs as the network was given them (N, ...), with their clean originals.

    ``stage0`` is drawn by adapter and head as stage 0 left them (``stage0_at`` says when), ``drifted`` by the same
    head under today's adapter; ``show_drifted`` chooses. ``film`` (N, S, ...) are the decoded states after the steps
    ``film_at``, the last of which is s*. What is None is not trained yet. Raises ValueError when the parts are not of
    the same inputs.
    """
    parts = {"clean": clean, "labels": labels, "stage0": stage0, "drifted": drifted, "film": film}
    answers = {"probabilities": probabilities, "without_context": without_context}
    for name, part in {**parts, **answers}.items():
        if part is not None and len(part) != len(inputs):
            raise ValueError(f"{name} is of {len(part)} inputs, there are {len(inputs)}; give the same ones.")
    for part in answers.values():
        if part is not None and len(inputs) and part.shape[1] != len(classes):
            raise ValueError(f"There are {part.shape[1]} probabilities for {len(classes)} classes.")
    if film is not None and len(inputs) and film.shape[1] != len(film_at):
        raise ValueError(f"The film has {film.shape[1]} states at {len(film_at)} steps; give one step each.")
    seen = "today's adapter under the frozen head" if show_drifted else f"z as stage 0 left it{_when(stage0_at)}"
    columns = (
        _column("target", "Target", "clean", clean, clean),
        _column("input", "Input", _given(noise), inputs, clean),
        _column("z", "Stage 0", seen, drifted if show_drifted else stage0, clean),
        *_film(film, film_at, clean),
    )
    return DecoderInfo(
        labels=tuple(str(label) for label in labels),
        clean=clean,
        columns=columns,
        probabilities=probabilities,
        without_context=without_context,
        context=context,
        classes=tuple(str(name) for name in classes),
        noise=noise,
        seed=seed,
    )


def _film(film: np.ndarray | None, at: Sequence[int], clean: np.ndarray) -> list[Column]:
    if film is None:
        return [_column("s_star", "s*", titled("samatha"), None, clean)]
    columns = []
    for index, step in enumerate(at):
        name = "s" + "".join(STATES[int(digit)] for digit in str(step))
        last = index == len(at) - 1
        gloss = titled("vitakka") if step == 0 else f"after {step} steps" if last else ""
        key = "s_star" if last else f"s{step}"
        columns.append(_column(key, "s*" if last else name, gloss, film[:, index], clean))
    return columns


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
    style = f"--columns:{len(info.columns)}"
    table = f'<div class="decoders-table" role="table" style="{style}" data-zooms>{_head(info)}{rows}</div>'
    scrolled = f'<div class="decoders-scroll">{table}</div>'
    return panel_html("decoders", PANEL, scrolled, _context(info), corner=corner(info.n, info.seed))


def _context(info: DecoderInfo) -> str:
    found = info.context
    if found is None:
        return ""
    points = [f"{'+' if part > 0 else ''}{number(100 * part, digits=2)}" for part in vars(found.gain).values()]
    return (
        f'<p class="decoders-context">Answers to {count(found.n)} validation inputs, {escape(_given(info.noise))}: '
        f"<b>{percent(found.right.value)}</b> right with v_ctx ({_span(found.right)}), "
        f"<b>{percent(found.right_without.value)}</b> with v_ctx zeroed ({_span(found.right_without)}); "
        f"v_ctx adds <b>{points[0]}</b> points ({points[1]} to {points[2]}). 95 % intervals.</p>"
    )


def _span(share: "Interval") -> str:
    return f"{percent(share.low)} to {percent(share.high)}"


def _given(noise: float) -> str:
    return "clean" if noise == 0 else f"noise σ {number(noise)}"


def _head(info: DecoderInfo) -> str:
    cells = "".join(
        f'<div role="columnheader"><b>{escape(column.name)}</b><span>{escape(column.gloss)}</span>'
        f"<i>{_score(column)}</i></div>"
        for column in info.columns
    )
    answer = (
        f"<b>Class probabilities</b><span>{escape(titled('answer'))}; top with v_ctx, below with v_ctx zeroed</span>"
        f"<i>{_right(info, info.probabilities)}; {_right(info, info.without_context)} without</i>"
    )
    return f'<div class="decoders-row head" role="row">{cells}<div role="columnheader">{answer}</div></div>'


def _score(column: Column) -> str:
    if column.score is None:
        return "not trained yet"
    return "" if column.key in ("input", "target") and column.score == 0 else f"MSE {number(column.score)}"


def _right(info: DecoderInfo, answers: np.ndarray | None) -> str:
    if answers is None:
        return "not trained yet"
    right = sum(info.classes[int(row.argmax())] == label for row, label in zip(answers, info.labels, strict=True))
    return f"{right} of {info.n} right"


def _row(info: DecoderInfo, index: int) -> str:
    cells = "".join(_cell(column, info.clean[index], index, info.labels[index]) for column in info.columns)
    answers = "".join(
        _answer(found[index], info.classes, info.labels[index], how)
        for found, how in ((info.probabilities, "with v_ctx"), (info.without_context, "v_ctx zeroed"))
        if found is not None
    )
    return f'<div class="decoders-row" role="row">{cells}<div role="cell">{answers or "–"}</div></div>'


def _cell(column: Column, clean: np.ndarray, index: int, label: str) -> str:
    if column.pictures is None or column.errors is None:
        return '<div role="cell"><div class="zoomed"><span class="pixels blank"></span></div></div>'
    picture = column.pictures[index]
    tip = f"{column.name} of a {label}: MSE {number(float(column.errors[index]))}"
    drawn = f'<div class="zoomed" data-zoom="picture">{thumbnail(picture, tip, tip)}</div>'
    if column.key in ("input", "target") or picture.ndim < 2:
        return f'<div role="cell">{drawn}</div>'
    return (
        f'<div role="cell">{drawn}<div class="zoomed" data-zoom="picture">{error_map(picture, clean, tip)}</div></div>'
    )


def error_map(drawn: np.ndarray, clean: np.ndarray, label: str) -> str:
    """Where an image (C, H, W) is too bright (orange) or too dark (purple), mean over channels; as HTML.

    What is right is transparent, so one picture serves light and dark.
    """
    error = np.nan_to_num(np.asarray(drawn, np.float32) - np.asarray(clean, np.float32)).mean(axis=0)
    scale = diverging()
    ends = [[int(str(scale[at][1])[k : k + 2], 16) for k in (1, 3, 5)] for at in (1, 5)]
    pixels = np.empty((*error.shape, 4), np.uint8)
    pixels[..., :3] = np.where((error < 0)[..., None], ends[0], ends[1])
    # in 32 steps: a smooth map compresses to half
    pixels[..., 3] = np.round(np.clip(np.abs(error) / FULL_COLOUR, 0, 1) * 31) * 255 // 31
    pixels[pixels[..., 3] == 0] = 0
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, format="PNG")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img class="pixels error" src="data:image/png;base64,{data}" alt="error of {escape(label)}">'


def _answer(row: np.ndarray, classes: Sequence[str], label: str, how: str) -> str:
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
        f'<div class="decoders-answer"><div class="class-bars" style="--n:{len(classes)}">{bars}</div>'
        f"<p><b>{escape(classes[best])}</b> {percent(float(row[best]))}"
        f'<span class="{"right" if right else "wrong"}">{escape(verdict)}</span><span>{how}</span></p></div>'
    )
