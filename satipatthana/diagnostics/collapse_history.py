"""How did it come to collapse, or not: the same figures over training, and beside other ways to guard the probes."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

from satipatthana import measures
from satipatthana.components.vitakka import StandardVitakka
from satipatthana.configs import RunConfig, StandardVitakkaConfig, SystemConfig, from_dict, to_dict
from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.data.bundle import DataBundle, Split
from satipatthana.diagnostics.collapse import class_table, direction_rank, probe_angles, spread, usage
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.train.trainer import SatipatthanaTrainer

BATCH = 32
SAMPLES = 2000
"""Of the short runs of ``compare_guards``: a hundred steps of six guards in some 15 s on two cores."""


@dataclass(frozen=True)
class CollapseFigures:
    """The signs of collapse at one moment, each one number."""

    perplexity: float
    """Probes in effect used, 1 to K."""
    dead_share: float
    """Share of the probes that are the nearest of no input."""
    purity: float
    """Share of inputs that are of the most frequent class of their probe."""
    mean_cosine: float
    max_cosine: float
    """Of what z is compared with, off the diagonal."""
    probe_rank: float
    """Directions that the probes, each at length 1, in effect span."""
    end_rank: float
    """Directions in which the ends of different inputs in effect differ."""
    spread: float
    """Standard deviation of the ends, mean over the coordinates."""


def collapse_figures(system: SatipatthanaSystem, split: Split, n_classes: int) -> CollapseFigures:
    """All of them on the clean inputs of a split, gate open. Raises ValueError for fewer than two samples."""
    vitakka, device = system.samatha.vitakka, system.probes.device
    with observing(system):
        thought = system.think(split.x.to(device), threshold=-1.0)
        directions = vitakka.directions.clone()
    meta, ends = thought.meta, thought.s_star
    used, angles = usage(meta.attention), probe_angles(directions)
    return CollapseFigures(
        perplexity=used.perplexity,
        dead_share=used.dead_share,
        purity=class_table(meta.winner, split.y.to(device), len(directions), n_classes).purity,
        mean_cosine=angles.mean,
        max_cosine=angles.max,
        probe_rank=direction_rank(directions),
        end_rank=measures.effective_rank(ends - ends.mean(dim=0)),
        spread=spread(ends).std,
    )


# --- over training ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A network at a step of its training."""

    stage: int
    global_step: int
    figures: CollapseFigures


def over_training(
    networks: Iterable[tuple[int, int, SatipatthanaSystem]], total: int, split: Split, n_classes: int
) -> Iterator[Progress[tuple[Moment, ...]]]:
    """The figures of each (stage, global step, network) in turn; ``total`` of them."""
    moments: list[Moment] = []
    for stage, step, system in networks:
        moments.append(Moment(stage, step, collapse_figures(system, split, n_classes)))
        yield Progress(len(moments), total, tuple(moments), f"stage {stage}, step {step:,}")
    if not moments:
        yield Progress(0, 0, ())


# --- beside other guards --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Guard:
    """A way to keep the probes from collapsing: a kind of vitakka, and the weights of its losses."""

    name: str
    vitakka: str
    weights: Mapping[str, float]


def _guard(name: str, balance: float = 0.0, orthogonality: float = 0.0, diversity: float = 0.0, **kind: str) -> Guard:
    weights = {"balance": balance, "orthogonality": orthogonality, "diversity": diversity}
    return Guard(name, kind.get("vitakka", "standard"), MappingProxyType(weights))


GUARDS: tuple[Guard, ...] = (
    _guard("balance + orthogonality", 0.3, 0.5),
    _guard("balance", 0.3),
    _guard("orthogonality", 0.0, 0.5),
    _guard("diversity", diversity=1.0),
    _guard("nothing"),
    _guard("keyed", vitakka="keyed"),
)
"""The recipe, its parts, the founding document's loss, no guard, and keys apart from values."""


@dataclass(frozen=True)
class Compared:
    """A guard's figures after some of its steps of stage 1."""

    guard: str
    steps: tuple[int, ...]
    figures: tuple[CollapseFigures, ...]


def compare_guards(
    system: SatipatthanaSystem,
    bundle: DataBundle,
    *,
    n_steps: int,
    every: int,
    from_data: bool,
    guards: tuple[Guard, ...] = GUARDS,
) -> Iterator[Progress[tuple[Compared, ...]]]:
    """Trains stage 1 anew for ``n_steps`` with each guard, side by side, and measures after 1 and ``every`` steps.

    ``system`` is the network as stage 0 left it; each guard gets its own copy of that, the same samples, noise and
    schedule, in batches of ``BATCH``. Learned probes begin at the k-means centres of z (``from_data``) or in random
    directions; keys always begin at the centres. The figures are of the validation split.
    """
    runs = [_Run(system, bundle, guard, n_steps, from_data) for guard in guards]
    total = n_steps * len(runs)
    for step in range(1, n_steps + 1):
        measured = step == 1 or step % every == 0 or step == n_steps
        for place, run in enumerate(runs, start=1):
            next(run.steps)
            if measured:
                run.measure()
            whole = measured and run is runs[-1]
            yield Progress(
                (step - 1) * len(runs) + place,
                total,
                tuple(each.compared for each in runs) if whole else None,
                f"step {step} of {n_steps}, {run.guard.name}",
            )


class _Unfitted(StandardVitakka):
    """Its probes stay in the random directions in which they were made."""

    def fit_probes(self, z: torch.Tensor, generator: torch.Generator) -> None:
        return


class _Run:
    """One guard's network in training."""

    def __init__(
        self, system: SatipatthanaSystem, bundle: DataBundle, guard: Guard, n_steps: int, from_data: bool
    ) -> None:
        self.guard, self.bundle = guard, bundle
        config = _config(system.config, guard, n_steps)
        parts: dict[str, torch.nn.Module] = {}
        if guard.vitakka == "standard" and not from_data:
            vitakka = config.samatha.vitakka
            parts["vitakka"] = _Unfitted(vitakka, generator_for("init", config.seed, "vitakka"))
        self.network = SatipatthanaSystem(config, parts).to(system.probes.device)
        for name in LEARNS[TrainingStage.ADAPTER_PRETRAINING]:
            self.network.components()[name].load_state_dict(system.components()[name].state_dict())
        rows = torch.linspace(0, len(bundle.train) - 1, min(SAMPLES, len(bundle.train))).long()
        samples = Split(bundle.train.x[rows], bundle.train.y[rows])
        self.trainer = SatipatthanaTrainer(self.network, samples)
        self.steps = self.trainer.steps(TrainingStage.SAMATHA_TRAINING, n_steps)
        self.taken: list[int] = []
        self.figures: list[CollapseFigures] = []

    def measure(self) -> None:
        self.taken.append(self.trainer.global_step)
        self.figures.append(collapse_figures(self.network, self.bundle.validation, self.bundle.n_classes))

    @property
    def compared(self) -> Compared:
        return Compared(self.guard.name, tuple(self.taken), tuple(self.figures))


def _config(config: SystemConfig, guard: Guard, n_steps: int) -> RunConfig:
    """The run's own config with this guard: a short plan, and one gate key, as nobody asks the gate here."""
    own = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    plain = to_dict(RunConfig(**own))
    vitakka = plain["samatha"]["vitakka"]
    known = {item.name for item in dataclasses.fields(StandardVitakkaConfig)}
    kept = {name: value for name, value in vitakka.items() if name in known}
    plain["samatha"]["vitakka"] = kept | {"kind": guard.vitakka, "n_gate_keys": 1}
    plain["curriculum"] |= {"batch_size": BATCH, "n_keyframes": 0}
    stage = plain["curriculum"]["stage1"]
    stage |= {"n_steps": n_steps, "weights": stage["weights"] | dict(guard.weights)}
    return from_dict(RunConfig, plain)
