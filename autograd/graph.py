"""The graph and the chain rule.

A node is anything with `parents`, one recorded local derivative for each, and a gradient. Backpropagation visits nodes
after all their children and, on each edge, multiplies the gradient that has arrived (upstream) by the local derivative:
the parent's gradient is the sum of these contributions, which is the sum over all paths to the output.
"""

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, Protocol, TypeVar


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


def _collect(output: Node, order: list[Any], leaves: list[Any], held: list[float | None]) -> None:
    """The order of `topological_order`, leaves apart, every gradient set to 0.

    The zeros are two float objects of its own, so that `is` tells whether a node was met: no set, no hashing.
    """
    begun, done = float("0.0"), float("0.0")
    settled: set[int] = set()  # tuples of parents, shared by many nodes, that have all been met
    stack: list[Any] = []
    pop, push = stack.pop, stack.append
    node: Any = output
    while node is not None:
        grad = node.grad
        if grad is begun:  # everything that was put above it has been ordered
            order.append(node)
            node.grad = done
        elif grad is not done and (x := node._x) is not None:
            node.grad = begun
            push(node)
            if type(x) is not tuple:
                y = node._y
                if y is not None and y.grad is not done:
                    push(y)
                node = x
                continue
            if node._dy is None:
                for parent in x[::-1]:
                    if parent.grad is not done:
                        push(parent)
            else:
                if node._b.grad is not done:
                    push(node._b)
                for parents in (node._xs, x):
                    if id(parents) not in settled:
                        waiting = [p for p in parents[::-1] if p.grad is not done and p.operation is not None]
                        stack += waiting
                        if not waiting:
                            settled.add(id(parents))
        elif grad is not done and node.operation is not None:
            held.append(grad)
            leaves.append(node)
            node.grad = done
        node = pop() if stack else None


def _push(order: Iterable[Any]) -> None:
    """`chain_rule` on every edge of `order`, written out for speed: right as long as every gradient is finite.

    A constant's gradient is None and stays so.
    """
    for node in order:
        upstream, x, y = node.grad, node._x, node._y
        if y is not None:
            grad = x.grad
            if grad is not None:
                x.grad = grad + upstream * node._dx
            grad = y.grad
            if grad is not None:
                y.grad = grad + upstream * node._dy
        elif type(x) is not tuple:
            grad = x.grad
            if grad is not None:
                x.grad = grad + upstream * node._dx
        elif node._dy is not None:
            if upstream != 0.0:  # times 0 would add nothing but time
                for parent, local in zip(x, node._dx):  # noqa: B905 (strict costs a tenth of the pass)
                    grad = parent.grad
                    if grad is not None:
                        parent.grad = grad + upstream * local
                for parent, local in zip(node._xs, node._dy):  # noqa: B905
                    grad = parent.grad
                    if grad is not None:
                        parent.grad = grad + upstream * local
                bias = node._b
                if bias.grad is not None:
                    bias.grad += upstream
        elif upstream != 0.0 or not isfinite(sum(node._dx)):
            for parent, local in zip(x, node._dx):  # noqa: B905 (strict costs a tenth of the pass)
                grad = parent.grad
                if grad is not None:
                    parent.grad = grad + upstream * local


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


def gradients(output: N, inputs: Iterable[N], seed: Any, local_grads: Callable[[N], tuple[Any, ...]]) -> dict[N, Any]:
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
                contribution = chain_rule(upstream, local)
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
