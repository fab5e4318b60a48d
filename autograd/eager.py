"""The eager engine at speed: each row of the table written out as one Python function that makes a node.

The text of a row is Python, so such a function needs no call of a rule: it calculates, keeps the local derivatives and
fills the node in one go. Whatever is not the plain case (other kinds of operands, an error to explain, an infinite
derivative) it hands to the general way, `apply` and `arithmetic` of the module `value`.
"""

from collections.abc import Callable
from typing import Any

from . import table, value
from .floats import FLOATS
from .formula import Source
from .modes import current_mode, modes
from .table import Operation
from .value import Value
from .words import partial_formulas, value_formula

_TEMPLATE = """
def written({operands}):
    {prepare}
    if {unusual}:
        return general(operation, {operands})
    scope = None
    if modes:
        mode = current_mode()
        if not mode.recording:
            return general(operation, {operands})
        scope = mode.scope
    {numbers}
    try:
        data = {data}
        local_grads = ({local_grads},)
        if {unsure}:
            return general(operation, {operands})
    except (ValueError, ArithmeticError, TypeError):
        return general(operation, {operands})
    node = new(Value)
    node._data = data
    node.grad = None
    node.label = ""
    node.operation = operation
    node.parents = ({operands},)
    node.local_grads = local_grads
    node.scope = scope
    return node
"""


def write_out(operation: Operation) -> Callable[..., Any]:
    """The function that applies a row with a fixed number of operands."""
    names = operation.operands
    operands = [f"{name}_node" for name in names]
    constants = [f"if type({node}) in plain: {node} = constant(float({node}))" for node in operands]
    source = _TEMPLATE.format(
        operands=", ".join(operands),
        prepare="\n    ".join(constants if operation.infix else ["# operands that are no Values take the general way"]),
        unusual=" or ".join(f"type({node}) is not Value" for node in operands),
        numbers="\n    ".join(f"{name} = {node}._data" for name, node in zip(names, operands, strict=True)),
        data=value_formula(operation, names, Source),
        unsure="False" if operation in value.IEEE else "data - data != 0.0",
        local_grads=", ".join(map(str, partial_formulas(operation, "data", names, Source))),
    )
    environment = {name: getattr(FLOATS, name) for name in table.TABLE if name.isidentifier()} | {
        "Value": Value,
        "constant": value.constant,
        "current_mode": current_mode,
        "general": value.arithmetic if operation.infix else value.function,
        "modes": modes,
        "new": object.__new__,
        "operation": operation,
        "plain": (float, int),
    }
    exec(source, environment)
    written: Callable[..., Any] = environment["written"]
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
