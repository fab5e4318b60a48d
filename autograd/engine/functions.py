"""The public functions, made from the rows of the table: Values in, a node of the graph out; numbers in, a float out.

Functions of one number are methods of `Value` too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from keyword import iskeyword
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, SupportsFloat, overload

from ..rules import table
from ..rules.as_formulas import partial_formulas, value_formula
from ..rules.parts import complete
from ..rules.table import TABLE, Namespace, Operation
from .fast_ops import neurons, unequal, write_out
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
    function = write_out(row)
    function.__doc__ = _describe(row)
    if len(row.operands) == 1:
        function.__doc__ += f"\n\n>>> {row.name}(0.5)\n{apply(row, (0.5,))!r}"
        setattr(Value, row.name, function)
    return function


def _describe(row: Operation) -> str:
    names = list(row.operands)
    slopes = ", ".join(map(str, partial_formulas(row, "out", names)))
    lines = [
        f"{row.signature}: {row.about}.",
        "",
        f"Value ``{value_formula(row, names)}``, local derivatives ``({slopes})`` where out is the value.",
        "A Value for Values (with plain numbers among them, if you like), a float for plain numbers alone.",
    ]
    if row.domain:
        lines.append(f"Needs ``{row.domain}``; else ValueError, ZeroDivisionError or OverflowError.")
    return "\n".join(lines)


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
abs: Unary = _function(table.ABS)
sigmoid: Unary = _function(table.SIGMOID)
relu: Unary = _function(table.RELU)
elu: Unary = _function(table.ELU)
softplus: Unary = _function(table.SOFTPLUS)
silu: Unary = _function(table.SILU)
gelu: Unary = _function(table.GELU)
minimum: Binary = _function(table.MINIMUM)
maximum: Binary = _function(table.MAXIMUM)
_leaky_relu = _function(table.LEAKY_RELU)


def leaky_relu(x: Any, slope: Number = 0.01) -> Any:
    """leaky_relu(x, slope): x above 0, slope * x below, with derivative `slope` at 0 (Maas et al. 2013).

    `slope` may be a Value, and is then learned. A Value for Values, a float for plain numbers.

    >>> leaky_relu(-2.0), leaky_relu(-2.0, slope=0.5)
    (-0.02, -1.0)
    """
    return _leaky_relu(x, slope)


setattr(Value, "leaky_relu", leaky_relu)  # noqa: B010 (typed in the class)


def where(condition: Any, a: Number, b: Number) -> Any:
    """where(condition, a, b): `a` where the condition holds, else `b`; the other one gets gradient 0.

    >>> x = Value(-3.0)
    >>> where(x > 0, x, -x).data
    3.0
    """
    tape = current_mode().tape
    symbolic = tape is not None and isinstance(condition, Value)
    return apply(table.WHERE, (condition if symbolic else 1.0 if condition else 0.0, a, b))


def dot(ws: Iterable[Any], xs: Iterable[Number], bias: Any = 0) -> Any:
    """dot(ws, xs, bias): w1*x1 + ... + wn*xn + bias, as one node.

    Where `ws` is a list of rows (lists or tuples), it gives the list of the dots of each row, and `bias` may be a list
    too: a layer of neurons, which share their inputs. Raises ValueError when weights and `xs` differ in length, or rows
    and biases.

    >>> dot([2.0, -3.0], [1.0, 4.0], bias=0.5)
    -9.5
    >>> dot([[2.0, -3.0], [0.0, 1.0]], [1.0, 4.0], bias=[0.5, 0.0])
    [-9.5, 4.0]
    """
    many = type(ws) is list and bool(ws) and isinstance(ws[0], (list, tuple))
    if type(ws) is list and (many or type(xs) is list):
        xs = _many("dot(ws, xs)", xs)
        rows = ws if many else [ws]
        biases = bias if many and isinstance(bias, (list, tuple)) else [bias] * len(rows)
        if len(rows) != len(biases):
            raise ValueError(f"dot(rows, xs, biases) needs as many biases as rows, got {len(biases)} and {len(rows)}")
        with suppress(AttributeError, TypeError):  # of what is no Value, or no row
            nodes = neurons(rows, xs, biases)
            return nodes if many else nodes[0]
        if many:
            return [dot(row, xs, b) for row, b in zip(rows, biases, strict=True)]
    weights, inputs = _many("dot(ws, xs)", ws), _many("dot(ws, xs)", xs)
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

    With an index from 0, the one at this place alone, as one node; in a compiled function it may be an input.
    Raises ValueError when there are none.

    >>> log_softmax([1000.0, 0.0]), log_softmax([37.0, 0.0], 0)
    ([0.0, -1000.0], -8.533047625744066e-17)
    """
    operands = _some("log_softmax(xs)", xs)
    if index is not None:
        known = current_mode().tape is None or not isinstance(index, Value)
        return apply(table.LOG_SOFTMAX, (_place("log_softmax", index, len(operands)) if known else index, *operands))
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
    if current_mode().tape is not None:  # which probability is large, may differ from example to example
        return [apply(row, (k, *xs)) for k in range(len(xs))]
    top = largest(xs)
    shifted = [x - top for x in xs]
    powers = [exp(x) for x in shifted]
    norm = total(powers)
    return [
        small(shifted[k], power, norm) if power <= 0.5 * norm else apply(row, (k, *xs))
        for k, power in enumerate(powers)
    ]


def take(xs: Sequence[Any], index: Any) -> Any:
    """take(xs, index): ``xs[index]``, where in a compiled function the index may be an input, such as a class.

    Raises ValueError when `index` is no whole number from 0 to len(xs) - 1.

    >>> take([10.0, 20.0, 30.0], 1)
    20.0
    """
    tape = current_mode().tape
    if tape is not None and isinstance(index, Value):
        return tape.take(xs, index)
    return xs[_place("take", index, len(xs))]


def _place(what: str, index: Any, n: int) -> int:
    number = float(index)
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
    tape = current_mode().tape
    return generator.random() if tape is None else tape.random(generator)


def largest(xs: Sequence[Number]) -> Any:
    """The largest of `xs` as a constant."""
    tape = current_mode().tape
    if tape is not None and any(isinstance(x, Value) for x in xs):
        return tape.largest(xs)
    return max(map(float, xs))


def primitive(
    name: str, *, value: Callable[..., Any], partials: Callable[..., tuple[Any, ...]], domain: str = ""
) -> Callable[..., Any]:
    """Add an operation of your own to the table; returns the function for it.

    Arguments:
        name: an identifier that no operation of this package has. Defining it again replaces it.
        value: ``value(m, x, ...)``, the result, written with ``+ - * / **``, comparisons and the functions of `m`.
        partials: ``partials(m, out, x, ...)``, a tuple of the derivatives by each operand; `out` is the result.
        domain: a condition on the operands, such as ``"x > 0"``, for error messages.

    Backward, second derivatives, drawing, stepping and compiling follow from these two rules.

    >>> cube = primitive("cube", value=lambda m, x: x * x * x, partials=lambda m, out, x: (3.0 * x * x,))
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0
    """
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        raise ValueError(f"an operation's name is an identifier that begins with a letter, got {name!r}")
    if (name in TABLE and name not in _own) or name in ("inf", "largest", "max", "nan", "sum"):
        raise ValueError(f"{name!r} has a meaning in the rules of this package already: choose another name")
    if not isinstance(value, FunctionType) or not isinstance(partials, FunctionType):
        raise TypeError(f"primitive({name!r}) needs functions made by def or lambda for value and partials")

    def checked(m: Namespace, out: Any, *operands: Any) -> tuple[Any, ...]:
        slopes = partials(m, out, *operands)
        if not isinstance(slopes, tuple) or len(slopes) != len(operands):
            raise TypeError(
                f"the partials of {name!r} must be a tuple of {len(operands)}, one an operand: got {slopes!r}"
            )
        if any(isinstance(slope, complex) for slope in slopes):  # the power of a negative number: NaN, as for NumPy
            raise ValueError(f"the partials of {name!r} have no value here")
        return slopes

    row = Operation(name, "defined by the user", value, checked, domain)
    if not row.operands or row.variadic:
        raise ValueError(f"the value of {name!r} needs m and a fixed number of operands: value=lambda m, x: ...")
    about = _describe(row)
    function = write_out(row)
    function.__doc__ = about
    TABLE[name] = row  # now that both rules have been read
    _own.add(name)
    return function


_own: set[str] = set()  # the names of the user's operations


def _many(what: str, xs: Any) -> tuple[Any, ...]:
    if type(xs) is not list and (isinstance(xs, (str, bytes, Mapping, Value)) or not isinstance(xs, Iterable)):
        raise TypeError(f"{what} takes a list of numbers or Values, got {type(xs).__name__} {xs!r}")
    return tuple(xs)


def _some(what: str, xs: Any) -> tuple[Any, ...]:
    operands = _many(what, xs)
    if not operands:
        raise ValueError(f"{what} needs at least one number, got none")
    return operands


def _read(_: Namespace, row: Operation) -> Callable[..., Any]:
    return lambda *operands: apply(row, operands)


def pick(condition: Any, a: Any, b: Any) -> Any:
    if isinstance(condition, Value):  # a comparison of a function that is being compiled
        return where(condition, a, b)
    return a if condition else b


def add_up(terms: Iterable[Any], *rest: Any) -> Any:
    first, *others = (*terms, *rest)
    for term in others:
        first = first + term
    return first


def positions(xs: Any) -> range:
    return range(len(xs))


def tail(condition: Any, exact: Callable[[], Any], textbook: Any) -> Any:
    if isinstance(condition, Value):
        return where(condition, exact(), textbook)
    return exact() if condition else textbook


def probabilities(xs: Sequence[Any]) -> list[Any]:
    return [apply(table.SOFTMAX, (k, *xs)) for k in range(len(xs))]


# The reading of the table by Values: local derivatives that are graphs again.
VALUES = complete(
    Namespace(
        _read,
        where=pick,
        tail=tail,
        sum=add_up,
        largest=largest,
        count=len,
        positions=positions,
        take=lambda index, xs: take(xs, index),
        probabilities=probabilities,
    )
)
