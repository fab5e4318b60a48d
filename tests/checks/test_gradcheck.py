"""The gradient checker is itself checked: wrong rules are found at every scale, right ones pass wherever they can."""

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, check_gradients, maximum, primitive, relu
from autograd.engine import primitive as primitives
from autograd.rules.table import TABLE
from tests.extent import examples

SIZES = st.floats(-12, 12).map(lambda e: 10.0**e)
SIGNS = st.sampled_from([-1.0, 1.0])


@pytest.fixture(autouse=True)
def own_operations() -> Iterator[None]:
    """The tests' operations leave the table again."""
    table, own = dict(TABLE), set(primitives._own)
    yield
    TABLE.clear()
    TABLE.update(table)
    primitives._own.clear()
    primitives._own.update(own)


def verdicts(f: Callable[..., Any], *point: Any, order: int = 1) -> list[str]:
    return [check.verdict for check in check_gradients(f, *point, order=order)]


@given(SIZES, SIGNS, SIZES, SIZES, st.sampled_from([0.0, 0.5, 0.999, 1.001, 2.5, -1.0]))
@examples(60)
def test_a_wrong_rule_is_found_at_every_scale(size: float, sign: float, a: float, b: float, factor: float) -> None:
    x = sign * size
    wrong = primitive(
        "wrong", value=lambda m, x: a * x * x + b * x, partials=lambda m, out, x: (factor * (2.0 * a * x + b),)
    )
    slope = 2.0 * a * x + b
    if abs(slope) < 1e-3 * max(abs(2.0 * a * x), b):
        return  # near the vertex the slope is a small difference of large terms
    assert verdicts(lambda x: wrong(x), x) == ["WRONG"]


@given(SIZES, SIGNS, SIZES, SIZES)
@examples(60)
def test_a_right_rule_passes_at_every_scale(size: float, sign: float, a: float, b: float) -> None:
    assert verdicts(lambda x: a * x * x + b * x, sign * size) == ["ok"]


@given(st.floats(-150, 100).map(lambda e: 10.0**e), SIZES, st.integers(1, 2))
@examples(60)
def test_no_false_alarm_near_a_border(x: float, a: float, order: int) -> None:
    assert verdicts(lambda x: a / x, x) == ["ok"]
    assert verdicts(lambda x: a * x.sqrt(), x) == ["ok"]
    if not 0.5 < x < 2.0:  # near 1 the slope is measured well, too, but log is a small difference there
        assert verdicts(lambda x: a * x.log(), x) == ["ok"]
    if x > 1e-90 and order == 2:
        assert set(verdicts(lambda x: a * x.log(), x, order=2)) == {"ok"}


@given(st.floats(1.5, 11.5), SIGNS)
@examples(30)
def test_no_false_alarm_near_a_border_that_is_not_0(digits: float, sign: float) -> None:
    x = sign * (1.0 - 10.0**-digits)
    assert verdicts(lambda x: x.arcsin(), x) == ["ok"]
    assert verdicts(lambda x: (1.0 - x).log1p(), abs(x)) == ["ok"]


RIGHT: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "an extremum": (lambda x: x.sin(), (math.pi / 2,)),
    "a flat minimum": (lambda x: x * x * x.exp(), (0.0,)),
    "terms that cancel": (lambda x: x.sin() ** 2 + x.cos() ** 2, (0.3,)),
    "a small slope beside a large value": (lambda x: x.cos(), (1e-6,)),
    "a fast oscillation": (lambda x: (1000 * x).sin() / 1000, (0.3,)),
    "steps that are periods": (lambda x: (64 * math.pi * x).sin(), (0.0,)),
    "a small part of the argument": (lambda x: x.sin(), (1e4,)),
    "a kink that is near": (lambda x: relu(x) * x, (1e-5,)),
    "a kink that is nearer": (lambda x: relu(x - 1), (1 + 1e-9,)),
    "a slope that is no series": (lambda x: x**1.5, (0.0,)),
    "an input that does nothing": (lambda x, y: x * 2 + 0 * y, (1.0, 2.0)),
    "steep": (lambda x: x.exp(), (100.0,)),
    "saturated": (lambda x: x.sigmoid(), (8.0,)),
    "no gradient": (lambda x: 3.0, (1.0,)),
    "a part with few digits": (lambda x: (1e8 + x * x) - 1e8, (1.0,)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_rules_that_are_hard_to_check(name: str) -> None:
    f, point = RIGHT[name]
    checks = check_gradients(f, *point)
    assert checks, f"\n{checks}"


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (lambda x: relu(x), 0.0, (0, 1)),
        (lambda x: abs(x), 0.0, (-1, 1)),
        (lambda x: 1e-9 * abs(x), 0.0, (-1e-9, 1e-9)),
        (lambda x: abs(x - 3) * 5 + x, 3.0, (-4, 6)),
        (lambda x: maximum(x, 2 * x), 0.0, (1, 2)),
        (lambda x: maximum(x, 1.0), 1.0, (0, 1)),
        (lambda x: x.clamp(0.0, 1.0) if hasattr(x, "clamp") else maximum(x, 0.0), 0.0, (0, 1)),
    ],
)
def test_a_kink_is_named_with_both_slopes(f: Callable[..., Any], x: float, slopes: tuple[float, float]) -> None:
    (check,) = checks = check_gradients(f, x)
    assert not checks
    assert check.verdict == "kink"
    assert check.one_sided == pytest.approx(slopes, rel=1e-9, abs=1e-12)
    assert f"kink: {slopes[0]:g} to the left, {slopes[1]:g} to the right" in str(checks)
    assert "1 of 1 at a kink" in str(checks)


def test_a_rule_outside_of_the_slopes_of_a_kink_is_wrong() -> None:
    odd = primitive("odd", value=lambda m, x: m.abs(x), partials=lambda m, out, x: (m.where(x > 0.0, 1.0, -3.0),))
    (check,) = checks = check_gradients(lambda x: odd(x), 0.0)
    assert check.verdict == "WRONG"
    assert "WRONG: -1 to the left, 1 to the right" in str(checks)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1 + 1e-20 * x,
        lambda x: (1e15 + x) - 1e15,
        lambda x: (1e17 + x) - 1e17,
        lambda x: 1e30 + x.exp(),
    ],
)
def test_values_without_digits_decide_nothing(f: Callable[..., Any]) -> None:
    checks = check_gradients(f, 1.0)
    assert [check.verdict for check in checks] == ["not resolved"]
    assert not checks
    assert "not resolved: differences are exact to" in str(checks)


def test_a_random_function_is_not_called_right() -> None:
    generator = random.Random(1)
    assert verdicts(lambda x: x + generator.random() * 0.1, 1.0) in (["not resolved"], ["kink"], ["WRONG"])


# Second derivatives


def test_order_2_is_compared_with_differences_of_values() -> None:
    """A wrong slope whose own derivative is consistent with it."""
    cube = primitive("cube", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x,))
    first, second = check_gradients(lambda x: cube(x), 1.0, order=2)
    assert first.ok
    assert (second.verdict, second.chain_rule, round(second.difference, 6)) == ("WRONG", 3.0, 6.0)


@given(SIZES, SIGNS, SIZES, st.sampled_from([0.0, 0.99, 2.5]))
@examples(40)
def test_a_wrong_second_derivative_is_found_at_every_scale(size: float, sign: float, a: float, factor: float) -> None:
    x = sign * size
    bent = primitive(  # the right slope at x, with a wrong slope of its own
        "bent",
        value=lambda m, t: a * t * t * t,
        partials=lambda m, out, t: (3.0 * a * (x * x + factor * 2.0 * x * (t - x)),),
    )
    assert verdicts(lambda t: bent(t), x, order=2) == ["ok", "WRONG"]


@pytest.mark.parametrize("x", [1e-3, 1e-6, 1e-10])
def test_a_wrong_second_derivative_is_found_beside_0(x: float) -> None:
    bent = primitive(
        "bent",
        value=lambda m, t: m.tanh(t),
        partials=lambda m, out, t: (1.0 / (m.cosh(t) * m.cosh(t)) + 1e-3 * (t - x),),
    )
    assert verdicts(lambda t: bent(t), x, order=2) == ["ok", "WRONG"]


def test_a_wrong_mixed_derivative_is_found() -> None:
    bent = primitive(
        "bent",
        value=lambda m, x, y: x * x * y,
        partials=lambda m, out, x, y: (2.0 * x * 3.0, x * x),  # at y = 3 only
    )
    assert verdicts(lambda x, y: bent(x, y), 2.0, 3.0, order=2) == ["ok", "ok", "ok", "WRONG", "ok", "ok"]


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda x, y: (x * y).sin() * x, (0.7, 1.3)),
        (lambda x, y: x.log() * y.sqrt(), (1e-9, 1e7)),
        (lambda x, y: x / y, (1e-6, 1e-6)),
        (lambda x, y: autograd.logsumexp([x, 2 * y]), (0.3, -0.2)),
        (lambda x, y: relu(x) * y, (1e-6, 2.0)),
        (lambda x, y: x.tanh() + y, (3.0, 1.0)),
    ],
)
def test_right_second_derivatives(f: Callable[..., Any], point: tuple[float, ...]) -> None:
    checks = check_gradients(f, *point, order=2)
    assert checks, f"\n{checks}"


@pytest.mark.parametrize("x", [1e16, 2.0**53, -3e300, 1e-200])
@pytest.mark.parametrize("f", [lambda x: x * 0.5 + x.tanh(), lambda x: x / 3, lambda x: 1 / (1 + x)])
def test_steps_that_are_rounded(f: Callable[..., Any], x: float) -> None:
    assert verdicts(f, x, order=2) == ["ok", "ok"]


def test_slopes_that_rounding_moves() -> None:
    """Terms of 1/x² cancel in the second derivative: what is left of them is no error of a rule."""
    f = lambda x: 1 / x - (1 / x) * 1.0 + x  # noqa: E731
    assert verdicts(f, 1e-4, order=2) == ["ok", "ok"]


def test_second_derivatives_at_kinks() -> None:
    assert verdicts(lambda x: relu(x) * x, 0.0, order=2) == ["ok", "kink"]
    assert verdicts(lambda x: x.elu(), 0.0, order=2) == ["ok", "kink"]
    assert verdicts(lambda x: abs(x), 0.0, order=2) == ["kink", "kink"]
    assert verdicts(lambda x, y: relu(x) * y, 0.0, 0.0, order=2) == ["ok", "ok", "ok", "kink", "kink", "ok"]


# Points and reports


def test_lists_and_arrays_of_any_shape() -> None:
    checks = check_gradients(lambda w, x: ((w @ x) ** 2).sum(), np.array([[0.1, -0.2], [3.0, 4.0]]), np.array([1.0, 2]))
    assert checks
    assert [check.name for check in checks] == [
        *("df/dw[0][0]", "df/dw[0][1]", "df/dw[1][0]", "df/dw[1][1]", "df/dx[0]", "df/dx[1]"),
    ]
    assert check_gradients(lambda rows: rows[0][1] * rows[1][0], [[1.0, 2.0], [3.0, 4.0]])
    assert check_gradients(lambda x: x * 2, np.float32(1.5))


def test_steps_stay_inside_the_domain() -> None:
    asked: list[float] = []

    def f(x: Any) -> Any:
        if not 0.0 < x.data <= 1.0:
            raise ValueError("outside")
        asked.append(x.data)
        return x * x

    assert check_gradients(f, 1e-3, order=2)
    assert check_gradients(f, 1.0)  # at the border, from inside
    assert len(asked) > 20


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="is nan at this point"):
        check_gradients(lambda x: x * math.nan, 1.0)


def test_the_worst_is_of_the_worst_verdict() -> None:
    checks = check_gradients(lambda x, y, z: relu(x) + y * y.detach() + z, 0.0, 2.0, 1.0)
    assert [check.verdict for check in checks] == ["kink", "WRONG", "ok"]
    assert checks.worst.name == "df/dy"
    assert str(checks).splitlines()[-1] == "1 of 3 differ, 1 of 3 at a kink, worst: df/dy"


def test_functions_that_differentiate_inside() -> None:
    def slope(x: Value) -> Value:
        return autograd.grad(x**3, [x], create_graph=True)[0]

    assert check_gradients(slope, 2.0, order=2)
