"""Paths: every way from a leaf to the output, whose products add up to the gradient."""

from functools import reduce
from typing import NamedTuple

from .backward import chain_rule, topological_order
from .errors import require_value
from .value import Value


class Path(NamedTuple):
    """One way from a leaf to the output: its nodes, the local derivative on each edge, and their product."""

    nodes: tuple[Value, ...]
    local_grads: tuple[float, ...]
    product: float

    def __repr__(self) -> str:
        names = " → ".join(node.label or node.op or f"{node.data:g}" for node in self.nodes)
        factors = " · ".join(f"{d:g}" if d >= 0 else f"({d:g})" for d in self.local_grads) or "1"
        return f"{names}: {factors} = {self.product + 0.0:g}"


def paths(output: Value, leaf: Value, limit: int = 10_000) -> list[Path]:
    """Every path from `leaf` to `output`; their products add up to the gradient of `output` with respect to `leaf`.

    Arguments:
        output: the node where the paths end.
        leaf: the node where they begin; an inner node is one too.
        limit: of how many paths are listed.

    Returns a list, of each path its `nodes`, `local_grads` and their `product`. Raises ValueError when there are more
    than `limit`. An operand that is used twice (``x * x``) makes two paths.

    >>> x = Value(3.0, "x")
    >>> for path in paths(x * x, x):
    ...     print(path)
    x → *: 3 = 3
    x → *: 3 = 3
    """
    require_value("output", output)
    require_value("leaf", leaf)
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
        cut = any(d == 0.0 and n.operation and n.operation.choice for n, d in zip(trail, slopes, strict=False))
        product = 0.0 if cut else reduce(chain_rule, slopes, 1.0)
        found.append(Path(tuple(reversed(trail)), tuple(reversed(slopes)), product))
    return found
