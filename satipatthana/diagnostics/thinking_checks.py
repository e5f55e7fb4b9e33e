"""Does it think: checks of what passes through the network, from z over s_0 to s*, its scores and its pictures."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from satipatthana.components.vipassana import SCORES
from satipatthana.core.engines import SamathaOutput
from satipatthana.core.system import TrainingStage
from satipatthana.data.void import TRAINED_VOIDS, void_families
from satipatthana.diagnostics.collapse import spread
from satipatthana.diagnostics.convergence import convergence
from satipatthana.diagnostics.findings import Finding, Patient, Table, graded, num, share, worst
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.triage import RULES, N, Triage
from satipatthana.diagnostics.trust import CLEAN, PathScores, path_figures, score_paths

SAME = 1e-3
"""A spread below this tells no two inputs apart; healthy z, s_0 and s* have .6, .2 and .6."""
FAINT = 0.05
SATURATED = 0.5
SETTLED = 0.1
"""Of the last step over the first; healthy .004, a vicara that sees only s .02 to .03, no settling 1."""
ALIKE = (0.9, 0.98)
"""Mean cosine of s*: warn, fail. Healthy .1; the founding document's collapse 1.0."""
EVEN = 0.8
CROWDED = 0.6
"""Root mean square probe cosine; healthy .12, without balance and orthogonality .81."""
OPEN = (0.9, 0.5)
DRAWN = (0.4, 0.2)
SPREAD = (0.05, 0.01)
"""Standard deviation of a score in a mixed batch; healthy .4."""
ORDERED, APART = 0.8, 0.1
"""AUROC and gap of trust that a path should reach."""

_YET = "Stage 1 has not been trained, so this says nothing yet. "


def look(patient: Patient) -> SamathaOutput:
    """Sober thoughts of validation inputs, through the training gate."""
    x = some(patient)
    with observing(patient.system):
        return patient.system.think(x, gate="training")


def some(patient: Patient) -> Tensor:
    """The validation inputs that are looked at, evenly spaced."""
    return patient.bundle.validation.x[_rows(patient)].to(patient.system.probes.device)


def statistics(patient: Patient, thought: SamathaOutput) -> tuple[Finding, ...]:
    """z, s_0 and s*: each must differ from input to input."""
    asked = (
        ("z", "z", "Does z differ from input to input?", thought.z, TrainingStage.ADAPTER_PRETRAINING),
        ("s0", "s₀", "Does the first guess differ?", thought.santana.states[0], TrainingStage.SAMATHA_TRAINING),
        ("s_star", "s*", "Does the end of the thought differ?", thought.s_star, TrainingStage.SAMATHA_TRAINING),
    )
    remedies = {
        "z": "Train stage 0 again, or lower its learning rate: the adapter sees the same in every input.",
        "s0": "Look at the gate and at the probes: what z tells apart is lost there.",
        "s_star": "Look at the gate, then at the vicara: it forgets what the first guess told apart.",
    }
    return tuple(
        _spread_of(patient, key, name, question, value, since, remedies[key])
        for key, name, question, value, since in asked
    )


def _spread_of(
    patient: Patient, key: str, name: str, question: str, value: Tensor, since: TrainingStage, remedy: str
) -> Finding:
    std = spread(value).std
    saturated = float((value.abs() > 0.99).double().mean())
    figures = {
        "spread over the inputs": std,
        "mean": float(value.double().mean()),
        "standard deviation": float(value.double().std(correction=0)),
        "length, mean": float(value.double().norm(dim=1).mean()),
        "beyond ±.99": saturated,
    }
    table = Table(("",), tuple((label, (figure,)) for label, figure in figures.items()))
    state = graded(std, FAINT, SAME)
    evidence = f"{name} spreads by {num(std)} over the inputs; {share(saturated)} of it lies beyond ±.99."
    if not any(stage >= since for stage in patient.steps):
        return Finding(key, question, "unknown", f"Not trained yet. {evidence}", "", table)
    if state == "pass" and saturated > SATURATED:
        remedy = "More than half of the values are saturated and learn slowly: lower the learning rate."
        return Finding(key, question, "warn", evidence, remedy, table)
    return Finding(key, question, state, evidence, "" if state == "pass" else remedy, table)


def gates(patient: Patient, triage: Triage) -> Finding:
    """How many clean inputs the two gates let in (failure 4). The training gate counts before training, too."""
    training, inference = (figure.value for figure in triage.sign("gate shut").figures)
    state = graded(training, *OPEN)
    remedy = "" if state == "pass" else "Set training_gate_threshold to -1: behind a shut gate nothing is learned."
    own = graded(inference, *OPEN)
    if _settles(patient) and own != "pass":
        state = worst((state, own))
        remedy = (
            remedy or "Lower the inference gate, or calibrate it: it is to keep out a few clean inputs in a hundred."
        )
    evidence = f"The training gate lets in {share(training)} of clean inputs, the inference gate {share(inference)}."
    return Finding("gates", "Do the gates let clean inputs in?", state, evidence, remedy)


def similarity(patient: Patient, triage: Triage) -> Finding:
    """Cosine of s* between inputs, the founding document's sign of collapse, and what is left on the long run."""
    kept, long, cosine = (figure.value for figure in triage.sign("all ends equal").figures)
    question = "Do different inputs end in different states?"
    evidence = (
        f"Mean cosine of s* {num(cosine)}; of the spread of the first guesses {num(kept)} times is left at s* and "
        f"{num(long)} times 200 steps on."
    )
    if not _settles(patient):
        return Finding("similarity", question, "unknown", _YET + evidence)
    warn, fail = ALIKE
    state = worst((graded(-cosine, -warn, -fail), "fail" if triage.sign("all ends equal").present else "pass"))
    return Finding("similarity", question, state, evidence, "" if state == "pass" else RULES["all ends equal"].remedy)


def probes(patient: Patient, triage: Triage) -> Finding:
    """Whether the probes share the work and point apart (failure 10)."""
    nearest, rms = (figure.value for figure in triage.sign("parallel probes").figures)
    even, used = (figure.value for figure in triage.sign("dead probes").figures)
    question = "Do the probes share the work, and point apart?"
    evidence = (
        f"Perplexity {share(even)} of their number, {share(used)} of them ever win; cosine {num(rms)} in root mean "
        f"square, {num(nearest)} to the nearest other."
    )
    if not _settles(patient):
        return Finding("probes", question, "unknown", _YET + evidence)
    if triage.sign("parallel probes").present:
        return Finding("probes", question, "fail", evidence, RULES["parallel probes"].remedy)
    if triage.sign("dead probes").present:
        return Finding("probes", question, "fail", evidence, RULES["dead probes"].remedy)
    crowded = rms > CROWDED and len(patient.system.probes) <= patient.system.probes.shape[1]
    if crowded or even < EVEN:
        return Finding("probes", question, "warn", evidence, RULES["dead probes"].remedy)
    return Finding("probes", question, "pass", evidence)


def energy(patient: Patient, thought: SamathaOutput) -> Finding:
    """Step sizes per sample (failure 8: one figure for all), and whether the thought comes to rest."""
    question = "Does every thought come to rest, each in its own way?"
    each = thought.santana.avg_energy.double()
    known = each[each.isfinite()]
    if not len(known):
        remedy = "Look at sati and at the vicara: no sample takes a step."
        return Finding("energy", question, "fail", "No step was taken.", remedy)
    ratios = convergence(thought.santana).ratios
    ratio = float(np.nanmedian(ratios)) if np.isfinite(ratios).any() else float("nan")
    unequal = float(known.std(correction=0) / known.mean().clamp_min(1e-12))
    evidence = (
        f"Mean squared step {num(float(known.mean()))} a sample, differing by {share(unequal)}; last step over first "
        f"{num(ratio)} (median)."
    )
    if not _settles(patient):
        return Finding("energy", question, "unknown", _YET + evidence)
    if unequal < 1e-6:
        remedy = "Every sample moves alike: the gate is shut, or z is not injected, or a batch figure is shared."
        return Finding("energy", question, "fail", evidence, remedy)
    if not ratio <= SETTLED:
        remedy = "Think for more steps, or bound the vicara: spectral_norm, a smaller kappa, more weight on stability."
        return Finding("energy", question, "warn", evidence, remedy)
    return Finding("energy", question, "pass", evidence)


def pictures(patient: Patient, triage: Triage) -> Finding:
    """Whether s* can be drawn."""
    spread_of, drawn = (figure.value for figure in triage.sign("decoder paints the mean").figures)
    question = "Is what is drawn of s* the input, or the mean of all?"
    near = f"{share(drawn)} of the variance of the inputs is drawn" if drawn > 0 else "The mean is nearer to the inputs"
    evidence = f"{near}; the pictures differ {num(spread_of)} times as much as the inputs."
    if not _settles(patient):
        return Finding("pictures", question, "unknown", _YET + evidence)
    state = worst((graded(drawn, *DRAWN), "fail" if triage.sign("decoder paints the mean").present else "pass"))
    remedy = "" if state == "pass" else RULES["decoder paints the mean"].remedy
    return Finding("pictures", question, state, evidence, remedy)


def scored(patient: Patient) -> Mapping[str, PathScores]:
    """Validation inputs on the paths of stage 2."""
    validation, rows = patient.bundle.validation, _rows(patient)
    exist = void_families(tuple(validation.x.shape[1:]))
    voids = [family for family in TRAINED_VOIDS if family in exist]
    return score_paths(patient.system, validation.x[rows], validation.y[rows], seed=patient.seed, families=voids[:1])


def scores(patient: Patient, paths: Mapping[str, PathScores] | None) -> Finding:
    """Spread of the scores in a mixed batch (failures 5 and 7), and what trust makes of each path."""
    question = "Do the scores tell the paths apart in a mixed batch?"
    if paths is None:
        return Finding("scores", question, "unknown", "Stage 2 has not been trained.")
    mixed = torch.cat([path.scores for path in paths.values()]).double()
    figures = path_figures(paths)
    rows = [(name, (found["trust"].mean, found["trust"].auroc, found["trust"].gap)) for name, found in figures.items()]
    table = Table(("trust, mean", "AUROC", "gap"), tuple(rows))
    stds = {score: float(mixed[:, index].std(correction=0)) for index, score in enumerate(SCORES)}
    evidence = "Standard deviation in a mixed batch: " + ", ".join(f"{name} {num(std)}" for name, std in stds.items())
    state = worst(graded(std, *SPREAD) for std in stds.values())
    if state != "pass":
        remedy = "Standardise per sample, not over the batch; see that each path has a share, and raise the rate."
        return Finding("scores", question, state, f"{evidence}.", remedy, table)
    absent = [path for path, part in patient.curriculum.paths.items() if not part]
    if absent:
        remedy = "Give every path a share: without the clean one, nothing says what high trust is."
        return Finding("scores", question, "warn", f"{evidence}; no share: {', '.join(absent)}.", remedy, table)
    weak = [
        name
        for name, (_, auroc, gap) in rows
        if name not in (CLEAN, "augmented") and not ((auroc or 0) >= ORDERED and (gap or 0) >= APART)
    ]
    if weak:
        remedy = "Train stage 2 longer, or choose the grounded vipassana, which sees more than the step sizes."
        return Finding("scores", question, "warn", f"{evidence}; trust hardly tells: {', '.join(weak)}.", remedy, table)
    return Finding("scores", question, "pass", f"{evidence}.", "", table)


def _settles(patient: Patient) -> bool:
    return int(TrainingStage.SAMATHA_TRAINING) in patient.steps


def _rows(patient: Patient) -> Tensor:
    n = len(patient.bundle.validation)
    return torch.linspace(0, n - 1, min(N, n)).round().long()
