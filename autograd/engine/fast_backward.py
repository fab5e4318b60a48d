"""For speed alone: `backward` on the slots of `Value`, the same to the last bit where every gradient is finite."""

from math import isfinite
from typing import Any


def fast_backward(output: Any, seed: float) -> bool:
    """The whole pass; False, with leaves as they were, where a gradient is not finite: the plain pass has to decide."""
    order: list[Any] = []
    leaves: list[Any] = []
    previous: list[float | None] = []  # what order and leaves held before
    try:
        _collect(output, order, leaves, previous)
        output._grad = seed
        order.reverse()
        _push(order)
        finite = all(isfinite(leaf._grad) for leaf in leaves)
    except BaseException:
        _restore(order, leaves, previous)
        raise
    if not finite:
        _restore(order, leaves, previous)
        return False
    for leaf, before in zip(leaves, previous, strict=True):
        if before is not None:
            leaf._grad += before
    return True


def _restore(order: list[Any], leaves: list[Any], previous: list[float | None]) -> None:
    for node in order:
        node._grad = None
    for leaf, before in zip(leaves, previous, strict=False):
        leaf._grad = before


def _collect(output: Any, order: list[Any], leaves: list[Any], previous: list[float | None]) -> None:
    """The order of `topological_order`, leaves apart, every gradient set to 0.

    The zeros are two float objects of its own, so that `is` says whether a node was met: no set, no hashing. (CPython
    only: elsewhere `is` may compare floats by value.)
    """
    begun, done = float("0.0"), float("0.0")
    settled: set[int] = set()  # tuples of parents, shared by many neurons, that have all been met
    stack: list[Any] = []
    pop, push = stack.pop, stack.append
    node: Any = output
    while node is not None:
        grad = node._grad
        if grad is begun:  # everything that was put above it has been ordered
            order.append(node)
            node._grad = done
        elif grad is not done and (x := node._x) is not None:
            node._grad = begun
            push(node)
            if type(x) is not tuple:
                y = node._y
                if y is not None and y._grad is not done:
                    push(y)
                node = x
                continue
            if node._dy is None:
                stack += [p for p in x[::-1] if p._grad is not done]
                node = pop()
                continue
            if node._b._grad is not done:  # a neuron
                push(node._b)
            for parents in (node._xs, x):
                if id(parents) not in settled:
                    waiting = [p for p in parents[::-1] if p._grad is not done and p.operation is not None]
                    stack += waiting
                    if not waiting:
                        settled.add(id(parents))
        elif grad is not done and node.operation is not None:
            previous.append(grad)
            leaves.append(node)
            node._grad = done
        node = pop() if stack else None


def _push(order: list[Any]) -> None:
    """The chain rule on every edge of `order`. A constant's gradient is None and stays so."""
    for node in order:
        upstream, x, y = node._grad, node._x, node._y
        if y is not None:
            grad = x._grad
            if grad is not None:
                x._grad = grad + upstream * node._dx
            grad = y._grad
            if grad is not None:
                y._grad = grad + upstream * node._dy
        elif type(x) is not tuple:
            grad = x._grad
            if grad is not None:
                x._grad = grad + upstream * node._dx
        elif node._dy is not None:  # a neuron
            if upstream != 0.0:  # times 0 would add nothing but time
                for parent, local in zip(x, node._dx):  # noqa: B905 (strict costs a tenth of the pass)
                    grad = parent._grad
                    if grad is not None:
                        parent._grad = grad + upstream * local
                for parent, local in zip(node._xs, node._dy):  # noqa: B905
                    grad = parent._grad
                    if grad is not None:
                        parent._grad = grad + upstream * local
                bias = node._b
                if bias._grad is not None:
                    bias._grad += upstream
        elif upstream != 0.0 or not isfinite(sum(node._dx)):
            for parent, local in zip(x, node._dx):  # noqa: B905
                grad = parent._grad
                if grad is not None:
                    parent._grad = grad + upstream * local
