"""The exhibits: do broken and fixed stand apart on every seed, how long does a pair take, and are the causes named?

Each pair runs with its real plan, one after the other; the 25 s are meant for a machine that does nothing else.
"""

import dataclasses
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.exhibits.card import SIDES, Card, Side
from lab.exhibits.catalogue import CARDS, experiment_of
from lab.exhibits.experiment import last, run_pair
from lab.runs import SHIPPED, bundle_of
from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.data import DataBundle
from satipatthana.diagnostics.findings import Patient
from satipatthana.diagnostics.naming import name_causes
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.benchmarks.table import Row, Settings, at_least, at_most, spread

PAIR_S = 25.0
NAMING_S = 3.0


@dataclass(frozen=True)
class Ran:
    """A pair at its end: the measure of both sides and the causes that are named on them."""

    value: dict[Side, float]
    named: dict[Side, tuple[int, ...]]
    seconds: float
    cpu_seconds: float
    naming_seconds: tuple[float, ...]


def measure(settings: Settings) -> Iterable[Row]:
    """Two rows an exhibit, then the seconds, and the causes that are named where there is none."""
    seconds: list[float] = []
    naming: list[float] = []
    hits = pairs = 0
    alarms: list[str] = []
    for card in CARDS.values():
        ran = [run(card, seed, settings) for seed in settings.seeds]
        yield separation(card, ran)
        yield hit(card, ran)
        hits += sum(card.number in one.named["broken"] for one in ran)
        pairs += len(ran)
        alarms += [f"{card.number} fixed: {_list(one.named['fixed'])}" for one in ran if one.named["fixed"]]
        seconds += [one.seconds for one in ran]
        naming += [each for one in ran for each in one.naming_seconds]
    for name in SHIPPED:
        saved = load_run(asset_path("checkpoints", name))
        bundle = bundle_of(saved.config.data)
        named, spent = causes(saved.trainer(bundle.train), bundle)
        alarms += [f"{name}: {_list(named)}"] if named else []
        naming.append(spent)
    told = "; ".join(alarms) or "none"
    yield at_least("exhibits: the broken side's own cause is named", hits, pairs, note=f"of {pairs} pairs")
    yield at_most("exhibits: causes named on fixed sides and shipped runs", len(alarms), 0, note=told)
    yield at_most("exhibits: seconds of a pair, longest", max(seconds), PAIR_S, unit=" s")
    yield at_most("naming the causes of a run, longest", max(naming), NAMING_S, unit=" s")


def run(card: Card, seed: int, settings: Settings) -> Ran:
    """One pair, and what is named on both sides."""
    experiment = experiment_of(card)
    if settings.quick:
        experiment = dataclasses.replace(experiment, plan=tuple((stage, 3) for stage, _ in experiment.plan))
    bundle = bundle_of(experiment.data)
    began = time.process_time()
    pair = last(run_pair(card, experiment, bundle, seed))
    cpu = time.process_time() - began
    told = {side: causes(pair.trainers[side], bundle) for side in SIDES}
    value = {side: course.value for side, course in pair.courses.items() if course.value is not None}
    named = {side: found for side, (found, _) in told.items()}
    line = ", ".join(f"{side} {value[side]:.4g} (named: {_list(named[side])})" for side in SIDES)
    print(f"  {card.number}, seed {seed}: {line}, {pair.seconds:.1f} s", file=sys.stderr, flush=True)
    return Ran(value, named, pair.seconds, cpu, tuple(spent for _, spent in told.values()))


def causes(trainer: SatipatthanaTrainer, bundle: DataBundle) -> tuple[tuple[int, ...], float]:
    """The numbers of the causes that the doctor names, and the seconds it took."""
    history, keyframes = tuple(trainer.history), tuple(trainer.keyframes)
    patient = Patient(
        trainer.system, bundle, trainer.curriculum, history, keyframes, trainer.holdings(), trainer.stages
    )
    began = time.perf_counter()
    named = tuple(suspicion.cause.number for suspicion in name_causes(patient))
    return named, time.perf_counter() - began


def separation(card: Card, ran: Sequence[Ran]) -> Row:
    """By how much the worst fixed value is better than the best broken one, over all seeds."""
    gauge, values = card.measure, {side: [one.value[side] for one in ran] for side in SIDES}
    worst_fixed, best_broken = (
        (min(values["fixed"]), max(values["broken"]))
        if gauge.better == "higher"
        else (max(values["fixed"]), min(values["broken"]))
    )
    spent, cpu = max(one.seconds for one in ran), max(one.cpu_seconds for one in ran)
    told = f"broken {spread(values['broken'])}, fixed {spread(values['fixed'])}"
    note = f"{told}; {spent:.0f} s, of CPU {cpu:.0f} s"
    what = f"exhibit {card.number}, {card.key}: {gauge.name}, {gauge.better} is better"
    return at_least(what, gauge.ahead(worst_fixed, best_broken), gauge.margin, note=note)


def hit(card: Card, ran: Sequence[Ran]) -> Row:
    """On how many seeds the broken side's cause is named, and what else is."""
    told = {side: " / ".join(_list(one.named[side]) for one in ran) for side in SIDES}
    hits = sum(card.number in one.named["broken"] for one in ran)
    note = f"broken: {told['broken']}; fixed: {told['fixed']}"
    return at_least(f"exhibit {card.number}, {card.key}: its cause is named", hits, len(ran), note=note)


def _list(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers)) or "–"
