"""Checks of settings: each returns the setting as a plain number, or raises a ValueError with its name and value."""

import math
from typing import Any

from autograd import Value


def positive_int(name: str, n: Any, unit: str = "") -> int:
    """`n` as an int if it is a whole number from 1, else ValueError; `unit` is added to the message (" of epochs")."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{name} is a whole number{unit} from 1, got {n!r}")
    return int(n)


def non_negative(name: str, number: Any) -> float:
    """`number` as a float if it is finite and not negative, else ValueError."""
    if not is_number(number) or not 0.0 <= number < math.inf:
        raise ValueError(f"{name} is a number from 0, got {number!r}")
    return float(number)


def positive(name: str, number: Any) -> float:
    """`number` as a float if it is finite and above 0, else ValueError."""
    if not is_number(number) or not 0.0 < number < math.inf:
        raise ValueError(f"{name} is a number above 0, got {number!r}")
    return float(number)


def share(name: str, number: Any) -> float:
    """`number` as a float if it is from 0 and below 1, else ValueError."""
    if not is_number(number) or not 0.0 <= number < 1.0:
        raise ValueError(f"{name} is a number from 0 and below 1, got {number!r}")
    return float(number)


def is_number(x: Any) -> bool:
    """Whether x is one number: a Value, a number of Python or NumPy, or an array without axes."""
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))
