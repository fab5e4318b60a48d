"""The program as text that a student can read: lines of array arithmetic, in the names of labels and scopes.

What is used once stands where it is used, as in the function that was traced; a name is given to what is used more
often. ``W1 @ x + b1`` are the neurons of a layer, and ``*`` in the name of parameters stands for 0, 1, 2 and so on.
"""

from collections import Counter
from collections.abc import Sequence

from ...rules.formula import ATOM, PRODUCT, SUM, Formula
from .blocks import Block, Program
from .naming import Names, formula

_LONGEST = 60  # characters of a formula that stands within another


def listing(name: str, program: Program) -> str:
    """Every block of a program in the order of calculation."""
    made = _Listing(program)
    p = len(program.parameters)
    lines = [f"{name}({made.arguments()}): {p} parameter{'' if p == 1 else 's'}"]
    for title, texts in made.sections():
        if texts:
            lines += ["", title, *_aligned(texts)]
    return "\n".join(lines)


def _aligned(lines: Sequence[str]) -> list[str]:
    """Lines with their comments below each other."""
    parts = [line.partition("  # ") for line in lines]
    width = max((len(code) for code, mark, _ in parts if mark and len(code) < _LONGEST), default=0)
    return [f"    {code:{width}}{mark}{note}" if mark else f"    {code}" for code, mark, note in parts]


class _Listing:
    def __init__(self, program: Program):
        self.program, self.place = program, program.place
        self.names = Names(program)
        self.inline: dict[Block, Formula] = {}  # formulas that stand where they are used
        self.counted: Counter[str] = Counter()  # names of each letter
        self.uses = self._count_uses()

    def arguments(self) -> str:
        """The arguments with their sizes: ``x[2], t``."""
        inputs, nodes = self.program.blocks[0].nodes, self.program.nodes
        shown = []
        for rows in self.program.arguments:
            labels = [nodes[k].label for k in inputs[rows]]
            if labels:
                name, *rest = labels[-1].split("[")
                sizes = "".join(f"[{int(index.rstrip(']')) + 1}" + "]" for index in rest)
                shown.append(name + (sizes if rest or len(labels) == 1 else f"[{len(labels)}]"))
        return ", ".join(shown)

    def sections(self) -> list[tuple[str, list[str]]]:
        once: list[str] = []
        each: list[str] = []
        for block in self.program.blocks[3:]:
            lines = each if block.batch else once
            lines += self._lines(block)
        outputs = [self._operand([node]).text for node in self.program.outputs]
        checks = [f"check that {self._operand([node])} is {taken}" for node, taken in self.program.branches]
        result = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
        return [
            ("parameters", [*self.names.definitions, *filter(None, [self.names.unnamed_parameters()])]),
            ("once a call", once),
            ("for each example", [*each, *checks, f"return {result}"]),
        ]

    def _lines(self, block: Block) -> list[str]:
        """What a block calculates, unless it stands where it is used."""
        written = self._written(block)
        labels = [self.program.nodes[node].label for node in block.nodes]
        if self.uses[block] == 1 and not any(labels) and len(written.text) <= _LONGEST:
            self.inline[block] = written
            return []
        name = labels[0] if len(labels) == 1 else ""
        if not name:
            kind = "v" if len(labels) == 1 else "h"
            self.counted[kind] += 1
            name = f"{kind}{self.counted[kind]}"
        name = self.names.group(name, block.nodes)
        scope = ".".join(_common([self.program.nodes[node].scope for node in block.nodes]))
        notes = [str(len(labels))] * (len(labels) > 1) + [scope] * bool(scope)
        lines = [f"{name} = {written}" + (f"  # {', '.join(notes)}" if notes else "")]
        if len(labels) > 1:
            called = self.names.labelled(block.nodes)
            lines += [f"{self.names.one(node)} = {name}[{block.nodes.index(node)}]" for node in called]
        return lines

    def _written(self, block: Block) -> Formula:
        assert block.operation is not None
        if block.kind != "product":
            return formula(block.operation, list(map(self._operand, block.places)))
        weights, biases = self.names.weights(block)
        product = f"{weights} @ {self._operand(block.operands[1]).within(ATOM)}"
        return Formula(f"{product} + {biases}", SUM) if biases else Formula(product, PRODUCT)

    def _operand(self, column: Sequence[int]) -> Formula:
        used, _ = self.place[column[0]]
        return self.inline[used] if used in self.inline else self.names.many(column)

    def _count_uses(self) -> Counter[Block]:
        """How often each block is used; what is not used whole, in order and as often counts twice."""
        uses: Counter[Block] = Counter()
        for block in self.program.blocks[3:]:
            for column in block.places:
                for used in {self.place[node][0] for node in column}:
                    whole = list(column) == used.nodes or used.nodes == list(set(column))
                    layer = block.kind == "product"  # whose inputs get a name, so that each layer is a line
                    uses[used] += 1 if whole and used.batch == block.batch and not layer else 2
        for node in [*self.program.outputs, *(node for node, _ in self.program.branches)]:
            used, _ = self.place[node]
            uses[used] += 1 if used.nodes == [node] and used.batch else 2
        return uses


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The beginning that all of these have in common."""
    shortest, longest = min(paths), max(paths)
    same = 0
    while same < len(shortest) and shortest[same] == longest[same : same + 1][0]:
        same += 1
    return shortest[:same]
