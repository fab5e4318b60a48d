"""What a setting must be: a whole number from 1, a number from 0, or an error that names it and what came instead."""

import math
from typing import Any

from autograd import Value


def counted(name: str, n: Any, of: str = "") -> int:
    """`n` as an int, when it is a whole number from 1; else ValueError. `of` tells what is counted."""
    if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
        raise ValueError(f"{name} is a whole number{of} from 1, got {n!r}")
    return int(n)


def at_least_0(name: str, number: Any) -> float:
    """`number` as a float, when it is finite and not negative; else ValueError."""
    if not is_number(number) or not 0.0 <= number < math.inf:
        raise ValueError(f"{name} is a number from 0, got {number!r}")
    return float(number)


def above_0(name: str, number: Any) -> float:
    """`number` as a float, when it is finite and above 0; else ValueError."""
    if not is_number(number) or not 0.0 < number < math.inf:
        raise ValueError(f"{name} is a number above 0, got {number!r}")
    return float(number)


def is_number(x: Any) -> bool:
    """Whether x is one number: a Value, Python's, or NumPy's, such as an array without axes."""
    return isinstance(x, (Value, int, float)) or (hasattr(x, "__float__") and not getattr(x, "shape", ()))
