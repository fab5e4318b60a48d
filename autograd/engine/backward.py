"""The graph and the chain rule.

A node is anything with `parents`, one recorded local derivative for each, and a gradient. Backpropagation visits nodes
after all their children and, on each edge, multiplies the gradient that has arrived (upstream) by the local derivative:
the parent's gradient is the sum of these contributions, which is the sum over all paths to the output.
"""

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, Protocol, TypeVar

from .fast_backward import _collect, _push


class Node(Protocol):
    """What this module asks of a node, but for `backward`, which reads the slots of `Value`.

    A node without an operation is a constant: no gradient flows into it.
    """

    grad: float | None

    @property
    def operation(self) -> Any: ...
    @property
    def parents(self) -> tuple[Any, ...]: ...
    @property
    def local_grads(self) -> tuple[float, ...]: ...


N = TypeVar("N", bound=Node)


def topological_order(*outputs: N) -> list[N]:
    """Every node behind `outputs` once, parents before children and in operand order: as one would calculate."""
    order: list[N] = []
    seen: set[N] = set()
    stack: list[N | None] = list(reversed(outputs))
    while stack:
        node = stack.pop()
        if node is None:  # everything above the node below has been ordered
            order.append(stack.pop())  # type: ignore[arg-type]  # None stands on a node, always
        elif node not in seen:
            seen.add(node)
            if node.parents:
                stack += (node, None)
                stack += node.parents[::-1]
            else:
                order.append(node)
    return order


def chain_rule(upstream: Any, local: Any) -> Any:
    """What one edge contributes to the gradient of its parent. A local derivative of exactly 0 lets nothing through."""
    return 0.0 if local == 0.0 else upstream * local


def backward(output: Node, seed: float) -> None:
    """Add ∂output/∂leaf, times `seed`, to the gradient of every leaf behind `output`; set it anew on inner nodes.

    Raises ValueError, and leaves the leaves as they were, when a gradient becomes NaN.
    """
    order: list[Any] = []
    leaves: list[Any] = []
    held: list[float | None] = []  # what the leaves held before
    try:
        _collect(output, order, leaves, held)
        output.grad = seed
        order.reverse()
        _push(order)
        if not all(isfinite(leaf.grad) for leaf in leaves):
            for node in (*order, *leaves):
                node.grad = 0.0
            output.grad = seed
            _push_carefully(order, leaves)
    except BaseException:
        for leaf, before in zip(leaves, held, strict=False):
            leaf.grad = before
        for node in order:
            node.grad = None
        raise
    for leaf, before in zip(leaves, held, strict=True):
        if before is not None:
            leaf.grad += before


def _push_carefully(order: list[Any], leaves: list[Any]) -> None:
    """`chain_rule` on every edge of `order`; ValueError at the first gradient that is NaN."""
    for node, k in applications(order):
        if node.grad != node.grad:
            raise_nan(node, order)
        node.parents[k].grad += chain_rule(node.grad, node.local_grads[k])
    for leaf in leaves:
        if leaf.grad != leaf.grad:
            raise_nan(leaf, order)


def applications(order: Iterable[N]) -> Iterator[tuple[N, int]]:
    """Every application of the chain rule, in the order of `backward`: node and number of the edge to its parent."""
    for node in order:
        for k, parent in enumerate(node.parents):
            if parent.operation is not None:
                yield node, k


def gradients(
    output: N,
    inputs: Iterable[N],
    seed: Any,
    local_grads: Callable[[N], tuple[Any, ...]],
    chain: Callable[[Any, Any], Any] = chain_rule,
) -> dict[N, Any]:
    """∂output/∂node, times `seed`, for every node on a path from `inputs`, without touching any `.grad`.

    `local_grads` gives a node's local derivatives, as floats or as any numbers that multiply and add.
    """
    order = topological_order(output)
    matters = set(inputs)
    for node in order:
        if not matters.isdisjoint(node.parents):
            matters.add(node)
    total: dict[N, Any] = {output: seed}
    for node in reversed(order):
        if node not in total or matters.isdisjoint(node.parents):
            continue
        upstream = total[node]
        for k, (parent, local) in enumerate(zip(node.parents, local_grads(node), strict=True)):
            if parent in matters:
                contribution = chain(upstream, local)
                total[parent] = total[parent] + contribution if parent in total else contribution
                if number(total[parent]) != number(total[parent]):
                    raise ValueError(nan_message(node, k, number(upstream), number(contribution)))
    return total


def number(x: Any) -> float:
    """The float of a gradient that may be a node itself."""
    data: float = getattr(x, "_data", x)
    return data


def raise_nan(node: Node, order: Iterable[Node]) -> None:
    """Say on which edge the gradient of `node`, the first that is NaN, became so."""
    total = 0.0
    for child, k in applications(order):
        if child.parents[k] is node and child.grad is not None:
            contribution = chain_rule(child.grad, child.local_grads[k])
            total += contribution
            if total != total:
                raise ValueError(nan_message(child, k, child.grad, contribution))
    raise ValueError("the gradient to start from is NaN")


def nan_message(node: Any, k: int, upstream: float, contribution: float) -> str:
    parent, local = node.parents[k], node.local_grads[k]
    if contribution == contribution:
        why = "an infinite contribution meets one of the other sign"
    else:
        why = f"{upstream!r} (upstream) * {local!r} (local derivative) is NaN"
    edge = f"from {node.op!r}{_named(node)} to {parent.op or 'leaf'!r}{_named(parent)} with data {parent.data!r}"
    return f"the gradient becomes NaN on the edge {edge}: {why}; keep the operands away from this point"


def _named(node: Any) -> str:
    return f" (node {node.label!r})" if node.label else ""
