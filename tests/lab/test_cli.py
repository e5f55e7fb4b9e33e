"""The command line: what is wrong is one line and status 2, and touches nothing; a run comes out whole."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lab import cli, runs
from lab.cli import free_port, main
from lab.terminal import StageBar
from lab.training import UsageError, check_folder, config_of, stages_of
from satipatthana.checkpoint import RUN_FILES, load, load_run
from satipatthana.configs import ConfigError
from satipatthana.diagnostics import report
from satipatthana.diagnostics.report import KEYS
from satipatthana.train.records import StepRecord
from tests.lab.conftest import PLANS, SMALL

SETTINGS = [f"{path}={json.dumps(value)}" for path, value in SMALL.items()]


@pytest.fixture(autouse=True)
def same_threads(monkeypatch):
    """The command sets how many threads PyTorch has; the other tests keep theirs."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", str(before))
    yield
    torch.set_num_threads(before)


def command(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's own way
        return int(end.code or 0)


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def trained_once(bundle, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("once") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "bundle_of", lambda *arguments: bundle)
        assert command("train", "--out", folder, "--stages", "0-1", "--set", *SETTINGS) == 0
    return folder


@pytest.fixture
def trained(trained_once, tmp_path) -> Path:
    """A folder with a run of stages 0 and 1."""
    return Path(shutil.copytree(trained_once, tmp_path / "run"))


def test_a_run_comes_out_whole(small_data, tmp_path, capsys):
    folder = tmp_path / "new" / "run"
    assert command("train", "--data", "digits", "--seed", 3, "--out", folder, "--set", *SETTINGS) == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(RUN_FILES)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert tuple(metrics) == KEYS
    assert list(metrics["seconds"]) == ["stage0", "stage1", "stage2", "stage3", "total"]
    assert metrics["seconds"]["total"] == pytest.approx(sum(list(metrics["seconds"].values())[:-1]))
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert len(lines) == sum(PLANS.values())
    assert [json.loads(line)["stage"] for line in lines] == [stage for stage in PLANS for _ in range(PLANS[stage])]
    assert load(folder).config.seed == 3
    out = capsys.readouterr()
    assert "accuracy, clean" in out.out and str(folder) in out.out
    assert all(f"stage {stage}" in out.err for stage in range(4)) and "\r" not in out.err


def test_it_goes_on_bit_for_bit(trained, small_data, tmp_path, no_figures):
    assert command("train", "--out", trained, "--resume", "--stages", "2-3") == 0
    whole = tmp_path / "whole"
    assert command("train", "--out", whole, "--set", *SETTINGS) == 0
    first, second = load(trained).state_dict(), load(whole).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    seconds = json.loads((trained / "metrics.json").read_text())["seconds"]
    assert set(seconds) == {"stage0", "stage1", "stage2", "stage3", "total"}, "what was spent before counts"


def test_a_stage_alone_is_allowed_and_says_what_it_means(small_data, tmp_path, capsys):
    assert command("train", "--out", tmp_path / "run", "--stages", 2, "--set", *SETTINGS) == 0
    assert "note: Stage 1" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["trust"] and metrics["acc"] is None and metrics["probe_perplexity"] is None


def test_overwrite_replaces_a_run_only(trained, small_data, no_figures):
    (trained / "notes.txt").write_text("mine")
    assert command("train", "--out", trained, "--overwrite", "--stages", 0, "--set", *SETTINGS) == 0
    assert [record.stage for record in load_run(trained).history] == [0, 0, 0]
    assert (trained / "notes.txt").read_text() == "mine"


@pytest.fixture
def no_figures(monkeypatch):
    """The seconds alone: measuring costs more than training."""
    only = {name: None for name in KEYS}
    monkeypatch.setattr(report, "report", lambda *_, seconds, **__: {**only, "seconds": dict(seconds)})


WRONG = {
    "a range out of order": ["--stages", "3-0"],
    "a stage that is none": ["--stages", "1-9"],
    "no range": ["--stages", "all"],
    "an unknown setting": ["--set", "samatha.vitakka.probes=4"],
    "an old name": ["--set", "samatha.vitakka.gate_threshold=0.6"],
    "a value out of range": ["--set", "samatha.drunk_skip_prob=2"],
    "not a number": ["--set", "samatha.drunk_skip_prob=NaN"],
    "no value": ["--set", "samatha.drunk_skip_prob"],
    "what follows from the data": ["--set", "n_classes=3"],
    "an unknown data set": ["--data", "imagenet"],
    "an unknown preset": ["--preset", "global"],
    "a preset for images": ["--preset", "local", "--data", "moons"],
    "half a preset": ["--set", "samatha.vicara.kind=local"],
    "nothing to go on with": ["--resume"],
    "both": ["--resume", "--overwrite"],
    "no folder": ["--out", ""],
    "no number": ["--seed", "x"],
    "no seed": ["--seed", "-3"],
    "no threads": ["--threads", "0"],
    "an unknown option": ["--fast"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_one_line_and_touches_nothing(arguments, tmp_path, capsys):
    assert command("train", "--out", tmp_path / "run", *arguments) == 2
    out = capsys.readouterr()
    assert out.out == "" and len(out.err.strip().splitlines()) == 1 and out.err.startswith("python -m lab")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--resume", "--seed", "7"],
        ["--resume", "--data", "moons"],
        ["--resume", "--preset", "local"],
        ["--resume", "--set", "samatha.drunk_skip_prob=0.1"],
    ],
)
def test_a_run_that_is_there_is_left_alone(trained, arguments, capsys):
    before = files_below(trained)
    capsys.readouterr()
    assert command("train", "--out", trained, *arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert files_below(trained) == before


def test_a_foreign_folder_is_never_written(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    for resume, overwrite in ((False, False), (False, True)):
        with pytest.raises(UsageError, match="something else"):
            check_folder(tmp_path, resume, overwrite)
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "thesis.tex", False, True)
    half = tmp_path / "half"
    half.mkdir()
    (half / "model.safetensors").touch()
    (half / ".config.json.77.part").touch()
    with pytest.raises(UsageError, match="never finished"):
        check_folder(half, False, False)
    check_folder(half, False, True)
    check_folder(tmp_path / "new" / "run", False, False)
    assert not (tmp_path / "new").exists()


def test_a_broken_run_is_one_line(trained, small_data, capsys):
    (trained / "model.safetensors").write_bytes(b"short")
    capsys.readouterr()
    assert command("train", "--out", trained, "--resume") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_stages():
    assert stages_of("0-3") == (0, 1, 2, 3) and stages_of("2") == (2,) and stages_of("1-1") == (1,)
    for bad in ("", "3-0", "0-4", "-1", "0-", "0,1", "٣"):
        with pytest.raises(UsageError):
            stages_of(bad)


def test_values_are_json_or_else_text():
    config = config_of(
        "digits",
        (1, 28, 28),
        10,
        2,
        ["samatha.vitakka.n_probes=12", "recon.upsampling=transpose", "samatha.vicara.kind=standard", "seed=4"],
    )
    samatha = config.samatha
    assert (config.seed, samatha.vitakka.n_probes, samatha.vicara.kind) == (4, 12, "standard")
    assert config.recon.upsampling == "transpose"
    with pytest.raises(ConfigError):
        config_of("digits", (1, 28, 28), 10, 0, ['samatha.vitakka.n_probes="12"'])


def test_a_loss_that_is_not_finite_ends_with_status_1_and_keeps_the_run(small_data, tmp_path, capsys, monkeypatch):
    healthy, begin = small_data.train.x.clone(), runs.begin

    def sick(*arguments):
        run = begin(*arguments)
        small_data.train.x.fill_(float("nan"))
        return run

    monkeypatch.setattr(runs, "begin", sick)
    try:
        assert command("train", "--out", tmp_path / "run", "--stages", 0, "--set", *SETTINGS) == 1
    finally:
        small_data.train.x.copy_(healthy)
    assert "not finite" in capsys.readouterr().err.splitlines()[-1]
    assert load_run(tmp_path / "run").history == ()


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(small_data, tmp_path, capsys, monkeypatch, no_figures):
    show, before = StageBar.show, signal.getsignal(signal.SIGINT)

    def interrupted(bar: StageBar, record: StepRecord) -> None:
        show(bar, record)
        if record.global_step == 5:
            signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(StageBar, "show", interrupted)
        assert command("train", "--out", folder, "--set", *SETTINGS) == 130
    assert "--resume goes on" in capsys.readouterr().err and signal.getsignal(signal.SIGINT) is before
    assert [record.global_step for record in load_run(folder).history] == [1, 2, 3, 4, 5]
    assert command("train", "--out", folder, "--resume", "--stages", "0-1") == 0
    assert "stage 0 Adapter pre-training: all 3 steps are done" in capsys.readouterr().err
    assert len(load_run(folder).history) == PLANS[0] + PLANS[1]


class Out:
    """A terminal, or not."""

    def __init__(self, live: bool) -> None:
        self.live, self.text = live, ""

    def isatty(self) -> bool:
        return self.live

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def record(step: int) -> StepRecord:
    return StepRecord(1, step, step, {"total": 0.5}, 0.0, 0.0, 0.0)


def test_a_terminal_sees_one_line_that_fills():
    out = Out(live=True)
    bar = StageBar("stage 1 Samatha", 10, 20, out)  # type: ignore[arg-type]
    for step in range(11, 21):
        bar.show(record(step))
    assert bar.end() >= 0
    assert out.text.count("\n") == 1 and "20/20" in out.text and "█" * 24 in out.text and "loss 0.5000" in out.text


def test_elsewhere_there_are_plain_lines():
    out = Out(live=False)
    bar = StageBar("stage 1 Samatha", 0, 100, out)  # type: ignore[arg-type]
    for step in range(1, 101):
        bar.show(record(step))
    bar.end()
    lines = out.text.splitlines()
    assert lines[0] == "stage 1 Samatha: steps 0 to 100" and len(lines) == 6 and "\r" not in out.text
    assert lines[-1].strip().startswith("100/100")


def test_help_imports_nothing_heavy():
    code = "import sys; from lab.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(*set(sys.modules) & {'torch', 'numpy', 'gradio', 'sklearn', 'plotly'}, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stderr.split() == [] and "--no-browser" in run.stdout and "train" in run.stdout


def test_the_page_is_opened_as_asked(monkeypatch, capsys, small_data, config, tmp_path):
    asked: list[tuple] = []
    monkeypatch.setitem(sys.modules, "lab.app", type("App", (), {"launch": lambda *given: asked.append(given)}))
    port = free_port("127.0.0.1")
    assert command("--no-browser", "--port", port, "--data", "moons", "--data-dir", tmp_path) == 0
    assert asked == [("127.0.0.1", port, None, "moons", tmp_path, False, None)]
    assert f"http://127.0.0.1:{port}" in capsys.readouterr().out
    assert command() == 0
    assert (
        asked[-1][0] == "127.0.0.1"
        and asked[-1][1] >= cli.FIRST_PORT
        and asked[-1][2:] == (None, None, None, True, None)
    )
    assert command("--preset", "local") == 0 and asked.pop()[-1] == "local"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    for wrong in (
        ["--run", "nowhere"],
        ["--run", "healthy", "--data", "moons"],
        ["--run", "healthy", "--preset", "local"],
        ["--preset", "local", "--data", "moons"],
        ["--port", "0"],
        ["--host", "1.2.3.4"],
    ):
        assert command(*wrong) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert len(asked) == 2


def test_a_taken_port_is_passed_over_or_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="Choose another"):
            free_port("127.0.0.1", port)
    assert free_port("127.0.0.1", port) == port
