"""Vectors of numbers in registers: arithmetic on them writes the instruction that will do it.

What the processor does not have itself is a function of the C library, for a vector at a time where there is one, else
a formula (module `functions`), else for one lane after the other.
"""

from collections.abc import Callable
from math import inf
from typing import overload

from .lines import NAN, Lines

# What a function of the table is called in the C library.
_SAME = "exp expm1 log log1p log2 log10 cbrt hypot sin cos tan sinh cosh tanh erf erfc"
C_NAMES = dict(zip(_SAME.split(), _SAME.split(), strict=True)) | {
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "power": "pow",
}
_LARGEST_POWER = 4  # of those that are multiplied out, which rounds each time
_FRACTION = 52  # bits of a double after those of its exponent
_BIAS = 1023  # what is added to the exponent there


class Number:
    """A vector of numbers, or of the results of a comparison."""

    __slots__ = ("boolean", "lines", "name")
    __array_ufunc__ = None  # so that a NumPy number on the left leaves the arithmetic to this class

    def __init__(self, lines: Lines, name: str, boolean: bool = False):
        self.lines, self.name, self.boolean = lines, name, boolean

    def real(self) -> "Number":
        """This number, 1 or 0 where it is the result of a comparison."""
        if not self.boolean:
            return self
        one, zero = self.lines.literal(1.0), self.lines.literal(0.0)
        return Number(self.lines, self.lines.select(self.name, one, zero))

    def condition(self) -> "Number":
        """Whether this number is not 0."""
        return self if self.boolean else self.compare("une", 0.0)

    def emit(self, name: str, *operands: "Number | float") -> "Number":
        """The result of an arithmetic instruction."""
        return Number(self.lines, self.lines.arithmetic(name, *map(self.operand, operands)))

    def intrinsic(self, name: str, *operands: "Number | float") -> "Number":
        """The result of a function that LLVM knows."""
        return Number(self.lines, self.lines.intrinsic(name, *map(self.operand, operands)))

    def operand(self, x: "Number | float") -> str:
        """How `x` is written beside this number."""
        return x.real().name if isinstance(x, Number) else self.lines.literal(float(x))

    def compare(self, relation: str, other: "Number | float") -> "Number":
        vector = self.lines.kind.vector
        return Number(
            self.lines, self.lines.new(f"fcmp {relation} {vector} {self.operand(self)}, {self.operand(other)}"), True
        )

    def __add__(self, other: "Number | float") -> "Number":
        return self.emit("fadd", self, other)

    def __radd__(self, other: "Number | float") -> "Number":
        return self.emit("fadd", other, self)

    def __sub__(self, other: "Number | float") -> "Number":
        return self.emit("fsub", self, other)

    def __rsub__(self, other: "Number | float") -> "Number":
        return self.emit("fsub", other, self)

    def __mul__(self, other: "Number | float") -> "Number":
        return self.emit("fmul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: "Number | float") -> "Number":
        return self.emit("fdiv", self, other)

    def __rtruediv__(self, other: "Number | float") -> "Number":
        return self.emit("fdiv", other, self)

    def __neg__(self) -> "Number":
        return self.emit("fneg", self)

    def __abs__(self) -> "Number":
        return self.intrinsic("fabs", self)

    def __lt__(self, other: "Number | float") -> "Number":
        return self.compare("olt", other)

    def __le__(self, other: "Number | float") -> "Number":
        return self.compare("ole", other)

    def __gt__(self, other: "Number | float") -> "Number":
        return self.compare("ogt", other)

    def __ge__(self, other: "Number | float") -> "Number":
        return self.compare("oge", other)

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on a number with if: write m.where(condition, a, b)")

    # What the formulas of functions need, for doubles

    def nearest(self) -> "Number":
        """The nearest whole number, of two the even one; for numbers below 2**51."""
        whole = 1.5 * 2.0**_FRACTION  # the doubles about this one are the whole numbers
        return (self + whole) - whole

    def with_sign(self, sign: "Number") -> "Number":
        return self.intrinsic("copysign", self, sign)

    def power_of_two(self) -> "Number":
        """2 to the power of this whole number from -1023, for which it is 0, to 1023: only the exponent has bits."""
        biased = self + (1.5 * 2.0**_FRACTION + _BIAS)
        shifted = self.lines.new(f"shl {self._whole} {biased._bits()}, {self._all(_FRACTION)}")
        return self._number(shifted)

    def exponent(self) -> "Number":
        """The whole number n with 2**n <= x < 2**(n + 1), for a normal number above 0."""
        moved = self.lines.new(f"lshr {self._whole} {self._bits()}, {self._all(_FRACTION)}")
        one = Number(self.lines, self.lines.literal(2.0**_FRACTION))
        return self._number(self.lines.new(f"or {self._whole} {moved}, {one._bits()}")) - (2.0**_FRACTION + _BIAS)

    @property
    def _whole(self) -> str:
        return f"<{self.lines.kind.lanes} x i64>"

    def _bits(self) -> str:
        return self.lines.new(f"bitcast {self.lines.kind.vector} {self.name} to {self._whole}")

    def _number(self, bits: str) -> "Number":
        return Number(self.lines, self.lines.new(f"bitcast {self._whole} {bits} to {self.lines.kind.vector}"))

    def _all(self, number: int) -> str:
        return f"<{', '.join([f'i64 {number}'] * self.lines.kind.lanes)}>"


Operand = Number | float


@overload
def where(condition: Number, a: Operand, b: Operand) -> Number: ...
@overload
def where(condition: Operand, a: Operand, b: Operand) -> Operand: ...
def where(condition: Operand, a: Operand, b: Operand) -> Operand:
    """`a` where the condition holds, else `b`, either of which may be a plain number."""
    if not isinstance(condition, Number):
        return a if condition else b
    lines = condition.lines
    return Number(lines, lines.select(condition.condition().name, condition.operand(a), condition.operand(b)))


def maximum(x: Operand, y: Operand, smaller: str = "olt", name: str = "maximum") -> Number:
    """The larger of two, NaN where one of them is."""
    if not isinstance(x, Number):
        x, y = y, x
    assert isinstance(x, Number)
    if isinstance(y, Number) or y != y:
        return x.intrinsic(name, x, y)
    return where(x.compare(smaller, y), y, x)


def minimum(x: Operand, y: Operand) -> Number:
    """The smaller of two, NaN where one of them is."""
    return maximum(x, y, "ogt", "minimum")


def fused(x: Number, y: Operand, z: Operand) -> Number:
    """x * y + z; whether the product is rounded before the sum is left to the processor."""
    return x.intrinsic("fmuladd", x, y, z)


@overload
def sqrt(x: Number) -> Number: ...
@overload
def sqrt(x: float) -> float: ...
def sqrt(x: Operand) -> Operand:
    return x.intrinsic("sqrt", x) if isinstance(x, Number) else x**0.5


def power(x: Operand, y: Operand, library: Callable[..., Number]) -> Number:
    """x to the power of y; a small whole exponent is multiplied out."""
    if isinstance(x, Number) and not isinstance(y, Number):
        exponent = float(y)
        if 0 < abs(exponent) <= _LARGEST_POWER and exponent.is_integer():
            result = _multiplied_out(x.real(), int(abs(exponent)))
            return result if exponent > 0 else 1.0 / result
        if exponent == 0.5:  # a power of -0.0 is 0.0, and of -inf it is inf
            return where(x.compare("oeq", -inf), inf, sqrt(x) + 0.0)
    return library("pow", x, y)


def _multiplied_out(x: Number, exponent: int) -> Number:
    result: Number | None = None
    while exponent:
        if exponent & 1:
            result = x if result is None else result * x
        exponent >>= 1
        x = x * x if exponent else x
    assert result is not None  # the exponent is not 0
    return result


__all__ = ["C_NAMES", "NAN", "Number", "Operand", "fused", "maximum", "minimum", "power", "sqrt", "where"]
