"""Products of a gradient and a slope that overflows alone, such as 1e-5 and 1/x at 1e-310: evaluated with quotients."""

from math import isfinite
from typing import Any

from ..rules.floats import FLOATS
from ..rules.quotients import Quotient, quotients, times
from ..rules.table import Namespace


def scaled_product(upstream: Any, node: Any, k: int, product: Any, m: Namespace, read: Any) -> Any:
    """`upstream` times the derivative of `node` by parent `k`, in an order that does not overflow on the way.

    Arguments:
        product: their product by IEEE 754, returned where the order makes no difference: the slope is infinite itself
            (sqrt at 0), or data was set since it was recorded.
        m, read: the namespace to evaluate the row with, and what it takes for a node: its float, or itself.
    """
    operation = node.operation
    try:
        if operation.value(FLOATS, *[parent._data for parent in node.parents]) != node._data:
            return product
        operands = [Quotient(read(parent)) for parent in node.parents]
        slope = operation.partials(quotients(m), Quotient(read(node)), *operands)[k]
        scaled = times(upstream, slope, number)
    except (ValueError, ArithmeticError, TypeError, AttributeError):  # m has no function for what the rule asks
        return product
    return scaled if isinstance(number(scaled), float) and isfinite(number(scaled)) else product


def number(x: Any) -> float:
    """The float of a gradient that may be a node itself."""
    data: float = getattr(x, "_data", x)
    return data
