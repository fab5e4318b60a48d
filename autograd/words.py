"""The reading of the table by formulas: each rule as text, in Python or in the symbols people write."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from .formula import CHOICE, Formula, Source, Symbols, add_up, choose, write
from .table import Namespace, Operation


def _namespace(kind: type[Formula]) -> Namespace:
    return Namespace(
        lambda m, row: partial(write, kind, row.name),
        where=choose,
        sum=partial(add_up, kind),
        largest=lambda xs: write(kind, "max", *xs) if len(xs) > 1 else kind.of(xs[0]),
    )


_NAMESPACES: dict[type[Formula], Namespace] = {kind: _namespace(kind) for kind in (Formula, Source, Symbols)}


def value_formula(operation: Operation, operands: Sequence[Any], kind: type[Formula] = Formula) -> Formula:
    """The rule of an operation, ``1 / (1 + exp(-x))`` for sigmoid of x; operands are names, numbers or formulas."""
    return kind.of(operation.value(_NAMESPACES[kind], *_formulas(operands, kind)))


def partial_formulas(
    operation: Operation, out: str | Formula, operands: Sequence[Any], kind: type[Formula] = Formula
) -> tuple[Formula, ...]:
    """The local derivatives: ``(out*(1 - out),)`` for sigmoid, where `out` is what to call the result."""
    written = operation.partials(_NAMESPACES[kind], *_formulas([out], kind), *_formulas(operands, kind))
    return tuple(map(kind.of, written))


def call_formula(operation: Operation, operands: Sequence[Any], kind: type[Formula] = Formula) -> Formula:
    """The operation as it is called: ``x + y``, ``sigmoid(x)``, ``dot(w1, w2, x1, x2)``."""
    if operation.infix or operation.name == "neg":
        return value_formula(operation, operands, kind)
    return kind(f"{operation.name}({', '.join(x.text for x in _formulas(operands, kind))})")


def is_composed(operation: Operation, arity: int) -> bool:
    """Whether the rule is a formula of simpler operations, and no choice (whose kink only the whole rule knows)."""
    names = [f"x{k}" for k in range(arity)]
    formula = value_formula(operation, names)
    return not operation.infix and formula.rank != CHOICE and formula.text != call_formula(operation, names).text


def _formulas(operands: Sequence[Any], kind: type[Formula]) -> list[Formula]:
    return [kind(x) if isinstance(x, str) else kind.of(x) for x in operands]
