"""The figures of a run: what ``metrics.json`` holds, and the table that the command line prints."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from satipatthana.components.vipassana import SCORES
from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, TrainingStage
from satipatthana.data.bundle import DataBundle
from satipatthana.diagnostics.collapse import probe_angles, usage
from satipatthana.diagnostics.convergence import Convergence, convergence, run_on
from satipatthana.diagnostics.gate import calibrate, gate_figures, gate_similarities
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.diagnostics.trust import CLEAN, PathScores, path_figures, score_paths
from satipatthana.measures import mse

NOISE = 0.5
"""Sigma of the noisy inputs of ``acc_noise05`` and ``noisy_mse_steps``."""
LONG = 50
"""Steps of the continued thought behind ``step50_ratio`` and ``rate``."""

KEYS = (
    "step_ratio",
    "step50_ratio",
    "rate",
    "probe_perplexity",
    "probe_cos_mean",
    "probe_cos_rms",
    "probe_cos_max",
    "acc",
    "acc_noise05",
    "recon_mse",
    "noisy_mse_steps",
    "trust",
    "gate",
    "seconds",
)


def report(
    system: SatipatthanaSystem,
    bundle: DataBundle,
    *,
    seed: int,
    seconds: Mapping[str, float] | None = None,
    trained: Collection[int] | None = None,
) -> dict[str, Any]:
    """The figures of a run on the test split: plain data with exactly the keys ``KEYS``, None for *not
    there*.

        ``trained`` are the stages that have been trained (default: all four); what a stage has not trained has no
    figure. ``seconds`` is kept as it is given. The gate is calibrated on the validation split.
    """
    stages = {TrainingStage(stage) for stage in (TrainingStage if trained is None else trained)}
    x, y = bundle.test.x, bundle.test.y
    metrics: dict[str, Any] = dict.fromkeys(KEYS)
    metrics["seconds"] = None if seconds is None else dict(seconds)
    if not len(x) or not stages - {TrainingStage.ADAPTER_PRETRAINING}:
        return metrics
    settled = _settle(system, x, y, seed)
    paths = score_paths(system, x, y, seed=seed)
    if TrainingStage.SAMATHA_TRAINING in stages:
        metrics |= _settling_figures(system, settled)
        if len(bundle.validation):
            metrics["gate"] = _gate(system, bundle.validation.x, paths)
    if TrainingStage.VIPASSANA_TRAINING in stages:
        metrics["trust"] = _trust(paths)
    if TrainingStage.DECODER_FINETUNING in stages:
        metrics["acc"] = float(settled["correct"].double().mean())
        metrics["acc_noise05"] = float(settled["noisy_correct"].double().mean())
    return _plain(metrics)


def _settle(system: SatipatthanaSystem, x: Tensor, y: Tensor, seed: int) -> dict[str, Tensor]:
    """Think about every input, clean and noisy, and keep what the figures need: one row a sample."""
    kept: dict[str, list[Tensor]] = defaultdict(list)
    device = system.probes.device
    with observing(system):
        for rows in chunks(len(x)):
            part, labels = x[rows.start : rows.stop].to(device), y[rows.start : rows.stop].to(device)
            clean = system(part)
            noisy = system(part, noise_level=NOISE, luck=LuckBySample(seed, rows))
            own, long = convergence(clean.santana), convergence(run_on(system, clean.samatha, LONG))
            found = {
                "ratio": torch.from_numpy(own.ratios),
                "long_ratio": torch.from_numpy(long.ratios),
                "rate": torch.from_numpy(long.rates),
                "attention": clean.samatha.meta.attention,
                "correct": clean.logits.argmax(dim=1) == labels,
                "noisy_correct": noisy.logits.argmax(dim=1) == labels,
                "recon": mse(system.decode(clean.s_star), part),
                "noisy_steps": torch.stack([mse(system.decode(s), part) for s in noisy.santana.states], dim=1),
            }
            for name, value in found.items():
                kept[name].append(value.cpu())
    # A sati that stops samples early may end one slice before another; there every sample repeats its end.
    longest = max(part.shape[1] for part in kept["noisy_steps"])
    kept["noisy_steps"] = [
        torch.cat([part, part[:, -1:].expand(-1, longest - part.shape[1])], dim=1) for part in kept["noisy_steps"]
    ]
    return {name: torch.cat(parts) for name, parts in kept.items()}


def _settling_figures(system: SatipatthanaSystem, settled: Mapping[str, Tensor]) -> dict[str, Any]:
    def ends(ratios: str) -> Convergence:
        return Convergence(settled[ratios].numpy(), settled["rate"].numpy(), np.zeros(0, np.float32))

    angles = probe_angles(system.probes)
    return {
        "step_ratio": ends("ratio").step_ratio,
        "step50_ratio": ends("long_ratio").step_ratio,
        "rate": ends("long_ratio").rate,
        "probe_perplexity": usage(settled["attention"]).perplexity,
        "probe_cos_mean": angles.mean,
        "probe_cos_rms": angles.rms,
        "probe_cos_max": angles.max,
        "recon_mse": float(settled["recon"].double().mean()),
        "noisy_mse_steps": settled["noisy_steps"].double().mean(dim=0).tolist(),
    }


def _trust(paths: Mapping[str, PathScores]) -> dict[str, dict[str, dict[str, float | None]]]:
    table = {
        path: {score: asdict(figures) for score, figures in scores.items()}
        for path, scores in path_figures(paths).items()
    }
    table[CLEAN] = {score: {"mean": figures["mean"]} for score, figures in table[CLEAN].items()}
    return table


def _gate(system: SatipatthanaSystem, validation: Tensor, paths: Mapping[str, PathScores]) -> dict[str, Any]:
    seen = {name: path.gate_similarity for name, path in paths.items()}
    families = {
        name.removeprefix("void_"): similarity
        for name, similarity in seen.items()
        if name.startswith("void_") and similarity is not None
    }
    clean = seen[CLEAN]
    assert clean is not None  # clean inputs always pass the gate's eyes
    return asdict(gate_figures(calibrate(gate_similarities(system, validation)), clean, families))


def _plain(value: Any) -> Any:
    """JSON knows no NaN: what could not be told is None."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- the table ----------------------------------------------------------------------------------------------

_LINES = (
    ("last / first step size", "step_ratio"),
    (f"  after {LONG} steps", "step50_ratio"),
    ("contraction rate per step", "rate"),
    ("probes in effect used", "probe_perplexity"),
    ("probe cosine: mean", "probe_cos_mean"),
    ("  root mean square", "probe_cos_rms"),
    ("  largest", "probe_cos_max"),
    ("accuracy, clean", "acc"),
    (f"  noise {NOISE:g}", "acc_noise05"),
    ("reconstruction error", "recon_mse"),
)


def format_report(metrics: Mapping[str, Any]) -> str:
    """The figures as text: one number a line, the noisy decode, then a table of scores and one of the gate.

    A figure that is not there is a dash.
    """
    lines = [f"{title:<28}{_number(metrics.get(key)):>10}" for title, key in _LINES]
    steps = metrics.get("noisy_mse_steps")
    if steps:
        lines += ["", f"error of decode(s_t), noise {NOISE:g}, t = 0 to {len(steps) - 1}"]
        lines += ["  " + " ".join(_number(step) for step in steps)]
    trust, gate = metrics.get("trust"), metrics.get("gate")
    if trust:
        lines += ["", f"{'path':<22}" + "".join(f"{score:^27}" for score in SCORES)]
        lines += [f"{'':<22}" + f"{'mean':>9}{'AUROC':>9}{'gap':>9}" * len(SCORES)]
        for path, scores in trust.items():
            cells = (scores[score].get(figure) for score in SCORES for figure in ("mean", "auroc", "gap"))
            lines += [f"{path:<22}" + "".join(f"{_number(cell):>9}" for cell in cells)]
    if gate:
        shut = gate["clean_shut"]
        lines += ["", f"gate at {_number(gate['threshold'])}: {_percent(shut)} of the clean inputs shut out"]
        lines += [f"{'family':<22}{'let in':>8}{'AUROC':>8}"]
        for family, share in gate["open"].items():
            lines += [f"{family:<22}{_percent(share):>8}{_number(gate['auroc'][family]):>8}"]
    seconds = metrics.get("seconds")
    if seconds:
        lines += ["", "seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())]
    return "\n".join(line.rstrip() for line in lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.0e}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
