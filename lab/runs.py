"""Runs: where they lie, how one is begun, opened and kept. Thin over `satipatthana.checkpoint`."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satipatthana.assets import asset_path

if TYPE_CHECKING:
    from satipatthana.configs import RunConfig
    from satipatthana.data import DataBundle
    from satipatthana.data.bundle import Progress
    from satipatthana.train.trainer import SatipatthanaTrainer

HEALTHY = "healthy"
"""The shipped run that the page opens on."""
SHARP = "sharp"
"""The shipped run whose intermediate decodes were trained on sharp targets."""
LOCAL = "local"
"""The shipped run of the network in which thinking pays; its figures hold what that was measured to be."""
SHIPPED = (HEALTHY, SHARP, LOCAL)
MARK = "config.json"
"""A folder with this file is a whole run: it is written last."""
VITALS_EVERY = 25
LONGEST_NAME = 64
"""Characters of a run's name."""


class RunError(ValueError):
    """A run that is not there or cannot be kept; the message says what to do."""


@dataclass(frozen=True)
class Shelf:
    """The runs that a page may open, by name: the shipped one, those below `root`, the one named at the start."""

    root: Path = Path("runs")
    named: Path | None = None

    def names(self) -> tuple[str, ...]:
        """In the order of a menu: named at the start, shipped, then `root` by name."""
        named = () if self.named is None else (self.named.resolve().name,)
        shipped = tuple(name for name in SHIPPED if shipped_folder(name) is not None)
        found = sorted(path.parent.name for path in self.root.glob(f"*/{MARK}"))
        return tuple(dict.fromkeys((*named, *shipped, *found)))

    def folder(self, name: str) -> Path:
        """Where the run of this name lies. Raises RunError, which names the known ones."""
        if self.named is not None and name == self.named.resolve().name:
            return self.named
        shipped = shipped_folder(name)
        if shipped is not None:
            return shipped
        if name in self.names():
            return self.root / name
        known = ", ".join(self.names()) or "none yet: train one"
        raise RunError(f"There is no run {name!r}; known: {known}.")


def find(run: str | None) -> tuple[Shelf, str | None]:
    """What `--run` means: a folder that holds a run, or a name on the shelf. Raises RunError for neither."""
    if run is None:
        return Shelf(), None
    if (Path(run) / MARK).is_file():
        return Shelf(named=Path(run)), Path(run).resolve().name
    names = Shelf().names()
    if run not in names:
        known = ", ".join(names) or "none yet"
        raise RunError(f"{run!r} is no folder with a run in it ({MARK}), and no known name: {known}.")
    return Shelf(), run


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A run in memory: its trainer, which holds the network, the data it learns from, the figures it was saved with."""

    name: str
    trainer: "SatipatthanaTrainer"
    bundle: "DataBundle"
    saved_metrics: dict[str, Any] | None = None
    saved_at: int = 0
    """Steps that it had when it was opened."""
    origin: dict[str, Any] | None = None
    """Of which exhibit it is a variant, as its folder tells it; None for a run of the library's parts alone."""

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The figures it was saved with; None once it has learned on, for then they are another network's."""
        return self.saved_metrics if self.trainer.global_step == self.saved_at else None

    @property
    def config(self) -> "RunConfig":
        return self.trainer.system.config  # type: ignore[return-value]  # every run is built from a RunConfig


def begin(
    config: "RunConfig",
    bundle: "DataBundle",
    device: str = "cpu",
    name: str = "new run",
    origin: dict[str, Any] | None = None,
) -> OpenRun:
    """An untrained run of this config; of the parts that its origin names, if it has one."""
    from lab.exhibits.catalogue import variant_of
    from satipatthana.core.system import SatipatthanaSystem
    from satipatthana.diagnostics.vitals import vitals

    made_of = variant_of(origin)
    trainer = made_of.trainer(
        SatipatthanaSystem(config, made_of.parts).to(device),
        bundle.train,
        validation_dataset=bundle.validation,
        stages=made_of.stages,
        vitals=vitals(bundle.validation, seed=config.seed),
        vitals_every=VITALS_EVERY,
    )
    return OpenRun(name, trainer, bundle, origin=origin)


def open_run(
    folder: Path,
    name: str | None = None,
    data_dir: Path | None = None,
    device: str = "cpu",
    progress: "Progress | None" = None,
) -> OpenRun:
    """A saved run, ready to go on. Raises CheckpointError for a folder that holds none, DataError without its data."""
    from lab.exhibits.catalogue import variant_of
    from satipatthana.checkpoint import load_run, read_origin
    from satipatthana.diagnostics.vitals import vitals

    origin = read_origin(folder)
    made_of = variant_of(origin)
    saved = load_run(folder, made_of.parts if made_of.reopened is None else made_of.reopened)
    saved.system.to(device)  # before there is an optimizer: its state goes where the weights are
    bundle = bundle_of(saved.config.data, data_dir, progress)
    trainer = saved.trainer(
        bundle.train,
        validation_dataset=bundle.validation,
        vitals=vitals(bundle.validation, seed=saved.config.seed),
        vitals_every=VITALS_EVERY,
        stages=made_of.stages,
        kind=made_of.trainer,
    )
    return OpenRun(name or folder.resolve().name, trainer, bundle, saved.metrics, trainer.global_step, origin)


def keep(run: OpenRun, shelf: Shelf, name: str) -> Path:
    """Saves a run below the shelf's root, under a name that is free there. The weights must not change meanwhile."""
    from satipatthana.checkpoint import CheckpointError, save_run

    if name in shelf.names():
        raise RunError(f"There is a run {name!r} already. Choose another name.")
    try:
        return save_run(shelf.root / name, run.trainer, metrics=run.metrics, origin=run.origin)
    except (OSError, CheckpointError) as error:
        raise RunError(f"{shelf.root / name} cannot be written ({error}). Choose another place or name.") from error


def device_of(choice: str) -> str:
    """`auto` is the GPU where there is one. Raises RunError for a GPU that is not there."""
    import torch

    there = torch.cuda.is_available()
    if choice == "cuda" and not there:
        raise RunError("The device is 'cuda', but PyTorch finds no such GPU here. Choose 'auto' or 'cpu'.")
    return "cuda" if choice == "cuda" or (choice == "auto" and there) else "cpu"


_BUNDLES: "dict[tuple[str, Path | None], DataBundle]" = {}
_BUNDLES_KEPT = 2  # CIFAR-10 is 600 MB as float32
_LOADING = threading.Lock()


def bundle_of(name: str, data_dir: Path | None = None, progress: "Progress | None" = None) -> "DataBundle":
    """A data set by name, one copy for all visitors: nobody writes into it. Raises DataError with the remedy."""
    from satipatthana.data import load_dataset

    key = (name, data_dir)
    with _LOADING:  # two visitors do not download the same set twice
        if key not in _BUNDLES:
            loaded = load_dataset(name, data_dir=data_dir, progress=progress)
            while len(_BUNDLES) >= _BUNDLES_KEPT:
                del _BUNDLES[next(iter(_BUNDLES))]
            _BUNDLES[key] = loaded
        return _BUNDLES[key]


def shipped_folder(name: str) -> Path | None:
    """Where a shipped run lies; None for another name, and where this copy of the project came without it."""
    if name not in SHIPPED:
        return None
    try:
        folder = asset_path("checkpoints", name)
    except FileNotFoundError:
        return None
    return folder if (folder / MARK).is_file() else None
