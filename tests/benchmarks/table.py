"""Rows of the one table, the machine they were measured on, and where they are written."""

import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

HEADER = ("what", "target", "measured", "met?")
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass(frozen=True)
class Settings:
    """What was asked for on the command line."""

    seeds: tuple[int, ...] = (0, 1, 2)
    quick: bool = False
    """Small settings that show that the code runs; what they measure means nothing."""

    def size(self, full: int, small: int) -> int:
        return small if self.quick else full


@dataclass(frozen=True)
class Row:
    """One figure. ``met`` is None where there is no target to meet."""

    what: str
    target: str
    measured: str
    met: bool | None
    value: float | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.target, self.measured, {True: "yes", False: "**no**", None: "–"}[self.met]


def at_most(what: str, value: float, limit: float, unit: str = "", note: str = "", digits: int = 3) -> Row:
    """A figure that must not be above ``limit``; a NaN meets nothing."""
    return Row(what, f"≤ {show(limit)}{unit}", _measured(value, unit, note, digits), bool(value <= limit), value)


def at_least(what: str, value: float, limit: float, unit: str = "", note: str = "", digits: int = 3) -> Row:
    """A figure that must not be below ``limit``; a NaN meets nothing."""
    return Row(what, f"≥ {show(limit)}{unit}", _measured(value, unit, note, digits), bool(value >= limit), value)


def show(value: float, digits: int = 3) -> str:
    """Plain below a million and above a thousandth, so that a cell reads at a glance."""
    if math.isfinite(value) and value and not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text


def spread(values: Sequence[float], digits: int = 3) -> str:
    """All of them, for a note beside the one that is judged."""
    return " ".join(show(value, digits) for value in values)


def _measured(value: float, unit: str, note: str, digits: int) -> str:
    return f"{show(value, digits)}{unit}" + (f" ({note})" if note else "")


# --- the table -----------------------------------------------------------------------------------------------------


def markdown(rows: Sequence[Row]) -> str:
    """The table, padded so that it reads as well in a terminal as in a README."""
    cells = [HEADER, *(row.cells for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADER))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def machine() -> dict[str, str | int | float]:
    """The kind of machine, by which figures can be compared; nothing that names this one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cpu": _cpu(),
        "cores": cores,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "gradio")},
        "date": date.today().isoformat(),
    }


def machine_line(kind: Mapping[str, str | int | float]) -> str:
    cores = f"{kind['cores']} core" + ("" if kind["cores"] == 1 else "s")
    return (
        f"Measured on {kind['date']}: {kind['cpu']}, {cores}, {kind['memory_gb']} GB, "
        f"{kind['system']}, Python {kind['python']}, torch {kind['torch']}, Gradio {kind['gradio']}."
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


# --- where it is kept ----------------------------------------------------------------------------------------------


def around_marks(path: Path) -> tuple[str, str]:
    """What stands before and after the table. Raises ValueError when the file does not have both marks once."""
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{path.name} needs the lines {BEGIN} and {END}, each once and in this order.")
    return text.split(BEGIN)[0], text.split(END)[1]


def write_readme(path: Path, table: str) -> None:
    """Put ``table`` between the two marks. Raises ValueError as `around_marks`."""
    before, after = around_marks(path)
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def write_json(path: Path, kind: Mapping[str, str | int | float], rows: Mapping[str, Sequence[Row]]) -> None:
    """Everything, by part, with the bare figures."""
    parts = {part: [asdict(row) for row in measured] for part, measured in rows.items()}
    path.write_text(
        json.dumps({"machine": kind, "parts": parts}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
