"""The public functions, made from the rows of the table: Values in, a node of the graph out; numbers in, a float out.

Functions of one number are methods of `Value` too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, SupportsFloat, overload

from ..rules import table
from ..rules.floats import FLOATS
from ..rules.operation import Operation
from .docstrings import example
from .errors import is_node, short
from .fast_ops import generated, neurons, unequal
from .grad_mode import current_mode
from .value import Value, apply

if TYPE_CHECKING:
    from random import Random

Number = SupportsFloat  # a Value, or anything with a real float value


class Unary(Protocol):
    """A function of one number: a Value for a Value, a float for a plain number."""

    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...


class Binary(Protocol):
    """A function of two numbers: a Value where one of them is a Value, else a float."""

    @overload
    def __call__(self, x: Value, y: Number, /) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...


def _function(row: Operation) -> Any:
    function = generated(row)
    function.__doc__ = f"{function.__doc__}\n\n{example(row, function)}"
    return function


exp: Unary = _function(table.EXP)
expm1: Unary = _function(table.EXPM1)
log: Unary = _function(table.LOG)
log1p: Unary = _function(table.LOG1P)
sqrt: Unary = _function(table.SQRT)
sin: Unary = _function(table.SIN)
cos: Unary = _function(table.COS)
tan: Unary = _function(table.TAN)
sinh: Unary = _function(table.SINH)
cosh: Unary = _function(table.COSH)
tanh: Unary = _function(table.TANH)
arcsin: Unary = _function(table.ARCSIN)
arccos: Unary = _function(table.ARCCOS)
arctan: Unary = _function(table.ARCTAN)
erf: Unary = _function(table.ERF)
erfc: Unary = _function(table.ERFC)
abs: Unary = _function(table.ABS)
sigmoid: Unary = _function(table.SIGMOID)
relu: Unary = _function(table.RELU)
elu: Unary = _function(table.ELU)
softplus: Unary = _function(table.SOFTPLUS)
silu: Unary = _function(table.SILU)
gelu: Unary = _function(table.GELU)
log2: Unary = _function(table.LOG2)
log10: Unary = _function(table.LOG10)
cbrt: Unary = _function(table.CBRT)
sign: Unary = _function(table.SIGN)
arcsinh: Unary = _function(table.ARCSINH)
arccosh: Unary = _function(table.ARCCOSH)
arctanh: Unary = _function(table.ARCTANH)
log_sigmoid: Unary = _function(table.LOG_SIGMOID)
selu: Unary = _function(table.SELU)
mish: Unary = _function(table.MISH)
arctan2: Binary = _function(table.ARCTAN2)
hypot: Binary = _function(table.HYPOT)
_minimum: Binary = _function(table.MINIMUM)
_maximum: Binary = _function(table.MAXIMUM)
_leaky_relu = _function(table.LEAKY_RELU)
_clamp = _function(table.CLAMP)


def leaky_relu(x: Any, slope: Number = 0.01) -> Any:
    """leaky_relu(x, slope): x above 0, slope * x below, with derivative `slope` at 0 (Maas et al. 2013).

    Arguments:
        x: a Value or a plain number.
        slope: the same; a Value is learned.

    Returns a Value if an operand is one, a float for plain numbers alone.

    >>> leaky_relu(-2.0), leaky_relu(-2.0, slope=0.5)
    (-0.02, -1.0)
    """
    return _leaky_relu(x, slope)


def clamp(x: Any, low: Number, high: Number) -> Any:
    """clamp(x, low, high): x, not below `low` and not above `high`; its derivative is 1 at these borders.

    Arguments:
        x, low, high: Values or plain numbers; `low` is not above `high`.

    Returns a Value if an operand is one, a float for plain numbers alone.

    >>> clamp(5.0, 0.0, 1.0), clamp(0.25, 0.0, 1.0)
    (1.0, 0.25)
    """
    return _clamp(x, low, high)


def minimum(x: Any, y: Any, *more: Any) -> Any:
    """minimum(x, y, ...): the smallest of two or more numbers; NaN where one of them is NaN.

    The gradient goes to the smallest; where two are equal, they share it equally. Returns a Value if an operand is one,
    a float for plain numbers alone.

    >>> minimum(3.0, 1.0, 2.0)
    1.0
    """
    return apply(table.MIN, (x, y, *more)) if more else _minimum(x, y)


def maximum(x: Any, y: Any, *more: Any) -> Any:
    """maximum(x, y, ...): the largest of two or more numbers; NaN where one of them is NaN.

    The gradient goes to the largest; where two are equal, they share it equally. Returns a Value if an operand is one,
    a float for plain numbers alone.

    >>> maximum(3.0, 1.0, 2.0)
    3.0
    """
    return apply(table.MAX, (x, y, *more)) if more else _maximum(x, y)


def where(condition: Any, a: Number, b: Number) -> Any:
    """where(condition, a, b): `a` where the condition holds, else `b`. No gradient reaches the other one.

    Arguments:
        condition: a bool, such as ``x > 0``, or a number; in a compiled function both sides are kept.
        a, b: Values or plain numbers.

    Returns a Value if `a` or `b` is one, a float for plain numbers alone.

    >>> x = Value(-3.0)
    >>> where(x > 0, x, -x).data
    3.0
    """
    tracer = current_mode().tracer
    symbolic = tracer is not None and isinstance(condition, Value)
    return apply(table.WHERE, (condition if symbolic else 1.0 if condition else 0.0, a, b))


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
    """total(xs): the sum of many numbers, as one node. The sum of none is 0.0.

    >>> total([1.0, 2.0, 3.5])
    6.5
    """
    operands = _many("total(xs)", xs)
    return apply(table.TOTAL, operands) if operands else 0.0


def mean(xs: Iterable[Number]) -> Any:
    """mean(xs): the arithmetic mean, as one node. Raises ValueError when there are none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return apply(table.MEAN, _some("mean(xs)", xs))


def prod(xs: Iterable[Number]) -> Any:
    """prod(xs): the product of many numbers, as one node. The product of none is 1.0.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    operands = _many("prod(xs)", xs)
    return apply(table.PROD, operands) if operands else 1.0


def norm(xs: Iterable[Number]) -> Any:
    """norm(xs): the length of a vector, √(x1² + ... + xn²), as one node; its gradient is 0 at the origin.

    Raises ValueError when there are none.

    >>> norm([3.0, 4.0])
    5.0
    """
    return apply(table.NORM, _some("norm(xs)", xs))


def logsumexp(xs: Iterable[Number]) -> Any:
    """logsumexp(xs): log(exp(x1) + ... + exp(xn)), as one node that cannot overflow.

    Raises ValueError when there are none.

    >>> round(logsumexp([1000.0, 1000.0]), 6)
    1000.693147
    """
    return apply(table.LOGSUMEXP, _some("logsumexp(xs)", xs))


def softmax(xs: Iterable[Number]) -> list[Any]:
    """softmax(xs): exp(xi) / (exp(x1) + ... + exp(xn)) for each i; they are positive and add up to 1.

    Raises ValueError when there are none.

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

    Returns a list, or with an index the one at this place, as one node. Raises ValueError when there are none.

    >>> log_softmax([1000.0, 0.0]), log_softmax([37.0, 0.0], 0)
    ([0.0, -1000.0], -8.533047625744066e-17)
    """
    operands = _some("log_softmax(xs)", xs)
    if index is not None:
        symbolic = current_mode().tracer is not None and isinstance(index, Value)
        place = index if symbolic else float(_place("log_softmax", index, len(operands)))
        return apply(table.LOG_SOFTMAX, (place, *operands))
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
    powers = [exp(x) for x in shifted]
    norm = total(powers)
    return [
        small(shifted[k], power, norm) if power <= 0.5 * norm else apply(row, (float(k), *xs))
        for k, power in enumerate(powers)
    ]


def take(xs: Sequence[Any], index: Any) -> Any:
    """take(xs, index): ``xs[index]``, where in a compiled function the index may be an input, such as a class.

    Raises ValueError when `index` is no whole number from 0 to len(xs) - 1.

    >>> take([10.0, 20.0, 30.0], 1)
    20.0
    """
    tracer = current_mode().tracer
    if tracer is not None and isinstance(index, Value):
        return tracer.take(xs, index)
    return xs[_place("take", index, len(xs))]


def _place(what: str, index: Any, n: int) -> int:
    number = index._data if isinstance(index, Value) else float(index)
    if not (number.is_integer() and 0 <= number < n):
        raise ValueError(f"{what}(xs, index) needs a whole number from 0 to {n - 1}, got {number:g}")
    return int(number)


def uniform(generator: "Random") -> Any:
    """uniform(generator): a random number from 0 to 1, as ``generator.random()`` gives it, without a gradient.

    In a compiled function it is drawn for every example and every call, in the order in which the function would.

    >>> from random import Random
    >>> uniform(Random(1)) == Random(1).random()
    True
    """
    if not hasattr(generator, "random"):
        raise TypeError(
            f"uniform(generator) takes a random.Random, got {type(generator).__name__} {short(generator)}: "
            "write uniform(random.Random(3)) for the first number of seed 3"
        )
    tracer = current_mode().tracer
    return generator.random() if tracer is None else tracer.random(generator)


def largest(xs: Sequence[Number]) -> Any:
    """The largest of `xs` as a constant, NaN where one is."""
    tracer = current_mode().tracer
    if tracer is not None and any(isinstance(x, Value) for x in xs):
        return tracer.largest(xs)
    return FLOATS.largest([x._data if isinstance(x, Value) else float(x) for x in xs])


def smallest(xs: Sequence[Number]) -> Any:
    """The smallest of `xs` as a constant, NaN where one is."""
    return -largest([-x for x in xs])  # type: ignore[operator]


def _many(what: str, xs: Any) -> tuple[Any, ...]:
    if type(xs) is not list and (isinstance(xs, (str, bytes, Mapping)) or is_node(xs) or not isinstance(xs, Iterable)):
        raise TypeError(f"{what} takes a list of numbers or Values, got {type(xs).__name__} {short(xs)}")
    return tuple(xs)


def _some(what: str, xs: Any) -> tuple[Any, ...]:
    operands = _many(what, xs)
    if not operands:
        raise ValueError(f"{what} needs at least one number, got none")
    return operands
