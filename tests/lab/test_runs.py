"""Runs on the shelf: found by name, opened as they were kept, refused with a sentence."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
import torch

from lab import runs
from lab.runs import HEALTHY, RunError, Shelf, begin, device_of, find, keep, open_run
from satipatthana.checkpoint import CheckpointError


def same(a, b) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_a_kept_run_opens_as_it_was_and_goes_on_bit_for_bit(small_data, config, tmp_path):
    shelf = Shelf(tmp_path)
    run = begin(config, small_data)
    run.trainer.train_stage(0)
    run.trainer.train_stage(1, n_steps=2)
    folder = keep(run, shelf, "mine")
    opened = open_run(folder)
    assert opened.name == "mine" and opened.metrics is None and opened.config == config
    assert same(opened.trainer.system, run.trainer.system)
    assert [record.global_step for record in opened.trainer.history] == [1, 2, 3, 4, 5]
    for each in (run, opened):
        each.trainer.train_stage(1, n_steps=2)
    assert same(opened.trainer.system, run.trainer.system)


def test_names_come_in_the_order_of_a_menu(tmp_path, monkeypatch):
    shipped = {HEALTHY: tmp_path / "assets"}
    monkeypatch.setattr(runs, "shipped_folder", shipped.get)
    for name in ("b", "a", "elsewhere/named", "no run"):
        (tmp_path / name).mkdir(parents=True)
        if name != "no run":
            (tmp_path / name / "config.json").touch()
    shelf = Shelf(tmp_path, named=tmp_path / "elsewhere" / "named")
    assert shelf.names() == ("named", HEALTHY, "a", "b")
    assert shelf.folder("named") == tmp_path / "elsewhere" / "named"
    assert shelf.folder(HEALTHY) == tmp_path / "assets" and shelf.folder("a") == tmp_path / "a"
    for bad in ("no run", "../a", "", "elsewhere/named"):
        with pytest.raises(RunError, match="known: named"):
            shelf.folder(bad)


def test_the_shipped_run_is_small_and_has_a_past():
    folder = Shelf().folder(HEALTHY)
    assert (folder / "model.safetensors").stat().st_size <= 2_000_000
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 10_000_000
    stages = Counter(keyframe.stage for keyframe in open_run(folder, HEALTHY).trainer.keyframes)
    assert stages[0] >= 8 and stages[1] >= 8


def test_the_shipped_run_is_found_and_looks_trained():
    run = open_run(Shelf().folder(HEALTHY), HEALTHY)
    assert [run.trainer.progress(stage).state for stage in range(4)] == ["done"] * 4
    assert run.metrics is not None and run.metrics["acc"] > 0.95
    assert len([keyframe for keyframe in run.trainer.keyframes if keyframe.stage in (0, 1)]) >= 8


def test_a_name_is_used_once(small_data, config, tmp_path):
    run = begin(config, small_data)
    keep(run, Shelf(tmp_path), "mine")
    with pytest.raises(RunError, match="already"):
        keep(run, Shelf(tmp_path), "mine")
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        keep(run, Shelf(tmp_path / "file"), "mine")


def test_a_folder_that_holds_no_run(tmp_path: Path):
    with pytest.raises(CheckpointError):
        open_run(tmp_path)


def test_what_the_command_line_calls_a_run(small_data, config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = keep(begin(config, small_data), Shelf(), "mine")
    assert find(None) == (Shelf(), None)
    assert find("mine") == (Shelf(), "mine")
    assert find(str(folder)) == (Shelf(named=Path("runs/mine")), "mine")
    with pytest.raises(RunError, match="no known name"):
        find("other")


def test_a_data_set_is_loaded_once_for_all():
    assert runs.bundle_of("moons") is runs.bundle_of("moons")


def test_a_gpu_that_is_not_there():
    assert device_of("cpu") == "cpu"
    if torch.cuda.is_available():
        assert device_of("auto") == device_of("cuda") == "cuda"
    else:
        assert device_of("auto") == "cpu"
        with pytest.raises(RunError, match="auto"):
            device_of("cuda")


def test_figures_are_those_of_the_weights_that_they_were_measured_on(config, small_data):
    run = begin(config, small_data)
    run = dataclasses.replace(run, saved_metrics={"acc": 0.5}, saved_at=0)
    assert run.metrics == {"acc": 0.5}
    run.trainer.train_stage(0, n_steps=1)
    assert run.metrics is None
