"""Elementary functions as arithmetic, where the C library knows them for one number at a time alone, or less exactly.

The laws of a function take its argument to a short interval, where a polynomial is summed: the Taylor series, which is
short there. That holds between two bounds; where a number lies beyond them, or is NaN, the C library is asked after
all, so that overflow, underflow and all else that is special stay what they are there.
"""

from collections.abc import Callable
from math import factorial, inf, log, pi, sqrt
from typing import NamedTuple

from ....rules.error_function import FROM_HALF, NEAR_0
from . import numbers
from .lines import Kind, Lines
from .numbers import Number, Operand, fused, where


class Form(NamedTuple):
    """How a function is calculated for numbers from `low` to `high`, each step rounded as it is written.

    It is taken where the C library takes one number at a time; everywhere, where it is the more accurate: the vector
    functions of the GNU C library are up to 2.4 ulp off for exp, 3.0 for sin and cos; these 0.8 and 1.5.
    """

    value: Callable[[Number], Number]
    low: float
    high: float
    everywhere: bool = False


# A number in pieces of 42 bits: a piece times a whole number below 2**11 is exact (Cody and Waite 1980).
_LOG2 = (float.fromhex("0x1.62e42fefa38p-1"), float.fromhex("0x1.ef35793c7673p-45"))
_HALF_PI = tuple(map(float.fromhex, ("0x1.921fb544428p+0", "0x1.4611a62633p-42", "0x1.45c06e0e68948p-86")))
_QUARTER_PI = (pi / 4.0, float.fromhex("0x1.1a62633145c07p-55"))  # rounded, and the rest
_FAR = 3200.0  # less than 2**11 quarters of a turn

# Taylor series up to the last term that counts at the end of the interval; y is x**2.
_EXP = [1.0 / factorial(k) for k in range(2, 14)]  # (exp(x) - 1 - x) / y in x, to log(2) / 2
_SIN = [(-1.0) ** k / factorial(2 * k + 1) for k in range(1, 9)]  # (sin(x) / x - 1) / y in y, x to pi / 4
_COS = [(-1.0) ** k / factorial(2 * k) for k in range(1, 9)]  # (cos(x) - 1) / y, x to pi / 4
_ARTANH = [2.0 / (2 * k + 1) for k in range(1, 11)]  # 2 (artanh(x) / x - 1) / y, x to (sqrt(2) - 1)**2
_ARCTAN = [(-1.0) ** k / (2 * k + 1) for k in range(1, 21)]  # (arctan(x) / x - 1) / y, x to tan(pi / 8) = sqrt(2) - 1


def _polynomial(y: Number, coefficients: list[float]) -> Operand:
    """By Horner's rule; whether a product is rounded before a number is added is left to the processor."""
    result: Operand = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result = fused(y, result, coefficient)
    return result


# The exponential function and its kin


def _powers(x: Number, rest: Operand = 0.0) -> tuple[Number, Number]:
    """n and y with exp(x + rest) = 2**n * (1 + y), where n is whole and y at most about sqrt(2) - 1 in size."""
    n = (x * (1.0 / log(2.0))).nearest()
    r = (x - n * _LOG2[0]) - n * _LOG2[1] + rest
    return n, r + r * r * _polynomial(r, _EXP)


def _exp(x: Number) -> Number:
    n, y = _powers(x)
    return (y + 1.0) * n.power_of_two()


def _above_minus_one(x: Number) -> Number:
    """exp(x) - 1; the sign of 0 is lost."""
    n, y = _powers(x)
    power = n.power_of_two()
    return y * power + (power - 1.0)


def _expm1(x: Number) -> Number:
    return _above_minus_one(where(x < -40.0, -40.0, x)).with_sign(x)


def _tanh(x: Number) -> Number:
    size = abs(x)
    e = _above_minus_one(where(size > 20.0, 20.0, size) * 2.0)
    return (e / (e + 2.0)).with_sign(x)


def _half_exp(x: Number) -> Number:
    n, y = _powers(x)
    return (y + 1.0) * (n - 1.0).power_of_two()


def _cosh(x: Number) -> Number:
    half = _half_exp(abs(x))
    return half + 0.25 / half


def _sinh(x: Number) -> Number:
    size = abs(x)
    half, e = _half_exp(size), _above_minus_one(size)
    return (where(size < 1.0, (e + e / (e + 1.0)) * 0.5, half - 0.25 / half)).with_sign(x)


# The error function


def _erf_near_0(x: Number) -> Number:
    return x * _polynomial(x * x, NEAR_0)


def _erfc_from_half(x: Number) -> Number:
    start = (x * 2.0**20).nearest() * 2.0**-20  # the first half of the bits of x: its square is exact
    n, y = _powers(-(start * start), (start - x) * (start + x))
    p = _polynomial((x - 3.0) / (x + 3.0), FROM_HALF)
    return (p + p * y) / (x * 2.0 + 1.0) * n.power_of_two()


def _erf(x: Number) -> Number:
    size = abs(x)
    far = 1.0 - _erfc_from_half(where(size > 6.0, 6.0, size))
    return where(size < 0.5, _erf_near_0(x), far.with_sign(x))


def _erfc(x: Number) -> Number:
    size = abs(x)
    far = _erfc_from_half(where(size > 26.0, 26.0, size))
    return where(size < 0.5, 1.0 - _erf_near_0(x), where(x < 0.0, 2.0 - far, far))


# Logarithms


def _log(x: Number, rest: Operand = 0.0) -> Number:
    """log(x) + rest, for a rest that is small."""
    n = (x * sqrt(2.0)).exponent()
    f = x * (-n).power_of_two() - 1.0  # from sqrt(1/2) - 1 to sqrt(2) - 1, exact
    s = f / (f + 2.0)
    y = s * s
    # log(1 + f) = 2 artanh(s), where 2 s = f - s f
    return n * _LOG2[0] + (f - (s * (f - y * _polynomial(y, _ARTANH)) - (n * _LOG2[1] + rest)))


def _log1p(x: Number) -> Number:
    u = x + 1.0
    v = u - 1.0
    lost = (1.0 - (u - v)) + (x - v)  # what rounding takes from 1 + x (Knuth, volume 2, 4.2.2)
    return _log(u, lost / u).with_sign(x)


# Circles


def _turned(x: Number) -> tuple[Number, Number, Number, Number]:
    """sin and cos of what is left of `x` when quarters of a turn are taken from it; sin and cos of these."""
    n = (x * (2.0 / pi)).nearest()
    r = ((x - n * _HALF_PI[0]) - n * _HALF_PI[1]) - n * _HALF_PI[2]
    y = r * r
    h = (n * 0.5).nearest()
    odd = n - h * 2.0  # 1 for one quarter, -1 for three: the nearest of two is the even one
    half = h - (h * 0.5).nearest() * 2.0  # not 0 for two
    return r * (y * _polynomial(y, _SIN) + 1.0), y * _polynomial(y, _COS) + 1.0, odd, 1.0 - half * half * 2.0


def _sin(x: Number) -> Number:
    sin, cos, odd, even = _turned(x)
    return where(odd, cos * odd, sin * even)


def _cos(x: Number) -> Number:
    sin, cos, odd, even = _turned(x)
    return where(odd, -sin * odd, cos * even)


def _tan(x: Number) -> Number:
    sin, cos, odd, _ = _turned(x)
    return where(odd, -cos, sin) / where(odd, sin, cos)


def _arctan(x: Number) -> Number:
    t = abs(x)
    steep, middle = t > 1.0 + sqrt(2.0), t > sqrt(2.0) - 1.0
    # The tangent of the angle less a quarter or an eighth of a turn, where that is nearer to it than 0.
    above = where(steep, -1.0, where(middle, t - 1.0, t))
    r = above / where(steep, t, where(middle, t + 1.0, 1.0))
    eighths = where(steep, 2.0, where(middle, 1.0, 0.0))
    y = r * r
    return (eighths * _QUARTER_PI[0] + (r + (r * y * _polynomial(y, _ARCTAN) + eighths * _QUARTER_PI[1]))).with_sign(x)


def _arcsin(x: Number) -> Number:
    return _arctan(x / numbers.sqrt((1.0 - x) * (x + 1.0)))


def _arccos(x: Number) -> Number:
    return _arctan(numbers.sqrt((1.0 - x) / (x + 1.0))) * 2.0


# By their names in the C library.
FORMS = {
    "exp": Form(_exp, -708.0, 709.0, everywhere=True),
    "expm1": Form(_expm1, -inf, 709.0),
    "tanh": Form(_tanh, -inf, inf),
    "sinh": Form(_sinh, -709.0, 709.0),
    "cosh": Form(_cosh, -709.0, 709.0),
    "erf": Form(_erf, -inf, inf),
    "erfc": Form(_erfc, -inf, 26.0),
    "log": Form(_log, 2.0**-1022, 2.0**1022),
    "log1p": Form(_log1p, 2.0**-53 - 1.0, 2.0**1022),
    "sin": Form(_sin, -_FAR, _FAR, everywhere=True),
    "cos": Form(_cos, -_FAR, _FAR, everywhere=True),
    "tan": Form(_tan, -_FAR, _FAR),
    "atan": Form(_arctan, -inf, inf),
    "asin": Form(_arcsin, -1.0, 1.0),
    "acos": Form(_arccos, -1.0, 1.0),
}


Symbol = Callable[[str, int], str | None]  # the function of a name for so many doubles at a time, if there is one


class Functions:
    """Calls of the functions of the C library, by their names there.

    Arguments:
        symbol: finds the functions of many numbers at a time.
    """

    def __init__(self, symbol: Symbol):
        self._symbol = symbol

    def __call__(self, name: str, *arguments: Operand) -> Number:
        """The function of vectors, among which there may be plain numbers; floats are widened on the way."""
        (example, *_) = [x for x in arguments if isinstance(x, Number)]
        own = example.lines
        lines = own.with_kind(Kind("double", own.kind.lanes))
        widen = own.kind.size == 4
        operands = []
        for x in arguments:
            operand = x.real().name if isinstance(x, Number) else lines.literal(float(x))
            if widen and isinstance(x, Number):
                operand = lines.new(f"fpext {own.kind.vector} {operand} to {lines.kind.vector}")
            operands.append(operand)
        result = self._call(lines, name, operands)
        if widen:
            result = own.new(f"fptrunc {lines.kind.vector} {result} to {own.kind.vector}")
        return Number(own, result)

    def _call(self, lines: Lines, name: str, operands: list[str]) -> str:
        vector = lines.kind.vector
        form = FORMS.get(name)
        known = None if form and form.everywhere else self._symbol(name, lines.kind.lanes)
        if known is not None:
            lines.declared.setdefault(known, _declaration(vector, known, len(operands)))
        elif form:
            known = f"{name}.{lines.kind.lanes}"
            if known not in lines.declared:
                lines.declared[known] = ""  # taken
                lines.declared[known] = _form(name, known, Lines(lines.kind, lines.declared))
        else:
            return _lane_by_lane(lines, name, operands)
        return lines.call(known, *operands)


def _declaration(type_: str, name: str, arguments: int) -> str:
    # What is declared to touch no memory leaves loads and stores beside it free to move.
    return f"declare {type_} @{name}({', '.join([type_] * arguments)}) memory(none) nounwind willreturn"


def _lane_by_lane(lines: Lines, name: str, operands: list[str]) -> str:
    """A function of single numbers, called for each lane."""
    lines.declared.setdefault(name, _declaration("double", name, len(operands)))
    vector = lines.kind.vector
    result = "poison"
    for lane in range(lines.kind.lanes):
        singles = [lines.new(f"extractelement {vector} {x}, i64 {lane}") for x in operands]
        one = lines.new(f"call double @{name}({', '.join(f'double {x}' for x in singles)})")
        result = lines.new(f"insertelement {vector} {result}, double {one}, i64 {lane}")
    return result


def _form(name: str, own_name: str, lines: Lines) -> str:
    """A function of a vector by its form; lane by lane where a number is beyond the bounds of that."""
    form, vector, bits = FORMS[name], lines.kind.vector, lines.kind.mask
    x = Number(lines, "%x")
    low, high = x.compare("ult", form.low), x.compare("ugt", form.high)  # or NaN
    beyond = lines.new(f"or {bits} {low.name}, {high.name}")
    any_of = lines.declare("i1", f"llvm.vector.reduce.or.v{lines.kind.lanes}i1", bits)
    with lines.when(lines.new(f"call i1 @{any_of}({bits} {beyond})")):
        lines.line(f"ret {vector} {_lane_by_lane(lines, name, ['%x'])}")
        lines.label("unused")
    result = form.value(x)
    head = f"internal {vector} @{own_name}({vector} %x)"
    return lines.function(head, f"{vector} {result.operand(result)}", "memory(none) willreturn ")
