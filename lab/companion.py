"""Who thinks what the page shows: the open run, or in its place a shipped one, on the same question."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab import runs
from lab.status import Snapshot
from lab.thoughts import Thinker

if TYPE_CHECKING:
    from satipatthana.data import DataBundle
    from satipatthana.train.trainer import SatipatthanaTrainer


@dataclass(frozen=True, eq=False)
class Source:
    """One version of one run's weights, and who thinks with them."""

    run: str
    snapshot: Snapshot
    thinker: Thinker
    blurs: bool
    """Its intermediate decodes are trained on blurred targets."""


_KEPT: dict[str, Source] = {}
_LOADING = threading.Lock()


def companion(name: str, bundle: "DataBundle") -> Source:
    """A shipped run as it was saved, one for all visitors. Raises RunError where it did not come with this copy of the
    project, or learned from other data."""
    with _LOADING:
        if name not in _KEPT:
            _KEPT[name] = _load(name)
        found = _KEPT[name]
    if found.thinker.bundle.name != bundle.name:
        raise runs.RunError(
            f"The run {name!r} learned from {found.thinker.bundle.name}, this one from {bundle.name}. "
            "Open a run of the same data to compare them."
        )
    return found


def _load(name: str) -> Source:
    folder = runs.shipped_folder(name)
    if folder is None:
        raise runs.RunError(f"The run {name!r} did not come with this copy of the project. Take one with its assets.")
    opened = runs.open_run(folder, name)
    trainer = opened.trainer
    system = trainer.system.eval().requires_grad_(False)
    snapshot = Snapshot(system, 0, 0, tuple(trainer.history), tuple(trainer.keyframes), curriculum=trainer.curriculum)
    return Source(name, snapshot, Thinker(opened.bundle), blurs(trainer))


def blurs(trainer: "SatipatthanaTrainer") -> bool:
    """Whether the trainer's plan asks early states for a blurred image."""
    curriculum, shape = trainer.curriculum, trainer.system.config.x_shape
    weight = curriculum.stage1.weights.get("intermediate", 0)
    return weight > 0 and curriculum.max_blur > 0 and len(shape) == 3
