"""The reading of the table by formulas: each rule as text, in Python or in the symbols people write."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from .floats import FLOATS
from .formula import CHOICE, Formula, Source, add_up, choose, write
from .parts import complete
from .table import Namespace, Operation

_namespaces: dict[type[Formula], Namespace] = {}


def _namespace(kind: type[Formula]) -> Namespace:
    if kind not in _namespaces:
        _namespaces[kind] = Namespace(
            lambda m, row: partial(write, kind, row.name),
            where=choose,
            sum=partial(add_up, kind),
            count=len,
            largest=lambda xs: write(kind, "max", *xs) if len(xs) > 1 else kind.of(xs[0]),
            smallest=lambda xs: write(kind, "min", *xs) if len(xs) > 1 else kind.of(xs[0]),
            take=_take,
            positions=lambda xs: range(len(xs)),
        )
        m = _namespaces[kind]
        if issubclass(kind, Source):  # is executed, so it must give what floats give
            vars(m).update(length=lambda xs: write(kind, "hypot", *xs))
        else:
            vars(m).update(textbook(m) | _parts_as_text(m, kind))
        complete(m)
    return _namespaces[kind]


def textbook(m: Namespace) -> dict[str, Callable[..., Any]]:
    """The textbook's forms of what a rule calculates more carefully, for text and for graphs that are expanded."""
    return {
        "tail": lambda condition, exact, written: written,
        "below": lambda xs, top: m.log(m.sum([m.exp(x - top) for x in xs])),
        "length": lambda xs: m.sqrt(m.sum([x * x for x in xs])),
    }


def _parts_as_text(m: Namespace, kind: type[Formula]) -> dict[str, Callable[..., Any]]:
    """The same for parts of derivatives, which a graph has as operations of their own."""

    def power_term(c: Any, x: Any, n: Any, k: Any) -> Any:
        term = c * kind.of(x) ** n
        return term if m.is_zero(k) else term * m.log(x) ** k

    return {
        "exact": lambda number, written: written(),
        "gauss": lambda x: m.exp(-(kind.of(x) ** 2.0)),
        "normal_pdf": lambda x: 1.0 / math.sqrt(2.0 * math.pi) * m.exp(-0.5 * kind.of(x) ** 2.0),
        "normal_cdf": lambda x: 0.5 * m.erfc(-math.sqrt(0.5) * kind.of(x)),
        "sigmoid_slope": lambda x: m.sigmoid(x) * m.sigmoid(-x),
        "sech2": lambda x: 1.0 / m.cosh(x) ** 2.0,
        "semicircle": lambda x: m.sqrt(1.0 - kind.of(x) ** 2.0),
        "arctan_slope": lambda x: 1.0 / (1.0 + kind.of(x) ** 2.0),
        "over_square": lambda x, r: x / kind.of(r) ** 2.0,
        "power_term": power_term,
    }


def _take(index: Any, xs: Sequence[Any]) -> Any:
    """The operand at an index, or ``take(index, a, b)`` where that has no number."""
    number = index.number if isinstance(index, Formula) else index
    return index.call("take", *xs) if number is None else xs[int(number)]


def value_formula(operation: Operation, operands: Sequence[Any], kind: type[Formula] = Formula) -> Formula:
    """The rule of an operation, ``1 / (1 + exp(-x))`` for sigmoid of x; operands are names, numbers or formulas."""
    return kind.of(operation.value(_namespace(kind), *_formulas(operands, kind)))


def partial_formulas(
    operation: Operation, out: str | Formula, operands: Sequence[Any], kind: type[Formula] = Formula
) -> tuple[Formula, ...]:
    """The local derivatives: ``(out*(1 - out),)`` for sigmoid, where `out` is what to call the result."""
    written = operation.partials(_namespace(kind), *_formulas([out], kind), *_formulas(operands, kind))
    return tuple(map(kind.of, written))


def partial_formulas_at(
    operation: Operation, out: str | Formula, operands: Sequence[Any], numbers: Sequence[float], kind: type[Formula]
) -> tuple[Formula, ...]:
    """`partial_formulas` where the result and the operands have these `numbers`: of each choice, the side taken."""
    written = partial_formulas(operation, out, operands, kind)
    if not any(" if " in formula.text or "cases" in formula.text for formula in written):  # there is no choice
        return written
    taken: list[bool] = []
    runs = issubclass(kind, Source)  # other kinds show the textbook's form instead of a tail

    def note(condition: bool, a: float, b: float) -> float:
        taken.append(condition)
        return a if condition else b

    def note_tail(condition: bool, exact: Callable[[], float], textbook: float) -> float:
        if not runs:
            return textbook
        taken.append(condition)
        return exact() if condition else textbook

    with suppress(ValueError, ArithmeticError):  # an infinite derivative; what was noted until then holds
        operation.partials(_with_choices(FLOATS, note, note_tail), *numbers)
    sides = iter(taken)

    def side(condition: Any, a: Any, b: Any) -> Any:
        known = next(sides, None)
        return choose(condition if known is None else known, a, b)

    def side_tail(condition: Any, exact: Callable[[], Any], textbook: Any) -> Any:
        if not runs:
            return textbook
        known = next(sides, None)
        return choose(condition, exact(), textbook) if known is None else exact() if known else textbook

    m = _with_choices(_namespace(kind), side, side_tail)
    return tuple(map(kind.of, operation.partials(m, *_formulas([out], kind), *_formulas(operands, kind))))


def _with_choices(m: Namespace, where: Callable[..., Any], tail: Callable[..., Any]) -> Namespace:
    """A namespace like `m`, but for its choices; those within the operations it calls stay as they are."""
    functions = {name: function for name, function in vars(m).items() if name != "_read"}
    return Namespace(lambda _, row: getattr(m, row.name), **functions | {"where": where, "tail": tail})


def call_formula(operation: Operation, operands: Sequence[Any], kind: type[Formula] = Formula) -> Formula:
    """The operation as it is called: ``x + y``, ``sigmoid(x)``, ``dot(w1, w2, x1, x2)``."""
    if operation.infix or operation.name == "neg":
        return value_formula(operation, operands, kind)
    first, *others = _formulas(operands, kind)
    return first.call(operation.name, *others)


def is_composed(operation: Operation, arity: int) -> bool:
    """Whether the rule is a formula of simpler operations, and no choice (whose kink only the whole rule knows)."""
    names = [f"x{k}" for k in range(arity)]
    formula = value_formula(operation, names)
    return not operation.infix and formula.rank != CHOICE and formula.text != call_formula(operation, names).text


def _formulas(operands: Sequence[Any], kind: type[Formula]) -> list[Formula]:
    return [kind(x) if isinstance(x, str) else kind.of(x) for x in operands]
