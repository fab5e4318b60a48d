"""The formulas of a graph in the names, or the numbers, of its nodes, cut to the room there is.

The table is read as text with each operand written by its name (``q·z``) or by its number (``3·(-4)``).
"""

from collections.abc import Callable
from typing import NamedTuple

from ..engine.grad import as_recorded
from ..engine.value import Value
from ..rules.as_formulas import call_formula, partial_formulas, partial_formulas_at, value_formula
from ..rules.formula import ATOM, CHOICE, SUM, Formula
from ..rules.table import LEAF
from .names import Names
from .symbols import Latex, Symbols, latex_name, short_number
from .text_layout import AMPLE, ROOMS, Room, clip, columns


class Recorded(NamedTuple):
    """Whether the rule of a node still gives what was recorded, its value and each of its local derivatives."""

    value: bool
    local_grads: tuple[bool, ...]


Spelling = Callable[[Value], Formula]


class Wording:
    """The formulas of one graph; `names` are those of its nodes."""

    def __init__(self, names: Names):
        self.names = names
        # What was asked last is asked again: the steps of a node follow each other, each in several widths.
        self._equations: dict[object, str] = {}
        self._read: dict[object, tuple[Formula, ...]] = {}
        self._compared: tuple[object, Recorded] = (None, Recorded(True, ()))

    def name(self, node: Value, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> Formula:
        """A node by its name, a constant by its number; ``w + b`` gets parentheses where they are needed."""
        if node.operation is None:
            return self.number(node, room, kind)
        name = self.names[node]
        if issubclass(kind, Latex):
            return kind(latex_name(name))
        return kind(clip(name, room.name), ATOM if all(c.isalnum() or c in "_[]{}#.'…" for c in name) else SUM)

    def number(self, node: Value, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> Formula:
        """A node by its number, negative ones in parentheses where an operator precedes them."""
        text = kind.numeral(node.data) if issubclass(kind, Latex) else short_number(node.data, room.digits)
        return kind(text, SUM if text.startswith("-") else ATOM)

    def equation(self, node: Value, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> str:
        """What a node is of its parents, by name: ``q·z``."""
        key = (node, room, kind)
        if key not in self._equations:
            if len(self._equations) >= 64:
                self._equations.clear()
            self._equations[key] = self._right_side(node, lambda p: self.name(p, room, kind), room, kind)
        return self._equations[key]

    def numbers(self, node: Value, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> str:
        """What a node is of its parents, by number: ``3·(-4)``."""
        return self._right_side(node, lambda p: self.number(p, room, kind), room, kind)

    def _right_side(self, node: Value, spell: Spelling, room: Room, kind: type[Symbols]) -> str:
        operation = node.operation or LEAF
        operands = [spell(parent) for parent in node.parents]
        call = call_formula(operation, operands, kind).text
        if operation.variadic:  # a weighted sum reads best written out, where there is room
            written_out = value_formula(operation, operands, kind).text
            if columns(written_out) <= min(room.formula, 80):
                return written_out
        if columns(call) <= room.formula:
            return call
        brief = f"{operation.name}({kind.dots})" if operation.name.isidentifier() else call
        return brief if issubclass(kind, Latex) else clip(brief, room.formula)

    def local(self, node: Value, k: int, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> Formula:
        """The local derivative by operand `k`, by name, as it is at this point: of each choice, the side taken."""
        return self._partials(node, lambda p: self.name(p, room, kind), room, kind)[k]

    def local_in_numbers(self, node: Value, k: int, room: Room = AMPLE, kind: type[Symbols] = Symbols) -> Formula:
        """The local derivative by operand `k` with the numbers put in."""
        return self._partials(node, lambda p: self.number(p, room, kind), room, kind)[k]

    def choice(self, node: Value, k: int, kind: type[Symbols] = Symbols) -> Formula | None:
        """The local derivative by operand `k` as a rule of cases, if it is one: ``1 if x > 0 else 0``."""
        operands = self._operands(node, lambda p: self.name(p, AMPLE, kind))
        rule = partial_formulas(node.operation or LEAF, self.name(node, AMPLE, kind), operands, kind)[k]
        return rule if rule.rank == CHOICE else None

    def recorded(self, node: Value) -> Recorded:
        """What of `node` is still as recorded: formulas of the rest are left out, for their numbers are others now."""
        key = (node, [parent.data for parent in node.parents])
        if self._compared[0] != key:
            self._compared = key, Recorded(*as_recorded(node))
        return self._compared[1]

    def _partials(self, node: Value, spell: Spelling, room: Room, kind: type[Symbols]) -> tuple[Formula, ...]:
        out = spell(node)
        numbers = (node.data, *(parent.data for parent in node.parents))
        key = (node, out.text, numbers, room, kind)
        if key not in self._read:
            if len(self._read) >= 2 * len(ROOMS):
                self._read.clear()
            operands = self._operands(node, spell)
            self._read[key] = partial_formulas_at(node.operation or LEAF, out, operands, numbers, kind)
        return self._read[key]

    def _operands(self, node: Value, spell: Spelling) -> list[Formula | float]:
        # Constants as numbers, so that the exponent of the derivative of x³ is 2, not 3 - 1.
        return [parent.data if parent.operation is None else spell(parent) for parent in node.parents]
