"""Quotients: numbers kept as numerator and denominator, an interpreter for slopes that overflow alone.

The derivative of log at 1e-310 is 1e310, too large for a float; times a gradient of 1e-5 it is not. Evaluated with
quotients, the row says what to divide by, and the gradient is divided by that.
"""

from collections.abc import Callable
from contextlib import suppress
from math import isfinite, nan
from typing import Any

from .table import Namespace, Operation


class Quotient:
    """``top / bottom``, both floats or both Values, not divided yet."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: Any, bottom: Any = 1.0):
        self.top, self.bottom = top, bottom

    @property
    def value(self) -> Any:
        return self.top if type(self.bottom) is float and self.bottom == 1.0 else self.top / self.bottom

    def __mul__(self, other: Any) -> "Quotient":
        other = _quotient(other)
        return Quotient(self.top * other.top, self.bottom * other.bottom)

    def __truediv__(self, other: Any) -> "Quotient":
        other = _quotient(other)
        return Quotient(self.top * other.bottom, self.bottom * other.top)

    def __neg__(self) -> "Quotient":
        return Quotient(-self.top, self.bottom)

    def __rtruediv__(self, other: Any) -> "Quotient":
        return Quotient(other) / self

    __rmul__ = __mul__


def _quotient(x: Any) -> Quotient:
    return x if isinstance(x, Quotient) else Quotient(x)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Quotient) else x


def _by_value(name: str) -> Callable[..., Any]:
    """A method that divides first: sums, powers and comparisons need the number itself."""

    def method(self: Quotient, other: Any) -> Any:
        result = getattr(self.value, name)(_value(other))
        return Quotient(result) if name.strip("_").removeprefix("r") in ("add", "sub", "pow") else result

    return method


for _name in ("add", "radd", "sub", "rsub", "pow", "rpow", "lt", "le", "gt", "ge"):
    setattr(Quotient, f"__{_name}__", _by_value(f"__{_name}__"))


def quotients(m: Namespace) -> Namespace:
    """The namespace `m` for quotients: its functions take and give their values."""

    def read(_: Namespace, row: Operation) -> Callable[..., Any]:
        return lambda *xs: getattr(m, row.name)(*map(_value, xs))

    # x**n is x**(n + 1) / x: x**(n + 1), the value of the power itself, is finite where its slope overflows.
    def power_term(c: Any, x: Any, n: Any, k: Any) -> Any:
        c, x, n = _value(c), _value(x), _value(n)
        if m.is_zero(k):
            return Quotient(c * x ** (n + 1.0), x)
        return Quotient(c * x**n, (m.log(x) if x > 0.0 else 1.0) ** -k)  # by the exponent; not asked of a negative base

    return Namespace(
        read,
        where=lambda condition, a, b: a if condition else b,
        sum=m.sum,
        count=m.count,
        power_term=power_term,
        exact=m.exact,
    )


def times(upstream: Any, quotient: Any, number: Callable[[Any], float]) -> Any:
    """``upstream * quotient`` in an order in which no step on the way overflows; `number` gives the float of a step."""
    if not isinstance(quotient, Quotient):
        return upstream * quotient
    products: list[Any] = []
    for multiply_first in (False, True):
        with suppress(OverflowError):  # which Values raise where floats are infinite
            top, bottom = quotient.top, quotient.bottom
            products.append(upstream * top / bottom if multiply_first else upstream / bottom * top)

    def quality(product: Any) -> tuple[bool, bool]:
        return isfinite(number(product)), number(product) != 0.0

    return max(products, key=quality, default=nan)
