"""`python -m lab doctor`: the verdict and the list of checks of a saved run."""

import argparse
import os
from typing import TYPE_CHECKING

from lab import runs
from lab.training import UsageError

if TYPE_CHECKING:
    from satipatthana.diagnostics.doctor import Examination

SICK = 1
MARKS = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "unknown": "  - "}


def doctor(options: argparse.Namespace) -> int:
    """Examines the run; returns 1 when a check fails or a sickness is found. Raises UsageError or RunError."""
    shelf, name = runs.find(options.folder)
    assert name is not None
    import torch

    from satipatthana.checkpoint import CheckpointError
    from satipatthana.configs import ConfigError
    from satipatthana.data import DataError
    from satipatthana.diagnostics.doctor import examine
    from satipatthana.diagnostics.findings import Patient

    torch.set_num_threads(options.threads or int(os.environ.get("OMP_NUM_THREADS", "2")))
    try:
        run = runs.open_run(shelf.folder(name), name, options.data_dir)
    except (CheckpointError, ConfigError, DataError) as error:
        raise UsageError(" ".join(str(error).split())) from error
    trainer = run.trainer
    patient = Patient(
        trainer.system,
        run.bundle,
        trainer.curriculum,
        tuple(trainer.history),
        tuple(trainer.keyframes),
        trainer.holdings(),
        trainer.stages,
    )
    *_, last = examine(patient)
    assert last.found is not None
    print(report(name, last.found))
    return SICK if last.found.state == "fail" else 0


def report(name: str, found: "Examination") -> str:
    """The list as text: the verdict with its evidence, then a check with what to do about it."""
    lines = []
    if found.triage is not None:
        rule = found.triage.rule
        lines = [f"{name}, verdict: {rule.verdict}. {rule.says}"]
        if found.triage.verdict != "healthy":
            for figure in found.triage.sign(found.triage.verdict).figures:
                limit = "" if figure.limit is None else f"   ({figure.sick} {figure.limit:g} is sick)"
                lines.append(f"      {figure.name}: {figure.value:.3g}{limit}")
            lines.append(f"      -> {rule.remedy}")
        lines.append("")
    for finding in found.findings:
        lines += [f"{MARKS[finding.state]}  {finding.question}", f"      {finding.evidence}"]
        if finding.remedy:
            lines.append(f"      -> {finding.remedy}")
    counts = f"{found.count('pass')} pass, {found.count('warn')} warn, {found.count('fail')} fail"
    unknown = f"{found.count('unknown')} cannot be told yet"
    return "\n".join([*lines, "", f"{counts}, {unknown}. {found.n} validation inputs, seed {found.seed}."])
