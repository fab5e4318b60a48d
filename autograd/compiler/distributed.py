"""Dask arrays as arguments of a compiled function: its program runs once for each block, where the block is.

Dask decides where and when (its threads, processes or cluster). What travels is the program and the parameters on the
way out, and sums on the way back. Of the data, the caller sees the first example alone, when the function is traced.
"""

import random
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from .arguments import batch, check_lengths, matrices
from .parcel import Parcel
from .traced import Traced
from .traces import Traces

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import ArrayLike, DTypeLike

    from .arguments import Floats


def is_distributed(arguments: Sequence[object]) -> bool:
    """Whether there is a Dask array among these."""
    dask = sys.modules.get("dask.array")
    return dask is not None and any(isinstance(x, dask.Array) for x in arguments)


def distributed_mean(
    traces: Traces, arguments: "Sequence[ArrayLike]", at: "ArrayLike | None", with_gradient: bool
) -> "tuple[float, Floats | None]":
    """The mean of the first output over the examples of all blocks and, if asked for, its gradient."""
    import numpy as np

    traced, arrays = _prepared(traces, arguments)
    traces.require_one_output(traced)
    k = 2 + with_gradient * len(traced.parameters)
    sums = _by_block(_sums, (k,), float, traces, traced, arrays, at, with_gradient, adjust_chunks={0: lambda _: 1})
    n, total, *gradient = np.asarray(sums.sum(axis=0).compute()).tolist()
    slopes = traces.in_order(traced, np.array(gradient, traced.options.dtype) / n) if with_gradient else None
    return total / n, slopes


def distributed_map(traces: Traces, arguments: "Sequence[ArrayLike]", at: "ArrayLike | None") -> "da.Array":
    """The result for each example: a Dask array of shape (n,) or (n, k), with a block for each of the arguments."""
    traced, arrays = _prepared(traces, arguments)
    shape = () if traced.single else (len(traced.program.outputs),)
    return _by_block(_results, shape, traced.options.dtype, traces, traced, arrays, at)


def _prepared(traces: Traces, arguments: "Sequence[ArrayLike]") -> "tuple[Traced, list[da.Array]]":
    import dask.array as da

    arrays = [da.asanyarray(x) for x in arguments]
    for name, array in zip(traces.names(len(arrays)), arrays, strict=True):
        if array.ndim and not array.shape[0] > 0:  # it may be NaN
            hint = "it is empty" if array.shape[0] == 0 else "call its compute_chunk_sizes() first"
            raise ValueError(f"{name} is a Dask array without a known number of examples: {hint}")
    check_lengths(arrays, traces.names)
    return traces.find([_First(x) for x in arrays]), arrays


class _First:
    """An array of which the first example is fetched if the function is traced, and nothing else."""

    def __init__(self, array: "da.Array"):
        self.shape, self._array = array.shape, array

    def __getitem__(self, row: int) -> Any:
        return self._array[row].astype(float).compute()


def _by_block(
    function: "Callable[..., Floats]", shape: tuple[int, ...], dtype: "DTypeLike", traces: Traces, traced: Traced,
    arrays: "Sequence[da.Array]", at: "ArrayLike | None", *options: object, **settings: Any,
) -> "da.Array":  # fmt: skip
    """A Dask array of what `function` makes of each block, where an example has a result of this shape."""
    import dask.array as da
    import numpy as np
    from dask import delayed

    axes = count()  # every axis a number of its own, but for that of the examples, 0, which all share
    example, *result = (next(axes) for _ in range(1 + len(shape)))
    pairs: list[object] = []
    for array in arrays:
        pairs += [array, (example, *(next(axes) for _ in array.shape[1:]))]
    parcel = delayed(Parcel.of(traced), traverse=False)
    for x in (parcel, traces.names(len(arrays)), delayed(traces.theta(traced, at)), _seed(traced), *options):
        pairs += [x, None]
    return da.blockwise(
        function, (example, *result), *pairs, new_axes=dict(zip(result, shape, strict=True)), concatenate=True,
        meta=np.empty((0,) * (1 + len(shape)), dtype), **settings,
    )  # fmt: skip


def _seed(traced: Traced) -> float | None:
    """What the random numbers of this call begin from, where the function draws some."""
    return float(traced.draw(1)[0, 0]) if traced.draws else None


# In the workers


def _sums(*sent: Any) -> "Floats":
    """The number of examples in a block, the sum of the first output and, if asked for, of its gradient: one row."""
    import numpy as np

    traced, theta, data, n = _arrived(*sent[:-1])
    with_gradient = sent[-1]
    if not n:
        return np.zeros((1, 2 + with_gradient * len(theta)))
    with _careless():
        if not with_gradient:
            return np.array([[n, traced.total(theta, data, n)]])
        total, slopes = traced.total_and_gradient(theta, data, n)
        return np.array([[n, total, *slopes]], float)


def _results(*sent: Any) -> "Floats":
    import numpy as np

    traced, theta, data, n = _arrived(*sent)
    shape = (n,) if traced.single else (n, len(traced.program.outputs))
    if not n:
        return np.zeros(shape, traced.options.dtype)
    with _careless():
        return traced.results(theta, data, n).T.reshape(shape)


def _arrived(*sent: Any) -> "tuple[Traced, Floats, list[Floats], int]":
    *blocks, parcel, names, theta, seed = sent
    traced: Traced = parcel.traced
    n = len(blocks[0])
    data = matrices(batch(blocks, lambda _: names, traced.options.dtype)[0]) if n else []
    if seed is not None:  # each block draws from its own beginning, whoever runs it
        block = [zlib.crc32(array.tobytes()) for array in data]
        traced = traced.drawing_from(random.Random(f"{seed} {block}"))  # noqa: S311 (dropout is no cryptography)
    return traced, theta, data, n


@contextmanager
def _careless() -> Iterator[None]:
    """NumPy without warnings; an error says which example its number means."""
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            yield
    except Exception as error:
        error.add_note("examples are counted from the beginning of their block")
        raise
