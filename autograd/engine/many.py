"""The public functions of many numbers: sums, products and means as one node each, and the softmax of a list."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..rules import table
from ..rules.operation import Operation
from .errors import is_node, short
from .fast_ops import neurons, unequal
from .grad_mode import current_mode
from .signatures import Number
from .traced import largest, place
from .value import Value, apply


def dot(ws: Iterable[Any], xs: Iterable[Number], bias: Any = 0) -> Any:
    """dot(ws, xs, bias): w1*x1 + ... + wn*xn + bias, as one node.

    Arguments:
        ws: n weights; or a list of rows (lists or tuples) of n weights each, the neurons of a layer.
        xs: n inputs.
        bias: a number; for rows, also a list with one for each row.

    Returns a number, or a list with one for each row. Raises ValueError where the lengths differ.

    >>> dot([2.0, -3.0], [1.0, 4.0], bias=0.5)
    -9.5
    >>> dot([[2.0, -3.0], [0.0, 1.0]], [1.0, 4.0], bias=[0.5, 0.0])
    [-9.5, 4.0]
    """
    weights, inputs = _many("dot(ws, xs)", ws), _many("dot(ws, xs)", xs)
    if not weights or not isinstance(weights[0], (list, tuple)):
        return _dot(weights, inputs, bias)
    biases = bias if isinstance(bias, (list, tuple)) else [bias] * len(weights)
    if len(weights) != len(biases):
        raise ValueError(f"dot(rows, xs, biases) needs as many biases as rows, got {len(biases)} and {len(weights)}")
    try:
        return neurons(weights, inputs, biases)
    except (AttributeError, TypeError):  # plain numbers among them, or something else
        return [_dot(_many("dot(ws, xs)", row), inputs, b) for row, b in zip(weights, biases, strict=True)]


def _dot(weights: tuple[Any, ...], inputs: tuple[Any, ...], bias: Any) -> Any:
    if len(weights) != len(inputs):
        raise unequal(weights, inputs)
    operands = weights + inputs
    if isinstance(bias, Value) or bias != 0:
        operands += (bias,)
    return apply(table.DOT, operands) if operands else 0.0


def total(xs: Iterable[Number]) -> Any:
    """total(xs): the sum of many numbers, as one node.

    Arguments:
        xs: numbers or Values.

    Returns a Value if one of them is one, else a float; 0.0 for none.

    >>> total([1.0, 2.0, 3.5])
    6.5
    """
    operands = _many("total(xs)", xs)
    return apply(table.TOTAL, operands) if operands else 0.0


def mean(xs: Iterable[Number]) -> Any:
    """mean(xs): the arithmetic mean, as one node.

    Arguments:
        xs: one or more numbers or Values.

    Returns a Value if one of them is one, else a float. Raises ValueError when there are none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return apply(table.MEAN, _some("mean(xs)", xs))


def prod(xs: Iterable[Number]) -> Any:
    """prod(xs): the product of many numbers, as one node.

    Arguments:
        xs: numbers or Values.

    Returns a Value if one of them is one, else a float; 1.0 for none.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    operands = _many("prod(xs)", xs)
    return apply(table.PROD, operands) if operands else 1.0


def norm(xs: Iterable[Number]) -> Any:
    """norm(xs): the length of a vector, √(x1² + ... + xn²), as one node; its gradient is 0 at the origin.

    Arguments:
        xs: one or more numbers or Values.

    Returns a Value if one of them is one, else a float. Raises ValueError when there are none.

    >>> norm([3.0, 4.0])
    5.0
    """
    return apply(table.NORM, _some("norm(xs)", xs))


def logsumexp(xs: Iterable[Number]) -> Any:
    """logsumexp(xs): log(exp(x1) + ... + exp(xn)), as one node that cannot overflow.

    Arguments:
        xs: one or more numbers or Values.

    Returns a Value if one of them is one, else a float. Raises ValueError when there are none.

    >>> round(logsumexp([1000.0, 1000.0]), 6)
    1000.693147
    """
    return apply(table.LOGSUMEXP, _some("logsumexp(xs)", xs))


def softmax(xs: Iterable[Number]) -> list[Any]:
    """softmax(xs): exp(xi) / (exp(x1) + ... + exp(xn)) for each i; they are positive and add up to 1.

    Arguments:
        xs: one or more numbers or Values.

    Returns a list with a Value or a float for each of them. Raises ValueError when there are none.

    >>> softmax([1000.0, 0.0])
    [1.0, 0.0]
    """
    operands = _some("softmax(xs)", xs)
    return _each(table.SOFTMAX, operands, lambda shifted, power, norm: power / norm)


def log_softmax(xs: Iterable[Number], index: Any = None) -> Any:
    """log_softmax(xs): the logarithms of `softmax(xs)`, exact also where those are 0 or 1 to machine precision.

    Arguments:
        xs: one or more numbers.
        index: a place from 0; in a compiled function it may be an input, such as a class.

    Returns a list, or with an index the one at this place, as one node.

    Arguments:
        xs: one or more numbers or Values.

    Returns a Value if one of them is one, else a float. Raises ValueError when there are none.

    >>> log_softmax([1000.0, 0.0]), log_softmax([37.0, 0.0], 0)
    ([0.0, -1000.0], -8.533047625744066e-17)
    """
    operands = _some("log_softmax(xs)", xs)
    if index is not None:
        symbolic = current_mode().tracer is not None and isinstance(index, Value)
        at = index if symbolic else float(place("log_softmax", index, len(operands)))
        return apply(table.LOG_SOFTMAX, (at, *operands))
    norms: list[Any] = []  # one, when it is needed

    def small(shifted: Any, _: Any, __: Any) -> Any:
        if not norms:
            top = largest(operands)
            norms.append(logsumexp([x - top for x in operands]))
        return shifted - norms[0]

    return _each(table.LOG_SOFTMAX, operands, small)


def _each(row: Operation, xs: tuple[Any, ...], small: Callable[..., Any]) -> list[Any]:
    """`row` at each place of `xs`; `small(x - top, exp(x - top), sum of these)` where its probability is at most 1/2.

    There, 1 - p loses no digits, so that nodes can share their parts: as many edges as numbers, not their square.
    """
    if current_mode().tracer is not None:  # which probability is large may differ from example to example
        return [apply(row, (float(k), *xs)) for k in range(len(xs))]
    top = largest(xs)
    shifted = [x - top for x in xs]
    powers = [apply(table.EXP, (x,)) for x in shifted]
    norm = total(powers)
    return [
        small(shifted[k], power, norm) if power <= 0.5 * norm else apply(row, (float(k), *xs))
        for k, power in enumerate(powers)
    ]


def _many(what: str, xs: Any) -> tuple[Any, ...]:
    if type(xs) is not list and (isinstance(xs, (str, bytes, Mapping)) or is_node(xs) or not isinstance(xs, Iterable)):
        raise TypeError(f"{what} takes a list of numbers or Values, got {type(xs).__name__} {short(xs)}")
    return tuple(xs)


def _some(what: str, xs: Any) -> tuple[Any, ...]:
    operands = _many(what, xs)
    if not operands:
        raise ValueError(f"{what} needs at least one number, got none")
    return operands
