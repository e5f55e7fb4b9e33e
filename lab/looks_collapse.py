"""What the Probes tab shows below its matrix: the portrait of a network's collapse, and its two gates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.data import DataBundle
    from satipatthana.diagnostics.collapse import Portrait
    from satipatthana.diagnostics.gate import GateCurve

NOT_FINITE = (
    "The network's states are not finite numbers, so nothing can be said of its collapse. "
    "Lower the learning rate and start again."
)


@dataclass(frozen=True, eq=False)
class CollapseLook:
    """A portrait and what it is of."""

    portrait: "Portrait"
    n_train: int
    n_test: int
    seed: int
    keyed: bool


@dataclass(frozen=True, eq=False)
class GatesLook:
    """The inference gate and the training gate, on n validation samples and the voids made of them."""

    curves: "tuple[GateCurve, GateCurve]"
    n: int
    seed: int


def collapse_look(system: "SatipatthanaSystem", bundle: "DataBundle") -> CollapseLook:
    """Raises ValueError for a network whose states are not finite."""
    from satipatthana.diagnostics.collapse import portrait

    _finite(system)
    found = portrait(system, bundle.train, bundle.test, bundle.n_classes)
    config = system.config
    keyed = config.samatha.vitakka.kind == "keyed"
    return CollapseLook(found, len(bundle.train), len(bundle.test), config.seed, keyed)


def gates_look(system: "SatipatthanaSystem", bundle: "DataBundle") -> GatesLook:
    """Raises ValueError for a network whose states are not finite."""
    from satipatthana.diagnostics.gate import gate_curves

    _finite(system)
    x, seed = bundle.validation.x, system.config.seed
    return GatesLook(gate_curves(system, x, seed=seed), len(x), seed)


def _finite(system: "SatipatthanaSystem") -> None:
    if not all(bool(value.isfinite().all()) for value in system.samatha.state_dict().values()):
        raise ValueError(NOT_FINITE)
