"""The eager engine at speed: each row of the table written out as one Python function that makes a node.

The text of a row is Python, so such a function needs no call of a rule: it calculates, keeps the local derivatives and
fills the node in one go. Whatever is not the plain case (other kinds of operands, an error to explain, an infinite
derivative) it hands to the general way, `apply` and `arithmetic` of the module `value`.
"""

import math
from collections.abc import Callable
from typing import Any

from . import table, value
from .floats import FLOATS
from .formula import Source
from .modes import current_mode, modes
from .table import Operation
from .value import Value
from .words import partial_formulas, value_formula

# Every name here begins with "_", so that no operation and no operand of the user's can stand in its place.
_TEMPLATE = """
def _written({operands}):
    {prepare}
    if {unusual}:
        return _general(_operation, {operands})
    _scope = None
    if _modes:
        _mode = _current_mode()
        if _mode.pauses or _mode.tape is not None:
            return _general(_operation, {operands})
        _scope = _mode.scope
    {numbers}
    try:
        _data = {data}
        _local_grads = ({local_grads},)
        if {unsure}:
            return _general(_operation, {operands})
    except (ValueError, ArithmeticError, TypeError):
        return _general(_operation, {operands})
    _node = _new(_Value)
    _node._data = _data
    _node.grad = None
    _node.label = ""
    _node.operation = _operation
    _node.parents = ({operands},)
    _node.local_grads = _local_grads
    _node.scope = _scope
    return _node
"""


def write_out(operation: Operation) -> Callable[..., Any]:
    """The function that applies a row with a fixed number of operands."""
    numbers = [f"_x_{name}" for name in operation.operands]
    operands = [f"_node_{name}" for name in operation.operands]
    constants = [f"if _type({node}) in _plain: {node} = _constant(_float({node}))" for node in operands]
    source = _TEMPLATE.format(
        operands=", ".join(operands),
        prepare="\n    ".join(constants if operation.infix else ["# operands that are no Values take the general way"]),
        unusual=" or ".join(f"_type({node}) is not _Value" for node in operands),
        numbers="\n    ".join(f"{number} = {node}._data" for number, node in zip(numbers, operands, strict=True)),
        data=value_formula(operation, numbers, Source),
        unsure="False" if operation in value.IEEE else "_data - _data != 0.0",
        local_grads=", ".join(map(str, partial_formulas(operation, "_data", numbers, Source))),
    )
    environment = {name: getattr(FLOATS, name) for name in table.TABLE if name.isidentifier()} | {
        "_Value": Value,
        "_constant": value.constant,
        "_current_mode": current_mode,
        "_float": float,
        "_general": value.arithmetic if operation.infix else value.function,
        "_modes": modes,
        "_new": object.__new__,
        "_operation": operation,
        "_plain": (float, int),
        "_type": type,
        "inf": math.inf,
        "max": max,
        "nan": math.nan,
    }
    exec(source, environment)
    written: Callable[..., Any] = environment["_written"]
    written.__name__ = written.__qualname__ = operation.name
    return written


def _install() -> None:
    """Give Value its operators in this form, and the functions of one number as methods."""
    for name, row in (("add", table.ADD), ("sub", table.SUB), ("mul", table.MUL), ("truediv", table.DIV)):
        method = write_out(row)
        setattr(Value, f"__{name}__", method)
        setattr(Value, f"__r{name}__", lambda self, other, method=method: method(other, self))
    setattr(Value, "__neg__", write_out(table.NEG))  # noqa: B010 (typed in the class)


_install()
