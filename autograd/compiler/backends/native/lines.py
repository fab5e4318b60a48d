"""Lines of LLVM: the instructions that a native program is made of, spelled out.

A number is a vector with an example in each lane while the loop is written, else a double.
"""

import struct
from typing import Any

from .as_machine_code import BEFORE, LOOP, Number

NAN = "0x7FF8000000000000"
# A product and the sum that it goes into are rounded as one where both may be contracted.
ARITHMETIC = {
    "fadd": "fadd",
    "fsub": "fsub",
    "fmul": "fmul contract",
    "fdiv": "fdiv",
    "fneg": "fneg",
    "plus": "fadd contract",
}
_RELATIONS = {"olt", "ole", "oeq", "une"}
_INTRINSICS = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "maximum": "maximum",
    "minimum": "minimum",
    "multiply and add": "fmuladd",
    "with sign": "copysign",
}
_FRACTION = 52  # bits of a double after those of its exponent
_BIAS = 1023  # what is added to the exponent there


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

    def function(self, head: str, attributes: str = "") -> str:
        """The lines as the definition of a function."""
        body = "\n".join(self.lines)
        return (
            f"define {head} nounwind {attributes}"
            f'"prefer-vector-width"="512" "min-legal-vector-width"="512" {{\n{body}\n}}'
        )


class Instructions(Lines):
    """Recorded arithmetic, spelled out; `names` tells what a number is called."""

    def __init__(self, lanes: int):
        super().__init__(lanes)
        self.names: dict[Number, str] = {}

    def operand(self, x: Any) -> str:
        """What stands for a number in the section that is being written."""
        return self.names[x] if isinstance(x, Number) else self.literal(x)

    def instruction(self, number: Number) -> None:
        self.names[number] = self.arithmetic(number.call, number.operands)

    def arithmetic(self, call: str, operands: tuple[Any, ...]) -> str:
        """The name of the result of one operation."""
        kind = self.kind()
        if call in ARITHMETIC:
            return self.new(f"{ARITHMETIC[call]} {kind} {', '.join(map(self.operand, operands))}")
        if call in _RELATIONS:
            return self.new(f"fcmp {call} {kind} {', '.join(map(self.operand, operands))}")
        if call in _INTRINSICS:
            suffix = f"v{self.lanes}f64" if self.section == LOOP else "f64"
            name = self.declare(kind, f"llvm.{_INTRINSICS[call]}.{suffix}", *[kind] * len(operands))
            return self.call(kind, name, list(map(self.operand, operands)))
        if call == "select":
            condition, *values = operands
            chosen = f"{self.kind(boolean=True)} {self.condition(condition)}"
            return self.new(f"select {', '.join([chosen, *[f'{kind} {self.operand(x)}' for x in values]])}")
        by_bits = {"power of two": self._power_of_two, "exponent": self._exponent}
        return by_bits[call](self.operand(*operands))

    def condition(self, x: Number) -> str:
        """What stands for the result of a comparison."""
        return self.operand(x)

    def _power_of_two(self, n: str) -> str:
        """2**n for a whole number from -1023, for which it is 0, to 1023: only the exponent has bits."""
        biased = self.new(f"fadd {self.vector} {n}, {self.literal(1.5 * 2.0**_FRACTION + _BIAS)}")
        bits = self.new(f"shl {self._whole} {self._bits(biased)}, {self._all(_FRACTION)}")
        return self.new(f"bitcast {self._whole} {bits} to {self.vector}")

    def _exponent(self, x: str) -> str:
        """The whole number n with 2**n <= x < 2**(n + 1), for a normal number above 0."""
        biased = self.new(f"lshr {self._whole} {self._bits(x)}, {self._all(_FRACTION)}")
        bits = self.new(f"or {self._whole} {biased}, {self._bits(self.literal(2.0**_FRACTION))}")
        number = self.new(f"bitcast {self._whole} {bits} to {self.vector}")
        return self.new(f"fsub {self.vector} {number}, {self.literal(2.0**_FRACTION + _BIAS)}")

    @property
    def _whole(self) -> str:
        return f"<{self.lanes} x i64>"

    def _bits(self, x: str) -> str:
        return self.new(f"bitcast {self.vector} {x} to {self._whole}")

    def _all(self, number: int) -> str:
        return f"<{', '.join([f'i64 {number}'] * self.lanes)}>"

    def call(self, kind: str, name: str, arguments: list[str]) -> str:
        return self.new(f"call {kind} @{name}({', '.join(f'{kind} {x}' for x in arguments)})")

    def lane_by_lane(self, name: str, arguments: list[str]) -> str:
        """A function of single numbers, called for each lane."""
        self.declare("double", name, *["double"] * len(arguments))
        vector = "poison"
        for lane in range(self.lanes):
            singles = [self.new(f"extractelement {self.vector} {x}, i64 {lane}") for x in arguments]
            result = self.call("double", name, singles)
            vector = self.new(f"insertelement {self.vector} {vector}, double {result}, i64 {lane}")
        return vector
