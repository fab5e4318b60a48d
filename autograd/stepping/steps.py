"""One step of backpropagation and how it is told: as a line, as a paragraph and as a formula.

A `Step` is one application of the chain rule, on one edge of the graph. An `Evaluation` is one operation of the forward
pass before it. Both are records of what happened; the `Stepper` makes them.
"""

from typing import NamedTuple

from ..engine.value import Value
from ..notation.equations import Wording
from ..notation.symbols import Latex, short_number
from ..notation.text_layout import AMPLE, Room, align, clip, columns
from ..rules.formula import ATOM, PRODUCT, Formula

WIDTH = 100  # columns of a line
_SINCE = " as it was recorded (data was changed since)"
_READABLE = 160  # columns of a formula within a sentence
_LEAST = (1, 9, 17)  # columns of the cells of a line, so that short lines printed one by one stand below each other


class Step(NamedTuple):
    """One application of the chain rule: ``contribution = upstream × local``, added to the gradient of `parent`.

    `node` passes its gradient (`upstream`) on to its operand number `operand` (from 0), the node `parent`, times the
    `local` derivative. `before` is the gradient of the parent before the step (None: none yet), `total` after it.
    It is the `arrived`-th of `expected` contributions, after the last of which the gradient is `complete`; `held` is
    what a leaf kept from earlier passes. `watched` are the gradients that the stepper was told to watch, by name.
    """

    number: int
    node: Value
    operand: int
    parent: Value
    upstream: float
    local: float
    contribution: float
    before: float | None
    total: float
    arrived: int
    expected: int
    held: float | None
    output: Value
    wording: Wording
    watched: tuple[tuple[str, float | None], ...] = ()

    @property
    def phase(self) -> str:
        return "backward"

    @property
    def complete(self) -> bool:
        """Whether the gradient of the parent is complete: the sum over all paths."""
        return self.arrived == self.expected

    def __str__(self) -> str:
        return _line(self)

    def __repr__(self) -> str:
        return str(self)

    def cells(self, room: Room) -> list[str]:
        """Operation, equation, local derivative and what happens to the gradient, as texts."""
        derivative = derivative_sign(self.wording, self.node, self.parent, room)
        local = short_number(self.local, room.digits)
        formula = self.wording.local(self.node, self.operand, room).text
        if formula != local and columns(formula) <= room.formula and self._recorded:
            derivative += f" = {formula}"
        before = short_number(self.before or 0.0, room.digits)
        upstream, total = (short_number(x, room.digits) for x in (self.upstream, self.total))
        parent = self.wording.name(self.parent, room).within(ATOM)
        return [
            *operation_cells(self.wording, self.node, room),
            f"{derivative} = {local}",
            f"{parent}.grad: {before} + {upstream} × {local} = {total}",
        ]

    def explain(self) -> str:
        """The step in sentences: the operation, its local derivative, the chain rule, and what it changes."""
        parent, node = (self.wording.name(n).text for n in (self.parent, self.node))
        passed = f"{_number(self.upstream)} × {_number(self.local)} = {_number(self.contribution)}"
        return " ".join(
            [
                _operation(self.wording, self.node),
                f"Its local derivative by {self._place(parent)} is {self._derivation()}.",
                f"Upstream, {node} has gradient {_number(self.upstream)}: the chain rule passes {passed} to {parent}.",
                self._change(parent),
                self._completeness(parent),
            ]
        )

    @property
    def _recorded(self) -> bool:
        """Whether the local derivative is that of the data of now."""
        return self.wording.recorded(self.node).local_grads[self.operand]

    def _place(self, parent: str) -> str:
        parents = self.node.parents
        return (
            f"{parent}, its operand {self.operand + 1} of {len(parents)}," if parents.count(self.parent) > 1 else parent
        )

    def _derivation(self) -> str:
        wording, node, k = self.wording, self.node, self.operand
        chain = [derivative_sign(wording, node, self.parent, AMPLE)]
        if not self._recorded:
            return f"{chain[0]} = {_number(self.local)}{_SINCE}"
        if (choice := wording.choice(node, k)) is not None:
            chain.append(f"({choice})")
        for formula in (wording.local(node, k), wording.local_in_numbers(node, k)):
            if formula.text != chain[-1] and columns(formula.text) <= _READABLE:
                chain.append(formula.text)
        if _number(self.local) != chain[-1]:
            chain.append(_number(self.local))
        return " = ".join(chain)

    def _change(self, parent: str) -> str:
        if self.before is None:
            return f"{parent} had no gradient yet and now has {_number(self.total)}."
        origin = " from an earlier pass" if self.arrived == 1 else ""
        added = f"{_number(self.before)} + {_signed(self.contribution)} = {_number(self.total)}"
        return f"{parent} had {_number(self.before)}{origin} and now has {added}."

    def _completeness(self, parent: str) -> str:
        if not self.complete:
            return f"That is contribution {self.arrived} of {self.expected} to {parent}."
        which = "the only contribution" if self.expected == 1 else f"the last of {self.expected} contributions"
        paths = f"the sum over all paths from {parent} to {self.wording.name(self.output)}"
        kept = f", added to the {_number(self.held)} it held" if self.held is not None else ""
        return f"That was {which} to {parent}, so its gradient is complete: {paths}{kept}."

    @property
    def latex(self) -> str:
        r"""The chain rule of this step as a formula of LaTeX, for a slide or a notebook."""
        output, node, parent = (self.wording.name(n, AMPLE, Latex).text for n in (self.output, self.node, self.parent))
        local = self.wording.local(self.node, self.operand, AMPLE, Latex)
        upstream, value = _factor(Latex.of(self.upstream)), _factor(Latex.of(self.local))
        sides = [
            rf"\frac{{\partial {output}}}{{\partial {node}}} \cdot \frac{{\partial {node}}}{{\partial {parent}}}",
            rf"{upstream} \cdot {_factor(local)}",
            rf"{upstream} \cdot {value}",
            Latex.numeral(self.contribution),
        ]
        if sides[1] == sides[2] or not self._recorded:
            del sides[1]
        return rf"\frac{{\partial {output}}}{{\partial {parent}}} \mathrel{{+}}= {' = '.join(sides)}"


class Evaluation(NamedTuple):
    """One operation of the forward pass: `node` is calculated from its parents."""

    number: int
    node: Value
    wording: Wording
    watched: tuple[tuple[str, float | None], ...] = ()

    @property
    def phase(self) -> str:
        return "forward"

    def __str__(self) -> str:
        return _line(self)

    def __repr__(self) -> str:
        return str(self)

    def cells(self, room: Room) -> list[str]:
        """Operation, equation and the numbers put in, as texts."""
        value = short_number(self.node.data, room.digits)
        numbers = self.wording.numbers(self.node, room) if self.wording.recorded(self.node).value else ""
        chain = f"= {value}" if numbers in ("", value) else f"= {numbers} = {value}"
        return [*operation_cells(self.wording, self.node, room), chain]

    def explain(self) -> str:
        """The step in sentences: the operation, its numbers, and the local derivatives kept for the way back."""
        wording, node = self.wording, self.node
        numbers, value = wording.numbers(node), _number(node.data)
        result = value if numbers == value else f"{numbers} = {value}"
        if not wording.recorded(node).value:
            result = f"{value}{_SINCE}"
        kept: dict[str, None] = {}  # in order, each once
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            if parent.operation is not None:
                kept[f"{derivative_sign(wording, node, parent, AMPLE)} = {_number(local)}"] = None
        shown = [*kept][:4] + ["…"] * (len(kept) > 4)
        way_back = f" It keeps {', '.join(shown)} for the way back." if kept else ""
        return f"{_operation(wording, node)} In numbers: {result}.{way_back}"

    @property
    def latex(self) -> str:
        """The operation as a formula of LaTeX, with the numbers put in."""
        wording, node = self.wording, self.node
        sides = [wording.name(node, AMPLE, Latex).text, wording.equation(node, AMPLE, Latex)]
        if wording.recorded(node).value:
            sides.append(wording.numbers(node, AMPLE, Latex))
        return " = ".join([*sides, Latex.numeral(node.data)])


def _line(step: Step | Evaluation) -> str:
    return align(lambda room: [[*step.cells(room), *_watch_cells(step.watched, room)]], WIDTH, _LEAST, ("  ",))[0]


def operation_cells(wording: Wording, node: Value, room: Room) -> list[str]:
    """The operation of a node and its equation."""
    equation = wording.equation(node, room)
    return [clip(node.op, room.name), f"{wording.name(node, room)} = {equation}" if equation else ""]


def derivative_sign(wording: Wording, node: Value, parent: Value, room: Room) -> str:
    return f"∂{wording.name(node, room).within(ATOM)}/∂{wording.name(parent, room).within(ATOM)}"


def _watch_cells(watched: tuple[tuple[str, float | None], ...], room: Room) -> list[str]:
    return [f"│ {', '.join(gradient(clip(name, room.name), grad, room.digits) for name, grad in watched)}"] * bool(
        watched
    )


def gradient(name: str, grad: float | None, digits: int) -> str:
    return f"{name}.grad = {'–' if grad is None else short_number(grad, digits)}"


def _operation(wording: Wording, node: Value) -> str:
    about = node.operation.about if node.operation else ""
    return f"Operation {node.op} ({about}): {wording.name(node)} = {wording.equation(node)}."


def _number(number: float | None) -> str:
    return short_number(number or 0.0)


def _signed(number: float) -> str:
    return f"({_number(number)})" if number < 0 else _number(number)


def _factor(formula: Formula) -> str:
    """A formula as a factor: a sum, and what begins with a minus sign, in parentheses."""
    return formula.within(ATOM) if formula.text.startswith("-") else formula.within(PRODUCT)
