"""Examples as the training loop wants them: pairs of plain numbers or lists, looked through before anything starts.

What is wrong with the data is said here, with its row, rather than by an operation deep in a model.
"""

import math
from typing import Any, NamedTuple


class Example(NamedTuple):
    """One example, and what to call it in errors."""

    name: str
    x: Any  # a list of floats; a float where the data has one number a row
    target: Any  # a float, an int (a class), or a list of floats


def examples(X: Any, y: Any, where: str = "") -> list[Example]:  # noqa: N803 (the usual name)
    """Lists, arrays or tables of examples and targets, as a list of pairs.

    Arguments:
        X: an example a row.
        y: a target a row: a number, or a list of numbers. Whole numbers stay ints, so that they can be classes; lists
            of one number become that number.
        where: what to call the data in errors, such as " of the validation data".

    Raises ValueError, naming the row, where X or y holds what is no finite number, and when the lengths differ.
    """
    xs, targets = _rows(X, f"X{where}"), _rows(y, f"y{where}")
    if len(xs) != len(targets):
        raise ValueError(f"X{where} and y{where} need the same length, got {len(xs)} and {len(targets)}")
    if not xs:
        raise ValueError(f"there are no examples: X{where} is empty")
    xs = [_numbers(x, row, f"X{where}", float) for row, x in enumerate(xs)]
    targets = [_numbers(t, row, f"y{where}", _whole_or_float) for row, t in enumerate(targets)]
    if all(isinstance(t, list) and len(t) == 1 for t in targets):
        targets = [t[0] for t in targets]
    return [Example(f"example {row}{where}", *pair) for row, pair in enumerate(zip(xs, targets, strict=True))]


def _rows(data: Any, name: str) -> list[Any]:
    if hasattr(data, "to_numpy"):  # of pandas, whose tables are iterated by column
        data = data.to_numpy()
    if hasattr(data, "tolist"):
        data = data.tolist()
    if isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__"):
        raise ValueError(f"{name} is a list or an array with a row an example, got {data!r}")
    return list(data)


def _numbers(entry: Any, row: int, name: str, number: Any) -> Any:
    """`entry`, a number or a list of such entries, as plain numbers."""
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    if isinstance(entry, (list, tuple)):
        return [_numbers(e, row, name, number) for e in entry]
    if isinstance(entry, (str, bytes)) or not hasattr(entry, "__float__"):
        hint = ": number the classes from 0" if isinstance(entry, str) and name.startswith("y") else ""
        raise ValueError(f"row {row} of {name} holds {entry!r}, which is not a number{hint}")
    if not math.isfinite(entry):
        raise ValueError(f"row {row} of {name} holds {float(entry)!r}: leave the example out, or fill in a number")
    return number(entry)


def _whole_or_float(entry: Any) -> int | float:
    return int(entry) if hasattr(entry, "__index__") else float(entry)
