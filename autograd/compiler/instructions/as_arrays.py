"""The reading of the table by arrays that will be filled later: a rule becomes instructions.

There are two, for an operation on each row (``MAP``) and for one over many rows (``FOLD``), where the operands of a
variadic rule are one array with a row for each of them.
"""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from operator import add
from typing import Any

from ...rules.parts import complete
from ...rules.table import Namespace, Operation
from .array import Array, is_number, real

_FUNCTIONS = (
    "abs exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh "
    "arctanh erf erfc minimum maximum arctan2 hypot"
)


def _function(call: str, *arguments: Array | float) -> Array | float:
    arrays = [a for a in arguments if isinstance(a, Array)]
    if arrays:
        return arrays[0].builder.emit(call, *map(real, arguments))
    import numpy as np

    from ...rules.arrays import ARRAYS

    return np.float64(getattr(ARRAYS, call)(*arguments))  # numbers alone are calculated now


def where(condition: Array | float, a: Array | float, b: Array | float) -> Array | float:
    """`a` where the condition holds, else `b`."""
    if not isinstance(condition, Array):
        return a if condition else b
    if not condition.boolean:
        condition = condition.builder.emit("not_equal", condition, 0.0, boolean=True)
    if is_number(a, 1.0) and is_number(b, 0.0):
        return condition
    made = condition.instruction
    if made is not None and made.call == "less":  # max and min in one call
        x, y = made.arguments
        if _same(a, y) and _same(b, x):
            return _function("maximum", x, y)
        if _same(a, x) and _same(b, y):
            return _function("minimum", x, y)
    return condition.builder.emit("where", condition, real(a), real(b))


def _same(x: object, y: object) -> bool:
    return x is y or (isinstance(x, float) and isinstance(y, float) and x.hex() == y.hex())  # 0.0 is not -0.0


def _sum_rows(x: Array) -> Array:
    return x if x.rows == 1 else x.builder.emit("sum_rows", x.real(), rows=1)


def _sum(terms: Iterable[Array], *rest: Array | float) -> Array | float:
    return reduce(add, (*map(_sum_rows, terms), *rest))


def _largest(xs: Iterable[Array]) -> Array:
    (x,) = xs
    return x if x.rows == 1 else x.builder.emit("largest_row", x.real(), rows=1)


def _product(xs: Iterable[Array]) -> Array:
    (x,) = xs
    return x if x.rows == 1 else x.builder.emit("product_of_rows", x.real(), rows=1)


def _products_of_others(xs: Iterable[Array]) -> list[Array | float]:
    (x,) = xs
    return [1.0 if x.rows == 1 else x.builder.emit("products_of_other_rows", x.real())]


def _take(index: Array, xs: Iterable[Array]) -> Array:
    (x,) = xs
    return x.builder.emit("take", x.real(), index.real(), rows=1)


def _positions(xs: Iterable[Array]) -> list[Array]:
    (x,) = xs
    return [x.builder.emit("positions", rows=x.rows)]


def _read(m: Namespace, row: Operation) -> Callable[..., Any]:
    return partial(row.value, m)


_ROW_BY_ROW: dict[str, Callable[..., Any]] = {name: partial(_function, name) for name in _FUNCTIONS.split()}

MAP: Namespace = complete(
    Namespace(
        _read,
        **_ROW_BY_ROW,
        where=where,
        sum=lambda terms, *rest: reduce(add, (*terms, *rest)),
        largest=lambda xs: reduce(MAP.maximum, xs),
        smallest=lambda xs: reduce(MAP.minimum, xs),
        count=len,
    )
)
FOLD: Namespace = complete(
    Namespace(
        _read,
        **_ROW_BY_ROW,
        where=where,
        sum=_sum,
        largest=_largest,
        smallest=lambda xs: -_largest([-x for x in xs]),
        count=lambda xs: sum(x.rows for x in xs),
        take=_take,
        positions=_positions,
        product=_product,
        products_of_others=_products_of_others,
    )
)
