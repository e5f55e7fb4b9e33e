"""Writes the tree into the README: every source file with the first sentence it says of itself.

python assets/make_tree.py            # writes it
python assets/make_tree.py --check    # says whether it is up to date: exit status 1 if not
"""

import ast
import re
import sys
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- tree:begin -->", "<!-- tree:end -->"
FOLDERS = ("satipatthana", "lab", "assets", "tests/benchmarks")
KINDS = (".py", ".js", ".css")
COLUMN = 26
WIDTH = 128


def sentence(path: Path) -> str:
    """The first sentence that a file says of itself: of its docstring, or of the comment it begins with."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    elif path.suffix == ".js":
        comment = takewhile(lambda line: line.startswith("//"), text.splitlines())
        said = " ".join(line[2:].strip() for line in comment)
    else:
        found = re.match(r"\s*/\*(.*?)\*/", text, flags=re.S)
        said = found[1] if found else ""
    first = re.match(r"(.*?[^.])(?:\.(?=\s|$)|:?\n\n|$)", said.strip(), flags=re.S)
    return " ".join(first[1].split()) if first else ""


def tree() -> list[str]:
    """One line a file, files before folders."""
    lines: list[str] = []
    for name in FOLDERS:
        _walk(ROOT / name, 0, name, lines)
    lines.append("tests/                    mirrors the tree; tests/ui and tests/web drive a real browser")
    return lines


def _walk(folder: Path, depth: int, name: str, lines: list[str]) -> None:
    files = sorted(path for path in folder.iterdir() if path.suffix in KINDS and path.name != "__init__.py")
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and _holds(path))
    opening = sentence(folder / "__init__.py") if (folder / "__init__.py").exists() else ""
    _line(f"{name}/", depth, opening, lines)
    for path in files:
        _line(path.name, depth + 1, sentence(path), lines)
    for path in folders:
        _walk(path, depth + 1, path.name, lines)


def _holds(folder: Path) -> bool:
    return folder.name != "__pycache__" and any(path.suffix in KINDS for path in folder.rglob("*"))


def _line(name: str, depth: int, said: str, lines: list[str]) -> None:
    line = f"{'  ' * depth + name:<{COLUMN}}{said}".rstrip()
    lines.append(line if len(line) <= WIDTH else line[: WIDTH - 2].rsplit(" ", 1)[0].rstrip(",;:") + " …")


def written() -> str:
    """The README as it should be."""
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n```\n" + "\n".join(tree()) + f"\n```\n{END}{after}"


def main() -> int:
    """Writes or checks."""
    if "--check" in sys.argv[1:]:
        return int(written() != README.read_text("utf-8"))
    README.write_text(written(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
