"""What the chain rule gives beyond `backward`: gradients as results, their own gradients, written-out formulas, paths.

The local derivatives of a node are read from the table by floats when it is made; read by Values, they are graphs
themselves, and so is the gradient, which can be differentiated again.
"""

from collections.abc import Iterable
from typing import Any, Literal, overload

from ..rules import table
from ..rules.table import Operation
from .backward import chain_rule, gradients
from .functions import VALUES
from .grad_mode import current_mode, set_mode
from .value import Value, apply, constant, evaluate, local_grads


@overload
def grad(output: Value, inputs: Iterable[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def grad(output: Value, inputs: Iterable[Value], create_graph: Literal[True]) -> list[Value]: ...
def grad(output: Value, inputs: Iterable[Value], create_graph: bool = False) -> list[float] | list[Value]:
    """The gradients of `output` by each of `inputs`, in their order, without touching any `.grad`.

    Arguments:
        output: the Value to differentiate.
        inputs: Values, leaves or inner nodes; one on which `output` does not depend has gradient 0.
        create_graph: give Values, which can be differentiated again, to any order, instead of floats.

    Raises TypeError when something else than Values comes, ValueError when a gradient becomes NaN or when, with
    `create_graph`, the data of a leaf was changed after `output` was calculated.

    >>> x = Value(2.0)
    >>> y = x**3
    >>> (slope,) = grad(y, [x], create_graph=True)
    >>> slope.data, grad(slope, [x])
    (12.0, [12.0])
    """
    wanted = _values(inputs)
    _require_value("output", output)
    if create_graph or current_mode().tape is not None:  # in a compiled function, floats would be one example's
        total = gradients(output, wanted, 1.0, _local_values, _chain_of_values)
        slopes = [g if isinstance(g := total.get(x, 0.0), Value) else constant(g) for x in wanted]
        return slopes if create_graph else [slope.detach() for slope in slopes]
    total = gradients(output, wanted, 1.0, lambda node: node.local_grads)
    return [total.get(x, 0.0) for x in wanted]


def _chain_of_values(upstream: Any, local: Any) -> Any:
    """`chain_rule`, where a local derivative of exactly 0 may be a Value and the upstream gradient infinite."""
    if isinstance(upstream, Value) and isinstance(local, Value):
        if current_mode().tape is not None:  # for other examples neither may hold
            return apply(table.CHAIN, (upstream, local))
        if local._data == 0.0 and upstream._data - upstream._data != 0.0:
            return 0.0
    return chain_rule(upstream, local)


def _local_values(node: Value) -> tuple[Any, ...]:
    """The local derivatives of a node as Values on its own parents; plain numbers stay plain numbers."""
    operation = node.operation
    if operation is None:
        return ()
    if node.local_grads:  # a node that is traced to be compiled has none: there is nothing recorded to differ from
        _require_unchanged(node, operation)
    operands = [parent if parent.requires_grad else parent._data for parent in node.parents]
    try:
        return operation.partials(VALUES, node, *operands)
    except (ValueError, ArithmeticError):  # one is infinite, as it may be without create_graph
        mode = current_mode()
        set_mode(mode._replace(ieee=True))
        try:
            return operation.partials(VALUES, node, *operands)
        finally:
            set_mode(mode)


def _require_unchanged(node: Value, operation: Operation) -> None:
    numbers = tuple(parent._data for parent in node.parents)
    now = evaluate(operation, node.parents, numbers)
    then = (node._data, *node.local_grads)
    for before, after in zip(then, (now, *local_grads(operation, now, numbers)), strict=True):
        if before != after and (before == before or after == after):  # NaN is still NaN
            label = f" (node {node.label!r})" if node.label else ""
            raise ValueError(
                f"{operation.name!r}{label} or its derivative was {before!r} when recorded and is {after!r} now: "
                "data was changed in between; calculate the output again before grad(..., create_graph=True)"
            )


def _values(inputs: Any) -> list[Value]:
    wanted = [inputs] if isinstance(inputs, Value) else list(inputs)
    for k, x in enumerate(wanted):
        _require_value(f"inputs[{k}]", x)
    return wanted


def _require_value(what: str, x: Any) -> None:
    if not isinstance(x, Value):
        raise TypeError(f"{what} must be a Value, got {type(x).__name__} {x!r}: a plain number has no graph")
