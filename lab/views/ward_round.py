"""The ward round: a row of beds, what the visitor says of the patient that is open, and what he is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.views.panel import Panel, panel_html
from lab.views.style import count, escape

PANEL = Panel(
    "Ward round: what have they got?",
    "Examine a patient with the instruments of every tab, then say what it has and what would cure it: your first word "
    "counts.",
    "Each patient is a small network that learned through all four stages with one of the failures above, or with "
    "none. Examine opens it as the run of the whole page; while you have not said what it has, the doctor tells "
    "symptoms and no causes. A sickness counts where you name it, a cure where it is one for what the patient has; "
    "whatever you say later of the same patient does not count.",
    "",
    "lab.exhibits.patients.told",
)
State = Literal["new", "seen", "told"]
BED = (
    '<svg class="bed-picture" viewBox="0 0 60 26" aria-hidden="true"><path class="frame" d="M3 3v21M57 11v13M3 18h54"/>'
    '<rect class="pillow" x="6" y="11" width="13" height="7" rx="2.5"/>'
    '<path class="cover" d="M21 18v-5q0-3 3-3h26q5 0 5 5v3z"/></svg>'
)
TABS = (
    ("Train", "how its losses went, and its settings"),
    ("Converge", "watch it think"),
    ("Probes", "first guesses, and where thoughts end"),
    ("Decoders", "how it draws"),
    ("Trust", "whether it knows when it is wrong"),
)
"""Where a patient is examined, and what for."""
WORDS = {
    "nobody": "No patient came with this copy of the project. Open the broken side of an exhibit and treat that.",
    "bed": "Patient {number}",
    "examine": "Examine",
    "open": "open now",
    "cured": "open now, treated",
    "new": "not seen",
    "seen": "seen, nothing said",
    "unsaid": "nothing said yet",
    "hint": "Opens patient {number} in the place of the run that is open now",
    "first": "Nobody of the ward is open. Examine a patient: it takes the place of {run} in every tab, and you say "
    "here what you think.",
    "unsaved": "{n} of {run} not saved: the button for the way back, here and on Train, keeps them within reach.",
    "instead": "It takes the place of {before}, which can then not be gone back to; save {run} on Train to keep both.",
    "back": "Back to {before}",
    "look": "1. Look at patient {number}",
    "looks": "It is open in every tab. Begin where you like, and come back here.",
    "doctor": "Ask the doctor",
    "asks": "symptoms, and no causes yet",
    "asks told": "on Train",
    "was": "What patient {number} has",
    "say": "2. Say what it has",
    "sickness": "What has it got?",
    "cure": "What would cure it?",
    "choose": "Choose …",
    "well": "Nothing, it is well",
    "no cure": "None is needed",
    "tell": "Tell me",
    "counts": "Your first word counts.",
    "right": "Right: {said}.",
    "wrong": "You said: {said}. It has another sickness: {is_}.",
    "wrong well": "You said: {said}. There is nothing: it is well.",
    "missed": "You said that it is well. It has a sickness: {is_}.",
    "helps": "Your cure would help: {said}.",
    "helps not": "Your cure would not: {said}. What helps: {cures}.",
    "helps unsaid": "You said that it needs no cure. What helps: {cures}.",
    "helps none": "Your cure would not be needed: {said}. Let it be.",
    "let be": "Right, it needs no cure.",
    "cause": "Why",
    "remedy": "Cure, and what it costs",
    "healthy": "It learned by the recipe, through all four stages. To find nothing where there is nothing is the "
    "harder half of a ward round: every instrument shows something odd to one who looks for it.",
    "exhibit": "Exhibit {number}: watch it happen",
    "treat": "Its number can be watched under a cure now, in the section below.",
    "share": "Copy with the address",
    "again": "Begin again",
    "really": "Really? What was said is forgotten",
    "next": "for the next one who goes round",
}


@dataclass(frozen=True)
class BedInfo:
    """One patient; ``named`` and ``helps`` say, once it is told, whether the sickness and the cure were right."""

    number: int
    state: State = "new"
    open: bool = False
    named: bool = False
    helps: bool = False


@dataclass(frozen=True)
class ToldInfo:
    """What was said of the patient that is open, and what it is; ``diagnosis`` and ``is_`` are titles."""

    diagnosis: str
    is_: str
    named: bool
    said_well: bool
    """That nothing is wrong with it was said."""
    exhibit: int | None
    """None: it is well."""
    cure: str
    """What was said to cure it; empty: that no cure is needed."""
    helps: bool
    cures: tuple[str, ...]
    """Labels of those that help; none where it is well."""
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class RoundInfo:
    """The ward, and how far the round is."""

    beds: tuple[BedInfo, ...]
    run: str
    """Name of the run that is open."""
    open: int | None = None
    """The patient that is open."""
    cured: bool = False
    """What is open is a patient that was treated."""
    told: ToldInfo | None = None
    failures: tuple[tuple[int, str], ...] = ()
    """(number, title) of what it may have."""
    cures: tuple[tuple[str, str], ...] = ()
    """(key, label)."""
    unsaved: int = 0
    """Steps of the open run that are not saved."""
    before: str = ""
    """Name of the run that can be gone back to."""
    error: str = ""
    sure: bool = False
    """He was asked whether he means to begin again."""

    @property
    def named(self) -> int:
        return sum(bed.named for bed in self.beds)

    @property
    def helped(self) -> int:
        return sum(bed.helps for bed in self.beds)

    @property
    def told_of(self) -> int:
        return sum(bed.state == "told" for bed in self.beds)


def score_line(info: RoundInfo) -> str:
    """How the round stands, in one line that can be handed on."""
    cures = "1 cure" if info.helped == 1 else f"{count(info.helped)} cures"
    return f"Ward round: {count(info.named)} of {count(len(info.beds))} sicknesses named, {cures} would help"


def round_html(info: RoundInfo) -> str:
    """Beds, score, and the patient that is open."""
    if not info.beds:
        return panel_html("ward-round", PANEL, f'<p class="lab-empty">{escape(WORDS["nobody"])}</p>')
    beds = "".join(f"<li>{_bed(bed, info.cured)}</li>" for bed in info.beds)
    return panel_html(
        "ward-round",
        PANEL,
        f'<ol class="ward-beds">{beds}</ol>',
        _notes(info),
        _error(info.error),
        f'<div class="ward-body">{_body(info)}</div>',
        _score(info),
        corner=f"{count(info.told_of)} of {count(len(info.beds))} told",
    )


def _bed(bed: BedInfo, cured: bool) -> str:
    name, state = WORDS["bed"].format(number=bed.number), "open" if bed.open else bed.state
    if bed.state == "told":
        said = f"{_mark(bed.named)} sickness · {_mark(bed.helps)} cure"
    else:
        said = WORDS["unsaid" if bed.open else bed.state]
    do = (WORDS["cured"] if cured else WORDS["open"]) if bed.open else WORDS["examine"]
    here = ' aria-current="true"' if bed.open else ""
    result = f' data-named="{str(bed.named).lower()}"' if bed.state == "told" else ""
    return (
        f'<button type="button" class="ward-bed" data-act="examine:{bed.number}" data-state="{state}"{result}{here} '
        f'title="{WORDS["hint"].format(number=bed.number)}">{BED}<b>{name}</b>'
        f'<span class="bed-said">{said}</span><span class="bed-do">{do}</span></button>'
    )


def _mark(right: bool) -> str:
    word, sign = ("right", "✓") if right else ("wrong", "✕")
    shown = f'<span aria-hidden="true">{sign}</span><span class="sr">{word}</span>'
    return f'<i class="ward-mark" data-right="{str(right).lower()}">{shown}</i>'


def _notes(info: RoundInfo) -> str:
    """What an examination would cost, and the way back: one line, there also when it is empty."""
    said = []
    if info.unsaved:
        steps = "1 step" if info.unsaved == 1 else f"{count(info.unsaved)} steps"
        said.append(WORDS["unsaved"].format(n=steps, run=info.run))
        if info.before:
            said.append(WORDS["instead"].format(before=info.before, run=info.run))
    back = ""
    if info.before:
        text = escape(WORDS["back"].format(before=info.before))
        back = f'<button type="button" class="lab-quiet-button" data-act="back">{text}</button>'
    return f'<p class="ward-note">{escape(" ".join(said))} {back}</p>' if said or back else ""


def _error(text: str) -> str:
    return f'<p class="clinic-error" role="alert">{escape(text)}</p>' if text else ""


def _body(info: RoundInfo) -> str:
    if info.open is None:
        return f'<p class="ward-first">{escape(WORDS["first"].format(run=info.run))}</p>'
    return _look(info.open, info.told is not None) + (
        _form(info, info.open) if info.told is None else _told(info.told, info.open)
    )


def _look(number: int, told: bool) -> str:
    ways = "".join(
        f'<li><button type="button" class="lab-link" data-page="view:{tab}">{tab}</button> <span>{what}</span></li>'
        for tab, what in TABS
    )
    asks = WORDS["asks told" if told else "asks"]
    doctor = f'<button type="button" class="lab-link" data-act="doctor">{WORDS["doctor"]}</button> <span>{asks}</span>'
    return (
        f'<div class="ward-look"><h4>{WORDS["look"].format(number=number)}</h4><p>{WORDS["looks"]}</p>'
        f"<ul>{ways}<li>{doctor}</li></ul></div>"
    )


def _form(info: RoundInfo, number: int) -> str:
    failures = [("0", WORDS["well"]), *((str(n), f"{n}. {title}") for n, title in info.failures)]
    cures = [("none", WORDS["no cure"]), *info.cures]
    return (
        f'<form class="ward-say" data-key="say {number}" novalidate><h4>{WORDS["say"]}</h4>'
        f"{_select('diagnosis', WORDS['sickness'], failures)}{_select('cure', WORDS['cure'], cures)}"
        f'<p><button type="submit" class="lab-button" data-act="tell:{number}">{WORDS["tell"]}</button> '
        f"<small>{WORDS['counts']}</small></p></form>"
    )


def _select(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    choices = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return (
        f'<label><span>{label}</span><select name="{name}"><option value="">{WORDS["choose"]}</option>{choices}'
        f"</select></label>"
    )


def _told(told: ToldInfo, number: int) -> str:
    if told.named:
        sickness = WORDS["right"].format(said=_inside(told.is_))
    else:
        words = WORDS["wrong well"] if told.exhibit is None else WORDS["missed"] if told.said_well else WORDS["wrong"]
        sickness = words.format(said=_inside(told.diagnosis), is_=_inside(told.is_))
    if told.helps:
        cure = WORDS["helps"].format(said=told.cure) if told.cure else WORDS["let be"]
    elif not told.cures:
        cure = WORDS["helps none"].format(said=told.cure)
    else:
        words = WORDS["helps not"] if told.cure else WORDS["helps unsaid"]
        cure = words.format(said=told.cure, cures=", or ".join(told.cures))
    verdict = f"<p>{_mark(told.named)} {escape(sickness)}</p><p>{_mark(told.helps)} {escape(cure)}</p>"
    return (
        f'<div class="ward-told" data-key="told {number}"><h4 tabindex="-1" data-arrive="told {number}">'
        f"{WORDS['was'].format(number=number)}</h4>{verdict}{_why(told)}</div>"
    )


def _inside(title: str) -> str:
    """A title inside a sentence, in quotes: it is a sentence itself."""
    return f"“{title}”"


def _why(told: ToldInfo) -> str:
    if told.exhibit is None:
        return f"<p>{WORDS['healthy']}</p>"
    parts = ((WORDS["cause"], told.why), (WORDS["remedy"], told.remedy))
    story = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in parts if text)
    exhibit = WORDS["exhibit"].format(number=told.exhibit)
    return (
        f'<dl class="exhibit-story">{story}</dl><p><button type="button" class="lab-quiet-button" '
        f'data-act="exhibit:{told.exhibit}">{exhibit}</button> <small>{WORDS["treat"]}</small></p>'
    )


def _score(info: RoundInfo) -> str:
    line = score_line(info)
    again = ""
    if info.told_of:
        text = WORDS["really"] if info.sure else WORDS["again"]
        alarm = ' data-sure="true"' if info.sure else ""
        hint = "" if info.sure else f"<small>{WORDS['next']}</small>"
        button = f'<button type="button" class="lab-quiet-button" data-act="again"{alarm}>{text}</button>'
        again = f"<span>{button}{hint}</span>"
    return (
        f'<div class="ward-score"><b class="score-line">{line}</b>'
        f'<button type="button" class="lab-quiet-button" data-copy="{escape(line)}" data-query="tab=failures">'
        f'{WORDS["share"]}</button>{again}<output class="score-copied" aria-live="polite"></output></div>'
    )
