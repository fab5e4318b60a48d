"""Errors: Python's own classes, with the operation, the number, the label of the offending operand, and the way out."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, dot, exp, grad, log, no_grad, primitive, sqrt, total
from autograd.engine.errors import is_number, real
from autograd.rules.table import TABLE

Make = Callable[[Any], Any]

CASES: list[tuple[Make, float, type[Exception], str]] = [
    (lambda p: p.log(), -0.5, ValueError, "log(x) needs x > 0, got -0.5 (node 'p')"),
    (lambda p: p.log(), 0.0, ValueError, "log(x) needs x > 0, got 0.0 (node 'p')"),
    (lambda p: p.log1p(), -1.0, ValueError, "log1p(x) needs x > -1, got -1.0 (node 'p')"),
    (lambda p: p.sqrt(), -4.0, ValueError, "sqrt(x) needs x >= 0, got -4.0 (node 'p')"),
    (lambda p: p.arcsin(), 1.5, ValueError, "arcsin(x) needs -1 <= x <= 1, got 1.5 (node 'p')"),
    (lambda p: p.arccos(), -1.5, ValueError, "arccos(x) needs -1 <= x <= 1, got -1.5 (node 'p')"),
    (lambda p: p.sin(), math.inf, ValueError, "sin(x) needs abs(x) < inf, got inf (node 'p')"),
    (lambda p: p.exp(), 710.0, OverflowError, "exp(x) needs x <= 709.78, got 710.0 (node 'p')"),
    (lambda p: p.expm1(), 710.0, OverflowError, "expm1(x) needs x <= 709.78, got 710.0 (node 'p')"),
    (lambda p: p.sinh(), -711.0, OverflowError, "sinh(x) needs abs(x) <= 710.47, got -711.0 (node 'p')"),
    (lambda p: p.cosh(), 711.0, OverflowError, "cosh(x) needs abs(x) <= 710.47, got 711.0 (node 'p')"),
    (lambda p: 1 / p, 0.0, ZeroDivisionError, "x / y needs y != 0, got 0.0 (node 'p')"),
    (lambda p: p / 0, 1.0, ZeroDivisionError, "x / y needs y != 0, got 0.0"),
    (lambda p: p**-1, 0.0, ZeroDivisionError, "x ** y needs "),
    (lambda p: p**0.5, -8.0, ValueError, "got x = -8.0 (node 'p'), y = 0.5"),
    (lambda p: p**2.0, 1e200, OverflowError, "x ** y is too large for a float at x = 1e+200 (node 'p'), y = 2.0"),
    (lambda p: p / 1e-200, 1e200, OverflowError, "x / y is too large for a float at x = 1e+200 (node 'p'), y = 1e-200"),
    (lambda p: 10**p, 400.0, OverflowError, "x ** y is too large for a float at x = 10.0, y = 400.0 (node 'p')"),
    (lambda p: (-2) ** p, 3.0, ValueError, "x ** y with a Value y needs x >= 0, got -2.0: "),
    (lambda p: p ** Value(2.0, "n"), -3.0, ValueError, "x ** y with a Value y needs x >= 0, got -3.0 (node 'p'): "),
]


@pytest.mark.parametrize(("make", "number", "error", "message"), CASES)
def test_the_message_names_operation_number_label_and_way_out(
    make: Make, number: float, error: type[Exception], message: str
) -> None:
    p = Value(number, "p")
    with pytest.raises(error, match=re.escape(message)) as caught:
        make(p)
    assert type(caught.value) is error
    with pytest.raises(error, match=re.escape(message)), no_grad():
        make(p)
    with pytest.raises(error) as unlabelled:
        make(Value(number))
    assert str(unlabelled.value) == str(caught.value).replace(" (node 'p')", "")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: log(-1), ValueError, "log(x) needs x > 0, got -1.0"),
        (lambda: sqrt(-1), ValueError, "sqrt(x) needs x >= 0, got -1.0"),
        (lambda: exp(1000), OverflowError, "exp(x) needs x <= 709.78, got 1000.0"),
        (lambda: total([1e308, 1e308]), OverflowError, "total(*xs) is too large for a float at x = 1e+308"),
    ],
)
def test_plain_numbers_raise_the_same(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_the_label_is_that_of_the_offending_operand() -> None:
    a, b = Value(1.0, "a"), Value(0.0, "b")
    with pytest.raises(ZeroDivisionError, match=r"got 0\.0 \(node 'b'\)$"):
        a / b
    with pytest.raises(ZeroDivisionError, match=r"got 0\.0$"):
        a / 0.0
    big = Value(1.7e308, "big")
    for make in (lambda: total([a, big, big]), lambda: dot([a, 1], [1, big], big)):
        with pytest.raises(OverflowError, match=r"x = 1\.7e\+308 \(node 'big'\)"):
            make()


def test_an_error_leaves_its_operands_usable() -> None:
    p = Value(-0.5, "p")
    with pytest.raises(ValueError, match="log"):
        p.log()
    assert (p.grad, p.parents) == (None, ())
    (p * p).backward()
    assert p.grad == -1.0


def test_plus_minus_times_are_pythons_own_arithmetic() -> None:
    big = Value(1e308)
    assert (big + big).data == math.inf
    assert (-big - big).data == -math.inf
    assert (big * 10).data == math.inf
    assert math.isnan((Value(math.inf) - math.inf).data)


def test_infinity_and_nan_that_were_given_pass_through() -> None:
    for x in (math.inf, -math.inf, math.nan):
        assert repr(Value(x).tanh().data) == repr(math.tanh(x))
    assert Value(math.inf).exp().data == math.inf
    assert Value(-math.inf).exp().data == 0.0
    assert math.isnan(Value(math.nan).log().data)
    assert (1 / Value(math.inf)).data == 0.0


def test_underflow_is_no_error() -> None:
    assert exp(-1000.0) == 0.0
    assert (Value(1e-200) ** 2).data == 0.0
    assert (Value(1e-200) / 1e200).data == 0.0


def test_no_function_gives_infinity_or_nan_for_a_number() -> None:
    names = [row.name for row in TABLE.values() if hasattr(Value, row.name) and len(row.operands) == 1]
    assert len(names) >= 22
    for name in names:
        for x in (0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, 1e308, -1e308, 5e-324, -5e-324):
            try:
                data = getattr(autograd, name)(Value(x)).data
            except (ValueError, OverflowError, ZeroDivisionError) as error:
                assert name in str(error)  # noqa: PT017
            else:
                assert math.isfinite(data), (name, x)


def test_a_primitives_domain_is_named(own_operations: None) -> None:
    f = primitive("f", value=lambda m, x, y: m.log(x - y), partials=lambda m, out, x, y: (1.0, 1.0), domain="x > y")
    with pytest.raises(ValueError, match=re.escape("f(x, y) needs x > y, got x = 1.0 (node 'a'), y = 2.0")):
        f(Value(1.0, "a"), 2)
    g = primitive("g", value=lambda m, x: m.log(x), partials=lambda m, out, x: (1.0 / x,))
    with pytest.raises(ValueError, match=re.escape("g(x) has no value at x = -1.0 (node 'a')")):
        g(Value(-1.0, "a"))


def test_grad_errors_name_the_edge() -> None:
    x = Value(0.0, "x")
    with pytest.raises(ValueError, match=r"sqrt.*\(node 'x'\)"):
        grad(x.sqrt() * 0, [x])


def test_real_and_is_number() -> None:
    assert real(True) == 1.0
    assert is_number(3)
    assert is_number(Value(3.0))
    for wrong in ("3", b"3", None, 1j, [3], object()):
        assert not is_number(wrong)
        with pytest.raises(TypeError, match=f"expected a real number, got {type(wrong).__name__}"):
            real(wrong)


def message(make: Callable[[], object]) -> str:
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    return str(caught.value)


def test_a_long_thing_is_named_by_40_characters() -> None:
    def of(length: int) -> str:
        return message(lambda: Value("x" * length))  # type: ignore[arg-type]

    assert of(1) == "expected a real number, got str 'x'"
    assert of(38) == f"expected a real number, got str {'x' * 38!r}"
    assert of(39) == of(10_000) == f"expected a real number, got str '{'x' * 36}..."


def test_a_long_label_is_named_by_its_first_and_its_last_part() -> None:
    def of(label: str) -> str:
        return message(lambda: log(Value(-1.0, label)))

    known, longer = "a" * 40 + "b" * 40, "a" * 40 + "b" * 30 + "c" * 40
    assert of(known) == f"log(x) needs x > 0, got -1.0 (node {known!r})"
    assert of(known + "b") == f"log(x) needs x > 0, got -1.0 (node '{'a' * 40}{'b' * 10}…{'b' * 25}')"
    assert of(longer) == f"log(x) needs x > 0, got -1.0 (node '{'a' * 40}{'b' * 10}…{'c' * 25}')"
