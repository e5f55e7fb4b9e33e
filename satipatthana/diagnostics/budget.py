"""Does thinking help: what the same network knows after T steps, after one single pass, and before any thinking; and
what a rival knows that was trained to think otherwise.

Answers are read in two ways. The trained head has seen the ends of thoughts only, so what it makes of an early state is
no measure of what that state knows: beside it stands a linear readout, fitted anew on the training inputs for each row.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from satipatthana.core.engines import SamathaOutput
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, TrainingStage, generator_for
from satipatthana.data.bundle import DataBundle
from satipatthana.data.occlusion import hide_half
from satipatthana.diagnostics.intervals import Interval, bootstrap_mean, wilson
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.diagnostics.progress import Progress
from satipatthana.measures import mse
from satipatthana.santana import SantanaLog

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

STEPS = (0, 1, 2, 5, 10, 20)
ONE_PASS = "one pass"
PROBE = "probe on z"
NOISES = {"clean": 0.0, "noise 0.5": 0.5, "noise 0.9": 0.9}
OCCLUDED = "half occluded"
AGAINST = ("T = 0", "T = 1", ONE_PASS, PROBE)
"""The whole thought is compared with these, and with every rival."""
WIDE, WIDE_C = 512, 0.01
"""States of more dimensions than this are read with so much less freedom (C of the logistic regression): on validation
digits .01 reads 2,048 dimensions better than 1."""


@dataclass(frozen=True)
class Cell:
    """One row under one condition, each figure with its 95 % interval; None: there is no such figure."""

    readout: Interval
    """Accuracy of the linear readout (Wilson)."""
    answer: Interval | None
    """Accuracy of the trained head (Wilson)."""
    reconstruction: Interval | None
    """MSE of the decoded state against the clean input (bootstrap over the samples)."""
    trust: Interval | None
    """Mean trust (bootstrap); there is none before the first step."""


@dataclass(frozen=True, eq=False)
class Budget:
    """``cells[row][condition]`` over n test inputs."""

    thought: str
    """The row of the whole thought, as long as the network was trained to think."""
    cells: dict[str, dict[str, Cell]]
    gain: dict[str, dict[str, Interval]]
    """Accuracy of the readout after the whole thought less that of another row, sample by sample (paired bootstrap)."""
    n: int
    n_train: int
    """Training inputs of each readout, noisy as in stage 3."""
    seed: int

    @property
    def conditions(self) -> tuple[str, ...]:
        return tuple(next(iter(self.cells.values())))

    def to_json(self) -> dict[str, Any]:
        """Plain data, for a run's ``metrics.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Budget":
        """What ``to_json`` gave. Raises TypeError or KeyError for anything else."""

        def cell(of: dict[str, Any]) -> Cell:
            rest = {key: None if value is None else Interval(**value) for key, value in of.items() if key != "readout"}
            return Cell(Interval(**of["readout"]), **rest)

        cells = {row: {name: cell(of) for name, of in found.items()} for row, found in data["cells"].items()}
        gain = {row: {name: Interval(**of) for name, of in found.items()} for row, found in data["gain"].items()}
        return cls(**{**data, "cells": cells, "gain": gain})


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a row saw of N inputs: the state that is read, and what the trained parts say of it."""

    state: Float32[np.ndarray, "N D"]
    logits: Float32[np.ndarray, "N classes"] | None = None
    error: Float32[np.ndarray, " N"] | None = None
    trust: Float32[np.ndarray, " N"] | None = None


def rows_of(system: SatipatthanaSystem) -> tuple[str, ...]:
    """What is compared of one network: states after ``STEPS`` and at its own end, one pass, and z."""
    return (*(f"T = {t}" for t in _steps_of(system)), ONE_PASS, PROBE)


def _steps_of(system: SatipatthanaSystem) -> tuple[int, ...]:
    return tuple(sorted({*STEPS, system.config.samatha.sati.n_steps}))


def budget(
    system: SatipatthanaSystem,
    bundle: DataBundle,
    *,
    seed: int,
    trained: Collection[int] | None = None,
    rivals: Mapping[str, SatipatthanaSystem] | None = None,
) -> Iterator[Progress[Budget]]:
    """Compares ``rows_of`` a network on the test split. ``trained``: the stages that were (default: all); a figure of
    another is None. ``rivals``, by name, think as long as they were trained to; only their readout counts. Raises
    ValueError where there is nothing to tell apart.
    """
    rivals = dict(rivals or {})
    rows = (*rows_of(system), *rivals)
    against, thought = (*AGAINST, *rivals), f"T = {system.config.samatha.sati.n_steps}"
    if len(bundle.train.y.unique()) < 2 or not len(bundle.test):
        raise ValueError("A readout needs training inputs of two classes and some to test. Choose other data.")
    stages = {int(stage) for stage in (TrainingStage if trained is None else trained)}
    conditions = (*NOISES, OCCLUDED) if bundle.test.x.dim() == 4 else tuple(NOISES)
    total = 1 + len(rows) + len(conditions)
    x, y = bundle.train.x, bundle.train.y.numpy()
    luck = generator_for(seed, "budget", "readouts")
    noisy, _ = system.samatha.augmenter.spoil(x, luck)
    seen = _watch_all(system, rivals, noisy, noisy, judged=False)
    yield Progress(1, total, None, "thinking about the training inputs")
    readouts: dict[str, Pipeline] = {}
    for row in rows:
        readouts[row] = fit_readout(seen[row].state, y)
        yield Progress(1 + len(readouts), total, None, "fitting a readout for each row")
    cells: dict[str, dict[str, Cell]] = {row: {} for row in rows}
    gain: dict[str, dict[str, Interval]] = {row: {} for row in against}
    for condition in conditions:
        right: dict[str, Bool[np.ndarray, " N"]] = {}
        given = put_in(condition, bundle.test.x, seed)
        for row, found in _watch_all(system, rivals, given, bundle.test.x).items():
            right[row] = readouts[row].predict(found.state) == bundle.test.y.numpy()
            cells[row][condition] = _cell(found, right[row], bundle.test.y.numpy(), stages, seed)
        for row in against:
            gain[row][condition] = bootstrap_mean(right[thought].astype(np.float32) - right[row], seed)
        done = total - len(conditions) + len(cells[thought])
        yield Progress(
            done, total, Budget(thought, cells, gain, len(given), len(x), seed) if done == total else None, condition
        )


def put_in(condition: str, x: Float[Tensor, "N *shape"], seed: int) -> Float[Tensor, "N *shape"]:
    """The inputs under a condition; luck is a function of (seed, sample), or of the seed alone for what is hidden."""
    if condition == OCCLUDED:
        return hide_half(x, generator_for(seed, "budget", condition))
    sigma = NOISES[condition]
    return x + sigma * LuckBySample(seed, range(len(x))).noise(tuple(x.shape)) if sigma else x


def fit_readout(states: Float32[np.ndarray, "N D"], y: np.ndarray) -> "Pipeline":
    """A linear readout of the classes. Source: scikit-learn's logistic regression on standardised coordinates."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    freedom = 1.0 if states.shape[1] <= WIDE else WIDE_C
    return make_pipeline(StandardScaler(), LogisticRegression(C=freedom, max_iter=2000)).fit(states, y)


def single_pass(system: SatipatthanaSystem, output: SamathaOutput) -> Float[Tensor, "B D"]:
    """Vicara's body applied once to s_0, with full weight: the same parameters without the recurrence.

    A step is s + beta (body(s) - s), so the body follows from one step.
    """
    s0 = output.santana.states[0]
    step = system.samatha.vicara.begin(output.meta.gate[:, None] * output.z)
    return s0 + (step(s0) - s0) / system.config.samatha.vicara.beta


def _watch_all(
    system: SatipatthanaSystem,
    rivals: Mapping[str, SatipatthanaSystem],
    x: Tensor,
    clean: Tensor,
    judged: bool = True,
) -> dict[str, _Seen]:
    return _watch(system, x, clean, judged) | {name: _Seen(_ends(rival, x)) for name, rival in rivals.items()}


def _ends(system: SatipatthanaSystem, x: Tensor) -> Float32[np.ndarray, "N D"]:
    device = system.probes.device
    with observing(system):
        parts = [system.think(x[rows.start : rows.stop].to(device), threshold=-1.0).s_star for rows in chunks(len(x))]
    return torch.cat(parts).cpu().numpy()


def _watch(system: SatipatthanaSystem, x: Tensor, clean: Tensor, judged: bool = True) -> dict[str, _Seen]:
    kept: dict[str, list[_Seen]] = {row: [] for row in rows_of(system)}
    steps = _steps_of(system)
    device = system.probes.device
    with observing(system):
        for rows in chunks(len(x)):
            part, target = x[rows.start : rows.stop].to(device), clean[rows.start : rows.stop].to(device)
            output = system.think(part, n_steps=max(steps), threshold=-1.0)
            log = output.santana
            for t in steps:
                past = log.upto(min(t, len(log) - 1))
                kept[f"T = {t}"].append(_look(system, past.states[-1], past, part, target, judged))
            once = single_pass(system, output)
            past = SantanaLog(log.states[0])
            past.add(once)
            kept[ONE_PASS].append(_look(system, once, past, part, target, judged))
            kept[PROBE].append(_Seen(output.z.cpu().numpy()))
    return {row: _join(parts) for row, parts in kept.items()}


def _look(
    system: SatipatthanaSystem, state: Tensor, past: SantanaLog, given: Tensor, clean: Tensor, judged: bool
) -> _Seen:
    if not judged:
        return _Seen(state.cpu().numpy())
    insight = system.judge(state, past, given)
    return _Seen(
        state=state.cpu().numpy(),
        logits=system.logits(state, insight.v_ctx).cpu().numpy(),
        error=mse(system.decode(state), clean).cpu().numpy(),
        trust=torch.where(insight.judged, insight.trust[:, 0], torch.nan).cpu().numpy(),
    )


def _join(parts: list[_Seen]) -> _Seen:
    def joined(name: str) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else np.concatenate(values)

    state = joined("state")
    assert state is not None  # every row has one
    return _Seen(state, joined("logits"), joined("error"), joined("trust"))


def _cell(found: _Seen, right: np.ndarray, y: np.ndarray, stages: Collection[int], seed: int) -> Cell:
    answer = reconstruction = trust = None
    if found.logits is not None and TrainingStage.DECODER_FINETUNING in stages:
        answer = _share(found.logits.argmax(axis=1) == y)
    if found.error is not None and TrainingStage.SAMATHA_TRAINING in stages:
        reconstruction = bootstrap_mean(found.error, seed)
    if found.trust is not None and TrainingStage.VIPASSANA_TRAINING in stages and np.isfinite(found.trust).all():
        trust = bootstrap_mean(found.trust, seed)
    return Cell(_share(right), answer, reconstruction, trust)


def _share(right: Bool[np.ndarray, " N"]) -> Interval:
    return wilson(int(right.sum()), len(right))


def answers(found: Mapping[str, Interval]) -> dict[str, str]:
    """Per condition: "helps", "costs" or "cannot tell", by whether the interval of the gain lies beside 0."""
    return {
        name: "helps" if gain.low > 0 else "costs" if gain.high < 0 else "cannot tell" for name, gain in found.items()
    }
