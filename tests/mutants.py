"""Mutation testing: does a test fail for every small change of a module?

``python -m tests.mutants autograd.rules.table [seconds [seed]]`` changes the module in one place at a time (operators
and comparisons exchanged, numbers off by one, conditions turned round: the operators of cosmic-ray), runs the tests of
the module, and prints each change that no test noticed. Their order is random, but the second change of a line comes
after the first one of every other, so that a short run has seen the whole module. It needs a system with fork, and is
not part of CI: the table alone has about a thousand mutants. Each runs in a process of its own that has imported
everything but this package, and a mutant of one row runs the tests of that row alone. The files on disk are not
touched.

Survivors that are explained:

- ``>`` for ``>=`` at a border where both sides have the same value and derivatives (relu, elu and selu at 0), and what
  guards the side that is not taken, such as the inner choice of elu, which keeps exp from overflowing.
- Where a tail begins (-700 for silu): both forms are exact on either side of it, or one is only slower.
- ``ieee`` of neg, which cannot overflow: it saves the generated function a check.
- ``xs[n : 2 * n]`` of dot with a later end: the products stop with the shorter list.
- In `Value`: asking for the mode where no mode is open gives the usual one (``if modes`` is for speed); ``==`` for
  ``is`` of rows and classes; ``strict=True``, where the lengths are equal; a higher protocol of pickle.
- ``!=`` for ``is not`` of nodes; ``>=`` for ``==`` of a number and itself; ``<= 1`` for ``== 1`` of the operands that
  a domain names: there is always one.
- ``!=`` for ``>`` of a size, and the borders of ranges beyond which numbers are 0 or the same (`normal_cdf` at -60).
"""

import ast
import difflib
import importlib.abc
import importlib.util
import math
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath  # noqa: F401 (loaded once, before the processes part)
import numpy  # noqa: F401
import pytest
from hypothesis import Phase, settings

ROWS = ["tests/rules/test_accuracy.py", "tests/rules/test_table.py", "tests/rules/test_special_values.py"]
GRAPHS = "tests/engine/test_random_graphs.py::test_gradients_of_random_graphs_are_exact[0]"
TESTS = {
    "autograd.rules.table": ROWS,
    "autograd.rules.exact": ROWS,
    "autograd.rules.floats": ROWS,
    "autograd.rules.arrays": ["tests/rules/test_table.py", "tests/rules/test_special_values.py"],
    "autograd.rules.formula": ["tests/rules/test_formula.py", "tests/rules/test_special_values.py"],
    "autograd.rules.as_formulas": [
        "tests/rules/test_formula.py",
        "tests/rules/test_table.py::test_text_gives_what_floats_give",
        "tests/engine/test_grad.py",
        "tests/notation/test_equations.py",
        "tests/notation/test_symbols.py",
    ],
    "autograd.rules.quotients": ["tests/engine/test_scaling.py"],
    "autograd.engine.backward": [
        "tests/engine/test_grad.py",
        "tests/engine/test_value.py",
        "tests/engine/test_backward.py",
        "tests/engine/test_scaling.py",
        GRAPHS,
    ],
    "autograd.engine.errors": [
        "tests/engine/test_errors.py",
        "tests/engine/test_value.py",
        "tests/engine/test_numpy.py",
        "tests/engine/test_derivatives.py",
        "tests/engine/test_backward.py",
    ],
    "autograd.engine.evaluate": [
        "tests/engine/test_value.py",
        "tests/engine/test_grad.py",
        "tests/engine/test_errors.py",
    ],
    "autograd.engine.expand": ["tests/engine/test_grad.py", "tests/engine/test_value.py"],
    "autograd.engine.functions": ["tests/rules/test_table.py", "tests/engine/test_value.py"],
    "autograd.engine.grad": [
        "tests/engine/test_grad.py",
        "tests/engine/test_derivatives.py",
        "tests/engine/test_value.py",
    ],
    "autograd.engine.grad_mode": ["tests/engine/test_grad_mode.py"],
    "autograd.engine.paths": ["tests/engine/test_grad.py"],
    "autograd.engine.pickling": ["tests/engine/test_pickling.py", "tests/engine/test_value.py"],
    "autograd.engine.scaling": ["tests/engine/test_scaling.py", "tests/engine/test_backward.py"],
    "autograd.engine.scope": [
        "tests/engine/test_grad_mode.py",
        "tests/engine/test_value.py",
        "tests/engine/test_pickling.py",
    ],
    "autograd.engine.value": [
        "tests/engine/test_value.py",
        "tests/engine/test_numpy.py",
        "tests/engine/test_errors.py",
        "tests/engine/test_pickling.py",
        "tests/engine/test_fast_backward.py",
        "tests/drawing/test_drawing.py",
        "tests/compiler/test_traced.py",
    ],
}
SLOWER = 5  # times as long as without a change may one mutant take: an endless loop is noticed


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the module `name` from another text."""

    def __init__(self, name: str, path: Path, text: str):
        self.name, self.path, self.text = name, path, text

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self, origin=str(self.path)) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.text, str(self.path), "exec"), vars(module))


class FirstExamples:
    """Hypothesis looks for no smaller example once a test has failed."""

    def pytest_configure(self) -> None:
        settings.register_profile("first", settings(), phases=[Phase.explicit, Phase.generate])
        settings.load_profile("first")


class RowsAlone:
    """Of the tests that have a row among their parameters, only those of this row."""

    def __init__(self, row: str):
        self.row = row

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        def concerned(item: Any) -> bool:
            params = item.callspec.params.values() if hasattr(item, "callspec") else ()
            names = {getattr(x, "name", x) for x in params if isinstance(getattr(x, "name", x), str)}
            return not names or self.row in names

        items[:] = [item for item in items if concerned(item)]


class WithoutTypes(ast.NodeTransformer):
    """Leaves annotations out, which no test can notice."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def meaning(source: str) -> str | None:
    """The same for two sources that do the same because they differ in their types alone; None if it is no Python."""
    try:
        return ast.dump(WithoutTypes().visit(ast.parse(source)))
    except SyntaxError:  # `x < not 60.0`
        return None


def mutants(source: str, seed: str) -> Iterator[tuple[int, str]]:
    """The number of the line, and the changed source, in random order, one change of each line after the other."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    places, tree, lines = [], get_ast(source), source.splitlines()
    for name in operator_names():
        if re.search("NoOp|Variable|RemoveDecorator|_(Bit(Or|And|Xor)|[LR]Shift)$", name):  # bits of floats raise
            continue
        operator = get_operator(name)()
        starts = [start[0] for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        places += [(operator, k, line) for k, line in enumerate(starts)]
    random.Random(seed).shuffle(places)
    turns: Counter[int] = Counter()
    rounds = []
    for place in places:
        turns[place[-1]] += 1
        rounds.append(turns[place[-1]])
    places = [place for _, place in sorted(zip(rounds, places, strict=True), key=lambda pair: pair[0])]
    seen = {meaning(source), None}
    for operator, occurrence, line in places:
        text = mutate_code(source, operator, occurrence)
        if text is None or re.match(r"\s*(from|import|if TYPE_CHECKING)\b", lines[line - 1]):
            continue
        if (meant := meaning(text)) not in seen:
            seen.add(meant)
            yield line, text


def row_of(source: str, line: int) -> str | None:
    """The row of the table that a line belongs to, None for a line of all rows."""
    for text in reversed(source.splitlines()[:line]):
        if found := re.match(r'[A-Z_0-9]+ *= op\("([^"]+)"', text):
            return found[1]
        if not text.startswith((" ", "]")):
            return None
    return None


def survives(name: str, path: Path, text: str, row: str | None, seconds: float) -> bool:
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.meta_path.insert(0, Mutated(name, path, text))
        options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        try:
            plugins = [FirstExamples(), *([RowsAlone(row)] if row else [])]
            os._exit(int(pytest.main([*options, *TESTS[name]], plugins=plugins)))
        finally:  # an error while the tests are collected
            os._exit(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main(name: str, seconds: str = "inf", seed: str = "1") -> None:
    path = Path(name.replace(".", "/") + ".py").resolve()
    source = path.read_text(encoding="utf-8")
    begin = time.monotonic()
    if not survives(name, path, source, None, math.inf):
        raise SystemExit(f"the tests of {name} fail as it is")
    limit = SLOWER * (time.monotonic() - begin)
    end, killed, survived = time.monotonic() + float(seconds), 0, 0
    for line, text in mutants(source, seed):
        if time.monotonic() > end:
            break
        if survives(name, path, text, row_of(source, line), limit):
            survived += 1
            change = difflib.ndiff(source.splitlines(), text.splitlines())
            print(f"line {line} survived:", *[part for part in change if part[0] in "-+?"], sep="\n", flush=True)
        else:
            killed += 1
    print(f"{name}: {killed} killed, {survived} survived")


if __name__ == "__main__":
    main(*sys.argv[1:])
