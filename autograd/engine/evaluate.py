"""One row of the table evaluated with floats: its value, or an error that says what it needs, and its derivatives."""

from collections.abc import Callable
from typing import Any

from ..rules.floats import FLOATS
from ..rules.operation import Operation
from .errors import no_value, real
from .grad_mode import current_mode, modes


def evaluate(operation: Operation, operands: tuple[Any, ...], numbers: tuple[float, ...]) -> float:
    """The value of one row by floats, or an error that says what it needs."""
    try:
        data = operation.value(FLOATS, *numbers)
        if type(data) is float and data - data == 0.0:
            return data
        if type(data) is complex:
            raise ValueError
        data = real(data)
        if data - data == 0.0 or operation.ieee or any(x - x != 0.0 for x in numbers):
            return data  # infinity and NaN among the operands go the way of IEEE arithmetic
        raise ValueError if data != data else OverflowError
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        if modes and current_mode().ieee:
            return _ieee(lambda m, *xs: (operation.value(m, *xs),), *numbers)[0]
        labels = [getattr(x, "_label", "") for x in operands]
        raise no_value(operation, numbers, labels, type(error)) from None


def local_grads(operation: Operation, data: float, numbers: tuple[float, ...]) -> tuple[float, ...]:
    """The local derivatives of one row by floats; infinite where Python's arithmetic would raise (sqrt at 0)."""
    try:
        return operation.partials(FLOATS, data, *numbers)
    except (ValueError, ArithmeticError):
        return _ieee(operation.partials, data, *numbers)


def _ieee(rule: Callable[..., Any], *numbers: float) -> tuple[float, ...]:
    from ..rules.arrays import ieee  # loads NumPy, which most programs of Values never need

    return ieee(rule, *numbers)
