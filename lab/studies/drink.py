"""What drink does to thoughts, and the planes through one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.limits import BadInput, number
from lab.question import LIMITS, Question
from lab.studies.study import Study, Subject

if TYPE_CHECKING:
    import numpy as np

    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.dose import DoseResponse
    from satipatthana.diagnostics.ground import Ground
    from satipatthana.diagnostics.planes import Planes
    from satipatthana.diagnostics.progress import Progress
    from satipatthana.diagnostics.twins import Twins

SAMPLES = 200
UNIT_OF = 250
"""Samples whose median distance is the unit of distances."""
OTHERS = 1000
"""Validation samples among which a thought finds its two companions, at most."""
DOTS = 200
EMPTY_GROUND = 0.5
"""Of the data's span: how far around it the plane of the inputs is looked at."""


@dataclass(frozen=True)
class Drink:
    """Of the inputs that drink."""

    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Cuts:
    """The planes through one thought; ``ground`` only for inputs that are points, with N of them and their classes."""

    question: Question
    planes: "Planes"
    ground: "Ground | None" = None
    points: "np.ndarray | None" = None
    labels: "np.ndarray | None" = None


@dataclass(frozen=True, eq=False)
class TwinsLook:
    """The thought on the page by both minds, one pair; the unit is that of `n` validation inputs."""

    question: Question
    skip: float
    push: float
    twins: "Twins"
    n: int


def twins_look(system: "SatipatthanaSystem", bundle: "DataBundle", question: Question) -> TwinsLook:
    """Sober and drunk, whichever mind the page shows."""
    from satipatthana.diagnostics.scale import unit_of
    from satipatthana.diagnostics.twins import twins

    known, config = bundle.validation.x[:UNIT_OF], system.config.samatha
    skip = config.drunk_skip_prob if question.skip is None else question.skip
    push = config.drunk_perturbation_std if question.push is None else question.push
    found = twins(
        system,
        question.look_up(bundle)[0],
        samples=[question.sample],
        seed=question.seed,
        unit=unit_of(system, known),
        noise=question.noise,
        n_steps=question.n_steps,
        threshold=question.threshold,
        skip=skip,
        push=push,
    )
    return TwinsLook(question, skip, push, found, len(known))


def check_drink(sent: Mapping[str, Any]) -> Drink:
    """Raises BadInput for what is no noise or no seed."""
    settings = {}
    for name, value in sent.items():
        if name not in ("noise", "seed"):
            raise BadInput(f"This study has no setting {name!r}; known: noise, seed.")
        title, low, high, whole = LIMITS[name]
        settings[name] = number(value, low, high, title, integer=whole)
    return Drink(**settings)


def dose(subject: Subject, settings: Drink) -> "Iterator[Progress[DoseResponse]]":
    """On test inputs: nothing is chosen by it."""
    from satipatthana.diagnostics.dose import dose_response

    x = subject.bundle.test.x[:SAMPLES]
    yield from dose_response(subject.system, x, settings.seed, noise=settings.noise)


def check_question(sent: Mapping[str, Any]) -> Question:
    """The thought on the page. Raises BadInput where there is none yet."""
    question = sent.get("question")
    if not isinstance(question, Question):
        raise BadInput("There is no thought yet; expected one on the page. Choose a digit first.")
    return question


def cuts(subject: Subject, question: Question) -> "Iterator[Progress[Cuts]]":
    """The planes through the thought on the page and two of the validation set, of other classes."""
    from satipatthana.core.luck import LuckBySample
    from satipatthana.diagnostics.ground import ground
    from satipatthana.diagnostics.planes import planes
    from satipatthana.diagnostics.progress import Progress

    others = subject.bundle.validation
    points = tuple(subject.bundle.x_shape) == (2,)
    found = None
    for piece in planes(
        subject.system,
        *question.look_up(subject.bundle),
        others.x[:OTHERS],
        others.y[:OTHERS],
        noise_level=question.noise,
        n_steps=question.n_steps,
        threshold=question.threshold,
        luck=LuckBySample(question.seed, [question.sample]),
    ):
        found = Cuts(question, piece.found) if piece.found else found
        yield Progress(piece.done, piece.total + points, found, piece.text)
    if points and found is not None:
        low, high = others.x.amin(dim=0), others.x.amax(dim=0)
        around = EMPTY_GROUND * (high - low)
        lit = ground(subject.system, (low - around).tolist(), (high + around).tolist())
        dots = slice(0, DOTS)
        yield Progress(3, 3, Cuts(question, found.planes, lit, others.x[dots].numpy(), others.y[dots].numpy()))


DOSE = Study("dose", dose, check_drink)
CUTS = Study("cuts", cuts, check_question)
