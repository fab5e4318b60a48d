"""What to call the nodes of a graph: one name a node, the same wherever the graph is spoken of.

A label is the name. Nodes without one are v1, v2, … in topological order (the output is f, if no label is), and nodes
that share a label are told apart by their place: w#1, w#2.
"""

from collections.abc import Iterator, Mapping, Sequence

from ..engine.value import Value


class Names(Mapping[Value, str]):
    """The names of the nodes of one graph.

    Arguments:
        order: the graph in topological order, its output last.
        given: what else to call nodes that have no label.

    A constant has no name: it is written as its number. Names are made when the first one is asked for, so labels may
    be given until then.

    >>> from autograd.engine.backward import topological_order
    >>> x = Value(3.0, "x")
    >>> list(Names(topological_order(x * x + 2 * x)).values())
    ['x', 'v1', 'v2', 'f']
    """

    def __init__(self, order: Sequence[Value], given: Mapping[Value, str] | None = None):
        self._order, self._given = order, given or {}
        self._names: dict[Value, str] = {}

    def _made(self) -> dict[Value, str]:
        if not self._names:
            self._make()
        return self._names

    def _make(self) -> None:
        bearers: dict[str, list[Value]] = {}
        for node in self._order:
            if node.operation is not None:
                label = node.label or self._given.get(node, "")
                bearers.setdefault(printable(label), []).append(node)
        unlabelled = bearers.pop("", [])
        taken = set(bearers)
        named: dict[Value, str] = {}
        for label, nodes in bearers.items():
            if len(nodes) == 1:
                named[nodes[0]] = label
            else:
                named.update(zip(nodes, _numbered(f"{label}#", taken), strict=False))
        if unlabelled and unlabelled[-1] is self._order[-1] and "f" not in taken:
            named[unlabelled.pop()] = "f"
            taken.add("f")
        named.update(zip(unlabelled, _numbered("v", taken), strict=False))
        self._names = {node: named[node] for node in self._order if node in named}

    def __getitem__(self, node: Value) -> str:
        return self._made()[node]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def find(self, label: str) -> Value:
        """The node with this label or name; KeyError, listing what there is, when there is none or more than one."""
        labelled = [node for node in self if node.label == label]
        found = labelled or [node for node, name in self.items() if name == label]
        if len(found) == 1:
            return found[0]
        if found:
            names = _listed([self[node] for node in found])
            raise KeyError(f"{len(found)} nodes are labelled {label!r}: say which one, of {names}, or give the node")
        raise KeyError(f"no node is labelled {label!r}; there are {_listed(list(self.values()))}")


def printable(label: str) -> str:
    """A label on one line, control characters written out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in label).strip()


def _numbered(stem: str, taken: set[str]) -> Iterator[str]:
    """stem1, stem2, … without the names that are taken."""
    number = 0
    while True:
        number += 1
        if (name := f"{stem}{number}") not in taken:
            yield name


def _listed(names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown
