"""What the README promises: its Python runs, its paths exist, its options are real."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, flags=re.S | re.M)
    return [body for own, body in fenced if own == language]


def test_the_python_example_runs_and_is_short() -> None:
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 6
    done = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"tensor\(", done.stdout)) == 3, done.stdout


def test_the_tree_has_every_file_with_what_it_says_of_itself() -> None:
    done = subprocess.run([sys.executable, "assets/make_tree.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "the README's tree is old; write it: python assets/make_tree.py"
    (tree,) = blocks("")
    bare = [
        line for line in tree.splitlines() if line.split()[0].endswith((".py", ".js", ".css")) and len(line.split()) < 3
    ]
    assert not bare, f"files that say nothing of themselves: {bare}"


def test_pictures_and_links_exist() -> None:
    local = [target for target in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in target]
    assert local
    for target in local:
        assert (ROOT / target).exists(), f"the README points at {target}"


def test_the_options_of_the_page_are_those_of_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "lab", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    line = next(line for line in TEXT.splitlines() if line.startswith("Options:"))
    options = re.findall(r"--[a-z-]+", line.split("make lab")[0])
    assert len(options) == 8
    for option in options:
        assert option in done.stdout
