"""Loss curves: the history of a run -> what to draw -> a first figure, then only what was added.

A step is drawn or left out by its number alone (`kept`), never by when somebody looked. So a page that was there
from the start and one that came late show the same points, and a figure grows with the logarithm of the steps.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from lab.views.loss_figure import as_payload, grid, heads, loss_figure
from lab.views.panel import Panel, words
from lab.views.style import N_STAGES, template

Record = Mapping[str, Any] | Any
"""A step record: a mapping, or an object, with stage, step, global_step and losses."""

APPEND_LIMIT = 3500
"""Bytes of one append, so that with what the server wraps around it an update stays below 4 kB."""
DENSE = 512
"""Steps of a stage that are all drawn; each doubling after that draws every second, fourth, ... one."""

TERMS: tuple[tuple[str, ...], ...] = (
    ("total", "reconstruction"),
    (
        "total",
        "reconstruction",
        "intermediate",
        "guidance",
        "stability",
        "balance",
        "orthogonality",
        "diversity",
    ),
    ("total", "trust", "conformity", "confidence"),
    ("total", "answer"),
)
"""The charts of each stage, there before anything is trained. Terms that a record brings besides are added."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "total": "weighted sum",
        "reconstruction": "MSE",
        "intermediate": "MSE, blurred target",
        "guidance": "cross entropy, nats",
        "early": "cross entropy, nats",
        "stability": "squared last step",
        "balance": "KL, nats",
        "orthogonality": "mean cos²",
        "diversity": "probe cosine",
        "trust": "BCE, nats",
        "conformity": "BCE, nats",
        "confidence": "BCE, nats",
        "answer": "cross entropy, nats",
    }
)
JUDGED = ("trust", "conformity", "confidence")
"""Terms with soft targets: what no judge can go below, the floor, is taken off where the record gives it."""

PANEL = Panel(
    "Is it learning?",
    "One chart a loss term of the chosen stage; below, the total of the whole run.",
    "Each point is one batch, so curves shake; the trend counts. Drag over a chart to zoom, double-click to go back. "
    "After 512 steps of a stage only every second step is drawn, after 1,024 every fourth, and so on.",
    "total = sum of weight x term; stage 2 shows BCE less the entropy of its soft targets",
    "satipatthana.train.SatipatthanaTrainer.steps",
)


@dataclass(frozen=True)
class Curve:
    """One loss term of one stage, unweighted: ``x`` steps of the stage, ``y`` its value (None: not computed)."""

    term: str
    unit: str
    x: tuple[int, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True)
class Overview:
    """The totals of one stage over the steps of the run; None where the run was in another stage between."""

    stage: int
    x: tuple[int | None, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True)
class LossInfo:
    """What the records from ``start`` to ``stop`` of a history add to the charts of one stage."""

    stage: int
    curves: tuple[Curve, ...]
    overview: tuple[Overview, ...]
    boundaries: tuple[tuple[int, int], ...]
    """(run step, stage) at which the run entered a stage."""
    start: int
    stop: int
    points: int
    """Drawn records among them."""


@dataclass(frozen=True)
class Cursor:
    """What a page holds: the charts of ``stage``, from the first ``seen`` records, of which ``points`` are drawn."""

    stage: int
    seen: int
    points: int
    seq: int

    def behind(self, history: Sequence[Record]) -> bool:
        """Something is left to send: ask `append` again, also after the training has ended."""
        return self.seen < len(history)


def stride(step: int) -> int:
    """Of the steps around this one, every how manyth is drawn: 1, then 2, 4, 8 with each doubling past `DENSE`."""
    return 1 if step <= DENSE else 2 ** math.ceil(math.log2(step / DENSE))


def kept(step: int) -> bool:
    """Whether a step of a stage (from 1) is drawn."""
    return step % stride(step) == 0


def loss_curves(history: Sequence[Record], stage: int, *, start: int = 0, stop: int | None = None) -> LossInfo:
    """What the records from ``start`` to ``stop`` draw on the charts of ``stage``. Values to four digits."""
    stop = len(history) if stop is None else min(stop, len(history))
    terms = _terms(history, stage)
    columns: dict[str, tuple[list[int], list[float | None]]] = {term: ([], []) for term in terms}
    totals: list[tuple[list[int | None], list[float | None]]] = [([], []) for _ in range(N_STAGES)]
    boundaries: list[tuple[int, int]] = []
    points = 0
    before = field_of(history[start - 1], "stage") if start else None
    for record in history[start:stop]:
        own, step, moment = field_of(record, "stage"), field_of(record, "step"), field_of(record, "global_step")
        losses = field_of(record, "losses")
        if own != before:
            boundaries.append((moment, own))
            if step > 1:  # the stage goes on after another: no line across the gap
                totals[own][0].append(None)
                totals[own][1].append(None)
        before = own
        if not kept(step):
            continue
        points += 1
        totals[own][0].append(moment)
        totals[own][1].append(_short(losses.get("total")))
        if own == stage:
            for term, (x, y) in columns.items():
                x.append(step)
                y.append(_short(_value(losses, term)))
    curves = tuple(Curve(term, _unit(history, stage, term), tuple(x), tuple(y)) for term, (x, y) in columns.items())
    overview = tuple(Overview(own, tuple(x), tuple(y)) for own, (x, y) in enumerate(totals))
    return LossInfo(stage, curves, overview, tuple(boundaries), start, stop, points)


def seed(
    history: Sequence[Record], stage: int, *, log: bool = True, seq: int = 0, run: str = ""
) -> tuple[dict[str, Any], Cursor]:
    """The whole picture for a page that holds nothing, and the cursor to go on from.

    ``run`` names the run: as long as it and the stage stay the same, a new seed keeps the page's zoom.
    """
    info = loss_curves(history, stage)
    payload = {
        "kind": "seed",
        "seq": seq,
        "points": info.points,
        "stage": stage,
        "log": log,
        "figure": loss_figure(info, log=log, run=run),
        "heads": heads(info),
        "grids": [as_payload(grid(len(info.curves), columns)) for columns in (4, 2, 1)],
        "boundaries": [list(pair) for pair in info.boundaries],
        "themes": {"light": template(False), "dark": template(True)},
        "words": words(PANEL),
    }
    return payload, Cursor(stage, len(history), info.points, seq)


def append(history: Sequence[Record], cursor: Cursor) -> tuple[dict[str, Any] | None, Cursor]:
    """What was added since the cursor, at most `APPEND_LIMIT` bytes of it, and the cursor after it.

    None when nothing new is drawn. A fast run is sent in several appends: see `Cursor.behind`.
    """
    stop = len(history)
    while True:
        info = loss_curves(history, cursor.stage, start=cursor.seen, stop=stop)
        payload = _delta(info, cursor)
        size = len(json.dumps(payload, separators=(",", ":")))
        if size <= APPEND_LIMIT or stop <= cursor.seen + 1:
            break
        stop = cursor.seen + max(1, int((stop - cursor.seen) * 0.9 * APPEND_LIMIT / size))
    moved = replace(cursor, seen=info.stop, points=cursor.points + info.points)
    if not info.points and not info.boundaries:
        return None, moved
    return payload, replace(moved, seq=cursor.seq + 1)


def _delta(info: LossInfo, cursor: Cursor) -> dict[str, Any]:
    # Traces as in `loss_figure`: the four stages' totals, then the terms. Terms share their x: it travels once, and
    # "at" says which x belongs to a trace. A term that the page has no chart for makes the page ask for a seed.
    xs: list[Sequence[int | None]] = []
    ys, at, traces = [], [], []
    for total in info.overview:
        if total.x:
            at.append(len(xs))
            xs.append(total.x)
            ys.append(total.y)
            traces.append(total.stage)
    drawn = [(index, curve) for index, curve in enumerate(info.curves, start=N_STAGES) if curve.x]
    for index, curve in drawn:
        if index == drawn[0][0]:
            xs.append(curve.x)
        at.append(len(xs) - 1)
        ys.append(curve.y)
        traces.append(index)
    delta = {"kind": "append", "seq": cursor.seq + 1, "from": cursor.points, "points": info.points}
    delta |= {"x": xs, "at": at, "y": ys, "traces": traces}
    if info.boundaries:
        delta["boundaries"] = info.boundaries
    return delta


# --- reading records -----------------------------------------------------------------------------------------


def field_of(record: Record, name: str) -> Any:
    """One field of a record, be it a mapping or an object; None if it has no such field."""
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)


def _terms(history: Sequence[Record], stage: int) -> list[str]:
    terms = list(TERMS[stage])
    # a stage's records carry the same terms, so its first one tells what is there beyond the known
    first = next((record for record in history if field_of(record, "stage") == stage), None)
    if first is not None:
        terms += [term for term in field_of(first, "losses") if term not in terms and term != "floor"]
    return terms


def _value(losses: Mapping[str, float], term: str) -> float | None:
    value = losses.get(term)
    return value if value is None or term not in JUDGED else value - losses.get("floor", 0.0)


def _unit(history: Sequence[Record], stage: int, term: str) -> str:
    if stage == 2 and (term == "total" or term in JUDGED):
        first = next((record for record in history if field_of(record, "stage") == stage), None)
        if first is None or "floor" in field_of(first, "losses"):
            return "BCE over its floor" if term in JUDGED else "with the floor"
    return UNITS.get(term, "")


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")
