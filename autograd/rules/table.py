"""The table of operations: each row is a value and its local derivatives, side by side, as in a calculus book.

A row never asks what kind of number it is given. It uses ``+ - * / **``, comparisons and the functions of a namespace
``m``, and whoever reads it chooses the numbers: floats, Values, text, arrays or machine code. Everything else in the
project (backward, drawing, stepping, second derivatives, compiling, most tests) follows from these rows, so adding an
operation is adding one row here.
"""

import math
from collections.abc import Callable
from operator import mul
from typing import Any


class Operation:
    """One row of the table.

    ``value(m, *operands)`` is the result, ``partials(m, out, *operands)`` the tuple of derivatives by each operand, where
    ``out`` is the result. ``domain`` is a condition on the operands in Python, for error messages and for choosing test
    points; the rule itself decides what is an error. `operands` are the names of the rule's operands, such as
    ``("x", "y")``, or ``("xs",)`` where a variadic rule takes any number of them.
    """

    __slots__ = ("about", "domain", "name", "operands", "partials", "value", "variadic")

    def __init__(
        self,
        name: str,
        about: str,
        value: Callable[..., Any],
        partials: Callable[..., tuple[Any, ...]],
        domain: str = "",
    ):
        self.name, self.about, self.value, self.partials, self.domain = name, about, value, partials, domain
        self.operands, self.variadic = _operand_names(value)

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"

    @property
    def infix(self) -> bool:
        return not self.name.isidentifier()

    @property
    def signature(self) -> str:
        """How the operation is written: ``x / y``, ``log(x)``, ``dot(*xs)``."""
        if self.infix:
            return f" {self.name} ".join(self.operands)
        return f"{self.name}({'*' if self.variadic else ''}{', '.join(self.operands)})"

    def __reduce__(self) -> tuple[Callable[[str], "Operation"], tuple[str]]:
        return lookup, (self.name,)  # rules are code: a pickle names its row


def _operand_names(rule: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The names of a rule's operands, after the namespace m, and whether they stand for any number of them."""
    code = rule.__code__
    names = code.co_varnames[1 : code.co_argcount]
    variadic = bool(code.co_flags & 4)  # CO_VARARGS of the inspect module, which would double the import time
    return (names or code.co_varnames[1:2] if variadic else names), variadic


LEAF = Operation("", "a number that was given, not calculated", lambda m: None, lambda m, out: ())


class Namespace:
    """What a rule sees as ``m``: functions for one kind of number; what is missing is read from the row of that name."""

    def __init__(self, read: Callable[["Namespace", Operation], Callable[..., Any]], **functions: Callable[..., Any]):
        self._read = read
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in TABLE:
            return self._read(self, TABLE[name])
        known = sorted({n for n in self.__dict__ if n != "_read"} | {n for n in TABLE if n.isidentifier()})
        raise AttributeError(f"a rule asked for m.{name}, but m has only {', '.join(known)}")


TABLE: dict[str, Operation] = {}


def op(name: str, about: str, value: Callable[..., Any], partials: Callable[..., Any], domain: str = "") -> Operation:
    """Add a row to the table and return it."""
    row = TABLE[name] = Operation(name, about, value, partials, domain)
    return row


def lookup(name: str) -> Operation:
    """The row called `name`; LookupError when no such operation is known in this process."""
    if name == LEAF.name:
        return LEAF
    if name not in TABLE:
        raise LookupError(
            f"unknown operation {name!r}: define it with primitive({name!r}, ...) before loading this graph"
        )
    return TABLE[name]


def _dot(m: Any, *xs: Any) -> Any:
    n = len(xs) // 2  # w1 ... wn, x1 ... xn and perhaps a bias
    return m.sum(map(mul, xs[:n], xs[n : 2 * n]), *xs[2 * n :])


def _dot_partials(_: Any, __: Any, *xs: Any) -> tuple[Any, ...]:
    n = len(xs) // 2
    return xs[n : 2 * n] + xs[:n] + (1.0,) * (len(xs) % 2)


def _mean(m: Any, *xs: Any) -> Any:
    n, total = m.count(xs), m.sum(xs)
    return m.tail(m.abs(total) > _LARGEST, lambda: m.sum([x / n for x in xs]), total / n)


def _share(m: Any, out: Any, *xs: Any) -> tuple[Any, ...]:
    chosen = [m.where(x < out, 0.0, m.where(out < x, 0.0, 1.0)) for x in xs]  # those that are the largest, or smallest
    count = m.sum(chosen)
    return tuple(share / count for share in chosen)


def _over(m: Any, x: Any, r: Any) -> Any:
    """x / r, or 0 where r is 0."""
    return m.where(m.abs(r) > 0.0, x / m.where(m.abs(r) > 0.0, r, 1.0), 0.0)


def _over_square(m: Any, x: Any, r: Any) -> Any:
    return _over(m, _over(m, x, r), r)  # r * r may overflow


# Softmax and its kin. m.below(xs, top) is log(Σ exp(x - top)), by log1p of all but the largest, so that
# logsumexp([0, -37]) is 8.5e-17 and not 0. m.probabilities(xs) is the softmax of all.


def _logsumexp(m: Any, *xs: Any) -> Any:
    top = m.largest(xs)  # any constant gives the same value; this one cannot overflow
    return top + m.below(xs, top)


def _log_softmax(m: Any, index: Any, *xs: Any) -> Any:
    top = m.largest(xs)
    return (m.take(index, xs) - top) - m.below(xs, top)  # neither is above 0: no digits are lost


def _log_softmax_partials(m: Any, _: Any, index: Any, *xs: Any) -> tuple[Any, ...]:
    """1 - p for the number at `index`, -p for the others. If p is near 1, 1 - p is the sum of the other p."""
    own = [m.abs(k - index) < 0.5 for k in m.positions(xs)]
    ps = m.probabilities(xs)
    p = m.take(index, ps)
    rest = m.tail(p > 0.5, lambda: m.sum([m.where(o, 0.0, p) for o, p in zip(own, ps, strict=True)]), 1.0 - p)
    return 0.0, *[m.where(o, rest, -p) for o, p in zip(own, ps, strict=True)]


def _softmax(m: Any, index: Any, *xs: Any) -> Any:
    return m.take(index, m.probabilities(xs))


def _softmax_partials(m: Any, out: Any, index: Any, *xs: Any) -> tuple[Any, ...]:
    none, *slopes = _log_softmax_partials(m, out, index, *xs)
    return none, *[out * slope for slope in slopes]


# Functions that other rows need exactly where the textbook's form loses digits. Each has its own derivative, so that
# derivatives of any order are exact too. Read as text, they show the textbook's form (as_formulas).


def _high(x: Any) -> Any:
    """The first 26 bits of x, whose square is exact (Veltkamp 1968)."""
    shifted = 134217729.0 * x  # 2**27 + 1
    return shifted - (shifted - x)


def _exp_square(m: Any, c: float, x: Any) -> Any:
    """exp(-c·x²) for c = 1 or 1/2."""
    x = m.where(m.abs(x) > 60.0, 60.0, x)  # exp(-1800) is 0
    high = _high(x)  # x² = high² + (x - high)(x + high): rounded, x² = 700 would cost 3 digits of exp(-x²)
    e = m.exp(-c * (high * high))
    return e + e * m.expm1(-c * ((x - high) * (x + high)))


def _normal_cdf(m: Any, x: Any) -> Any:
    below = m.where(x < -60.0, -60.0, m.where(x < 0.0, x, 0.0))
    t = -_SQRT_HALF * below
    high, high_t = _high(below), _high(t)
    # t is rounded. What its square lacks, x²/2 - t², is what erfc(t) is off by in its tail.
    lacks = (0.5 * (high * high) - high_t * high_t) + (
        0.5 * ((below - high) * (below + high)) - (t - high_t) * (t + high_t)
    )
    return 0.5 * m.erfc(-_SQRT_HALF * x) * (1.0 - lacks)


def _sigmoid_slope(m: Any, x: Any) -> Any:
    e = m.exp(-x)
    out = 1.0 / (1.0 + e)
    return out * m.where(x < -40.0, 1.0, e * out)  # σ(-x) = exp(-x)·σ(x)


def _sech2(m: Any, x: Any) -> Any:
    return m.tail(m.abs(x) > 0.5, lambda: 4.0 * m.sigmoid_slope(2.0 * x), 1.0 - m.tanh(x) * m.tanh(x))


def _power_term(m: Any, c: Any, x: Any, n: Any, k: Any) -> Any:
    # Where c is 0, the exponent is one that cannot overflow: x ** 0 has derivative 0, at x = 0 too.
    n = m.where(m.abs(c) > 0.0, n, m.where(m.abs(x) > 1.0, -1.0, 1.0))
    subnormal = m.where(m.abs(x) > 0.0, m.where(m.abs(x) < 1e-150, n, 0.0), 0.0) < 0.0  # x**n overflows before c*x**n
    power = m.tail(subnormal, lambda: c * x ** (n + 1.0) / x, c * x**n)
    return power if m.is_zero(k) else power * m.log(m.where(x > 0.0, x, 1.0)) ** k


def _power_term_partials(m: Any, _: Any, c: Any, x: Any, n: Any, k: Any) -> tuple[Any, ...]:
    by_x = m.power_term(c * n, x, n - 1.0, k)
    if not m.is_zero(k):
        by_x = by_x + m.power_term(c * k, x, n - 1.0, k - 1.0)
    return m.power_term(1.0, x, n, k), by_x, m.power_term(c, x, n, k + 1.0), 0.0


def _exp_half(m: Any, x: Any) -> Any:
    """exp(x/2) for x below 0. The product of two is exp(x), of which alone few digits are left below -708."""
    return m.exp(0.5 * m.where(x < 0.0, x, 0.0))


def _far_left(m: Any, x: Any) -> Any:
    """x * exp(x), which silu and mish are there."""
    return x * _exp_half(m, x) * _exp_half(m, x)


def _far_slope(m: Any, x: Any) -> Any:
    return (1.0 + x) * _exp_half(m, x) * _exp_half(m, x)


def _silu_slope(m: Any, x: Any) -> Any:
    near = m.tail(x > 700.0, lambda: 1.0 - _far_slope(m, -x), m.sigmoid(x) * (1.0 + x * m.sigmoid(-x)))
    return m.tail(x < -700.0, lambda: _far_slope(m, x), near)


def _mish_slope(m: Any, x: Any) -> Any:
    inner = m.softplus(x)
    near = m.tanh(inner) + x * m.sech2(inner) * m.sigmoid(x)
    return m.tail(x < -700.0, lambda: _far_slope(m, x), near)


_LARGEST = 1.7976931348623157e308
_SQRT_HALF = math.sqrt(0.5)
_SQRT_1_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_2_SQRTPI = 2.0 / math.sqrt(math.pi)
_1_LN2 = 1.0 / math.log(2.0)
_1_LN10 = 0.4342944819032518
_SELU, _SELU_ALPHA = 1.0507009873554805, 1.7580993408473768  # scale, and scale times alpha

# fmt: off
# ruff: noqa: E501 (a row is read across, value beside derivatives)

# Arithmetic
ADD = op("+", "sum",        lambda m, x, y: x + y, lambda m, out, x, y: (1.0, 1.0))
SUB = op("-", "difference", lambda m, x, y: x - y, lambda m, out, x, y: (1.0, -1.0))
MUL = op("*", "product",    lambda m, x, y: x * y, lambda m, out, x, y: (y, x))
DIV = op("/", "quotient",   lambda m, x, y: x / y, lambda m, out, x, y: (1.0 / y, -out / y), "y != 0")
NEG = op("neg", "the number with its sign turned", lambda m, x: -x, lambda m, out, x: (-1.0,))
POW = op("**", "power; x ** 0 is 1 everywhere, with derivative 0. Where y - 1 is rounded (y is no multiple of 2**-53), the derivative by x is off by up to log(x) ulp",
         lambda m, x, y: x**y, lambda m, out, x, y: (m.power_term(y, x, y - 1.0, 0.0), m.exact(m.power_term(1.0, x, y, 1.0), lambda: out * m.log(x))), "x > 0 or (x == 0 and y >= 0) or (x < 0 and y % 1 == 0)")

# Elementary functions
EXP     = op("exp",     "e to the power x",                lambda m, x: m.exp(x),    lambda m, out, x: (out,), "x <= 709.78")
EXPM1   = op("expm1",   "exp(x) - 1, exact near 0",        lambda m, x: m.expm1(x),  lambda m, out, x: (m.exp(x),), "x <= 709.78")
LOG     = op("log",     "natural logarithm",               lambda m, x: m.log(x),    lambda m, out, x: (1.0 / x,), "x > 0")
LOG1P   = op("log1p",   "log(1 + x), exact near 0",        lambda m, x: m.log1p(x),  lambda m, out, x: (1.0 / (1.0 + x),), "x > -1")
LOG2    = op("log2",    "logarithm to the base 2",         lambda m, x: m.log2(x),   lambda m, out, x: (_1_LN2 / x,), "x > 0")
LOG10   = op("log10",   "logarithm to the base 10",        lambda m, x: m.log10(x),  lambda m, out, x: (_1_LN10 / x,), "x > 0")
SQRT    = op("sqrt",    "square root",                     lambda m, x: m.sqrt(x),   lambda m, out, x: (0.5 / out,), "x >= 0")
CBRT    = op("cbrt",    "cube root",                       lambda m, x: m.cbrt(x),   lambda m, out, x: (m.tail(m.abs(x) > 0.0, lambda: out / x / 3.0, 1.0 / (3.0 * out * out)),))
ABS     = op("abs",     "distance from 0; derivative 0 at 0", lambda m, x: m.abs(x), lambda m, out, x: (m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, 0.0)),))
SIGN    = op("sign",    "1, 0 or -1; derivative 0",        lambda m, x: m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, x)), lambda m, out, x: (0.0,))
SIN     = op("sin",     "sine of x radians",               lambda m, x: m.sin(x),    lambda m, out, x: (m.cos(x),), "abs(x) < inf")
COS     = op("cos",     "cosine of x radians",             lambda m, x: m.cos(x),    lambda m, out, x: (-m.sin(x),), "abs(x) < inf")
TAN     = op("tan",     "tangent of x radians",            lambda m, x: m.tan(x),    lambda m, out, x: (1.0 + out * out,), "abs(x) < inf")
ARCSIN  = op("arcsin",  "angle whose sine is x, radians",  lambda m, x: m.arcsin(x), lambda m, out, x: (1.0 / m.semicircle(x),), "-1 <= x <= 1")
ARCCOS  = op("arccos",  "angle whose cosine is x, radians", lambda m, x: m.arccos(x), lambda m, out, x: (-1.0 / m.semicircle(x),), "-1 <= x <= 1")
ARCTAN  = op("arctan",  "angle whose tangent is x, radians", lambda m, x: m.arctan(x), lambda m, out, x: (m.arctan_slope(x),))
SINH    = op("sinh",    "hyperbolic sine",                 lambda m, x: m.sinh(x),   lambda m, out, x: (m.cosh(x),), "abs(x) <= 710.47")
COSH    = op("cosh",    "hyperbolic cosine",               lambda m, x: m.cosh(x),   lambda m, out, x: (m.sinh(x),), "abs(x) <= 710.47")
TANH    = op("tanh",    "hyperbolic tangent",              lambda m, x: m.tanh(x),   lambda m, out, x: (m.exact(m.sech2(x), lambda: 1.0 - out * out),))  # the textbook's form is 0 from x = 20 on
ARCSINH = op("arcsinh", "number whose sinh is x",          lambda m, x: m.arcsinh(x), lambda m, out, x: (1.0 / m.hypot(1.0, x),))
ARCCOSH = op("arccosh", "number >= 0 whose cosh is x",     lambda m, x: m.arccosh(x), lambda m, out, x: (1.0 / (m.sqrt(x - 1.0) * m.sqrt(x + 1.0)),), "x >= 1")
ARCTANH = op("arctanh", "number whose tanh is x",          lambda m, x: m.arctanh(x), lambda m, out, x: (1.0 / (m.semicircle(x) * m.semicircle(x)),), "-1 < x < 1")
ERF     = op("erf",     "error function (Abramowitz and Stegun 7.1.1)", lambda m, x: m.erf(x), lambda m, out, x: (_2_SQRTPI * m.gauss(x),))
ERFC    = op("erfc",    "1 - erf(x), exact for large x",   lambda m, x: m.erfc(x),   lambda m, out, x: (-_2_SQRTPI * m.gauss(x),))
HYPOT   = op("hypot",   "length of the vector (x, y); derivatives 0 at the origin, exact where the length is no subnormal number", lambda m, x, y: m.hypot(x, y),
             lambda m, out, x, y: (_over(m, x, out), _over(m, y, out)))
ARCTAN2 = op("arctan2", "angle of the point (x, y), radians; derivatives 0 at the origin", lambda m, y, x: m.arctan2(y, x),
             lambda m, out, y, x: (m.over_square(x, m.hypot(x, y)), -m.over_square(y, m.hypot(x, y))))

# Activation functions
SIGMOID     = op("sigmoid", "logistic function", lambda m, x: 1.0 / (1.0 + m.exp(-x)), lambda m, out, x: (m.exact(m.sigmoid_slope(x), lambda: out * (1.0 - out)),))  # the textbook's form is 0 from x = 37 on
LOG_SIGMOID = op("log_sigmoid", "log of the logistic function", lambda m, x: -m.softplus(-x), lambda m, out, x: (m.sigmoid(-x),))
RELU        = op("relu", "rectifier; derivative 0 at 0", lambda m, x: m.where(x < 0.0, 0.0, x), lambda m, out, x: (m.where(x > 0.0, 1.0, 0.0),))
LEAKY_RELU  = op("leaky_relu", "rectifier with a slope below 0, and that slope at 0",
                 lambda m, x, slope: m.where(x > 0.0, x, slope * x),
                 lambda m, out, x, slope: (m.where(x > 0.0, 1.0, slope), m.where(x > 0.0, 0.0, x)))
ELU         = op("elu", "exponential linear unit, alpha = 1 (Clevert et al. 2015); at 0 the derivatives from below",
                 lambda m, x: m.where(x > 0.0, x, m.expm1(m.where(x > 0.0, 0.0, x))),
                 lambda m, out, x: (m.where(x > 0.0, 1.0, m.exp(m.where(x > 0.0, 0.0, x))),))
SELU        = op("selu", "scaled elu (Klambauer et al. 2017); at 0 the derivatives from below",
                 lambda m, x: m.where(x > 0.0, _SELU * x, _SELU_ALPHA * m.expm1(m.where(x > 0.0, 0.0, x))),
                 lambda m, out, x: (m.where(x > 0.0, _SELU, _SELU_ALPHA * m.exp(m.where(x > 0.0, 0.0, x))),))
SOFTPLUS    = op("softplus", "log(1 + exp(x)), in a form that cannot overflow",
                 lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x))), lambda m, out, x: (m.sigmoid(x),))
SILU        = op("silu", "x * sigmoid(x) (Elfwing et al. 2017)",
                 lambda m, x: m.tail(x < -700.0, lambda: _far_left(m, x), x * m.sigmoid(x)), lambda m, out, x: (_silu_slope(m, x),))
MISH        = op("mish", "x * tanh(softplus(x)) (Misra 2019)",
                 lambda m, x: m.tail(x < -700.0, lambda: _far_left(m, x), x * m.tanh(m.softplus(x))), lambda m, out, x: (_mish_slope(m, x),))
GELU        = op("gelu", "x times the normal distribution function, exact (Hendrycks and Gimpel 2016)",
                 lambda m, x: x * m.normal_cdf(x), lambda m, out, x: (m.normal_cdf(x) + x * m.normal_pdf(x),))

# Choices; a tie shares the gradient equally, and NaN in any place gives NaN
MINIMUM = op("minimum", "the smaller of two", lambda m, x, y: m.minimum(x, y),
             lambda m, out, x, y: (m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5)), m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5))))
MAXIMUM = op("maximum", "the larger of two", lambda m, x, y: m.maximum(x, y),
             lambda m, out, x, y: (m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5)), m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5))))
MIN     = op("min", "the smallest of many", lambda m, *xs: m.smallest(xs), _share)
MAX     = op("max", "the largest of many",  lambda m, *xs: m.largest(xs), _share)
CLAMP   = op("clamp", "x, not below low and not above high; derivative 1 at these borders",
             lambda m, x, low, high: m.where(x < low, low, m.where(high < x, high, x)),
             lambda m, out, x, low, high: (m.where(x < low, 0.0, m.where(high < x, 0.0, 1.0)), m.where(x < low, 1.0, 0.0), m.where(x < low, 0.0, m.where(high < x, 1.0, 0.0))))
WHERE   = op("where", "a where the condition holds, else b", lambda m, condition, a, b: m.where(condition, a, b),
             lambda m, out, condition, a, b: (0.0, m.where(condition, 1.0, 0.0), m.where(condition, 0.0, 1.0)))

# Over many numbers
DOT         = op("dot", "w1*x1 + ... + wn*xn, plus a bias", _dot, _dot_partials)
TOTAL       = op("total", "sum of many", lambda m, *xs: m.sum(xs), lambda m, out, *xs: (1.0,) * len(xs))
MEAN        = op("mean", "arithmetic mean", _mean, lambda m, out, *xs: (1.0 / m.count(xs),) * len(xs))
PROD        = op("prod", "product of many, from left to right", lambda m, *xs: m.product(xs), lambda m, out, *xs: tuple(m.products_of_others(xs)))
NORM        = op("norm", "length of a vector; derivatives 0 at the origin, exact where the length is no subnormal number", lambda m, *xs: m.length(xs),
                 lambda m, out, *xs: tuple(_over(m, x, out) for x in xs))
LOGSUMEXP   = op("logsumexp", "log(exp(x1) + ... + exp(xn)), in a form that cannot overflow", _logsumexp, lambda m, out, *xs: tuple(m.probabilities(xs)))
SOFTMAX     = op("softmax", "exp(x) / (exp(x1) + ... + exp(xn)) for the x at an index from 0", _softmax, _softmax_partials)
LOG_SOFTMAX = op("log_softmax", "log of the softmax at an index from 0", _log_softmax, _log_softmax_partials)

# Parts of the derivatives above, and the chain rule itself in a function that is being compiled
CHAIN         = op("chain", "upstream * local, and 0 where the local derivative is, whatever the upstream one",
                   lambda m, upstream, local: m.where(m.abs(local) <= 0.0, 0.0, upstream * local), lambda m, out, upstream, local: (local, upstream))
GAUSS         = op("gauss", "exp(-x²)", lambda m, x: _exp_square(m, 1.0, x), lambda m, out, x: (-2.0 * (x * out),))
NORMAL_PDF    = op("normal_pdf", "density of the normal distribution", lambda m, x: _SQRT_1_2PI * _exp_square(m, 0.5, x), lambda m, out, x: (-x * out,))
NORMAL_CDF    = op("normal_cdf", "normal distribution function", _normal_cdf, lambda m, out, x: (m.normal_pdf(x),))
SIGMOID_SLOPE = op("sigmoid_slope", "derivative of sigmoid, sigmoid(x)*sigmoid(-x)", _sigmoid_slope, lambda m, out, x: (-out * m.tanh(0.5 * x),))
SECH2         = op("sech2", "derivative of tanh, 1 / cosh(x)²", _sech2, lambda m, out, x: (-2.0 * out * m.tanh(x),))
SEMICIRCLE    = op("semicircle", "sqrt(1 - x²), exact near 1", lambda m, x: m.sqrt((1.0 - x) * (1.0 + x)), lambda m, out, x: (-x / out,), "-1 <= x <= 1")
ARCTAN_SLOPE  = op("arctan_slope", "derivative of arctan, 1 / (1 + x²)", lambda m, x: 1.0 / (1.0 + x * x), lambda m, out, x: (-2.0 * (x * out) * out,))
OVER_SQUARE   = op("over_square", "x / r², or 0 where r is 0", _over_square, lambda m, out, x, r: (m.over_square(1.0, r), _over(m, -2.0 * out, r)))
POWER_TERM    = op("power_term", "c * x**n * log(x)**k, which is 0 where c is", _power_term, _power_term_partials)
