"""Jacobian, Hessian, and products with them, in reverse and in forward mode."""

import math
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import (
    Value,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    sqrt,
    take,
    tanh,
    total,
    uniform,
    where,
)

near = pytest.approx


def test_a_jacobian_has_a_row_for_each_output() -> None:
    assert jacobian(lambda x, y: [x * y, x + y, 3.0], 2.0, 3.0) == [[3.0, 2.0], [1.0, 1.0], [0.0, 0.0]]
    assert jacobian(lambda x: x * x, 3.0) == [[6.0]]
    assert jacobian(lambda xs, b: [xs[0] * xs[1] + b], [2.0, 5.0], 1.0) == [[5.0, 2.0, 1.0]]
    assert jacobian(lambda x: [x.detach(), Value(2.0)], 3.0) == [[0.0], [0.0]]


def test_a_hessian_is_symmetric() -> None:
    assert hessian(lambda x, y: x * x * y + y**3, 2.0, 3.0) == [[6.0, 4.0], [4.0, 18.0]]
    assert hessian(lambda x, y: 3 * x + y, 2.0, 3.0) == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda x: 4.0, 2.0) == hessian(lambda x: x.detach(), 2.0) == [[0.0]]
    assert hessian(lambda x, y: 4.0, 2.0, 3.0) == [[0.0, 0.0], [0.0, 0.0]]
    assert hvp(lambda x, y: 4.0, [2.0, 3.0], [1.0, 1.0]) == ([0.0, 0.0], [0.0, 0.0])


def rosenbrock(*x: Any) -> Any:
    return total([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)])


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_products_with_a_direction_are_those_of_the_matrices(point: list[float], direction: list[float]) -> None:
    gradient, product = hvp(rosenbrock, point, direction)
    matrix = hessian(rosenbrock, *point)
    assert gradient == near(grad(rosenbrock(*(xs := [*map(Value, point)])), xs), abs=1e-9)
    assert product == near([sum(a * b for a, b in zip(row, direction, strict=True)) for row in matrix], abs=1e-8)
    value, slope = jvp(rosenbrock, point, direction)
    assert value == rosenbrock(*point)
    assert slope == near(sum(a * b for a, b in zip(gradient, direction, strict=True)), abs=1e-8)


def test_forward_mode_of_a_curve() -> None:
    values, velocity = jvp(lambda t: [t * t, t.sin(), exp(2 * t), 7.0], [0.5], [2.0])
    assert values == near([0.25, math.sin(0.5), math.e, 7.0])
    assert velocity == near([2.0, 2 * math.cos(0.5), 4 * math.e, 0.0])


def test_forward_mode_goes_through_all_kinds_of_functions() -> None:
    def f(x: Any, y: Any) -> Any:
        w = Value(0.5)
        a = where(x > y, sqrt(x - y), x)  # the side not taken has an infinite slope at x = y
        b = take([x, y, a], 1) * uniform(Random(3)) + maximum(x, y, 0.5) + x.detach()
        return [a, b, tanh(w * x) if x < 3 else log(x), total([a, b, 2.0]), x**y, 2**y, abs(-x)]

    for point in ([1.5, 1.5], [2.0, 0.25], [4.0, 1.0]):
        matrix = jacobian(f, *point)
        for direction in ([1.0, 0.0], [0.0, 1.0], [0.5, -2.0]):
            _, slopes = jvp(f, point, direction)
            assert slopes == near([sum(a * b for a, b in zip(row, direction, strict=True)) for row in matrix])


def test_forward_mode_of_a_network() -> None:
    model = nn.MLP(2, [4, 3], "tanh", seed=1)
    matrix = jacobian(lambda *x: model(list(x)), 0.5, -1.0)
    _, slopes = jvp(lambda *x: model(list(x)), [0.5, -1.0], [1.0, 2.0])
    assert slopes == near([row[0] + 2 * row[1] for row in matrix])


@pytest.mark.parametrize("function", [jvp, hvp])
def test_a_direction_has_a_number_for_each_input(function: Any) -> None:
    with pytest.raises(ValueError, match="a number for each input, got 1 for 2"):
        function(lambda x, y: x * y, [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="a number for each input, got 2 for 1"):
        function(lambda x: x * x, [1.0], [1.0, 2.0])


@pytest.mark.parametrize("what", [lambda x: "x", lambda x: None])
def test_what_is_not_a_number_is_named(what: Any) -> None:
    for call in (lambda: jacobian(what, 1.0), lambda: hessian(what, 1.0), lambda: jvp(what, [1.0], [1.0])):
        with pytest.raises(TypeError, match=r"must (be|return) a Value"):
            call()


def test_grad_of_a_function_says_what_to_write() -> None:
    x = Value(2.0)
    with pytest.raises(TypeError, match=r"got the function '<lambda>'.*jacobian\(f, \*point\)"):
        grad(lambda x: x * x, [x])  # type: ignore[call-overload]


def test_a_constant_among_the_inputs_is_refused() -> None:
    x = Value(2.0)
    with pytest.raises(ValueError, match=r"inputs\[1\] is a constant"):
        grad(x * 2, [x, x.detach()])


def test_a_slope_that_depends_on_nothing_has_gradient_0() -> None:
    x, y = Value(2.0), Value(3.0)
    slope, other = grad(3 * x + y, [x, y], create_graph=True)
    assert grad(slope, [x, y]) == [0.0, 0.0]
    assert (slope.data, other.data) == (3.0, 1.0)
