"""Functions of a rule's namespace that are made of others, for every reading but text.

They are what the rows over many numbers and in the far tails have in common. `m` is the namespace; numbers are floats,
arrays or instructions.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .table import Namespace


def tail(m: Any, condition: Any, exact: Callable[[], Any], textbook: Any) -> Any:
    """`exact()` in a tail where the textbook's form overflows or has no digits left; text shows that form alone."""
    return m.where(condition, exact(), textbook)


def exact(_: Any, number: Any, textbook: Callable[[], Any]) -> Any:  # noqa: ARG001 (which text reads)
    """`number`; text shows `textbook()`, the form that loses digits."""
    return number


def is_zero(_: Any, x: Any) -> bool:
    """Whether x is a plain number, 0."""
    return isinstance(x, (int, float)) and not x


def below(m: Any, xs: Sequence[Any], top: Any) -> Any:
    """log(Σ exp(x - top)) where `top` is the largest: log1p of all terms but one 1, which are never negative."""
    small = m.sum([m.where(x < top, m.exp(x - top), 0.0) for x in xs])
    ties = m.sum([m.where(x < top, 0.0, 1.0) for x in xs])
    return m.log1p(small + (ties - 1.0))


def probabilities(m: Any, xs: Sequence[Any]) -> list[Any]:
    """The softmax of `xs`."""
    top = m.largest(xs)  # exp(x - logsumexp) would be shorter, but that is rounded: an offset of 1e8 costs 8 digits
    powers = [m.exp(x - top) for x in xs]
    total = m.sum(powers)
    return [power / total for power in powers]


def length(m: Any, xs: Sequence[Any]) -> Any:
    """√(Σ x²), of the numbers divided by the largest, so that no square overflows."""
    top = m.largest([m.abs(x) for x in xs])
    scale = m.where(top > 0.0, top, 1.0)
    parts = [x / scale for x in xs]
    return m.where(top < float("inf"), top * m.sqrt(m.sum([part * part for part in parts])), top)


def product(_: Any, xs: Sequence[Any]) -> Any:
    result, *others = xs
    for x in others:
        result = result * x
    return result


def products_of_others(_: Any, xs: Sequence[Any]) -> list[Any]:
    """For each of `xs` the product of the others, without a division (one of them may be 0)."""
    before: list[Any] = [1.0]
    after: list[Any] = [1.0]
    for x, y in zip(xs[:-1], xs[:0:-1], strict=True):
        before.append(before[-1] * x)
        after.append(after[-1] * y)
    return [a * b for a, b in zip(before, reversed(after), strict=True)]


_PARTS: tuple[Callable[..., Any], ...] = (
    tail,
    exact,
    is_zero,
    below,
    probabilities,
    length,
    product,
    products_of_others,
)


def complete(m: Namespace) -> Namespace:
    """`m` with all of these functions, but for those that it has already."""
    for function in _PARTS:
        vars(m).setdefault(function.__name__, partial(function, m))
    return m
