"""Every row as JavaScript beside the same row evaluated by floats, over its domain, its tails and special numbers.

The two are at most 4 ulp apart (each is within 4 ulp of the right number: test_accuracy). Where terms of a sum cancel,
an ulp is one of the largest term.
"""

import math
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mpf

from autograd import primitive
from autograd.rules.arrays import ieee
from autograd.rules.as_javascript import javascript
from autograd.rules.floats import FLOATS
from autograd.rules.table import TABLE, Operation
from tests.node import in_node, needs_node
from tests.rules.test_accuracy import GRID, TERMS
from tests.rules.test_table import EXTREME, HARD, INDEXED, ORDINARY, ROWS, valid

pytestmark = needs_node

RUN = """(name, xs, out) => {
  const { value, partials } = module.rules[name];
  return [value(...xs), ...partials(...out, ...xs)];
}"""
APART = 4.0  # ulp
K = (0.0, 1.0, 2.0)
WITHOUT_INDEX = [row for row in ROWS if row.name not in INDEXED]
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -2.5]


def by_floats(row: Operation, xs: Sequence[float]) -> list[float] | None:
    """Value and slopes as the engine calculates them; None where Python raises."""
    try:
        out = row.value(FLOATS, *xs)
        return None if isinstance(out, complex) else [out, *row.partials(FLOATS, out, *xs)]
    except (ValueError, ArithmeticError):
        return None


def sizes(row: Operation, xs: Sequence[float], numbers: Sequence[float]) -> list[float]:
    """The largest term of each number."""
    if row.name in TERMS:
        value, slope, _ = TERMS[row.name](mpf(xs[0]))
        return [max(abs(numbers[0]), float(value)), max(abs(numbers[1]), float(slope))]
    if row.variadic:  # sums of the operands, or of powers that add up to 1
        scale = max(map(abs, xs)) * (max(map(abs, xs)) if row.name == "dot" else 1.0)
        inexact = row.name in {"dot", "total", "mean", "log_softmax"}
        return [max(abs(numbers[0]), scale if inexact else 0.0), *map(abs, numbers[1:])]
    return list(map(abs, numbers))


def distance(number: float, right: float, size: float) -> float:
    """How many ulp apart."""
    if number == right or (number != number and right != right):
        return 0.0
    if not math.isfinite(size) or not math.isfinite(number):
        return math.inf
    return abs(number - right) / math.ulp(max(size, sys.float_info.min))


def cases(row: Operation) -> list[tuple[float, ...]]:
    if not row.variadic and len(row.operands) == 1:
        return [(x,) for x in GRID if row.holds([x])]
    chance = random.Random(row.name)
    return valid(row, ORDINARY, 60) + valid(row, HARD, 60) + valid(row, [*EXTREME, *chance.sample(GRID, 20)], 60)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """By row: operands, what floats give, what JavaScript gives."""
    given = [(row, xs, numbers) for row in ROWS for xs in cases(row) if (numbers := by_floats(row, xs)) is not None]
    got = in_node(
        tmp_path_factory.mktemp("rows"), javascript(), RUN, [[row.name, xs, numbers[:1]] for row, xs, numbers in given]
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (row, xs, numbers), result in zip(given, got, strict=True):
        found.setdefault(row.name, []).append((xs, numbers, result))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_value_and_slopes(row: Operation, results: dict[str, list[tuple[Any, ...]]]) -> None:
    worst = (0.0, "")
    for xs, numbers, got in results[row.name]:
        assert len(got) == len(numbers)
        for right, number, size in zip(numbers, got, sizes(row, xs, numbers), strict=True):
            worst = max(worst, (distance(number, right, size), f"{xs}: {numbers} {got}"))
    assert worst[0] <= APART, worst


def test_power_term(tmp_path: Path) -> None:
    row = TABLE["power_term"]
    xs = [(c, x, n, k) for c in (0.0, 1.0, -2.5) for x in (0.3, 1.0, 7.0, 1e-200) for n in (2.0, -0.5, 0.0) for k in K]
    right = [[(out := row.value(FLOATS, *x)), *row.partials(FLOATS, out, *x)] for x in xs]
    got = in_node(tmp_path, javascript([row]), RUN, [[row.name, x, r[:1]] for x, r in zip(xs, right, strict=True)])
    for x, numbers, result in zip(xs, right, got, strict=True):
        apart = [distance(a, b, abs(b)) for a, b in zip(result, numbers, strict=True)]
        assert max(apart) <= APART, (x, numbers, result)


@pytest.mark.parametrize("row", WITHOUT_INDEX, ids=lambda row: row.name)
def test_special_numbers_go_the_way_of_ieee(row: Operation, special: dict[str, list[Any]]) -> None:
    for xs, value, got in special[row.name]:
        assert distance(got, value, abs(value)) <= APART, (xs, value, got)


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """By row: operands, the value of NumPy's IEEE arithmetic, the value in JavaScript."""
    chance = random.Random(3)
    given = []
    for row in WITHOUT_INDEX:
        for arity in [1, 3] if row.variadic else [len(row.operands)]:
            for _ in range(60):
                xs = [chance.choice(SPECIAL) for _ in range(arity)]
                given.append((row, xs, ieee(lambda m, *xs, row=row: (row.value(m, *xs),), *xs)[0]))
    cases = [[row.name, xs] for row, xs, _ in given]
    run = "(name, xs) => module.rules[name].value(...xs)"
    found: dict[str, list[Any]] = {}
    for (row, xs, value), got in zip(
        given, in_node(tmp_path_factory.mktemp("special"), javascript(), run, cases), strict=True
    ):
        found.setdefault(row.name, []).append((xs, value, got))
    return found


def test_rows_of_the_users_own_and_what_they_call(tmp_path: Path) -> None:
    steep = primitive(
        "steep_for_javascript",
        value=lambda m, x, new, t1: m.gelu(x) * new - 2.0 * (t1 - x),
        partials=lambda m, out, x, new, t1: (m.normal_cdf(x) * new + 2.0, m.gelu(x), -2.0),
    )
    try:
        text = javascript([TABLE["steep_for_javascript"]])
        assert '"gelu"' in text
        assert '"sigmoid"' not in text
        ((value, *slopes),) = in_node(tmp_path, text, RUN, [["steep_for_javascript", [0.5, 3.0, -1.0], [0.0]]])
        assert value == pytest.approx(steep(0.5, 3.0, -1.0), rel=1e-15)
        assert slopes == pytest.approx([0.6914624612740131 * 3 + 2, 0.34573123063700656, -2.0], rel=1e-15)
    finally:
        del TABLE["steep_for_javascript"]


def test_lists_of_any_length(tmp_path: Path) -> None:
    chance = random.Random(1)
    xs = [chance.gauss(0, 1) for _ in range(20_001)]
    names = ["dot", "total", "mean", "max", "norm", "logsumexp"]
    got = in_node(tmp_path, javascript(), RUN, [[name, xs, [TABLE[name].value(FLOATS, *xs)]] for name in names])
    for name, numbers in zip(names, got, strict=True):
        row = TABLE[name]
        out = row.value(FLOATS, *xs)
        np.testing.assert_allclose(numbers, [out, *row.partials(FLOATS, out, *xs)], rtol=1e-13, err_msg=name)


def test_nothing_is_evaluated_from_text() -> None:
    assert not re.search(r"\beval\b|\bFunction\b|\bimport\b", javascript())
