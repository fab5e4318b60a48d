"""The reading of the table by floats: what eager arithmetic computes with.

Inside a rule a float behaves as IEEE 754 says where Python's `math` would raise, so that ``1 / (1 + exp(1000))`` is 0;
whether a *result* may be infinite is for the operation to decide, not for a step on the way to it.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

from .exact import POWER_TERM
from .parts import complete
from .table import Namespace


def _saturating(function: Callable[[float], float], low: float = math.inf) -> Callable[[float], float]:
    """`function` with an infinite result (`low` for negative arguments) where `math` raises OverflowError."""

    def saturating(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf if x > 0 else low

    return saturating


def _where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


def _tail(condition: bool, exact: Callable[[], float], textbook: float) -> float:
    return exact() if condition else textbook


def _minimum(x: float, y: float) -> float:
    return y if y < x else x if x <= y else x + y  # NaN if one of them is


def _maximum(x: float, y: float) -> float:
    return y if x < y else x if y <= x else x + y


def _largest(xs: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, xs)) else max(xs)


def _smallest(xs: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, xs)) else min(xs)


def _take(index: float, xs: Sequence[float]) -> float:
    return xs[int(index)] if 0 <= index < len(xs) and index == int(index) else math.nan


def _positions(xs: Sequence[float]) -> range:
    return range(len(xs))


def _length(xs: Sequence[float]) -> float:
    return math.hypot(*xs)


_exp = _saturating(math.exp)


# The slopes that each backward pass calculates: the rules of `exact`, without the calls that their `where` needs.
def _sigmoid_slope(x: float) -> float:
    if x < -40.0:
        return 1.0 / (1.0 + _exp(-x))  # σ(-x) is 1 to the last digit
    e = math.exp(-x)
    return e / ((1.0 + e) * (1.0 + e))


def _sech2(x: float) -> float:
    if abs(x) > 0.5:
        return 4.0 * _sigmoid_slope(2.0 * x)
    out = math.tanh(x)
    return 1.0 - out * out


def _power_term(c: float, x: float, n: float, k: float) -> float:
    if k == 0.0 and abs(c) > 0.0 and abs(x) >= 1e-150:
        return float(c * x**n)
    return float(POWER_TERM.value(FLOATS, c, x, n, k))


FLOATS = complete(
    Namespace(
        lambda m, row: partial(row.value, m),
        abs=abs,
        exp=_saturating(math.exp),
        expm1=_saturating(math.expm1),
        log=math.log,
        log1p=math.log1p,
        sqrt=math.sqrt,
        sin=math.sin,
        cos=math.cos,
        tan=math.tan,
        sinh=_saturating(math.sinh, -math.inf),
        cosh=_saturating(math.cosh),
        tanh=math.tanh,
        arcsin=math.asin,
        arccos=math.acos,
        arctan=math.atan,
        erf=math.erf,
        log2=math.log2,
        log10=math.log10,
        cbrt=math.cbrt,
        arcsinh=math.asinh,
        arccosh=math.acosh,
        arctanh=math.atanh,
        arctan2=math.atan2,
        hypot=math.hypot,
        erfc=math.erfc,
        sigmoid_slope=_sigmoid_slope,
        sech2=_sech2,
        power_term=_power_term,
        where=_where,
        tail=_tail,
        minimum=_minimum,
        maximum=_maximum,
        sum=sum,
        largest=_largest,
        smallest=_smallest,
        take=_take,
        positions=_positions,
        length=_length,
        count=len,
    )
)
