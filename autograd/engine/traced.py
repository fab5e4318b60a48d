"""What a function that is being compiled records in a way of its own: conditions, places in lists, random numbers.

Outside `compile` these are plain Python.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..rules import table
from ..rules.floats import FLOATS
from .errors import short
from .grad_mode import current_mode
from .signatures import Number
from .value import Value, apply

if TYPE_CHECKING:
    from random import Random


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


def take(xs: Sequence[Any], index: Any) -> Any:
    """take(xs, index): ``xs[index]``, where in a compiled function the index may be an input, such as a class.

    Arguments:
        xs: a list or tuple.
        index: a whole number, or a Value that holds one.

    Returns the item. Raises ValueError when `index` is no whole number from 0 to len(xs) - 1.

    >>> take([10.0, 20.0, 30.0], 1)
    20.0
    """
    tracer = current_mode().tracer
    if tracer is not None and isinstance(index, Value):
        return tracer.take(xs, index)
    return xs[place("take", index, len(xs))]


def place(what: str, index: Any, n: int) -> int:
    """`index` as a whole number from 0 to n - 1."""
    number = index._data if isinstance(index, Value) else float(index)
    if not (number.is_integer() and 0 <= number < n):
        raise ValueError(f"{what}(xs, index) needs a whole number from 0 to {n - 1}, got {number:g}")
    return int(number)


def uniform(generator: "Random") -> Any:
    """uniform(generator): a random number from 0 to 1, as ``generator.random()`` gives it, without a gradient.

    Arguments:
        generator: a random.Random, or anything with a method `random`.

    Returns a float. In a compiled function it is drawn for every example and every call, in the order in which the
    function would.

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
