"""The reading of the table by numbers that exist only once the machine runs: a rule becomes a list of instructions.

A `Number` stands for one double or, inside the loop over the examples, for one of each of several examples side by
side. Arithmetic on it appends to a `Recorder`; an instruction that was recorded before is not recorded again, and one
whose result nobody needs is never written.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from math import nan
from typing import Any

from ....rules.parts import complete
from ....rules.table import Namespace, Operation

BEFORE, LOOP, AFTER = range(3)  # the loop over the examples, and what is done once a call

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
_INSTRUCTIONS = ("abs", "sqrt")  # what the processor has itself
_LARGEST_POWER = 4  # of those that are multiplied out, which rounds each time


class Number:
    """The result of an instruction that will run."""

    __slots__ = ("boolean", "call", "operands", "recorder", "section")
    __array_ufunc__ = None  # so that a NumPy number on the left leaves the arithmetic to this class

    def __init__(self, recorder: "Recorder", call: str, operands: tuple[Any, ...], section: int, boolean: bool):
        self.recorder, self.call, self.operands = recorder, call, operands
        self.section, self.boolean = section, boolean

    def __repr__(self) -> str:
        return f"<{self.call} of {len(self.operands)}>"

    def real(self) -> "Number":
        """This number, 1 or 0 where it is the result of a comparison."""
        return self.recorder.emit("select", self, 1.0, 0.0) if self.boolean else self

    def _emit(self, call: str, *operands: Any) -> Any:
        return self.recorder.emit(call, *map(real, operands))

    def __add__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else self._emit("fadd", self, other)

    def __radd__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else self._emit("fadd", other, self)

    def __sub__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else self._emit("fsub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._emit("fsub", other, self)

    def __mul__(self, other: Any) -> Any:
        if _is(other, 1.0):
            return self
        if _is(other, -1.0):
            return -self
        if self.boolean:
            return self.recorder.emit("select", self, real(other), 0.0)
        if isinstance(other, Number) and other.boolean:
            return self.recorder.emit("select", other, self, 0.0)
        return self._emit("fmul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __truediv__(self, other: Any) -> Any:
        return self if _is(other, 1.0) else self._emit("fdiv", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._emit("fdiv", other, self)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, (int, float)) and 0 < abs(other) <= _LARGEST_POWER and other == int(other):
            power = _multiplied_out(self.real(), abs(int(other)))
            return power if other > 0 else 1.0 / power
        if _is(other, 0.5):  # of -0.0 it is 0.0, and of -inf alone not what a power is: NaN, which is looked into
            return self._emit("fadd", self._emit("sqrt", self), 0.0)
        return self._emit("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._emit("power", other, self)

    def __neg__(self) -> Any:
        return self._emit("fneg", self)

    def __lt__(self, other: Any) -> Any:
        return self._compare("olt", self, other)

    def __le__(self, other: Any) -> Any:
        return self._compare("ole", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._compare("olt", other, self)

    def __ge__(self, other: Any) -> Any:
        return self._compare("ole", other, self)

    def _compare(self, relation: str, x: Any, y: Any) -> "Number":
        return self.recorder.emit(relation, real(x), real(y), boolean=True)

    def __bool__(self) -> bool:
        raise TypeError("a rule cannot branch on a number with if: write m.where(condition, a, b)")


class Recorder:
    """The instructions of a program in the order in which they were asked for."""

    def __init__(self) -> None:
        self.numbers: list[Number] = []
        self._known: dict[Any, Number] = {}

    def emit(self, call: str, *operands: Any, boolean: bool = False, section: int = BEFORE) -> Number:
        """The result of `call`; numbers that are known now are floats among the operands."""
        operands = tuple([x if isinstance(x, Number) else float(x) for x in operands])
        return self.leaf(call, *operands, boolean=boolean, section=section)

    def leaf(self, call: str, *operands: Any, boolean: bool = False, section: int = BEFORE) -> Number:
        """As `emit`, where operands may be texts and whole numbers: what to read and where."""
        key = (call, *[x.hex() if isinstance(x, float) else x for x in operands])  # -0.0 is not 0.0
        number = self._known.get(key)
        if number is None:
            section = max([section, *[x.section for x in operands if isinstance(x, Number)]])
            number = self._known[key] = Number(self, call, operands, section, boolean)
            self.numbers.append(number)
        return number

    def effect(self, call: str, *operands: Any, section: int) -> None:
        """Something that is done each time, such as storing a number."""
        self.numbers.append(Number(self, call, operands, section, False))


def real(x: Any) -> Any:
    """`x`, as a floating-point number where it is the result of a comparison."""
    return x.real() if isinstance(x, Number) else x


def _is(x: Any, number: float) -> bool:
    return isinstance(x, (int, float)) and x == number


def plus(x: Any, y: Any) -> Any:
    """x + y in a sum that nobody wrote term by term: a product in it need not be rounded before.

    What a formula adds or subtracts is rounded as it is written, so that a*b - b*a is 0.
    """
    number = x if isinstance(x, Number) else y
    if not isinstance(number, Number) or _is(x, 0.0) or _is(y, 0.0):
        return x + y
    return number.recorder.emit("plus", real(x), real(y))


def _multiplied_out(x: Number, exponent: int) -> Number:
    result: Any = None
    while exponent:
        if exponent & 1:
            result = x if result is None else result * x
        x, exponent = x * x, exponent >> 1
    return result  # type: ignore[no-any-return]  # the exponent is not 0


def _function(call: str, *arguments: Any) -> Any:
    for x in arguments:
        if isinstance(x, Number):
            return x.recorder.emit(call, *map(real, arguments))
    import numpy as np

    from ....rules.arrays import ARRAYS

    return np.float64(getattr(ARRAYS, call)(*arguments))  # numbers alone are calculated now


def _where(condition: Any, a: Any, b: Any) -> Any:
    if not isinstance(condition, Number):
        return a if condition else b
    recorder = condition.recorder
    if not condition.boolean:
        condition = recorder.emit("une", condition, 0.0, boolean=True)
    if _is(a, 1.0) and _is(b, 0.0):
        return condition
    if condition.call == "olt":  # the larger and the smaller of two, in a form that lets NaN through
        x, y = condition.operands
        if _same(a, y) and _same(b, x):
            return _extreme("maximum", x, y)
        if _same(a, x) and _same(b, y):
            return _extreme("minimum", x, y)
    return recorder.emit("select", condition, real(a), real(b))


def _same(x: Any, y: Any) -> bool:
    return x is y or (isinstance(x, float) and _is(y, x))


def _extreme(call: str, x: Any, y: Any) -> Number:
    if not isinstance(x, Number):
        x, y = y, x
    recorder: Recorder = x.recorder
    if isinstance(y, Number) or y != y:
        return recorder.emit(call, x, y)
    smaller = recorder.emit("olt", *((x, y) if call == "maximum" else (y, x)), boolean=True)
    return recorder.emit("select", smaller, y, x)


def _sum(terms: Iterable[Any], *rest: Any) -> Any:
    """A sum; one of many terms is an instruction of its own."""
    numbers = [x for x in (*rest, *map(real, terms)) if not _is(x, 0.0)] or [0.0]
    unknown = [x for x in numbers if isinstance(x, Number)]
    few = 32 if any(x.section == LOOP for x in unknown) else 16  # the loop has other work to do while it waits
    return unknown[0].recorder.emit("add up", *numbers) if unknown and len(numbers) > few else reduce(plus, numbers)


def _either(call: str, x: Any, y: Any) -> Any:
    """The larger or the smaller of two; NaN if one of them is."""
    if isinstance(x, Number) or isinstance(y, Number):
        return _extreme(call, real(x), real(y))
    return _function(call, x, y)


def _take(index: Any, xs: Sequence[Any]) -> Any:
    """The element at an index; NaN for an index that is no place in `xs`."""
    if not isinstance(index, Number):
        return xs[int(index)] if float(index).is_integer() and 0 <= index < len(xs) else nan
    result: Any = nan
    for k, x in enumerate(xs):
        result = index.recorder.emit(
            "select", index.recorder.emit("oeq", index.real(), k, boolean=True), real(x), result
        )
    return result


def _read(m: Namespace, row: Operation) -> Callable[..., Any]:
    return partial(row.value, m)


NATIVE: Namespace = complete(
    Namespace(
        _read,
        **{name: partial(_function, name) for name in (*_INSTRUCTIONS, *C_NAMES) if name != "power"},
        where=_where,
        minimum=partial(_either, "minimum"),
        maximum=partial(_either, "maximum"),
        sum=_sum,
        largest=lambda xs: reduce(NATIVE.maximum, xs),
        smallest=lambda xs: reduce(NATIVE.minimum, xs),
        count=len,
        take=_take,
        positions=lambda xs: list(range(len(xs))),
    )
)
