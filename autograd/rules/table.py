"""The table of operations: each row is a value and its local derivatives, side by side, as in a calculus book.

A row never asks what kind of number it is given. It uses ``+ - * / **``, comparisons and the functions of a namespace
``m``, and whoever reads it chooses the numbers: floats, Values, text, arrays or machine code. Everything else in the
project (backward, drawing, stepping, second derivatives, compiling, most tests) follows from these rows, so adding an
operation is adding one row here.
"""

import math
from operator import mul
from typing import Any

from .operation import LEAF, TABLE, Namespace, Operation, lookup, op

__all__ = ["LEAF", "TABLE", "Namespace", "Operation", "lookup", "op"]


def _dot(m: Any, *xs: Any) -> Any:
    n = len(xs) // 2  # w1 ... wn, x1 ... xn and perhaps a bias
    return m.sum(map(mul, xs[:n], xs[n : 2 * n]), *xs[2 * n :])


def _dot_partials(_: Any, __: Any, *xs: Any) -> tuple[Any, ...]:
    n = len(xs) // 2
    return xs[n : 2 * n] + xs[:n] + (1.0,) * (len(xs) % 2)


def _logsumexp(m: Any, *xs: Any) -> Any:
    top = m.largest(xs)  # any constant gives the same value and derivative; this one cannot overflow
    return top + m.log(m.sum([m.exp(x - top) for x in xs]))


def _softmax(m: Any, _: Any, *xs: Any) -> tuple[Any, ...]:
    top = m.largest(xs)  # exp(x - out) would be shorter, but out is rounded: an offset of 1e8 would cost 8 digits
    powers = [m.exp(x - top) for x in xs]
    total = m.sum(powers)
    return tuple(power / total for power in powers)


_SQRT_HALF = math.sqrt(0.5)
_SQRT_1_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_2_SQRTPI = 2.0 / math.sqrt(math.pi)

# fmt: off
# ruff: noqa: E501 (a row is read across, value beside derivatives)

# Arithmetic
ADD = op("+", "sum",        lambda m, x, y: x + y, lambda m, out, x, y: (1.0, 1.0), ieee=True)
SUB = op("-", "difference", lambda m, x, y: x - y, lambda m, out, x, y: (1.0, -1.0), ieee=True)
MUL = op("*", "product",    lambda m, x, y: x * y, lambda m, out, x, y: (y, x), ieee=True)
DIV = op("/", "quotient",   lambda m, x, y: x / y, lambda m, out, x, y: (1.0 / y, -out / y), "y != 0", error=ZeroDivisionError)
NEG = op("neg", "the number with its sign turned", lambda m, x: -x, lambda m, out, x: (-1.0,), ieee=True)
# x ** 0 is 1 everywhere, so its derivative is 0 at x = 0 too: the exponent y - 1 is not used where both are 0.
POW = op("**", "power", lambda m, x, y: x**y,
         lambda m, out, x, y: (y * x**m.where(m.abs(y) > 0.0, y - 1.0, m.where(m.abs(x) > 1e-300, y - 1.0, 1.0)),
                               out * m.log(m.where(x > 0.0, x, 1.0))), "x > 0 or (x == 0 and y >= 0) or (x < 0 and y % 1 == 0)")

# Elementary functions
EXP    = op("exp",    "e to the power x",                lambda m, x: m.exp(x),    lambda m, out, x: (out,), "x <= 709.78", error=OverflowError)
EXPM1  = op("expm1",  "exp(x) - 1, exact near 0",        lambda m, x: m.expm1(x),  lambda m, out, x: (m.exp(x),), "x <= 709.78", error=OverflowError)
LOG    = op("log",    "natural logarithm",               lambda m, x: m.log(x),    lambda m, out, x: (1.0 / x,), "x > 0")
LOG1P  = op("log1p",  "log(1 + x), exact near 0",        lambda m, x: m.log1p(x),  lambda m, out, x: (1.0 / (1.0 + x),), "x > -1")
SQRT   = op("sqrt",   "square root",                     lambda m, x: m.sqrt(x),   lambda m, out, x: (0.5 / out,), "x >= 0")
ABS    = op("abs",    "distance from 0; derivative 0 at 0", lambda m, x: m.abs(x), lambda m, out, x: (m.where(x > 0.0, 1.0, m.where(x < 0.0, -1.0, 0.0)),))
SIN    = op("sin",    "sine of x radians",               lambda m, x: m.sin(x),    lambda m, out, x: (m.cos(x),), "abs(x) < inf")
COS    = op("cos",    "cosine of x radians",             lambda m, x: m.cos(x),    lambda m, out, x: (-m.sin(x),), "abs(x) < inf")
TAN    = op("tan",    "tangent of x radians",            lambda m, x: m.tan(x),    lambda m, out, x: (1.0 + out * out,), "abs(x) < inf")
SINH   = op("sinh",   "hyperbolic sine",                 lambda m, x: m.sinh(x),   lambda m, out, x: (m.cosh(x),), "abs(x) <= 710.47", error=OverflowError)
COSH   = op("cosh",   "hyperbolic cosine",               lambda m, x: m.cosh(x),   lambda m, out, x: (m.sinh(x),), "abs(x) <= 710.47", error=OverflowError)
TANH   = op("tanh",   "hyperbolic tangent",              lambda m, x: m.tanh(x),   lambda m, out, x: (1.0 - out * out,), steepest=1.0)
ARCSIN = op("arcsin", "angle whose sine is x, radians",  lambda m, x: m.arcsin(x), lambda m, out, x: (1.0 / m.sqrt((1.0 - x) * (1.0 + x)),), "-1 <= x <= 1")
ARCCOS = op("arccos", "angle whose cosine is x, radians", lambda m, x: m.arccos(x), lambda m, out, x: (-1.0 / m.sqrt((1.0 - x) * (1.0 + x)),), "-1 <= x <= 1")
ARCTAN = op("arctan", "angle whose tangent is x, radians", lambda m, x: m.arctan(x), lambda m, out, x: (1.0 / (1.0 + x * x),))
ERF    = op("erf",    "error function (Abramowitz and Stegun 7.1.1)", lambda m, x: m.erf(x), lambda m, out, x: (_2_SQRTPI * m.exp(-(x * x)),))
ERFC   = op("erfc",   "1 - erf(x), exact for large x",   lambda m, x: m.erfc(x),   lambda m, out, x: (-_2_SQRTPI * m.exp(-(x * x)),))

# Activation functions
SIGMOID    = op("sigmoid", "logistic function", lambda m, x: 1.0 / (1.0 + m.exp(-x)), lambda m, out, x: (out * (1.0 - out),), steepest=0.25)
RELU       = op("relu", "rectifier; derivative 0 at 0", lambda m, x: m.where(x < 0.0, 0.0, x), lambda m, out, x: (m.where(x > 0.0, 1.0, 0.0),), choice=True)
LEAKY_RELU = op("leaky_relu", "rectifier with a slope below 0, and that slope at 0",
                lambda m, x, slope: m.where(x > 0.0, x, slope * x),
                lambda m, out, x, slope: (m.where(x > 0.0, 1.0, slope), m.where(x > 0.0, 0.0, x)), choice=True)
ELU        = op("elu", "exponential linear unit, alpha = 1 (Clevert et al. 2015)",
                lambda m, x: m.where(x > 0.0, x, m.expm1(m.minimum(x, 0.0))),
                lambda m, out, x: (m.where(x > 0.0, 1.0, m.exp(m.minimum(x, 0.0))),))
SOFTPLUS   = op("softplus", "log(1 + exp(x)), in a form that cannot overflow",
                lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x))), lambda m, out, x: (m.sigmoid(x),))
SILU       = op("silu", "x * sigmoid(x) (Elfwing et al. 2017)",
                lambda m, x: x * m.sigmoid(x), lambda m, out, x: (m.sigmoid(x) * (1.0 + x * m.sigmoid(-x)),))
GELU       = op("gelu", "x times the normal distribution function, exact (Hendrycks and Gimpel 2016)",
                lambda m, x: 0.5 * x * m.erfc(-_SQRT_HALF * x),
                lambda m, out, x: (0.5 * m.erfc(-_SQRT_HALF * x) + _SQRT_1_2PI * x * m.exp(-0.5 * x * x),))

# Choices; a tie shares the gradient equally
MINIMUM = op("minimum", "the smaller of two", lambda m, x, y: m.where(y < x, y, x),
             lambda m, out, x, y: (m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5)), m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5))), choice=True)
MAXIMUM = op("maximum", "the larger of two", lambda m, x, y: m.where(x < y, y, x),
             lambda m, out, x, y: (m.where(y < x, 1.0, m.where(x < y, 0.0, 0.5)), m.where(x < y, 1.0, m.where(y < x, 0.0, 0.5))), choice=True)
WHERE   = op("where", "a where the condition holds, else b", lambda m, condition, a, b: m.where(condition, a, b),
             lambda m, out, condition, a, b: (0.0, m.where(condition, 1.0, 0.0), m.where(condition, 0.0, 1.0)), choice=True)

# Over many numbers
DOT       = op("dot", "w1*x1 + ... + wn*xn, plus a bias", _dot, _dot_partials)
TOTAL     = op("total", "sum of many", lambda m, *xs: m.sum(xs), lambda m, out, *xs: (1.0,) * len(xs))
MEAN      = op("mean", "arithmetic mean", lambda m, *xs: m.sum(xs) / m.count(xs), lambda m, out, *xs: (1.0 / m.count(xs),) * len(xs))
LOGSUMEXP = op("logsumexp", "log(exp(x1) + ... + exp(xn)), in a form that cannot overflow", _logsumexp, _softmax)
