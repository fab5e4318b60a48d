"""The elementary functions of machine code against mpmath, a lane and a vector at a time: 4 units in the last place.

The vector functions of the GNU C library promise that much; where they are missing the library's own are called lane by
lane, which are better.
"""

import math
from functools import partial

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from autograd.compiler import llvm_backend
from autograd.compiler.program import build
from autograd.compiler.trace import traced
from autograd.table import TABLE
from autograd.value import apply

rng = np.random.default_rng(0)
signs = np.array([1.0, -1.0])
EVERYWHERE = np.concatenate(
    [
        (10.0 ** rng.uniform(-300, 2.8, (200, 1)) * signs).ravel(),
        (10.0 ** rng.uniform(-20, 1.5, (200, 1)) * signs).ravel(),
        rng.uniform(-2.0, 2.0, 200),
        rng.uniform(-30.0, 30.0, 200),
    ]
)
ANGLES = np.concatenate([EVERYWHERE, 10.0 ** rng.uniform(1, 15, 200), np.arange(1, 100) * (math.pi / 2.0)])
WITHIN_ONE = np.concatenate([EVERYWHERE[np.abs(EVERYWHERE) <= 1.0], signs, 1.0 - 10.0 ** rng.uniform(-16, 0, 100)])
POSITIVE = np.concatenate(
    [np.abs(EVERYWHERE), 1.0 + EVERYWHERE[np.abs(EVERYWHERE) < 0.5], 10.0 ** rng.uniform(0, 300, 100)]
)
NAMES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}
POINTS = dict.fromkeys(("exp", "expm1", "sinh", "cosh", "tanh", "arctan", "erf", "erfc"), EVERYWHERE)
POINTS |= dict.fromkeys(("sin", "cos", "tan"), ANGLES)
POINTS |= dict.fromkeys(("arcsin", "arccos"), WITHIN_ONE)
POINTS |= {"log": POSITIVE, "sqrt": POSITIVE, "log1p": np.concatenate([POSITIVE, -WITHIN_ONE[WITHIN_ONE > 0.0]])}


def operation(name, x):
    return apply(TABLE[name], (x,))


def native(f, *columns, lanes, at_once=True):
    """f of each row of `columns`, with vector functions or without."""
    with traced(f, [float(column[0]) for column in columns]) as (tape, outputs, _), np.errstate(all="ignore"):
        program = build(tape, outputs)
    with pytest.MonkeyPatch.context() as patch:
        if not at_once:
            patch.setattr(llvm_backend, "vector_function", lambda name, lanes: None)
        runner = llvm_backend.LlvmRunner(program, False, lanes)
    n = len(columns[0])
    return runner.run(np.empty((0, 1)), [np.reshape(column, (n, 1)) for column in columns], n).outputs[0].copy()


def units(found, exact):
    """How far `found` is from the exact number, in units of its last place; 0 where that is not a normal number."""
    nearest = float(exact)
    if not 2.3e-308 < abs(nearest) < 1.7e308:
        return 0.0
    return float(abs(mpmath.mpf(float(found)) - exact) / np.spacing(abs(nearest)))


def check(found, exact, points):
    worst = max(range(len(found)), key=lambda k: units(found[k], exact[k]))
    assert units(found[worst], exact[worst]) <= 4.0, f"{found[worst]!r} at {points[worst]!r}, not {exact[worst]}"


@pytest.mark.parametrize("name", POINTS)
def test_four_units_in_the_last_place(name):
    points = POINTS[name]
    function = getattr(mpmath, NAMES.get(name, name))
    with mpmath.workprec(200):
        mpmath_points = [mpmath.mpf(float(x)) for x in points]
        exact = [function(x) if name != "log1p" or x > -1 else mpmath.mpf(0) for x in mpmath_points]
    for lanes in (2, 4, 8):
        check(native(partial(operation, name), [0.5, *points], lanes=lanes)[1:], exact, points)
    check(native(partial(operation, name), [0.5, *points], lanes=4, at_once=False)[1:], exact, points)


def test_powers():
    x = np.concatenate([10.0 ** rng.uniform(-30, 30, 500), rng.uniform(0.5, 2.0, 500)])
    y = np.concatenate([rng.uniform(-10, 10, 500), rng.uniform(-600, 600, 500)])
    with mpmath.workprec(300):
        exact = [mpmath.power(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    for lanes in (2, 4, 8):
        check(native(lambda a, b: a**b, x, y, lanes=lanes), exact, list(zip(x, y, strict=True)))


@pytest.mark.parametrize("exponent", [-8, -3, -2, -1, 2, 3, 4, 5, 8, 9, 0.5, -1.5, 0])
def test_powers_with_a_known_exponent(exponent):
    x = np.concatenate([10.0 ** rng.uniform(-30, 30, 200), rng.uniform(0.5, 2.0, 200)])
    with mpmath.workprec(300):
        exact = [mpmath.power(float(a), exponent) for a in x]
    check(native(lambda a: a**exponent, x, lanes=4), exact, x)


@pytest.mark.parametrize("name", POINTS)
def test_numbers_beyond(name):
    points = np.array(
        [0.5, 0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e308, -1e308, 5e-324, -5e-324, 710.0, -746.0]
    )
    if name in ("sin", "cos", "tan"):
        points = points[np.abs(points) != 1e308]  # arguments nobody has reduced by hand
    from autograd.arrays import ARRAYS

    with np.errstate(all="ignore"):
        expected = getattr(ARRAYS, name)(points)
    for lanes in (2, 4, 8):
        for at_once in (True, False):
            found = native(partial(operation, name), points, lanes=lanes, at_once=at_once)
            np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-320, err_msg=f"{name} of {points}")
