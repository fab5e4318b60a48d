"""Predictions and targets of one example as the losses take them, checked: errors say what does not fit."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, SupportsFloat

from autograd import Value

from .checks import Number, is_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import TypeIs

    Several = Sequence[Number] | NDArray[np.number[Any]]
    Numbers = Number | Several  # of one output, or of several


def check_single(loss: str, what: str, x: "Numbers") -> None:
    """Raise TypeError for a list where a loss takes one number."""
    if is_list(x):
        raise TypeError(f"{loss} needs one {what}, got a list of {len(x)}: for one class of several, use cross_entropy")


def is_list(x: object) -> "TypeIs[Several]":
    """Whether x is a list of numbers: a list, a tuple, or an array with an axis."""
    return isinstance(x, (list, tuple)) or bool(getattr(x, "shape", ()))


def errors_of(loss: str, prediction: "Numbers", target: "Numbers") -> list[Number]:
    """prediction - target, for each output; ValueError when they differ in length."""
    predictions, targets = _list(prediction), _list(target)
    if len(predictions) != len(targets):
        hint = "; for a class of several, use cross_entropy" if len(targets) == 1 and _is_whole(targets[0]) else ""
        raise ValueError(
            f"{loss} needs as many targets as predictions, got {len(targets)} and {len(predictions)}{hint}"
        )
    return [p - t for p, t in zip(predictions, targets, strict=True)]


def _is_whole(x: Number) -> bool:
    return isinstance(x, Value) or (is_number(x) and x == int(x))


def _list(x: "Numbers") -> list[Number]:
    return list(x) if is_list(x) else [x]


def class_index(target: SupportsFloat, n: int) -> int:
    """The class as an int, if it is one of n; else ValueError."""
    number = -1.0
    if type(target).__name__ not in ("bool", "bool_"):  # of Python and NumPy: more likely a mistake than a class
        with suppress(TypeError, ValueError):
            number = float(target)
    if not 0 <= number < n or number != int(number):
        raise ValueError(f"cross_entropy needs a class from 0 to {n - 1}, got {target!r}")
    return int(number)


def checked_probabilities(what: str, probabilities: Iterable[Number], n: int) -> list[Number]:
    """`probabilities` as a list, checked as far as they are plain numbers."""
    listed = list(probabilities)
    if len(listed) != n:
        raise ValueError(f"{what} needs {n} probabilities, got {len(listed)}")
    if any(isinstance(p, Value) for p in listed):
        return listed
    if not all(p >= 0.0 for p in listed) or not -1e-6 <= sum(listed) - 1.0 <= 1e-6:
        raise ValueError(f"{what} needs probabilities from 0 that add up to 1, got {probabilities!r}")
    return listed
