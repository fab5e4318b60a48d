"""Copies of a graph without recursion: pickle and deepcopy of a chain of a million nodes.

Left to themselves, both would follow parents recursively. A pickle holds the graph flat instead, each node with the
positions of its parents; leaves stay objects in it, so that parameters shared by several pickled objects stay shared.
"""

from typing import Any, TypeVar

from .backward import topological_order

N = TypeVar("N")
_STATE = ("_data", "grad", "label", "operation", "local_grads", "scope")


def flatten(node: Any) -> list[Any]:
    """The graph behind `node` as a flat list: leaves as themselves, other nodes as (parent positions, state)."""
    position: dict[Any, int] = {}
    records: list[Any] = []
    for k, n in enumerate(topological_order(node)):
        position[n] = k
        leaf = not n.parents and n.operation is not None
        records.append(n if leaf else ([position[p] for p in n.parents], [getattr(n, s) for s in _STATE]))
    return records


def rebuild(kind: type, records: list[Any]) -> Any:
    """The last node of what `flatten` gave."""
    nodes: list[Any] = []
    for record in records:
        if isinstance(record, kind):
            nodes.append(record)
        else:
            nodes.append(_make(kind, tuple(nodes[k] for k in record[0]), record[1]))
    return nodes[-1]


def copy_node(node: N, parents: tuple[Any, ...]) -> N:
    """A node like `node` on other parents."""
    return _make(type(node), parents, [getattr(node, s) for s in _STATE])


def deepcopy(node: N, memo: dict[int, Any]) -> N:
    """A copy of the graph behind `node`; `memo` keeps what several copied objects share."""
    order: list[Any] = topological_order(node)
    for n in order:
        if id(n) not in memo:
            memo[id(n)] = copy_node(n, tuple(memo[id(p)] for p in n.parents))
    copied: N = memo[id(node)]
    return copied


def _make(kind: type[N], parents: tuple[Any, ...], state: list[Any]) -> N:
    node: Any = object.__new__(kind)
    node.parents = parents
    for name, value in zip(_STATE, state, strict=True):
        setattr(node, name, value)
    made: N = node
    return made
