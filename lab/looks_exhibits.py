"""What the tab Failures shows: the cards and what a visitor has run of them, ready for the views."""

from typing import TYPE_CHECKING

from lab.exhibits.card import SIDES, Card, Dial
from lab.exhibits.catalogue import CARDS
from lab.views.exhibit import DialInfo, ExhibitInfo, FigureInfo, Phase, StoryInfo
from lab.views.exhibit_run import CourseInfo, RunInfo
from lab.views.style import number
from lab.views.wall import Expected, WallCard, WallResult
from lab.ward import Stay, Ward

if TYPE_CHECKING:
    from lab.exhibits.experiment import Course, Pair


def wall_of_a_stranger() -> tuple[WallCard, ...]:
    """Every card for one who has run nothing."""
    return tuple(WallCard(card.number, card.title, card.founding) for card in CARDS.values())


def wall(ward: Ward, last: int | None = None) -> tuple[WallCard, ...]:
    """Every card with its result; ``last`` was open last."""
    return tuple(_wall_card(card, ward.stay(card.number), card.number == last) for card in CARDS.values())


def _wall_card(card: Card, stay: Stay, last: bool) -> WallCard:
    result = None
    if stay.state == "ready" and stay.pair is not None:
        values = [stay.pair.courses[side].value for side in SIDES]
        assert values[0] is not None and values[1] is not None
        result = WallResult(card.measure.name, values[0], values[1], _expected(card, stay))
    share = (stay.done / stay.total if stay.total else 0.0) if stay.busy else None
    left = stay.begun and result is None and share is None
    return WallCard(card.number, card.title, card.founding, result, share, left, last)


def _expected(card: Card, stay: Stay) -> Expected:
    if stay.expected is None:
        return "unsaid"
    return "right" if stay.expected == card.prediction.answer else "wrong"


def exhibit(card: Card, stay: Stay, *, running: int | None = None, unsaved: int = 0, error: str = "") -> ExhibitInfo:
    """One exhibit; its cause, cure and code only when it has come to its end once. ``running``: another one."""
    phase: Phase = "told" if stay.told else "run" if stay.begun else "ask"
    pair = stay.pair
    numbers = list(CARDS)
    place = numbers.index(card.number)
    return ExhibitInfo(
        story=_story(card, stay.told),
        figure=_figure(card, pair),
        phase=phase,
        busy=stay.busy,
        begun=stay.begun,
        expected=stay.expected,
        dials=_dials(card, pair),
        seed=0 if pair is None else pair.seed,
        n=None if pair is None else _size(pair),
        error=error,
        running=running,
        unsaved=unsaved,
        before=numbers[place - 1] if place else None,
        after=numbers[place + 1] if place + 1 < len(numbers) else None,
    )


def run(card: Card, stay: Stay) -> RunInfo:
    """The charts and pictures of the pair, as far as it has come."""
    pair = stay.pair
    return RunInfo(
        number=card.number,
        curve=card.curve,
        measure=card.measure.name,
        better=card.measure.better,
        state=stay.state,
        done=stay.done,
        total=stay.total,
        text=stay.text,
        left=stay.left,
        seconds=None if pair is None else pair.seconds,
        steps=0 if pair is None else pair.total,
        stages=() if pair is None else pair.stages,
        courses={} if pair is None else {side: _course(pair.courses[side]) for side in SIDES},
        inputs=None if pair is None else pair.inputs.numpy(),
        dials="" if pair is None else _turned(card, pair),
        seed=0 if pair is None else pair.seed,
        n=None if pair is None else _size(pair),
    )


def _story(card: Card, told: bool) -> StoryInfo:
    story, asked = card.story, card.prediction
    before = StoryInfo(
        card.number,
        card.title,
        card.founding,
        story.symptom,
        story.guess,
        asked.question,
        asked.options,
        asked.answer,
        asked.because,
        looks=card.looks,
    )
    if not told:
        return before
    return StoryInfo(
        **{
            **vars(before),
            "cause": story.cause,
            "cure": story.cure,
            "lesson": story.lesson,
            "measured": story.measured,
            "code": card.code.text(),
            "where": card.code.where,
        }
    )


def _figure(card: Card, pair: "Pair | None") -> FigureInfo:
    measure = card.measure
    broken = fixed = ahead = None
    if pair is not None and pair.done:
        broken, fixed = pair.courses["broken"].value, pair.courses["fixed"].value
        assert broken is not None and fixed is not None
        ahead = measure.ahead(fixed, broken)
    return FigureInfo(measure.name, measure.better, measure.about, broken, fixed, ahead, measure.margin)


def _dials(card: Card, pair: "Pair | None") -> tuple[DialInfo, ...]:
    turned = {} if pair is None else dict(pair.settings)
    return tuple(
        DialInfo(
            name, dial.label, dial.side, turned.get(name, dial.default), dial.default, dial.low, dial.high, dial.choices
        )
        for name, dial in _named(card).items()
    )


def _turned(card: Card, pair: "Pair") -> str:
    dials = _named(card)
    moved = [(dials[name].label, value) for name, value in pair.settings if value != dials[name].default]
    return ", ".join(f"{label} {value if isinstance(value, str) else number(value)}" for label, value in moved)


def _named(card: Card) -> dict[str, Dial]:
    return {f"{dial.side}|{dial.path}": dial for dial in card.dials}


def _course(course: "Course") -> CourseInfo:
    pictures = None if course.pictures is None else course.pictures.detach().cpu().numpy()
    return CourseInfo(course.steps, course.loss, course.seen_at, course.seen, pictures)


def _size(pair: "Pair") -> int | None:
    held_out = pair.trainers["fixed"].validation_dataset
    return None if held_out is None else len(held_out)  # type: ignore[arg-type]
