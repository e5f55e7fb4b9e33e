import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from satipatthana import checkpoint
from satipatthana.assets import asset_path
from satipatthana.checkpoint import RUN_FILES, CheckpointError, load, load_run, read_origin, save_run
from satipatthana.configs import SystemConfig
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import one_thread, snapshot, tiny_config, tiny_digits, tiny_system, tiny_trainer

METRICS = {"acc": 0.5, "noisy_mse_steps": [0.3, 0.2]}


@pytest.fixture(autouse=True, scope="module")
def small_networks() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def trainer() -> SatipatthanaTrainer:
    trainer = tiny_trainer(vitals=lambda system, stage: {"accuracy": 0.25}, vitals_every=2)
    for stage in range(3):
        trainer.train_stage(stage, n_steps=3)
    return trainer


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint.os, "fsync", lambda file: None)


@pytest.fixture(scope="module")
def saved(trainer: SatipatthanaTrainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_run(tmp_path_factory.mktemp("saved") / "run", trainer, metrics=METRICS)


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of a saved run, to be spoilt."""
    return Path(shutil.copytree(saved, tmp_path / "run"))


# --- there and back -------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_saved(trainer: SatipatthanaTrainer, folder: Path):
    run = load_run(folder)
    assert run.config == trainer.system.config
    saved, loaded = snapshot(trainer.system), snapshot(run.system)
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) and saved[name].dtype == loaded[name].dtype for name in saved)
    assert run.history == tuple(trainer.history)
    assert run.history[1].vitals == {"accuracy": 0.25}
    assert run.metrics == METRICS
    assert len(run.keyframes) == len(trainer.keyframes) == 6
    for mine, theirs in zip(run.keyframes, trainer.keyframes, strict=True):
        assert (mine.stage, mine.step, mine.global_step) == (theirs.stage, theirs.step, theirs.global_step)
        assert mine.tensors.keys() == theirs.tensors.keys()
        assert all(torch.equal(mine.tensors[name], theirs.tensors[name]) for name in mine.tensors)


def test_load_gives_back_the_system_frozen(trainer: SatipatthanaTrainer, folder: Path):
    system = load(folder)
    assert not system.training and system.get_trainable_params() == {}
    x = tiny_digits().x[:4]
    trainer.system.eval()
    assert torch.equal(system(x).logits, trainer.system(x).logits)


def test_the_folder_holds_the_files_that_are_promised_and_no_others(folder: Path):
    assert {path.name for path in folder.iterdir()} == set(RUN_FILES)
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert len(lines) == 9 and json.loads(lines[-1])["stage"] == 2
    assert json.loads((folder / "config.json").read_text())["samatha"]["vitakka"]["dim"] == 16


def test_dials_that_were_turned_are_saved(tmp_path: Path):
    trainer = tiny_trainer()
    trainer.set_learning_rate(0, 0.123)
    trainer.set_weight(1, "stability", 7)
    run = load_run(save_run(tmp_path / "run", trainer))
    assert run.config.curriculum.stage0.learning_rate == 0.123
    assert run.config.curriculum.stage1.weights["stability"] == 7


def test_a_bare_system_config_is_saved_as_a_run(tmp_path: Path):
    config = tiny_config()
    bare = SystemConfig(samatha=config.samatha, vipassana=config.vipassana, recon=config.recon, answer=config.answer)
    trainer = SatipatthanaTrainer(SatipatthanaSystem(bare), tiny_digits(), curriculum=config.curriculum)
    assert load_run(save_run(tmp_path / "run", trainer)).config == config


def test_a_run_that_is_there_is_not_written_over_by_accident(trainer: SatipatthanaTrainer, folder: Path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CheckpointError, match=r"run holds a run already; .*overwrite"):
        save_run(folder, tiny_trainer())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    save_run(folder, trainer, overwrite=True)
    assert load_run(folder).metrics is None  # the figures of other weights went


def test_a_run_without_its_trainer_can_be_looked_at_but_not_go_on(folder: Path):
    (folder / "trainer.json").unlink()
    (folder / "trainer.safetensors").unlink()
    run = load_run(folder)
    with pytest.raises(CheckpointError, match=r"trainer.json.*train a new one"):
        run.trainer(tiny_digits())


def test_own_parts_are_put_in_again(tmp_path: Path):
    class Mine(torch.nn.Linear):
        pass

    def head() -> torch.nn.Module:
        return torch.nn.Sequential(Mine(16, 784), torch.nn.Unflatten(1, (1, 28, 28)))

    system = SatipatthanaSystem(tiny_config(), parts={"adapter_recon_head": head()})
    folder = save_run(tmp_path / "run", SatipatthanaTrainer(system, tiny_digits()))
    again = load(folder, parts={"adapter_recon_head": head()})
    assert torch.equal(again.adapter_recon_head[0].weight, system.adapter_recon_head[0].weight)  # type: ignore[index]
    with pytest.raises(CheckpointError, match="does not fit"):
        load(folder)


# --- cut off in the middle ------------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """Nothing that the code may catch."""


def fail_at(count: int, real: Callable[..., Any]) -> Callable[..., Any]:
    calls = iter(range(1, 1000))

    def call(*arguments: Any) -> Any:
        if next(calls) == count:
            raise PowerCut
        return real(*arguments)

    return call


def describe(folder: Path) -> tuple[Any, ...]:
    run = load_run(folder)
    weights = tuple(float(value.double().sum()) for value in snapshot(run.system).values())
    optimizer = tuple(float(value.double().sum()) for value in run.tensors.values())
    return run.config, run.history, run.metrics, len(run.keyframes), weights, optimizer, json.dumps(run.facts)


@pytest.fixture(scope="module")
def newer() -> SatipatthanaTrainer:
    """Of another size than the run that is there, and without metrics."""
    newer = tiny_trainer({"samatha.vitakka.n_probes": 5})
    newer.train_stage(0, n_steps=1)
    return newer


@pytest.fixture(scope="module")
def old_and_new(saved: Path, newer: SatipatthanaTrainer, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return [describe(saved), describe(save_run(tmp_path_factory.mktemp("new") / "run", newer))]


FILES = len(RUN_FILES) - 1  # without metrics.json


@pytest.mark.parametrize(
    ("call", "count", "stays"),
    [
        *(("fsync", count, "old") for count in (1, FILES, FILES + 1)),
        ("replace", 1, "old"),
        *(("replace", count, "new") for count in (2, 3, FILES, FILES + 1)),
    ],
)
def test_a_save_that_is_cut_off_leaves_one_whole_run(
    folder: Path,
    newer: SatipatthanaTrainer,
    old_and_new: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    count: int,
    stays: str,
):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.os, call, fail_at(count, getattr(os, call)))
        with pytest.raises(PowerCut):
            save_run(folder, newer, overwrite=True)
    old, new = old_and_new
    # what was not decided has left the old run as it was; what was decided is brought to its end by whoever comes next
    assert describe(folder) == (old if stays == "old" else new)
    assert {path.name for path in folder.iterdir()} <= set(RUN_FILES)


@pytest.mark.parametrize("count", [1, 2, FILES + 1])
def test_a_first_save_that_is_cut_off_is_no_run_or_a_whole_one(
    newer: SatipatthanaTrainer, old_and_new: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.os, "replace", fail_at(count, os.replace))
        with pytest.raises(PowerCut):
            save_run(tmp_path / "run", newer)
    assert not (tmp_path / "run" / "config.json").exists()
    if count == 1:
        with pytest.raises(CheckpointError, match=r"config.json is missing"):
            load_run(tmp_path / "run")
    else:
        assert describe(tmp_path / "run") == old_and_new[1]


def test_a_save_goes_on_where_another_was_cut_off(
    folder: Path, trainer: SatipatthanaTrainer, newer: SatipatthanaTrainer, old_and_new: list[Any], monkeypatch: Any
):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.os, "replace", fail_at(3, os.replace))
        with pytest.raises(PowerCut):
            save_run(folder, newer, overwrite=True)
    save_run(folder, trainer, metrics=METRICS, overwrite=True)
    assert describe(folder) == old_and_new[0]


def test_a_mark_of_a_decided_save_that_is_foreign_is_refused(folder: Path):
    (folder / ".decided.json").write_text('{"by": "me"}')
    with pytest.raises(CheckpointError, match=r".decided.json is not of this lab"):
        load(folder)


def test_figures_that_are_no_json_stop_the_save_before_anything_is_touched(trainer: SatipatthanaTrainer, folder: Path):
    before = describe(folder)
    for metrics in ({"acc": float("nan")}, {"acc": torch.zeros(1)}):
        with pytest.raises(CheckpointError, match=r"metrics.json"):
            save_run(folder, tiny_trainer(), metrics=metrics, overwrite=True)
    assert describe(folder) == before


# --- files that are not what they should be -------------------------------------------------------------------------

NEEDED = ["config.json", "model.safetensors", "trainer.safetensors"]
TENSORS = [name for name in RUN_FILES if name.endswith(".safetensors")]


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=rf"{name} is missing"):
        load_run(folder)


def test_a_folder_that_is_none_is_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"nowhere.*config.json is missing"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str):
    data = (folder / name).read_bytes()
    for size in (0, 9, len(data) - 3):
        (folder / name).write_bytes(data[:size])
        if name == "history.jsonl" and size == 0:
            assert load_run(folder).history == ()  # no step yet: that is what an empty history says
            continue
        with pytest.raises(CheckpointError, match=name):
            load_run(folder)


@pytest.mark.parametrize("name", RUN_FILES)
def test_a_foreign_file_is_refused(folder: Path, name: str):
    for foreign in (b"\x89PNG\r\n\x1a\n", b"[1, 2]", b"null"):
        (folder / name).write_bytes(foreign)
        with pytest.raises(CheckpointError, match=name):
            load_run(folder)


def test_a_trainer_of_something_else_is_refused(folder: Path):
    (folder / "trainer.json").write_text('{"epoch": 3}')
    with pytest.raises(CheckpointError, match=r"trainer.json.*do not fit"):
        load_run(folder).trainer(tiny_digits())


@pytest.mark.parametrize("name", TENSORS)
def test_a_pickle_is_refused_and_not_run(folder: Path, name: str, tmp_path: Path):
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (trap,)

    for write in (lambda file: torch.save({"weight": Trap()}, file), lambda file: pickle.dump(Trap(), file)):
        with open(folder / name, "wb") as file:
            write(file)
        with pytest.raises(CheckpointError, match=name):
            load_run(folder)
    assert not trap.exists()


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata)


PROBES = "samatha.vitakka.probes"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda tensors: tensors.pop(PROBES), rf"missing \['{PROBES}'\]"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), r"foreign \['extra'\]"),
        (lambda tensors: tensors.update({PROBES: torch.zeros(5, 16)}), rf"{PROBES} is .*\(5, 16\).*\(4, 16\)"),
        (lambda tensors: tensors.update({PROBES: torch.zeros(4, 16).half()}), rf"{PROBES} is torch.float16"),
    ],
)
def test_weights_that_do_not_fit_the_config_are_named(folder: Path, change: Any, says: str):
    rewrite(folder / "model.safetensors", change)
    with pytest.raises(CheckpointError, match=rf"model.safetensors.*{says}"):
        load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.update({f"0|{next(iter(tensors)).split('|')[1]}": torch.zeros(1, 2, 3)}),
        lambda tensors: tensors.update({"0|adapter.brain": torch.zeros(1)}),
        lambda tensors: tensors.update({"99|adapter.net.0.weight": torch.zeros(4, 1, 4, 4)}),
        lambda tensors: tensors.update(nonsense=torch.zeros(1)),
    ],
)
def test_keyframes_that_do_not_fit_are_refused(folder: Path, change: Any):
    rewrite(folder / "keyframes.safetensors", change)
    with pytest.raises(CheckpointError, match=r"keyframes.safetensors holds no keyframes"):
        load_run(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.update({next(iter(tensors)): torch.zeros(1, 2, 3)}),
        lambda tensors: tensors.update({"vipassana.brain|exp_avg": torch.zeros(1)}),
    ],
)
def test_an_optimizer_that_does_not_fit_is_refused(folder: Path, change: Any):
    rewrite(folder / "trainer.safetensors", change)
    with pytest.raises(CheckpointError, match=r"trainer.safetensors do not fit"):
        load_run(folder).trainer(tiny_digits())


def test_a_setting_that_does_not_exist_names_the_file_and_the_key(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    config["samatha"]["vitakka"]["gate_threshold"] = 0.6
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"config.json: samatha.vitakka.gate_threshold: .*inference_gate"):
        load(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(CheckpointError, match=r"model.safetensors"):
        load(folder)


def test_a_loaded_system_is_its_own(folder: Path):
    first, second = load(folder), load(folder)
    with torch.no_grad():
        first.probes.zero_()
    assert second.probes.abs().sum() > 0
    assert tiny_system().probes.abs().sum() > 0


def test_the_shipped_run_can_be_read():
    run = load_run(asset_path("checkpoints/healthy"))
    assert run.system.probes.isfinite().all() and run.history and run.metrics
    assert len([frame for frame in run.keyframes if frame.stage < 2]) >= 8


def test_where_a_run_comes_from_is_kept_with_it_and_goes_with_the_next_save(tmp_path: Path):
    trainer = tiny_trainer()
    save_run(tmp_path / "run", trainer, origin={"exhibit": 10, "variant": "broken"})
    assert read_origin(tmp_path / "run") == load_run(tmp_path / "run").origin == {"exhibit": 10, "variant": "broken"}
    save_run(tmp_path / "run", trainer, overwrite=True)
    assert read_origin(tmp_path / "run") is None
