"""The native back end: a program as machine code, run over a batch.

What the code reads and writes lies in memory of its own, whose addresses are written down once; a call copies the
parameters there, says where the arguments are and how many examples they have, and jumps.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...program.blocks import Program
from .epochs import Epochs
from .lines import Kind
from .machine import machine, native_lanes, provide, vector_function
from .memory import CHUNK, Memory, longest_tile
from .numbers import C_NAMES
from .writer import write

_SMALL = 2000  # numbers that are sooner copied than given an address


class LlvmRunner:
    """One program as machine code; every thread has memory of its own.

    Arguments:
        with_gradient: whether to calculate the gradient of the first output by the parameters too.
        careful: see `lower`.
        lanes: how many numbers a vector has; as many as the processor takes by default.

    Attributes: `chunk` is the largest number of examples at a time whose results are kept.
    """

    chunk = CHUNK

    def __init__(self, program: Program, with_gradient: bool, careful: bool = False, lanes: int = 0):
        self.program = program
        self.lanes = lanes or native_lanes()
        self.code = write(program, with_gradient, Kind("double", self.lanes), vector_function, careful)
        for name in C_NAMES.values():
            if f"@{name}(" in self.code.text:
                provide(name)
        self.machine = machine(self.code.text)
        self.longest = longest_tile(self.code)
        self._local = threading.local()
        self._examples: Sequence[tuple[int, ...]] = ()

    def run(self, theta: Any, columns: Sequence[Any], n: int) -> Memory:
        """Calculate for `n` examples, at most `chunk`.

        Arguments:
            theta: the parameters, of shape (p, 1), the same object for all chunks of a call and for no other call.
            columns: an array of shape (n, numbers of an example) for each argument, and for the random numbers if any.

        Returns the memory with the results, which the next call in this thread overwrites.
        """
        memory = self._memory()
        np.copyto(memory.theta, theta[:, 0])
        arrays = [np.require(column, requirements=["C", "A"]) for column in columns if column.shape[1]]
        self.machine.call(memory.frame_for(arrays, n))
        memory.show(n)
        return memory

    def short_way(self, examples: Sequence[tuple[int, ...]]) -> Any:
        """`mean_and_gradient`, for arguments whose examples have these shapes."""
        self._examples = examples
        return self.mean_and_gradient

    def mean_and_gradient(self, arguments: Sequence[Any], theta: Any) -> tuple[float, Any] | None:
        """The means over the examples of the first output and of its gradient, if all is as it should be.

        Arguments:
            arguments: arrays of floats with an example in each row, the same number of them in each.
            theta: the parameters, a flat array.

        Returns None for other arguments, and where something is not finite or a branch goes another way: the caller
        finds out what.
        """
        memory = self._memory()
        order = memory.order
        if order is None or not order.takes(arguments, theta):
            order = memory.new_order(arguments, self._examples)
            if order is None or not order.takes(arguments, theta):
                return None
        if self.code.parameters < _SMALL:
            mean, gradient = self.machine.call(order.address), memory.flat_gradient.copy()
        else:
            gradient = np.empty(self.code.parameters)
            order.put_gradient(gradient)
            mean = self.machine.call(order.address)
        return (mean, gradient) if mean - mean == 0.0 else None

    def epochs(self, square: Any, rule: Any, **places: Any) -> Epochs:
        """Gradient descent with this function: what `Epochs` needs beside it."""
        return Epochs(self, square, rule, **places)

    def new_memory(self) -> Memory:
        """For one user of the program at a time."""
        return Memory(self.code, len(self.program.outputs), self.longest)

    def _memory(self) -> Memory:
        """Of this thread."""
        known: Memory | None = getattr(self._local, "memory", None)
        if known is None:
            known = self._local.memory = self.new_memory()
        return known
