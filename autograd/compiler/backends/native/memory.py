"""The memory that machine code reads and writes, and the addresses of the arguments.

Looking up where an array stands takes longer than copying a small one. So a small argument is copied to a place whose
address stands written down, until the same array comes a second time: from then on it is read where it is.
"""

import ctypes
import weakref
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .writer import FRAME, Code

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ...arguments import Floats

    Frame = NDArray[np.int64]  # addresses and numbers of eight bytes, as `FRAME` lists them

_CACHE = 1 << 19  # bytes of a second-level cache
_WORTH = 10_000_000  # additions and multiplications that are worth waking a thread for: a few tenths of a millisecond
_PARTS = 16
_SHORTEST, _LONGEST = 128, 256  # examples in a tile
CHUNK = 4096  # examples at a time, where the results of each are kept
_ALIGNMENT = 64  # bytes: a line of the cache, and the widest vector
_SMALL = 1 << 12  # numbers that are sooner copied than looked up
_ORDERS = 8  # shapes of arguments that are remembered
(_THETA, _ONCE, _WORK, _RESULTS, _STRIDE, _STEP, _EXAMPLES, _DIVISOR, _TILE, _LINE, _TOTAL, _GRADIENT) = range(
    len(FRAME)
)


class Memory:
    """Of one program in one thread.

    Arguments:
        k: the number of outputs.

    Attributes: the results of a run (see `Results`); `order` is what was asked last by `Compiled.value_and_grad`.
    """

    outputs: "Floats"
    branches: "list[Floats]"
    unordered: "list[Floats]"

    def __init__(self, code: Code, k: int, longest: int):
        self.k, self.rows, self.count, self.lanes, self.longest = (
            k,
            code.results,
            code.branches,
            code.kind.lanes,
            longest,
        )
        dtype = code.kind.dtype
        stride = CHUNK + self.lanes
        self.code = code
        self.theta, self._once = aligned(code.parameters, dtype), self.new_once()
        self._work = aligned(code.rows * odd(longest, self.lanes), dtype)
        self.flat_gradient = aligned(code.parameters, dtype)
        self.gradient = self.flat_gradient.reshape(-1, 1)
        self.results = aligned(self.rows * stride, dtype).reshape(self.rows, stride)
        known = {
            "theta": self.theta,
            "once": self._once,
            "work": self._work,
            "results": self.results,
            "gradient": self.flat_gradient,
        }
        places = [known[name].ctypes.data if name in known else 0 for name in FRAME]
        places[_STRIDE] = stride
        self.frame = np.array([*places, *[0] * len(code.widths)], np.int64)
        self._address = ctypes.c_void_p(self.frame.ctypes.data)
        self.order: Order | None = None
        self._orders: dict[tuple[tuple[int, ...], ...], Order] = {}  # by the shapes of the arguments

    def new_once(self) -> "Floats":
        """Memory for what is the same for all examples, with the constants in it."""
        once = aligned(self.code.once, self.code.kind.dtype)
        start, numbers = self.code.constants
        once[start : start + len(numbers)] = numbers
        return once

    def shared(self, n: int) -> list[tuple[int, int]]:
        """Parts of so many examples that threads may share, whole tiles; none where there is too little to do.

        They do not depend on the number of threads, and so neither do the results.
        """
        count = min(self.code.work * n // _WORTH, n // self.longest, _PARTS)
        if count < 2:
            return []
        length = -(-n // count // self.longest) * self.longest
        return [(first, min(first + length, n)) for first in range(0, n, length)]

    def frame_for(self, arrays: "Sequence[Floats]", n: int) -> ctypes.c_void_p:
        """The address of a frame for a run over `n` examples, whose numbers are in `arrays`."""
        self.frame[len(FRAME) :] = [array.ctypes.data for array in arrays]
        self.tell(self.frame, step=2, examples=n, divisor=1)
        return self._address

    def frame_in(
        self, arguments: "Sequence[Floats]" = (), theta: "Floats | None" = None, results: "Floats | None" = None
    ) -> "Frame":
        """Another frame, that has the addresses of these arrays in place of the memory's own."""
        frame = self.frame.copy()
        frame[len(FRAME) : len(FRAME) + len(arguments)] = [array.ctypes.data for array in arguments]
        if theta is not None:
            frame[_THETA] = theta.ctypes.data
        if results is not None:
            put_results(frame, results)
        return frame

    def tell(self, frame: "Frame", step: int, examples: int, divisor: float, most: int = 0) -> None:
        """Write numbers into a frame; there may be up to `most` examples.

        With `step` 0 no results are kept, with 1 the outputs, with 2 branches and what is unordered too.
        """
        frame[_STEP], frame[_EXAMPLES] = step, examples
        frame[_DIVISOR : _DIVISOR + 1].view(float)[0] = divisor
        most = max(1, most or examples)
        tile = -(-most // -(-most // self.longest))  # as many in each
        frame[_TILE] = -(-tile // self.lanes) * self.lanes
        frame[_LINE] = odd(tile, self.lanes)

    def show(self, n: int) -> None:
        """Let the attributes be the results of a run over `n` examples."""
        self.outputs = self.results[: self.k, :n]
        rows = [self.results[row : row + 1, :n] for row in range(self.k, self.rows)]
        self.branches, self.unordered = rows[: self.count], rows[self.count :]

    def new_order(self, arguments: Sequence[Any], examples: Sequence[tuple[int, ...]]) -> "Order | None":
        """The order for arguments of these shapes, if their examples have the shapes that they should."""
        if not all(type(x) is np.ndarray for x in arguments):
            return None
        shapes = tuple([array.shape for array in arguments])
        if shapes not in self._orders:
            fits = len(examples) == len(shapes) and all(
                len(shape) > 0 and shape[0] == shapes[0][0] > 0 and shape[1:] == example
                for shape, example in zip(shapes, examples, strict=True)
            )
            if not fits:
                return None
            if len(self._orders) == _ORDERS:
                del self._orders[next(iter(self._orders))]
            self._orders[shapes] = Order(self, shapes)
        self.order = self._orders[shapes]
        return self.order


class Order:
    """A frame for the mean over arguments of the same shapes, and what is known of the arrays that came last."""

    def __init__(self, memory: Memory, shapes: Sequence[tuple[int, ...]]):
        n = shapes[0][0]
        self.frame = memory.frame.copy()
        self.parts = [Part(memory, self.frame, *ends) for ends in memory.shared(n)]
        memory.tell(self.frame, step=0, examples=n, divisor=n)
        self.address = ctypes.c_void_p(self.frame.ctypes.data)
        filled = [shape for shape in shapes if prod(shape)]  # of the others nothing is read
        at = iter(range(len(FRAME), len(FRAME) + len(filled)))
        dtype = memory.theta.dtype
        self._places = [_Place(self.frame, next(at) if prod(shape) else -1, shape, dtype) for shape in shapes]
        self._theta = _Place(self.frame, _THETA, memory.theta.shape, memory.theta.dtype)

    def takes(self, arguments: Sequence[Any], theta: Any) -> bool:
        """Let the frame say where these arrays are; False if they are of other shapes or kinds."""
        if len(arguments) != len(self._places):
            return False
        for argument, place in zip(arguments, self._places):  # noqa: B905 (as many, and this is what a call costs)
            # None may be no argument, but what a place held that is gone.
            known = place.held() is argument and argument is not None and argument.shape == place.shape
            if not known and not place.takes(argument):
                return False
        place = self._theta
        return (place.held() is theta and theta.shape == place.shape) or place.takes(theta)

    def put_gradient(self, gradient: "Floats") -> None:
        """Let the gradient go to this array."""
        self.frame[_GRADIENT] = gradient.ctypes.data


class Part:
    """Some of the examples of an order: a frame of its own, with memory for sums.

    Attributes: `address` of the frame; `first` and `last`, its examples; `sums`, the numbers that are added up.
    """

    def __init__(self, memory: Memory, frame: "Frame", first: int, last: int):
        self._whole = frame
        self.frame = frame.copy()
        self.address = ctypes.c_void_p(self.frame.ctypes.data)
        self.first, self.last = first, last
        self._once = memory.new_once()
        self.sums = self._once[: memory.code.sums]
        self.total = self.frame[_TOTAL : _TOTAL + 1].view(float)

    def begin(self, memory: Memory) -> None:
        """Take over where the whole frame says that theta and the arguments are; work in the memory of this thread."""
        self.frame[:] = self._whole
        self.frame[_WORK], self.frame[_ONCE] = memory.frame[_WORK], self._once.ctypes.data


class _Place:
    """Where the frame says that an argument is.

    An array that is referred to weakly cannot be resized, so it stays where it is as long as it lives.
    """

    def __init__(self, frame: "Frame", at: int, shape: tuple[int, ...], dtype: "np.dtype[Any]"):
        self.shape, self._frame, self._at, self._dtype = shape, frame, at, dtype
        self._copy = aligned(prod(shape), dtype).reshape(shape) if prod(shape) <= _SMALL else None
        self._copied_to = 0 if self._copy is None else self._copy.ctypes.data
        self.held: Callable[[], Any] = _nothing  # the array that is read where it stands
        self._seen: Callable[[], Any] = _nothing  # the one that was copied last

    def takes(self, array: object) -> bool:
        """Read `array` from now on; False if it is of another shape or kind."""
        if type(array) is not np.ndarray or array.shape != self.shape:
            return False
        if array.dtype is not self._dtype and array.dtype != self._dtype:  # one out of a pickle is another object
            return False
        stays = self._copy is None or self._seen() is array
        if stays and array.flags.c_contiguous and array.flags.aligned:
            if self._at >= 0:
                self._frame[self._at] = array.ctypes.data
            self.held = weakref.ref(array)
            return True
        if self._copy is None:
            return False
        np.copyto(self._copy, array)
        if self._at >= 0:
            self._frame[self._at] = self._copied_to
        self.held, self._seen = _nothing, weakref.ref(array)
        return True


def _nothing() -> object:
    """A reference to what is no array and no argument."""
    return _nothing


def put_results(frame: "Frame", results: "Floats") -> None:
    """Let results go to the rows of this array."""
    frame[_RESULTS], frame[_STRIDE] = results.ctypes.data, results.strides[0] // results.itemsize


def aligned(count: int, dtype: "DTypeLike" = float) -> "Floats":
    """So many zeros, beginning where a line of the cache begins, and as many bytes more as a vector has."""
    size = np.dtype(dtype).itemsize
    memory = np.zeros(count * size + 2 * _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + count * size].view(dtype)


def odd(count: int, lanes: int) -> int:
    """The length of a row for so many numbers: an odd number of vectors, so that rows meet in no set of the cache."""
    return (-(-count // lanes) | 1) * lanes


def longest_tile(code: Code) -> int:
    """How many examples are met at a time: as many as keep the work in half of a second-level cache."""
    lanes = code.kind.lanes
    some = _CACHE // (2 * code.kind.size * max(1, code.rows))
    return max(lanes, min(_LONGEST, max(_SHORTEST, some)) // lanes * lanes)
