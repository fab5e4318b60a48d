"""Why a loss is not finite any more: the node where infinity or NaN began, in words.

Addition and multiplication overflow silently to infinity, and NaN follows; other operations raise. So the graph
of a loss that is not finite has a node that is not, whose operands all are.
"""

import math

from autograd import Value

WAY_OUT = "lower the learning rate, shorten the gradient (max_norm=1.0) or standardise the inputs"


def where_it_began(loss: Value) -> str:
    """The node behind `loss` that is not finite although its operands are, its operation and its numbers.

    >>> x = Value(1e200, "x")
    >>> where_it_began(x * x + 1)
    "it began at '*' = inf of 1e+200 (node 'x'), 1e+200 (node 'x')"
    """
    node = loss
    while beyond := [parent for parent in node.parents if not math.isfinite(parent.data)]:
        node = beyond[0]
    named = f" (node {node.label!r})" if node.label else ""
    part = f" in {'.'.join(node.scope.path)}" if node.scope else ""
    if not node.op:
        return f"it began at the number {node.data!r}{named}{part}"
    operands = sorted(node.parents, key=lambda parent: -abs(parent.data))[:4] if len(node.parents) > 4 else node.parents
    numbers = ", ".join(f"{p.data!r}{f' (node {p.label!r})' if p.label else ''}" for p in operands)
    more = ", ..." if len(node.parents) > len(operands) else ""
    return f"it began at {node.op!r} = {node.data!r}{named}{part} of {numbers}{more}"


def with_name(error: Exception, name: str) -> Exception:
    """An exception of the same class (ValueError if that cannot be made) whose message begins with a name."""
    message = f"{name}: {error}"
    try:
        return type(error)(message)
    except TypeError:  # a class that is not made of one message
        return ValueError(message)
