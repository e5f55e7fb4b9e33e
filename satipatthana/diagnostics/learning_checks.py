"""Does it learn: checks of what each stage trains, what moves it, and where its loss has come to."""

from satipatthana.core.system import TrainingStage
from satipatthana.diagnostics.findings import Finding, Patient, State, Table, by_stage, named, num, share, worst
from satipatthana.diagnostics.gradients import StageGradients, learning, not_held, parameter_counts, unmoved
from satipatthana.diagnostics.trend import FEWEST, Trend, stage_losses, trend

STARVED = 1e-4
"""A component whose gradient is a smaller share of its stage's hardly learns; the least seen in health is .002."""
FELL = 0.1
"""A loss that fell by less has hardly been learned from: founding failure 6 by .03, the least in health by .18."""


def stages_trained(patient: Patient) -> Finding:
    """Whether every stage has taken its plan's steps, on a network that stayed as it was."""
    question = "Has every stage been trained?"
    steps, plan = patient.steps, patient.curriculum
    rows = tuple(
        (f"stage {int(stage)}", (float(steps.get(int(stage), 0)), float(plan.stage(stage).n_steps)))
        for stage in TrainingStage
    )
    table = Table(("steps", "planned"), rows)
    missing = [int(stage) for stage in TrainingStage if int(stage) not in steps]
    short = [stage for stage, done in steps.items() if done < plan.stage(stage).n_steps]
    if not steps:
        return Finding("trained", question, "warn", "No stage has taken a step.", "Train the four stages.", table)
    if patient.stale:
        evidence = f"An earlier stage was trained after stage {', '.join(map(str, patient.stale))}."
        remedy = f"Train stage {', '.join(map(str, patient.stale))} again: the network it learned on is gone."
        return Finding("trained", question, "warn", evidence, remedy, table)
    if missing or short:
        parts = [f"stage {stage} has not begun" for stage in missing]
        parts += [f"stage {stage} took {steps[stage]} of {plan.stage(stage).n_steps} steps" for stage in short]
        evidence = ", ".join(parts)
        return Finding(
            "trained", question, "warn", evidence[0].upper() + evidence[1:] + ".", "Train what is left.", table
        )
    return Finding("trained", question, "pass", f"Steps taken: {by_stage(steps)}.", "", table)


def components(patient: Patient) -> Finding:
    """Whether every stage has something to learn (failure 3)."""
    question = "Is there something to learn in every stage?"
    counts = {int(stage): parameter_counts(patient.system, stage) for stage in TrainingStage}
    totals = {stage: sum(found.values()) for stage, found in counts.items()}
    names = dict.fromkeys(name for found in counts.values() for name in found)
    rows = tuple((name, tuple(_figure(counts[int(stage)].get(name)) for stage in TrainingStage)) for name in names)
    table = Table(tuple(f"stage {int(stage)}" for stage in TrainingStage), rows)
    empty = [f"{name} (stage {stage})" for stage, found in counts.items() for name, count in found.items() if not count]
    if empty:
        barren = [stage for stage, total in totals.items() if not total]
        remedy = "Build every part before its stage starts; a part built at its first call is not there to be trained."
        evidence = f"No parameter in {named(empty)}."
        return Finding("components", question, "fail" if barren else "warn", evidence, remedy, table)
    return Finding("components", question, "pass", f"Parameters that learn: {by_stage(totals)}.", "", table)


def optimizer(patient: Patient) -> Finding:
    """Whether the optimizer holds all that is to learn (failure 2), and nothing that is gone."""
    question = "Does the optimizer hold all that is to learn?"
    held = patient.holdings
    if held is None:
        return Finding("optimizer", question, "unknown", "No stage has been entered, so there is no optimizer yet.")
    missing = not_held(patient.system, held)
    remedy = "Make a new optimizer whenever a stage is entered or a part is replaced."
    if missing:
        evidence = f"Stage {held.stage}: {len(missing)} parameters are not held: {named(missing)}."
        return Finding("optimizer", question, "fail", evidence, remedy)
    if held.others:
        evidence = f"Stage {held.stage}: {held.others} tensors are held that are no part of this network."
        return Finding("optimizer", question, "fail", evidence, remedy)
    silent = sorted(held.held - held.stepped)
    if silent and patient.steps.get(held.stage, 0):
        evidence = f"Stage {held.stage}: {len(silent)} held parameters never took a step: {named(silent)}."
        return Finding("optimizer", question, "warn", evidence, "See which parameters get no gradient, below.")
    evidence = f"Stage {held.stage}: all {len(held.held)} parameters are held; {len(held.stepped)} have taken steps."
    return Finding("optimizer", question, "pass", evidence)


def weights_moved(patient: Patient) -> Finding:
    """Whether training changed what it was to change: told from the keyframes of each stage."""
    question = "Did the weights move while they were trained?"
    still = unmoved(patient.system, patient.keyframes)
    if not still:
        evidence = "No stage has left two keyframes to compare."
        return Finding("moved", question, "unknown", evidence)
    stuck = [f"{name} (stage {stage})" for stage, names in still.items() for name in names]
    if not stuck:
        stages = ", ".join(map(str, still))
        evidence = f"Every parameter differs between the first and the last keyframe (stage {stages})."
        return Finding("moved", question, "pass", evidence)
    learn = {stage: sum(len(part) for part in learning(patient.system, stage).values()) for stage in still}
    whole = any(len(names) == learn[stage] for stage, names in still.items())
    remedy = "Look at the optimizer and the gradients: a parameter without either stays where it was."
    return Finding("moved", question, "fail" if whole else "warn", f"Unchanged: {named(stuck)}.", remedy)


def gradients_arrive(patient: Patient, found: tuple[StageGradients, ...]) -> Finding:
    """Whether a gradient reaches every parameter that is to learn (failure 1)."""
    question = "Does a gradient reach every parameter?"
    silent = [f"{name} (stage {one.stage})" for one in found for name in (*one.without, *one.zero)]
    if not silent:
        evidence = "Yes, in one real batch of every stage's own loss."
        return Finding("gradients", question, "pass", evidence)
    excused = all(_excused(patient, one.stage, name) for one in found for name in (*one.without, *one.zero))
    missing = sum(len(one.without) for one in found)
    evidence = f"{missing} parameters get no gradient, {len(silent) - missing} one of exactly 0: {named(silent)}."
    if excused:
        remedy = "Nothing, if that is meant: the weight of their loss term is 0."
        return Finding("gradients", question, "warn", evidence, remedy)
    remedy = (
        "Follow the loss back: a value from the log or behind .detach() carries none, a shut gate lets none through, "
        "a term of weight 0 asks for none."
    )
    return Finding("gradients", question, "fail", evidence, remedy)


def gradient_norms(found: tuple[StageGradients, ...]) -> Finding:
    """How strongly each component is pulled, per stage."""
    question = "How strong is the gradient in each component?"
    names = dict.fromkeys(name for one in found for name in one.norms)
    rows = tuple((name, tuple(one.norms.get(name) for one in found)) for name in names)
    table = Table(tuple(f"stage {one.stage}" for one in found), rows)
    state: State = "pass"
    said = []
    for one in found:
        for name, norm in one.norms.items():
            if not norm < float("inf"):
                state = "fail"
                said.append(f"{name} (stage {one.stage}): not finite")
            elif norm < STARVED * one.norm or one.norm == 0:
                state = worst((state, "warn"))
                said.append(f"{name} (stage {one.stage}): {num(norm)} of {num(one.norm)} in all")
    if said:
        remedy = "Raise the weight of the terms that it learns from, or lower that of those that drown them."
        if state == "fail":
            remedy = "Lower the learning rate or the weight of the term that is not finite."
        return Finding("norms", question, state, f"Starved or broken: {named(said)}.", remedy, table)
    totals = ", ".join(f"stage {one.stage}: {num(one.norm)}" for one in found)
    return Finding("norms", question, "pass", f"2-norm of the whole gradient: {totals}.", "", table)


def losses(patient: Patient) -> Finding:
    """Whether each stage's loss fell, and whether it still moves."""
    question = "Has the loss fallen, and does it still fall?"
    trends: dict[int, Trend] = {}
    for stage in sorted(patient.steps):
        weights = patient.curriculum.stage(stage).weights
        if (found := trend(stage_losses(patient.history, stage, weights))) is not None:
            trends[stage] = found
    if not trends:
        evidence = f"No stage has taken the {FEWEST} steps that a trend needs."
        return Finding("losses", question, "unknown", evidence)
    rows = tuple(
        (f"stage {stage}, {found.way}", (found.first, found.last, found.fell)) for stage, found in trends.items()
    )
    table = Table(("first tenth", "last tenth", "fell by"), rows)
    states: dict[int, State] = {stage: _trend_state(patient, stage, found) for stage, found in trends.items()}
    state = worst(states.values())
    evidence = "; ".join(
        f"stage {stage} fell by {share(found.fell)}, now {found.way}" for stage, found in trends.items()
    )
    bad = [stage for stage, own in states.items() if own == state]
    remedy = ""
    if state == "fail":
        remedy = (
            f"Stage {bad[0]} hardly learned: look at its gradients and its optimizer; if they are well, raise its "
            "learning rate."
        )
    elif state == "warn":
        way = trends[bad[0]].way
        rising = f"Stage {bad[0]} rises again: lower its learning rate."
        remedy = rising if way == "rising" else f"Stage {bad[0]} still falls and its plan is not done: go on."
    return Finding("losses", question, state, evidence[0].upper() + evidence[1:] + ".", remedy, table)


def _trend_state(patient: Patient, stage: int, found: Trend) -> State:
    if found.fell < FELL:
        return "fail"
    unfinished = patient.steps[stage] < patient.curriculum.stage(stage).n_steps
    return "warn" if found.way == "rising" or (found.way == "falling" and unfinished) else "pass"


def _excused(patient: Patient, stage: int, name: str) -> bool:
    # the one component that a single term alone reaches
    weights = patient.curriculum.stage(stage).weights
    return name.startswith("aux_head.") and weights.get("guidance", 0.0) == weights.get("early", 0.0) == 0


def _figure(count: int | None) -> float | None:
    return None if count is None else float(count)
