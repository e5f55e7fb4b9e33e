"""Planes through a thought: where other starts end, what each place means as an input, where it is trusted."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lab.views.gallery import data_uri
from lab.views.panel import Panel, empty_html, panel_html
from lab.views.progress import Working, progress_html
from lab.views.style import N_CLASSES, class_colours, corner, count, escape, number, percent

if TYPE_CHECKING:
    from satipatthana.diagnostics.ground import Ground
    from satipatthana.diagnostics.planes import Basins, Cut, Field, Planes

BASINS = Panel(
    "Where do other starts end?",
    "One input, 4,096 first guesses on a plane through three ends. Colour: the answer at the end; pale: many steps.",
    "The plane goes through the end of this thought and the ends of two other samples. Every place on it is taken as "
    "a first guess about this input and thinks on. If the map contracts, all end in one state, whatever the start: "
    "even the ends of other samples are forgotten. Where it does not contract, several ends appear, parted by lines; "
    "a cross marks each.",
    "s_{t+1} = f(s_t; z), z fixed, s_0 on the plane; ends within .001 of the unit are one (single linkage)",
    "satipatthana.diagnostics.planes.basins",
)
FIELD = Panel(
    "What would each place mean as an input?",
    "Every place is taken as z. Colour: the answer where its thought ends; pale: many steps; arrows: the first step.",
    "The plane goes through z of this thought and of two other samples. From every place a whole thought starts with "
    "its own first guess, the gate open; its end is read without the context of a judgement, because no input belongs "
    "to such a place. An arrow is one step from s = z, as far as it goes along the plane.",
    "arrow at p = f(p; z = p) − p; answer = argmax answer(s*, v_ctx = 0)",
    "satipatthana.diagnostics.planes.field",
)
GROUND = Panel(
    "Where does it trust its thought?",
    "The plane in which the inputs lie: bright is sure. Dots: inputs of the validation set.",
    "Left trust, the network's judgement of its own thought; right the largest class probability of its answer. On "
    "known ground both are bright. Where nothing was ever seen trust should be dark, while a soft-max may be sure "
    "anywhere far from its boundary.",
    "trust(x), max softmax(answer(x))",
    "satipatthana.diagnostics.ground.ground",
)
START = "Cut the planes"
WORDS = {
    "none": f"Nothing has been cut yet. “{START}” lets 4,096 starts think: a second or two.",
    "one": "All starts come to one end: for this input the map contracts, at least on this plane.",
    "many": "The starts come to {n} different ends: here the first guess decides, and the map does not contract.",
    "moving": " {share} of them had not come to rest after 200 steps, so their ends are only where they were then.",
    "sample": "The thought on the page is another one now. Cut again for its planes.",
}
_SIDE = 360
"""Pixels of a map at the page's own type size."""
_PALE = 0.3
"""Opacity of a place that needs the most steps."""
_FEW = 6
"""A difference of fewer steps is no reason to turn as pale as that."""


@dataclass(frozen=True)
class CutsInfo:
    """The planes of one thought; ``ground`` only for inputs that are points (N, 2), with their classes."""

    planes: Planes
    classes: tuple[str, ...]
    title: str
    """Of the input."""
    seed: int
    ground: Ground | None = None
    points: np.ndarray | None = None
    labels: np.ndarray | None = None
    other_thought: bool = False
    """The page shows another thought by now."""


def planes_html(info: CutsInfo | None, now: Working = Working()) -> str:  # noqa: B008
    """The panels as HTML, whatever there is to show yet."""
    said = progress_html(now)
    if info is None:
        return panel_html("basins", BASINS, said or empty_html(WORDS["none"]))
    if info.other_thought and not said:
        said = f'<p class="study-state" role="status">{WORDS["sample"]}</p>'
    note = f"{info.title} · {corner(None, info.seed)} · unit {number(info.planes.unit)}"
    basins, field = info.planes.basins, info.planes.field
    panels = [
        panel_html("basins", BASINS, said, "" if basins is None else _basins(basins, info), corner=note),
        panel_html("field", FIELD, "" if field is None else _field(field, info), corner=note),
    ]
    if info.ground is not None:
        panels.append(panel_html("ground", GROUND, _ground(info.ground, info), corner=_count(info)))
    return f'<div class="planes">{"".join(panels)}</div>'


def _count(info: CutsInfo) -> str:
    return corner(None if info.points is None else len(info.points), info.seed)


# --- (a) ------------------------------------------------------------------------------------------------------------


def _basins(basins: Basins, info: CutsInfo) -> str:
    told = WORDS["one"] if basins.n_ends == 1 else WORDS["many"].format(n=count(basins.n_ends))
    if basins.moving:
        told += WORDS["moving"].format(share=percent(basins.moving))
    answer = basins.answers[basins.owner]
    ends = "".join(
        f'<path class="plane-end" d="M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12" data-tip="{escape(tip)}"/>'
        for (x, y), tip in (
            (_at(basins.cut, basins.ends[m]), _end_tip(basins, m, info.classes)) for m in range(min(basins.n_ends, 12))
        )
    )
    marks = _borders(basins.owner) + _corners(basins.cut, info, "s*") + ends
    label = f"{basins.n_ends} ends of {basins.owner.size} starts"
    return f"<p>{escape(told)}</p>{_map(basins.cut, answer, basins.steps, marks, label)}" + _legend(
        answer, basins.steps, info.classes
    )


def _end_tip(basins: Basins, m: int, classes: Sequence[str]) -> str:
    return (
        f"an end: {percent(float(basins.shares[m]))} of the starts, class {classes[int(basins.answers[m])]}\n"
        f"{number(float(basins.off[m]))} latent units above the plane"
    )


def _borders(owner: np.ndarray) -> str:
    """Lines between neighbouring cells of different ends."""
    rows, columns = owner.shape
    across, down = _SIDE / columns, _SIDE / rows
    upright = [(i, j) for i, j in np.argwhere(owner[:, 1:] != owner[:, :-1])]
    flat = [(i, j) for i, j in np.argwhere(owner[1:] != owner[:-1])]
    path = "".join(f"M{(j + 1) * across:.1f} {i * down:.1f}v{down:.1f}" for i, j in upright) + "".join(
        f"M{j * across:.1f} {(i + 1) * down:.1f}h{across:.1f}" for i, j in flat
    )
    return f'<path class="plane-border" d="{path}"/>' if path else ""


# --- (b) ------------------------------------------------------------------------------------------------------------


def _field(field: Field, info: CutsInfo) -> str:
    longest = float(np.linalg.norm(field.arrows, axis=1).max())
    spacing = (field.cut.high[0] - field.cut.low[0]) / np.sqrt(len(field.tails))
    scale = 0.9 * spacing / longest if longest > 0 else 0.0
    arrows = []
    for tail, arrow in zip(field.tails, field.arrows, strict=True):
        (x, y), (a, b) = _at(field.cut, tail), _at(field.cut, tail + scale * arrow)
        dx, dy = a - x, b - y
        # a head of a third of its length
        arrows.append(
            f"M{x:.1f} {y:.1f}l{dx:.1f} {dy:.1f}l{-0.32 * dx - 0.16 * dy:.1f} {-0.32 * dy + 0.16 * dx:.1f}"
            f"m{0.32 * dy:.1f} {-0.32 * dx:.1f}l{0.32 * dx - 0.16 * dy:.1f} {0.32 * dy + 0.16 * dx:.1f}"
        )
    marks = f'<path class="plane-arrows" d="{"".join(arrows)}"/>{_corners(field.cut, info, "z")}'
    said = f"The longest arrow is a step of {number(longest)} latent units along the plane."
    label = f"Answers over a plane of inputs: {', '.join(_names(field.answer, info.classes))}"
    return f"<p>{said}</p>{_map(field.cut, field.answer, field.steps, marks, label)}" + _legend(
        field.answer, field.steps, info.classes
    )


# --- what both share ------------------------------------------------------------------------------------------------


def _at(cut: Cut, place: np.ndarray) -> tuple[float, float]:
    x = (float(place[0]) - cut.low[0]) / (cut.high[0] - cut.low[0])
    y = (cut.high[1] - float(place[1])) / (cut.high[1] - cut.low[1])
    return _SIDE * x, _SIDE * y


def _map(cut: Cut, answer: np.ndarray, steps: np.ndarray, marks: str, label: str) -> str:
    pictures = "".join(
        f'<image class="when-{theme}" href="{_painted(answer, steps, dark)}" width="{_SIDE}" height="{_SIDE}" '
        'preserveAspectRatio="none"/>'
        for theme, dark in (("light", False), ("dark", True))
    )
    unit = 10.0 ** np.floor(np.log10((cut.high[0] - cut.low[0]) / 3))
    length = _SIDE * unit / (cut.high[0] - cut.low[0])
    y = _SIDE + 14
    bar = (
        f'<path class="plane-bar" d="M0 {y}h{length:.1f}"/><text x="{length + 8:.1f}" y="{y + 5}">'
        f"{unit:g} latent unit{'' if unit == 1 else 's'}</text>"
    )
    return (
        f'<svg class="plane-map" viewBox="0 0 {_SIDE} {_SIDE + 24}" role="img" aria-label="{escape(label)}">'
        f"{pictures}{marks}{bar}</svg>"
    )


def _painted(answer: np.ndarray, steps: np.ndarray, dark: bool) -> str:
    """One pixel a place: hue by class, opacity by steps."""
    hues = np.array([[int(hue[i : i + 2], 16) for i in (1, 3, 5)] for hue in class_colours(dark)], dtype=np.uint8)
    span = max(int(steps.max() - steps.min()), _FEW)
    alpha = 255 * (1 - (1 - _PALE) * (steps - steps.min()) / span)
    pixels = np.concatenate([hues[answer % N_CLASSES], alpha.astype(np.uint8)[..., None]], axis=-1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _corners(cut: Cut, info: CutsInfo, what: str) -> str:
    """The three states that the plane goes through, named."""
    out = []
    for index, (place, label) in enumerate(zip(cut.corners, info.planes.classes, strict=True)):
        x, y = _at(cut, place)
        name = f"this {what}" if index == 0 else f"{what} of {info.classes[label]}"
        right = x + 13 + 9 * len(name) > _SIDE
        out.append(
            f'<circle class="plane-corner{"" if index else " own"}" cx="{x:.1f}" cy="{y:.1f}" r="{6 if index else 9}"/>'
            f'<text class="plane-name" x="{x + (-13 if right else 13):.1f}" y="{y + 5:.1f}" '
            f'text-anchor="{"end" if right else "start"}">{escape(name)}</text>'
        )
    return "".join(out)


def _names(answer: np.ndarray, classes: Sequence[str]) -> list[str]:
    return [classes[int(label)] for label in np.unique(answer)]


def _legend(answer: np.ndarray, steps: np.ndarray, classes: Sequence[str]) -> str:
    labels, counts = np.unique(answer, return_counts=True)
    shown = "".join(
        f'<span><i style="background:var(--class-{int(label) % N_CLASSES})"></i>{escape(classes[int(label)])} '
        f"{percent(float(count) / answer.size)}</span>"
        for label, count in sorted(zip(labels, counts, strict=True), key=lambda pair: -pair[1])
    )
    low, high = int(steps.min()), int(steps.max())
    took = f"{low} steps" if low == high else f"full colour {low}, palest {high} steps"
    return f'<p class="plane-legend">{shown}<span>{took} to within 1 % of the end</span></p>'


# --- the ground -----------------------------------------------------------------------------------------------------


def _ground(ground: Ground, info: CutsInfo) -> str:
    both = ((ground.trust, "trust"), (ground.softmax, "largest class probability"))
    maps = "".join(
        f"<figure><figcaption>{name}</figcaption>{_light(values, name, ground, info)}</figure>" for values, name in both
    )
    scale = '<p class="ground-scale"><span>0</span><i></i><span>1</span></p>'
    return f'<div class="ground-maps">{maps}</div>{scale}'


def _light(values: np.ndarray, name: str, ground: Ground, info: CutsInfo) -> str:
    (left, bottom), (right, top) = ground.low, ground.high
    dots = ""
    if info.points is not None and info.labels is not None:
        dots = "".join(
            f'<circle class="ground-dot" cx="{_SIDE * (x - left) / (right - left):.1f}" '
            f'cy="{_SIDE * (top - y) / (top - bottom):.1f}" r="3" fill="var(--class-{int(label) % N_CLASSES})"/>'
            for (x, y), label in zip(info.points, info.labels, strict=True)
        )
    middle = f"{name} over the plane of the inputs, from {number(float(values.min()))} to {number(float(values.max()))}"
    ticks = (
        f'<text x="0" y="{_SIDE + 18}">x₁ {number(left, "", 2)}</text>'
        f'<text x="{_SIDE}" y="{_SIDE + 18}" text-anchor="end">{number(right, "", 2)}</text>'
    )
    return (
        f'<svg class="plane-map" viewBox="0 0 {_SIDE} {_SIDE + 24}" role="img" aria-label="{escape(middle)}">'
        f'<image href="{data_uri(2 * np.clip(values, 0, 1) - 1)}" width="{_SIDE}" height="{_SIDE}"/>{dots}{ticks}</svg>'
    )
