"""A healthy run: the default config, through the real trainer, judged on the test split. The worst seed counts."""

import dataclasses
import itertools
import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any

from satipatthana import SatipatthanaSystem, SatipatthanaTrainer, TrainingStage, load_dataset
from satipatthana.configs import RunConfig
from satipatthana.diagnostics.report import report
from tests.benchmarks.table import Row, Settings, at_least, at_most, spread

TRUST_PATHS = ("drunk", "mismatch", "void_gaussian")
SHUT_OUT = ("gaussian", "uniform", "patch-shuffle")


def short(config: RunConfig, steps: int) -> RunConfig:
    """The same run with a plan of ``steps`` steps a stage."""
    plans = {f"stage{stage}": dataclasses.replace(config.curriculum.stage(stage), n_steps=steps) for stage in range(4)}
    return dataclasses.replace(config, curriculum=dataclasses.replace(config.curriculum, **plans))


def run(seed: int, settings: Settings) -> dict[str, Any]:
    """Train the four stages and report: what ``metrics.json`` would hold."""
    config = RunConfig(seed=seed)
    bundle = load_dataset("digits")
    config = short(config, 12) if settings.quick else config
    trainer = SatipatthanaTrainer(SatipatthanaSystem(config), bundle.train, validation_dataset=bundle.validation)
    seconds = {}
    for stage in TrainingStage:
        began = time.perf_counter()
        trainer.train_stage(stage)
        seconds[f"stage{int(stage)}"] = time.perf_counter() - began
    seconds["total"] = sum(seconds.values())
    print(f"  seed {seed}: {seconds['total']:.1f} s", file=sys.stderr, flush=True)
    return report(trainer.system, bundle, seed=seed, seconds=seconds)


def measure(settings: Settings) -> Iterable[Row]:
    """The issue's figures, each with its target."""
    runs = [run(seed, settings) for seed in settings.seeds]

    def largest(what: str, limit: float, values: list[float], **options: Any) -> Row:
        return at_most(what, max(values), limit, note=spread(values, options.get("digits", 3)), **options)

    def smallest(what: str, limit: float, values: list[float], **options: Any) -> Row:
        return at_least(what, min(values), limit, note=spread(values, options.get("digits", 3)), **options)

    def each(key: str) -> list[float]:
        return [metrics[key] for metrics in runs]

    names = ", ".join(map(str, settings.seeds))
    yield largest(f"last / first step size, worst of seeds {names} (all)", 0.01, each("step_ratio"))
    yield largest("step size after 50 steps / first", 1e-4, each("step50_ratio"))
    yield smallest("probe perplexity, of 10", 9, each("probe_perplexity"))
    yield largest("probe cosines, root mean square", 0.25, each("probe_cos_rms"))
    yield largest("probe cosines, largest", 0.45, each("probe_cos_max"))
    for title, key, mean, least in (("clean", "acc", 0.97, 0.96), ("noise .5", "acc_noise05", 0.96, 0.95)):
        yield at_least(f"accuracy, {title}, mean", statistics.fmean(each(key)), mean, digits=4)
        yield smallest(f"accuracy, {title}, worst", least, each(key), digits=4)
    yield largest("reconstruction MSE", 0.062, each("recon_mse"))
    yield _falls([metrics["noisy_mse_steps"] for metrics in runs])
    for path in TRUST_PATHS:
        scores = [metrics["trust"][path]["trust"] for metrics in runs]
        name = path.replace("_", " ")
        yield smallest(f"trust AUROC, clean against {name}", 0.99, [score["auroc"] for score in scores], digits=4)
        yield smallest(f"trust gap, clean − {name}", 0.6, [score["gap"] for score in scores])
    gates = [metrics["gate"] for metrics in runs]
    yield largest("calibrated gate: clean shut", 4, [100 * gate["clean_shut"] for gate in gates], unit=" %")
    for family in SHUT_OUT:
        shares = [100 * gate["open"][family] for gate in gates]
        yield largest(f"calibrated gate: {family} open", 2, shares, unit=" %")
    totals = [metrics["seconds"]["total"] for metrics in runs]
    yield at_most("whole curriculum, median", statistics.median(totals), 75, unit=" s", note=spread(totals))


def _falls(runs: list[list[float]]) -> Row:
    """By how much the noisy decode's error falls at each of the first four steps, at the least."""
    falls = [min(before - after for before, after in itertools.pairwise(steps[:5])) for steps in runs]
    note = "; ".join(spread(steps[:5]) for steps in runs)
    what = "noisy decode MSE, smallest fall in the first four steps (s₀ … s₄)"
    value = min(falls)
    return Row(what, "> 0", f"{value:.3g} ({note})", value > 0, value)
