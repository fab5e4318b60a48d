"""Rows that other rows need where the textbook's form loses digits or overflows, and the rules they are made of.

Each has its own derivative, so that derivatives of any order are exact too. As text, they show the textbook's form
(module as_formulas).
"""

import math
from typing import Any

from .operation import op

_SQRT_HALF = math.sqrt(0.5)
_SQRT_1_2PI = 1.0 / math.sqrt(2.0 * math.pi)


def over(m: Any, x: Any, r: Any) -> Any:
    """x / r, or 0 where r is 0."""
    return m.where(m.abs(r) > 0.0, x / m.where(m.abs(r) > 0.0, r, 1.0), 0.0)


def _over_square(m: Any, x: Any, r: Any) -> Any:
    return over(m, over(m, x, r), r)  # r * r may overflow


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
    total = 1.0 + e
    return m.where(x < -40.0, 1.0 / total, e / (total * total))  # σ(x)·σ(-x), of which σ(-x) is 1 there


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


def far_left(m: Any, x: Any) -> Any:
    """x * exp(x), which silu and mish are there."""
    return x * _exp_half(m, x) * _exp_half(m, x)


def _far_slope(m: Any, x: Any) -> Any:
    return (1.0 + x) * _exp_half(m, x) * _exp_half(m, x)


def silu_slope(m: Any, x: Any) -> Any:
    near = m.tail(x > 700.0, lambda: 1.0 - _far_slope(m, -x), m.sigmoid(x) * (1.0 + x * m.sigmoid(-x)))
    return m.tail(x < -700.0, lambda: _far_slope(m, x), near)


def mish_slope(m: Any, x: Any) -> Any:
    # With e / q = exp(x), neither above 1: tanh(softplus(x)) is n / w, and 1 - 2 q² / w.
    e, q = m.exp(m.where(x < 0.0, x, 0.0)), m.exp(-m.where(x < 0.0, 0.0, x))
    n, rest = e * (e + 2.0 * q), 2.0 * q * q
    w = n + rest
    by_x = x * (2.0 * e * rest * (e + q) / w)
    near = m.where(x < 0.0, (n + by_x) / w, 1.0 + (by_x - rest) / w)
    return m.tail(x < -700.0, lambda: _far_slope(m, x), near)


# fmt: off
# ruff: noqa: E501 (a row is read across, value beside derivatives)

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
OVER_SQUARE   = op("over_square", "x / r², or 0 where r is 0", _over_square, lambda m, out, x, r: (m.over_square(1.0, r), over(m, -2.0 * out, r)))
POWER_TERM    = op("power_term", "c * x**n * log(x)**k, which is 0 where c is", _power_term, _power_term_partials)
