"""Compiling: a scalar function of one example becomes a program over a batch."""

from collections.abc import Callable
from typing import TYPE_CHECKING, overload

from ..engine.errors import BranchChanged

if TYPE_CHECKING:
    from .compiled import Compiled

__all__ = ["BranchChanged", "compile"]


@overload
def compile(
    function: Callable[..., object], *, backend: str = "auto", dtype: str = "float64", threads: int | None = None
) -> "Compiled": ...
@overload
def compile(
    function: None = None, *, backend: str = "auto", dtype: str = "float64", threads: int | None = None
) -> "Callable[[Callable[..., object]], Compiled]": ...
def compile(
    function: Callable[..., object] | None = None,
    *,
    backend: str = "auto",
    dtype: str = "float64",
    threads: int | None = None,
) -> "Compiled | Callable[[Callable[..., object]], Compiled]":
    """Make a function of one example, written with Values, run over a batch.

    Arguments:
        function: takes a Value for each argument that is a number, a list of Values (nested, for more dimensions) for
            each that is an array, and returns a Value or a list of Values. An ``if`` on a Value is frozen as it goes
            for the first example, and checked for the others (`BranchChanged`); `where` compiles both sides. Plain
            numbers that it reads stay as they are when it is traced; parameters and what `setting` reads do not.
        backend: what runs the program: "numpy"; "llvm" (machine code, with the extra `native`); "auto" for machine code
            where llvmlite is installed, else NumPy.
        dtype: the type of arguments, parameters and results, "float64" or "float32". Sums over the batch are added up
            in float64 at the end, and parameters stay float64 in their Values and in `flat_parameters()`.
        threads: how many threads may share the batch of a call; None for as many as pay. The results do not depend on
            it. NumPy uses the threads that it is set to.

    Returns a `Compiled`: call it with arrays whose first axis is the batch. Works as a decorator, of methods too.
    Raises ValueError for a back end, a type or a number of threads that there is not.

    >>> import autograd
    >>> from autograd import Value
    >>> w = Value(2.0, "w")
    >>> @autograd.compile
    ... def loss(x, t):
    ...     return (w * x - t) ** 2
    >>> loss([1.0, 2.0], [1.0, 1.0])
    5.0
    >>> value, gradient = loss.value_and_grad([1.0, 2.0], [1.0, 1.0])
    >>> gradient.tolist()
    [7.0]
    """
    from .backends.choice import BACKENDS
    from .backends.runner import Options
    from .compiled import Compiled  # with all that compiles: only who compiles waits for it

    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r}: choose {' or '.join(map(repr, BACKENDS))}")
    dtype = getattr(dtype, "__name__", str(dtype))  # numpy.float32 has a name
    if dtype not in ("float64", "float32"):
        raise ValueError(f"unknown dtype {dtype!r}: choose 'float64' or 'float32'")
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads is a whole number from 1, or None for as many as pay, got {threads!r}")
    if function is None:
        return lambda function: compile(function, backend=backend, dtype=dtype, threads=threads)
    if not callable(function):
        raise TypeError(f"compile takes a function of one example, got {function!r}")
    function = function.__wrapped__ if isinstance(function, Compiled) else function
    return Compiled(function, backend, Options(dtype, threads))
