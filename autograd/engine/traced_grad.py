"""The chain rule inside a function that is being traced: which numbers are 0 or infinite is known for one example only.

So what the plain pass decides when it meets a number (a slope of 0 lets nothing through, nothing arrives behind the
side that a choice did not take) becomes part of the graph here.
"""

from typing import Any

from ..rules import exact
from .backward import Arithmetic, Node, chain_rule
from .functions import maximum, where
from .value import Value, apply


def traced(numbers: Arithmetic) -> Arithmetic:
    """`numbers` for one pass inside a function that is being traced."""
    return numbers._replace(product=_Products())


class _Products:
    """Products of upstream and local derivatives, as nodes that are right for every example."""

    def __init__(self) -> None:
        self._edges: dict[Any, list[tuple[Any, Any]]] = {}  # into each node: from which one, with which derivative
        self._arrives: dict[Any, Any] = {}

    def __call__(self, node: Node, k: int, upstream: Any, local: Any) -> Any:
        self._edges.setdefault(node.parents[k], []).append((node, local))
        if not (isinstance(upstream, Value) and isinstance(local, Value)):
            return chain_rule(upstream, local)
        product = apply(exact.CHAIN, (upstream, local))
        if node.operation.may_be_infinite:
            arrives = self._arrives_at(node)
            if arrives is not True:
                return where(arrives, product, 0.0)
        return product

    def _arrives_at(self, node: Any) -> Any:
        """Whether a gradient arrives at `node`: True, or a comparison that says so for each example."""
        stack = [node]
        while stack:
            top = stack[-1]
            waiting = [child for child, _ in self._edges.get(top, ()) if child not in self._arrives]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if top in self._arrives:
                continue
            ways = [self._through(child, local) for child, local in self._edges.get(top, ())]
            known = [way for way in ways if way is not True]
            self._arrives[top] = True if len(known) < len(ways) or not ways else maximum(*known, 0.0)
        return self._arrives[node]

    def _through(self, child: Any, local: Any) -> Any:
        """Whether a gradient gets through an edge: where it arrives at the child, and no choice cuts it."""
        arrives = self._arrives[child]
        if not (child.operation.choice and isinstance(local, Value)):
            return arrives
        taken = where(abs(local) > 0.0, 1.0, 0.0)
        return taken if arrives is True else taken * arrives
