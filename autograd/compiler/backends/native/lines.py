"""Lines of LLVM: the text of one function, written instruction by instruction.

An instruction with a result gets a name; a loop is a ``with`` block. Numbers lie in memory as rows, and in registers as
vectors of a few neighbours.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import count
from typing import NamedTuple

NAN = float("nan")

Whole = int | str  # a whole number: known now, or the name of where it will be


class Kind(NamedTuple):
    """The numbers of a program: their type, and how many a vector has."""

    scalar: str = "double"
    lanes: int = 4

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return 8 if self.scalar == "double" else 4

    @property
    def vector(self) -> str:
        return f"<{self.lanes} x {self.scalar}>"

    @property
    def mask(self) -> str:
        """The type of a comparison of two vectors."""
        return f"<{self.lanes} x i1>"

    @property
    def suffix(self) -> str:
        """The end of the name of an intrinsic function of a vector."""
        return f"v{self.lanes}f{8 * self.size}"

    @property
    def dtype(self) -> str:
        """The type of an array of such numbers in NumPy."""
        return f"f{self.size}"


class Lines:
    """The text of a function.

    Arguments:
        declared: declarations that the module needs, by name; functions of one module share them.
    """

    def __init__(self, kind: Kind, declared: dict[str, str]):
        self.kind, self.declared = kind, declared
        self.lines: list[str] = []
        self._slots: list[str] = []
        self._block = "entry"
        self._names = count(1)

    def with_kind(self, kind: Kind) -> "Lines":
        """The same lines, to write instructions for numbers of another kind."""
        other = copy(self)
        other.kind = kind
        return other

    # Instructions

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def new(self, text: str) -> str:
        """An instruction with a result; returns its name."""
        name = self._name("v")
        self.line(f"{name} = {text}")
        return name

    def _name(self, letter: str) -> str:
        return f"%{letter}{next(self._names)}"

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self._block = name

    def slot(self, type_: str) -> str:
        """A variable; it becomes a register."""
        name = self._name("s")
        self._slots.append(f"  {name} = alloca {type_}, align 64")
        return name

    def at(self, base: str, *offsets: Whole) -> str:
        """The address of the number so many numbers after `base`."""
        for offset in offsets:
            if offset not in (0, "0"):
                base = self.new(f"getelementptr {self.kind.scalar}, ptr {base}, i64 {offset}")
        return base

    def times(self, x: Whole, y: Whole) -> Whole:
        """The product of two whole numbers, of which one or both may be known now."""
        if isinstance(x, int) and isinstance(y, int):
            return x * y
        if 0 in (x, y):
            return 0
        return y if x == 1 else x if y == 1 else self.new(f"mul i64 {x}, {y}")

    def row(self, base: str, stride: Whole, index: Whole) -> str:
        """The address of a row."""
        return self.at(base, self.times(stride, index))

    def load(self, place: str, type_: str = "") -> str:
        return self.new(f"load {type_ or self.kind.vector}, ptr {place}, align {self.kind.size}")

    def store(self, value: str, place: str, type_: str = "") -> None:
        self.line(f"store {type_ or self.kind.vector} {value}, ptr {place}, align {self.kind.size}")

    def load_masked(self, place: str, mask: str) -> str:
        """A vector of which lanes outside the mask are not read, and are 0."""
        vector, bits = self.kind.vector, self.kind.mask
        name = self.declare(vector, f"llvm.masked.load.{self.kind.suffix}.p0", "ptr", "i32", bits, vector)
        return self.new(
            f"call {vector} @{name}(ptr {place}, i32 {self.kind.size}, {bits} {mask}, {vector} zeroinitializer)"
        )

    def store_masked(self, value: str, place: str, mask: str) -> None:
        """Store the lanes of the mask."""
        vector, bits = self.kind.vector, self.kind.mask
        name = self.declare("void", f"llvm.masked.store.{self.kind.suffix}.p0", vector, "ptr", "i32", bits)
        self.line(f"call void @{name}({vector} {value}, ptr {place}, i32 {self.kind.size}, {bits} {mask})")

    def before(self, index: Whole, stop: Whole) -> str:
        """The mask of the lanes that stand before `stop`, the first lane standing at `index`."""
        lanes = self.kind.lanes
        name = f"llvm.get.active.lane.mask.v{lanes}i1.i64"
        self.declare(self.kind.mask, name, "i64", "i64")
        return self.new(f"call {self.kind.mask} @{name}(i64 {index}, i64 {stop})")

    def select(self, mask: str, a: str, b: str) -> str:
        return self.new(f"select {self.kind.mask} {mask}, {self.kind.vector} {a}, {self.kind.vector} {b}")

    def arithmetic(self, name: str, *operands: str) -> str:
        """``fadd`` and its like, of vectors."""
        return self.new(f"{name} {self.kind.vector} {', '.join(operands)}")

    def intrinsic(self, name: str, *operands: str) -> str:
        """A function that LLVM knows, of vectors."""
        vector = self.kind.vector
        full = self.declare(vector, f"llvm.{name}.{self.kind.suffix}", *[vector] * len(operands))
        return self.call(full, *operands)

    def call(self, name: str, *operands: str) -> str:
        """A function of vectors that is declared or defined."""
        vector = self.kind.vector
        return self.new(f"call {vector} @{name}({', '.join(f'{vector} {x}' for x in operands)})")

    def declare(self, result: str, name: str, *arguments: str) -> str:
        self.declared.setdefault(name, f"declare {result} @{name}({', '.join(arguments)})")
        return name

    # Vectors

    def splat(self, number: str, type_: str = "") -> str:
        """A number in every lane."""
        type_ = type_ or self.kind.scalar
        vector = f"<{self.kind.lanes} x {type_}>"
        first = self.new(f"insertelement {vector} poison, {type_} {number}, i64 0")
        return self.shuffle(first, "poison", vector, [0] * self.kind.lanes)

    def shuffle(self, a: str, b: str, type_: str, lanes: Sequence[int]) -> str:
        chosen = ", ".join(f"i32 {k}" for k in lanes)
        return self.new(f"shufflevector {type_} {a}, {type_} {b}, <{len(lanes)} x i32> <{chosen}>")

    def literal(self, x: float) -> str:
        """A vector of a number that is known now."""
        return f"<{', '.join([f'{self.kind.scalar} {self.number(x)}'] * self.kind.lanes)}>"

    def number(self, x: float) -> str:
        """A number that is known now."""
        if x != x:
            return "0x7FF8000000000000"
        if self.kind.size == 4:
            x = _rounded(x)
        return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"

    def sum_of_lanes(self, vector: str, type_: str = "") -> str:
        """The sum of the lanes of a vector, in any order."""
        scalar = type_ or self.kind.scalar
        lanes, bits = self.kind.lanes, 64 if scalar == "double" else 32
        wide = f"<{lanes} x {scalar}>"
        name = self.declare(scalar, f"llvm.vector.reduce.fadd.v{lanes}f{bits}", scalar, wide)
        return self.new(f"call reassoc {scalar} @{name}({scalar} 0.0, {wide} {vector})")

    # Loops

    @contextmanager
    def loop(self, stop: Whole, start: Whole = 0, step: Whole = 1) -> Iterator[str]:
        """The whole steps from `start` to `stop`; afterwards the index is where the rest begins."""
        number, before = self._name("i"), self._block
        label = number[1:]
        hole = len(self.lines) + 2
        self.line(f"br label %head.{label}")
        self.label(f"head.{label}")
        self.lines.append("")
        following = self.new(f"add i64 {number}, {step}")
        more = self.new(f"icmp sle i64 {following}, {stop}")
        self.line(f"br i1 {more}, label %body.{label}, label %end.{label}")
        self.label(f"body.{label}")
        yield number
        self.lines[hole] = f"  {number} = phi i64 [{start}, %{before}], [{following}, %{self._block}]"
        self.line(f"br label %head.{label}")
        self.label(f"end.{label}")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """What is done only if a condition (an i1) holds."""
        label = self._name("c")[1:]
        self.line(f"br i1 {condition}, label %then.{label}, label %after.{label}")
        self.label(f"then.{label}")
        yield
        self.line(f"br label %after.{label}")
        self.label(f"after.{label}")

    def pieces(self, stop: Whole, sizes: Sequence[int], unit: int = 1) -> Iterator[tuple[int, str]]:
        """A loop over pieces of the first size, then one over pieces of the next for what is left: (size, index).

        Four that are left of pieces of 3 become 2 and 2, which are done sooner than 3 and 1.
        """
        start: Whole = 0
        for size in sizes:
            end = stop
            if size == 3 and 2 in sizes:
                one_left = self.new(f"icmp eq i64 {self.new(f'urem i64 {stop}, {3 * unit}')}, {unit}")
                less = self.new(f"sub i64 {stop}, {4 * unit}")
                end = self.new(f"select i1 {one_left}, i64 {less}, i64 {stop}")
            with self.loop(end, start, size * unit) as index:
                yield size, index
            start = index

    def function(self, head: str, result: str = "void", attributes: str = "") -> str:
        """The lines as the definition of a function; `result` is what it returns, with its type."""
        wide = max(256, 8 * self.kind.lanes * self.kind.size)
        attributes += f'nounwind "prefer-vector-width"="{wide}" "min-legal-vector-width"="{wide}"'
        return "\n".join(
            [f"define {head} {attributes} {{", "entry:", *self._slots, *self.lines, f"  ret {result}", "}"]
        )


def _rounded(x: float) -> float:
    """The nearest number of four bytes, infinite where `x` is beyond them."""
    import numpy as np

    with np.errstate(over="ignore"):
        return float(np.float32(x))
