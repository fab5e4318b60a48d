"""The NumPy back end: instructions become calls of NumPy on buffers that are kept from batch to batch.

For each batch size, a workspace holds every array and the list of calls that fill them; buffers whose numbers are no
longer needed are used again, and what is to stand in a part of a larger array is calculated there.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...rules.arrays import ARRAYS
from ..instructions.array import BEFORE, Array, Instruction, Piece, look
from ..instructions.lowering import lower
from ..instructions.plan import Plan
from ..program.blocks import Program
from .runner import USUAL, MachineCode, Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..arguments import Floats

    Numbers = NDArray[Any]  # floats, or booleans where they are the results of a comparison
    Operand = Numbers | float

_CHUNK_BYTES = 1 << 22  # of numbers in work at a time: a few megabytes stay in the cache
_FEWEST = 64  # examples in a chunk, however large the program: fewer would not pay for the calls
_WORKSPACES = 4  # batch sizes that a thread remembers

Call = tuple[Callable[..., object], tuple[object, ...]]


class NumpyRunner:
    """One program over a chunk of a batch; every thread has workspaces of its own.

    Arguments:
        with_gradient: whether to calculate the gradient of the first output by the parameters too.
        options: see `Options`; NumPy itself uses as many threads as it is set to.

    Attributes: `chunk` is the largest number of examples at a time that stay in the cache.
    """

    machine: MachineCode | None = None

    def __init__(self, program: Program, with_gradient: bool, options: Options = USUAL):
        self.arguments = program.arguments
        self.constants = np.array([program.nodes[k].number for k in program.blocks[2].nodes], options.dtype).reshape(
            -1, 1
        )
        self.lowered = lower(program, with_gradient, careful=options.careful)
        self.plan = Plan(self.lowered)
        self.chunk = max(_FEWEST, _CHUNK_BYTES // self.plan.bytes_per_example)
        self._dtype = options.dtype
        self._local = threading.local()

    def run(self, theta: "Floats", data: "Sequence[Floats]", n: int) -> "Workspace":
        """Calculate for `n` examples.

        Arguments:
            theta: the parameters, of shape (p, 1), the same object for all chunks of a call and for no other call.
            data: an array of shape (n, numbers of an example) for each argument, and for the random numbers if any.

        Returns the workspace with the results, which the next call in this thread overwrites.
        """
        space = self._workspace(n)
        for rows, array in zip(self.arguments, data, strict=False):
            np.copyto(space.inputs[rows], array.T)
        if space.source is not theta:  # else this is a further chunk of the same call
            space.source = theta
            np.copyto(space.theta, theta)
            for call, arguments in space.before:
                call(*arguments)
        for call, arguments in space.body:
            call(*arguments)
        return space

    def short_way(self, examples: Sequence[tuple[int, ...]]) -> None:
        """There is none: a call of NumPy takes longer than what would be saved."""

    def epochs(self, square: object, rule: object, **places: object) -> None:
        """There are none."""

    def _workspace(self, n: int) -> "Workspace":
        spaces: dict[int, Workspace] = self._local.__dict__.setdefault("spaces", {})
        space = spaces.pop(n, None)
        if space is None:
            space = Workspace(self.plan, self.constants, n, self._dtype)
            if len(spaces) == _WORKSPACES:
                del spaces[next(iter(spaces))]
        spaces[n] = space  # the one used last stands last
        return space


class Workspace:
    """The arrays for one batch size and the calls that fill them."""

    gradient: "Floats"  # where it was asked for

    def __init__(self, plan: Plan, constants: "Floats", n: int, dtype: str):
        low = plan.lowered
        self._plan = plan
        self._n, self._dtype = n, dtype
        self._buffers = [self._empty(array) for array in plan.buffers]
        self.inputs = np.ones((n, low.inputs.rows), dtype).T  # an example's numbers side by side: quick to fill
        self.theta = np.empty((low.theta.rows, 1), dtype)
        self._found: dict[Array, Numbers] = {
            low.inputs: self.inputs,
            low.theta: self.theta,
            low.constants: constants,
            low.examples: np.full((1, 1), n, dtype),
        }
        self.source: Floats | None = None  # the array of parameters that was used last
        self.before: list[Call] = []
        self.body: list[Call] = []
        for instruction in plan.instructions:
            calls = self.before if instruction.section == BEFORE else self.body
            calls += self._calls(instruction)
        self.outputs = self._array(low.outputs)
        self.branches = [self._array(branch) for branch in low.branches]
        self.unordered = [self._array(array) for array in low.unordered]
        if low.gradient is not None:
            self.gradient = self._array(low.gradient)
        del self._plan, self._buffers, self._found  # the calls hold what they need

    def _empty(self, array: Array) -> "Numbers":
        buffer = np.empty(
            (array.rows + array.ones, self._n if array.batch else array.columns), bool if array.boolean else self._dtype
        )
        if array.ones:
            buffer[array.rows :] = 1.0
        return buffer

    def _array(self, array: Array) -> "Numbers":
        """The NumPy array of `array`."""
        if array not in self._found:
            self._found[array] = self._find(array)
        return self._found[array]

    def _find(self, array: Array) -> "Numbers":
        if array.base is not None:
            # Only who asks for rows by number may mean the row of ones too.
            made = self._whole(array.base) if array.path[0][0] == "part" else self._array(array.base)
            for step in array.path:
                made = look(made, *step)
            return made
        if array in self._plan.placed:
            target, piece = self._plan.placed[array]
            return self._array(target)[piece.rows].reshape(array.rows, -1)
        return self._whole(array)[: array.rows]

    def _whole(self, array: Array) -> "Numbers":
        """The array with its row of ones, if it has one."""
        buffer = self._plan.buffer_of.get(array)
        return self._array(array) if buffer is None else self._buffers[buffer]

    def _calls(self, instruction: Instruction) -> Iterable[Call]:
        out = self._array(instruction.out)
        if instruction.call == "assemble":
            return [call for piece in instruction.pieces for call in self._assemble(piece, out)]
        arguments = [self._argument(a) for a in instruction.arguments]
        if instruction.call == "where":
            condition, a, b = arguments
            return [(np.copyto, (out, b)), (np.copyto, (out, a, "same_kind", condition))]
        return [(_CALLS[instruction.call], (*arguments, out))]

    def _argument(self, x: Array | float | tuple[int, ...]) -> "Operand":
        if isinstance(x, Array):
            return self._array(x)
        return np.array(x, np.intp) if isinstance(x, tuple) else float(x)  # no NumPy number, which has a type

    def _assemble(self, piece: Piece, out: "Numbers") -> list[Call]:
        number: Operand
        if isinstance(piece.number, Array):
            if piece.number.root in self._plan.placed:
                return []
            number = self._array(piece.number)
        else:
            number = piece.number
        if isinstance(piece.rows, slice):
            part = out[piece.rows]
            return [(np.copyto, (part, number))] if piece.first else [(np.add, (part, number, part))]
        index = np.array(piece.rows, np.intp)
        if piece.first:
            return [(_put, (out, index, number))]
        return [(_add_to if piece.unique else np.add.at, (out, index, number))]


def _put(out: "Numbers", index: "NDArray[np.intp]", x: "Operand") -> None:
    out[index] = x


def _add_to(out: "Numbers", index: "NDArray[np.intp]", x: "Operand") -> None:
    out[index] += x


def _maximum(x: "Operand", y: "Operand", out: "Numbers") -> None:
    np.maximum(x, y, out=out)  # these two take it by its name only


def _minimum(x: "Operand", y: "Operand", out: "Numbers") -> None:
    np.minimum(x, y, out=out)


def _real(x: "Numbers", out: "Numbers") -> None:
    np.copyto(out, x)


def _sum_rows(x: "Numbers", out: "Numbers") -> None:
    np.add.reduce(x, 0, None, out, keepdims=True)


def _sum_examples(x: "Numbers", out: "Numbers") -> None:
    np.add.reduce(x, 1, None, out, keepdims=True)


def _largest_row(x: "Numbers", out: "Numbers") -> None:
    np.maximum.reduce(x, 0, None, out, keepdims=True)


def _product_of_rows(x: "Numbers", out: "Numbers") -> None:
    np.multiply.reduce(x, 0, None, out, keepdims=True)


def _products_of_other_rows(x: "Numbers", out: "Numbers") -> None:
    before, after = np.ones_like(x), np.ones_like(x)
    np.multiply.accumulate(x[:-1], 0, None, before[1:])
    np.multiply.accumulate(x[:0:-1], 0, None, after[-2::-1])
    np.multiply(before, after, out)


def _take_rows(x: "Numbers", rows: "NDArray[np.intp]", out: "Numbers") -> None:
    np.take(x, rows, 0, out, "clip")


def _take(x: "Numbers", index: "Numbers", out: "Numbers") -> None:
    """The row of `x` that `index` says in each column; NaN where there is no such row."""
    rows = np.where((index >= 0) & (index < len(x)), index, 0.0).astype(np.intp)
    taken = np.take_along_axis(np.broadcast_to(x, (len(x), out.shape[1])), np.broadcast_to(rows, out.shape), 0)
    np.copyto(out, np.where(rows == index, taken, np.nan))


def _positions(out: "Numbers") -> None:
    out[:, 0] = np.arange(len(out))


def _elementwise(name: str) -> "Callable[[Numbers, Numbers], None]":
    function = getattr(ARRAYS, name)

    def apply(x: "Numbers", out: "Numbers") -> None:
        np.copyto(out, function(x))

    return apply


_UFUNCS = (
    "add subtract multiply divide square power negative less less_equal not_equal abs matmul "
    "exp expm1 log log1p log2 log10 sqrt cbrt sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh "
    "arctan2 hypot"
)
_CALLS: dict[str, Callable[..., object]] = {name: getattr(np, name) for name in _UFUNCS.split()} | {
    "erf": _elementwise("erf"),
    "erfc": _elementwise("erfc"),
    "largest_row": _largest_row,
    "maximum": _maximum,
    "minimum": _minimum,
    "positions": _positions,
    "product_of_rows": _product_of_rows,
    "products_of_other_rows": _products_of_other_rows,
    "real": _real,
    "sum_examples": _sum_examples,
    "sum_rows": _sum_rows,
    "take": _take,
    "take_rows": _take_rows,
}
