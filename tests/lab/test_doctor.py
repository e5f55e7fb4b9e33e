"""`python -m lab doctor`, and the study on the page."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cli import main
from lab.session import Session
from lab.tabs.doctor import draw
from satipatthana.checkpoint import save_run
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.lab.conftest import SOON
from tests.tiny import tiny_digits, tiny_system


@pytest.fixture
def few(small_data) -> None:
    """The command sees the small data set."""


def saved(folder: Path, changes: dict | None = None, steps: int = 1) -> str:
    trainer = SatipatthanaTrainer(tiny_system(changes), tiny_digits())
    for stage in range(4):
        trainer.train_stage(stage, n_steps=steps)
    return str(save_run(folder, trainer))


def test_the_shipped_run_is_well(capsys):
    assert main(["doctor", "healthy"]) == 0
    out = capsys.readouterr().out
    assert "healthy, verdict: healthy." in out
    assert "17 pass, 0 warn, 0 fail" in out and "250 validation inputs, seed 0." in out


def test_a_sick_run_is_a_fail_with_its_remedy(few, tmp_path, capsys):
    folder = saved(tmp_path / "shut", {"samatha.vitakka.training_gate_threshold": 1.0})
    assert main(["doctor", folder]) == 1
    out = capsys.readouterr().out
    assert "shut, verdict: gate shut." in out
    assert "let in by the training gate: 0   (below 0.5 is sick)" in out
    assert "FAIL  Do the gates let clean inputs in?" in out
    assert "-> Set training_gate_threshold to -1" in out
    assert "FAIL  Does one of the known failures show?\n      No. 4, gate shut in training: At 1 the hard" in out


def test_an_untrained_run_is_no_fail(few, tmp_path, capsys):
    folder = str(save_run(tmp_path / "new", SatipatthanaTrainer(tiny_system(), tiny_digits())))
    assert main(["doctor", folder]) == 0
    assert "new, verdict: untrained." in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_wrong_folder_is_told_in_one_line(tmp_path, capsys, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", folder]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert repr(folder) in err


def test_a_broken_run_is_told_in_one_line(few, tmp_path, capsys):
    folder = saved(tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"no")
    assert main(["doctor", folder]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_folder_it_asks_for_one(capsys):
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    assert left.value.code == 2
    assert "DIR" in capsys.readouterr().err


def examined(session: Session) -> None:
    tick = threading.Event()
    session.start_study("doctor")
    for _ in range(int(SOON * 100)):
        if not session.study("doctor").busy:
            assert session.study("doctor").state == "ready", session.study("doctor").text
            return
        tick.wait(0.01)
    raise AssertionError("in vain")


def test_on_the_page(session: Session, settle: Callable[[Session], None]):
    assert "Not examined yet" in draw(session, session.study("doctor"))
    examined(session)
    assert "<h4>Untrained</h4>" in draw(session, session.study("doctor"))
    session.train(0, 2)
    settle(session)
    assert "examine again" in draw(session, session.study("doctor"))
    examined(session)
    status = session.study("doctor")
    assert status.found.findings[3].evidence.startswith("Stage 0: all")
    assert "examine again" not in draw(session, status)


def test_a_snapshot_tells_the_plan_as_it_stands(session: Session, settle: Callable[[Session], None]):
    session.set_dial("stage0.learning_rate", 0.001)
    session.train(0, 1)
    settle(session)
    snapshot = session.now.snapshot()
    assert snapshot.curriculum is not None and snapshot.curriculum.stage0.learning_rate == 0.001
    assert snapshot.holdings is not None and snapshot.holdings.held == snapshot.holdings.stepped
