"""Checks of settings: each returns the setting as a plain number, or raises a ValueError with its name and value."""

import math
from collections.abc import Iterable
from typing import Any, SupportsFloat, SupportsInt

from autograd import Value

Number = Value | float  # a Value where it is recorded, else a plain number


def positive_int(name: str, n: SupportsInt, unit: str = "") -> int:
    """`n` as an int if it is a whole number from 1, and no larger than floats are, else ValueError.

    `unit` is added to the message, such as " of epochs".
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= _float(n) < math.inf:
        raise ValueError(f"{name} is a whole number{unit} from 1, got {n!r}")
    return int(n)


def non_negative(name: str, number: SupportsFloat) -> float:
    """`number` as a float if it is finite and not negative, else ValueError."""
    if not is_number(number) or not 0.0 <= _float(number) < math.inf:
        raise ValueError(f"{name} is a number from 0, got {number!r}")
    return float(number)


def positive(name: str, number: SupportsFloat) -> float:
    """`number` as a float if it is finite and above 0, else ValueError."""
    if not is_number(number) or not 0.0 < _float(number) < math.inf:
        raise ValueError(f"{name} is a number above 0, got {number!r}")
    return float(number)


def share(name: str, number: SupportsFloat) -> float:
    """`number` as a float if it is from 0 and below 1, else ValueError."""
    if not is_number(number) or not 0.0 <= _float(number) < 1.0:
        raise ValueError(f"{name} is a number from 0 and below 1, got {number!r}")
    return float(number)


def is_finite(x: Any) -> bool:
    """Whether x is a finite number, and no bool."""
    return is_number(x) and not isinstance(x, bool) and math.isfinite(_float(x))


def _float(number: Any) -> float:
    """The number as a float, infinite where it is an int that is too large."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def is_number(x: object) -> bool:
    """Whether x is one number: a Value, a number of Python or NumPy, or an array without axes."""
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))


def leaf_values(parameters: Iterable[Value]) -> list[Value]:
    """The parameters of an optimiser as a list, if they are different leaf Values; else TypeError or ValueError."""
    if hasattr(parameters, "parameters"):
        raise TypeError("an optimiser takes a list of parameters: pass model.parameters()")
    listed = list(parameters)
    for parameter in listed:
        if not isinstance(parameter, Value):
            raise TypeError(f"an optimiser takes a list of Values, got a {type(parameter).__name__} among them")
        if parameter.parents or not parameter.requires_grad:
            raise ValueError(f"an optimiser moves leaf Values, and {parameter!r} is calculated or constant")
    if not listed:
        raise ValueError("an optimiser needs at least one parameter, got none")
    if len(set(listed)) < len(listed):
        raise ValueError("a parameter is twice in the list of the optimiser, and would move twice a step")
    return listed


def checked_betas(betas: Iterable[float]) -> tuple[float, float]:
    """`betas` as two floats from 0 and below 1, else ValueError."""
    pair = list(betas) if hasattr(betas, "__iter__") else []
    if len(pair) != 2 or not all(is_number(beta) and 0.0 <= beta < 1.0 for beta in pair):
        raise ValueError(f"betas are numbers from 0 and below 1, two of them, got {betas!r}")
    return float(pair[0]), float(pair[1])


def check_state_number(number: object, start: float, lowest: float) -> None:
    """Raise ValueError for a number of the state of an optimiser that it cannot reach."""
    if not isinstance(number, (int, float)) or not is_finite(number):
        raise ValueError(f"the state of an optimiser is of finite numbers, got {number!r}")
    if isinstance(start, int) and not (isinstance(number, int) and number < 2**53):
        raise ValueError(f"the state of an optimiser counts steps in a whole number, got {number!r}")
    if number < lowest:
        raise ValueError(
            f"the state of an optimiser has the number {number!r}, where the lowest possible is {lowest!r}"
        )
