"""An independent opinion: forward-mode jets over 50-digit mpmath, written without a look at the table.

A jet holds a number, its derivatives by each input and its second derivatives by each pair. Every function states its
own first and second derivative in closed form; mpmath supplies the digits. `bulk` adds up the absolute values of the
contributions, which tells how much rounding a float gradient of the same formula may show.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

mp.dps = 50

Triple = tuple[Any, Any, Any]  # value, first and second derivative


class KinkError(Exception):
    """The point is so near to a kink that floats and exact numbers may stand on different sides of it."""


def _sigmoid(x: Any) -> Triple:
    t, c = mp.tanh(x / 2), mp.cosh(x / 2) ** 2
    # 1 / (1 + e^-x) keeps the relative precision where (1 + t) / 2 would lose it
    return 1 / (1 + mp.exp(-x)), 1 / (4 * c), -t / (4 * c)


def _silu(x: Any) -> Triple:
    s, ds, dds = _sigmoid(x)
    return x * s, s + x * ds, 2 * ds + x * dds


def erfc(x: Any) -> Any:
    if abs(x) > 10**6:  # where mpmath has no digits left, and floats neither: 0 or 2
        return mpf(0) if x > 0 else mpf(2)
    return mp.erfc(x)


def cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _gelu(x: Any) -> Triple:
    cumulative, density = erfc(-x / mp.sqrt(2)) / 2, mp.npdf(x)
    return x * cumulative, cumulative + x * density, density * (2 - x * x)


def _erf(x: Any) -> Triple:
    slope = 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    return mp.erf(x), slope, -2 * x * slope


def _tanh(x: Any) -> Triple:
    sech = mp.sech(x) ** 2
    return mp.tanh(x), sech, -2 * mp.tanh(x) * sech


def _tan(x: Any) -> Triple:
    sec = mp.sec(x) ** 2
    return mp.tan(x), sec, 2 * mp.tan(x) * sec


def _normal(x: Any) -> Triple:
    cumulative, density = erfc(-x / mp.sqrt(2)) / 2, mp.npdf(x)
    return cumulative, density, -x * density


def _mish(x: Any) -> Triple:
    s, ds, dds = mp.log1p(mp.exp(x)), *_sigmoid(x)[:2]
    t, sech = mp.tanh(s), mp.sech(s) ** 2
    dt, ddt = sech * ds, sech * dds - 2 * t * sech * ds**2
    return x * t, t + x * dt, 2 * dt + x * ddt


def _sigmoid_slope(x: Any) -> Triple:
    s, t = _sigmoid(x)[1], mp.tanh(x / 2)
    return s, -t * s, s * (t**2 - mp.sech(x / 2) ** 2 / 2)


def _sech2(x: Any) -> Triple:
    s, t = mp.sech(x) ** 2, mp.tanh(x)
    return s, -2 * t * s, 4 * t**2 * s - 2 * s**2


def _selu(x: Any) -> Triple:
    scale, alpha = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
    if x > 0:
        return scale * x, scale, mpf(0)
    return scale * alpha * mp.expm1(x), scale * alpha * mp.exp(x), scale * alpha * mp.exp(x)


UNARY: dict[str, Callable[[Any], Triple]] = {
    "neg": lambda x: (-x, mpf(-1), mpf(0)),
    "exp": lambda x: (mp.exp(x), mp.exp(x), mp.exp(x)),
    "expm1": lambda x: (mp.expm1(x), mp.exp(x), mp.exp(x)),
    "log": lambda x: (mp.log(x), 1 / x, -1 / x**2),
    "log1p": lambda x: (mp.log1p(x), 1 / (1 + x), -1 / (1 + x) ** 2),
    "sqrt": lambda x: (mp.sqrt(x), 1 / (2 * mp.sqrt(x)), -1 / (4 * x * mp.sqrt(x))),
    "log2": lambda x: (mp.log(x) / mp.log(2), 1 / x / mp.log(2), -1 / x**2 / mp.log(2)),
    "log10": lambda x: (mp.log10(x), 1 / x / mp.log(10), -1 / x**2 / mp.log(10)),
    "cbrt": lambda x: (cbrt(x), 1 / (3 * cbrt(x) ** 2), -2 / (9 * x * cbrt(x) ** 2)),
    "sign": lambda x: (mpf(mp.sign(x)), mpf(0), mpf(0)),
    "arcsinh": lambda x: (mp.asinh(x), 1 / mp.sqrt(1 + x * x), -x / mp.sqrt(1 + x * x) ** 3),
    "arccosh": lambda x: (mp.acosh(x), 1 / mp.sqrt(x * x - 1), -x / mp.sqrt(x * x - 1) ** 3),
    "arctanh": lambda x: (mp.atanh(x), 1 / (1 - x * x), 2 * x / (1 - x * x) ** 2),
    "sin": lambda x: (mp.sin(x), mp.cos(x), -mp.sin(x)),
    "cos": lambda x: (mp.cos(x), -mp.sin(x), -mp.cos(x)),
    "tan": _tan,
    "sinh": lambda x: (mp.sinh(x), mp.cosh(x), mp.sinh(x)),
    "cosh": lambda x: (mp.cosh(x), mp.sinh(x), mp.cosh(x)),
    "tanh": _tanh,
    "arcsin": lambda x: (mp.asin(x), 1 / mp.sqrt(1 - x * x), x / mp.sqrt(1 - x * x) ** 3),
    "arccos": lambda x: (mp.acos(x), -1 / mp.sqrt(1 - x * x), -x / mp.sqrt(1 - x * x) ** 3),
    "arctan": lambda x: (mp.atan(x), 1 / (1 + x * x), -2 * x / (1 + x * x) ** 2),
    "erf": _erf,
    "erfc": lambda x: (erfc(x), -_erf(x)[1], -_erf(x)[2]),
    "sigmoid": _sigmoid,
    "log_sigmoid": lambda x: (-mp.log1p(mp.exp(-x)), _sigmoid(-x)[0], -_sigmoid(x)[1]),
    "selu": _selu,
    "mish": _mish,
    "normal_cdf": _normal,
    "normal_pdf": lambda x: (mp.npdf(x), -x * mp.npdf(x), (x * x - 1) * mp.npdf(x)),
    "gauss": lambda x: (mp.exp(-x * x), -2 * x * mp.exp(-x * x), (4 * x * x - 2) * mp.exp(-x * x)),
    "sigmoid_slope": _sigmoid_slope,
    "sech2": _sech2,
    "semicircle": lambda x: (mp.sqrt(1 - x * x), -x / mp.sqrt(1 - x * x), -1 / mp.sqrt(1 - x * x) ** 3),
    "arctan_slope": lambda x: (
        1 / (1 + x * x),
        -2 * x / (1 + x * x) ** 2,
        (6 * x * x - 2) / (1 + x * x) ** 3,
    ),
    "softplus": lambda x: (mp.log1p(mp.exp(x)), *_sigmoid(x)[:2]),
    "silu": _silu,
    "gelu": _gelu,
    "abs": lambda x: (abs(x), mpf(mp.sign(x)), mpf(0)),
    "relu": lambda x: (x, mpf(1), mpf(0)) if x > 0 else (mpf(0), mpf(0), mpf(0)),
    "leaky_relu": lambda x: (x, mpf(1), mpf(0)) if x > 0 else (x * mpf(0.01), mpf(0.01), mpf(0)),
    "elu": lambda x: (x, mpf(1), mpf(0)) if x > 0 else (mp.expm1(x), mp.exp(x), mp.exp(x)),
}
KINKED = {"abs", "relu", "leaky_relu", "elu", "selu", "sign"}  # at 0
_NEAR = mpf("1e-3")


class Jet:
    """A number with its first and second derivatives by n inputs."""

    def __init__(self, value: Any, d: Sequence[Any], dd: Sequence[Sequence[Any]], bulk: Sequence[Any]):
        self.value, self.d, self.dd, self.bulk = mpf(value), list(d), [list(row) for row in dd], list(bulk)

    @classmethod
    def inputs(cls, point: Sequence[float]) -> list["Jet"]:
        n = len(point)
        zeros = [[mpf(0)] * n for _ in range(n)]
        units = [[mpf(i == k) for i in range(n)] for k in range(n)]
        return [cls(x, unit, zeros, unit) for x, unit in zip(point, units, strict=True)]

    def number(self, value: float) -> "Jet":
        n = len(self.d)
        return Jet(value, [mpf(0)] * n, [[mpf(0)] * n for _ in range(n)], [mpf(0)] * n)

    def _of(self, other: Any) -> "Jet":
        return other if isinstance(other, Jet) else self.number(other)

    def unary(self, name: str) -> "Jet":
        if name in KINKED and abs(self.value) < _NEAR:
            raise KinkError
        return self._chain(*UNARY[name](self.value))

    def _chain(self, g: Any, dg: Any, ddg: Any) -> "Jet":
        d, n = self.d, range(len(self.d))
        dd = [[dg * self.dd[i][j] + ddg * d[i] * d[j] for j in n] for i in n]
        return Jet(g, [dg * x for x in d], dd, [abs(dg) * x for x in self.bulk])

    def __add__(self, other: Any) -> "Jet":
        other, n = self._of(other), range(len(self.d))
        return Jet(
            self.value + other.value,
            [self.d[i] + other.d[i] for i in n],
            [[self.dd[i][j] + other.dd[i][j] for j in n] for i in n],
            [self.bulk[i] + other.bulk[i] for i in n],
        )

    def __mul__(self, other: Any) -> "Jet":
        other, n = self._of(other), range(len(self.d))
        x, y = self.value, other.value
        return Jet(
            x * y,
            [x * other.d[i] + y * self.d[i] for i in n],
            [
                [x * other.dd[i][j] + y * self.dd[i][j] + self.d[i] * other.d[j] + self.d[j] * other.d[i] for j in n]
                for i in n
            ],
            [abs(x) * other.bulk[i] + abs(y) * self.bulk[i] for i in n],
        )

    def __neg__(self) -> "Jet":
        return self.unary("neg")

    def __sub__(self, other: Any) -> "Jet":
        return self + -self._of(other)

    def __truediv__(self, other: Any) -> "Jet":
        other = self._of(other)
        y = other.value
        return self * other._chain(1 / y, -1 / y**2, 2 / y**3)

    def __pow__(self, other: Any) -> "Jet":
        if isinstance(other, Jet):
            return (self.unary("log") * other).unary("exp")
        x, n = self.value, mpf(other)
        if n == 0:
            return self.number(1.0)
        return self._chain(x**n, n * x ** (n - 1), n * (n - 1) * x ** (n - 2) if n != 1 else mpf(0))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> "Jet":
        return self._of(other) - self

    def __rtruediv__(self, other: Any) -> "Jet":
        return self._of(other) / self

    def __rpow__(self, other: Any) -> "Jet":
        return self._of(other) ** self


def pick(condition: Jet, a: Jet, b: Jet) -> Jet:
    if abs(condition.value) < _NEAR:
        raise KinkError
    return a if condition.value > 0 else b


def maximum(x: Jet, y: Jet) -> Jet:
    return pick(x - y, x, y)


def minimum(x: Jet, y: Jet) -> Jet:
    return pick(x - y, y, x)


def total(xs: Sequence[Jet]) -> Jet:
    result, *rest = xs
    for x in rest:
        result = result + x
    return result


def mean(xs: Sequence[Jet]) -> Jet:
    return total(xs) / len(xs)


def dot(ws: Sequence[Jet], xs: Sequence[Jet], bias: Any = 0) -> Jet:
    return total([w * x for w, x in zip(ws, xs, strict=True)]) + bias


def logsumexp(xs: Sequence[Jet]) -> Jet:
    return total([x.unary("exp") for x in xs]).unary("log")  # 50 digits and any exponent: no shift is needed


def log_softmax(xs: Sequence[Jet]) -> list[Jet]:
    norm = logsumexp(xs)
    return [x - norm for x in xs]


def softmax(xs: Sequence[Jet]) -> list[Jet]:
    powers = [x.unary("exp") for x in xs]
    norm = total(powers)
    return [power / norm for power in powers]
