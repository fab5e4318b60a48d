"""The reading of the table by NumPy arrays: the same rules over many numbers at once, in IEEE arithmetic."""

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from .parts import complete
from .table import Namespace


def _largest(xs: Any) -> Any:
    return reduce(np.maximum, xs)


def _smallest(xs: Any) -> Any:
    return reduce(np.minimum, xs)


def _take(index: Any, xs: Any) -> Any:
    """The array of `xs` at an index, for each number; NaN where there is none."""
    taken: Any = np.nan
    for k, x in enumerate(xs):
        taken = np.where(index == k, x, taken)
    return taken


def _positions(xs: Any) -> range:
    return range(len(xs))


def _sum(terms: Any, *rest: Any) -> Any:
    return reduce(np.add, (*terms, *rest))


def _one_by_one(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """`function` of each number: as fast as rational approximations of erf in NumPy, and the same to the last bit."""

    def over(x: Any) -> Any:
        x = np.asarray(x, float)
        return np.fromiter(map(function, x.ravel().tolist()), float, x.size).reshape(x.shape)

    return over


ARRAYS = complete(
    Namespace(
        lambda m, row: partial(row.value, m),
        **{
            name: getattr(np, name)
            for name in ("abs", "minimum", "maximum", "where", "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "hypot")
        },
        **{
            name: getattr(np, name)
            for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan")
        },
        **{name: getattr(np, name) for name in ("log2", "log10", "arcsinh", "arccosh", "arctanh", "arctan2")},
        erf=_one_by_one(math.erf),
        erfc=_one_by_one(math.erfc),
        sum=_sum,
        largest=_largest,
        smallest=_smallest,
        take=_take,
        positions=_positions,
        count=len,
    )
)


def ieee(rule: Any, *numbers: float) -> tuple[float, ...]:
    """The results of a rule where Python's floats would raise: 1/0 is infinite, 0*inf is NaN."""
    with np.errstate(all="ignore"):
        return tuple(float(x) for x in rule(ARRAYS, *map(np.float64, numbers)))
