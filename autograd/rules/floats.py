"""The reading of the table by floats: what eager arithmetic computes with.

Inside a rule a float behaves as IEEE 754 says where Python's `math` would raise, so that ``1 / (1 + exp(1000))`` is 0;
whether a *result* may be infinite is for the operation to decide, not for a step on the way to it.
"""

import math
from collections.abc import Callable
from functools import partial

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


FLOATS = Namespace(
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
    erfc=math.erfc,
    where=_where,
    sum=sum,
    largest=max,
    count=len,
)
