"""The command line: `python -m lab` opens the page; `train` trains a run into a folder, `doctor` examines one,
`exhibit` runs a failure broken and fixed.

Nothing heavy is imported before it is known what is wanted, so `--help` and a mistyped option answer at once.
"""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lab.examining import doctor
from lab.exhibiting import exhibit
from lab.limits import BadInput
from lab.runs import RunError, find
from lab.settings import DATASETS, DEVICES, PRESETS, checked
from lab.training import INTERRUPTED, UsageError, train

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 7860, 7959
WRONG = 2  # exit status of a command that cannot be followed


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: {message} (--help lists the options)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit status. What is wrong with it goes to stderr in one line, status 2."""
    parser = _make_parser()
    options = parser.parse_args(arguments)
    try:
        _quieten(options.threads)
        if options.command == "train":
            return train(options)
        if options.command == "doctor":
            return doctor(options)
        if options.command == "exhibit":
            return exhibit(options)
        return _open_page(options)
    except (UsageError, RunError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m lab",
        description="Watch a recurrent attractor network learn and think. Without a command: open the page.",
    )
    parser.add_argument("--host", default=HOST, help=f"address to listen at (default {HOST}: this machine alone)")
    parser.add_argument("--port", type=int, help=f"port (default: the first free one from {FIRST_PORT})")
    parser.add_argument("--run", help="run to open: a folder, or a name below runs/ (default: the shipped one)")
    parser.add_argument("--data", choices=DATASETS, help="begin an untrained run on this data set instead")
    parser.add_argument("--preset", choices=PRESETS, help="begin an untrained run of this kind instead")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    _common(parser)
    commands = parser.add_subparsers(dest="command", metavar="train | doctor | exhibit", parser_class=_Parser)
    training = commands.add_parser("train", help="train a run into a folder", description="Train a run into a folder.")
    training.add_argument("--out", type=_folder, required=True, metavar="DIR", help="folder of the run")
    training.add_argument("--data", choices=DATASETS, help=f"data set (default {DATASETS[0]})")
    training.add_argument("--preset", choices=PRESETS, help=f"which network and curriculum (default {PRESETS[0]})")
    training.add_argument("--stages", default="0-3", help="one stage or a range, as 1 or 0-3 (default 0-3)")
    training.add_argument("--seed", type=int, help="seed of weights, order and noise (default 0)")
    training.add_argument(
        "--set",
        dest="settings",
        action="extend",
        nargs="+",
        default=[],
        metavar="path=value",
        help="settings by their path in config.json, as samatha.drunk_skip_prob=0.5",
    )
    training.add_argument("--device", choices=DEVICES, default="auto", help="where to train (default auto)")
    again = training.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    again.add_argument("--overwrite", action="store_true", help="replace the run in DIR")
    _common(training)
    what = "Examine a saved run: a verdict and a list of checks. The exit status is 1 when one fails."
    examining = commands.add_parser("doctor", help="examine a saved run", description=what)
    examining.add_argument("folder", metavar="DIR", help="folder of the run, or its name below runs/")
    _common(examining)
    what = "Run one exhibit: the same training twice, broken and fixed, and the number that tells them apart."
    exhibiting = commands.add_parser("exhibit", help="run one of the failures, broken beside fixed", description=what)
    exhibiting.add_argument("number", type=int, metavar="N", help="which one, as on the tab Failures")
    exhibiting.add_argument("--seed", type=int, default=0, help="seed of weights, order and noise (default 0)")
    exhibiting.add_argument("--json", action="store_true", help="the result as one JSON object on the last line")
    _common(exhibiting)
    return parser


def _folder(text: str) -> Path:
    if not text:  # a variable of the shell that was never set; to Path it is the folder one stands in
        raise argparse.ArgumentTypeError("it is empty; expected a folder, as runs/mine")
    return Path(text)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, help="where downloaded data sets lie (default: the user's cache)")
    parser.add_argument("--threads", type=int, help="processor threads for PyTorch (default: 2, or 1 if that is all)")


def _quieten(threads: int | None) -> None:
    """What must stand in the environment before PyTorch and Gradio are imported."""
    # Threads that spin while they wait starve those that work: on two cores that costs a third of the speed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if threads is not None:
        if not 1 <= threads <= 1024:
            raise UsageError(f"--threads is {threads}; expected 1 to 1024.")
        os.environ["OMP_NUM_THREADS"] = str(threads)
    else:
        os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))


# --- the page -----------------------------------------------------------------------------------------------------


def _open_page(options: argparse.Namespace) -> int:
    for name, value in (("--data", options.data), ("--preset", options.preset)):
        if options.run is not None and value is not None:
            raise UsageError(f"--run opens a run and {name} begins another: give one of them.")
    try:
        checked({"data": options.data or DATASETS[0], "preset": options.preset or PRESETS[0]})
    except BadInput as error:
        raise UsageError(str(error)) from error
    find(options.run)  # a wrong name is told here, not in the browser
    port = free_port(options.host, options.port)
    shown = "127.0.0.1" if options.host in ("0.0.0.0", "") else options.host
    shown = f"[{shown}]" if ":" in shown else shown
    print(f"Satipatthana Lab: http://{shown}:{port}  (Ctrl-C ends it)", flush=True)

    from lab.app import launch

    launch(options.host, port, options.run, options.data, options.data_dir, not options.no_browser, options.preset)
    return 0


def free_port(host: str, wanted: int | None = None) -> int:
    """The wanted port, or the first free one from 7860. Raises UsageError when it is taken or the host is not ours."""
    if wanted is not None and not 1 <= wanted <= 65535:
        raise UsageError(f"--port is {wanted}; expected 1 to 65535.")
    ports = range(FIRST_PORT, LAST_PORT + 1) if wanted is None else (wanted,)
    problem: OSError | None = None
    for port in ports:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
            return port
        except OSError as error:
            problem = error
    where = f"{host}:{wanted}" if wanted is not None else f"{host}, ports {FIRST_PORT} to {LAST_PORT}"
    raise UsageError(f"Cannot listen at {where} ({problem}). Choose another --port or --host.")
