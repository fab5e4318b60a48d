"""Expanding: the same value as a graph of primitives, each fused node replaced by its formula."""

from math import isfinite, isnan
from typing import Any

from ..rules.as_formulas import is_composed, textbook
from ..rules.operation import Namespace, Operation
from ..rules.parts import complete
from .as_values import FUNCTIONS
from .backward import topological_order
from .errors import named, require_value
from .scope import inside
from .value import Value, apply, constant


def expand(output: Value) -> Value:
    """The same value as a graph of primitives on the same leaves: dot as products and sums, sigmoid as its formula.

    Arguments:
        output: the Value to expand.

    Returns a new Value. A function defined by a choice, such as relu, stays whole. The formulas are those of the
    textbook, with fewer digits in the far tails. Raises OverflowError where such a formula overflows although the
    operation does not (sigmoid below -709).

    >>> w, x = Value(2.0), Value(-1.0)
    >>> expand((w * x).sigmoid()).op
    '/'
    """
    require_value("output", output)
    expanded: dict[Value, Value] = {}
    for node in topological_order(output):
        if node.operation is None or not node.parents:
            expanded[node] = node
            continue
        operands = [expanded[parent] for parent in node.parents]
        with inside(node.scope):
            result = _expanded(_EXPANDED, node.operation)(*operands)
        if not isinstance(result, Value):  # a constant
            result = constant(result)
        if result._data != node._data and not isfinite(result._data) and not isnan(node._data):
            raise OverflowError(
                f"the formula of {node.op}{named(node.label)} overflows at {node._data:g} when expanded"
            )
        if node.label and not result.label and result not in operands:
            result.label = node.label
        expanded[node] = result
    return expanded[output]


def _expanded(m: Namespace, operation: Operation) -> Any:
    def calculate(*operands: Any) -> Any:
        if is_composed(operation, len(operands)):
            return operation.value(m, *operands)
        return apply(operation, operands)

    return calculate


# Values again, but an operation that is a formula of others is replaced by that formula.
_EXPANDED = Namespace(_expanded, **FUNCTIONS)
vars(_EXPANDED).update(textbook(_EXPANDED))
complete(_EXPANDED)
