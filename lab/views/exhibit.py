"""An exhibit told in an order that spoils nothing: symptom and guess, the question, then what it was and what to do."""

from dataclasses import dataclass
from typing import Literal

from lab.views.exhibit_dials import error_html
from lab.views.panel import Panel, panel_html
from lab.views.style import count, escape, number

Side = Literal["broken", "fixed"]
Phase = Literal["ask", "run", "told"]
"""Nothing has run yet; it runs, or was left before its end; it has come to its end once."""

ASK = Panel(
    "What would you see, and what would you think?",
    "Symptom and tempting guess now; the cause when it has run.",
    "Say what you expect before you look: a guess that turns out wrong is remembered, an explanation that was read is "
    "not. Whatever you choose, both networks begin at once.",
)
TOLD = Panel(
    "What was it?",
    "The figure is taken on validation inputs, the same for both.",
    "Both learned from the same seed, data and budget. The margin is what the fixed one is ahead by at least, worst "
    "fixed against best broken, over the seeds 0, 1 and 2.",
    "",
    "lab.exhibits.experiment.run_pair",
)
WHY = Panel(
    "Why, and what cures it?",
    "The cause with the lines of code in which it lies, the cure with its price, and what is to be kept in mind.",
    "The code is read from the source itself, so what is shown is what has just run. Where the founding document says "
    "something else than what was measured here, the figures are told.",
)
WORDS = {
    "back": "← All failures",
    "before": "Failure {number}",
    "founding": "founding",
    "since": "found since",
    "symptom": "Symptom",
    "guess": "The tempting guess",
    "predict": "Before it runs: what do you expect?",
    "predicted": "What you expected",
    "unsaid": "You let it run without a guess.",
    "just": "Just run it",
    "ends": "Exhibit {number} is running; beginning this one ends it.",
    "cause": "Cause",
    "cure": "Cure, and what it costs",
    "lesson": "Lesson",
    "measured": "Where measurement contradicts the founding document",
    "right": "Right.",
    "wrong": "Not so.",
    "open": "Open the {side} run",
    "opens": "It becomes the open run of the whole page, and {looks} shows it.",
    "unsaved": "Steps of the run that is open now are not saved: a button on Train leads back to it.",
    "ask": "Ask the doctor",
    "asks": "opens the broken run and has it examined, on Train.",
    "ahead": "fixed is ahead by {ahead}; over three seeds at least {margin}",
    "behind": "fixed is not ahead here; with the default dials it was, over three seeds, by at least {margin}",
    "better": "{better} is better",
}


@dataclass(frozen=True)
class StoryInfo:
    """The words of an exhibit."""

    number: int
    title: str
    founding: bool
    symptom: str
    guess: str
    question: str
    options: tuple[str, ...]
    answer: int
    because: str
    cause: str = ""
    cure: str = ""
    lesson: str = ""
    measured: str = ""
    code: str = ""
    where: str = ""
    """Of the code: ``module:name``."""
    looks: str = ""
    """The tab in which the patient shows it best."""


@dataclass(frozen=True)
class FigureInfo:
    """The one number that tells broken from fixed; None while it is not known."""

    name: str
    better: Literal["higher", "lower"]
    about: str
    broken: float | None
    fixed: float | None
    ahead: float | None
    margin: float


@dataclass(frozen=True)
class ExhibitInfo:
    """An exhibit and what its visitor has of it."""

    story: StoryInfo
    figure: FigureInfo
    phase: Phase = "ask"
    busy: bool = False
    begun: bool = False
    expected: int | None = None
    seed: int = 0
    n: int | None = None
    """Validation inputs of the figure."""
    error: str = ""
    """What was wrong with what was sent last."""
    running: int | None = None
    """Another exhibit that runs now."""
    unsaved: bool = False
    """Opening a patient lets go of steps that were not saved."""
    before: int | None = None
    after: int | None = None
    """Its neighbours on the wall."""


# --- the head ---------------------------------------------------------------------------------------------------


def head_html(info: ExhibitInfo) -> str:
    """Number, title, and the way back to the wall and to the neighbours."""
    story = info.story
    origin = WORDS["founding"] if story.founding else WORDS["since"]
    return (
        f'<header class="exhibit-head"><button type="button" class="exhibit-back" data-act="wall">{WORDS["back"]}'
        f'</button><h2 tabindex="-1" data-arrive="exhibit {story.number}"><b>{story.number}</b> {escape(story.title)}'
        f"</h2><small>{origin}</small>{_way(info.before, '‹')}{_way(info.after, '›')}</header>"
    )


def _way(neighbour: int | None, sign: str) -> str:
    hint = "" if neighbour is None else WORDS["before"].format(number=neighbour)
    able = " disabled" if neighbour is None else f' data-act="open:{neighbour}" title="{hint}" aria-label="{hint}"'
    return f'<button type="button" class="lab-round"{able}>{sign}</button>'


# --- before it runs ---------------------------------------------------------------------------------------------


def ask_html(info: ExhibitInfo) -> str:
    """Symptom, guess, and the question with its options; once it has begun, what was chosen."""
    story = info.story
    words = (
        f'<dl class="exhibit-story"><dt>{WORDS["symptom"]}</dt><dd>{escape(story.symptom)}</dd>'
        f'<dt class="guess">{WORDS["guess"]}</dt><dd>{escape(story.guess)}</dd></dl>'
    )
    head = WORDS["predicted"] if info.begun else WORDS["predict"]
    options = "".join(_option(info, index, option) for index, option in enumerate(story.options))
    asked = (
        f'<div class="exhibit-ask" data-key="ask {story.number}"><h4>{head}</h4><p id="exhibit-question">'
        f'{escape(story.question)}</p><div role="group" aria-labelledby="exhibit-question"><ol>{options}</ol></div>'
        f"{_just(info)}{'' if info.begun else error_html(info.error)}</div>"
    )
    return panel_html("exhibit-before", ASK, words, asked)


def _option(info: ExhibitInfo, index: int, option: str) -> str:
    mark, sign, word = "", "ABCDEFGH"[index], ""
    if info.begun and index == info.expected:
        mark, word = "mine", '<span class="sr">your choice</span>'
    if info.phase == "told" and index == info.story.answer:
        mark, sign, word = f"{mark} answer".strip(), "✓", f'{word}<span class="sr">so it is</span>'
    elif info.phase == "told" and index == info.expected:
        sign = "✕"
    state = f" disabled data-is='{mark}'" if info.begun else f' data-act="expect:{index}"'
    return f'<li><button type="button"{state}><b aria-hidden="true">{sign}</b>{escape(option)}{word}</button></li>'


def _just(info: ExhibitInfo) -> str:
    if info.begun:
        return "" if info.expected is not None else f'<p class="exhibit-just"><small>{WORDS["unsaid"]}</small></p>'
    ends = "" if info.running is None else f"<small>{WORDS['ends'].format(number=info.running)}</small>"
    button = f'<button type="button" class="lab-quiet-button" data-act="expect:">{WORDS["just"]}</button>'
    return f'<p class="exhibit-just">{button}{ends}</p>'


# --- after it has run -------------------------------------------------------------------------------------------


def told_html(info: ExhibitInfo) -> str:
    """Right or wrong, the figures, the patients; nothing before its first end."""
    if info.phase != "told":
        return ""
    corner = " · ".join(([] if info.n is None else [f"n = {count(info.n)}"]) + [f"seed {info.seed}"])
    return panel_html("exhibit-told", TOLD, _verdict(info), _figures(info), _patients(info), corner=corner)


def why_html(info: ExhibitInfo) -> str:
    """The rest of the story; nothing before its first end."""
    if info.phase != "told":
        return ""
    story = info.story
    measured = (
        f'<dt class="measured">{WORDS["measured"]}</dt><dd class="measured">{escape(story.measured)}</dd>'
        if story.measured
        else ""
    )
    code = (
        f'<figure class="exhibit-code"><figcaption><code>{escape(story.where.replace(":", "."))}</code></figcaption>'
        f'<pre tabindex="0"><code>{escape(story.code)}</code></pre></figure>'
        if story.code
        else ""
    )
    body = (
        f'<div class="exhibit-why-body"><div><dl class="exhibit-story"><dt>{WORDS["cause"]}</dt>'
        f"<dd>{escape(story.cause)}</dd><dt>{WORDS['cure']}</dt><dd>{escape(story.cure)}</dd>{measured}</dl>"
        f'<p class="exhibit-lesson"><b>{WORDS["lesson"]}</b> {escape(story.lesson)}</p></div>{code}</div>'
    )
    return panel_html("exhibit-why", WHY, body)


def _verdict(info: ExhibitInfo) -> str:
    story = info.story
    because = escape(story.because)
    if info.expected is None:
        answer = f"<b>{escape(_sentence(story.options[story.answer]))}</b>"
        return f'<p class="exhibit-verdict" data-said="unsaid">{answer} {because}</p>'
    right = info.expected == story.answer
    said, mark = ("right", "✓") if right else ("wrong", "✕")
    return f'<p class="exhibit-verdict" data-said="{said}"><b>{mark} {WORDS[said]}</b> {because}</p>'


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"


def _figures(info: ExhibitInfo) -> str:
    figure = info.figure
    said = ""
    if figure.ahead is not None:
        words = WORDS["ahead"] if figure.ahead > 0 else WORDS["behind"]
        said = ": " + words.format(ahead=number(figure.ahead), margin=number(figure.margin))
    about = f" {escape(_sentence(figure.about))}" if figure.about else ""
    return (
        f'<div class="exhibit-figures"><dl><dt><i class="mark broken"></i> broken</dt><dd>{number(figure.broken)}</dd>'
        f'<dt><i class="mark fixed"></i> fixed</dt><dd>{number(figure.fixed)}</dd></dl>'
        f"<p><b>{escape(_sentence(figure.name)[:-1])}</b>, {WORDS['better'].format(better=figure.better)}{said}."
        f"{about}</p></div>"
    )


def _patients(info: ExhibitInfo) -> str:
    able = " disabled" if info.busy else ""
    buttons = "".join(
        f'<button type="button" class="lab-quiet-button" data-act="patient:{side}"{able}><i class="mark {side}"></i> '
        f"{WORDS['open'].format(side=side)}</button>"
        for side in ("broken", "fixed")
    )
    looks = escape(info.story.looks.partition("/")[0])
    unsaved = WORDS["unsaved"] if info.unsaved else ""
    return (
        f'<div class="exhibit-patients"><div>{buttons}</div><p>{WORDS["opens"].format(looks=looks)} '
        f'<button type="button" class="lab-link" data-act="doctor:broken"{able}>{WORDS["ask"]}</button> '
        f"{WORDS['asks']} <b>{unsaved}</b></p></div>"
    )
