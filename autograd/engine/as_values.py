"""The table evaluated with Values: local derivatives that are graphs again, and can be differentiated."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..rules import table
from ..rules.operation import Namespace, Operation
from ..rules.parts import complete
from .traced import largest, smallest, take, where
from .value import Value, apply


def _read(_: Namespace, row: Operation) -> Callable[..., Any]:
    return lambda *operands: apply(row, operands)


def pick(condition: Any, a: Any, b: Any) -> Any:
    """The side that was taken, so that nothing of the other one gets into the graph."""
    if isinstance(condition, Value):  # a comparison of a function that is being compiled: both sides are needed
        return where(condition, a, b)
    return a if condition else b


def add_up(terms: Iterable[Any], *rest: Any) -> Any:
    """The sum of the terms, node by node."""
    first, *others = (*terms, *rest)
    for term in others:
        first = first + term
    return first


def positions(xs: Any) -> range:
    """0, 1, ..., n - 1 for n numbers."""
    return range(len(xs))


def tail(condition: Any, exact: Callable[[], Any], textbook: Any) -> Any:
    """The form that was taken."""
    if isinstance(condition, Value):
        return where(condition, exact(), textbook)
    return exact() if condition else textbook


def probabilities(xs: Sequence[Any]) -> list[Any]:
    """The softmax of `xs`, as rows."""
    return [apply(table.SOFTMAX, (float(k), *xs)) for k in range(len(xs))]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": pick,
    "sum": add_up,
    "largest": largest,
    "smallest": smallest,
    "count": len,
    "positions": positions,
    "take": lambda index, xs: take(xs, index),
}
VALUES = complete(Namespace(_read, **FUNCTIONS, tail=tail, probabilities=probabilities))
