"""Treatment: one cure is chosen for the open run, then the run as it is and cured are drawn as they learn on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lab.views.exhibit_charts import SIDES, chart_html, smoothed
from lab.views.exhibit_run import LOOKS, CourseInfo, strip_row
from lab.views.panel import Panel, panel_html
from lab.views.style import count, duration, escape, number

CHOOSE = Panel(
    "Treat it: which cure helps?",
    "The open run is copied twice: once as it is, once with one thing changed. Both learn on; the run itself stays.",
    "Each cure changes one thing, says which, and lets both learn on in its own stage, from the same weights, with the "
    "same data, luck and steps. A run that is known to have a failure is measured by that failure's number, whatever "
    "the cure; any other by the number of the first failure that the cure is for.",
    "",
    "lab.exhibits.treatment.treat",
)
RESULT = Panel(
    "Did it help?",
    "As it is: hollow and dashed; cured: solid.",
    "Both go on from the same weights, a step of the one, then a step of the other. The loss is that of the training "
    "batches as a mean over the last few steps; the measure is taken eleven times, on validation inputs. It is one run "
    "and one seed: a difference of less than a tenth of the exhibit's margin is called none.",
    "",
    "lab.exhibits.cures.outcome",
)
Outcome = Literal["helped", "little", "same", "worse", "unknown"]
"""As `lab.exhibits.cures.outcome` tells them."""
NAMES: Mapping[str, str] = {"broken": "as it is", "fixed": "cured"}
"""What the two sides are called here."""
SMOOTH = 20
"""The loss is drawn as a mean over a twentieth of the whole."""
LONGEST = 24
"""Characters of a measure's name beside its axis."""
WORDS = {
    "open": "Open now: {run}, {data}, seed {seed}, trained for {steps}.",
    "other": "Treat another: examine a patient above, open the broken side of an exhibit, or any run on Train.",
    "untrained": "It has not learned anything yet. A cure shows on a run that has.",
    "cure": "Cure",
    "for": "for failure {failures}",
    "for more": "for failures {failures}",
    "steps": "Steps of each",
    "range": "{low} to {high}",
    "treat": "Treat",
    "replaces": "What was treated before is let go.",
    "waiting": "Waiting for its turn",
    "making": "Making both",
    "running": "step {done} of {total}, stage {stage}, {left} left",
    "ready": "{run}, {cure}: {total} steps each of stage {stage}, {seconds}",
    "cancelled": "Stopped before its end.",
    "failed": "This cure cannot be given to this run: {text}",
    "stop": "Stop",
    "loss": "Loss: total",
    "smooth": "mean of {n} steps",
    "seen": "{measure}, {better} is better",
    "helped": "It helps: after {steps} steps {measure} is {fixed} cured and {broken} as it is, {ahead} better.",
    "little": "It helps a little: after {steps} steps {measure} is {fixed} cured and {broken} as it is, {ahead} "
    "better; in exhibit {exhibit} the fixed side is ahead by {margin} at least.",
    "same": "It does not help: after {steps} steps {measure} is {fixed} cured and {broken} as it is.",
    "worse": "It does not help: after {steps} steps {measure} is {fixed} cured and {broken} as it is, {ahead} worse.",
    "unknown": "It cannot be told: {measure} is not a finite number after {steps} steps.",
    "one": "One run, one seed, n = {n} validation inputs.",
    "watched": "{measure} is the number of failure {exhibit}, {because}.",
    "known": "which this run is known to have",
    "first": "one that this cure is for",
    "not yet": "Not to be told yet: both are learning on.",
    "left": "Not to be told: it was left before its end.",
    "take": "Open the {name}",
    "cured run": "cured run",
    "twin": "untreated twin",
    "takes": "It becomes the open run of the whole page; it can be saved on Train.",
    "unsaved": "{n} of {run} not saved: the button for the way back on Train keeps them within reach.",
    "input": "input",
    "drawn": "What both draw of the same eight validation inputs",
    "drawn same": "Both draw the same: what differs is not in the pictures.",
}


@dataclass(frozen=True)
class CureInfo:
    """One cure to choose; ``failures`` are (number, title) of what it is for."""

    key: str
    label: str
    says: str
    failures: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ChooseInfo:
    """Which run would be treated, and with what."""

    run: str
    data: str
    seed: int
    trained: int
    """Steps over all stages."""
    cures: tuple[CureInfo, ...]
    chosen: str = ""
    """Key of the cure that was given last."""
    steps: int = 100
    fewest: int = 10
    most: int = 400
    busy: bool = False
    treated: bool = False
    """A treatment has come to its end: another takes its place."""
    error: str = ""


@dataclass(frozen=True, eq=False)
class TreatedInfo:
    """A treatment as far as it has come. ``state`` as `lab.studies.study.StudyStatus` has it."""

    run: str
    """Name of the run that is treated."""
    cure: str
    """Label of what it was given."""
    stage: int
    state: str = "none"
    done: int = 0
    total: int = 0
    text: str = ""
    seconds: float | None = None
    steps: int = 0
    measure: str = ""
    better: Literal["higher", "lower"] = "higher"
    exhibit: int = 0
    """The failure whose number is watched."""
    known: bool = False
    """The run is known to have it."""
    margin: float = 0.0
    courses: Mapping[str, CourseInfo] = field(default_factory=dict)
    inputs: np.ndarray | None = None
    values: tuple[float, float] | None = None
    """As it is, and cured, at the end."""
    ahead: float | None = None
    outcome: Outcome | None = None
    seed: int = 0
    n: int | None = None
    open_run: str = ""
    unsaved: int = 0
    """Steps of the run that is open now that are not saved."""

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


# --- the choice -------------------------------------------------------------------------------------------------


def choose_html(info: ChooseInfo) -> str:
    """The open run, the cures, how many steps, and the button."""
    seed, steps = info.seed, _steps(info.trained)
    told = escape(WORDS["open"].format(run="\0", data=info.data, seed=seed, steps=steps))
    told = told.replace("\0", f"<b>{escape(info.run)}</b>")
    other = WORDS["other"] if info.trained else f"{WORDS['untrained']} {WORDS['other']}"
    cures = "".join(_cure(cure, cure.key == info.chosen) for cure in info.cures)
    able = " disabled" if info.busy else ""
    replaces = f"<small>{WORDS['replaces']}</small>" if info.treated and not info.busy else ""
    error = f'<p class="clinic-error" role="alert">{escape(info.error)}</p>' if info.error else ""
    form = (
        f'<form class="treat-form" data-key="treat" novalidate><fieldset><legend class="sr">{WORDS["cure"]}</legend>'
        f'<div class="treat-cures">{cures}</div></fieldset><div class="treat-do"><label><span>{WORDS["steps"]}</span>'
        f'<input type="number" name="steps" value="{info.steps}" min="{info.fewest}" max="{info.most}" step="1">'
        f"<small>{WORDS['range'].format(low=info.fewest, high=info.most)}</small></label>"
        f'<button type="submit" class="lab-button" data-act="treat"{able}>{WORDS["treat"]}</button>{replaces}'
        f"</div></form>"
    )
    return panel_html("treat", CHOOSE, f'<p class="treat-who">{told} <span>{other}</span></p>', form, error)


def _steps(n: int) -> str:
    return "1 step" if n == 1 else f"{count(n)} steps"


def _cure(cure: CureInfo, chosen: bool) -> str:
    numbers = [str(number) for number, _ in sorted(cure.failures)]
    words = WORDS["for"] if len(numbers) == 1 else WORDS["for more"]
    tip = escape("\n".join(f"{number}. {title}" for number, title in sorted(cure.failures)))
    mark = " checked" if chosen else ""
    return (
        f'<label class="treat-cure"><input type="radio" name="cure" value="{escape(cure.key)}"{mark}>'
        f"<span><b>{escape(_capital(cure.label))}</b> <span>{escape(cure.says)}</span> "
        f'<small data-tip="{tip}">{words.format(failures=_listed(numbers))}</small></span></label>'
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none here"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


# --- both, as they learn on ---------------------------------------------------------------------------------------


def treated_html(info: TreatedInfo) -> str:
    """Progress, the two charts, the verdict, what both draw; nothing before the first treatment."""
    if info.state == "none":
        return ""
    corner = [] if info.n is None else [f"n = {count(info.n)}"]
    charts = f'<div class="exhibit-charts">{_loss_chart(info)}{_measure_chart(info)}</div>' if info.courses else ""
    return panel_html(
        "treated",
        RESULT,
        _progress(info),
        f'<div class="treated-body"><div>{charts}</div><div>{verdict_html(info)}{_strip(info)}</div></div>',
        corner=" · ".join([*corner, f"seed {info.seed}"]),
    )


def _progress(info: TreatedInfo) -> str:
    bar = stop = alarm = ""
    if info.busy:
        share = info.done / info.total if info.total else 0.0
        bar = f'<span class="lab-progress"><i style="transform:scaleX({share:.3f})"></i></span>'
        stop = f'<button type="button" class="lab-quiet-button" data-act="stop">{WORDS["stop"]}</button>'
        alarm = ' tabindex="-1" data-arrive="treating"'  # whose button has just been disabled arrives here
        said = _busy_words(info)
    elif info.state == "ready":
        said = WORDS["ready"].format(
            run=info.run, cure=info.cure, total=count(info.steps), stage=info.stage, seconds=duration(info.seconds)
        )
    else:
        said = WORDS["cancelled"] if info.state == "cancelled" else WORDS["failed"].format(text=info.text)
        alarm = f' data-state="{info.state}"' if info.state == "failed" else ""
    return f'<p class="exhibit-progress" role="status"{alarm}>{bar}<span>{escape(said)}</span>{stop}</p>'


def _busy_words(info: TreatedInfo) -> str:
    who = f"{info.run}, {info.cure}: "
    if info.state == "waiting":
        return f"{who}{WORDS['waiting'].lower()}"
    if not info.done or info.seconds is None:
        return f"{who}{WORDS['making'].lower()}"
    left = info.seconds / info.done * (info.total - info.done)
    done = min(info.done, info.steps)
    words = WORDS["running"].format(
        done=count(done), total=count(info.steps), stage=info.stage, left=duration(max(1, round(left)))
    )
    return who + words


def verdict_html(info: TreatedInfo) -> str:
    """Whether it helped, in one sentence, and both as runs to be opened."""
    if info.outcome is None or info.values is None:
        words = WORDS["not yet"] if info.busy else WORDS["left"] if info.state == "cancelled" else ""
        return f'<div class="treated-verdict"><p>{words}</p></div>'
    broken, fixed = info.values
    ahead = None if info.ahead is None else abs(info.ahead)
    said = WORDS[info.outcome].format(
        measure=info.measure,
        steps=count(info.steps),
        fixed=number(fixed),
        broken=number(broken),
        ahead=number(ahead),
        margin=number(info.margin),
        exhibit=info.exhibit,
    )
    because = WORDS["known"] if info.known else WORDS["first"]
    about = WORDS["watched"].format(measure=_capital(info.measure), exhibit=info.exhibit, because=because)
    if info.n is not None:
        about = f"{about} {WORDS['one'].format(n=count(info.n))}"
    buttons = "".join(
        f'<button type="button" class="lab-quiet-button" data-act="take:{side}"><i class="mark {side}"></i> '
        f"{WORDS['take'].format(name=WORDS[name])}</button>"
        for side, name in (("fixed", "cured run"), ("broken", "twin"))
    )
    unsaved = (
        f"<b>{WORDS['unsaved'].format(n=_steps(info.unsaved), run=escape(info.open_run))}</b>" if info.unsaved else ""
    )
    return (
        f'<div class="treated-verdict" data-outcome="{info.outcome}"><p class="treated-said">{escape(said)}</p>'
        f"<p>{escape(about)}</p><div>{buttons}</div><p>{WORDS['takes']} {unsaved}</p></div>"
    )


def _loss_chart(info: TreatedInfo) -> str:
    window = max(1, info.steps // SMOOTH)
    lines = {side: smoothed(course.steps, course.loss, window) for side, course in info.courses.items()}
    note = WORDS["smooth"].format(n=window) if window > 1 else ""
    return chart_html(WORDS["loss"], note, "loss", lines, info.steps, (), called=NAMES)


def _measure_chart(info: TreatedInfo) -> str:
    lines = {side: smoothed(course.seen_at, course.seen, 1) for side, course in info.courses.items()}
    title = _capital(WORDS["seen"].format(measure=info.measure, better=info.better))
    name = info.measure if len(info.measure) <= LONGEST else "measure"
    return chart_html(title, "", name, lines, info.steps, (), looks=LOOKS, called=NAMES)


def _strip(info: TreatedInfo) -> str:
    """Inputs, and what both draw of them; nothing for points."""
    pictures = {side: course.pictures for side, course in info.courses.items()}
    if info.inputs is None or info.inputs.ndim != 4:
        return ""
    rows = strip_row(WORDS["input"], "", info.inputs) + "".join(
        strip_row(NAMES[side], side, pictures.get(side)) for side in SIDES
    )
    drawn = [each for each in pictures.values() if each is not None]
    said = WORDS["drawn"]
    if len(drawn) == 2 and info.outcome is not None and np.allclose(drawn[0], drawn[1], atol=1e-3):
        said = WORDS["drawn same"]
    return f'<div class="exhibit-strip-rows">{rows}</div><p class="exhibit-same">{said}</p>'
