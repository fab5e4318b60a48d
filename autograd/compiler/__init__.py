"""Compiling: a scalar function of one example becomes a program over a batch."""

from collections.abc import Callable
from typing import Any

from ..engine.errors import BranchChanged

__all__ = ["BranchChanged", "compile"]


def compile(function: Callable[..., Any] | None = None, *, backend: str = "auto") -> Any:
    """Make a function of one example, written with Values, run over a batch.

    Arguments:
        function: takes a Value for each argument that is a number, a list of Values (nested, for more dimensions) for
            each that is an array, and returns a Value or a list of Values. An ``if`` on a Value is frozen as it goes
            for the first example, and checked for the others (`BranchChanged`); `where` compiles both sides. Plain
            numbers that it reads stay as they are when it is traced; parameters and what `setting` reads do not.
        backend: what runs the program: "numpy"; "llvm" (machine code, with the extra `native`); "auto" for machine code
            where it is to be had and the program is small enough to compile at once, else NumPy.

    Returns a `Compiled`: call it with arrays whose first axis is the batch. Works as a decorator, of methods too.

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
    from .compiled import Compiled  # with all that compiles: only who compiles waits for it

    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r}: choose {' or '.join(map(repr, BACKENDS))}")
    if function is None:
        return lambda function: compile(function, backend=backend)
    if not callable(function):
        raise TypeError(f"compile takes a function of one example, got {function!r}")
    return Compiled(function.__wrapped__ if isinstance(function, Compiled) else function, backend)
