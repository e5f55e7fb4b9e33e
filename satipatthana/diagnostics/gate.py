"""Can the gate tell: what share of clean and of void inputs does it let in, and at which threshold?"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.observing import chunks, observing
from satipatthana.measures import auroc

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
