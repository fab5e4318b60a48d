"""Every row of the table as a compiled function: a new row is tested the moment it exists."""

import itertools
from functools import cache

import numpy as np
import pytest

from autograd import Value, compile, grad, primitive, sqrt
from autograd.engine.value import apply
from autograd.rules.table import DOT, TABLE
from tests.eagerly import agree
from tests.extent import ALL, some

NUMBERS = [-2.5, -1.0, -0.625, 0.0, 0.3, 0.5, 0.875, 1.0, 1.25, 2.0, 6.5]
INDEXED = ("softmax", "log_softmax")  # whose first operand is a place among the others
ARITIES = {DOT.name: (2, 3, 4, 7)} | dict.fromkeys(INDEXED, (2, 3, 6))


def cases():
    for name, row in TABLE.items():
        if name == "power_term":  # with whole numbers among its operands: see **
            continue
        for arity in ARITIES.get(name, (1, 2, 5)) if row.variadic else (len(row.operands),):
            yield pytest.param(row, arity, id=f"{name}-{arity}")


@cache
def points(row, arity):
    """Numbers at which the row, its derivatives and theirs have values."""
    every = list(itertools.product(NUMBERS, repeat=arity)) if arity <= 3 else []
    rng = np.random.default_rng(arity)
    chosen = [every[k] for k in rng.permutation(len(every))] if every else rng.choice(NUMBERS, (60, arity)).tolist()
    found = []
    for point in chosen:
        if row.name in INDEXED:
            point = (float(len(found) % (arity - 1)), *point[1:])
        if row.name == "**" and point[0] < 0.0:  # which has no derivative by its exponent
            continue
        xs = [Value(x) for x in point]
        try:
            if row.holds(point):
                slopes = grad(apply(row, tuple(xs)), xs, create_graph=True)
                for slope in slopes:
                    grad(slope, xs)
                if all(np.isfinite(slope.data) for slope in slopes):
                    found.append(point)
        except (ValueError, ArithmeticError):
            continue
        if len(found) == (40 if ALL else 15):
            break
    return np.array(found)


@pytest.mark.parametrize(("row", "arity"), list(cases()))
def test_a_row_of_the_table_with_every_kind_of_operand(row, arity):
    at = points(row, arity)
    assert len(at) >= 3
    few = ["x" * arity, "p" * arity, ("xpc" * arity)[:arity]]
    kinds = some(itertools.product("xpc", repeat=arity), 4 if arity == 3 else 1) if arity <= 3 else few
    for kind in kinds:
        if row.name in INDEXED and kind[0] == "p":
            continue
        fixed = at[len(at) // 2]
        parameters = [Value(number, f"p{k}") for k, number in enumerate(fixed)]
        # Only rows whose operands, with some of them held fixed, are allowed together.
        batch = np.where(np.array(list(kind)) == "x", at, fixed)
        batch = np.array([point for point in batch if allowed(row, point)])

        def f(x, row=row, kind=kind, fixed=fixed, parameters=parameters):
            choices = {"x": x, "p": parameters, "c": fixed.tolist()}
            operands = tuple(choices[k][i] for i, k in enumerate(kind))
            return apply(row, operands) * 1.5 + parameters[0] * 0.0 + x[0] * 0.0

        agree(f, [batch], backend="numpy")


@pytest.mark.parametrize(("row", "arity"), list(cases()))
def test_the_gradient_of_a_gradient_of_a_row(row, arity):
    at = points(row, arity)
    parameters = [Value(1.0, f"p{k}") for k in range(arity)]

    def f(x):
        operands = tuple(a * p for a, p in zip(x, parameters, strict=True))
        if row.name in INDEXED:
            operands = (x[0], *operands[1:])
        slopes = grad(apply(row, operands), operands, create_graph=True)
        return sum((k + 1.5) * slope for k, slope in enumerate(slopes))

    agree(f, [at], backend="numpy")


def allowed(row, point):
    xs = [Value(x) for x in point]
    try:
        return row.holds(point) and np.isfinite(grad(apply(row, tuple(xs)), xs)).all()
    except (ValueError, ArithmeticError):
        return False


def test_a_row_of_the_user_that_forgets_operands_and_calls_every_function(own_operations):
    first = primitive("first", value=lambda m, x, y: x, partials=lambda m, out, x, y: (1.0, 0.0))
    three = primitive("three", value=lambda m, x: 3.0, partials=lambda m, out, x: (0,))
    above = primitive("above", value=lambda m, x: x > 0.0, partials=lambda m, out, x: (0.0,))
    many = primitive(
        "many",
        value=lambda m, x, y: m.sum((x, y, m.largest((x, y, 0.5)), m.count((x, y)) * x)) + m.sigmoid(m.minimum(x, y)),
        partials=lambda m, out, x, y: (m.where(x > y, x, m.erf(0.5)), m.first(y, x) * m.log(2.0)),
    )
    p, q = Value(0.75, "p"), Value(-0.5, "q")

    def f(x):
        firsts = [first(x[0], p), first(x[0], q), first(p, x[1]), first(q, x[1])]
        layer = [a * b for a, b in zip(firsts, [p, q, three(x[0]), above(x[1])], strict=True)]
        return many(layer[0], layer[1]) + dot_of(firsts, layer) + sum(layer) * three(p) + above(x[0])

    def dot_of(a, b):
        from autograd import dot, logsumexp, total

        return dot(a, b, p) + total(a) + logsumexp([three(a[0]), three(a[1]), a[2]]) + dot([p, q], a[:2])

    agree(f, [np.random.default_rng(0).normal(0.0, 1.0, (9, 2))], backend="numpy")


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("batch", [[(0.0, 0.0), (3.0, 4.0)], [(3.0, 4.0), (0.0, 0.0)]])
def test_an_infinite_slope_meets_a_zero_in_some_examples_alone(backend, batch):
    f = compile(backend=backend)(lambda x, y: grad(sqrt(x * x + y * y), [x, y]))
    expected = [[x / 5.0, y / 5.0] for x, y in batch]
    assert f.map(*zip(*batch, strict=True)) == pytest.approx(np.array(expected), rel=1e-15)
