"""Backpropagation: an order, the chain rule, and one loop.

A node is anything with `parents`, one recorded local derivative for each, and an operation. Nodes are visited after all
their children. On each edge the gradient that the node has received (upstream) is multiplied by the local derivative; a
parent's gradient is the sum of these contributions, which is the sum over all paths to the output.

A choice such as `where` or `relu` passes nothing at all to the side that it did not take, so an infinite slope there
does no harm. Everywhere else infinity and NaN follow IEEE 754, and a gradient that becomes NaN is an error.

`backward`, `grad` and the stepper all calculate with `pass_on`. `fast_backward` is the same loop for speed alone.
"""

from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import Any, NamedTuple, Protocol, TypeVar

from ..rules.floats import FLOATS
from ..rules.table import Namespace
from .errors import nan_message
from .fast_backward import fast_backward
from .scaling import number, scaled_product


class Node(Protocol):
    """What the chain rule asks of a node. One without an operation is a constant: no gradient flows into it."""

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
            order.append(stack.pop())  # type: ignore[arg-type]  # a None is always put on a node
        elif node not in seen:
            seen.add(node)
            if node.parents:
                stack += (node, None)
                stack += node.parents[::-1]
            else:
                order.append(node)
    return order


def edges(order: Iterable[N]) -> Iterator[tuple[N, int]]:
    """Every edge that the chain rule is applied to: a node, and the number of the parent, which is no constant."""
    for node in order:
        for k, parent in enumerate(node.parents):
            if parent.operation is not None:
                yield node, k


def chain_rule(upstream: Any, local: Any) -> Any:
    """What one edge contributes to the gradient of its parent. A local derivative of exactly 0 contributes 0."""
    return 0.0 if local == 0.0 else upstream * local


def _product(_: Any, __: int, upstream: Any, local: Any) -> Any:
    return chain_rule(upstream, local)


class Arithmetic(NamedTuple):
    """The numbers that a pass calculates with: floats, or Values where the gradients are to be graphs again."""

    m: Namespace
    read: Callable[[Any], Any]  # what stands for a node
    local_grads: Callable[[Any], tuple[Any, ...]]
    product: Callable[[Any, int, Any, Any], Any] = _product  # of upstream and local derivative on an edge


RECORDED = Arithmetic(FLOATS, lambda node: node._data, lambda node: node.local_grads)


def contribution(received: dict[N, Any], node: N, k: int, local: Any, numbers: Arithmetic = RECORDED) -> Any:
    """What edge `k` of `node`, with derivative `local`, passes to its parent; None where no gradient arrives.

    `received` holds the gradient of every node that has received one. Nothing arrives behind a node that has received
    none, and on the side that a choice did not take.
    """
    if node not in received or (local == 0.0 and node.operation.choice):
        return None
    upstream = received[node]
    product = numbers.product(node, k, upstream, local)
    if isfinite(number(product)) or not node.local_grads:  # a traced node has no numbers of its own
        return product
    if number(local) == 0.0:
        return 0.0
    return scaled_product(upstream, node, k, product, numbers.m, numbers.read)


def pass_on(received: dict[N, Any], node: N, k: int, local: Any, numbers: Arithmetic = RECORDED) -> Any:
    """One application of the chain rule: add the contribution of an edge to what its parent has received.

    Returns the contribution, None where no gradient arrives. Raises ValueError, and adds nothing, where the sum would
    be NaN.
    """
    passed = contribution(received, node, k, local, numbers)
    if passed is not None:
        parent = node.parents[k]
        total = received[parent] + passed if parent in received else passed
        if number(total) != number(total) and node.local_grads:
            raise ValueError(nan_message(node, k, number(received[node]), number(passed)))
        received[parent] = total
    return passed


def gradients(output: N, inputs: Iterable[N] | None, seed: Any, numbers: Arithmetic = RECORDED) -> dict[N, Any]:
    """∂output/∂node, times `seed`, for every node that receives a gradient; no `.grad` is touched.

    Arguments:
        output: the node to differentiate.
        inputs: only paths to these nodes are followed; None follows all.
        seed: the gradient of the output itself.
        numbers: what to calculate with.
    """
    if number(seed) != number(seed):
        raise ValueError("the gradient to start from is NaN")
    order = topological_order(output)
    followed = {node for node in order if node.operation is not None} if inputs is None else set(inputs)
    if inputs is not None:
        for node in order:
            if not followed.isdisjoint(node.parents):
                followed.add(node)
    received: dict[N, Any] = {output: seed}
    for node in reversed(order):
        if node in received and not followed.isdisjoint(node.parents):
            slopes = numbers.local_grads(node)
            for k, parent in enumerate(node.parents):
                if parent in followed:
                    pass_on(received, node, k, slopes[k], numbers)
    return received


def backward(output: Any, seed: float) -> None:
    """Add ∂output/∂leaf, times `seed`, to the gradient of every leaf behind `output`; overwrite it on inner nodes.

    Raises ValueError, and leaves every gradient as it was, when a gradient becomes NaN.
    """
    if fast_backward(output, seed):
        return
    received = gradients(output, None, seed)
    for node in topological_order(output):
        if node.operation is not None:
            gradient = received.get(node, 0.0) + 0.0  # which makes 0.0 of -0.0
            previous = node.grad if node.is_leaf else None
            node.grad = gradient if previous is None else gradient + previous
