"""The program: the traced graph without repetitions, its nodes gathered into blocks.

A block is one operation on many nodes at once: the neurons of a layer that share their inputs are one matrix product,
their activations one array operation. Back ends read blocks; they never see a node.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...engine.backward import topological_order
from ...engine.value import Value
from ...rules import table
from ...rules.table import LEAF, Operation
from .trace import TAKE, Tape, Tracer, through

_FEW = 4  # nodes of one operation that are not worth gathering
ONE = -1  # stands below the inputs of an argument: a row of ones, so that a bias is one more weight


@dataclass(slots=True)
class Node:
    """A node of the program: its operation and operands, by number; or an input, a parameter or a constant."""

    operation: Operation | None
    parents: tuple[int, ...]
    batch: bool  # differs between examples
    active: bool  # a parameter's gradient passes through
    varies: bool  # the gradient of some leaf, an input perhaps, passes through
    level: int
    number: float = 0.0  # of a constant
    label: str = ""
    scope: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Block:
    """Nodes that are calculated together, as rows of one array.

    `kind` is "inputs", "parameters", "constants", "map" (one operation, row by row), "product" (neurons: a matrix of
    weights times the rows of their inputs) or "fold" (one operation over many rows).
    """

    kind: str
    nodes: list[int]
    operation: Operation | None = None
    operands: list[list[int]] = field(default_factory=list)  # nodes that the operands are, row by row
    batch: bool = False
    active: bool = False

    @property
    def places(self) -> list[list[int]]:
        """The nodes in each place of the operation's rule, which has one for all operands of a variadic one."""
        if self.kind != "fold":
            return self.operands
        (operands,) = self.operands
        if self.operation is table.DOT:
            n = len(operands) // 2
            return [part for part in (operands[:n], operands[n : 2 * n], operands[2 * n :]) if part]
        assert self.operation is not None
        fixed = self.operation.value.__code__.co_argcount - 1  # such as the index of take
        return [*[[node] for node in operands[:fixed]], operands[fixed:]]


@dataclass
class Program:
    """Blocks in the order of calculation, and what stands where."""

    nodes: list[Node]
    blocks: list[Block]
    outputs: list[int]
    branches: list[tuple[int, bool]]
    parameters: list[Value]
    arguments: list[slice]  # the rows of the inputs that each argument fills, and the random numbers the last
    constants: list[Value] = field(default_factory=list)  # that were met while it was traced, for a moment

    @property
    def place(self) -> dict[int, tuple[Block, int]]:
        """Block and row of each node."""
        return {node: (block, row) for block in self.blocks for row, node in enumerate(block.nodes) if node != ONE}


def build(tape: Tape, outputs: Sequence[Value]) -> Program:
    """The program of a trace."""
    entries = _Entries()
    inputs: list[int] = []
    arguments: list[slice] = []
    for group in (*tape.arguments, [node for node, _ in tape.randoms]):
        start = len(inputs)
        inputs += [entries.add(tracer, tracer, Node(None, (), True, False, True, 0)) for tracer in group]
        arguments.append(slice(start, len(inputs)))
        inputs.append(ONE)
    entries.enter(topological_order(*outputs, *(node for node, _ in tape.branches)), tape)
    number, nodes = entries.number, entries.nodes
    wanted = [number[v] for v in outputs]
    branches = {number[node]: taken for node, taken in tape.branches}
    branches = {k: taken for k, taken in branches.items() if not is_constant(nodes[k])}
    alive = _reachable(nodes, [*wanted, *branches])
    blocks = _blocks(nodes, inputs, alive)
    parameters = [entries.leaves[k] for k in blocks[1].nodes]
    return Program(nodes, blocks, wanted, list(branches.items()), parameters, arguments, entries.constants)


class _Entries:
    """The nodes of a program, equal ones only once, and the number of each Value among them."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.number: dict[Value, int] = {}
        self.leaves: dict[int, Value] = {}  # the parameters
        self.constants: list[Value] = []  # whose numbers may be set, while somebody else holds them
        self._known: dict[object, int] = {}

    def add(self, value: Value, key: object, node: Node) -> int:
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(node)
        self.number[value] = k = self._known[key]
        if value._label and not self.nodes[k].label:
            self.nodes[k].label = value._label
        return k

    def _enter_parameter(self, value: Value) -> None:
        """Add a leaf: nearly all Values of a wide network are leaves, so this is what tracing one takes."""
        self.number[value] = k = len(self.nodes)
        self.leaves[k] = value
        self.nodes.append(Node(None, (), False, True, True, 0, 0.0, value._label))

    def enter(self, order: Iterable[Value], tape: Tape) -> None:
        """Add Values, parents before children."""
        made = set(tape.made)
        for value in order:
            if value in self.number:
                continue
            operation = value.operation
            if operation is LEAF and type(value) is Value and value._x is None and value not in made:
                self._enter_parameter(value)
                continue
            parents = tuple([self.number[p] for p in value.parents])
            operands = [self.nodes[p] for p in parents]
            if operation is None or (all(map(is_constant, operands)) and (parents or value in made)):
                if operation is None and not isinstance(value, Tracer):
                    self.constants.append(value)
                # 0.0 and -0.0 are two constants
                self.add(value, value._data.hex(), Node(None, (), False, False, False, 0, value._data))
            elif not parents:
                if isinstance(value, Tracer):
                    raise TypeError(f"{value!r} is a copy, or was kept from an earlier trace: use the argument itself")
                self.leaves[self.add(value, value, Node(None, (), False, True, True, 0))] = value
            else:
                batch = any(x.batch for x in operands)
                passed = through(operation, tuple(operands))
                active, varies = any(x.active for x in passed), any(x.varies for x in passed)
                level = 1 + max(x.level for x in operands)
                scope = value.scope.path if value.scope else ()
                node = Node(operation, parents, batch, active, varies, level, scope=scope)
                self.add(value, (operation, parents), node)


def is_constant(node: Node) -> bool:
    return node.operation is None and not node.batch and not node.active


def has_variable_exponent(nodes: list[Node], k: int) -> bool:
    """Whether node `k` is a power whose exponent has a derivative, and its base so no value below 0."""
    return nodes[k].operation is table.POW and nodes[nodes[k].parents[1]].varies


def _reachable(nodes: list[Node], roots: Iterable[int]) -> set[int]:
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        k = stack.pop()
        if k not in seen:
            seen.add(k)
            stack += nodes[k].parents
    return seen


def _blocks(nodes: list[Node], inputs: list[int], alive: set[int]) -> list[Block]:
    """Group what can be calculated at once: equal operations at the same distance from the leaves."""
    groups: dict[Any, list[int]] = {}
    for k, node in enumerate(nodes):
        if k in alive and node.operation is not None:
            groups.setdefault((node.level, *_kind(nodes, k)), []).append(k)
    blocks: list[Block] = []
    place = {node: (-1, row) for row, node in enumerate(inputs)}
    for key, members in sorted(groups.items(), key=lambda item: (item[0][0], item[1][0])):
        for block in _gather(nodes, key[1], members):
            for part in _parts(nodes, block, place):
                place |= {node: (len(blocks), row) for row, node in enumerate(part.nodes)}
                blocks.append(part)
    return [
        Block("inputs", inputs, batch=True),
        Block("parameters", _parameters(nodes, blocks, alive), active=True),
        Block("constants", [k for k in sorted(alive) if is_constant(nodes[k])]),
        *blocks,
    ]


def _kind(nodes: list[Node], k: int) -> tuple[object, ...]:
    """What nodes of one block have in common."""
    node = nodes[k]
    operation = node.operation
    if operation is table.DOT:
        weights, inputs, bias = _roles(nodes, node)
        if weights and node.batch and not any(nodes[w].batch for w in (*weights, *bias)):
            return "product", inputs, len(bias)
        return "fold", k
    if operation is TAKE or (operation is not None and operation.variadic):
        return "fold", k
    return "map", operation, node.batch, node.active, has_variable_exponent(nodes, k)


def _gather(nodes: list[Node], kind: str, members: list[int]) -> list[Block]:
    first = nodes[members[0]]
    batch, active = first.batch, any(nodes[k].active for k in members)
    if kind == "map":
        operands = [list(column) for column in zip(*(nodes[k].parents for k in members), strict=True)]
        return [Block("map", members, first.operation, operands, batch, active)]
    if kind == "fold":
        return [Block("fold", members, first.operation, [list(first.parents)], batch, active)]
    roles = [_roles(nodes, nodes[k]) for k in members]
    weights = [w for weights, _, bias in roles for w in (*weights, *bias)]
    return [Block("product", members, first.operation, [weights, list(roles[0][1])], batch, active)]


def _parts(nodes: list[Node], block: Block, place: dict[int, tuple[int, int]]) -> list[Block]:
    """The block, or one for each node: to gather the operands of a few takes longer than to calculate one by one.

    `place` has the number of the block and the row of each node before, the inputs included.
    """

    def together(operands: list[int]) -> bool:
        home, first = place.get(operands[0], (-2, 0))
        neighbours = [(home, first + j) for j in range(len(operands))]
        return len(set(operands)) == 1 or [place.get(k) for k in operands] == neighbours

    if block.kind != "map" or not block.batch or not 1 < len(block.nodes) <= _FEW:
        return [block]
    if all(together(operands) for operands in block.operands if any(nodes[k].batch for k in operands)):
        return [block]
    return [part for node in block.nodes for part in _gather(nodes, "map", [node])]


def _roles(nodes: list[Node], node: Node) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Weights, inputs and bias of a dot product; the half that is the same for all examples is the weights."""
    n = len(node.parents) // 2
    first, second, bias = node.parents[:n], node.parents[n : 2 * n], node.parents[2 * n :]
    if any(nodes[k].batch for k in first) and not any(nodes[k].batch for k in second):
        return second, first, bias
    return first, second, bias


def _parameters(nodes: list[Node], blocks: list[Block], alive: set[int]) -> list[int]:
    """The parameters in the order in which matrices of weights, each row with its bias, stand in one piece."""
    leaves = {k for k in alive if nodes[k].operation is None and nodes[k].active}
    products = [k for block in blocks if block.kind == "product" for k in block.operands[0] if k in leaves]
    return list(dict.fromkeys([*products, *sorted(leaves)]))
