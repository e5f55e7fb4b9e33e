"""The figure of the loss curves and the grid it stands on; what to draw comes from `lab.views.curves`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lab.views.style import stage_colour, template

if TYPE_CHECKING:
    from lab.views.curves import LossInfo

TITLE, TICKS, AXIS_TITLE, GAP, LEFT, RIGHT = 46, 24, 22, 12, 50, 16
"""Pixels around a chart: its two title lines, tick labels, name of the x axis, gap, room for y labels, right margin."""
WIDTH = 800
"""Pixels for which the figure is laid out until a page knows better."""


@dataclass(frozen=True)
class Box:
    """Where a chart stands: left and right edge as (share of the width, pixels), top and bottom in pixels."""

    left: tuple[float, float]
    right: tuple[float, float]
    top: float
    bottom: float


@dataclass(frozen=True)
class Grid:
    """Small charts in ``columns``, the overview across the foot; ``boxes[0]`` is the overview's."""

    columns: int
    height: float
    boxes: tuple[Box, ...]
    ticked: tuple[bool, ...]
    """Which charts carry the labels of their x axis: the lowest of each column, and the overview."""


def grid(n: int, columns: int) -> Grid:
    """Boxes for ``n`` small charts and the overview."""
    columns = max(1, min(n, columns))
    rows = -(-n // columns)
    tall = 92 if rows > 1 else 2 * 92 + TITLE + GAP  # one row of charts takes the room of two
    boxes, y = [], 0.0
    for row in range(rows):
        last = row == rows - 1
        for column in range(min(columns, n - row * columns)):
            left, right = column / columns, (column + 1) / columns
            boxes.append(Box((left, LEFT), (right, -RIGHT), y + TITLE, y + TITLE + tall))
        y += TITLE + tall + (TICKS + AXIS_TITLE if last else GAP)
    foot = Box((0, LEFT), (1, -RIGHT), y + TITLE, y + TITLE + 72)
    ticked = tuple(index + columns >= n for index in range(n))
    return Grid(columns, foot.bottom + TICKS + AXIS_TITLE, (foot, *boxes), (True, *ticked))


def as_payload(layout: Grid) -> dict[str, Any]:
    """The grid as plain lists."""
    return asdict(layout)


def domains(layout: Grid, width: float = WIDTH) -> list[tuple[list[float], list[float]]]:
    """x and y domain of every chart, as shares of a figure of this width."""
    out = []
    for box in layout.boxes:
        x = [share + pixels / width for share, pixels in (box.left, box.right)]
        y = [1 - box.bottom / layout.height, 1 - box.top / layout.height]
        out.append((x, y))
    return out


def loss_figure(info: LossInfo, *, log: bool = True, run: str = "", columns: int = 4) -> dict[str, Any]:
    """The figure as plain JSON with plain lists: traces 0 to 3 the overview by stage, then one a term.

    ``meta.colour`` of a trace is the name of its colour in the palette, so that a page can follow its theme. Titles,
    units and last values (`heads`) and the stage marks are the page's to write: as annotations they would cost it a
    third of every redraw.
    """
    layout_grid = grid(len(info.curves), columns)
    places = domains(layout_grid)
    layout: dict[str, Any] = {
        "template": template(False),
        "height": layout_grid.height,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "showlegend": False,
        "hovermode": "x",
        "uirevision": f"{run}/{info.stage}",
    }
    traces = [_trace(total.x, total.y, f"stage-{total.stage}", f"stage {total.stage}", 0) for total in info.overview]
    for index, curve in enumerate(info.curves, start=1):
        traces.append(_trace(curve.x, curve.y, f"stage-{info.stage}", curve.unit, index))
    for index, (x, y) in enumerate(places):
        layout |= _axes(index, x, y, layout_grid.ticked[index], log)
    return {"data": traces, "layout": layout}


def heads(info: LossInfo) -> list[dict[str, str]]:
    """Name and unit of each chart, the overview's first."""
    own = [{"title": curve.term, "unit": curve.unit} for curve in info.curves]
    return [{"title": "total over the run", "unit": "each stage in its own terms"}, *own]


def _trace(x: Sequence[int | None], y: Sequence[float | None], colour: str, unit: str, axis: int) -> dict[str, Any]:
    name = "" if axis == 0 else str(axis + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "xaxis": f"x{name}",
        "yaxis": f"y{name}",
        "connectgaps": False,
        "line": {"color": stage_colour(int(colour[-1])), "width": 1.3},
        "meta": {"colour": colour},
        "hovertemplate": f"<b>%{{y:.3~g}}</b> {unit}<extra></extra>",
    }


def _axes(index: int, x: list[float], y: list[float], ticked: bool, log: bool) -> dict[str, Any]:
    name = "" if index == 0 else str(index + 1)
    words = "step of the run" if index == 0 else "step of the stage"
    xaxis: dict[str, Any] = {
        "domain": x,
        "anchor": f"y{name}",
        "rangemode": "tozero",
        "nticks": 4,
        "tickangle": 0,
        "showgrid": False,
        "automargin": False,
        "showticklabels": ticked,
        "title": {"text": words if ticked else "", "standoff": 2},
    }
    yaxis = {
        "domain": y,
        "anchor": f"x{name}",
        "type": "log" if log else "linear",
        "nticks": 4,
        "tickformat": ".3~g",
        "automargin": False,
    }
    return {f"xaxis{name}": xaxis, f"yaxis{name}": yaxis}
