"""Expanding: the same value as a graph of primitives, each fused node replaced by its formula."""

from typing import Any

from ..rules.as_formulas import is_composed, textbook
from ..rules.parts import complete
from ..rules.table import Namespace, Operation
from .backward import topological_order
from .functions import add_up, largest, pick, positions
from .grad import _require_value
from .grad_mode import inside
from .value import Value, apply


def expand(output: Value) -> Value:
    """The same value as a graph of primitives on the same leaves: dot as products and sums, sigmoid as its formula.

    A function defined by a choice, such as relu, stays whole. Raises OverflowError where a formula written out
    overflows although the operation does not (sigmoid below -709).

    >>> w, x = Value(2.0), Value(-1.0)
    >>> expand((w * x).sigmoid()).op
    '/'
    """
    _require_value("output", output)
    written: dict[Value, Value] = {}
    for node in topological_order(output):
        if node.operation is None or not node.parents:
            written[node] = node
            continue
        operands = [written[parent] for parent in node.parents]
        with inside(node.scope):
            result = _write_out(_EXPANDED, node.operation)(*operands)
        if node.label and not result.label and result not in operands:
            result.label = node.label
        written[node] = result
    return written[output]


def _write_out(m: Namespace, operation: Operation) -> Any:
    def calculate(*operands: Any) -> Any:
        if is_composed(operation, len(operands)):
            return operation.value(m, *operands)
        return apply(operation, operands)

    return calculate


# Values again, but an operation that is a formula of others is replaced by that formula.
_EXPANDED = Namespace(_write_out, where=pick, sum=add_up, largest=largest, count=len, positions=positions)
vars(_EXPANDED).update(textbook(_EXPANDED) | {"take": lambda index, xs: xs[int(float(index))]})
complete(_EXPANDED)
