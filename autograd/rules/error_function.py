"""erf and erfc as arithmetic, for machines that lack them: a rule like those of the table, exact to a few ulp."""

import math
from typing import Any

# Taylor's series of erf(x) / x in x², for |x| up to 1/2.
NEAR_0 = [2.0 / math.sqrt(math.pi) * (-1.0) ** k / math.factorial(k) / (2 * k + 1) for k in range(13)]

# (2x + 1)·exp(x²)·erfc(x) in y = (x - 3)/(x + 3), for x from 1/2 to 26 (after Shepherd and Laframboise 1981):
# mpmath.chebyfit with 60 digits, off by 5e-17 at most.
# fmt: off
FROM_HALF = [
    1.2530080582697296, -0.13562110612458073, -0.04756229435343793, 0.1296451587027043, -0.119273663416134,
    0.0683080273461125, -0.023770514898013063, 0.0025293917782145477, 0.0018886900958857806, -0.0007798318954961215,
    -0.00010515785269783963, 0.0001250970557409525, 4.940600194147867e-06, -2.0091626375813134e-05,
    -7.058632070062316e-07, 3.4500309355396884e-06, 3.1025940327294634e-07, -5.81598407172263e-07,
    -9.048286239688219e-08, 7.021155859980582e-08, 1.094359710135305e-08,
]
# fmt: on


def _polynomial(y: Any, coefficients: list[float]) -> Any:
    """Horner's rule."""
    result: Any = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        result = result * y + coefficient
    return result


def _near_0(x: Any) -> Any:
    return x * _polynomial(x * x, NEAR_0)


def _from_half(m: Any, x: Any) -> Any:
    """erfc(x) for x from 1/2 on. `m.gauss` is exp(-x²) with x² in two parts, which the rounded x² would spoil."""
    x = m.where(x < 0.5, 0.5, m.where(x > 30.0, 30.0, x))  # erfc(30) is 0
    return m.gauss(x) * _polynomial((x - 3.0) / (x + 3.0), FROM_HALF) / (2.0 * x + 1.0)


def erf(m: Any, x: Any) -> Any:
    size = m.abs(x)
    far = 1.0 - _from_half(m, size)
    return m.where(size < 0.5, _near_0(x), m.where(x < 0.0, -far, far))


def erfc(m: Any, x: Any) -> Any:
    far = _from_half(m, m.abs(x))
    return m.where(m.abs(x) < 0.5, 1.0 - _near_0(x), m.where(x < 0.0, 2.0 - far, far))
