"""What to call the nodes of a graph: one name for each node, the same in every line, picture and message.

A label is the name. Nodes without one are v1, v2, … in topological order (the output is f, if no label is), and nodes
that share a label get numbers: w#1, w#2.
"""

from collections.abc import Iterator, Mapping, Sequence

from ..engine.value import Value
from .text_layout import clip

QUOTED = 80  # columns of a label in a message


class Names(Mapping[Value, str]):
    """The names of the nodes of one graph.

    Arguments:
        order: the graph in topological order, its output last.
        given: names for nodes that have no label.

    A constant has no name: it is written as its number. Names are made when the first one is needed, so labels may
    be set until then.

    >>> from autograd.engine.backward import topological_order
    >>> x = Value(3.0, "x")
    >>> list(Names(topological_order(x * x + 2 * x)).values())
    ['x', 'v1', 'v2', 'f']
    """

    def __init__(self, order: Sequence[Value], given: Mapping[Value, str] | None = None):
        self._order, self._given = order, given or {}
        self._names: dict[Value, str] = {}

    def _all(self) -> dict[Value, str]:
        if not self._names:
            self._names = self._make()
        return self._names

    def _make(self) -> dict[Value, str]:
        labelled: dict[str, list[Value]] = {}
        for node in self._order:
            if node.operation is not None:
                label = node.label or self._given.get(node, "")
                labelled.setdefault(printable(label), []).append(node)
        unlabelled = labelled.pop("", [])
        taken = set(labelled)
        named: dict[Value, str] = {}
        for label, nodes in labelled.items():
            if len(nodes) == 1:
                named[nodes[0]] = label
            else:
                named.update(zip(nodes, _numbered(f"{label}#", taken), strict=False))
        if unlabelled and unlabelled[-1] is self._order[-1] and "f" not in taken:
            named[unlabelled.pop()] = "f"
            taken.add("f")
        named.update(zip(unlabelled, _numbered("v", taken), strict=False))
        return {node: named[node] for node in self._order if node in named}

    def __getitem__(self, node: Value) -> str:
        return self._all()[node]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def find(self, label: str) -> Value:
        """The node with this label or name. Raises KeyError, listing the names, when there is none or more than one."""
        labelled = [node for node in self if node.label == label]
        found = labelled or [node for node, name in self.items() if name == label]
        if len(found) == 1:
            return found[0]
        if found:
            names = _listed([self[node] for node in found])
            raise KeyError(
                f"{len(found)} nodes are labelled {clip(label, QUOTED)!r}: choose one of {names}, or give the node"
            )
        raise KeyError(f"no node is labelled {clip(label, QUOTED)!r}; there are {_listed(list(self.values()))}")


def printable(label: str) -> str:
    """A label on one line, control characters as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in label).strip()


def _numbered(stem: str, taken: set[str]) -> Iterator[str]:
    """stem1, stem2, … without the names that are taken."""
    number = 0
    while True:
        number += 1
        if (name := f"{stem}{number}") not in taken:
            yield name


def _listed(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(clip(name, QUOTED) for name in names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown
