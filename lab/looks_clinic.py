"""What the clinic shows: the ward and what was said of it, the open run and its treatment, ready for the views."""

from typing import TYPE_CHECKING

from lab.clinic import Clinic
from lab.exhibits.card import SIDES
from lab.exhibits.catalogue import CARDS
from lab.exhibits.cures import CURES, cure_of, outcome
from lab.exhibits.patients import HEALTHY, NO_CURE, Told, folders, helping
from lab.studies.treatment import FEWEST, MOST, N_STEPS, Ordered, watched
from lab.views.exhibit_run import CourseInfo
from lab.views.treatment import ChooseInfo, CureInfo, TreatedInfo
from lab.views.ward_round import WORDS, BedInfo, RoundInfo, State, ToldInfo

if TYPE_CHECKING:
    from lab.exhibits.experiment import Course, Pair
    from lab.session import Session

BEYOND = "failure {number}"
"""The title of a failure that is no exhibit here."""


def ward_round(session: "Session", error: str = "", sure: bool = False) -> RoundInfo:
    """The beds, and the patient that is open with what was said of it."""
    score, present = session.clinic.score(), session.now.run
    told = {each.patient: each for each in score.told}
    number = session.patient

    def state(n: int) -> State:
        return "told" if n in told else "seen" if n in score.seen else "new"

    return RoundInfo(
        beds=tuple(
            BedInfo(n, state(n), n == number, n in told and told[n].named, n in told and told[n].helps)
            for n in folders()
        ),
        run=present.name,
        open=number,
        cured=is_cured(session),
        told=_told(told[number]) if number in told else None,
        failures=tuple((card.number, card.title) for card in CARDS.values()),
        cures=tuple((cure.key, cure.label) for cure in CURES),
        unsaved=session.unsaved_steps,
        before=session.before,
        error=error,
        sure=sure,
    )


def _told(told: Told) -> ToldInfo:
    well = told.is_ == HEALTHY
    story = None if well or told.is_ not in CARDS else CARDS[told.is_].story
    return ToldInfo(
        diagnosis=title_of(told.diagnosis),
        is_=title_of(told.is_),
        named=told.named,
        said_well=told.diagnosis == HEALTHY,
        exhibit=None if well else told.is_,
        cure="" if told.cure == NO_CURE else cure_of(told.cure).label,
        helps=told.helps,
        cures=tuple(cure.label for cure in helping(told.is_)),
        why="" if story is None else story.cause,
        remedy="" if story is None else story.cure,
    )


def is_cured(session: "Session") -> bool:
    """Whether the open run was given a cure."""
    return bool((session.now.run.origin or {}).get("cures"))


def title_of(failure: int) -> str:
    """The title of a failure, or that nothing is wrong."""
    if failure == HEALTHY:
        return WORDS["well"]
    return CARDS[failure].title if failure in CARDS else BEYOND.format(number=failure)


def choose(session: "Session", error: str = "") -> ChooseInfo:
    """The open run, and the cures that it can be given."""
    info, status = session.run_info(), session.clinic.treatment()
    ordered = status.settings
    return ChooseInfo(
        run=info.name,
        data=info.data,
        seed=info.seed,
        trained=session.status().seq,
        cures=tuple(
            CureInfo(cure.key, cure.label, cure.says, tuple((n, title_of(n)) for n in cure.helps)) for cure in CURES
        ),
        chosen=ordered.cure if isinstance(ordered, Ordered) else "",
        steps=ordered.steps if isinstance(ordered, Ordered) else N_STEPS,
        fewest=FEWEST,
        most=MOST,
        busy=status.busy,
        treated=status.state == "ready",
        error=error,
    )


def treated(clinic: Clinic, open_run: str = "", unsaved: int = 0) -> TreatedInfo:
    """The treatment as far as it has come; ``open_run`` has steps that are not saved."""
    status, bed = clinic.treatment(), clinic.bed
    ordered = status.settings
    if bed is None or not isinstance(ordered, Ordered):
        return TreatedInfo("", "", 0)
    cure, card = cure_of(ordered.cure), watched(bed, ordered)
    pair: Pair | None = status.found
    values = None if pair is None else _values(pair)
    ahead = None if values is None else card.measure.ahead(values[1], values[0])
    return TreatedInfo(
        run=bed.run,
        cure=cure.label,
        stage=cure.stage,
        state=status.state,
        done=status.done,
        total=status.total,
        text=status.text,
        seconds=None if pair is None else pair.seconds,
        steps=ordered.steps,
        measure=card.measure.name,
        better=card.measure.better,
        exhibit=card.number,
        known=card.number == bed.sickness,
        margin=card.measure.margin,
        courses={} if pair is None else {side: _course(pair.courses[side]) for side in SIDES},
        inputs=None if pair is None else pair.inputs.detach().cpu().numpy(),
        values=values,
        ahead=ahead,
        outcome=None if ahead is None else outcome(ahead, card.measure.margin),
        seed=bed.trainer.seed,
        n=len(bed.bundle.validation),
        open_run=open_run,
        unsaved=unsaved,
    )


def _values(pair: "Pair") -> tuple[float, float] | None:
    """As it is, and cured; None before the end."""
    broken, fixed = pair.courses["broken"].value, pair.courses["fixed"].value
    return None if broken is None or fixed is None else (broken, fixed)


def _course(course: "Course") -> CourseInfo:
    pictures = None if course.pictures is None else course.pictures.detach().cpu().numpy()
    return CourseInfo(course.steps, course.loss, course.seen_at, course.seen, pictures)
