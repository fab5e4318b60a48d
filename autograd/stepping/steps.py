"""One step of backpropagation, and how it is written: as a line, as a paragraph and as a formula.

A `Step` is one application of the chain rule, on one edge of the graph. An `Evaluation` is one operation of the forward
pass before it. Both are records of what happened; the `Stepper` makes them.
"""

from typing import NamedTuple

from ..engine.value import Value
from ..messages import Translate, joined
from ..notation.equations import Equations
from ..notation.symbols import DIGITS, Latex, short_number
from ..notation.text_layout import WIDE, Budget, align, clip, clip_name, columns
from ..rules.formula import ATOM, PRODUCT, Formula

WIDTH = 100  # columns of a line
_CHANGED = " as it was recorded (data was changed since)"
_READABLE = 160  # columns of a formula within a sentence
_LEAST = (1, 9, 17)  # columns of the cells of a line, so that short lines printed one by one are aligned


class Step(NamedTuple):
    """One application of the chain rule: ``contribution = upstream × local``, added to the gradient of `parent`.

    Attributes:
        number: 1, 2, …, counted over the whole pass.
        node, operand, parent: the edge: `node` passes a gradient to its operand number `operand` (from 0), `parent`.
        upstream: the gradient of `node`, which is complete.
        local: the local derivative ∂node/∂parent along this edge.
        contribution: their product; 0 where `local` is 0.
        before, total: the gradient of `parent` before the step (None: none yet) and after it.
        received, expected: this is contribution number `received` of `expected`; after the last one the gradient is
            `complete`.
        previous: the gradient that a leaf had before the pass, None where it had none; it is part of `total`.
        output: the Value whose gradient is calculated.
        equations: the formulas of the graph.
        watched: names and gradients of the nodes that the stepper was asked to watch.

    >>> x = Value(3.0, "x")
    >>> step = (x**2).stepper().step()
    >>> step.upstream, step.local, step.contribution
    (1.0, 6.0, 6.0)
    >>> print(step)
    **  f = x²     ∂f/∂x = 2·x = 6    x.grad: 0 + 1 × 6 = 6
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
    received: int
    expected: int
    previous: float | None
    output: Value
    equations: Equations
    watched: tuple[tuple[str, float | None], ...] = ()

    @property
    def phase(self) -> str:
        """The pass that the step belongs to, "backward"."""
        return "backward"

    @property
    def complete(self) -> bool:
        """Whether the gradient of the parent is complete: the sum over all paths."""
        return self.received == self.expected

    def __str__(self) -> str:
        return _line(self)

    def __repr__(self) -> str:
        return str(self)

    def cells(self, budget: Budget) -> list[str]:
        """Operation, equation, local derivative and what happens to the gradient, as texts."""
        derivative = derivative_name(self.equations, self.node, self.parent, budget)
        local = short_number(self.local, budget.digits)
        formula = self.equations.local(self.node, self.operand, budget).text
        if formula != local and columns(formula) <= budget.formula and self._unchanged:
            derivative += f" = {formula}"
        before, total = (short_number(x or 0.0, budget.digits) for x in (self.before, self.total))
        product = _product(self.upstream, self.local, budget.digits)
        parent = self.equations.name(self.parent, budget).within(ATOM)
        return [
            *operation_cells(self.equations, self.node, budget),
            f"{derivative} = {local}",
            f"{parent}.grad: {before} + {product} = {total}",
        ]

    def explain(self, translate: Translate = str) -> str:
        """The step in sentences: the operation, its local derivative, the chain rule, and what it changes.

        `translate` gives the text of another language for an English one; see `autograd.messages`.
        """
        parent, node = (self.equations.name(n).text for n in (self.parent, self.node))
        passed = f"{_product(self.upstream, self.local)} = {short_number(self.contribution)}"
        upstream = translate("Upstream, {node} has gradient {upstream}: the chain rule passes {passed} to {parent}.")
        sentences = [
            self.explain_local(translate),
            upstream.format(node=node, upstream=short_number(self.upstream), passed=passed, parent=parent),
            self._change(parent, translate),
            self._completeness(parent, translate),
        ]
        return joined(sentences, translate)

    def explain_local(self, translate: Translate = str) -> str:
        """The first two sentences of `explain`: the operation and its local derivative."""
        parent = self._place(self.equations.name(self.parent).text, translate)
        derivative = translate("Its local derivative with respect to {parent} is {derivation}.")
        sentences = [
            _operation(self.equations, self.node, translate),
            derivative.format(parent=parent, derivation=self._derivation(translate)),
        ]
        return joined(sentences, translate)

    @property
    def _unchanged(self) -> bool:
        """Whether the local derivative still follows from the data, which may have been changed."""
        return self.equations.unchanged(self.node).local_grads[self.operand]

    def _place(self, parent: str, translate: Translate) -> str:
        parents = self.node.parents
        if parents.count(self.parent) == 1:
            return parent
        text = translate("{parent}, its operand {k} of {n},")
        return text.format(parent=parent, k=self.operand + 1, n=len(parents))

    def _derivation(self, translate: Translate) -> str:
        equations, node, k = self.equations, self.node, self.operand
        chain = [derivative_name(equations, node, self.parent, WIDE)]
        if not self._unchanged:
            return f"{chain[0]} = {short_number(self.local)}{translate(_CHANGED)}"
        if (choice := equations.choice(node, k)) is not None:
            chain.append(f"({choice})")
        for formula in (equations.local(node, k), equations.local_in_numbers(node, k)):
            if formula.text != chain[-1] and columns(formula.text) <= _READABLE:
                chain.append(formula.text)
        if short_number(self.local) != chain[-1]:
            chain.append(short_number(self.local))
        return " = ".join(chain)

    def _change(self, parent: str, translate: Translate) -> str:
        if self.before is None:
            text = translate("{parent} had no gradient yet and now has {total}.")
            return text.format(parent=parent, total=short_number(self.total))
        added = f"{short_number(self.before)} + {_signed(self.contribution)} = {short_number(self.total)}"
        text = translate(
            "{parent} had {before} from an earlier pass and now has {added}."
            if self.received == 1
            else "{parent} had {before} and now has {added}."
        )
        return text.format(parent=parent, before=short_number(self.before), added=added)

    def _completeness(self, parent: str, translate: Translate) -> str:
        if not self.complete:
            text = translate("That is contribution {k} of {n} to {parent}.")
            return text.format(k=self.received, n=self.expected, parent=parent)
        text = translate(
            "That was the only contribution to {parent}, so its gradient is complete: {what}."
            if self.expected == 1
            else "That was the last of {n} contributions to {parent}, so its gradient is complete: {what}."
        )
        what = translate("the sum over all paths from {parent} to {output}")
        if self.previous is not None:
            what = translate(
                "the sum over all paths from {parent} to {output}, added to the {previous} that it had before"
            )
        previous = "" if self.previous is None else short_number(self.previous)
        what = what.format(parent=parent, output=self.equations.name(self.output), previous=previous)
        return text.format(n=self.expected, parent=parent, what=what)

    @property
    def latex(self) -> str:
        r"""The chain rule of this step as a formula of LaTeX, for a slide or a notebook."""
        output, node, parent = (self.equations.name(n, WIDE, Latex).text for n in (self.output, self.node, self.parent))
        local = self.equations.local(self.node, self.operand, WIDE, Latex)
        upstream, value = factor(Latex.of(self.upstream)), factor(Latex.of(self.local))
        sides = [
            rf"\frac{{\partial {output}}}{{\partial {node}}} \cdot \frac{{\partial {node}}}{{\partial {parent}}}",
            rf"{upstream} \cdot {factor(local)}",
            rf"{upstream} \cdot {value}",
            Latex.numeral(self.contribution),
        ]
        if sides[1] == sides[2] or not self._unchanged:
            del sides[1]
        return rf"\frac{{\partial {output}}}{{\partial {parent}}} \mathrel{{+}}= {' = '.join(sides)}"


class Evaluation(NamedTuple):
    """One operation of the forward pass: `node` is calculated from its parents.

    >>> from autograd import Value, stepper
    >>> x = Value(3.0, "x")
    >>> stepper(x * x, forward=True).step()
    *  f = x·x    = 3·3 = 9
    """

    number: int
    node: Value
    equations: Equations
    watched: tuple[tuple[str, float | None], ...] = ()

    @property
    def phase(self) -> str:
        """The pass that the operation belongs to, "forward"."""
        return "forward"

    def __str__(self) -> str:
        return _line(self)

    def __repr__(self) -> str:
        return str(self)

    def cells(self, budget: Budget) -> list[str]:
        """Operation, equation and the numbers put in, as texts."""
        value = short_number(self.node.data, budget.digits)
        numbers = self.equations.numbers(self.node, budget) if self.equations.unchanged(self.node).value else ""
        chain = f"= {value}" if numbers in ("", value) else f"= {numbers} = {value}"
        return [*operation_cells(self.equations, self.node, budget), chain]

    def explain(self, translate: Translate = str) -> str:
        """The step in sentences: the operation, its numbers, and the local derivatives kept for the backward pass."""
        equations, node = self.equations, self.node
        numbers, value = equations.numbers(node), short_number(node.data)
        result = value if numbers == value else f"{numbers} = {value}"
        if not equations.unchanged(node).value:
            result = f"{value}{translate(_CHANGED)}"
        kept: dict[str, None] = {}  # in order, each once
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            if parent.operation is not None:
                kept[f"{derivative_name(equations, node, parent, WIDE)} = {short_number(local)}"] = None
        shown = [*kept][:4] + ["…"] * (len(kept) > 4)
        sentences = [
            _operation(equations, node, translate),
            translate("In numbers: {result}.").format(result=result),
        ]
        if kept:
            sentences.append(translate("It keeps {kept} for the backward pass.").format(kept=", ".join(shown)))
        return joined(sentences, translate)

    @property
    def latex(self) -> str:
        """The operation as a formula of LaTeX, with the numbers put in."""
        equations, node = self.equations, self.node
        sides = [equations.name(node, WIDE, Latex).text, equations.equation(node, WIDE, Latex)]
        if equations.unchanged(node).value:
            sides.append(equations.numbers(node, WIDE, Latex))
        return " = ".join([*sides, Latex.numeral(node.data)])


def _line(step: Step | Evaluation) -> str:
    return align(lambda budget: [[*step.cells(budget), *_watch_cells(step.watched, budget)]], WIDTH, _LEAST, ("  ",))[0]


def operation_cells(equations: Equations, node: Value, budget: Budget) -> list[str]:
    """The operation of a node and its equation."""
    equation = equations.equation(node, budget)
    return [clip(node.op, budget.name), f"{equations.name(node, budget)} = {equation}" if equation else ""]


def derivative_name(equations: Equations, node: Value, parent: Value, budget: Budget) -> str:
    return f"∂{equations.name(node, budget).within(ATOM)}/∂{equations.name(parent, budget).within(ATOM)}"


def _watch_cells(watched: tuple[tuple[str, float | None], ...], budget: Budget) -> list[str]:
    if not watched:
        return []
    texts = (gradient(clip_name(name, budget.name), grad, budget.digits) for name, grad in watched)
    return [f"│ {', '.join(texts)}"]


def gradient(name: str, grad: float | None, digits: int) -> str:
    return f"{name}.grad = {'–' if grad is None else short_number(grad, digits)}"


def _operation(equations: Equations, node: Value, translate: Translate) -> str:
    about = translate(node.operation.about) if node.operation else ""
    equation = f"{equations.name(node)} = {equations.equation(node)}"
    return translate("Operation {op} ({about}): {equation}.").format(op=node.op, about=about, equation=equation)


def _product(upstream: float, local: float, digits: int = DIGITS) -> str:
    """The chain rule in numbers: ``1 × (-4)``; × is for the numbers of the chain rule, · for formulas."""
    return f"{_signed(upstream, digits)} × {_signed(local, digits)}"


def _signed(number: float, digits: int = DIGITS) -> str:
    """A number as part of a sum or a product: a negative one in parentheses."""
    text = short_number(number, digits)
    return f"({text})" if text.startswith("-") else text


def factor(formula: Formula) -> str:
    """A formula as a factor: a sum, and what begins with a minus sign, in parentheses."""
    return formula.within(ATOM) if formula.text.startswith("-") else formula.within(PRODUCT)
