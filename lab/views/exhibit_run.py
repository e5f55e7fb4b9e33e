"""An exhibit while it runs: loss and measure of broken and fixed on the same axes, and what both draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lab.views.exhibit_charts import SIDES, chart_html, smoothed
from lab.views.gallery import thumbnail
from lab.views.panel import Panel, panel_html
from lab.views.style import count, duration, escape

RUN = Panel(
    "Where do broken and fixed part?",
    "Same seed, data and steps; broken hollow and dashed, fixed solid.",
    "A step of the one, then a step of the other, so both are always as far. The loss is that of the training batches, "
    "as a mean over the last few steps, because single steps jump; the measure is taken eleven times, on validation "
    "inputs. Loss falls in sickness too: the measure tells the two apart.",
    "",
    "lab.exhibits.experiment.run_pair",
)
STRIP = Panel(
    "What do both draw?",
    "The same eight validation inputs: as they are, and as each network draws them now.",
    "Before stage 1 the picture comes from z, through the stage-0 head; after that from the settled state s*. Some "
    "sicknesses are not in the pictures at all: then it is said so.",
    "",
    "satipatthana.core.SatipatthanaSystem.decode",
)
SMOOTH = 20
"""The loss is drawn as a mean over this part of the whole: its twentieth."""
LOOKS = 10
"""How often the measure is taken after the start."""
WORDS = {
    "none": "Nothing has run yet. Choose an answer, or just run it, and both begin to learn here, side by side: "
    "usually under a minute on two cores.",
    "waiting": "Waiting for its turn",
    "making": "Making both networks",
    "running": "step {done} of {total}, {text} · {gone} gone, about {left} left",
    "ready": "{total} steps each, {seconds}",
    "cancelled": "Stopped before its end. Run it again below.",
    "failed": "It went wrong: {text}",
    "left": "The run after this one did not come to its end ({left}). This is the last that did.",
    "stop": "Stop",
    "turned": "with {dials}",
    "loss": "Loss: {curve}",
    "smooth": "mean of {n} steps",
    "seen": "{measure}, {better} is better",
    "same": "Both draw the same: what differs is not in the pictures.",
    "no pictures": "These inputs are points, not pictures.",
    "not yet": "They come with the first steps.",
    "input": "input",
}
LONGEST = 24
"""Characters of a measure's name beside its axis."""


@dataclass(frozen=True, eq=False)
class CourseInfo:
    """How one side has come along; ``pictures`` (8, C, H, W) in [-1, 1], None where there are none."""

    steps: Sequence[float] = ()
    loss: Sequence[float] = ()
    seen_at: Sequence[float] = ()
    seen: Sequence[float] = ()
    pictures: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class RunInfo:
    """A pair as far as it has come. ``state`` as `lab.studies.study.StudyStatus` has it."""

    number: int
    curve: str
    """The loss term that is drawn."""
    measure: str
    better: Literal["higher", "lower"]
    state: str = "none"
    done: int = 0
    total: int = 0
    text: str = ""
    seconds: float | None = None
    left: str = ""
    """Why a later run than this did not come to its end."""
    steps: int = 0
    """Of each side's plan; 0: not known yet."""
    stages: tuple[tuple[int, int], ...] = ()
    """(stage, steps), in order."""
    courses: Mapping[str, CourseInfo] = field(default_factory=dict)
    inputs: np.ndarray | None = None
    dials: str = ""
    """Those that are not at their defaults, in words."""
    seed: int = 0
    n: int | None = None

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


# --- the charts ---------------------------------------------------------------------------------------------------


def run_html(info: RunInfo) -> str:
    """Progress, then the two charts; their places are kept from the start."""
    if info.state == "none":
        body = f'<div class="lab-empty exhibit-charts"><p>{WORDS["none"]}</p></div>'
        return panel_html("exhibit-run", RUN, _progress(info), body)
    charts = f'<div class="exhibit-charts">{_loss_chart(info)}{_measure_chart(info)}</div>'
    corner = [] if info.n is None else [f"n = {count(info.n)}"]
    return panel_html("exhibit-run", RUN, _progress(info), charts, corner=" · ".join([*corner, f"seed {info.seed}"]))


def _progress(info: RunInfo) -> str:
    said, bar, stop = "", "", ""
    if info.busy:
        share = info.done / info.total if info.total else 0.0
        bar = f'<span class="lab-progress"><i style="transform:scaleX({share:.3f})"></i></span>'
        stop = f'<button type="button" class="lab-quiet-button" data-act="stop">{WORDS["stop"]}</button>'
        said = _busy_words(info)
    elif info.state == "ready":
        said = WORDS["ready"].format(total=count(info.steps), seconds=duration(info.seconds))
        if info.left:
            said = WORDS["left"].format(left=info.left.rstrip(".").lower())
    elif info.state in ("cancelled", "failed"):
        said = WORDS[info.state].format(text=info.text)
    if info.dials:
        said = f"{said} · {WORDS['turned'].format(dials=info.dials)}" if said else ""
    alarm = f' data-state="{info.state}"' if info.state == "failed" or info.left else ""
    # whose button has just been disabled arrives here
    alarm += f' data-arrive="run {info.number}"' if info.busy else ""
    return f'<p class="exhibit-progress" role="status" tabindex="-1"{alarm}>{bar}<span>{escape(said)}</span>{stop}</p>'


def _busy_words(info: RunInfo) -> str:
    if info.state == "waiting":
        return WORDS["waiting"]
    if not info.done or info.seconds is None:
        return WORDS["making"]
    left = info.seconds / info.done * (info.total - info.done)
    done = min(info.done, info.steps)
    return WORDS["running"].format(
        done=count(done), total=count(info.steps), text=info.text, gone=_time(info.seconds), left=_time(left)
    )


def _time(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 60 else duration(seconds)


def _loss_chart(info: RunInfo) -> str:
    window = max(1, info.steps // SMOOTH)
    lines = {side: smoothed(info.courses[side].steps, info.courses[side].loss, window) for side in info.courses}
    title = WORDS["loss"].format(curve=info.curve)
    note = WORDS["smooth"].format(n=window) if window > 1 else ""
    return chart_html(title, note, "loss", lines, info.steps, info.stages)


def _measure_chart(info: RunInfo) -> str:
    lines = {side: smoothed(course.seen_at, course.seen, 1) for side, course in info.courses.items()}
    title = WORDS["seen"].format(measure=info.measure, better=info.better)
    name = info.measure if len(info.measure) <= LONGEST else "measure"
    return chart_html(title[:1].upper() + title[1:], "", name, lines, info.steps, info.stages, looks=LOOKS)


# --- the pictures -------------------------------------------------------------------------------------------------


def strip_html(info: RunInfo) -> str:
    """Inputs, and what broken and fixed draw of them; rows keep their places while there is nothing to show."""
    if info.state == "none":
        return ""
    pictures = {side: course.pictures for side, course in info.courses.items()}
    if info.inputs is not None and info.inputs.ndim != 4:
        return panel_html("exhibit-strip", STRIP, f'<p class="exhibit-same">{WORDS["no pictures"]}</p>')
    rows = strip_row(WORDS["input"], "", info.inputs) + "".join(
        strip_row(side, side, pictures.get(side)) for side in SIDES
    )
    drawn = [picture for picture in pictures.values() if picture is not None]
    said = "" if info.inputs is not None else WORDS["not yet"]
    if len(drawn) == 2 and info.state == "ready" and np.allclose(drawn[0], drawn[1], atol=1e-3):
        said = WORDS["same"]
    body = f'<div class="exhibit-strip-rows">{rows}</div><p class="exhibit-same">{said}</p>'
    return panel_html("exhibit-strip", STRIP, body)


def strip_row(label: str, side: str, pictures: np.ndarray | None) -> str:
    """What one side draws of the eight inputs; blank places before there is something."""
    mark = f'<i class="mark {side}"></i> ' if side else ""
    if pictures is None:
        cells = '<span class="pixels blank"></span>' * 8
    else:
        cells = "".join(thumbnail(x, f"{label}, input {index + 1}") for index, x in enumerate(pictures))
    return f'<div class="strip-name">{mark}{label}</div><div class="strip-of {side}">{cells}</div>'
