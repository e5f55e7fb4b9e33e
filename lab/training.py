"""`python -m lab train`: everything is checked before anything is touched, then stage after stage, then the figures."""

import argparse
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab import runs
from lab.limits import show
from lab.runs import MARK, OpenRun
from lab.settings import DATASETS
from lab.terminal import StageBar
from satipatthana.configs import ConfigError, RunConfig, set_path
from satipatthana.presets import DEFAULT, PRESETS

if TYPE_CHECKING:
    from satipatthana.data.bundle import Progress

INTERRUPTED = 130
FAILED = 1
FROM_DATA = ("data", "x_shape", "n_classes")
_LEFTOVER = re.compile(r"\..+\.\d+\.part|\.decided\.json")  # of a save that was cut off; the next one writes over it


class UsageError(ValueError):
    """A command that cannot be followed; the message is one line."""


def train(options: argparse.Namespace) -> int:
    """Follows the command; returns the exit status. Raises UsageError or RunError before anything is touched."""
    stages = stages_of(options.stages)
    check_folder(options.out, options.resume, options.overwrite)
    import torch

    from satipatthana.checkpoint import CheckpointError
    from satipatthana.data import DataError
    from satipatthana.train.trainer import TrainingError

    torch.set_num_threads(options.threads or int(os.environ.get("OMP_NUM_THREADS", "2")))
    try:
        run = _resumed(options) if options.resume else _begun(options)
    except (ConfigError, DataError, CheckpointError, TrainingError) as error:
        raise UsageError(_one_line(error)) from error
    try:
        return _follow(run, stages, options.out)
    except OSError as error:
        print(f"python -m lab train: {options.out} cannot be written ({error}).", file=sys.stderr)
        return FAILED


def _begun(options: argparse.Namespace) -> OpenRun:
    from satipatthana.data import available_datasets

    data = options.data or DATASETS[0]
    info = next(info for info in available_datasets() if info.name == data)
    # The settings are checked before the data are loaded: a typing error must not cost a download.
    preset = options.preset or DEFAULT
    config = config_of(data, info.x_shape, info.n_classes, options.seed or 0, options.settings, preset)
    device = runs.device_of(options.device)
    bundle = runs.bundle_of(data, options.data_dir, _download_progress())
    return runs.begin(config, bundle, device, options.out.name)


def _resumed(options: argparse.Namespace) -> OpenRun:
    from satipatthana.checkpoint import read_config

    saved = read_config(options.out)
    given = {"data": options.data, "seed": options.seed}
    for name, value in given.items():
        if value is not None and value != getattr(saved, name):
            raise UsageError(f"--{name} is {value}, but the run in {options.out} has {getattr(saved, name)}.")
    if options.preset:
        raise UsageError(f"--preset begins a run, and --resume goes on with that in {options.out}: leave one out.")
    if options.settings:
        raise UsageError(f"--set cannot change the run in {options.out} that --resume goes on with: leave it out.")
    device = runs.device_of(options.device)
    return runs.open_run(options.out, None, options.data_dir, device, _download_progress())


def _follow(run: OpenRun, stages: Sequence[int], folder: Path) -> int:
    from lab.looks import stage_facts
    from lab.views.cards import stage_cards
    from satipatthana.checkpoint import save_run
    from satipatthana.diagnostics.report import format_report, report
    from satipatthana.train.trainer import TrainingError

    trainer, interrupt = run.trainer, Interrupt()
    seconds = {
        name: spent for name, spent in ((run.saved_metrics or {}).get("seconds") or {}).items() if name != "total"
    }
    try:
        for stage in stages:
            if interrupt.wanted:
                break
            facts = stage_facts(trainer.system, [trainer.progress(each) for each in range(4)])
            card = stage_cards(facts, stage)[stage]
            for note in card.notes:
                print(f"note: {note}", file=sys.stderr)
            until = max(card.done, card.planned)
            title = f"stage {stage} {card.title}"
            if until == card.done:
                print(f"{title}: all {until} steps are done", file=sys.stderr)
                continue
            bar = StageBar(title, card.done, until)
            steps = trainer.steps(stage, until - card.done)
            try:
                for record in steps:
                    bar.show(record)
                    if interrupt.wanted:
                        break
            finally:
                steps.close()  # type: ignore[attr-defined]  # a generator: what ends a stage is measured with it
                seconds[f"stage{stage}"] = seconds.get(f"stage{stage}", 0.0) + bar.end()
    except TrainingError as error:
        save_run(folder, trainer, overwrite=True)
        print(f"python -m lab train: {_one_line(error)} The run up to there is in {folder}.", file=sys.stderr)
        return FAILED
    finally:
        interrupt.end()
    if interrupt.wanted:
        save_run(folder, trainer, overwrite=True)
        print(f"Stopped. What was learned is in {folder}; --resume goes on.", file=sys.stderr)
        return INTERRUPTED
    seconds["total"] = sum(seconds.values())
    trained = [stage for stage in range(4) if trainer.progress(stage).ever]
    save_run(folder, trainer, overwrite=True)  # before the figures, which take a while and could be interrupted
    metrics = report(trainer.system, run.bundle, seed=run.config.seed, seconds=seconds, trained=trained)
    save_run(folder, trainer, metrics=metrics, overwrite=True)
    print(format_report(metrics))
    print(f"\nThe run is in {folder}; look at it with: python -m lab --run {folder}")
    return 0


class Interrupt:
    """Ctrl-C between two steps: the first one is noted, so that no step is left half done; the second ends it all."""

    def __init__(self) -> None:
        self.wanted = False
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: Any) -> None:
        self.wanted = True
        self.end()

    def end(self) -> None:
        """Ctrl-C means again what it meant before."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None


# --- checks -------------------------------------------------------------------------------------------------------


def stages_of(text: str) -> tuple[int, ...]:
    """`1` or `0-3` as stages. Raises UsageError for what is no range of 0 to 3 in order."""
    match = re.fullmatch(r"([0-3])(?:-([0-3]))?", text.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise UsageError(f"--stages is {show(text)}; expected one stage or a range in order, from 0 to 3, as 0-3.")
    return tuple(range(first, last + 1))


def config_of(
    data: str,
    x_shape: tuple[int, ...],
    n_classes: int,
    seed: int,
    assignments: Sequence[str],
    preset: str = DEFAULT,
) -> RunConfig:
    """A preset with `path=value` settings laid over it. Raises UsageError or ConfigError for what does not fit."""
    config = PRESETS[preset](data, x_shape, n_classes, seed)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise UsageError(f"--set is {show(assignment)}; expected path=value, as samatha.drunk_skip_prob=0.5.")
        if path in FROM_DATA:
            raise UsageError(f"--set cannot change {path}: it follows from --data.")
        config = set_path(config, path, _value(text))
    return config


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def check_folder(folder: Path, resume: bool, overwrite: bool) -> None:
    """Whether a run may be written there. Raises UsageError; touches nothing."""
    from satipatthana.checkpoint import RUN_FILES

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; expected a folder. Choose another.")
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    found = [name for name in found if not _LEFTOVER.fullmatch(name)]
    whole = MARK in found
    if resume and not whole:
        raise UsageError(f"{folder} holds no run to go on with; leave out --resume, or name another folder.")
    if whole and not (resume or overwrite):
        raise UsageError(f"{folder} holds a run already; --resume goes on with it, --overwrite replaces it.")
    if found and not whole and not set(found) <= set(RUN_FILES):
        raise UsageError(f"{folder} holds something else than a run ({found[0]}, ...); choose another folder.")
    if found and not whole and not overwrite:
        raise UsageError(f"{folder} holds a run that was never finished; --overwrite replaces it.")
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK):
        raise UsageError(f"{there} cannot be written; choose another folder.")


def _download_progress() -> "Progress | None":
    if not sys.stderr.isatty():
        return None

    def tell(share: float, text: str) -> None:
        sys.stderr.write(f"\r{text} {100 * share:.0f} %\x1b[K" + ("\r\x1b[K" if share >= 1 else ""))
        sys.stderr.flush()

    return tell


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
