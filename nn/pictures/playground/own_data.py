"""Data of your own for the page: arrays or a CSV file, checked here so that a mistake is found before a page opens."""

# ruff: noqa: N803 (X is the usual name)

import csv
import math
import os
from typing import Any

MOST_CLASSES = 8  # as many colours has the page


def table_data(X: Any, y: Any) -> dict[str, Any]:
    """The data as the page reads it: rows, the number of each one's class, and the names of classes and columns.

    Raises ValueError for rows that are not finite, fewer than two columns, or more than eight classes.
    """
    if X is None or y is None:
        raise ValueError("a playground of your own data needs both, X and y")
    names = [str(name) for name in getattr(X, "columns", ())]
    rows = [[float(x) for x in row] for row in (X.to_numpy() if hasattr(X, "to_numpy") else X)]
    labels = [label.item() if hasattr(label, "item") else label for label in y]
    if len(rows) != len(labels):
        raise ValueError(f"X and y need the same length, got {len(rows)} and {len(labels)}")
    if not rows:
        raise ValueError("there are no examples")
    for k, row in enumerate(rows):
        if len(row) < 2 or len(row) != len(rows[0]):
            raise ValueError(f"X needs two or more columns, as many in each row; row {k} has {len(row)}")
        if not all(map(math.isfinite, row)):
            raise ValueError(f"row {k} of X is not finite: {row}")
    return _data(rows, labels, names or [f"x{k + 1}" for k in range(len(rows[0]))])


def read_csv(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The same of a CSV file: a header, two or more columns of numbers, and the class in the last column.

    Raises ValueError, which names the file and the line, for anything else; OSError where it cannot be opened.
    """
    name = os.path.basename(os.fspath(path))
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        reader = csv.reader(text.splitlines(), delimiter=_separator(text), strict=True)
        lines = [([cell.strip() for cell in cells], reader.line_num) for cells in reader]
    except UnicodeDecodeError:
        raise ValueError(f"{name} is no text in UTF-8: save the table as a CSV file") from None
    except csv.Error as error:
        raise ValueError(f"{name}, line {reader.line_num}: {error}") from None
    filled = [(cells, line) for cells, line in lines if any(cells)]
    if len(filled) < 2:
        raise ValueError(f"{name} needs a header and at least one line of numbers")
    header, first = filled[0]
    if len(header) < 3:
        raise ValueError(
            f"{name}, line {first}: there must be at least three columns, two of numbers and the class, "
            f"found {len(header)}"
        )
    if all(_number(cell) is not None for cell in header[:-1]):
        raise ValueError(f"{name}, line {first}: the first line must be a header, the names of the columns")
    rows = []
    for cells, line in filled[1:]:
        if len(cells) != len(header):
            raise ValueError(f"{name}, line {line}: {len(cells)} cells, but the header has {len(header)}")
        numbers = []
        for cell, column in zip(cells[:-1], header, strict=False):
            number = _number(cell)
            if number is None:
                raise ValueError(f"{name}, line {line}: {cell!r} in column {column!r} is not a number")
            numbers.append(number)
        if not cells[-1]:
            raise ValueError(f"{name}, line {line}: the class is missing")
        rows.append(numbers)
    return _data(rows, [cells[-1] for cells, _ in filled[1:]], header[:-1])


def _separator(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return next((sign for sign in ",;\t" if sign in first), ",")


def _number(cell: str) -> float | None:
    """The finite number that a cell holds, or None."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _data(rows: list[list[float]], labels: list[object], names: list[str]) -> dict[str, Any]:
    texts = [f"{label:g}" if isinstance(label, float) else str(label) for label in labels]
    numeric = all(_number(text) is not None for text in texts)
    classes = sorted(set(texts), key=(lambda text: (float(text), text)) if numeric else None)
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"the data has {len(classes)} different classes; the page shows at most {MOST_CLASSES}")
    if len(classes) == 1:
        classes.append("?")  # of the other class there is no example
    number = {text: k for k, text in enumerate(classes)}
    return {"X": rows, "y": [number[text] for text in texts], "classes": classes, "names": names}
