"""What the log costs: the engine's own settling, and the same source without the lines that keep a log."""

import ast
import inspect
import statistics
import textwrap
from collections.abc import Callable, Iterable

import torch

from satipatthana import SamathaEngine, SatipatthanaSystem, load_dataset
from satipatthana.configs import RunConfig
from satipatthana.core import engines
from tests.benchmarks.clock import timed
from tests.benchmarks.table import Row, Settings, at_most

LIMIT = 3.0
BATCH = 64
METHOD, LOG = "_settle", "santana"


class _WithoutLog(ast.NodeTransformer):
    """Takes out every statement that makes the log or adds to it; who returns it returns None."""

    def __init__(self) -> None:
        self.removed = 0

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        made = any(isinstance(target, ast.Name) and target.id == LOG for target in node.targets)
        return self._remove() if made else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            owner = call.func.value
            if isinstance(owner, ast.Name) and owner.id == LOG:
                return self._remove()
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Constant(None), node) if node.id == LOG else node

    def _remove(self) -> None:
        self.removed += 1


def settle_without_log() -> Callable:
    """``SamathaEngine._settle`` without its log. Raises RuntimeError when there is none to take out."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(SamathaEngine, METHOD))))
    transformer = _WithoutLog()
    tree = ast.fix_missing_locations(transformer.visit(tree))
    if transformer.removed < 2:
        raise RuntimeError(f"{METHOD} no longer makes and fills a `{LOG}`: this benchmark must follow it.")
    found: dict[str, Callable] = {}
    exec(compile(tree, f"{METHOD} without its log", "exec"), dict(vars(engines)), found)
    return found[METHOD]


def measure(settings: Settings) -> Iterable[Row]:
    """The loop alone, thinking and learning; beside it, without a target, a whole thought with its adapter."""
    system = SatipatthanaSystem(RunConfig())
    x = load_dataset("digits").train.x[:BATCH]
    engine = system.samatha
    ways = (getattr(SamathaEngine, METHOD), settle_without_log())
    repeats, pairs = settings.size(10, 2), settings.size(200, 5)
    severity = torch.zeros(BATCH)
    drunk = torch.zeros(BATCH, dtype=torch.bool)
    samatha = system.config.samatha
    mind = engines.Mind(drunk, 0.0, 0.0, samatha.sati.n_steps, "training", None, None)

    def thinking(settle: Callable) -> Callable[[], None]:
        @torch.no_grad()
        def work() -> None:
            for _ in range(repeats):
                settle(engine, x, severity, mind, None)

        return work

    def learning(settle: Callable) -> Callable[[], None]:
        def work() -> None:
            for _ in range(repeats):
                settle(engine, x, severity, mind, None).s_star.square().sum().backward()

        return work

    whole = cost(thinking, ways, pairs)
    with torch.no_grad():
        x = engine.adapter(x)
    engine.adapter = torch.nn.Identity()  # from here on the loop stands alone
    alone = cost(thinking, ways, pairs)
    system.set_stage(1)
    learns = cost(learning, ways, pairs)
    note = f"with its gradient {learns:.1f} %, a whole thought with its adapter {whole:.1f} %"
    yield at_most(f"SantanaLog, on top of the settling loop (batch {BATCH})", alone, LIMIT, unit=" %", note=note)


def cost(work: Callable[[Callable], Callable[[], None]], ways: tuple[Callable, Callable], pairs: int) -> float:
    """By how many percent the first way takes longer than the second: median over pairs, in turn."""
    first, second = (work(settle) for settle in ways)
    timed(first, second, 0)  # warms both
    times = [timed(first, second, turn) for turn in range(pairs)]
    return 100 * (statistics.median(pair.ratio for pair in times) - 1)
