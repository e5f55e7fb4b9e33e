"""Rules for causes that lie in learning: optimizer and rate, the gate, the probes, the decoder."""

from torch import Tensor

from satipatthana.components.decoders import ImageReconHead
from satipatthana.core.system import TrainingStage
from satipatthana.diagnostics.causes import Rule
from satipatthana.diagnostics.checkerboard import flat_field, relative, spectrum
from satipatthana.diagnostics.collapse import spread, usage
from satipatthana.diagnostics.findings import Patient, named, num, share
from satipatthana.diagnostics.gradients import StageGradients, gradients, learning, not_held, unmoved
from satipatthana.diagnostics.learning_checks import FELL
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.thinking_checks import look, some
from satipatthana.diagnostics.trend import stage_losses, trend

SLOW = 5e-4
"""A peak rate of stage 2 at or below this is low; 5e-3 is the plan's, 5e-5 the founding document's failure."""
OPEN = 0.5
FEW = 0.7
"""Of the probes, in effect used. Healthy .9 and more; with neither balance nor orthogonality .4 to .6."""
ASKED = 0.1
"""A weight of balance below this hardly asks for it; the plan's is .3."""
PAINTED = 1.2
"""Power at period 2 px over that of real data. Resized pictures have .1 of it, as every small network blurs."""
UNEVEN = 0.01
"""Standard deviation of a flat field as it is drawn: 0 where resolution doubles by resizing."""
ARRIVED = {1: ("vitakka", "vicara"), 2: ("vipassana",), 3: ("answer",)}
"""Components that every step of their stage moves, in a stage that learns at all."""


# --- what the optimizer holds (2, 3) --------------------------------------------------------------------------------


def kept_optimizer(patient: Patient) -> str | None:
    """The optimizer holds another stage's parameters and lacks its own; or some of what gets a gradient never took a
    step, in a stage that took many."""
    held = patient.holdings
    if held is None:
        return _stayed(patient)
    missing = not_held(patient.system, held)
    if missing:
        if not held.held and not held.others:
            return None  # it was made of nothing: cause 3
        ours = _names(patient, held.stage)
        foreign = len(held.held - set(ours)) + held.others
        return (
            f"The optimizer of stage {held.stage} lacks {len(missing)} of the {len(ours)} tensors that are to learn "
            f"({named(missing)}) and holds {foreign} that are not."
        )
    if (lost := _never_stepped(patient)) and (held.stepped or not _came_late(patient, held.stage)):
        return (
            f"{len(lost)} tensors of stage {held.stage} get a gradient, yet none took a step in "
            f"{patient.steps[held.stage]}: {named(lost)}."
        )
    return _stayed(patient)


def lazy_judge(patient: Patient) -> str | None:
    """Vipassana has no parameter now, had none when stage 2 began, or is not held by an optimizer that holds nothing
    at all."""
    stage = int(TrainingStage.VIPASSANA_TRAINING)
    names, held = _names(patient, stage), patient.holdings
    if not names:
        return "Vipassana has no parameter: stage 2 would train nothing."
    now = f"now there are {len(names)} tensors"
    if _came_late(patient, stage):
        steps = patient.steps.get(stage, 0)
        learns = held is not None and held.stage == stage and bool(held.stepped)
        if learns or not set(names) <= set(unmoved(patient.system, patient.keyframes).get(stage, names)):
            return None  # it has learned since
        return f"When stage 2 began vipassana had no tensor to be held; {now}, {steps} steps later."
    if held is None or held.stage != stage:
        return None
    if not held.held and not held.others:
        return f"The optimizer of stage 2 holds nothing; {now} in vipassana."
    # a saved run has lost the optimizer's list, and without keyframes nobody knows what was there when it was made
    unknown = not not_held(patient.system, held) and not held.stepped and _began(patient, stage) is None
    if unknown and _never_stepped(patient):
        return f"No tensor of vipassana took a step in {patient.steps[stage]}; no keyframe tells whether it was there."
    return None


def _names(patient: Patient, stage: int) -> list[str]:
    return [name for part in learning(patient.system, stage).values() for name in part]


def _never_stepped(patient: Patient) -> tuple[str, ...]:
    """Parameters of the present stage that get a gradient and have never been moved by it."""
    held = patient.holdings
    # a stage that was entered and has taken no step since has no memory of those before
    if held is None or not patient.history or patient.history[-1].stage != held.stage:
        return ()
    silent = [name for name in _names(patient, held.stage) if name not in held.stepped]
    if not silent:
        return ()
    found = _pull(patient, held.stage)
    return tuple(name for name in silent if name not in found.without)


def _stayed(patient: Patient) -> str | None:
    """An earlier stage after which what it was to train lies where it lay, although a gradient comes."""
    for stage, still in unmoved(patient.system, patient.keyframes).items():
        rates = [record.learning_rate for record in patient.history if record.stage == stage]
        parts = ARRIVED.get(stage, ())
        mine = [name for name in _names(patient, stage) if name.startswith(tuple(f"{part}." for part in parts))]
        if not mine or not set(mine) <= set(still) or sum(rates) < 0.01 or _came_late(patient, stage):
            continue
        pulled = _pull(patient, stage)
        if all(pulled.norms[part] > 0 for part in parts):
            return (
                f"Stage {stage} took {len(rates)} steps at rates up to {num(max(rates))}, but all {len(mine)} tensors "
                f"of {' and '.join(parts)} are as they were at its first keyframe."
            )
    return None


def _pull(patient: Patient, stage: int) -> StageGradients:
    return gradients(
        patient.system, patient.bundle.train, patient.curriculum, stage, seed=patient.seed, stages=patient.stages
    )


def _began(patient: Patient, stage: int) -> dict[str, Tensor] | None:
    """What the stage's keyframe of step 0 holds, if there is one."""
    frames = (frame.tensors for frame in patient.keyframes if frame.stage == stage and frame.step == 0)
    return next(frames, None)


def _came_late(patient: Patient, stage: int) -> bool:
    """Whether the judge was not there yet when its stage began."""
    began = _began(patient, stage)
    return (
        stage == TrainingStage.VIPASSANA_TRAINING and began is not None and not began and bool(_names(patient, stage))
    )


# --- the gate (4) and the probes (10) -------------------------------------------------------------------------------


def shut_gate(patient: Patient) -> str | None:
    """Behind the training gate fewer than half of the clean inputs get in; a soft one lets in a part of each."""
    config = patient.system.config.samatha.vitakka
    if config.training_gate_threshold <= -1 and config.gate == "hard":
        return None
    thought = look(patient)
    let_in = float(thought.meta.gate.double().mean())
    if let_in >= OPEN:
        return None
    return (
        f"At {num(config.training_gate_threshold)} the {config.gate} training gate lets in {share(let_in)} of "
        f"{len(thought.s_star)} clean inputs; s* spreads by {num(spread(thought.s_star).std)} over them."
    )


def few_probes(patient: Patient) -> str | None:
    """After stage 1 few probes answer, and the weight of balance is next to nothing."""
    weights = patient.curriculum.stage1.weights
    asked = {name: weights.get(name, 0.0) for name in ("balance", "orthogonality", "diversity")}
    if asked["balance"] >= ASKED or int(TrainingStage.SAMATHA_TRAINING) not in patient.steps:
        return None
    thought = look(patient)
    used, n_probes = usage(thought.meta.attention), len(patient.system.probes)
    if used.perplexity >= FEW * n_probes:
        return None
    told = ", ".join(f"{name} {num(weight)}" for name, weight in asked.items())
    return (
        f"{n_probes} probes do the work of {used.perplexity:.1f}, and {n_probes - used.used} of them never win; the "
        f"weights that could keep them apart: {told}."
    )


# --- the rate (6) ---------------------------------------------------------------------------------------------------


def slow_judge(patient: Patient) -> str | None:
    """The loss of stage 2, less what soft targets leave at best, has hardly fallen, at a rate that was always low."""
    stage = int(TrainingStage.VIPASSANA_TRAINING)
    rates = [record.learning_rate for record in patient.history if record.stage == stage]
    found = trend(stage_losses(patient.history, stage, patient.curriculum.stage2.weights))
    if found is None or max(rates) > SLOW or found.fell >= FELL:
        return None
    return (
        f"In {found.n} steps of stage 2 at rates up to {num(max(rates))} the loss above its floor fell by "
        f"{share(found.fell)}, from {num(found.first)} to {num(found.last)}."
    )


# --- the pictures (9) -----------------------------------------------------------------------------------------------


def painted_grid(patient: Patient) -> str | None:
    """Pictures have more power at period 2 px than real data, and a flat field does not stay flat."""
    system, steps = patient.system, patient.steps
    thinks = int(TrainingStage.SAMATHA_TRAINING) in steps
    head = system.samatha_recon_head if thinks else system.adapter_recon_head
    if not steps or not isinstance(head, ImageReconHead):
        return None
    x = some(patient)
    if min(x.shape[-2:]) < 8:
        return None
    with observing(system):
        seen = look(patient).s_star if thinks else system.samatha.adapter(x)
        flat = flat_field(head, head.first_map(seen).mean(dim=(0, 2, 3))).std
        if flat < UNEVEN:
            return None
        grid = relative(spectrum(head(seen)), spectrum(x)).nyquist
    if not grid > PAINTED:
        return None
    return (
        f"Its pictures have {num(grid)} times the power of real ones at period 2 px, and of a flat field it draws a "
        f"pattern of standard deviation {num(flat)} (upsampling: {system.config.recon.upsampling})."
    )


RULES: dict[int, Rule] = {
    2: kept_optimizer,
    3: lazy_judge,
    4: shut_gate,
    6: slow_judge,
    9: painted_grid,
    10: few_probes,
}
"""By the number of the cause."""
