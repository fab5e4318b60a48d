"""Preparing data: standardised columns, a part kept for testing, minibatches.

Lists stay lists, NumPy arrays stay arrays, tables of pandas are split into tables; rows are examples.
"""

# ruff: noqa: N803 (X is the usual name)

import math
import random
from collections.abc import Collection, Hashable, Iterator, Sized
from typing import TYPE_CHECKING, Any

from .checks import is_number, positive_int
from .initialization import generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class Standardizer:
    """Shifts and scales each column by its mean and standard deviation in the data given to `fit`, to 0 and 1 there.

    Fit it on the training data alone, and transform the test data by it. A constant column becomes 0. Targets, one
    number a row, work too.

    Attributes: `mean` and `scale`, a list with a number for each column.

    >>> standardizer = Standardizer().fit([[1.0, 5.0], [3.0, 5.0]])
    >>> standardizer.transform([[1.0, 5.0], [2.0, 6.0]])
    [[-1.0, 0.0], [0.0, 1.0]]
    >>> standardizer.inverse([[-1.0, 0.0]])
    [[1.0, 5.0]]
    """

    mean: list[float]
    scale: list[float]

    def fit(self, X: "ArrayLike") -> "Standardizer":
        """Learn mean and standard deviation (of the population: divided by n) of the columns; returns itself.

        Raises ValueError for data that is empty, ragged, or not finite somewhere.
        """
        import numpy as np

        rows = _table(X)
        constant = rows.min(axis=0) == rows.max(axis=0)
        exponent = _exponents(rows)
        near_1 = np.ldexp(rows, -exponent)  # whose squares neither overflow nor vanish
        self.mean = np.where(constant, rows[0], np.ldexp(near_1.mean(axis=0), exponent)).tolist()
        self.scale = np.where(constant, 1.0, np.ldexp(near_1.std(axis=0), exponent)).tolist()
        return self

    def transform(self, X: "ArrayLike") -> Any:
        """(x - mean) / scale, column by column."""
        import numpy as np

        mean, scale, rows = self._ready(X)
        exponent = _exponents(np.stack([mean, scale]))
        with np.errstate(over="ignore"):
            shifted = np.ldexp(rows, -exponent) - np.ldexp(mean, -exponent)
            return _like(X, shifted / np.ldexp(scale, -exponent))

    def fit_transform(self, X: "ArrayLike") -> Any:
        """`fit`, then `transform`."""
        return self.fit(X).transform(X)

    def inverse(self, X: "ArrayLike") -> Any:
        """Undo `transform`: x * scale + mean, column by column."""
        import numpy as np

        mean, scale, rows = self._ready(X)
        exponent = _exponents(np.stack([mean, scale]))
        with np.errstate(over="ignore"):
            near_1 = rows * np.ldexp(scale, -exponent) + np.ldexp(mean, -exponent)
            return _like(X, np.ldexp(near_1, exponent))

    def _ready(self, X: "ArrayLike") -> "tuple[Floats, Floats, Floats]":
        import numpy as np

        if not hasattr(self, "mean"):
            raise ValueError("this Standardizer is not fitted yet: call fit first")
        rows = _table(X)
        if rows.shape[1] != len(self.mean):
            raise ValueError(f"this Standardizer was fitted on {len(self.mean)} columns, got {rows.shape[1]}")
        return np.array(self.mean), np.array(self.scale), rows


def train_test_split(
    X: Any,
    y: Any,
    test_size: float = 0.25,
    seed: int | random.Random | None = None,
    stratify: Collection[Hashable] | None = None,
) -> tuple[Any, Any, Any, Any]:
    """Split examples at random into a part for training and one for testing.

    Arguments:
        X, y: examples and targets, as many of each.
        test_size: the share of the examples to test on, between 0 and 1, or their number (an int).
        seed: an int or a `random.Random`; the same seed gives the same split.
        stratify: class labels, one an example, whose shares are to be the same in both parts; often `y`.

    Returns X_train, X_test, y_train, y_test. Raises ValueError when the lengths differ or a part would be empty.

    >>> train_test_split([[1], [2], [3], [4]], [1, 2, 3, 4], test_size=0.25, seed=0)
    ([[1], [2], [4]], [[3]], [1, 2, 4], [3])
    """
    n = _examples(X, y)
    n_test = _test_count(test_size, n)
    rng = generator(seed)
    order = shuffled(n, rng)
    if stratify is not None:
        order = _spread(order, stratify)
    test, train = sorted(order[:n_test]), sorted(order[n_test:])
    return _take(X, train), _take(X, test), _take(y, train), _take(y, test)


def minibatches(
    X: Any,
    y: Any,
    batch_size: int,
    shuffle: bool = True,
    seed: int | random.Random | None = None,
) -> Iterator[tuple[Any, Any]]:
    """One epoch: pairs of `batch_size` examples and their targets, each example once; the last may be shorter.

    Arguments:
        X, y: examples and targets, as many of each: lists, arrays or tables.
        batch_size: examples in each pair, from 1.
        shuffle: whether in random order.
        seed: an int, for the same order each time; or a `random.Random`, which gives another order each epoch, all
            repeatable.

    Raises ValueError when the lengths differ, there are no examples, or `batch_size` is below 1.

    >>> list(minibatches([10, 20, 30], [1, 2, 3], batch_size=2, shuffle=False))
    [([10, 20], [1, 2]), ([30], [3])]
    """
    inputs, targets = (data.to_numpy() if hasattr(data, "to_numpy") else data for data in (X, y))  # rows of pandas
    n = _examples(inputs, targets)
    batch_size = positive_int("batch_size", batch_size)
    order = shuffled(n, generator(seed)) if shuffle else list(range(n))
    batches = (order[k : k + batch_size] for k in range(0, n, batch_size))
    return ((_take(inputs, batch), _take(targets, batch)) for batch in batches)


def shuffled(n: int, rng: random.Random) -> list[int]:
    """The whole numbers below n in random order."""
    order = list(range(n))
    rng.shuffle(order)
    return order


def _examples(X: Sized, y: Sized) -> int:
    if len(X) != len(y):
        raise ValueError(f"X and y need the same length, got {len(X)} and {len(y)}")
    if len(X) == 0:
        raise ValueError("there are no examples")
    return len(X)


def _take(data: Any, rows: list[int]) -> Any:
    if hasattr(data, "iloc"):  # of pandas
        return data.iloc[rows]
    return data[rows] if hasattr(data, "dtype") else [data[k] for k in rows]


def _test_count(test_size: float, n: int) -> int:
    whole = hasattr(test_size, "__index__") and not isinstance(test_size, bool)
    if not whole and not (is_number(test_size) and 0.0 < test_size < 1.0):
        raise ValueError(f"test_size is a share between 0 and 1 or a number of examples, got {test_size!r}")
    n_test = int(test_size) if whole else math.ceil(test_size * n - 1e-9)
    if not 0 < n_test < n:
        raise ValueError(f"of {n} examples, {n_test} would be for testing: no part may be empty")
    return n_test


def _spread(order: list[int], labels: Collection[Hashable]) -> list[int]:
    """`order` rearranged so that any stretch from its start holds the classes in about equal shares."""
    if len(labels) != len(order):
        raise ValueError(f"stratify needs a label for each of the {len(order)} examples, got {len(labels)}")
    labels = list(labels)
    members: dict[Hashable, list[int]] = {}
    for k in order:
        members.setdefault(labels[k], []).append(k)
    # The j-th of m members comes at (j + 1/2) / m of the way: a stretch of a share f holds f*m of them, to rounding.
    placed = [((j + 0.5) / len(ks), ks[j]) for ks in members.values() for j in range(len(ks))]
    return [k for _, k in sorted(placed, key=lambda place: place[0])]


def _table(X: "ArrayLike") -> "Floats":
    """Data as an array of rows and columns; one number a row is one column."""
    import numpy as np

    try:
        rows = np.asarray(X, dtype=float)
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected a table of examples, with as many numbers in each row: {error}") from None
    if rows.ndim not in (1, 2) or rows.size == 0:
        raise ValueError(f"expected a table of examples, got data of shape {rows.shape}")
    rows = rows.reshape(len(rows), -1)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise ValueError(f"row {bad[0]} of the data is not finite: {rows[bad[0]].tolist()}")
    return rows


def _exponents(rows: "Floats") -> "NDArray[np.int32]":
    """For each column the power of two near its largest number, so that dividing by it is exact."""
    import numpy as np

    exponents: NDArray[np.int32] = np.frexp(np.abs(rows).max(axis=0))[1]
    return exponents


def _like(X: Any, rows: "Floats") -> Any:
    """`rows` as what X was: a list or an array (for a table of pandas too), of rows or of numbers."""
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise ValueError(f"row {bad[0]} of the data is too large to be scaled: {rows[bad[0]].tolist()}")
    if getattr(X, "ndim", 0) == 1 or not (hasattr(X, "ndim") or hasattr(X[0], "__len__")):
        rows = rows[:, 0]
    return rows if hasattr(X, "ndim") else rows.tolist()
