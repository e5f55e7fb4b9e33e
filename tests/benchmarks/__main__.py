"""`python -m tests.benchmarks`: measure, and print one table.

python -m tests.benchmarks                               everything (about a quarter of an hour)
python -m tests.benchmarks --only training               what needs no browser
python -m tests.benchmarks --only healthy,scrub          some parts
python -m tests.benchmarks --write-readme --json FILE    and keep it

The figures are times: measure on a machine that does nothing else.
"""

import argparse
import importlib
import os
import sys
import time
import traceback
from pathlib import Path

from tests.benchmarks.table import (
    Row,
    Settings,
    around_marks,
    machine,
    machine_line,
    markdown,
    write_json,
    write_readme,
)

README = Path(__file__).parents[2] / "README.md"

# part -> group; each part is a module of this name with `measure(settings) -> Iterable[Row]`
PARTS = {
    "healthy": "training",
    "triage": "training",
    "instruments": "training",
    "plain": "training",
    "santana": "training",
    "start": "page",
    "scrub": "page",
    "curves": "page",
    "watched": "page",
}


def chosen(text: str) -> list[str]:
    """Parts by their own names or by their group's, in the order of the table."""
    asked = {name.strip() for name in text.split(",") if name.strip()}
    known = {*PARTS, *PARTS.values()}
    if not asked or asked - known:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected some of {', '.join((*PARTS, *dict.fromkeys(PARTS.values())))}"
        )
    return [part for part, group in PARTS.items() if {part, group} & asked]


def seeds(text: str) -> tuple[int, ...]:
    return tuple(int(seed) for seed in text.split(","))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure, and print one table.")
    parser.add_argument(
        "--only", type=chosen, default=list(PARTS), help=f"parts: {', '.join(PARTS)}; groups: training, page"
    )
    parser.add_argument("--seeds", type=seeds, default=(0, 1, 2), help="of the healthy runs (default 0,1,2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    parser.add_argument("--write-readme", action="store_true", help="replace the table in README.md")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.write_readme and (options.quick or options.only != list(PARTS)):
        parser.error("--write-readme keeps the whole table, so it goes without --only")
    if options.write_readme:
        around_marks(README)  # now, not after a quarter of an hour
    settings = Settings(options.seeds, options.quick)

    _warn_of_load()
    rows: dict[str, list[Row]] = {}
    failed = []
    for part in options.only:
        began = time.monotonic()
        print(f"{part} ...", file=sys.stderr, flush=True)
        rows[part] = []
        try:
            for row in importlib.import_module(f"tests.benchmarks.{part}").measure(settings):
                rows[part].append(row)
        except Exception:
            # the other parts took long as well: they are printed, and the exit code tells
            traceback.print_exc()
            failed.append(part)
            rows[part].append(Row(f"{part}: the rest", "", "failed", False))
        print(f"{part}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    kind = machine()
    text = f"{machine_line(kind)}\n\n{markdown([row for part in rows.values() for row in part])}"
    print(text)
    if options.json:
        write_json(options.json, kind, rows)
    if options.write_readme and not failed:
        write_readme(README, text)
    return 1 if failed else 0


def _warn_of_load() -> None:
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"Others keep {busy:.1f} cores of this machine busy: the times will be too long.", file=sys.stderr)


if __name__ == "__main__":
    # as the tests and the lab have it: idle threads that spin would starve the others
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    sys.exit(main())
