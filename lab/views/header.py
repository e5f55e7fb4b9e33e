"""The line that stays on top: the run, its four stages, the job's progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.views.cards import STATES
from lab.views.glossary import STAGES
from lab.views.style import count, duration, escape, number

NAME = "Satipatthana Lab"


@dataclass(frozen=True)
class JobInfo:
    """What trains now. ``state`` is idle, training, paused or error; ``message`` says why it is not well."""

    state: str = "idle"
    stage: int | None = None
    step: int = 0
    until: int = 0
    """The step of the stage at which the present order ends."""
    steps_per_second: float | None = None
    seconds_left: float | None = None
    waiting: tuple[int, ...] = ()
    """Stages that follow."""
    message: str = ""
    stopping: bool = False


@dataclass(frozen=True)
class HeaderInfo:
    """The run: its name as somebody typed it, its data, its seed, the steps it was trained for, its four stages."""

    run: str
    data: str
    seed: int | None
    steps: int
    stages: tuple[str, ...]
    job: JobInfo


def header(
    run: str = "",
    data: str = "",
    seed: int | None = None,
    steps: int = 0,
    stages: Sequence[str] = ("untrained",) * 4,
    job: JobInfo | None = None,
) -> HeaderInfo:
    """The header of a run. Raises ValueError unless there are four known states."""
    unknown = [state for state in stages if state not in STATES]
    if unknown or len(stages) != len(STAGES):
        raise ValueError(f"Stages are {list(stages)}; expected four of {', '.join(STATES)}.")
    return HeaderInfo(run, data, seed, steps, tuple(stages), JobInfo() if job is None else job)


def header_html(info: HeaderInfo) -> str:
    """Name, run, chips and job as HTML; the switches and buttons beside it are the page's."""
    return (
        f'<div class="lab-header"><h1 class="lab-name">{NAME}</h1>{_run(info)}{chips_html(info.stages)}'
        f"{job_html(info.job)}</div>"
    )


def _run(info: HeaderInfo) -> str:
    if not info.run:
        return '<span class="lab-run">no run yet: start one under Train</span>'
    facts = [info.data, *([] if info.seed is None else [f"seed {info.seed}"]), f"trained for {count(info.steps)} steps"]
    rest = " · ".join(escape(fact) for fact in facts if fact)
    return f'<span class="lab-run"><b>{escape(info.run)}</b> · {rest}</span>'


def chips_html(stages: Sequence[str]) -> str:
    """The four stage chips: number, gloss, state in words for whoever cannot see the mark."""
    marks = {"done": "✓", "training": "…", "begun": "·", "paused": "❙❙", "stale": "!", "untrained": "–"}
    chips = "".join(
        f'<li class="lab-chip" data-stage="{index}" data-state="{state}" tabindex="0"'
        f' aria-label="Stage {index}, {escape(STAGES[index].name)}: {STATES[state]}"'
        f' data-tip="Stage {index} · {escape(STAGES[index].name)}: {escape(STAGES[index].gloss)}\n{STATES[state]}">'
        f'<span aria-hidden="true">{index} {marks[state]}</span></li>'
        for index, state in enumerate(stages)
    )
    return f'<ol class="lab-chips" aria-label="The four stages">{chips}</ol>'


def job_html(job: JobInfo) -> str:
    """What the job does now: a bar, speed and time left, or why it stands."""
    if job.state == "error":
        return f'<div class="lab-job" data-state="error" role="alert"><b>stopped:</b> {escape(job.message)}</div>'
    if job.state not in ("training", "paused") or job.stage is None:
        return f'<div class="lab-job" data-state="idle">{escape(job.message) or "job: idle"}</div>'
    share = min(1.0, job.step / job.until) if job.until else 0.0
    parts = [f"step {count(job.step)} of {count(job.until)}"]
    if job.state == "training":
        parts += [f"{number(job.steps_per_second)} steps/s"] if job.steps_per_second else []
        parts += [f"{duration(job.seconds_left)} left"] if job.seconds_left is not None else []
    then = f"then {', '.join(str(stage) for stage in job.waiting)}" if job.waiting else ""
    verb = "stopping" if job.stopping else "training" if job.state == "training" else "paused in"
    return (
        f'<div class="lab-job" data-state="{job.state}"><span><b>{verb} stage {job.stage}</b></span>'
        f'<div class="lab-progress" role="progressbar" aria-label="Stage {job.stage}" aria-valuemin="0"'
        f' aria-valuemax="100" aria-valuenow="{100 * share:.0f}"><i style="transform:scaleX({share:.4f})"></i></div>'
        f"<span>{' · '.join(part for part in [*parts, then] if part)}</span></div>"
    )
