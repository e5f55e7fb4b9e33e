"""Runs on disk: safetensors and JSON, written whole or not at all, never unpickled.

A run folder holds ``config.json``, ``model.safetensors``, ``history.jsonl``, ``metrics.json``,
``keyframes.safetensors`` and, so that training can go on, ``trainer.json`` and ``trainer.safetensors``.
"""

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from satipatthana.configs import ConfigError, RunConfig, from_dict, to_dict
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.train.records import Keyframe, StepRecord
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

    def trainer(
        self,
        train_dataset: Samples,
        *,
        validation_dataset: Samples | None = None,
        vitals: Vitals | None = None,
        vitals_every: int = 25,
    ) -> SatipatthanaTrainer:
        """A trainer that goes on bit for bit. Raises CheckpointError when the run was saved without its trainer."""
        if self.facts is None:
            raise CheckpointError("This run was saved without trainer.json, so it cannot go on; train a new one.")
        trainer = SatipatthanaTrainer(
            self.system,
            train_dataset,
            validation_dataset=validation_dataset,
            vitals=vitals,
            vitals_every=vitals_every,
        )
        trainer.history = list(self.history)
        trainer.keyframes = list(self.keyframes)
        trainer.load_state_dict(self.facts, self.tensors)
        return trainer


# --- writing -------------------------------------------------------------------------------------------------------


def save_run(
    folder: str | Path,
    trainer: SatipatthanaTrainer,
    *,
    metrics: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a run. Each file is written beside, synced and renamed, ``config.json`` last: a folder with a
    ``config.json`` is whole. Raises CheckpointError when a run is there already and ``overwrite`` is not set."""
    folder = Path(folder)
    if (folder / "config.json").exists() and not overwrite:
        raise CheckpointError(f"{folder} holds a run already; choose another folder or overwrite it.")
    config = trainer.system.config
    if not isinstance(config, RunConfig):
        config = RunConfig(**{item.name: getattr(config, item.name) for item in dataclasses.fields(config)})
    config = dataclasses.replace(config, curriculum=trainer.curriculum)
    facts, tensors = trainer.state_dict()
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(folder / "model.safetensors", trainer.system.state_dict())
    keyframes = {
        f"{i}|{key}": value for i, frame in enumerate(trainer.keyframes) for key, value in frame.tensors.items()
    }
    places = [[frame.stage, frame.step, frame.global_step] for frame in trainer.keyframes]
    _write_tensors(folder / "keyframes.safetensors", keyframes, {"keyframes": json.dumps(places)})
    _write_tensors(folder / "trainer.safetensors", tensors)
    _write_json(folder / "trainer.json", facts)
    lines = "".join(json.dumps(record.to_dict()) + "\n" for record in trainer.history)
    write_atomically(folder / "history.jsonl", lines.encode())
    if metrics is not None:
        _write_json(folder / "metrics.json", dict(metrics))
    else:  # figures of earlier weights would not be this run's
        (folder / "metrics.json").unlink(missing_ok=True)
    _write_json(folder / "config.json", to_dict(config))
    return folder


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside, sync, rename: a reader sees the old file or the new one, never half of one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _write_json(path: Path, data: Any) -> None:
    write_atomically(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def _write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    ready = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    write_atomically(path, to_bytes(ready, metadata))


# --- reading -------------------------------------------------------------------------------------------------------


def load(folder: str | Path, parts: Mapping[str, nn.Module] | None = None) -> SatipatthanaSystem:
    """The system of a saved run, frozen. Raises CheckpointError when a file is missing, foreign or cut short."""
    folder = Path(folder)
    system = SatipatthanaSystem(read_config(folder), parts)
    _fill(system, folder / "model.safetensors")
    return system


def load_run(folder: str | Path, parts: Mapping[str, nn.Module] | None = None) -> SavedRun:
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
        _read_keyframes(folder / "keyframes.safetensors"),
        metrics,
        _read_json(folder / "trainer.json") if has_trainer else None,
        _read_tensors(folder / "trainer.safetensors")[0] if has_trainer else {},
    )


def read_config(folder: str | Path) -> RunConfig:
    """The settings of a saved run."""
    path = Path(folder) / "config.json"
    try:
        return from_dict(RunConfig, _read_json(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _fill(system: SatipatthanaSystem, path: Path) -> None:
    tensors, _ = _read_tensors(path)
    expected = system.state_dict()
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


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; this folder holds no whole run.") from None
    except (ValueError, OSError) as error:
        raise CheckpointError(f"{path} is no JSON file ({error}).") from None


def _read_history(path: Path) -> tuple[StepRecord, ...]:
    if not path.exists():
        return ()
    try:
        lines = path.read_text("utf-8").splitlines()
        return tuple(StepRecord.from_dict(json.loads(line)) for line in lines if line)
    except (ValueError, TypeError, OSError) as error:
        raise CheckpointError(f"{path} holds a line that is no step record ({error}).") from None


def _read_keyframes(path: Path) -> tuple[Keyframe, ...]:
    if not path.exists():
        return ()
    tensors, metadata = _read_tensors(path)
    try:
        places = json.loads(metadata.get("keyframes", "[]"))
        grouped: list[dict[str, Tensor]] = [{} for _ in places]
        for key, value in tensors.items():
            index, name = key.split("|", 1)
            grouped[int(index)][name] = value
        return tuple(
            Keyframe(int(stage), int(step), int(total), group)
            for (stage, step, total), group in zip(places, grouped, strict=True)
        )
    except (ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path} holds no keyframes of this lab ({error}).") from None
