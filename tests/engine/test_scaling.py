"""Slopes that overflow alone: times a small gradient they are finite, and times 0 they are 0."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mp, mpf

from autograd import Value, cbrt, grad, log, log2, log10
from autograd.rules.quotients import Quotient, times
from tests.extent import case

FUNCTIONS: dict[str, tuple[Callable[[Value], Value], Callable[[Any], Any]]] = {
    "log": (log, lambda x: 1 / x),
    "log2": (log2, lambda x: 1 / x / mp.log(2)),
    "log10": (log10, lambda x: 1 / x / mp.log(10)),
    "cbrt": (cbrt, lambda x: mp.cbrt(x) / x / 3),
    "number / x": (lambda x: 3e-310 / x, lambda x: -mpf(3e-310) / x**2),
    "c / x": (lambda x: Value(1e-20) / x, lambda x: -mpf(1e-20) / x**2),
    "x ** -1": (lambda x: x**-1.0, lambda x: -1 / x**2),
    "x ** -0.5": (lambda x: x**-0.5, lambda x: -mpf(0.5) * x ** mpf(-1.5)),
    "x ** 0.001": (lambda x: x**0.001, lambda x: mpf(0.001) * x ** (mpf(0.001) - 1)),
    "x ** w": (lambda x: x ** Value(0.001), lambda x: mpf(0.001) * x ** (mpf(0.001) - 1)),
    "x ** Value(-0.5)": (lambda x: x ** Value(-0.5), lambda x: -mpf(0.5) * x ** mpf(-1.5)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_small_gradients_meet_large_slopes(name: str, create_graph: bool) -> None:
    for x in (5e-324, 1e-320, 1e-310, 2e-308, 1e-300):
        with case(x):
            check_slope(*FUNCTIONS[name], x, create_graph)


def check_slope(function: Callable[[Value], Value], slope: Callable[[Any], Any], x: float, create_graph: bool) -> None:
    for upstream in (0.0, -0.0, 1e-300, 1e-100, -1e-10, 1e-5, -1e-7, 1.0):
        leaf = Value(x)
        try:
            output = function(leaf) * upstream
        except OverflowError:
            return
        exact = slope(mpf(x)) * mpf(upstream)
        got = grad(output, [leaf], create_graph=create_graph)[0]
        data = got.data if isinstance(got, Value) else got
        if abs(exact) > mpf(1.797e308):
            assert data == float("inf") * (1 if exact > 0 else -1)
        else:
            assert abs(mpf(data) - exact) <= mpf(1e-13) * abs(exact) + mpf(5e-324), (upstream, data, exact)


@pytest.mark.parametrize(
    ("upstream", "slope", "product"),
    [
        (1e-200, Quotient(1e-200, 1e-320), 1e-80),  # 1e-400 on the way, if multiplied first
        (1e5, Quotient(1e-10, 1e-310), 1e305),  # 1e315, if divided first
        (0.0, Quotient(1.0, 5e-324), 0.0),
        (1e10, Quotient(1.0, 1e-310), math.inf),
        (2.0, 3.5, 7.0),
    ],
)
def test_an_order_that_does_not_overflow_on_the_way(upstream: float, slope: Any, product: float) -> None:
    assert times(upstream, slope, float) == pytest.approx(product, rel=1e-3)
