"""Array instructions: the program as a list of operations on arrays that will be filled later.

A rule of the table, read with `Array` numbers, does not calculate: it appends the instructions that will. Every back
end runs this list; what NumPy makes of it is the reference. Arrays have
one row a node and one column an example (one column in all where every example has the same number).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import copysign
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Look = tuple[Any, ...]  # a step of a view: a name and whole numbers, for `look`
BEFORE, BODY, AFTER = range(3)  # once a call; for each part of the batch; once a call, when sums over it are known


@dataclass(eq=False, slots=True, repr=False)
class Array:
    """The result of an instruction, a leaf, or (with `base` and `path`) a view of another array."""

    __array_ufunc__ = None  # so that a NumPy number on the left leaves the arithmetic to this class

    builder: "Builder"
    rows: int
    batch: bool
    boolean: bool = False
    section: int = BEFORE
    columns: int = 1  # of a matrix, which is the same for all examples
    base: "Array | None" = None
    path: tuple[Look, ...] = ()  # how the view is taken: names and arguments for `look`
    ones: bool = False  # a further row of ones stands below, so that a bias is one more weight
    instruction: "Instruction | None" = None

    def __add__(self, other: "Array | float") -> "Array":
        return self if is_negative_zero(other) else self._emit("add", self.real(), real(other))

    __radd__ = __add__

    def __sub__(self, other: "Array | float") -> "Array":
        same = is_number(other, 0.0) and not is_negative_zero(other)
        return self if same else self._emit("subtract", self.real(), real(other))

    def __rsub__(self, other: "Array | float") -> "Array":
        return -self if is_negative_zero(other) else self._emit("subtract", real(other), self.real())

    def __mul__(self, other: "Array | float") -> "Array":
        if is_number(other, 1.0):
            return self
        if is_number(other, -1.0):
            return -self
        # A boolean array times a real one is fine as it is; of two booleans NumPy would make a boolean.
        both = self.boolean and (not isinstance(other, Array) or other.boolean)
        return self._emit("multiply", self.real() if both else self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: "Array | float") -> "Array":
        return self if is_number(other, 1.0) else self._emit("divide", self.real(), real(other))

    def __rtruediv__(self, other: "Array | float") -> "Array":
        return self._emit("divide", real(other), self.real())

    def __pow__(self, other: "Array | float") -> "Array":
        if is_number(other, 1.0):
            return self
        if is_number(other, 2.0):
            return self._emit("square", self.real())
        return self._emit("power", self.real(), real(other))

    def __rpow__(self, other: "Array | float") -> "Array":
        return self._emit("power", real(other), self.real())

    def __neg__(self) -> "Array":
        return self._emit("negative", self.real())

    def __lt__(self, other: "Array | float") -> "Array":
        return self._emit("less", self, other, boolean=True)

    def __le__(self, other: "Array | float") -> "Array":
        return self._emit("less_equal", self, other, boolean=True)

    def __gt__(self, other: "Array | float") -> "Array":
        return self._emit("less", other, self, boolean=True)

    def __ge__(self, other: "Array | float") -> "Array":
        return self._emit("less_equal", other, self, boolean=True)

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on an array with if: write m.where(condition, a, b)")

    def real(self) -> "Array":
        """This array as floats (a comparison gives booleans)."""
        return self._emit("real", self) if self.boolean else self

    @property
    def root(self) -> "Array":
        """The array that this one is, or is a view of."""
        return self if self.base is None else self.base

    def view(self, rows: int, *step: str | int) -> "Array":
        """Part of this array, in another shape perhaps; `step` is what `look` does."""
        return self.builder.view(self, rows, step)

    def part(self, start: int, stop: int) -> "Array":
        """Some of the rows."""
        return self if (start, stop) == (0, self.rows) else self.view(stop - start, "part", start, stop)

    def _emit(self, call: str, *arguments: "Array | float", boolean: bool = False) -> "Array":
        return self.builder.emit(call, *arguments, boolean=boolean)


def look(array: "NDArray[Any]", name: str, *arguments: int) -> "NDArray[Any]":
    """One step of a view, taken of a NumPy array."""
    if name == "part":
        return array[slice(*arguments)]
    if name == "left":
        return array[:, : arguments[0]]
    return array.T if name == "transposed" else array.reshape(arguments)


@dataclass(eq=False, slots=True)
class Instruction:
    """One call, or the assembling of an array from pieces; `reads` are the arrays (no views) whose numbers it takes.

    A sum over the examples runs in the section BODY; its result is complete in the section AFTER.
    """

    call: str
    arguments: tuple[Any, ...]  # arrays, numbers, and the rows that `take_rows` takes, a tuple
    out: Array
    section: int
    pieces: "list[Piece]" = field(default_factory=list)
    reads: list[Array] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Piece:
    """What goes into some rows of an assembled array: if it is the first, in place of what is there, else added."""

    rows: "slice | list[int]"
    number: Array | float
    first: bool = True
    unique: bool = True  # no row stands twice

    @property
    def listed(self) -> Sequence[int]:
        return range(self.rows.start, self.rows.stop) if isinstance(self.rows, slice) else self.rows


class Builder:
    """Collects instructions; equal ones are kept once. `nothing` is what a sum is in which there is nothing, 0."""

    def __init__(self, nothing: float = 0.0) -> None:
        self.nothing = nothing
        self.instructions: list[Instruction] = []
        self.known: dict[object, Array] = {}

    def leaf(self, rows: int, batch: bool, section: int = BEFORE) -> Array:
        return Array(self, rows, batch, section=section)

    def view(self, array: Array, rows: int, step: Look) -> Array:
        path = (*array.path, step)
        key = (array.root, path)
        if key not in self.known:
            self.known[key] = Array(self, rows, array.batch, array.boolean, array.section, base=array.root, path=path)
        return self.known[key]

    def emit(
        self,
        call: str,
        *arguments: Array | float | tuple[int, ...],
        rows: int | None = None,
        batch: bool | None = None,
        boolean: bool = False,
        columns: int = 1,
    ) -> Array:
        """Append a call; the shape of the result follows by broadcasting where it is not given."""
        key = (call, rows, *(repr(a) if isinstance(a, float) else a for a in arguments))  # -0.0 is not 0.0
        if key in self.known:
            return self.known[key]
        arrays = [a for a in arguments if isinstance(a, Array)]
        rows = max((a.rows for a in arrays), default=1) if rows is None else rows
        batch = any(a.batch for a in arrays) if batch is None else batch
        out = self._append(call, arguments, [], Array(self, rows, batch, boolean, columns=columns))
        self.known[key] = out
        return out

    def assemble(
        self, contributions: "Iterable[tuple[slice | list[int], Array | float]]", rows: int, batch: bool
    ) -> Array:
        """An array of (slice or list of rows, array or number); those that meet are added, the other rows are 0."""
        touched: set[int] = set()
        covered = 0  # rows that a piece was first on
        pieces = []
        for where, number in contributions:
            piece = Piece(where, number.real() if isinstance(number, Array) else number)
            piece.unique = len(set(piece.listed)) == len(piece.listed)
            piece.first = piece.unique and touched.isdisjoint(piece.listed)
            covered += len(piece.listed) if piece.first else 0
            touched.update(piece.listed)
            pieces.append(piece)
        if covered < rows:
            pieces.insert(0, Piece(slice(0, rows), self.nothing))
        return self._append("assemble", (), pieces, Array(self, rows, batch))

    def _append(self, call: str, arguments: tuple[Any, ...], pieces: list[Piece], out: Array) -> Array:
        reads = [x for x in (*arguments, *[piece.number for piece in pieces]) if isinstance(x, Array)]
        over_examples = any(x.batch for x in reads) and not out.batch  # a sum over the examples
        out.section = BODY if out.batch else AFTER if over_examples else max((x.section for x in reads), default=BEFORE)
        section = BODY if over_examples else out.section
        out.instruction = Instruction(call, arguments, out, section, pieces, [x.root for x in reads])
        self.instructions.append(out.instruction)
        return out


def is_number(x: object, number: float) -> bool:
    """Whether `x` is a plain number, this one."""
    return isinstance(x, (int, float)) and x == number


def is_negative_zero(x: Any) -> bool:
    """Whether `x` is -0.0, which added to any number leaves it as it is; 0.0 makes 0.0 of -0.0."""
    return is_number(x, 0.0) and copysign(1.0, x) < 0.0


def real(x: Array | float) -> Array | float:
    """`x`, as floats where it is an array of booleans."""
    return x.real() if isinstance(x, Array) else x
