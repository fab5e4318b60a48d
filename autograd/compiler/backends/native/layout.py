"""Where arrays are in memory, and the loops over their rows and examples.

In memory an array is rows of neighbouring examples; what is the same for all examples is one number a row.
"""

from collections.abc import Iterator

from ...instructions.array import AFTER, BODY, Array
from ...instructions.lowering import Lowered
from ...instructions.plan import Plan
from ...program.blocks import ONE, Program
from .fusion import fused
from .lines import Kind, Lines, Whole


class Layout:
    """The places of a program's arrays. `t` takes the lines of the function that is being written."""

    t: Lines
    start: str  # the first example of a tile
    count: str  # how many it has
    whole: str  # the same, in whole vectors
    later: str  # whether it is not the first tile

    def __init__(self, program: Program, lowered: Lowered, kind: Kind):
        self.program, self.lowered, self.kind = program, lowered, kind
        self.plan = Plan(lowered, fused)
        self.declared: dict[str, str] = {}
        self.ones: list[int] = []  # rows of work that are 1
        self._lay_out()

    def _lay_out(self) -> None:
        """The first row, or number, of each array that is no view and is not placed in another."""
        low, buffers = self.lowered, self.plan.buffers
        of_buffer: dict[int, int] = {}
        self.rows = 0
        self.ones += [k for k, node in enumerate(self.program.blocks[0].nodes) if node == ONE]
        self.place = {low.inputs: self._rows(low.inputs.rows), low.seed: self._rows(1)}
        for k, buffer in enumerate(buffers):
            if buffer.batch:
                of_buffer[k] = self._rows(buffer.rows + buffer.ones)
                self.ones += [of_buffer[k] + buffer.rows] if buffer.ones else []
        self.once = 0
        summed = {self._home(i.out) for i in self.plan.instructions if i.section == BODY and i.out.section == AFTER}
        singles = [k for k, buffer in enumerate(buffers) if not buffer.batch]
        sums = [k for k in singles if buffers[k] in summed]
        of_buffer |= {k: self._numbers(buffers[k].rows * buffers[k].columns) for k in sums}
        self.sums = self.once
        others = [k for k in singles if k not in of_buffer]
        of_buffer |= {k: self._numbers(buffers[k].rows * buffers[k].columns) for k in others}
        self.place |= {low.constants: self._numbers(low.constants.rows), low.examples: self._numbers(1)}
        self.place |= {array: of_buffer[k] for array, k in self.plan.buffer_of.items()}

    def _home(self, array: Array) -> Array:
        while array in self.plan.placed:
            array = self.plan.placed[array][0]
        return array

    def _rows(self, count: int) -> int:
        self.rows += count
        return self.rows - count

    def _numbers(self, count: int) -> int:
        lanes = self.kind.lanes
        start, self.once = self.once, self.once + -(-count // lanes) * lanes
        return start

    def _offset(self, array: Array) -> tuple[int, int, int]:
        """Where an array begins and its strides from row to row and column to column; of a batch, counted in rows."""
        home, offset, row, column = self.plan.strides(array)
        return self.place.get(home, 0) + offset, row, column  # theta has memory of its own

    def _pointer(self, array: Array) -> tuple[str, int, int]:
        """The address of an array, and its strides."""
        offset, row, column = self._offset(array)
        if array.batch:
            return self.t.row("%work", "%line", offset), row, column
        return self.t.at("%theta" if array.root is self.lowered.theta else "%once", offset), row, column

    def _vectors(self, rows: int, exact: bool = True) -> Iterator[tuple[Whole, str]]:
        """Vectors of the rows of an array with one column: the first row of each, and a mask where not all are rows.

        Where it need not be `exact`, the last vector may go beyond the rows.
        """
        lanes = self.kind.lanes
        whole = rows // lanes * lanes if exact else -(-rows // lanes) * lanes
        if whole:
            with self.t.loop(whole, 0, lanes) as k:
                yield k, ""
        if whole < rows:
            yield whole, self.t.before(0, rows - whole)

    def _tile(self) -> Iterator[tuple[str, str]]:
        """Vectors of the examples of a tile: the first example of each, and a mask where not all are examples."""
        with self.t.loop(self.count, 0, self.kind.lanes) as e:
            yield e, ""
        with self.t.when(self.t.new(f"icmp ne i64 {self.count}, {self.whole}")):
            yield e, self.t.before(e, self.count)

    def _get(self, place: str, mask: str) -> str:
        return self.t.load_masked(place, mask) if mask else self.t.load(place)

    def _set(self, value: str, place: str, mask: str) -> None:
        if mask:
            self.t.store_masked(value, place, mask)
        else:
            self.t.store(value, place)

    def _row(self, x: Array, r: Whole) -> str:
        """The address of row `r`; of an array with one row, of that."""
        place, stride, _ = self._pointer(x)
        if x.rows == 1:
            return place
        return self.t.row(place, "%line" if x.batch else stride, r)

    def _spread(self, place: str) -> str:
        return self.t.splat(self.t.load(place, self.kind.scalar))


def columns(matrix: Array) -> int:
    """How many columns a matrix of weights has, by the way it was taken."""
    rows, columns = matrix.root.rows, matrix.root.columns
    for name, *arguments in matrix.path:
        if name == "part":
            rows = arguments[1] - arguments[0]
        elif name == "shaped":
            rows, columns = arguments
        elif name == "left":
            columns = arguments[0]
        else:
            rows, columns = columns, rows
    return columns
