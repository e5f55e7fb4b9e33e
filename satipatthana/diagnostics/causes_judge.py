"""Rules for causes that lie in judging: what trust reads, and what stage 2 shows it."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from satipatthana.components.vipassana import Insight
from satipatthana.configs import SamathaConfig
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import TrainingStage
from satipatthana.diagnostics.causes import Rule
from satipatthana.diagnostics.findings import Patient, num, share
from satipatthana.diagnostics.observing import observing
from satipatthana.measures import auroc, derangement
from satipatthana.train.stages import AUGMENTED_NOISE, PATHS, Batch, split_paths

CLEAN, DRUNK = PATHS.index("clean"), PATHS.index("drunk")
ERROR = 3
"""Its place among what a vipassana is shown."""
USUAL = SamathaConfig()
"""Whose dials are the default."""
N = 48
"""Validation inputs looked at."""
MOST = 256
"""Rows of a batch of stage 2 that are looked at."""
FELT = 0.01
"""Trust that differs by more when only the neighbours differ; rounding makes 1e-6 of it."""
SAME = 1e-4
"""Spread over the batch, as a share of the size, of a number that all its samples were given alike."""
HARDLY, WRECKED = 0.2, 10.0
"""How far a drunk thought may end from the sober one, the default dials' distance being 1. With noise .005 instead of
.2 it is .025, with skip .9 and noise 5 about 20."""
UNJUDGED = 0.1
"""Share of drunk thoughts that may go without a single step, beyond that of the default dials."""


@dataclass(frozen=True, eq=False)
class Company:
    """The same sober and drunk thoughts, judged all in one batch and each kind by itself."""

    mixed: Float[Tensor, " B"]
    apart: Float[Tensor, " B"]
    """Trust."""
    drunk: Bool[Tensor, " B"]
    moved: Bool[Tensor, " M"] | None
    """Of the numbers that trust reads: which change with the neighbours. None where they are not laid open."""
    alike: Bool[Tensor, " M"] | None
    """Which are the same for all samples of a mixed batch."""

    def figures(self) -> str:
        """How well trust tells drunk from clean in either company."""
        said = []
        for where, trust in (("in batches of one kind", self.apart), ("in a mixed batch", self.mixed)):
            clean, spoilt = trust[~self.drunk], trust[self.drunk]
            means = f"{num(float(clean.mean()))} and {num(float(spoilt.mean()))}"
            said.append(f"mean trust {means}, AUROC {num(auroc(clean, spoilt))} {where}")
        return "clean and drunk thoughts have " + ", but ".join(said)


def scaled_over_the_batch(patient: Patient) -> str | None:
    """Failure 5: numbers that differ between samples, but in units of what the batch happens to hold."""
    company = _company(patient)
    if company is None:
        return None
    if company.moved is None or company.alike is None:
        return _unseen(company)
    rescaled = company.moved & ~company.alike
    if not bool(rescaled.any()):
        return None
    return (
        f"{int(rescaled.sum())} of the {len(rescaled)} numbers that trust reads differ between samples, but change "
        f"with the neighbours: {company.figures()}."
    )


def energy_of_the_batch(patient: Patient) -> str | None:
    """Failure 8: numbers that are the same for all samples of a batch."""
    company = _company(patient)
    if company is None:
        return None
    if company.moved is None or company.alike is None:
        return _unseen(company)
    given = company.moved & company.alike
    if not bool(given.any()):
        return None
    return (
        f"{int(given.sum())} of the {len(given)} numbers that trust reads are one and the same for all samples of a "
        f"batch: {company.figures()}."
    )


def no_clean_path(patient: Patient) -> str | None:
    """Failure 7: stage 2 was trained, and no row of its batches was clean."""
    curriculum = patient.curriculum
    rows = split_paths(curriculum.batch_size, curriculum.paths)
    if not _judges(patient) or rows[CLEAN] > 0:
        return None
    system = patient.system
    with observing(system):
        trust = _judged(patient, system.think(_inputs(patient), gate="training")).trust
    return (
        f"None of the {curriculum.batch_size} rows of a batch of stage 2 is clean; the best target that it shows is "
        f"{num(1 - AUGMENTED_NOISE[0])}, and mean trust on clean inputs is {num(float(trust.mean()))}."
    )


def drunk_dials(patient: Patient) -> str | None:
    """Failure 11: drunk thoughts of stage 2 that end where the sober ones do, or nowhere near."""
    curriculum, dials = patient.curriculum, patient.system.config.samatha
    if not _judges(patient) or not split_paths(curriculum.batch_size, curriculum.paths)[DRUNK]:
        return None
    thought, drunk = _sober_and_drunk(patient)
    usual, _ = _sober_and_drunk(patient, USUAL)
    shift, usual_shift = ((one.s_star[drunk] - one.s_star[~drunk]).norm(dim=1).median() for one in (thought, usual))
    ratio = float(shift / usual_shift)
    stuck, usual_stuck = (float((~one.santana.taken[:, drunk].any(dim=0)).double().mean()) for one in (thought, usual))
    if HARDLY <= ratio <= WRECKED and stuck - usual_stuck <= UNJUDGED:
        return None
    with observing(patient.system):
        trust = _judged(patient, thought).trust
    what = "hardly drunk" if ratio < HARDLY else "wrecks"
    return (
        f"With skip {num(dials.drunk_skip_prob)} and noise {num(dials.drunk_perturbation_std)} drunk thoughts are "
        f"{what}: they end {num(ratio)} times as far from the sober ones as with {num(USUAL.drunk_skip_prob)} and "
        f"{num(USUAL.drunk_perturbation_std)}, {share(stuck)} of them take no step, and their mean trust is "
        f"{num(float(trust[drunk].mean()))} against {num(float(trust[~drunk].mean()))}."
    )


def leak(patient: Patient) -> str | None:
    """Failure 14: stage 2 tells its judge reconstruction errors of exactly 0, which no thought has.

    What a judge makes of an error of 0 is no evidence by itself: one that never saw so small an error guesses.
    """
    if not _judges(patient):
        return None
    system, x = patient.system, _inputs(patient)
    errors = _errors_told(patient)
    n_zero = int((errors == 0).sum())
    if not n_zero:
        return None
    partner = derangement(len(x), torch.Generator().manual_seed(patient.seed)).to(x.device)
    nothing = torch.zeros(len(x), device=x.device)
    with observing(system):
        thought = system.think(x, gate="training")
        s_star, santana = thought.s_star[partner], thought.santana.rows(partner)
        error = system.drawing_error(s_star, x)
        trust, trust_0 = (system.judge(s_star, santana, x, told).trust for told in (error, nothing))
    if torch.equal(trust, trust_0):  # a judge that does not read it
        return None
    return (
        f"Stage 2 tells the judge an error of exactly 0 for {n_zero} of {len(errors)} thoughts. Mismatched ones really "
        f"make {num(float(error.mean()))}: told so they have mean trust {num(float(trust.mean()))}, told 0 "
        f"{num(float(trust_0.mean()))}."
    )


def _errors_told(patient: Patient) -> Tensor:
    """The reconstruction errors that one batch of the run's own stage 2 lays before the judge."""
    told = [torch.zeros(0)]
    system, curriculum = patient.system, patient.curriculum
    rows, device = slice(min(MOST, curriculum.batch_size)), system.probes.device
    x, y = (values[rows].to(device) for values in (patient.bundle.train.x, patient.bundle.train.y))
    luck = torch.Generator().manual_seed(patient.seed)

    def listen(_: nn.Module, shown: tuple[Any, ...]) -> None:
        told.extend(error.flatten().cpu() for error in shown[ERROR : ERROR + 1])

    listening = system.vipassana.register_forward_pre_hook(listen)
    try:
        with observing(system):
            batch = Batch(x, y, luck, curriculum, curriculum.stage2.weights)
            patient.stages[TrainingStage.VIPASSANA_TRAINING].loss(system, batch)
    finally:
        listening.remove()
    return torch.cat(told)


def _judges(patient: Patient) -> bool:
    return int(TrainingStage.VIPASSANA_TRAINING) in patient.steps


def _inputs(patient: Patient) -> Tensor:
    x = patient.bundle.validation.x
    rows = torch.linspace(0, len(x) - 1, min(N, len(x))).round().long()
    return x[rows].to(patient.system.probes.device)


def _sober_and_drunk(patient: Patient, dials: SamathaConfig | None = None) -> tuple[SamathaOutput, Tensor]:
    """The same inputs thought twice, with the same luck whatever the dials, and which of the rows are drunk."""
    x = _inputs(patient)
    drunk = torch.arange(2 * len(x), device=x.device) >= len(x)
    dials = patient.system.config.samatha if dials is None else dials
    with observing(patient.system):
        thought = patient.system.think(
            torch.cat([x, x]),
            drunk_mode=drunk,
            drunk_skip_prob=dials.drunk_skip_prob,
            drunk_perturbation_std=dials.drunk_perturbation_std,
            generator=torch.Generator().manual_seed(patient.seed),
            gate="training",
        )
    return thought, drunk


def _judged(patient: Patient, thought: SamathaOutput, rows: Tensor | None = None) -> Insight:
    if rows is None:
        return patient.system.judge(thought.s_star, thought.santana, thought.x_given)
    return patient.system.judge(thought.s_star[rows], thought.santana.rows(rows), thought.x_given[rows])


def _company(patient: Patient) -> Company | None:
    """How neighbours count; None where they do not, and before stage 2."""
    if not _judges(patient):
        return None
    thought, drunk = _sober_and_drunk(patient)
    with observing(patient.system):
        mixed = _judged(patient, thought)
        sober, spoilt = _judged(patient, thought, ~drunk), _judged(patient, thought, drunk)
    trust = torch.cat([sober.trust, spoilt.trust])[:, 0]
    if float((mixed.trust[:, 0] - trust).abs().max()) <= FELT:
        return None
    if mixed.metrics is None or sober.metrics is None or spoilt.metrics is None:
        return Company(mixed.trust[:, 0], trust, drunk, None, None)
    size = mixed.metrics.abs().mean(dim=0).clamp_min(1e-6)
    moved = (mixed.metrics - torch.cat([sober.metrics, spoilt.metrics])).abs().amax(dim=0) > SAME * size
    return Company(mixed.trust[:, 0], trust, drunk, moved, mixed.metrics.std(dim=0) <= SAME * size)


def _unseen(company: Company) -> str:
    return f"A sample's trust changes with its neighbours, by which numbers cannot be seen: {company.figures()}."


RULES: dict[int, Rule] = {
    5: scaled_over_the_batch,
    7: no_clean_path,
    8: energy_of_the_batch,
    11: drunk_dials,
    14: leak,
}
"""By the number of the cause. 5 and 8 are told apart by the numbers that trust reads: where the judge does not lay them
open, both are named."""
