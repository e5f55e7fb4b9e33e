"""The dials of a curriculum that may be turned while it runs: learning rates and loss weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.limits import BadInput, choice, number
from satipatthana.configs import DEFAULT_WEIGHTS, ConfigError, CurriculumConfig, SamathaConfig
from satipatthana.presets import recipe_of

if TYPE_CHECKING:
    from satipatthana.train.trainer import SatipatthanaTrainer

RATE = "learning_rate"
RATES = (1e-6, 1.0)
WEIGHTS = (0.0, 100.0)
USUAL = SamathaConfig()


@dataclass(frozen=True)
class Dial:
    """One dial: its path as in ``config.json``, where it stands, where the recipe has it, how far it turns."""

    path: str
    stage: int
    term: str | None
    """The loss term that it weighs; None is the learning rate."""
    value: float
    default: float
    low: float
    high: float


def dials_of(curriculum: CurriculumConfig, samatha: SamathaConfig = USUAL) -> tuple[Dial, ...]:
    """Every dial, stage by stage, the learning rate first. What the recipe says depends on the kind of network."""
    recipe = recipe_of(samatha)
    found: list[Dial] = []
    for stage, terms in enumerate(DEFAULT_WEIGHTS):
        plan, usual = curriculum.stage(stage), recipe.stage(stage)
        found.append(Dial(f"stage{stage}.{RATE}", stage, None, plan.learning_rate, usual.learning_rate, *RATES))
        for term in terms:
            now, then = plan.weights.get(term, 0.0), usual.weights.get(term, 0.0)
            found.append(Dial(f"stage{stage}.weights.{term}", stage, term, now, then, *WEIGHTS))
    return tuple(found)


def turn_dial(trainer: "SatipatthanaTrainer", path: Any, value: Any) -> Dial:
    """Turns the dial at `path` between two steps. Raises BadInput for a path or value that no dial has."""
    samatha = trainer.system.config.samatha
    known = {dial.path: dial for dial in dials_of(trainer.curriculum, samatha)}
    dial = known[choice(path, tuple(known), "Dial")]
    value = number(value, dial.low, dial.high, f"Dial {dial.path}")
    try:
        if dial.term is None:
            trainer.set_learning_rate(dial.stage, value)
        else:
            trainer.set_weight(dial.stage, dial.term, value)
    except ConfigError as error:  # all weights of a stage at 0
        raise BadInput(str(error)) from error
    return {dial.path: dial for dial in dials_of(trainer.curriculum, samatha)}[dial.path]
