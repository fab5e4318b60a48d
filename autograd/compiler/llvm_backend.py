"""The native back end: a program as machine code, run over a batch.

What the code reads and writes lies in memory of its own, whose addresses are written down once; a call copies the
parameters there, says where the arguments are and how many examples they have, and jumps.
"""

import ctypes
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .llvm_machine import machine, native_lanes, provide, vector_function
from .llvm_numbers import C_NAMES
from .llvm_recording import record
from .llvm_text import FRAME, padded, write
from .program import Program

_CHUNK = 4096  # examples at a time, where the results of each are kept
_ALIGNMENT = 64
_SMALL = 1 << 15  # numbers of an argument that are rather copied than looked up where they stand
_STEP, _STRIDE, _EXAMPLES = (FRAME.index(name) for name in ("step", "stride", "examples"))


class LlvmRunner:
    """One program as machine code; every thread has memory of its own.

    Arguments:
        with_gradient: whether to calculate the gradient of the first output by the parameters too.
        lanes: how many examples stand side by side in a vector; as many as the processor takes by default.

    Attributes: `chunk` is the largest number of examples at a time whose results are kept.
    """

    chunk = _CHUNK

    def __init__(self, program: Program, with_gradient: bool, lanes: int = 0):
        self.program = program
        self.lanes = lanes or native_lanes()
        self.recording = record(program, with_gradient)
        for number in self.recording.numbers:
            if number.call in C_NAMES:
                provide(C_NAMES[number.call])
        self.machine = machine(write(self.recording, self.lanes, vector_function))
        self._local = threading.local()

    def run(self, theta: Any, columns: Sequence[Any], n: int) -> "Memory":
        """Calculate for `n` examples, at most `chunk`.

        Arguments:
            theta: the parameters, of shape (p, 1), the same object for all chunks of a call and for no other call.
            columns: an array of shape (n, numbers of an example) for each argument, and for the random numbers if any.

        Returns the memory with the results, which the next call in this thread overwrites.
        """
        memory = self.memory()
        np.copyto(memory.theta, theta[:, 0])
        arrays = [np.ascontiguousarray(column) for column in columns if column.shape[1]]
        memory.frame[len(FRAME) :] = [array.ctypes.data for array in arrays]
        memory.frame[_STEP], memory.frame[_EXAMPLES] = 1, n
        self.machine.call(memory.address)
        memory.show(n)
        return memory

    def memory(self) -> "Memory":
        """Of this thread."""
        known: Memory | None = getattr(self._local, "memory", None)
        if known is None:
            known = self._local.memory = Memory(self)
        return known


class Memory:
    """What the code of a program reads and writes.

    Attributes: `outputs` of shape (k, n), `branches`, each of shape (1, n), and `gradient` of shape (p, 1) are the
    results of a run.
    """

    outputs: Any
    branches: list[Any]

    def __init__(self, runner: LlvmRunner):
        recording, lanes = runner.recording, runner.lanes
        self.k = len(runner.program.outputs)
        self.rows = recording.results
        self.slots = _aligned(recording.parameters + len(recording.kept))
        self.theta = self.slots[: recording.parameters]
        summed = padded(recording.summed, lanes) if recording.with_gradient else 0
        self.sums, self.gradients = _aligned(summed * lanes), _aligned(summed)
        self.gradient = self.gradients[: recording.parameters].reshape(-1, 1)
        self.stride = padded(_CHUNK, lanes)
        self.results = _aligned(self.rows * self.stride).reshape(self.rows, self.stride)
        self.scratch = _aligned(lanes * sum(recording.widths))
        places = dict.fromkeys(FRAME, 0)
        for name, array in (
            ("slots", self.slots),
            ("sums", self.sums),
            ("gradient", self.gradients),
            ("results", self.results),
            ("scratch", self.scratch),
        ):
            places[name] = array.ctypes.data
        places["stride"] = self.stride
        self.frame = np.array([*places.values(), *[0] * len(recording.widths)], np.int64)
        self.address = ctypes.c_void_p(self.frame.ctypes.data)

    def show(self, n: int) -> None:
        self.outputs = self.results[: self.k, :n]
        self.branches = [self.results[row : row + 1, :n] for row in range(self.k, self.rows)]


def _aligned(count: int) -> Any:
    """So many zeros, beginning where a line of the cache begins."""
    memory = np.zeros(count + _ALIGNMENT // 8)
    start = -memory.ctypes.data % _ALIGNMENT // 8
    return memory[start : start + count]
