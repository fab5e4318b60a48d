"""Copies of a graph without recursion: pickle and deepcopy of a chain of a million nodes.

On their own, both would follow parents recursively. A pickle holds the graph as a flat list instead, each node with the
positions of its parents; leaves are objects of the list, so that parameters shared by several pickled objects stay
shared.
"""

import copy
from typing import Any, TypeVar

from .backward import topological_order

N = TypeVar("N")
_EDGES = ("_x", "_y")  # the slots that lead to other nodes


def flatten(node: Any) -> list[Any]:
    """The graph behind `node` as a flat list: leaves as themselves, other nodes as (class, parent positions, state)."""
    position: dict[Any, int] = {}
    records: list[Any] = []
    for k, n in enumerate(topological_order(node)):
        position[n] = k
        leaf = not n.parents and n.operation is not None
        records.append(n if leaf else (type(n), [position[p] for p in n.parents], _state(n)))
    return records


def rebuild(records: list[Any]) -> Any:
    """The last node of what `flatten` gave."""
    nodes: list[Any] = []
    for record in records:
        if isinstance(record, tuple):
            kind, parents, state = record
            nodes.append(_make(kind, tuple(nodes[k] for k in parents), state))
        else:
            nodes.append(record)
    return nodes[-1]


def copy_node(node: N, parents: tuple[Any, ...]) -> N:
    """A node like `node` on other parents."""
    return _make(type(node), parents, _state(node))


def deepcopy(node: N, memo: dict[int, Any]) -> N:
    """A copy of the graph behind `node`; `memo` keeps what several copied objects share."""
    order: list[Any] = topological_order(node)
    for n in order:
        if id(n) not in memo:
            made = memo[id(n)] = copy_node(n, tuple(memo[id(p)] for p in n.parents))
            for name, attribute in _added(n).items():
                setattr(made, name, copy.deepcopy(attribute, memo))
    copied: N = memo[id(node)]
    return copied


def _state(node: Any) -> dict[str, Any]:
    """Every attribute but the parents, those of a subclass included."""
    node.scope  # noqa: B018 (which makes the scope, where it is a pair still)
    return {name: getattr(node, name) for name in _slots(type(node)) if hasattr(node, name)} | getattr(
        node, "__dict__", {}
    )


def _added(node: Any) -> dict[str, Any]:
    """The attributes that a subclass of Value has added."""
    base: Any = next(kind for kind in type(node).__mro__ if kind.__module__ == "autograd.engine.value")
    return {name: x for name, x in _state(node).items() if name not in base.__slots__}


def _slots(kind: type) -> list[str]:
    names = [name for base in kind.__mro__ for name in _listed(base.__dict__.get("__slots__", ()))]
    return [name for name in names if name not in ("__weakref__", "__dict__", *_EDGES)]


def _listed(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _make(kind: type[N], parents: tuple[Any, ...], state: dict[str, Any]) -> N:
    node: Any = object.__new__(kind)
    node.parents = parents
    for name, value in state.items():
        setattr(node, name, value)
    made: N = node
    return made
