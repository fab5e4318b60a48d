"""The examples of a training run: two arrays, X and y, checked as a whole before anything starts.

Arrays stay arrays: an example becomes Python numbers only when the graph of this example is built. What is wrong with
the data is reported with its row, and not by an operation deep in a model.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ..data import Floats

    Rows = NDArray[np.int64] | Sequence[int]  # places in arrays

Nested = float | list["Nested"]  # plain numbers


class Example(NamedTuple):
    """One example as plain numbers, and its name in error messages."""

    name: str
    x: Nested  # a list of floats; a float where X has one number a row
    target: Nested  # a float, an int (a class), or a list of them


class Examples:
    """Examples, their targets, and how much each of them counts.

    Attributes:
        x: array of shape (n, ...) of floats; an array of n lists where their lengths differ.
        y: array of shape (n,) or (n, ...); integers where all targets are whole numbers.
        where: added to the names of the examples, such as " of the validation data".
        rows: their row numbers in the data of the user; None where these are 0, 1, 2 ...
        weights: array of shape (n,), 1 on average; None where all examples count the same.
    """

    def __init__(
        self,
        x: "NDArray[Any]",
        y: "NDArray[Any]",
        where: str = "",
        rows: "Rows | None" = None,
        weights: "Floats | None" = None,
    ):
        self.x, self.y, self.weights = x, y, weights
        self.where, self.rows = where, rows

    def __len__(self) -> int:
        return len(self.x)

    def means(self, sums: Iterable[float]) -> list[float]:
        """Means of sums over the examples: of the loss, which is weighted, and of metrics.

        A metric is the mean over the examples that count: those that weigh 0 are left out, such as where the class is
        not known.
        """
        counted = len(self) if self.weights is None else int((self.weights > 0.0).sum())
        loss, *metrics = sums
        return [loss / len(self), *(each / counted for each in metrics)]

    def __getitem__(self, k: int) -> Example:
        x, target = self.x[k], self.y[k]
        row = k if self.rows is None else int(self.rows[k])
        return Example(f"example {row}{self.where}", x if isinstance(x, list) else x.tolist(), target.tolist())

    def select(self, rows: "Rows") -> "Examples":
        """The examples in these rows: they keep their names, and their weights are scaled to be 1 on average."""
        weights = None if self.weights is None else self.weights[rows]
        if weights is not None and weights.any():
            weights = weights / weights.mean()
        return Examples(self.x[rows], self.y[rows], self.where, rows, weights)


def examples(X: "ArrayLike", y: "ArrayLike", where: str = "") -> Examples:  # noqa: N803 (the usual name)
    """Lists, arrays or tables (pandas) of examples and targets, as checked arrays.

    Arguments:
        X: an example a row.
        y: a target a row: a number, or a list of numbers. Whole numbers stay whole, so that they can be classes; rows
            of one number become that number.
        where: added to the names of the data in error messages, such as " of the validation data".

    Raises ValueError, naming the row, where X or y holds anything but finite numbers, and when the lengths differ.
    """
    x, targets = rows_of(X, f"X{where}"), rows_of(y, f"y{where}")
    if len(x) != len(targets):
        raise ValueError(f"X{where} and y{where} need the same length, got {len(x)} and {len(targets)}")
    if not len(x):
        raise ValueError(f"there are no examples: X{where} is empty")
    if targets.dtype == object:
        raise ValueError(f"the rows of y{where} differ in length")
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    return Examples(x.astype(float, copy=False) if x.dtype != object else x, targets, where)


def rows_of(data: Any, name: str) -> "NDArray[Any]":
    """`data` as an array, an example a row: of float64, or of int64 where all numbers are whole.

    Rows of different lengths give an array of lists. Raises ValueError, naming the row, for anything but finite
    numbers.
    """
    import numpy as np

    if hasattr(data, "to_numpy"):  # of pandas, whose tables iterate over their columns
        data = data.to_numpy()
    if isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__") or getattr(data, "shape", None) == ():
        raise ValueError(f"{name} is a list or an array with an example in each row, got {data!r}")
    if not hasattr(data, "__len__"):
        data = list(data)
    try:
        array = np.asarray(data)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub":
        return _converted(list(data), name)
    if array.dtype.kind == "f":
        array = array.astype(np.float64, copy=False)
        finite = np.isfinite(array)
        if not finite.all():
            row = int(np.argmin(finite.reshape(len(array), -1).all(axis=1)))
            entry = float(array[row][~finite[row]].ravel()[0])
            raise ValueError(f"row {row} of {name} holds {entry!r}: leave the example out, or fill in a number")
        return array
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        return array.astype(np.float64)
    return array.astype(np.int64, copy=False)


def _converted(rows: list[object], name: str) -> "NDArray[Any]":
    """Rows of Python objects as an array, converted number by number; only what NumPy does not take comes here."""
    import numpy as np

    numbers = [_numbers(entry, row, name) for row, entry in enumerate(rows)]
    try:
        array = np.asarray(numbers)
    except ValueError:
        array = np.empty(len(numbers), object)
        array[:] = numbers
        return array
    return array if array.dtype.kind in "fi" else array.astype(np.float64)


def _numbers(entry: Any, row: int, name: str) -> Nested:
    """`entry`, a number or a list of such entries, as ints and floats."""
    if hasattr(entry, "tolist"):
        entry = entry.tolist()
    if isinstance(entry, (list, tuple)):
        return [_numbers(e, row, name) for e in entry]
    if isinstance(entry, (str, bytes)) or not hasattr(entry, "__float__"):
        hint = ": number the classes from 0" if isinstance(entry, str) and name.startswith("y") else ""
        raise ValueError(f"row {row} of {name} holds {entry!r}, which is not a number{hint}")
    try:
        number = float(entry)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"row {row} of {name} holds {number!r}: leave the example out, or fill in a number")
    return int(entry) if hasattr(entry, "__index__") and abs(number) < 2**53 else number
