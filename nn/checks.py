"""Checks of settings: each returns the setting as a plain number, or raises a ValueError with its name and value."""

import math
from typing import Any

from autograd import Value


def positive_int(name: str, n: Any, unit: str = "") -> int:
    """`n` as an int if it is a whole number from 1, and no larger than floats are, else ValueError.

    `unit` is added to the message, such as " of epochs".
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= _float(n) < math.inf:
        raise ValueError(f"{name} is a whole number{unit} from 1, got {n!r}")
    return int(n)


def non_negative(name: str, number: Any) -> float:
    """`number` as a float if it is finite and not negative, else ValueError."""
    if not is_number(number) or not 0.0 <= _float(number) < math.inf:
        raise ValueError(f"{name} is a number from 0, got {number!r}")
    return float(number)


def positive(name: str, number: Any) -> float:
    """`number` as a float if it is finite and above 0, else ValueError."""
    if not is_number(number) or not 0.0 < _float(number) < math.inf:
        raise ValueError(f"{name} is a number above 0, got {number!r}")
    return float(number)


def share(name: str, number: Any) -> float:
    """`number` as a float if it is from 0 and below 1, else ValueError."""
    if not is_number(number) or not 0.0 <= number < 1.0:
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


def is_number(x: Any) -> bool:
    """Whether x is one number: a Value, a number of Python or NumPy, or an array without axes."""
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))
