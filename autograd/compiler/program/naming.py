"""What the nodes of a program are called: by the learner's labels, in short where there are many of them."""

from collections.abc import Sequence
from itertools import groupby, product
from math import prod

from ...rules import as_formulas as words
from ...rules.formula import COMPARISON, SUM, Formula
from ...rules.table import LOG_SOFTMAX, SOFTMAX, TABLE, Operation
from .blocks import Block, Program, is_constant
from .trace import TAKE, UNIFORM

SHOWN = 4  # elements of a list that has no name


class Names:
    """Names for single nodes, for lists of them, and for the weights of neurons.

    Attributes: `definitions` are lines that say what parameters a name stands for.
    """

    def __init__(self, program: Program):
        self.program = program
        self.definitions: list[str] = []
        self._groups: dict[str, list[int]] = {}  # names that stand for several nodes
        self._home: dict[int, tuple[str, int]] = {}  # the group of a node, and its place there
        self._by_place: set[int] = set()  # nodes that are called by their place, although they have a label
        self._labels = {node.label for node in program.nodes} - {UNIFORM}
        inputs, self._parameters = program.blocks[0].nodes, program.blocks[1].nodes
        self._place = {node: k for k, node in enumerate(self._parameters)}
        for rows in program.arguments:
            for name, nodes in groupby(inputs[rows], lambda node: _row(program.nodes[node].label)):
                self.group(name, list(nodes))
        self._weights = {block: self._named_weights(block) for block in program.blocks if block.kind == "product"}

    def group(self, name: str, nodes: Sequence[int]) -> str:
        """Let a name stand for nodes in this order; returns it, changed where it was taken."""
        while name in self._groups or (name in self._labels and [self.program.nodes[k].label for k in nodes] != [name]):
            name += "_"
        self._groups[name] = list(nodes)
        self._home.update((node, (name, k)) for k, node in enumerate(nodes))
        return name

    def labelled(self, nodes: Sequence[int]) -> list[int]:
        """Those of a group of nodes that are called by their label: all that have one, or none where they are many."""
        found = [node for node in nodes if self.program.nodes[node].label]
        if len(found) <= SHOWN:
            return found
        self._by_place.update(found)
        return []

    def one(self, node: int) -> Formula:
        """The name of one node: its label, or its place in a group; ``…`` where it has none."""
        record = self.program.nodes[node]
        if is_constant(record):
            return Formula.of(record.number)
        if record.label and record.label != UNIFORM and node not in self._by_place:
            return Formula(record.label)
        if node in self._home:
            name, k = self._home[node]
            return Formula(name if len(self._groups[name]) == 1 else f"{name}[{k}]")
        return Formula(f"p{self._place[node]}" if node in self._place else "…")

    def many(self, nodes: Sequence[int]) -> Formula:
        """The name of a list of nodes, or a list of the names of its pieces; of equal nodes, that of one."""
        if len(set(nodes)) == 1:
            return self.one(nodes[0])
        pieces = self._pieces(nodes)
        if len(pieces) == 1:
            return Formula(pieces[0])
        if len(pieces) > SHOWN and all(node in self._place for node in nodes):
            return Formula(self._in_short(nodes))
        return Formula(f"[{_shortened(pieces)}]")

    def unnamed_parameters(self) -> str:
        """The parameters that no definition holds."""
        nodes = [node for node in self._parameters if node not in self._home]
        return self._in_short(nodes).removeprefix("[").removesuffix("]") if nodes else ""

    def weights(self, block: Block) -> tuple[str, str]:
        """What the weights and the biases of a block of neurons are called; "" where there are no biases."""
        return self._weights[block]

    def _pieces(self, nodes: Sequence[int]) -> list[str]:
        pieces, k = [], 0
        while k < len(nodes):
            name, start = self._home.get(nodes[k], ("", 0))
            group = self._groups.get(name, [])
            n = 1
            while start + n < len(group) and group[start + n : start + n + 1] == list(nodes[k + n : k + n + 1]):
                n += 1
            part = name if n == len(group) else f"{name}[{start}:{start + n}]"
            pieces.append(part if n == len(nodes) else f"*{part}" if n > 1 else self.one(nodes[k]).text)
            k += n
        return pieces

    def _named_weights(self, block: Block) -> tuple[str, str]:
        weights, inputs = block.operands
        k, n = len(block.nodes), len(inputs)
        each = len(weights) // k
        number = 1 + sum(name.startswith("W") for name in self._groups)
        matrix = [w for at in range(0, k * each, each) for w in weights[at : at + n]]
        biases = weights[n::each] if each > n else []
        return (
            self._defined(f"W{number}", matrix, f"{k}×{n}"),
            self._defined(f"b{number}", biases, f"{k}") if biases else "",
        )

    def _defined(self, name: str, nodes: list[int], shape: str) -> str:
        """The name of parameters, now defined where they have none yet."""
        new = len(nodes) > 1 and all(node in self._place and node not in self._home for node in nodes)
        if new and len(set(nodes)) == len(nodes):
            name = self.group(name, nodes)
            self.definitions.append(f"{name} = {self._in_short(nodes)}  # {shape}")
        return self.many(nodes).text

    def _in_short(self, nodes: Sequence[int]) -> str:
        labels = [self.program.nodes[node].label or f"p{self._place[node]}" for node in nodes]
        return _pattern(labels) or f"[{_shortened(labels)}]"


def _row(label: str) -> str:
    """``x`` for ``x[1]``, ``m[0]`` for ``m[0][1]``, ``t`` for ``t``."""
    return label.rpartition("[")[0] or label


def _shortened(texts: Sequence[str]) -> str:
    return ", ".join(texts if len(texts) <= SHOWN else [*texts[:2], "…", texts[-1]])


def _pattern(labels: Sequence[str]) -> str:
    """``neurons.*.w.*`` for labels in which the numbers count up from 0, the last one fastest; "" for others."""
    fields = [label.split(".") for label in labels]
    first, last = fields[0], fields[-1]
    counted = [a != b for a, b in zip(first, last, strict=False)]
    ends = [int(b) + 1 for b, c in zip(last, counted, strict=False) if c and b.isdigit()]
    if len(first) != len(last) or prod(ends) != len(labels) or len(ends) != sum(counted):
        return ""
    for label, numbers in zip(fields, product(*map(range, ends)), strict=True):
        turn = iter(numbers)
        if label != [str(next(turn)) if c else field for field, c in zip(first, counted, strict=True)]:
            return ""
    return ".".join("*" if c else field for field, c in zip(first, counted, strict=True))


def formula(operation: Operation, operands: Sequence[Formula]) -> Formula:
    """An operation as it is called: ``x + y``, ``relu(x)``, ``dot(w, x)``."""
    if operation in (TAKE, SOFTMAX, LOG_SOFTMAX):
        index, *xs = operands
        listed = xs[0] if len(xs) == 1 else Formula(f"[{', '.join(map(str, xs))}]")
        return listed.call(operation.name, index)
    if operation.infix and operation.name not in TABLE:  # a comparison
        x, y = operands
        return Formula(f"{x.within(SUM)} {operation.name} {y.within(SUM)}", COMPARISON)
    return words.call_formula(operation, operands)


def describe(program: Program, node: int, depth: int = 3) -> str:
    """A node as the formula it was written as, cut short below `depth`."""
    return str(_described(Names(program), node, depth))


def _described(names: Names, node: int, depth: int) -> Formula:
    record = names.program.nodes[node]
    if record.operation is None or record.label or depth == 0:
        return names.one(node)
    operands = [_described(names, parent, depth - 1) for parent in record.parents[: SHOWN + 1]]
    if len(record.parents) > SHOWN:
        operands[SHOWN - 1 :] = [Formula("…")]
    return formula(record.operation, operands)
