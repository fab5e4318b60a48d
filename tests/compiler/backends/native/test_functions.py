"""The elementary functions of machine code against mpmath, a lane and a vector at a time: 4 units in the last place.

The vector functions of the GNU C library promise that much. Where they are missing there are forms of our own, and the
library's functions of a single number for what has none.
"""

import math
from functools import cache, partial
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extent import examples

pytest.importorskip("llvmlite")

from autograd.compiler.backends.native import runner as llvm_backend
from autograd.compiler.backends.native.functions import FORMS
from autograd.compiler.backends.native.memory import CHUNK
from autograd.compiler.backends.native.numbers import C_NAMES
from autograd.compiler.program.blocks import build
from autograd.compiler.program.trace import traced
from autograd.engine.value import apply
from autograd.rules.arrays import ARRAYS
from autograd.rules.table import TABLE

LANES = (2, 4, 8)
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


# Where a form begins, ends, and takes the argument apart in another way, and the numbers beside these.
SEAMS = np.concatenate(
    [
        [bound for form in FORMS.values() for bound in (form.low, form.high) if math.isfinite(bound)],
        np.outer(
            [0.5, 1.0, 6.0, 20.0, 22.0, 40.0, 708.4, 709.78, 710.47, 745.13, 2.0**-1022, 2.0**-1074], signs
        ).ravel(),
        np.arange(-1023.0, 1024.0, 31.0) * math.log(2.0) / 2.0,
        np.arange(-2048.0, 2048.0, 31.0) * math.pi / 4.0,
        np.outer([math.sqrt(0.5), math.sqrt(2.0)], 2.0 ** np.arange(-1000.0, 1001.0, 100.0)).ravel(),
        np.outer([math.sqrt(2.0) - 1.0, math.sqrt(2.0) + 1.0], signs).ravel(),
    ]
)
SEAMS = np.concatenate([np.nextafter(SEAMS, -np.inf), SEAMS, np.nextafter(SEAMS, np.inf)])
DENSE = np.concatenate([rng.normal(0.0, scale, 700) for scale in (0.1, 1.0, 10.0, 300.0, 1500.0)])
FORMED = [name for name in POINTS if C_NAMES.get(name) in FORMS]


def operation(name, x):
    return apply(TABLE[name], (x,))


def runner(f, row, lanes, at_once=True):
    """Machine code for f of each row, with the vector functions of the C library or without."""
    with traced(f, [float(x) for x in row]) as (tape, outputs, _), np.errstate(all="ignore"):
        program = build(tape, outputs)
    with pytest.MonkeyPatch.context() as patch:
        if not at_once:
            patch.setattr(llvm_backend, "vector_function", lambda name, lanes: None)
        return llvm_backend.LlvmRunner(program, False, lanes=lanes)


def run(runner, *columns):
    n = len(columns[0])
    return runner.run(np.empty((0, 1)), [np.reshape(column, (n, 1)) for column in columns], n).outputs[0].copy()


def piece_by_piece(runner, *columns):
    starts = range(0, len(columns[0]), CHUNK)
    return np.concatenate([run(runner, *[column[k : k + CHUNK] for column in columns]) for k in starts])


def native(f, *columns, lanes):
    return piece_by_piece(runner(f, [column[0] for column in columns], lanes), *columns)


@cache
def known(name, lanes, at_once):
    return runner(partial(operation, name), [0.5], lanes, at_once)


class Exact(NamedTuple):
    """Numbers as the nearest floats, and what these lack in units of their last place."""

    nearest: Any
    lacking: Any

    @classmethod
    def of(cls, numbers):
        nearest = np.array([float(x) for x in numbers])
        return cls(
            nearest,
            np.array(
                [
                    float((x - mpmath.mpf(y)) / mpmath.mpf(math.ulp(y))) if math.isfinite(y) else 0.0
                    for x, y in zip(numbers, nearest.tolist(), strict=True)
                ]
            ),
        )


def exactly(name, points):
    """The function of every point, to many digits where it is a number other than 0."""
    function = getattr(mpmath, NAMES.get(name, name))
    with np.errstate(all="ignore"):
        nearly = getattr(ARRAYS, name)(points)
    with mpmath.workprec(200):
        return Exact.of(
            [
                function(mpmath.mpf(float(x))) if math.isfinite(y) and y != 0.0 else mpmath.mpf(float(y))
                for x, y in zip(points, nearly, strict=True)
            ]
        )


def units(found, exact):
    """How far numbers are from the exact ones, in units of the last place of these; 0 where there is no such number."""
    with np.errstate(all="ignore"):
        away = (found - exact.nearest) / np.spacing(np.abs(exact.nearest)) - exact.lacking
    return np.where(np.isfinite(exact.nearest), np.abs(away), 0.0)


def check(found, exact, points):
    worst = np.argmax(units(found, exact))
    assert units(found, exact)[worst] <= 4.0, f"{found[worst]} at {points[worst]}, not {exact.nearest[worst]}"


def test_a_number_that_is_five_units_away_is_found():
    with mpmath.workprec(200):
        exact = Exact.of([mpmath.exp(1), mpmath.mpf("0.5"), mpmath.inf])
    found = np.array([math.e, 0.5, 1.0])
    assert units(found, exact).tolist() == [pytest.approx(0.3255, abs=1e-4), 0.0, 0.0]
    check(found, exact, found)
    for wrong in (math.e + 5 * math.ulp(math.e), math.e - 5 * math.ulp(math.e), math.nan):
        with pytest.raises(AssertionError, match=r"not 2\.718"):
            check(np.array([wrong, 0.5, 1.0]), exact, found)


@pytest.mark.slow
@pytest.mark.parametrize("name", POINTS)
def test_four_units_in_the_last_place(name):
    points = np.concatenate([POINTS[name], SEAMS, DENSE])
    exact = exactly(name, points)
    for lanes in LANES:
        for at_once in (True, False):
            check(piece_by_piece(known(name, lanes, at_once), points), exact, points)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMED)
def test_forms_of_any_number(name):
    """What is special is what it is in the C library: beside an ordinary number too, which makes it no worse."""

    @examples(60)
    @given(st.lists(st.floats() | st.floats(-50.0, 50.0), min_size=1, max_size=30), st.sampled_from(LANES))
    def test(points, lanes):
        special_and_ordinary(name, np.array(points), lanes)

    test()


def special_and_ordinary(name, points, lanes, at_once=False):
    found, exact = run(known(name, lanes, at_once), points), exactly(name, points)
    check(found, exact, points)
    with np.errstate(all="ignore"):
        expected = getattr(ARRAYS, name)(points)
    special = (expected == 0.0) | ~np.isfinite(expected)
    np.testing.assert_array_equal(found[special], expected[special])
    np.testing.assert_array_equal(np.signbit(found[expected == 0.0]), np.signbit(expected[expected == 0.0]))


def test_a_form_is_written_once_and_asks_for_single_numbers_beyond_its_bounds_alone():
    text = runner(lambda x: operation("tanh", operation("tanh", x)), [0.5], 4, at_once=False).machine.llvm
    assert text.count("define internal <4 x double> @tanh.4(") == 1
    assert text.count("call <4 x double> @tanh.4(") == 2
    assert text.count("call double @tanh(") == 4


def test_powers():
    x = np.concatenate([10.0 ** rng.uniform(-30, 30, 500), rng.uniform(0.5, 2.0, 500)])
    y = np.concatenate([rng.uniform(-10, 10, 500), rng.uniform(-600, 600, 500)])
    with mpmath.workprec(300):
        exact = Exact.of([mpmath.power(float(a), float(b)) for a, b in zip(x, y, strict=True)])
    for lanes in (2, 4, 8):
        check(native(lambda a, b: a**b, x, y, lanes=lanes), exact, list(zip(x, y, strict=True)))


@pytest.mark.parametrize("exponent", [-8, -3, -2, -1, 2, 3, 4, 5, 8, 9, 0.5, -1.5, 0])
def test_powers_with_a_known_exponent(exponent):
    x = np.concatenate([10.0 ** rng.uniform(-30, 30, 200), rng.uniform(0.5, 2.0, 200)])
    with mpmath.workprec(300):
        exact = Exact.of([mpmath.power(float(a), exponent) for a in x])
    check(native(lambda a: a**exponent, x, lanes=4), exact, x)


@pytest.mark.parametrize("name", POINTS)
def test_numbers_beyond(name):
    points = np.array(
        [0.5, 0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e308, -1e308, 5e-324, -5e-324, 710.0, -746.0]
    )
    if name in ("sin", "cos", "tan"):
        points = points[np.abs(points) != 1e308]  # arguments nobody has reduced by hand
    for lanes in LANES:
        for at_once in (True, False):
            special_and_ordinary(name, points, lanes, at_once)
            special_and_ordinary(name, np.repeat(points, lanes), lanes, at_once)  # each in a vector of its own
