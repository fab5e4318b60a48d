"""What the chain rule gives beyond `backward`: gradients as results, their own gradients, written-out formulas, paths.

The local derivatives of a node are read from the table by floats when it is made; read by Values, they are graphs
themselves, and so is the gradient, which can be differentiated again.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any, Literal, NamedTuple, overload

from .functions import VALUES, add_up, largest, pick
from .graph import chain_rule, gradients, topological_order
from .modes import current_mode, inside
from .table import Namespace, Operation
from .value import Value, apply, constant, evaluate, local_grads
from .words import is_composed


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
        total = gradients(output, wanted, 1.0, _local_values)
        slopes = [g if isinstance(g := total.get(x, 0.0), Value) else constant(g) for x in wanted]
        return slopes if create_graph else [slope.detach() for slope in slopes]
    total = gradients(output, wanted, 1.0, lambda node: node.local_grads)
    return [total.get(x, 0.0) for x in wanted]


def _local_values(node: Value) -> tuple[Any, ...]:
    """The local derivatives of a node as Values on its own parents; plain numbers stay plain numbers."""
    operation = node.operation
    if operation is None:
        return ()
    if node.local_grads:  # a node that is traced to be compiled has none: there is nothing recorded to differ from
        _require_unchanged(node, operation)
    operands = [parent if parent.requires_grad else parent._data for parent in node.parents]
    return operation.partials(VALUES, node, *operands)


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
_EXPANDED = Namespace(_write_out, where=pick, sum=add_up, largest=largest, count=len)


class Path(NamedTuple):
    """One way from a leaf to the output: its nodes, the local derivative on each edge, and their product."""

    nodes: tuple[Value, ...]
    local_grads: tuple[float, ...]
    product: float

    def __str__(self) -> str:
        names = " → ".join(node.label or node.op or f"{node.data:g}" for node in self.nodes)
        factors = " · ".join(f"{d:g}" if d >= 0 else f"({d:g})" for d in self.local_grads) or "1"
        return f"{names}: {factors} = {self.product:g}"


def paths(output: Value, leaf: Value, limit: int = 10_000) -> list[Path]:
    """Every path from `leaf` to `output`; their products add up to the gradient of `output` by `leaf`.

    Raises ValueError when there are more than `limit`. An edge that stands twice (``x * x``) makes two paths.

    >>> x = Value(3.0, "x")
    >>> for path in paths(x * x, x):
    ...     print(path)
    x → *: 3 = 3
    x → *: 3 = 3
    """
    _require_value("output", output)
    _require_value("leaf", leaf)
    count: dict[Value, int] = {leaf: 1}  # of the paths from the leaf to each node that it reaches
    for node in topological_order(output):
        if node is not leaf:
            reached = sum(count.get(parent, 0) for parent in node.parents)
            if reached:
                count[node] = reached
    if count.get(output, 0) > limit:
        raise ValueError(
            f"there are {count[output]} paths, more than limit={limit}: raise the limit or take an inner node"
        )
    found: list[Path] = []
    stack: list[tuple[tuple[Value, ...], tuple[float, ...]]] = [((output,), ())] if output in count else []
    while stack:
        nodes, locals_ = stack.pop()
        # A chain is followed in place, so that a path of a million nodes is not copied a million times.
        trail, slopes = list(nodes), list(locals_)
        while trail[-1] is not leaf:
            node = trail[-1]
            edges = [(p, d) for p, d in zip(node.parents, node.local_grads, strict=True) if p in count]
            for parent, local in reversed(edges[1:]):
                stack.append(((*trail, parent), (*slopes, local)))
            trail.append(edges[0][0])
            slopes.append(edges[0][1])
        product = reduce(chain_rule, slopes, 1.0)
        found.append(Path(tuple(reversed(trail)), tuple(reversed(slopes)), product))
    return found


def _values(inputs: Any) -> list[Value]:
    wanted = [inputs] if isinstance(inputs, Value) else list(inputs)
    for k, x in enumerate(wanted):
        _require_value(f"inputs[{k}]", x)
    return wanted


def _require_value(what: str, x: Any) -> None:
    if not isinstance(x, Value):
        raise TypeError(f"{what} must be a Value, got {type(x).__name__} {x!r}: a plain number has no graph")
