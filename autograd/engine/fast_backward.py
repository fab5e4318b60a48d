"""For speed alone: the order and the loop of `backward`, written out for the slots of `Value`."""

from collections.abc import Iterable
from math import isfinite
from typing import Any


def _collect(output: Any, order: list[Any], leaves: list[Any], held: list[float | None]) -> None:
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
