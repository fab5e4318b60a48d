"""What a picture shows: the graph behind a Value as boxes, arrows and groups; how they look is in `dot`.

Every node of the graph is one box and every operand one arrow, so ``x * x`` has two. Nodes are named by their position
in topological order: the same graph gives the same picture. A collapsed scope is one box for all its nodes.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from ..engine.backward import topological_order
from ..engine.grad import as_recorded
from ..engine.scope import Scope
from ..engine.value import Value
from ..notation.names import printable
from ..notation.symbols import Symbols
from ..notation.text_layout import columns
from ..rules.as_formulas import partial_formulas_at
from .dot import Arrow, Box, Group, Role

_COLUMNS, _LINES = 28, 3  # of a label that are shown; the tooltip has the whole
_FRAMES = 20  # one in another; an engine that reads DOT text knows no more than some hundreds
_PLACES = 100  # operands that have places of their own on a box; the engine takes seconds for more of them
_FORMULA = 22  # characters of a local derivative that are shown
_NAME = re.compile(r"[^\W\d]\w*'*(\[\w+\]|\.\w+|_?\{\w+\})*")  # a label that can be part of a formula
_UNNAMED = "\N{REPLACEMENT CHARACTER}"


class Style:
    """How numbers and names are written: the options of `draw` that concern texts.

    `given` are names for nodes without a label, `names` those of the steps, by which every other node is called.
    `kept` is the data that nodes had at another time.
    """

    def __init__(
        self,
        names: Mapping[Value, str],
        spec: str,
        local_grads: bool,
        gradients: Callable[[Value], float | None],
        given: Mapping[Value, str] | None = None,
        kept: Mapping[Value, float] | None = None,
    ):
        self.names, self.spec, self.local_grads, self.gradients = names, spec, local_grads, gradients
        self.given = names if given is None else given
        self._kept = kept or {}

    def as_of_now(self, nodes: Iterable[Value]) -> "Style":
        """The same, with the data and gradients that these nodes have now, whatever becomes of them."""
        gradients = {node: self.gradients(node) for node in nodes}
        kept = {node: node.data for node in gradients}
        return Style(self.names, self.spec, self.local_grads, gradients.get, self.given, kept)

    def data(self, node: Value) -> float:
        """The data of a node."""
        return self._kept.get(node, node.data)

    def data_text(self, node: Value) -> str:
        return self.number(self.data(node))

    def gradient_text(self, node: Value) -> str:
        return self.number(self.gradients(node))

    def label(self, node: Value) -> str:
        """The label that a node has or is given; a formula of other names would be longer and say no more."""
        return node.label or self.given.get(node, "")

    def title(self, node: Value) -> str:
        """What a box is called, as in the steps: its label, with a number where several have it, or else a number."""
        label = self.label(node)
        name = self.names.get(node, label)
        return label if name == printable(label) else name  # the label may have several lines

    def number(self, x: float | None) -> str:
        return "–" if x is None else format(x, self.spec)


Collapse = bool | Literal["neurons"]


class Neuron(NamedTuple):
    """A scope that holds one neuron: a `dot` node, then operations that follow each other, and their leaves."""

    total: Value  # the dot node
    weights: tuple[int, ...]  # which operands of the dot are the weights
    inputs: tuple[int, ...]  # and which are multiplied by them
    bias: int | None
    after: tuple[Value, ...]  # the operations that follow, such as the activation function

    def parts(self) -> list[Value]:
        """What each row of its card shows: the weights, the bias, the sum and what follows."""
        parents = self.total.parents
        bias = [] if self.bias is None else [parents[self.bias]]
        return [*(parents[k] for k in self.weights), *bias, self.total, *self.after]

    def operations(self) -> list[tuple[str, Value]]:
        """Its operations with the words for them."""
        return [("sum", self.total), *((node.op, node) for node in self.after)]

    def shown(self) -> dict[Value, int]:
        """The row that shows a node, from which arrows start."""
        return {node: row for row, node in enumerate(self.parts())}

    def rows(self) -> dict[tuple[Value, int], int]:
        """For each operand of the neuron's operations, the row in which an arrow to it ends."""
        rows = {(self.total, k): row for side in (self.weights, self.inputs) for row, k in enumerate(side)}
        if self.bias is not None:
            rows[self.total, self.bias] = len(self.weights)
        shown = self.shown()
        return rows | {(node, k): shown[node] for node in self.after for k in range(len(node.parents))}


class Diagram:
    """The boxes, arrows and groups of the picture of `output`."""

    def __init__(self, output: Value, style: Style, collapse: Collapse):
        self.output, self.style = output, style
        self.order = topological_order(output)
        self.position = {node: k for k, node in enumerate(self.order)}
        self.chains = _scope_chains(self.order)
        self.neurons = find_neurons(self.order, self.chains) if collapse == "neurons" else {}
        self._rows = {scope: neuron.rows() for scope, neuron in self.neurons.items()}
        self._collapsed = _collapsed_scopes(self.chains, self.neurons) if collapse else {}
        self.within: dict[Scope, list[Value]] = {}  # nodes of each collapsed scope
        self.places: list[Value | Scope] = []  # what is drawn: nodes and collapsed scopes, as they come in the order
        for node in self.order:
            scope = self.collapsed(node)
            if scope is None:
                self.places.append(node)
            elif scope in self.within:
                self.within[scope].append(node)
            else:
                self.within[scope] = [node]
                self.places.append(scope)
        self.scope_names = {scope: f"scope{k}" for k, scope in enumerate(self.within)}

    def collapsed(self, node: Value) -> Scope | None:
        """The collapsed scope that `node` is part of."""
        return self._collapsed.get(self.chains[node])

    def box_name(self, node: Value) -> str:
        """The name of the box in which `node` is drawn."""
        scope = self.collapsed(node)
        return f"node{self.position[node]}" if scope is None else self.scope_names[scope]

    def describe(self) -> tuple[list[Box], list[Arrow], list[Group]]:
        """Boxes, arrows and groups, each in a fixed order."""
        groups = _Groups()
        leaving = self._leaving()
        boxes = []
        for place in self.places:
            if isinstance(place, Scope):
                nodes = self.within[place]
                chain = self.chains[nodes[0]]
                group = groups.index(chain[: chain.index(place)])
                box = self.scope_box(place, nodes, leaving[place], self.neurons.get(place))
                boxes.append(box._replace(name=self.scope_names[place], group=group))
            else:
                boxes.append(self.node_box(place, groups.index(self.chains[place])))
        return boxes, self._arrows(), groups.groups

    def count_arrows(self) -> int:
        """How many arrows `describe` will give."""
        drawn = 0
        entering: set[tuple[Value | Scope, Scope]] = set()
        for node in self.order:
            head = self.collapsed(node)
            if head is None:
                drawn += len(node.parents)
            else:
                tails = [tail for p in node.parents if (tail := self.collapsed(p) or p) is not head]
                if head in self.neurons:
                    drawn += len(tails)
                else:
                    entering |= {(tail, head) for tail in tails}
        return drawn + len(entering)

    def node_box(self, node: Value, group: int | None = None) -> Box:
        style = self.style
        role = _role(node)
        rows: list[tuple[str, str]] = [("data", style.data_text(node))]
        if role != "constant":
            rows.append(("grad", style.gradient_text(node)))
        title = style.title(node)
        return Box(
            name=self.box_name(node),
            role=role,
            output=node is self.output,
            badge=shown(node.op),
            title="" if role == "constant" else shown(self._short(node, title)),
            rows=tuple(rows),
            operands=len(node.parents) if 1 < len(node.parents) <= _PLACES else 0,
            tooltip=visible(self._describe(node, title)),
            group=group,
        )

    def _short(self, node: Value, label: str) -> str:
        """The label without the names of the groups around it: ``w.0`` of ``layer.neuron.w.0``."""
        prefix = "".join(f"{scope.name}." for scope in self.chains[node])
        return label.removeprefix(prefix) or label

    def _describe(self, node: Value, label: str) -> str:
        """The node in one line, nothing shortened."""
        parts = [label, node.operation.signature if node.operation and node.parents else _role(node)]
        parts.append(f"data {self.style.data(node)!r}")
        if node.operation is not None:
            gradient = self.style.gradients(node)
            parts.append("grad not computed" if gradient is None else f"grad {gradient!r}")
        chain = self.chains[node]
        parts.append("/".join(scope.name for scope in chain))
        return ", ".join(part for part in parts if part)

    def _leaving(self) -> dict[Scope, list[Value]]:
        """The nodes of each collapsed scope that others use, and the output."""
        used: dict[Value, None] = {self.output: None}
        for node in self.order:
            for parent in node.parents:
                if self.collapsed(parent) is not self.collapsed(node):
                    used[parent] = None
        return {scope: [node for node in nodes if node in used] for scope, nodes in self.within.items()}

    def scope_box(self, scope: Scope, nodes: list[Value], leaving: list[Value], neuron: Neuron | None) -> Box:
        """The box of a scope with these nodes, of which others use those that are `leaving`; a neuron is a card."""
        box = Box(
            name="",
            role="scope",
            output=self.output in nodes,
            badge=shown(scope.name),
            title="",
            rows=(),
            operands=0,
            tooltip=visible(f"{scope.name}, {len(nodes)} nodes"),
            group=None,
        )
        return self._summary(box, nodes, leaving) if neuron is None else self._card(box, neuron)

    def _card(self, box: Box, neuron: Neuron) -> Box:
        """The card of a neuron: a row for each input, its bias, its sum and what follows."""
        style = self.style
        names = [self._called(neuron.total.parents[k]) for k in neuron.inputs]
        names += [] if neuron.bias is None else ["bias"]
        names += [f"{word} {self._called(node)}" for word, node in neuron.operations()]
        return box._replace(
            card=tuple(
                (
                    shown(name),
                    style.data_text(node),
                    style.gradient_text(node) if node.operation else "",
                )
                for name, node in zip(names, neuron.parts(), strict=True)
            ),
            inputs=len(neuron.weights),
        )

    def _called(self, node: Value) -> str:
        """What a card calls a node: its name, or the number that a constant is."""
        return self.style.data_text(node) if node.operation is None else self._short(node, self.style.title(node))

    def _summary(self, box: Box, nodes: list[Value], leaving: list[Value]) -> Box:
        style = self.style
        counts = {role: sum(_role(node) == role for node in nodes) for role in ("operation", "parameter")}
        rows = [(f"{role}s", str(count)) for role, count in counts.items() if count]
        if len(leaving) == 1 and leaving[0].parents:
            rows.append(("data", style.data_text(leaving[0])))
            rows.append(("grad", style.gradient_text(leaving[0])))
        elif counts["operation"]:
            rows.append(("outputs", str(len(leaving))))
        title = style.label(leaving[0]) if len(leaving) == 1 else ""
        return box._replace(title=shown(title), rows=tuple(rows))

    def _arrows(self) -> list[Arrow]:
        arrows: list[Arrow] = []
        into: dict[tuple[str, str], dict[Value, None]] = {}  # values that enter a collapsed scope, by tail and head
        for node in self.order:
            head = self.collapsed(node)
            formulas = self._formulas(node) if head is None and self.style.local_grads else None
            for k, parent in enumerate(node.parents):
                tail = self.collapsed(parent)
                tail_name = self.box_name(parent)
                if head is None:
                    arrows.append(self._operand(node, k, tail_name, formulas[k] if formulas else ""))
                elif head in self.neurons and tail is not head:
                    arrows.append(self._into_card(node, k, head))
                elif tail is not head:
                    into.setdefault((tail_name, self.box_name(node)), {})[parent] = None
        for (tail_name, head_name), values in into.items():
            several = len(values) > 1
            number = f"{len(values)} values" if several else ""
            label = "" if several else self.style.label(next(iter(values)))
            tooltip = visible(f"{number or label or 'one value'} into {head_name}")
            flows = any(value.operation is not None for value in values)
            arrows.append(Arrow(f"edge_{tail_name}_{head_name}", tail_name, head_name, None, number, tooltip, flows))
        return arrows

    def _operand(self, node: Value, k: int, tail: str, formula: str) -> Arrow:
        """The arrow of operand `k` into a node that is drawn itself."""
        parent, position = node.parents[k], self.position[node]
        flows = parent.operation is not None
        local = node.local_grads[k]
        number = self.style.number(local) if flows and self.style.local_grads else ""
        several = 1 < len(node.parents) <= _PLACES
        return Arrow(
            name=f"edge{position}_{k}",
            tail=tail,
            head=f"node{position}",
            place=k if several else None,
            label=f"{formula}{number}" if number else "",
            tooltip=visible(
                f"operand {k + 1} of {node.op}"
                + (f": local derivative {formula}{local!r}" if flows else ", a constant")
            ),
            flows=flows,
            row=self._row(parent),
        )

    def _row(self, node: Value) -> int | None:
        """The row of its card that shows `node`, from which arrows start."""
        scope = self.collapsed(node)
        return self.neurons[scope].shown().get(node) if scope in self.neurons else None

    def _into_card(self, node: Value, k: int, head: Scope) -> Arrow:
        """The arrow of operand `k` of a neuron's operation, to its row of the card."""
        parent = node.parents[k]
        return Arrow(
            name=f"edge{self.position[node]}_{k}",
            tail=self.box_name(parent),
            head=self.scope_names[head],
            place=self._rows[head][node, k],
            label="",
            tooltip=visible(f"{self._called(parent)} into {head.name}, local derivative {node.local_grads[k]!r}"),
            flows=parent.operation is not None,
            row=self._row(parent),
        )

    def _formulas(self, node: Value) -> list[str]:
        """Each local derivative in symbols, such as ``∂f/∂q = z``, as far as labels allow; else empty."""
        if not node.parents or node.operation is None:
            return []
        parents, own = node.parents, self._name(node)
        names = [self._name(parent) for parent in parents]
        operands = [p.data if p.operation is None else name for p, name in zip(parents, names, strict=True)]
        times = Counter(parents)
        numbers = [parent.data for parent in parents]
        valid = as_recorded(node)[1]  # else data was set since then
        formulas = partial_formulas_at(node.operation, own, operands, [node.data, *numbers], Symbols)
        texts = []
        for parent, name, local, same in zip(parents, names, formulas, valid, strict=True):
            right = local.text if local.number is None and same and len(local.text) <= _FORMULA else ""
            if _UNNAMED in right:
                right = ""
            # Of x * x, each edge carries a part of ∂(x * x)/∂x only.
            named = _UNNAMED not in own + name and times[parent] == 1
            texts.append(f"∂{own}/∂{name} = {right} = " if named and right else f"∂{own}/∂{name} = " if named else "")
        return texts

    def _name(self, node: Value) -> str:
        label = self._short(node, self.style.label(node))
        return label if len(label) <= 8 and _NAME.fullmatch(label) else _UNNAMED


class _Groups:
    """Groups by chain of scopes, each made when it is first needed, outer ones before inner ones."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self._indices: dict[Scope, int] = {}

    def index(self, chain: Sequence[Scope]) -> int | None:
        at: int | None = None
        for scope in chain[:_FRAMES]:
            if scope not in self._indices:
                self._indices[scope] = len(self.groups)
                self.groups.append(Group(shown(scope.name), at))
            at = self._indices[scope]
        return at


def _role(node: Value) -> Role:
    if node.operation is None:
        return "constant"
    if node.parents:
        return "operation"
    return "input" if node.scope is None else "parameter"


def _scope_chains(order: Sequence[Value]) -> dict[Value, tuple[Scope, ...]]:
    """For each node the scopes around it, from the outermost.

    A layer names its scope when its parameters are made and again at each call, which gives two scopes of one name.
    Parameters are shown in the call that uses them; shared by several calls, in a group beside them.
    """
    chains: dict[Scope | None, tuple[Scope, ...]] = {None: ()}

    def chain(scope: Scope | None) -> tuple[Scope, ...]:
        inner = []
        while scope is not None and scope not in chains:
            inner.append(scope)
            scope = scope.parent
        found = chains[scope]
        for scope in reversed(inner):
            found = chains[scope] = (*found, scope)
        return found

    def path(scopes: Sequence[Scope]) -> tuple[str, ...]:
        return tuple(scope.name for scope in scopes)

    calls: dict[Scope, dict[Scope, None]] = {}  # scopes of leaves: the calls of that name that use them
    for node in order:
        for parent in node.parents:
            home = parent.scope
            if home is not None and not parent.parents and home is not node.scope:
                around, name = chain(node.scope), path(chain(home))
                for k in range(len(name), len(around) + 1):
                    if path(around[:k])[-len(name) :] == name:
                        calls.setdefault(home, {})[around[k - 1]] = None
    beside: dict[tuple[Scope, ...], Scope] = {}  # for calls of one layer, the group of their parameters
    for home, using in calls.items():
        if home in using:
            continue
        users = [chain(scope) for scope in using]
        if len(users) == 1:
            chains[home] = users[0]
        elif len(set(map(path, users))) == 1:
            levels = zip(*users, strict=True)
            chains[home] = tuple(beside.setdefault(level, Scope(level[0].name)) for level in levels)
    return {node: chain(node.scope) for node in order}


def find_neurons(order: Sequence[Value], chains: Mapping[Value, tuple[Scope, ...]]) -> dict[Scope, Neuron]:
    """The scopes that hold nothing but one neuron."""
    within: dict[Scope, list[Value]] = {}
    for node in order:
        for scope in chains[node]:
            within.setdefault(scope, []).append(node)
    neurons = {scope: _neuron(nodes) for scope, nodes in within.items()}
    return {scope: neuron for scope, neuron in neurons.items() if neuron is not None}


def _neuron(nodes: Sequence[Value]) -> Neuron | None:
    """What the nodes of a scope, in topological order, are together."""
    operations = [node for node in nodes if node.parents]
    if not operations or operations[0].op != "dot":
        return None
    total, *after = operations
    own = {node for node in nodes if not node.parents}
    used = {parent for node in operations for parent in node.parents}
    chain = all(before in node.parents for before, node in zip(operations, after, strict=False))
    alone = all(sum(parent in operations for parent in node.parents) == 1 for node in after)
    if not (chain and alone and own <= used):
        return None
    half = len(total.parents) // 2  # dot(ws, xs, bias)
    first, second = tuple(range(half)), tuple(range(half, 2 * half))
    swapped = sum(total.parents[k] in own for k in second) > sum(total.parents[k] in own for k in first)
    weights, inputs = (second, first) if swapped else (first, second)
    return Neuron(total, weights, inputs, 2 * half if len(total.parents) % 2 else None, tuple(after))


def _collapsed_scopes(
    chains: Mapping[Value, tuple[Scope, ...]], neurons: Mapping[Scope, Neuron]
) -> dict[tuple[Scope, ...], Scope]:
    """For each chain of scopes the one that becomes a box: a neuron, or the outermost that holds no neuron."""
    distinct = dict.fromkeys(chains.values())
    if not neurons:
        depth = collapsed_depth(chains)
        return {chain: chain[depth] for chain in distinct if len(chain) > depth}
    around = {scope for chain in distinct if neurons.keys() & set(chain) for scope in chain} - neurons.keys()
    found = {chain: next((scope for scope in chain if scope not in around), None) for chain in distinct}
    return {chain: scope for chain, scope in found.items() if scope is not None}


def collapsed_depth(chains: Mapping[Value, tuple[Scope, ...]]) -> int:
    """Which scopes become boxes: the outermost, or those within it where one scope alone holds all the others."""
    distinct = list(dict.fromkeys(chains.values()))
    depth = 0
    while len({c[depth] for c in distinct if len(c) > depth}) == 1 and any(len(c) > depth + 1 for c in distinct):
        depth += 1
    return depth


def visible(text: str) -> str:
    """`text` with characters that cannot be drawn as Python's escapes: ``\\x00``."""
    return "".join(c if c.isprintable() or c == "\n" else " " if c.isspace() else ascii(c)[1:-1] for c in text)


def shown(text: str) -> str:
    """`text` as far as it fits into a box."""
    lines = visible(text).strip("\n").split("\n")
    cut = [_cut(line) for line in lines[:_LINES]]
    if len(lines) > _LINES:
        cut[-1] += "…"
    return "\n".join(cut) if any(line.strip() for line in cut) else ""


def _cut(line: str) -> str:
    ends = list(accumulate(map(columns, line)))
    if not ends or ends[-1] <= _COLUMNS:
        return line
    return line[: bisect_left(ends, _COLUMNS)] + "…"
