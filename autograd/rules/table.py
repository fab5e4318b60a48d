"""The table of operations: each row is a value and its local derivatives, side by side, as in a calculus book.

A row never asks what kind of number it is given. It uses ``+ - * / **``, comparisons and the functions of a namespace
``m``, and whoever reads it chooses the numbers: floats, Values, text, arrays or machine code. Everything else in the
project (backward, drawing, stepping, second derivatives, compiling, most tests) follows from these rows, so adding an
operation is adding one row here.
"""

import math
from operator import mul
from typing import Any

from .exact import far_left, mish_slope, over, silu_slope
from .operation import LEAF, TABLE, Namespace, Operation, lookup, op

__all__ = ["LEAF", "TABLE", "Namespace", "Operation", "lookup", "op"]


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


_LARGEST = 1.7976931348623157e308
_2_SQRTPI = 2.0 / math.sqrt(math.pi)
_1_LN2 = 1.0 / math.log(2.0)
_1_LN10 = 0.4342944819032518
_SELU, _SELU_ALPHA = 1.0507009873554805, 1.7580993408473768  # scale, and scale times alpha

# fmt: off
# ruff: noqa: E501 (a row is read across, value beside derivatives)

# Arithmetic
ADD = op("+", "sum",        lambda m, x, y: x + y, lambda m, out, x, y: (1.0, 1.0), ieee=True)
SUB = op("-", "difference", lambda m, x, y: x - y, lambda m, out, x, y: (1.0, -1.0), ieee=True)
MUL = op("*", "product",    lambda m, x, y: x * y, lambda m, out, x, y: (y, x), ieee=True)
DIV = op("/", "quotient",   lambda m, x, y: x / y, lambda m, out, x, y: (1.0 / y, -out / y), "y != 0", error=ZeroDivisionError, overflows=True)
NEG = op("neg", "the number with its sign turned", lambda m, x: -x, lambda m, out, x: (-1.0,), ieee=True)
POW = op("**", "power; x ** 0 is 1 everywhere, with derivative 0. Where y - 1 is rounded (y is no multiple of 2**-53), the derivative by x is off by up to log(x) ulp",
         lambda m, x, y: x**y, lambda m, out, x, y: (m.power_term(y, x, y - 1.0, 0.0), m.exact(m.power_term(1.0, x, y, 1.0), lambda: out * m.log(x))), "x > 0 or (x == 0 and y >= 0) or (x < 0 and y % 1 == 0)", overflows=True)

# Elementary functions
EXP     = op("exp",     "e to the power x",                lambda m, x: m.exp(x),    lambda m, out, x: (out,), "x <= 709.78", error=OverflowError)
EXPM1   = op("expm1",   "exp(x) - 1, exact near 0",        lambda m, x: m.expm1(x),  lambda m, out, x: (m.exp(x),), "x <= 709.78", error=OverflowError)
LOG     = op("log",     "natural logarithm",               lambda m, x: m.log(x),    lambda m, out, x: (1.0 / x,), "x > 0")
LOG1P   = op("log1p",   "log(1 + x), exact near 0",        lambda m, x: m.log1p(x),  lambda m, out, x: (1.0 / (1.0 + x),), "x > -1")
LOG2    = op("log2",    "logarithm to the base 2",         lambda m, x: m.log2(x),   lambda m, out, x: (_1_LN2 / x,), "x > 0")
LOG10   = op("log10",   "logarithm to the base 10",        lambda m, x: m.log10(x),  lambda m, out, x: (_1_LN10 / x,), "x > 0")
SQRT    = op("sqrt",    "square root",                     lambda m, x: m.sqrt(x),   lambda m, out, x: (0.5 / out,), "x >= 0", pole=True)
CBRT    = op("cbrt",    "cube root",                       lambda m, x: m.cbrt(x),   lambda m, out, x: (m.tail(m.abs(x) > 0.0, lambda: out / x / 3.0, 1.0 / (3.0 * out * out)),), pole=True)
ABS     = op("abs",     "distance from 0; derivative 0 at 0", lambda m, x: m.abs(x), lambda m, out, x: (m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, 0.0)),))
SIGN    = op("sign",    "1, 0 or -1; derivative 0",        lambda m, x: m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, x)), lambda m, out, x: (0.0,), choice=True)
SIN     = op("sin",     "sine of x radians",               lambda m, x: m.sin(x),    lambda m, out, x: (m.cos(x),), "abs(x) < inf")
COS     = op("cos",     "cosine of x radians",             lambda m, x: m.cos(x),    lambda m, out, x: (-m.sin(x),), "abs(x) < inf")
TAN     = op("tan",     "tangent of x radians",            lambda m, x: m.tan(x),    lambda m, out, x: (1.0 + out * out,), "abs(x) < inf")
ARCSIN  = op("arcsin",  "angle whose sine is x, radians",  lambda m, x: m.arcsin(x), lambda m, out, x: (1.0 / m.semicircle(x),), "-1 <= x <= 1")
ARCCOS  = op("arccos",  "angle whose cosine is x, radians", lambda m, x: m.arccos(x), lambda m, out, x: (-1.0 / m.semicircle(x),), "-1 <= x <= 1")
ARCTAN  = op("arctan",  "angle whose tangent is x, radians", lambda m, x: m.arctan(x), lambda m, out, x: (m.arctan_slope(x),))
SINH    = op("sinh",    "hyperbolic sine",                 lambda m, x: m.sinh(x),   lambda m, out, x: (m.cosh(x),), "abs(x) <= 710.47", error=OverflowError)
COSH    = op("cosh",    "hyperbolic cosine",               lambda m, x: m.cosh(x),   lambda m, out, x: (m.sinh(x),), "abs(x) <= 710.47", error=OverflowError)
TANH    = op("tanh",    "hyperbolic tangent",              lambda m, x: m.tanh(x),   lambda m, out, x: (m.exact(m.sech2(x), lambda: 1.0 - out * out),), steepest=1.0)  # the textbook's form is 0 from x = 20 on
ARCSINH = op("arcsinh", "number whose sinh is x",          lambda m, x: m.arcsinh(x), lambda m, out, x: (1.0 / m.hypot(1.0, x),))
ARCCOSH = op("arccosh", "number >= 0 whose cosh is x",     lambda m, x: m.arccosh(x), lambda m, out, x: (1.0 / (m.sqrt(x - 1.0) * m.sqrt(x + 1.0)),), "x >= 1")
ARCTANH = op("arctanh", "number whose tanh is x",          lambda m, x: m.arctanh(x), lambda m, out, x: (1.0 / (m.semicircle(x) * m.semicircle(x)),), "-1 < x < 1")
ERF     = op("erf",     "error function (Abramowitz and Stegun 7.1.1)", lambda m, x: m.erf(x), lambda m, out, x: (_2_SQRTPI * m.gauss(x),))
ERFC    = op("erfc",    "1 - erf(x), exact for large x",   lambda m, x: m.erfc(x),   lambda m, out, x: (-_2_SQRTPI * m.gauss(x),))
HYPOT   = op("hypot",   "length of the vector (x, y); derivatives 0 at the origin, exact where the length is no subnormal number", lambda m, x, y: m.hypot(x, y),
             lambda m, out, x, y: (over(m, x, out), over(m, y, out)), overflows=True)
ARCTAN2 = op("arctan2", "angle of the point (x, y), radians; derivatives 0 at the origin", lambda m, y, x: m.arctan2(y, x),
             lambda m, out, y, x: (m.over_square(x, m.hypot(x, y)), -m.over_square(y, m.hypot(x, y))))

# Activation functions
SIGMOID     = op("sigmoid", "logistic function", lambda m, x: 1.0 / (1.0 + m.exp(-x)), lambda m, out, x: (m.exact(m.sigmoid_slope(x), lambda: out * (1.0 - out)),), steepest=0.25)  # the textbook's form is 0 from x = 37 on
LOG_SIGMOID = op("log_sigmoid", "log of the logistic function", lambda m, x: -m.softplus(-x), lambda m, out, x: (m.sigmoid(-x),))
RELU        = op("relu", "rectifier; derivative 0 at 0", lambda m, x: m.where(x < 0.0, 0.0, x), lambda m, out, x: (m.where(x > 0.0, 1.0, 0.0),), choice=True)
LEAKY_RELU  = op("leaky_relu", "rectifier with a slope below 0, and that slope at 0",
                 lambda m, x, slope: m.where(x > 0.0, x, slope * x),
                 lambda m, out, x, slope: (m.where(x > 0.0, 1.0, slope), m.where(x > 0.0, 0.0, x)), choice=True, overflows=True)
ELU         = op("elu", "exponential linear unit, alpha = 1 (Clevert et al. 2015); at 0 the derivatives from below",
                 lambda m, x: m.where(x > 0.0, x, m.expm1(m.where(x > 0.0, 0.0, x))),
                 lambda m, out, x: (m.where(x > 0.0, 1.0, m.exp(m.where(x > 0.0, 0.0, x))),))
SELU        = op("selu", "scaled elu (Klambauer et al. 2017); at 0 the derivatives from below",
                 lambda m, x: m.where(x > 0.0, _SELU * x, _SELU_ALPHA * m.expm1(m.where(x > 0.0, 0.0, x))),
                 lambda m, out, x: (m.where(x > 0.0, _SELU, _SELU_ALPHA * m.exp(m.where(x > 0.0, 0.0, x))),), overflows=True)
SOFTPLUS    = op("softplus", "log(1 + exp(x)), in a form that cannot overflow",
                 lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x))), lambda m, out, x: (m.sigmoid(x),))
SILU        = op("silu", "x * sigmoid(x) (Elfwing et al. 2017)",
                 lambda m, x: m.tail(x < -700.0, lambda: far_left(m, x), x * m.sigmoid(x)), lambda m, out, x: (silu_slope(m, x),))
MISH        = op("mish", "x * tanh(softplus(x)) (Misra 2019)",
                 lambda m, x: m.tail(x < -700.0, lambda: far_left(m, x), x * m.tanh(m.softplus(x))), lambda m, out, x: (mish_slope(m, x),))
GELU        = op("gelu", "x times the normal distribution function, exact (Hendrycks and Gimpel 2016)",
                 lambda m, x: x * m.normal_cdf(x), lambda m, out, x: (m.normal_cdf(x) + x * m.normal_pdf(x),))

# Choices; a tie shares the gradient equally, and NaN in any place gives NaN
MINIMUM = op("minimum", "the smaller of two", lambda m, x, y: m.minimum(x, y),
             lambda m, out, x, y: (m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5)), m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5))), choice=True)
MAXIMUM = op("maximum", "the larger of two", lambda m, x, y: m.maximum(x, y),
             lambda m, out, x, y: (m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5)), m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5))), choice=True)
MIN     = op("min", "the smallest of many", lambda m, *xs: m.smallest(xs), _share, choice=True)
MAX     = op("max", "the largest of many",  lambda m, *xs: m.largest(xs), _share, choice=True)
CLAMP   = op("clamp", "x, not below low and not above high; derivative 1 at these borders",
             lambda m, x, low, high: m.where(x < low, low, m.where(high < x, high, x)),
             lambda m, out, x, low, high: (m.where(x < low, 0.0, m.where(high < x, 0.0, 1.0)), m.where(x < low, 1.0, 0.0), m.where(x < low, 0.0, m.where(high < x, 1.0, 0.0))), choice=True)
WHERE   = op("where", "a where the condition holds, else b", lambda m, condition, a, b: m.where(condition, a, b),
             lambda m, out, condition, a, b: (0.0, m.where(condition, 1.0, 0.0), m.where(condition, 0.0, 1.0)), choice=True)

# Over many numbers
DOT         = op("dot", "w1*x1 + ... + wn*xn, plus a bias", _dot, _dot_partials, overflows=True)
TOTAL       = op("total", "sum of many", lambda m, *xs: m.sum(xs), lambda m, out, *xs: (1.0,) * len(xs), overflows=True)
MEAN        = op("mean", "arithmetic mean", _mean, lambda m, out, *xs: (1.0 / m.count(xs),) * len(xs))
PROD        = op("prod", "product of many, from left to right", lambda m, *xs: m.product(xs), lambda m, out, *xs: tuple(m.products_of_others(xs)), overflows=True)
NORM        = op("norm", "length of a vector; derivatives 0 at the origin, exact where the length is no subnormal number", lambda m, *xs: m.length(xs),
                 lambda m, out, *xs: tuple(over(m, x, out) for x in xs), overflows=True)
LOGSUMEXP   = op("logsumexp", "log(exp(x1) + ... + exp(xn)), in a form that cannot overflow", _logsumexp, lambda m, out, *xs: tuple(m.probabilities(xs)))
SOFTMAX     = op("softmax", "exp(x) / (exp(x1) + ... + exp(xn)) for the x at an index from 0", _softmax, _softmax_partials)
LOG_SOFTMAX = op("log_softmax", "log of the softmax at an index from 0", _log_softmax, _log_softmax_partials, overflows=True)
