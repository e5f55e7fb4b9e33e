"""Runs on disk: safetensors and JSON, written whole or not at all, never unpickled.

A run folder holds ``config.json``, ``model.safetensors``, ``history.jsonl``, ``metrics.json``,
``keyframes.safetensors`` and, so that training can go on, ``trainer.json`` and ``trainer.safetensors``;
``origin.json`` where the run is not made of this library's parts alone, for whoever brings them. They are one thing:
all of them are written beside their places first, then one rename decides, then they move.
"""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from satipatthana.configs import ConfigError, RunConfig, from_dict, to_dict
from satipatthana.core.system import Parts, SatipatthanaSystem
from satipatthana.train.records import Keyframe, StepRecord
from satipatthana.train.stages import STAGES, Stage
from satipatthana.train.trainer import Samples, SatipatthanaTrainer, Vitals

RUN_FILES = (
    "config.json",
    "model.safetensors",
    "history.jsonl",
    "metrics.json",
    "keyframes.safetensors",
    "trainer.json",
    "trainer.safetensors",
)
ORIGIN = "origin.json"
_DECIDED = ".decided.json"
"""There while a save that is complete moves into place: who finds it finishes the move."""


YOUNGER = ("samatha.vitakka.gate_whitening",)
"""Tensors that runs of before do not hold: as initialised they change nothing."""


class CheckpointError(ValueError):
    """A run folder that cannot be written or read; the message names the file and what to do."""


@dataclass(frozen=True)
class SavedRun:
    """A run as it was saved."""

    config: RunConfig
    system: SatipatthanaSystem
    history: tuple[StepRecord, ...]
    keyframes: tuple[Keyframe, ...]
    metrics: dict[str, Any] | None
    facts: dict[str, Any] | None
    """The trainer's state, None when the run was saved without."""
    tensors: dict[str, Tensor]
    origin: dict[str, Any] | None = None
    """Who made it of which parts, as it was told on saving."""

    def trainer(
        self,
        train_dataset: Samples,
        *,
        validation_dataset: Samples | None = None,
        vitals: Vitals | None = None,
        vitals_every: int = 25,
        stages: tuple[Stage, ...] = STAGES,
        kind: type[SatipatthanaTrainer] = SatipatthanaTrainer,
    ) -> SatipatthanaTrainer:
        """A trainer that goes on bit for bit, if its stages and kind are those it was saved from.

        Raises CheckpointError when the run was saved without its trainer, or with one that does not fit."""
        if self.facts is None:
            raise CheckpointError("This run was saved without trainer.json, so it cannot go on; train a new one.")
        trainer = kind(
            self.system,
            train_dataset,
            validation_dataset=validation_dataset,
            vitals=vitals,
            vitals_every=vitals_every,
            stages=stages,
        )
        trainer.history = list(self.history)
        trainer.keyframes = list(self.keyframes)
        try:
            trainer.load_state_dict(self.facts, self.tensors)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"trainer.json and trainer.safetensors do not fit this run ({error}); it can be looked at, not go on."
            ) from None
        return trainer


# --- writing -------------------------------------------------------------------------------------------------------


def save_run(
    folder: str | Path,
    trainer: SatipatthanaTrainer,
    *,
    metrics: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a run, whole or not at all: a save that is cut off leaves the run that was there before.

    Without ``metrics`` those of an earlier save go, as they are another run's figures; so with ``origin``. Raises
    CheckpointError when a run is there already and ``overwrite`` is not set, or when ``metrics`` are not JSON (a NaN is
    not).
    """
    folder = Path(folder)
    _finish_move(folder)
    if (folder / "config.json").exists() and not overwrite:
        raise CheckpointError(f"{folder} holds a run already; choose another folder or overwrite it.")
    config = trainer.system.config
    if not isinstance(config, RunConfig):
        config = RunConfig(**{item.name: getattr(config, item.name) for item in dataclasses.fields(config)})
    config = dataclasses.replace(config, curriculum=trainer.curriculum)
    facts, tensors = trainer.state_dict()
    keyframes = {
        f"{i}|{key}": value for i, frame in enumerate(trainer.keyframes) for key, value in frame.tensors.items()
    }
    places = [[frame.stage, frame.step, frame.global_step] for frame in trainer.keyframes]
    files = {
        "model.safetensors": _tensor_bytes(trainer.system.state_dict()),
        "keyframes.safetensors": _tensor_bytes(keyframes, {"keyframes": json.dumps(places)}),
        "trainer.safetensors": _tensor_bytes(tensors),
        "trainer.json": _json_bytes(facts),
        "history.jsonl": "".join(json.dumps(record.to_dict()) + "\n" for record in trainer.history).encode(),
        "config.json": _json_bytes(to_dict(config)),
    }
    if metrics is not None:
        try:
            files["metrics.json"] = _json_bytes(dict(metrics))
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"These metrics cannot be kept in {folder / 'metrics.json'} ({error}).") from None
    if origin is not None:
        files[ORIGIN] = _json_bytes(dict(origin))
    folder.mkdir(parents=True, exist_ok=True)
    _write_together(folder, files)
    return folder


def _write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """All of ``files`` or none; what else a run folder may hold goes."""
    me = os.getpid()
    decided = folder / _DECIDED
    try:
        for name, data in files.items():
            _write_synced(_beside(folder, name, me), data)
        _write_synced(_beside(folder, _DECIDED, me), _json_bytes({"by": me, "files": sorted(files)}))
        os.replace(_beside(folder, _DECIDED, me), decided)
    finally:
        if not decided.exists():
            for name in (*files, _DECIDED):
                _beside(folder, name, me).unlink(missing_ok=True)
    _finish_move(folder)


def _finish_move(folder: Path) -> None:
    """Move a decided save into place, whoever decided it; nothing to do is the rule."""
    decided = folder / _DECIDED
    if not decided.exists():
        return
    told = _read_json(decided)
    try:
        process, files = int(told["by"]), set(told["files"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{decided} is not of this lab; remove it.") from None
    for name in reversed((*RUN_FILES, ORIGIN)):  # config.json, by which a run is known, comes last
        if name not in files:
            (folder / name).unlink(missing_ok=True)
            continue
        with contextlib.suppress(FileNotFoundError):  # it has moved already
            os.replace(_beside(folder, name, process), folder / name)
    decided.unlink(missing_ok=True)


def _beside(folder: Path, name: str, process: int) -> Path:
    return folder / f".{name}.{process}.part"


def _write_synced(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _json_bytes(data: Any) -> bytes:
    return (json.dumps(data, indent=2, allow_nan=False) + "\n").encode()


def _tensor_bytes(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    ready = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    return to_bytes(ready, metadata)


# --- reading -------------------------------------------------------------------------------------------------------


def load(folder: str | Path, parts: Parts | None = None) -> SatipatthanaSystem:
    """The system of a saved run, frozen. Raises CheckpointError when a file is missing, foreign or cut short."""
    folder = Path(folder)
    system = SatipatthanaSystem(read_config(folder), parts)
    _fill(system, folder / "model.safetensors")
    return system


def load_run(folder: str | Path, parts: Parts | None = None) -> SavedRun:
    """All of a saved run. Raises CheckpointError when a file is missing, foreign or cut short."""
    folder = Path(folder)
    system = load(folder, parts)
    config = system.config
    assert isinstance(config, RunConfig)
    metrics = _read_json(folder / "metrics.json") if (folder / "metrics.json").exists() else None
    has_trainer = (folder / "trainer.json").exists()
    return SavedRun(
        config,
        system,
        _read_history(folder / "history.jsonl"),
        _read_keyframes(folder / "keyframes.safetensors", system),
        metrics,
        _read_json(folder / "trainer.json") if has_trainer else None,
        _read_tensors(folder / "trainer.safetensors")[0] if has_trainer else {},
        read_origin(folder),
    )


def read_origin(folder: str | Path) -> dict[str, Any] | None:
    """Who made a saved run of which parts; None for a run of this library's parts alone."""
    _finish_move(Path(folder))
    path = Path(folder) / ORIGIN
    return _read_json(path) if path.exists() else None


def read_config(folder: str | Path) -> RunConfig:
    """The settings of a saved run."""
    _finish_move(Path(folder))
    path = Path(folder) / "config.json"
    try:
        return from_dict(RunConfig, _read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _fill(system: SatipatthanaSystem, path: Path) -> None:
    tensors, _ = _read_tensors(path)
    expected = system.state_dict()
    tensors = {name: expected[name] for name in YOUNGER if name in expected} | tensors
    missing, foreign = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or foreign:
        raise CheckpointError(
            f"{path} does not fit its config.json: "
            f"missing {missing[:3] or 'nothing'}, foreign {foreign[:3] or 'nothing'}."
        )
    for key, value in expected.items():
        got = tensors[key]
        if got.shape != value.shape or got.dtype != value.dtype:
            raise CheckpointError(
                f"{path}: {key} is {got.dtype} {tuple(got.shape)}; "
                f"config.json asks for {value.dtype} {tuple(value.shape)}."
            )
    system.load_state_dict(tensors)


def _read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; this folder holds no whole run.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is no whole safetensors file ({error}).") from None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; this folder holds no whole run.") from None
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{path} is no JSON file ({error}).") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} is of type {type(data).__name__}; expected a JSON object.")
    return data


def _read_history(path: Path) -> tuple[StepRecord, ...]:
    if not path.exists():
        return ()
    try:
        lines = path.read_text("utf-8").splitlines()
        return tuple(StepRecord.from_dict(json.loads(line)) for line in lines if line)
    except (ValueError, TypeError, OSError) as error:
        raise CheckpointError(f"{path} holds a line that is no step record ({error}).") from None


def _read_keyframes(path: Path, system: SatipatthanaSystem) -> tuple[Keyframe, ...]:
    if not path.exists():
        return ()
    tensors, metadata = _read_tensors(path)
    shapes = {
        f"{name}.{key}": value.shape
        for name, component in system.components().items()
        for key, value in component.state_dict().items()
    }
    try:
        places = json.loads(metadata.get("keyframes", "[]"))
        grouped: list[dict[str, Tensor]] = [{} for _ in places]
        for key, value in tensors.items():
            index, name = key.split("|", 1)
            if value.shape != shapes.get(name):
                raise ValueError(f"{name} {tuple(value.shape)} is not in this network")
            grouped[int(index)][name] = value
        return tuple(
            Keyframe(int(stage), int(step), int(total), group)
            for (stage, step, total), group in zip(places, grouped, strict=True)
        )
    except (ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path} holds no keyframes of this lab ({error}).") from None
