"""Can the gate tell: what share of clean and of void inputs does it let in, and at which threshold?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from satipatthana.core.luck import LuckBySample
from satipatthana.core.system import SatipatthanaSystem, generator_for
from satipatthana.data.void import make_void, void_families
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.measures import auroc

Which = Literal["training", "inference"]
CALIBRATED_SHARE = 0.03
"""A calibrated gate shuts out this share of the validation set."""


@dataclass(frozen=True)
class GateFigures:
    """What a hard gate does at one threshold. Families are void families by name."""

    threshold: float
    clean_shut: float
    """Share of clean inputs kept out."""
    open: dict[str, float]
    """Share of each family let in."""
    auroc: dict[str, float]
    """Clean against each family, clean as the positive; below .5 the family looks more known than the known."""


@dataclass(frozen=True, eq=False)
class GateCurve:
    """A hard gate at every threshold. Paths by name: "clean", "noise", then the void families, trained ones first."""

    which: Which
    threshold: float
    """Of the network."""
    calibrated: float
    """The threshold that keeps out ``CALIBRATED_SHARE`` of these clean inputs."""
    thresholds: Float32[np.ndarray, " M"]
    open: dict[str, Float32[np.ndarray, " M"]]
    """Share let in at each threshold."""
    auroc: dict[str, float]
    """Clean against each other path, clean as the positive; below .5 that path looks more known than the known."""


def calibrate(similarity: Float[Tensor, " N"], share: float = CALIBRATED_SHARE) -> float:
    """The threshold below which ``share`` of these (validation) similarities lie. ValueError without samples."""
    if len(similarity) == 0:
        raise ValueError("A threshold cannot be read off 0 similarities; give the validation set.")
    return float(similarity.double().quantile(share))


def gate_figures(
    threshold: float, clean: Float[Tensor, " N"], families: Mapping[str, Float[Tensor, " M"]]
) -> GateFigures:
    """What the gate does, from the similarities that it compares with its threshold."""
    return GateFigures(
        threshold=threshold,
        clean_shut=float((clean < threshold).double().mean()),
        open={name: float((similarity >= threshold).double().mean()) for name, similarity in families.items()},
        auroc={name: auroc(clean, similarity) for name, similarity in families.items()},
    )


def open_share(similarity: Float[Tensor, " N"], thresholds: Float[Tensor, " M"]) -> Float[Tensor, " M"]:
    """Share of inputs let in at each threshold: the curve of *share open against threshold*."""
    ordered = similarity.sort().values.contiguous()
    return 1 - torch.searchsorted(ordered, thresholds.contiguous()).to(ordered.dtype) / len(ordered)


def gate_similarities(system: SatipatthanaSystem, x: Float[Tensor, "N *shape"]) -> Float[Tensor, " N"]:
    """What the inference gate compares for each input: no thought is needed for that."""
    device = system.probes.device
    with observing(system):
        parts = [x[rows.start : rows.stop].to(device) for rows in chunks(len(x))]
        engine = system.samatha
        seen = [engine.vitakka.gate_similarity(engine.adapter(part)).cpu() for part in parts]
    return torch.cat(seen) if seen else torch.zeros(0)


def gate_curves(
    system: SatipatthanaSystem, x: Float[Tensor, "N *shape"], *, seed: int, n_thresholds: int = 201
) -> tuple[GateCurve, GateCurve]:
    """The inference gate and the training gate on clean inputs, on noisy ones and on every void made of them.

    A gate looks at z, before the first step: to drunk inputs it does what it does to clean ones. Chance is a
    function of ``seed``. Raises ValueError for fewer than two inputs.
    """
    if len(x) < 2:
        raise ValueError(f"A gate seen by {len(x)} input; give at least two.")
    sigma = system.config.samatha.augmenter.max_noise  # the strongest that training knows
    paths = {"clean": x, "noise": x + sigma * LuckBySample(seed, range(len(x))).noise(tuple(x.shape)).to(x)}
    paths |= {name: make_void(name, x, generator_for(seed, "void", name)) for name in void_families(tuple(x.shape[1:]))}
    config, seen = system.config.samatha.vitakka, {name: _both(system, given) for name, given in paths.items()}
    thresholds = torch.linspace(-1, 1, n_thresholds)

    def curve(which: Which, threshold: float) -> GateCurve:
        found = {name: both[which] for name, both in seen.items()}
        clean = found["clean"]
        return GateCurve(
            which=which,
            threshold=threshold,
            calibrated=calibrate(clean),
            thresholds=thresholds.numpy(),
            open={name: open_share(similarity, thresholds).numpy() for name, similarity in found.items()},
            auroc={name: auroc(clean, similarity) for name, similarity in found.items() if name != "clean"},
        )

    return (
        curve("inference", config.inference_gate_threshold),
        curve("training", config.training_gate_threshold),
    )


def _both(system: SatipatthanaSystem, x: Float[Tensor, "N *shape"]) -> dict[Which, Float[Tensor, " N"]]:
    """What either gate compares with its threshold."""
    engine, device = system.samatha, system.probes.device
    inference, training = [], []
    with observing(system):
        for rows in chunks(len(x)):
            z = engine.adapter(x[rows.start : rows.stop].to(device))
            inference.append(engine.vitakka.gate_similarity(z).cpu())
            training.append(engine.vitakka.similarities(z).amax(dim=1).cpu())
    return {"inference": torch.cat(inference), "training": torch.cat(training)}
