"""Docstrings of the functions that are made from rows: sentences made from the facts of the row."""

from collections.abc import Callable
from typing import Any

from ..rules.as_formulas import partial_formulas, value_formula
from ..rules.operation import Operation


def describe(row: Operation, example: str = "") -> str:
    """The docstring of the function for `row`: what, Arguments, Returns, Raises, and an example."""
    operands = list(row.operands)
    value = value_formula(row, operands)
    slopes = partial_formulas(row, "out", operands)
    lines = [f"{row.signature}: {row.about}.", ""]
    if value.text != row.signature:
        lines.append(f"Its value is ``{value}``.")
    if len(operands) == 1:
        lines.append(f"The derivative is ``{slopes[0]}``, where out is the value.")
    else:
        pairs = [f"``{slope}`` with respect to {x}" for x, slope in zip(operands, slopes, strict=True)]
        lines.append(f"The derivatives are {', '.join(pairs)}, where out is the value.")
    lines += ["", "Arguments:", f"    {', '.join(operands)}: Values or plain numbers."]
    lines += ["", "Returns a Value if an operand is one, a float for plain numbers alone."]
    if raised := raises(row):
        lines += ["", f"Raises {raised}."]
    return "\n".join([*lines, *(["", example] if example else [])])


def raises(row: Operation) -> str:
    """``OverflowError unless x <= 709.78``: what the row raises, and when."""
    parts = []
    if row.domain:
        parts.append(f"{row.error.__name__} unless ``{row.domain}``")
    if row.overflows:
        parts.append("OverflowError where the value is too large for a float")
    return ", ".join(parts)


def example(row: Operation, function: Callable[..., Any]) -> str:
    """A doctest: the value of the function at a point of its domain."""
    points = [[0.5, 0.25, 0.75][: len(row.operands)], [1.5, 1.25, 1.75][: len(row.operands)]]
    point = next(p for p in points if row.holds(p))
    return f">>> {row.name}({', '.join(map(repr, point))})\n{function(*point)!r}"
