"""The formulas of a graph with the names, or the numbers, of its nodes, no wider than a column budget allows.

The rules of the table are evaluated with text: each operand is its name (``q·z``) or its number (``3·(-4)``).
"""

from collections.abc import Callable
from typing import NamedTuple

from ..engine.grad import as_recorded
from ..engine.value import Value, assigned
from ..rules.as_formulas import call_formula, partial_formulas, partial_formulas_at, value_formula
from ..rules.formula import ATOM, CHOICE, SUM, Formula
from ..rules.table import LEAF
from .names import Names
from .symbols import Latex, Symbols, latex_name, short_number
from .text_layout import BUDGETS, WIDE, Budget, clip, clip_name, columns


class Unchanged(NamedTuple):
    """Whether the rule of a node still gives what was recorded: its value, and each of its local derivatives."""

    value: bool
    local_grads: tuple[bool, ...]


Spelling = Callable[[Value], Formula]


class Equations:
    """The formulas of one graph; `names` are those of its nodes."""

    def __init__(self, names: Names):
        self.names = names
        # The steps of a node follow each other, each in several widths, so the last formulas are kept.
        self._spelled: dict[object, Formula] = {}
        self._written: dict[object, str] = {}
        self._partials: dict[object, tuple[Formula, ...]] = {}
        self._rules: tuple[object, tuple[Formula, ...]] = (None, ())
        self._compared: tuple[object, Unchanged] = (None, Unchanged(True, ()))

    def name(self, node: Value, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> Formula:
        """A node by its name, a constant by its number; ``w + b`` gets parentheses where they are needed."""
        if node.operation is None:
            return self.number(node, budget, kind)
        name = self.names[node]
        key = (name, budget.name, kind)
        if key not in self._spelled:
            if len(self._spelled) >= 1024:
                self._spelled.clear()
            text = clip_name(name, budget.name)
            rank = ATOM if all(c.isalnum() or c in "_[]{}#.'…" for c in text) else SUM
            self._spelled[key] = kind(latex_name(text)) if issubclass(kind, Latex) else kind(text, rank)
        return self._spelled[key]

    def number(self, node: Value, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> Formula:
        """A node by its number, negative ones in parentheses where an operator precedes them."""
        text = kind.numeral(node.data) if issubclass(kind, Latex) else short_number(node.data, budget.digits)
        return kind(text, SUM if text.startswith("-") else ATOM)

    def equation(self, node: Value, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> str:
        """What a node is of its parents, by name: ``q·z``."""
        key = (node, budget, kind)
        if key not in self._written:
            if len(self._written) >= 64:
                self._written.clear()
            self._written[key] = self._right_side(node, lambda p: self.name(p, budget, kind), budget, kind)
        return self._written[key]

    def numbers(self, node: Value, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> str:
        """What a node is of its parents, by number: ``3·(-4)``."""
        return self._right_side(node, lambda p: self.number(p, budget, kind), budget, kind)

    def _right_side(self, node: Value, spell: Spelling, budget: Budget, kind: type[Symbols]) -> str:
        operation = node.operation or LEAF
        operands = [spell(parent) for parent in node.parents]
        call = call_formula(operation, operands, kind).text
        if operation.variadic:  # a weighted sum reads best in full, where it fits
            in_full = value_formula(operation, operands, kind).text
            if columns(in_full) <= min(budget.formula, 80):
                return in_full
        if columns(call) <= budget.formula:
            return call
        brief = f"{operation.name}({kind.dots})" if operation.name.isidentifier() else call
        return brief if issubclass(kind, Latex) else clip(brief, budget.formula)

    def local(self, node: Value, k: int, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> Formula:
        """The local derivative with respect to operand `k`, by name: of each choice, the side taken at this point."""
        return self._partial_formulas(node, lambda p: self.name(p, budget, kind), budget, kind)[k]

    def local_in_numbers(self, node: Value, k: int, budget: Budget = WIDE, kind: type[Symbols] = Symbols) -> Formula:
        """The local derivative with respect to operand `k`, by number."""
        return self._partial_formulas(node, lambda p: self.number(p, budget, kind), budget, kind)[k]

    def choice(self, node: Value, k: int, kind: type[Symbols] = Symbols) -> Formula | None:
        """The local derivative with respect to operand `k` as a rule of cases, if it is one: ``1 if x > 0 else 0``."""
        key = (node, kind)
        if self._rules[0] != key:
            operands = self._operands(node, lambda p: self.name(p, WIDE, kind))
            rules = partial_formulas(node.operation or LEAF, self.name(node, WIDE, kind), operands, kind)
            self._rules = key, rules
        rule = self._rules[1][k]
        return rule if rule.rank == CHOICE else None

    def unchanged(self, node: Value) -> Unchanged:
        """What of `node` is still as recorded; formulas of the rest are not shown, because their numbers differ now."""
        key = (node, assigned[0])  # not the data of the operands, which each of 1,000 steps would collect again
        if self._compared[0] != key:
            self._compared = key, Unchanged(*as_recorded(node))
        return self._compared[1]

    def _partial_formulas(
        self, node: Value, spell: Spelling, budget: Budget, kind: type[Symbols]
    ) -> tuple[Formula, ...]:
        out = spell(node)
        key = (node, out.text, budget, kind)  # not the numbers: of 2,000 operands, each step would collect them again
        if key not in self._partials:
            if len(self._partials) >= 4 * len(BUDGETS):  # a node is written in every budget, by name and by number
                self._partials.clear()
            operands = self._operands(node, spell)
            numbers = (node.data, *(parent.data for parent in node.parents))
            self._partials[key] = partial_formulas_at(node.operation or LEAF, out, operands, numbers, kind)
        return self._partials[key]

    def _operands(self, node: Value, spell: Spelling) -> list[Formula | float]:
        # Constants as numbers, so that the exponent of the derivative of x³ is 2, not 3 - 1.
        return [parent.data if parent.operation is None else spell(parent) for parent in node.parents]
