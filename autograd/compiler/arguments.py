"""The arguments of a compiled function: arrays with an example in each row, or an error that says what came instead."""

import reprlib
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.floating[Any]]  # of the type that the options name


def batch(
    arguments: "Sequence[ArrayLike]", names: Callable[[int], list[str]], dtype: str = "float64"
) -> "tuple[list[Floats], int]":
    """The arguments as arrays of floats of this type, and the number of examples.

    `names` tells what so many arguments are called. Raises ValueError, naming the argument, for what is no array of
    numbers, and for arrays that do not fit together.
    """
    arrays = [_array(k, argument, names, dtype) for k, argument in enumerate(arguments)]
    check_lengths(arrays, names)
    n = len(arrays[0])
    if n == 0:
        raise ValueError(f"the batch is empty, there is no example in it: {_described(arrays, names)}")
    return arrays, n


def check_lengths(arrays: "Sequence[Floats]", names: Callable[[int], list[str]]) -> None:
    """ValueError, naming the arguments, where arrays differ in their number of examples."""
    lengths = [array.shape[0] if array.ndim else None for array in arrays]
    if None in lengths:
        k = lengths.index(None)
        raise ValueError(f"{names(k + 1)[k]} must have an example in each row, got a single number")
    if len(set(lengths)) > 1:
        raise ValueError(f"the arguments differ in their number of examples: {_described(arrays, names)}")


def matrices(arrays: "Sequence[Floats]") -> "list[Floats]":
    """The arguments with the numbers of each example in one row."""
    return [a if a.ndim == 2 else a.reshape(len(a), prod(a.shape[1:])) for a in arrays]


def shapes(names: Sequence[str], examples: Sequence[tuple[int, ...]]) -> str:
    """``x of shape (n, 2) and t of shape (n)``, by the shapes of one example."""
    return " and ".join(
        f"{name} of shape ({', '.join(['n', *map(str, shape)])})" for name, shape in zip(names, examples, strict=False)
    )


def _described(arrays: "Sequence[Floats]", names: Callable[[int], list[str]]) -> str:
    return " and ".join(f"{name} has shape {a.shape}" for name, a in zip(names(len(arrays)), arrays, strict=True))


def flat(theta: "ArrayLike", p: int, dtype: str = "float64") -> "Floats":
    """`theta` as an array of `p` floats of this type, or ValueError."""
    array = _floats(lambda: "at", theta, dtype)
    if array.shape != (p,):
        raise ValueError(
            f"at must be a flat array of shape ({p},), one number a parameter, got one of shape {array.shape}"
        )
    return array


def _array(k: int, argument: "ArrayLike", names: Callable[[int], list[str]], dtype: str) -> "Floats":
    array = _floats(lambda: names(k + 1)[k], argument, dtype)
    if not array.ndim:
        raise ValueError(
            f"{names(k + 1)[k]} must have an example in each row, and so a shape (n,) or (n, ...), "
            f"got the single number {argument!r}"
        )
    return array


def _floats(name: Callable[[], str], argument: "ArrayLike", dtype: str) -> "Floats":
    import numpy as np

    if type(argument) is np.ndarray and argument.dtype == dtype:
        return argument
    try:
        array = np.asarray(argument)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name()} must be an array of numbers, got {reprlib.repr(argument)}: {error}") from None
    if isinstance(argument, np.ma.MaskedArray):
        raise ValueError(
            f"{name()} is a masked array: leave the masked examples out, or fill them with numbers (its filled())"
        )
    if array.dtype.kind not in "fiub":
        hint = ": for one example of Values call the function itself, its __wrapped__" if _has_values(array) else ""
        raise ValueError(
            f"{name()} must be an array of real numbers, got dtype {array.dtype} and shape {array.shape} from "
            f"{reprlib.repr(argument)}{hint}"
        )
    return array.astype(dtype)


def _has_values(array: "NDArray[Any]") -> bool:
    return array.dtype == object and any(hasattr(x, "local_grads") for x in array.flat)
