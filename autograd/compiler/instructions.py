"""Array instructions: the program as a list of NumPy calls on named arrays.

A rule of the table, read with `Array` numbers, does not calculate: it appends the instructions that will. Arrays have
one row a node and one column an example (one column in all where every example has the same number).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..table import Namespace

BEFORE, BODY, AFTER = range(3)  # once a call, for each chunk of the batch, once more at the end


@dataclass(eq=False, slots=True)
class Array:
    """A named array: the result of an instruction, a leaf, or (with `base` and `suffix`) a view of another array."""

    builder: "Builder"
    name: str
    rows: int
    batch: bool
    boolean: bool = False
    section: int = BEFORE
    columns: int = 1  # of a matrix, which is the same for all examples
    base: "Array | None" = None
    suffix: str = ""
    ones: bool = False  # a further row of ones stands below, so that a bias is one more weight
    instruction: "Instruction | None" = None

    def __add__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else self._emit("add", self.real(), _real(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else self._emit("subtract", self.real(), _real(other))

    def __rsub__(self, other: Any) -> Any:
        return -self if _is(other, 0.0) else self._emit("subtract", _real(other), self.real())

    def __mul__(self, other: Any) -> Any:
        if _is(other, 1.0):
            return self
        if _is(other, -1.0):
            return -self
        # A boolean array times a real one is fine as it is; of two booleans NumPy would make a boolean.
        both = self.boolean and (not isinstance(other, Array) or other.boolean)
        return self._emit("multiply", self.real() if both else self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self if _is(other, 1.0) else self._emit("divide", self.real(), _real(other))

    def __rtruediv__(self, other: Any) -> Any:
        return self._emit("divide", _real(other), self.real())

    def __pow__(self, other: Any) -> Any:
        if _is(other, 1.0):
            return self
        if _is(other, 2.0):
            return self._emit("square", self.real())
        return self._emit("power", self.real(), _real(other))

    def __rpow__(self, other: Any) -> Any:
        return self._emit("power", _real(other), self.real())

    def __neg__(self) -> Any:
        return self._emit("negative", self.real())

    def __lt__(self, other: Any) -> Any:
        return self._emit("less", self, other, boolean=True)

    def __le__(self, other: Any) -> Any:
        return self._emit("less_equal", self, other, boolean=True)

    def __gt__(self, other: Any) -> Any:
        return self._emit("less", other, self, boolean=True)

    def __ge__(self, other: Any) -> Any:
        return self._emit("less_equal", other, self, boolean=True)

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on an array with if: write m.where(condition, a, b)")

    def real(self) -> "Array":
        """This array as floats (a comparison gives booleans)."""
        return self._emit("copy", self) if self.boolean else self

    def view(self, suffix: str, rows: int) -> "Array":
        """Part of this array, in another shape perhaps; `suffix` is the Python that takes it."""
        return self.builder.view(self, suffix, rows)

    def rows_from(self, start: int, stop: int) -> "Array":
        return self if (start, stop) == (0, self.rows) else self.view(f"[{start}:{stop}]", stop - start)

    def _emit(self, call: str, *arguments: Any, boolean: bool = False) -> "Array":
        return self.builder.emit(call, *arguments, boolean=boolean)


@dataclass(eq=False, slots=True)
class Instruction:
    """One call of NumPy; `pieces` are what an "assemble" puts together: (start, stop or index, array)."""

    call: str
    arguments: tuple[Any, ...]
    out: Array
    section: int
    pieces: list[tuple[Any, Any]] = field(default_factory=list)


class Builder:
    """Collects instructions; equal ones are kept once."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.names = 0
        self.known: dict[Any, Array] = {}

    def leaf(self, name: str, rows: int, batch: bool, section: int = BEFORE) -> Array:
        return Array(self, name, rows, batch, section=section)

    def view(self, base: Array, suffix: str, rows: int) -> Array:
        root = base if base.base is None else base.base
        key = ("view", root, base.suffix + suffix)
        if key not in self.known:
            made = Array(self, self._name("v"), rows, base.batch, base.boolean, base.section)
            made.base, made.suffix = root, base.suffix + suffix
            self.known[key] = made
        return self.known[key]

    def emit(
        self,
        call: str,
        *arguments: Any,
        rows: int | None = None,
        batch: bool | None = None,
        boolean: bool = False,
        columns: int = 1,
    ) -> Array:
        """Append a call; the shape of the result follows by broadcasting where it is not given."""
        key = (call, rows, *arguments)
        if key in self.known:
            return self.known[key]
        arrays = [a for a in arguments if isinstance(a, Array)]
        rows = max((a.rows for a in arrays), default=1) if rows is None else rows
        batch = any(a.batch for a in arrays) if batch is None else batch
        out = Array(
            self, self._name("a"), rows, batch, boolean, max((a.section for a in arrays), default=BEFORE), columns
        )
        out.instruction = Instruction(call, arguments, out, out.section)
        self.instructions.append(out.instruction)
        self.known[key] = out
        return out

    def assemble(
        self, pieces: list[tuple[Any, Any]], rows: int, batch: bool, name: str = "", section: int = BEFORE
    ) -> Array:
        """An array made of pieces: (slice or list of rows, array or number); pieces that overlap are added."""
        section = max(section, *(array.section for _, array in pieces if isinstance(array, Array)), 0)
        out = Array(self, name or self._name("a"), rows, batch, section=section)
        out.instruction = Instruction("assemble", (), out, section, pieces)
        self.instructions.append(out.instruction)
        return out

    def _name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"


def _is(x: Any, number: float) -> bool:
    return isinstance(x, (int, float)) and x == number


def _real(x: Any) -> Any:
    return x.real() if isinstance(x, Array) else x


def _function(call: str, *arguments: Any) -> Any:
    arrays = [a for a in arguments if isinstance(a, Array)]
    if not arrays:  # numbers alone: NumPy calculates now
        import numpy as np

        return float(getattr(np, call)(*arguments))
    return arrays[0].builder.emit(call, *map(_real, arguments))


def _where(condition: Any, a: Any, b: Any) -> Any:
    if not isinstance(condition, Array):
        return a if condition else b
    if not condition.boolean:
        condition = condition.builder.emit("not_equal", condition, 0.0, boolean=True)
    if _is(a, 1.0) and _is(b, 0.0):
        return condition
    made = condition.instruction
    if made is not None and made.call == "less":  # max and min in one call
        x, y = made.arguments
        if _same(a, y) and _same(b, x):
            return _function("maximum", x, y)
        if _same(a, x) and _same(b, y):
            return _function("minimum", x, y)
    return condition.builder.emit("where", condition, _real(a), _real(b))


def _same(x: Any, y: Any) -> bool:
    return x is y or (isinstance(x, float) and isinstance(y, float) and x == y)


def _sum_rows(x: Any) -> Any:
    return x if x.rows == 1 else x.builder.emit("sum_rows", x.real(), rows=1)


def _sum(terms: Iterable[Any], *rest: Any) -> Any:
    total = None
    for term in terms:
        summed = _sum_rows(term)
        total = summed if total is None else total + summed
    for term in rest:
        total = total + term
    return total


def _largest(xs: Iterable[Any]) -> Any:
    (x,) = xs
    return x if x.rows == 1 else x.builder.emit("largest_row", x.real(), rows=1)


def _take(index: Any, xs: Iterable[Any]) -> Any:
    (x,) = xs
    return x.builder.emit("take", x.real(), index, rows=1)


def _positions(xs: Iterable[Any]) -> list[Any]:
    (x,) = xs
    return [x.builder.emit("positions", rows=x.rows, batch=False)]


def _count(xs: Iterable[Any]) -> int:
    return sum(x.rows for x in xs)


_UFUNCS = "exp expm1 log log1p sqrt sin cos tan sinh cosh tanh arcsin arccos arctan erf erfc"


def _read(m: Namespace, row: Any) -> Callable[..., Any]:
    return partial(row.value, m)


# Rules read with arrays; the operands of a variadic rule are one array with a row for each, over which it sums.
NUMBERS = Namespace(
    _read,
    abs=partial(_function, "absolute"),
    **{name: partial(_function, name) for name in _UFUNCS.split()},  # noqa: SIM905 (reads better than 16 strings)
    where=_where,
    sum=_sum,
    largest=_largest,
    take=_take,
    positions=_positions,
    count=_count,
)
