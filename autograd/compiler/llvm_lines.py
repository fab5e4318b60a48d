"""Lines of LLVM: the instructions that a native program is made of, spelled out.

A number is a vector with an example in each lane while the loop is written, else a double.
"""

import struct
from typing import Any

from .llvm_numbers import BEFORE, LOOP

NAN = "0x7FF8000000000000"


class Lines:
    """The text of a function, line by line, and what it declares.

    Attributes: `section` is what is being written, `block` the label above it, which has its first line at `begun`.
    """

    def __init__(self, lanes: int):
        self.lanes, self.vector = lanes, f"<{lanes} x double>"
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.section = BEFORE
        self.block, self.begun = "", 0
        self._count = 0

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.block, self.begun = name, len(self.lines)

    def new(self, text: str) -> str:
        """An instruction with a result; returns the name of that."""
        self._count += 1
        name = f"%v{self._count}"
        self.line(f"{name} = {text}")
        return name

    def at(self, base: str, index: Any, unit: str = "double") -> str:
        return self.new(f"getelementptr {unit}, ptr {base}, i64 {index}")

    def load(self, kind: str, base: str, index: Any, unit: str = "double") -> str:
        place = base if index == 0 else self.at(base, index, unit)
        return self.new(f"load {kind}, ptr {place}, align 8")

    def store(self, kind: str, value: str, base: str, index: Any, unit: str = "double") -> None:
        place = base if index == 0 else self.at(base, index, unit)
        self.line(f"store {kind} {value}, ptr {place}, align 8")

    def declare(self, result: str, name: str, *arguments: str) -> str:
        # What is declared to touch no memory leaves loads and stores beside it free to move.
        pure = "" if name.startswith("llvm.") else " memory(none) nounwind willreturn"
        self.declared[name] = f"declare {result} @{name}({', '.join(arguments)}){pure}"
        return name

    def kind(self, boolean: bool = False) -> str:
        single = "i1" if boolean else "double"
        return f"<{self.lanes} x {single}>" if self.section == LOOP else single

    def splat(self, single: str, value: str) -> str:
        kind = f"<{self.lanes} x {single}>"
        first = self.new(f"insertelement {kind} poison, {single} {value}, i64 0")
        return self.new(f"shufflevector {kind} {first}, {kind} poison, <{self.lanes} x i32> zeroinitializer")

    def shuffle(self, length: int, x: str, y: str, places: list[int]) -> str:
        kind = f"<{length} x double>"
        mask = f"<{len(places)} x i32> <{', '.join(f'i32 {k}' for k in places)}>"
        return self.new(f"shufflevector {kind} {x}, {kind} {y}, {mask}")

    def literal(self, x: float) -> str:
        single = NAN if x != x else f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"
        if self.section != LOOP:
            return single
        return f"<{', '.join([f'double {single}'] * self.lanes)}>"
