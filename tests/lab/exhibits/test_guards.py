"""The list of what keeps the failures away names every failure, and tests that there are."""

import ast
import re
from pathlib import Path

from lab.exhibits.catalogue import CARDS

ROOT = Path(__file__).parents[3]
LIST = Path(__file__).with_name("README.md")


def test_every_failure_is_guarded_by_tests_that_there_are():
    rows = {int(row[0]): row[1] for row in re.findall(r"^\| (\d+) \|(.*)\|$", LIST.read_text("utf-8"), re.MULTILINE)}
    assert set(rows) == set(CARDS)
    for number, row in rows.items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, f"failure {number} names no test"
        for file, name in named:
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
