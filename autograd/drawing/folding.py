"""The parts of a graph that open and close in a page: layers and neurons, from the scopes they were calculated in.

A page holds the box of every node and of every part once; the script of the page chooses which to show and places them
(`fold.js`). A closed neuron is its card, a closed layer one box.
"""

from collections.abc import Mapping
from typing import Any

from ..engine.scope import Scope
from ..engine.value import Value
from .diagram import Diagram, Neuron, collapsed_depth, find_neurons
from .dot import Box

_DEEPEST = 20  # parts one in another


class Folds:
    """The parts of a diagram: `names` of their boxes, by scope, each after the part around it."""

    def __init__(self, diagram: Diagram):
        self.diagram = diagram
        all_within: dict[Scope, list[Value]] = {}
        depth = collapsed_depth(diagram.chains)
        self.chains: dict[Value, tuple[Scope, ...]] = {}
        for node in diagram.order:
            self.chains[node] = diagram.chains[node][depth : depth + _DEEPEST]
            for scope in self.chains[node]:
                all_within.setdefault(scope, []).append(node)
        around: dict[Scope, Scope | None] = {}
        for chain in self.chains.values():
            around |= dict(zip(chain, (None, *chain), strict=False))
        # In the order in which they are calculated, each before the parts in it.
        last = {scope: diagram.position[nodes[-1]] for scope, nodes in all_within.items()}
        ordered = sorted(all_within, key=lambda scope: [last[s] for s in _from_outside(scope, around)])
        # A part that is all of the part around it, such as the neuron of a layer of one, would only be one more click.
        sizes = {scope: len(nodes) for scope, nodes in all_within.items()}
        only = {scope for scope, outer in around.items() if outer is not None and sizes[outer] == sizes[scope]}
        self.within = {scope: all_within[scope] for scope in ordered if sizes[scope] > 1 and scope not in only}
        self.chains = {node: tuple(s for s in chain if s in self.within) for node, chain in self.chains.items()}
        self.names = {scope: f"scope{k}" for k, scope in enumerate(self.within)}
        self.neurons = {s: n for s, n in find_neurons(diagram.order, self.chains).items() if s in self.within}

    def __bool__(self) -> bool:
        return bool(self.within)

    def boxes(self) -> list[Box]:
        """The box of each part, closed."""
        leaving = self._leaving()
        return [
            self.diagram.scope_box(scope, nodes, leaving[scope], self.neurons.get(scope))._replace(
                name=self.names[scope]
            )
            for scope, nodes in self.within.items()
        ]

    def shown(self) -> dict[str, list[tuple[Value, str]]]:
        """By the name of its box, the nodes whose data and gradients a closed part shows, in the order of its rows.

        With each comes the word by which the row is called, of those that are said in another language too.
        """
        leaving = self._leaving()
        return {
            name: _rows_of(self.neurons[scope])
            if scope in self.neurons
            else [(node, "") for node in leaving[scope] if len(leaving[scope]) == 1 and node.parents]
            for scope, name in self.names.items()
        }

    def data(self) -> list[dict[str, Any]]:
        """What the script needs to know of each part; nodes are numbers, their positions in the order."""
        position, index = self.diagram.position, {scope: k for k, scope in enumerate(self.within)}
        parts = []
        for scope, nodes in self.within.items():
            chain = self.chains[nodes[0]]
            outer = chain[: chain.index(scope)]
            part: dict[str, Any] = {"name": scope.name, "around": index[outer[-1]] if outer else None}
            if scope in self.neurons:
                rows: dict[int, dict[int, int]] = {}
                for (node, k), row in self.neurons[scope].rows().items():
                    rows.setdefault(position[node], {})[k] = row
                part["rows"] = rows
            parts.append(part)
        return parts

    def part_of(self, node: Value) -> int | None:
        """The number of the innermost part that `node` is in."""
        chain = self.chains[node]
        return list(self.within).index(chain[-1]) if chain else None

    def _leaving(self) -> Mapping[Scope, list[Value]]:
        used: dict[Scope, dict[Value, None]] = {scope: {} for scope in self.within}
        uses = [(node, parent) for node in self.diagram.order for parent in node.parents]
        for user, parent in [*uses, (None, self.diagram.output)]:
            outside = self.chains[user] if user is not None else ()
            for scope in self.chains[parent]:
                if scope not in outside:
                    used[scope][parent] = None
        return {scope: list(nodes) for scope, nodes in used.items()}


def _rows_of(neuron: Neuron) -> list[tuple[Value, str]]:
    bias = None if neuron.bias is None else neuron.total.parents[neuron.bias]
    words = {bias: "bias", neuron.total: "sum {name}"}
    return [(node, words.get(node, "")) for node in neuron.parts()]


def _from_outside(scope: Scope, around: Mapping[Scope, Scope | None]) -> list[Scope]:
    chain = [scope]
    while (outer := around[chain[-1]]) is not None:
        chain.append(outer)
    return chain[::-1]
