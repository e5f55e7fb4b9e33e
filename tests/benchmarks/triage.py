"""The triage and the doctor on trained runs: no false alarm on any seed, and how long both take.

The figures of every rule stand in the rows: from them one sees how far the limits are.
"""

import sys
import time
from collections.abc import Iterable

from satipatthana import SatipatthanaSystem, SatipatthanaTrainer, load_dataset
from satipatthana.assets import asset_path
from satipatthana.checkpoint import load_run
from satipatthana.configs import RunConfig
from satipatthana.data import DataBundle
from satipatthana.diagnostics.doctor import Examination, examine
from satipatthana.diagnostics.findings import Patient
from satipatthana.diagnostics.triage import triage
from tests.benchmarks.healthy import short
from tests.benchmarks.table import Row, Settings, at_most

SEEDS = range(5)
TRIAGE_S, DOCTOR_S = 1.0, 5.0


def trained(seed: int, bundle: DataBundle, settings: Settings) -> SatipatthanaTrainer:
    """The default curriculum of this seed."""
    config = short(RunConfig(seed=seed), 12) if settings.quick else RunConfig(seed=seed)
    trainer = SatipatthanaTrainer(SatipatthanaSystem(config), bundle.train, validation_dataset=bundle.validation)
    trainer.run_curriculum()
    return trainer


def examined(trainer: SatipatthanaTrainer, bundle: DataBundle) -> Examination:
    """The whole list."""
    *_, last = examine(
        Patient(
            trainer.system,
            bundle,
            trainer.curriculum,
            tuple(trainer.history),
            tuple(trainer.keyframes),
            trainer.holdings(),
        )
    )
    assert last.found is not None
    return last.found


def measure(settings: Settings) -> Iterable[Row]:
    """False alarms on the seeds, then the time on the shipped run."""
    bundle = load_dataset("digits")
    figures: dict[str, list[float]] = {}
    verdicts: list[str] = []
    alarms: list[str] = []
    for seed in range(settings.size(len(SEEDS), 1)):
        found = examined(trained(seed, bundle, settings), bundle)
        assert found.triage is not None
        verdicts.append(found.triage.verdict)
        alarms += [f"seed {seed}: {one.key} {one.state}" for one in found.findings if one.state in ("warn", "fail")]
        for sign in found.triage.signs:
            for figure in sign.figures:
                figures.setdefault(figure.name, []).append(figure.value)
        print(f"  seed {seed}: {found.triage.verdict}, {found.state}", file=sys.stderr, flush=True)
    wrong = sum(verdict != "healthy" for verdict in verdicts)
    yield at_most("triage: false alarms on healthy seeds", wrong, 0, note=", ".join(verdicts))
    yield at_most("doctor: warnings and fails on healthy seeds", len(alarms), 0, note="; ".join(alarms) or "none")
    for name, values in figures.items():
        told = f"{min(values):.3g} to {max(values):.3g}"
        yield Row(f"triage, healthy seeds: {name}", "", told, None)

    saved = load_run(asset_path("checkpoints", "healthy"))
    shipped = saved.trainer(bundle.train)
    began = time.perf_counter()
    triage(saved.system, bundle.validation.x, range(4))
    yield at_most("triage of the shipped run, first call", time.perf_counter() - began, TRIAGE_S, unit=" s")
    began = time.perf_counter()
    examined(shipped, bundle)
    yield at_most("the doctor's whole list", time.perf_counter() - began, DOCTOR_S, unit=" s")
