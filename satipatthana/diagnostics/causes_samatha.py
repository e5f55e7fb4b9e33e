"""Rules for causes that lie in settling: the stability loss, vicara, sati."""

import dataclasses

import torch
from torch import Tensor

from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import TrainingStage
from satipatthana.diagnostics.causes import Rule
from satipatthana.diagnostics.collapse import spread
from satipatthana.diagnostics.convergence import convergence, run_on
from satipatthana.diagnostics.findings import Patient, num
from satipatthana.diagnostics.gradients import gradients
from satipatthana.diagnostics.observing import observing
from satipatthana.diagnostics.triage import KEPT, LONG
from satipatthana.measures import distances, off_diagonal

N = 64
"""Validation inputs looked at, at most."""
A_FEW = 8
"""Training inputs whose gradient is taken: whether there is a way back does not depend on how many. As many think
alone, one after the other."""


def stability_from_the_log(patient: Patient) -> str | None:
    """Does a gradient of stage 1's stability term find its way back to anything that learns?"""
    stage = TrainingStage.SAMATHA_TRAINING
    few = dataclasses.replace(patient.curriculum, batch_size=A_FEW)
    pulled = gradients(patient.system, patient.bundle.train, few, stage, seed=patient.seed, stages=patient.stages)
    if "stability" not in pulled.detached:
        return None
    with observing(patient.system):
        ratio = convergence(patient.system.think(_inputs(patient), gate="training").santana).step_ratio
    weight = patient.curriculum.stage(stage).weights["stability"]
    settled = "" if ratio is None else f"; the last step of a thought is {num(ratio)} of its first"
    return (
        f"No gradient flows back from the stability term of stage 1 ({num(pulled.losses['stability'])}, weight "
        f"{num(weight)}){settled}."
    )


def forgetting(patient: Patient) -> str | None:
    """Is vicara's step the same whatever the input, and do different inputs fall together: in the steps of a thought
    (into one end or a few), or all into one in the long run?"""
    system = patient.system
    if int(TrainingStage.SAMATHA_TRAINING) not in patient.steps:
        return None
    with observing(system):
        thought = system.think(_inputs(patient), gate="training")
        z, first = thought.meta.gate[:, None] * thought.z, thought.santana.states[0]
        own, others = (system.samatha.vicara.begin(seen)(first) for seen in (z, z.roll(1, 0)))
    before, near = spread(first).std, _nearest(first)
    if not torch.equal(own, others) or torch.equal(z, z.roll(1, 0)) or min(before, near) == 0:
        return None  # it sees its input; or nothing was let in that it could see
    nearer = _nearest(thought.s_star) / near
    left = spread(run_on(system, thought, LONG).states[-1]).std / before
    if min(nearer, left) >= KEPT:
        return None
    return (
        f"A step of thought is the same whatever the input was. At s* the nearest other of {len(z)} thoughts is "
        f"{num(nearer)} times as far as at the first guess (median), and {LONG} steps on all of them are spread "
        f"{num(left)} times as wide."
    )


def _nearest(states: Tensor) -> float:
    """Median distance of a state to the nearest other one."""
    return float(off_diagonal(distances(states.double(), states.double())).amin(dim=1).median())


def fake_convergence(patient: Patient) -> str | None:
    """Are drunk thoughts stopped on a step that they skipped?"""
    system, x = patient.system, _inputs(patient)
    with observing(system):
        luck = LuckBySample(patient.seed, range(len(x)))
        thought = system.think(x, drunk_mode=True, luck=luck, gate="training")
        step = system.samatha.vicara.begin(thought.meta.gate[:, None] * thought.z)
        to_come = (step(thought.s_star) - thought.s_star).norm(dim=1)
    santana = thought.santana
    # who came to the limit was stopped by nobody, skipped or not
    stopped = (santana.steps > 0) & (santana.steps < system.config.samatha.sati.n_steps)
    last = (santana.steps - 1).clamp_min(0)[None]
    on_a_skip = stopped & santana.skipped.gather(0, last)[0]
    count = int(on_a_skip.sum())
    if count == 0:
        return None
    return (
        f"{count} of {len(x)} drunk thoughts were stopped on a step that they skipped; the next step from there would "
        f"have been {num(float(to_come[on_a_skip].mean()))} on average."
    )


def neighbour(patient: Patient) -> str | None:
    """Do sober inputs think for as long alone as among restless others?"""
    system, x = patient.system, _inputs(patient)[: 2 * A_FEW]
    sober = max(1, min(A_FEW, len(x) - 1))
    drunk = torch.arange(len(x), device=x.device) >= sober
    # the dials of drunkenness may be what is broken, so they are not asked: noise that no threshold lets pass
    restless = {"drunk_skip_prob": 0.0, "drunk_perturbation_std": 1.0}
    with observing(system):
        luck = LuckBySample(patient.seed, range(len(x)))
        among = system.think(x, drunk_mode=drunk, luck=luck, gate="training", **restless).santana.steps[:sober]
        alone = torch.cat([system.think(one, gate="training").santana.steps for one in x[:sober].split(1)])
    differ = (among != alone).nonzero()[:, 0]
    if len(differ) == 0:
        return None
    one = int(differ[0])
    return (
        f"{len(differ)} of {sober} validation inputs think for another time alone than among {len(x) - 1} others: the "
        f"first {int(alone[one])} steps alone, {int(among[one])} among them."
    )


def _inputs(patient: Patient) -> Tensor:
    return patient.bundle.validation.x[:N].to(patient.system.probes.device)


RULES: dict[int, Rule] = {
    1: stability_from_the_log,
    12: forgetting,
    13: fake_convergence,
    15: neighbour,
}
"""By the number of the cause."""
