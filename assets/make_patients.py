"""Makes the patients of the ward round, small sick runs: `python assets/make_patients.py`, from the project's root.

Each is the broken variant of an exhibit (one is well), trained through all four stages at half the width, so that every
tab has something to show, and as long as the exhibit says where it says it. Which is which stands here and in the
folders, and nowhere on the page.
"""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.exhibits.card import Side
from lab.exhibits.catalogue import card_of, experiment_of, origin
from lab.exhibits.experiment import SMALL, Experiment, Variant, make
from satipatthana.checkpoint import save_run
from satipatthana.core.system import TrainingStage
from satipatthana.data import DataBundle, load_dataset
from satipatthana.diagnostics.report import report
from satipatthana.train.trainer import SatipatthanaTrainer

OUT = Path(__file__).resolve().parent / "checkpoints" / "patients"
LARGEST = 1_500_000
"""Bytes of one, all files together."""
PLAN: Mapping[int, int] = {0: 80, 1: 300, 2: 250, 3: 150}
"""Steps of the stages of which the exhibit says nothing."""
BRIEFLY: Mapping[int, Mapping[int, int]] = {9: {1: 60}}
"""By failure: with more, training rubs its grid away."""
FRUGAL: Mapping[str, Any] = {
    "curriculum.n_keyframes": 3,
    "samatha.vitakka.n_gate_keys": 200,
    "vipassana": {"kind": "grounded"},
}
KEPT = {"curriculum.n_keyframes": FRUGAL["curriculum.n_keyframes"]}
"""Whatever the exhibit says of it."""
WELL = 0
PATIENTS: tuple[tuple[int, int], ...] = ((12, 11), (6, 12), (10, 13), (9, 14), (WELL, 15), (4, 16), (7, 17), (2, 18))
"""(Number of the failure, seed), in the order of their beds."""


def unmeasured(trainer: SatipatthanaTrainer, bundle: DataBundle) -> float:
    """One who is well has no number that tells it from a broken twin."""
    raise NotImplementedError("no exhibit measures health")


def ill(failure: int) -> tuple[Experiment, Side]:
    """How a patient is trained: as the exhibit says, from scratch and through all stages."""
    if failure == WELL:
        return Experiment(unmeasured, tuple(PLAN.items()), Variant(), base={**SMALL, **FRUGAL}), "fixed"
    shown = experiment_of(card_of(failure))
    plan = tuple({**PLAN, **dict(shown.plan), **BRIEFLY.get(failure, {})}.items())
    return dataclasses.replace(shown, plan=plan, start="", base={**SMALL, **FRUGAL, **shown.base, **KEPT}), "broken"


def train(failure: int, seed: int) -> SatipatthanaTrainer:
    """The patient, trained."""
    experiment, side = ill(failure)
    trainer = make(experiment, side, load_dataset("digits"), seed)
    for stage, steps in experiment.plan:
        trainer.train_stage(stage, n_steps=steps)
    return trainer


def main() -> None:
    """All of them, or those whose numbers are given."""
    chosen = set(map(int, sys.argv[1:])) or set(range(1, len(PATIENTS) + 1))
    bundle = load_dataset("digits")
    for bed, (failure, seed) in enumerate(PATIENTS, start=1):
        if bed not in chosen:
            continue
        began = time.perf_counter()
        trainer = train(failure, seed)
        told = {"patient": bed} | ({} if failure == WELL else origin(card_of(failure), "broken"))
        metrics = report(trainer.system, bundle, seed=seed, trained=[int(stage) for stage in TrainingStage])
        folder = save_run(OUT / str(bed), trainer, metrics=metrics, origin=told, overwrite=True)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(json.dumps({"bed": bed, "failure": failure, "bytes": size, "seconds": time.perf_counter() - began}))
        if size > LARGEST:
            raise SystemExit(f"{folder} takes {size} bytes, more than {LARGEST}; keep fewer keyframes.")


if __name__ == "__main__":
    main()
