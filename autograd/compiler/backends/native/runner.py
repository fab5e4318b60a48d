"""The native back end: a program as machine code, run over a batch.

What the code reads and writes lies in memory of its own, whose addresses are written down once; a call copies the
parameters there, says where the arguments are and how many examples they have, and jumps.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...program.blocks import Program
from ..runner import USUAL, Options, ShortWay
from .epochs import Epochs
from .lines import Kind
from .machine import machine, native_lanes, provide, vector_function
from .memory import CHUNK, Memory, Order, Part, longest_tile
from .numbers import C_NAMES
from .threads import share
from .writer import write

if TYPE_CHECKING:
    from ...arguments import Floats

_SMALL = 2000  # numbers that are sooner copied than given an address


class LlvmRunner:
    """One program as machine code; every thread has memory of its own.

    Arguments:
        with_gradient: whether to calculate the gradient of the first output by the parameters too.
        options: see `Options`.
        lanes: how many numbers of eight bytes a vector has; as many as the processor takes by default.

    Attributes: `chunk` is the largest number of examples at a time whose results are kept.
    """

    chunk = CHUNK

    def __init__(self, program: Program, with_gradient: bool, options: Options = USUAL, lanes: int = 0):
        self.program, self.threads = program, options.threads
        self.lanes = lanes or native_lanes()
        kind = Kind("double", self.lanes) if options.dtype == "float64" else Kind("float", 2 * self.lanes)
        self.code = write(program, with_gradient, kind, vector_function, options.careful)
        for name in C_NAMES.values():
            if f"@{name}(" in self.code.text:
                provide(name)
        self.machine = machine(self.code.text)
        self.longest = longest_tile(self.code)
        self._local = threading.local()
        self._examples: Sequence[tuple[int, ...]] = ()

    def run(self, theta: "Floats", data: "Sequence[Floats]", n: int) -> Memory:
        """Calculate for `n` examples, at most `chunk`.

        Arguments:
            theta: the parameters, of shape (p, 1), the same object for all chunks of a call and for no other call.
            data: an array of shape (n, numbers of an example) for each argument, and for the random numbers if any.

        Returns the memory with the results, which the next call in this thread overwrites.
        """
        memory = self._memory()
        np.copyto(memory.theta, theta[:, 0])
        arrays = [np.require(array, self.code.kind.dtype, ["C", "A"]) for array in data if array.shape[1]]
        self.machine.call(memory.frame_for(arrays, n))
        memory.show(n)
        return memory

    def short_way(self, examples: Sequence[tuple[int, ...]]) -> ShortWay:
        """`mean_and_gradient`, for arguments whose examples have these shapes."""
        self._examples = examples
        return self.mean_and_gradient

    def mean_and_gradient(self, arguments: Sequence[object], theta: object) -> "tuple[float, Floats] | None":
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
            mean, gradient = self._mean(order), memory.flat_gradient.copy()
        else:
            gradient = np.empty(self.code.parameters, self.code.kind.dtype)
            order.put_gradient(gradient)
            mean = self._mean(order)
        return (mean, gradient) if mean - mean == 0.0 else None

    def _mean(self, order: Order) -> float:
        if not order.parts:
            return self.machine.call(order.address)
        share(self._part, order.parts, self.threads)
        first, *others = order.parts
        for part in others:
            np.add(first.sums, part.sums, out=first.sums)
            first.total += part.total
        return self.machine.finish(first.address)

    def _part(self, part: Part) -> None:
        part.begin(self._memory())
        self.machine.part(part.address, part.first, part.last)

    def epochs(self, square: "LlvmRunner", rule: "LlvmRunner", **places: Any) -> Epochs:
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
