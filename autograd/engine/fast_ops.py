"""The eager engine at speed: each row of the table written out as one Python function that makes a node.

The text of a row is Python, so such a function needs no call of a rule: it calculates, keeps the local derivatives and
fills the node in one go. Whatever is not the plain case (other kinds of operands, an error to explain, an infinite
derivative) it hands to the general way, `apply` and `arithmetic` of the module `value`.
"""

import math
from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

from ..rules import table
from ..rules.as_formulas import partial_formulas, value_formula
from ..rules.floats import FLOATS
from ..rules.formula import Source
from ..rules.table import Operation
from . import value
from .grad_mode import USUAL, current_mode, modes
from .value import Value

_new = object.__new__

# Every name of its own begins with "_": no operation and no operand of the user's can stand in its place.
_TEMPLATE = """
def _written({operands}):
    {unusual}
    _scope = None
    if _modes:
        _mode = _current_mode()
        if _mode.pauses or _mode.tape is not None:
            return _general(_operation, {operands})
        _scope = _mode.scope
    {numbers}
    try:
        _data = {data}
        {local_grads}
        if {unsure}:
            return _general(_operation, {operands})
    except (ValueError, ArithmeticError, TypeError):
        return _general(_operation, {operands})
    _node = _new(_Value)
    _node._data = _data
    _node.grad = None
    _node.label = ""
    _node.operation = _operation
    {edges}
    _node._scope = _scope
    return _node
"""


def write_out(operation: Operation) -> Callable[..., Any]:
    """The function that applies a row with a fixed number of operands."""
    environment = {name: getattr(FLOATS, name) for name in table.TABLE if name.isidentifier()} | {
        "_Value": Value,
        "_constant": value.constant,
        "_current_mode": current_mode,
        "_float": float,
        "_general": value.arithmetic if operation.infix else value.function,
        "_modes": modes,
        "_new": _new,
        "_operation": operation,
        "_plain": (float, int),
        "_type": type,
        "inf": math.inf,
        "max": max,
        "sum": sum,
        "nan": math.nan,
    }
    names = operation.operands
    numbers = [f"_x_{name}" for name in names]
    operands = [f"_node_{name}" if name in environment or name.startswith("_") else name for name in names]
    slopes = partial_formulas(operation, "_data", numbers, Source)
    doubtful = ["_data", *(f"_slope_{name}" for name, slope in zip(names, slopes, strict=True) if "**" in slope.text)]
    unsure = [f"_type({result}) is not _float" for result in doubtful]  # a power may be complex
    source = _TEMPLATE.format(
        operands=", ".join(operands),
        unusual=_unusual_operator(*operands) if operation.infix else _unusual_function(operands),
        numbers="\n    ".join(f"{number} = {node}._data" for number, node in zip(numbers, operands, strict=True)),
        data=value_formula(operation, numbers, Source),
        unsure="False" if operation in value.IEEE else " or ".join([*unsure, "_data - _data != 0.0"]),
        local_grads="\n        ".join(f"_slope_{name} = {slope}" for name, slope in zip(names, slopes, strict=True)),
        edges="\n    ".join(_edges(operands, [f"_slope_{name}" for name in names])),
    )
    exec(source, environment)
    written: Callable[..., Any] = environment["_written"]
    written.__name__ = written.__qualname__ = operation.name
    return written


def neurons(rows: Sequence[Sequence[Value]], xs: Sequence[Value], biases: Sequence[Value]) -> list[Value]:
    """``dot(ws, xs, bias)`` for each row and its bias, all of them Values: most of what a network calculates.

    The row of the table written out by hand, since a row with any number of operands cannot be written out by itself;
    a test holds it to the row. Raises AttributeError where something is not a Value.
    """
    mode = current_mode() if modes else USUAL
    general = mode.pauses or mode.tape is not None or not xs
    scope, operation, new = mode.scope, table.DOT, _new
    inputs = tuple(xs)
    numbers = tuple([node._data for node in inputs])
    n = len(numbers)
    nodes = []
    for ws, bias in zip(rows, biases, strict=True):
        weights = tuple([node._data for node in ws])
        data = sum(map(mul, weights, numbers), bias._data)
        if len(weights) != n:
            raise unequal(weights, numbers)
        if general or data - data != 0.0:
            nodes.append(value.apply(operation, (*ws, *xs, bias)))
            continue
        node = new(Value)
        node._data = data
        node.grad = None
        node.label = ""
        node.operation = operation
        node._x = tuple(ws)
        node._xs = inputs
        node._b = bias
        node._y = None
        node._dx = numbers
        node._dy = weights
        node._scope = scope
        nodes.append(node)
    return nodes


def unequal(weights: Sequence[Any], inputs: Sequence[Any]) -> ValueError:
    return ValueError(f"dot(ws, xs) needs as many weights as inputs, got {len(weights)} and {len(inputs)}")


def _edges(operands: list[str], slopes: list[str]) -> list[str]:
    """How parents and local derivatives go into the slots of a node."""
    if len(operands) > 2:
        operands, slopes = [f"({', '.join(operands)})"], [f"({', '.join(slopes)})"]
    x, y = [*operands, "None"][:2]
    dx, dy = [*slopes, "None"][:2]
    return [f"_node._x = {x}", f"_node._y = {y}", f"_node._dx = {dx}", f"_node._dy = {dy}"]


def _unusual_function(operands: list[str]) -> str:
    condition = " or ".join(f"_type({node}) is not _Value" for node in operands)
    return f"if {condition}: return _general(_operation, {', '.join(operands)})"


def _unusual_operator(left: str, right: str) -> str:
    """Python has seen to it that the left operand is a Value; a plain number on the right becomes a constant."""
    return f"""if _type({right}) is not _Value:
        if _type({right}) not in _plain:
            return _general(_operation, {left}, {right})
        {right} = _constant(_float({right}))"""


def _reflected(operation: Operation, method: Callable[..., Any]) -> Callable[[Value, Any], Any]:
    """The method for a number on the left of a Value."""

    def reflected(self: Value, other: Any) -> Any:
        if type(other) is float or type(other) is int:
            return method(value.constant(float(other)), self)
        return value.arithmetic(operation, other, self)

    return reflected


def _install() -> None:
    """Give Value its operators in this form."""
    for name, row in (("add", table.ADD), ("sub", table.SUB), ("mul", table.MUL), ("truediv", table.DIV)):
        method = write_out(row)
        setattr(Value, f"__{name}__", method)
        setattr(Value, f"__r{name}__", _reflected(row, method))
    setattr(Value, "__neg__", write_out(table.NEG))  # noqa: B010 (typed in the class)


_install()
