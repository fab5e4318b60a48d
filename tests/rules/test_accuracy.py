"""How exact each row is: its value, first and second derivative against 50 digits, in the far tails too.

The right number is that of the exact function at the exact float. An error counts in units in the last place (ulp) of
the right number, wherever that is a normal float; where terms of a sum cancel near a zero (gelu' at -0.75), in those of
the largest term, which `TERMS` states. ``python -m tests.rules.test_accuracy`` prints the worst of each row,
with ``--peers`` beside those of PyTorch and JAX, where they are installed.

Bounds: 4 ulp for values and first derivatives, 1e-13 for second derivatives; wider ones, with the reason, in `WIDER`.
"""

import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pytest
from mpmath import mp, mpf

import autograd
from autograd import Value, grad, log_softmax, softmax
from autograd.engine.value import apply
from autograd.rules.table import TABLE, Operation
from tests import oracle
from tests.oracle import Jet

Point = tuple[float, ...]
SMALLEST, LARGEST = mpf(sys.float_info.min), mpf(sys.float_info.max)

SIZES = [
    5e-324, 1e-320, 1e-310, 2.3e-308, 1e-300, 1e-200, 1e-155, 1e-100, 1e-50, 1e-20, 1e-16, 1e-8, 1e-4, 0.01, 0.1, 0.25,
    0.3, 0.5, 0.7, 0.7517915247, 0.75, 0.9, 0.999, 1 - 1e-9, math.nextafter(1, 0), 1.0, math.nextafter(1, 2), 1 + 1e-9,
    1.2784645427, 1.5, math.pi / 2, 2.0, 2.2, 3.0, math.pi, 5.0, 5.9, 6.0, 8.3, 10.0, 15.0, 18.0, 19.1, 20.0, 22.0,
    25.0, 26.0, 26.5, 27.0, 30.0, 36.0, 37.0, 37.5, 38.0, 39.0, 40.0, 41.7, 50.0, 100.0, 200.0, 300.0, 350.0, 354.0,
    400.0, 500.1, 600.0, 690.0, 700.0, 700.3, 705.0, 708.0, 708.5, 709.0, 709.7, 710.0, 710.4, 712.0, 715.0, 720.0,
    740.0, 745.0, 746.0, 800.0, 1000.0, 1e4, 1e5, 1e8, 1e10, 1e15, 1e16, 1e22, 1e50, 1e77, 1e78, 1e80, 1e100, 1e150,
    1e153, 1e154, 1e155, 1e160, 1e200, 1e300, 1.7e308,
]  # fmt: skip
_chance = random.Random(12)
GRID = [
    sign * size
    for size in [
        *SIZES,
        *(_chance.uniform(0, 45) for _ in range(40)),
        *(10 ** _chance.uniform(-3, 3) for _ in range(40)),
    ]
    for sign in (1.0, -1.0)
] + [0.0]

# The largest term of a sum that cancels near a zero, by row: of the value, the first and the second derivative.
_s = oracle.UNARY["sigmoid"]
_n = oracle.UNARY["normal_cdf"]


def _mish_terms(x: Any) -> tuple[Any, Any, Any]:
    sigmoid, slope = _s(x)[:2]
    inner = mp.sech(mp.log1p(mp.exp(x))) ** 2
    return 0, abs(x) * inner * sigmoid, inner * max(2 * sigmoid, abs(x) * slope)


TERMS: dict[str, Callable[[Any], tuple[Any, Any, Any]]] = {
    "silu": lambda x: (0, abs(x) * _s(x)[1], max(_s(x)[1], abs(x * _s(x)[2]))),
    "gelu": lambda x: (0, abs(x) * _n(x)[1], max(2, x * x) * _n(x)[1]),
    "mish": _mish_terms,
    "normal_pdf": lambda x: (0, 0, max(1, x * x) * mp.npdf(x)),
    "gauss": lambda x: (0, 0, max(2, 4 * x * x) * mp.exp(-x * x)),
    "sigmoid_slope": lambda x: (0, 0, _s(x)[1] * max(mp.tanh(x / 2) ** 2, mp.sech(x / 2) ** 2 / 2)),
    "sech2": lambda x: (0, 0, mp.sech(x) ** 2 * max(4 * mp.tanh(x) ** 2, 2 * mp.sech(x) ** 2)),
    "arctan_slope": lambda x: (0, 0, max(6 * x * x, 2) / (1 + x * x) ** 3),
}


class Bounds(NamedTuple):
    value: float = 4.0  # ulp
    first: float = 4.0
    second: float = 1e-13  # relative


WIDER = {
    "sigmoid_slope": Bounds(first=6),  # which is the second derivative of sigmoid
    "sech2": Bounds(first=6),
    "**": Bounds(value=4, first=700, second=1e-12),  # y - 1 is rounded where |y| < 1/2, and counts log(x) times
}


def sane(x: float) -> bool:
    """Whether mpmath can calculate exponentials of x."""
    return abs(x) <= 1e9


EXPONENTIAL = {
    "exp", "expm1", "sinh", "cosh", "tanh", "sigmoid", "softplus", "silu", "mish", "log_sigmoid", "elu", "selu", "gelu",
    "erf", "erfc", "normal_cdf", "normal_pdf", "gauss", "sigmoid_slope", "sech2",
}  # fmt: skip


class Worst:
    """The largest error so far, and where."""

    def __init__(self) -> None:
        self.error, self.where = 0.0, ""

    def note(self, error: float, where: str) -> None:
        if not error <= self.error:  # NaN counts
            self.error, self.where = error, where


def ulps(got: float, exact: Any, term: Any = 0) -> float:
    """The error of `got` in units in the last place; 0 where the right number is no normal float."""
    size = max(abs(exact), abs(term))
    if size < SMALLEST or abs(exact) > LARGEST:
        return 0.0 if exact != 0 or abs(got) < SMALLEST or term else math.inf
    if not math.isfinite(got):
        return math.inf
    return float(abs(mpf(got) - exact) / math.ulp(min(float(size), sys.float_info.max)))


def relative(got: float, exact: Any, term: Any = 0) -> float:
    size = max(abs(exact), abs(term))
    if not SMALLEST <= size <= LARGEST:
        return 0.0
    return float(abs(mpf(got) - exact) / size) if math.isfinite(got) else math.inf


def derivatives(
    row: Operation, point: Point, public: Callable[..., list[Value]] | None = None
) -> tuple[float, list[float], list[list[float]]]:
    """Value, gradient and matrix of second derivatives, as the engine gives them; NaN where it raises.

    Of the row, or of the `public` function of a list, where the first number is a place.
    """
    inputs = [Value(x) for x in point]
    n = range(len(point))
    out = public(inputs[1:])[int(point[0])] if public else apply(row, tuple(inputs))
    first = grad(out, inputs)
    slopes = grad(out, inputs, create_graph=True)
    assert [s.data for s in slopes] == pytest.approx(first, rel=1e-15, nan_ok=True), f"create_graph differs at {point}"
    return out.data, first, [[_slope(slopes[i], inputs[j]) for j in n] for i in n]


def _slope(output: Value, x: Value) -> float:
    try:
        return grad(output, [x])[0] if output.requires_grad else 0.0
    except ValueError:
        return math.nan


def one_derivative(row: Operation, x: float) -> tuple[float, tuple[float], tuple[tuple[float]]]:
    """By the first operand alone; leaky_relu has a slope besides."""
    value, first, second = derivatives(row, (x, *[0.01] * (len(row.operands) - 1)))
    return value, (first[0],), ((second[0][0],),)


class Errors:
    def __init__(self) -> None:
        self.value, self.first, self.second = Worst(), Worst(), Worst()

    def check(self, bounds: Bounds) -> None:
        for worst, bound in ((self.value, bounds.value), (self.first, bounds.first), (self.second, bounds.second)):
            assert worst.error <= bound, f"{worst.error:.3g} at {worst.where}"


Derivatives = tuple[float, float, float]  # the value, the first and the second derivative


def ours(name: str, xs: Sequence[float]) -> list[Derivatives]:
    results = [one_derivative(TABLE[name], x) for x in xs]
    return [(value, first, second) for value, (first,), ((second,),) in results]


def unary_errors(name: str, engine: Callable[[str, Sequence[float]], list[Derivatives]] = ours) -> Errors:
    errors, row = Errors(), TABLE[name]
    operands = row.operands[1:]  # the slope of leaky_relu
    tested: list[tuple[float, Derivatives, Derivatives]] = []
    for x in GRID:
        if (
            not row.holds((x, *[0.01] * len(operands)))
            or (name in EXPONENTIAL and not sane(x))
            or (x == 0 and name in oracle.KINKED)
        ):
            continue
        try:
            exact = oracle.UNARY[name](mpf(x))
        except ZeroDivisionError:  # an infinite derivative
            continue
        terms = TERMS.get(name, lambda x: (0, 0, 0))(mpf(x))
        if abs(exact[0]) <= LARGEST:
            tested.append((x, exact, terms))
    results = engine(name, [x for x, _, _ in tested])
    for (x, exact, terms), (value, first, second) in zip(tested, results, strict=True):
        errors.value.note(ulps(value, exact[0], terms[0]), f"{name}({x!r}) = {value!r}, {mp.nstr(exact[0], 17)}")
        errors.first.note(ulps(first, exact[1], terms[1]), f"{name}'({x!r}) = {first!r}, {mp.nstr(exact[1], 17)}")
        errors.second.note(
            relative(second, exact[2], terms[2]), f"{name}''({x!r}) = {second!r}, {mp.nstr(exact[2], 17)}"
        )
    return errors


# Rows of several numbers: by 50-digit numbers (or more, where a tiny result is a difference of large ones), the value,
# the first derivatives and the second ones. A jet (tests/oracle.py) gives them all.


def chain(x: Jet, y: Jet, f: Any, d: Sequence[Any], dd: Sequence[Any]) -> Jet:
    """f(x, y) of two inputs, by its derivatives (fx, fy) and (fxx, fxy, fyy)."""
    return Jet(f, d, [[dd[0], dd[1]], [dd[1], dd[2]]], [0, 0])


def _power(x: Jet, y: Jet) -> Jet:
    a, b = x.value, y.value
    if a == 0:
        return chain(x, y, a**b, (b * a ** (b - 1), 0), (b * (b - 1) * a ** (b - 2), 0, 0))
    if a < 0:
        return chain(x, y, a**b, (b * a ** (b - 1), None), (b * (b - 1) * a ** (b - 2), None, None))
    log, f = mp.log(a), a**b
    return chain(x, y, f, (b * f / a, f * log), (b * (b - 1) * f / a**2, f / a * (1 + b * log), f * log**2))


def _hypot(x: Jet, y: Jet) -> Jet:
    a, b = x.value, y.value
    r = mp.sqrt(a * a + b * b)
    return chain(x, y, r, (a / r, b / r), (b * b / r**3, -a * b / r**3, a * a / r**3))


def _arctan2(y: Jet, x: Jet) -> Jet:
    a, b = y.value, x.value
    r2 = a * a + b * b
    return chain(
        y, x, mp.atan2(a, b), (b / r2, -a / r2), (-2 * a * b / r2**2, (a * a - b * b) / r2**2, 2 * a * b / r2**2)
    )


def _quotient(x: Jet, y: Jet) -> Jet:
    a, b = x.value, y.value
    return chain(x, y, a / b, (1 / b, -a / b**2), (0, -1 / b**2, 2 * a / b**3))


def _norm(*xs: Jet) -> Jet:
    squares = [x * x for x in xs]
    return oracle.total(squares) ** 0.5


def _prod(*xs: Jet) -> Jet:
    result, *rest = xs
    for x in rest:
        result = result * x
    return result


def _chosen(pick: Callable[[Any, Any], Any]) -> Callable[..., Jet]:
    def choose(x: Jet, y: Jet) -> Jet:
        chosen = pick(x.value, y.value)
        return chain(
            x,
            y,
            chosen,
            [
                mpf(mpf(x.value == chosen) / (1 + (x.value == y.value))),
                mpf(mpf(y.value == chosen) / (1 + (x.value == y.value))),
            ],
            (0, 0, 0),
        )

    return choose


SEVERAL: dict[str, Callable[..., Jet]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": _quotient,
    "**": _power,
    "hypot": _hypot,
    "arctan2": _arctan2,
    "minimum": _chosen(min),
    "maximum": _chosen(max),
    "total": lambda *xs: oracle.total(xs),
    "mean": lambda *xs: oracle.mean(xs),
    "prod": _prod,
    "norm": _norm,
    "logsumexp": lambda *xs: oracle.logsumexp(xs),
    "log_softmax": lambda k, *xs: oracle.log_softmax(xs)[int(k.value)],
    "softmax": lambda k, *xs: oracle.softmax(xs)[int(k.value)],
}
PAIR = [
    0.0, 1e-310, -1e-310, 1e-200, -1e-200, 1e-100, 1e-8, 0.1, -0.3, 0.5, 1 / 3, 1.0, -1.0, 1.5, 2.0, -2.0, 3.0, -3.0,
    7.3, -7.3, 20.5, 37.0, 100.0, -100.0, 745.0, 1e8, -1e8, 1e100, 1e154, 1e155, -1e200, 1e300, 1.7e308,
]  # fmt: skip
LOGITS: list[Point] = [
    (0.0,), (37.0, 0.0), (0.0, 37.0), (40.0, 0.0), (700.0, 0.0), (0.0, -745.0), (1000.0, 0.0), (-1000.0, -1000.5),
    (1e8 + 37.0, 1e8), (3.0, 3.0), (3.0, 3.0, -50.0), (1.5, -0.3, 0.2, 2.25), (20.0, -20.0, 5.0), (1e-9, 0.0, -1e-9),
    (0.5, 0.25, 40.0, 39.0, -300.0), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
]  # fmt: skip
VECTORS: list[Point] = [
    (3.0, 4.0), (1e200, 1e200), (1e-200, 3e-200, 1e-201), (1e308, 1.5e308, 1e308), (0.1, -0.2, 0.3, 1e-3), (5.0,),
    (1e8, 1.0, 1e-8), (-1.5, 2.5, 0.3, 7.1), (1e-300, 2e-300), (2.0, 0.0, 3.0), (1e308, -1e308, 3.0), (0.0, 0.0, 4.0),
]  # fmt: skip


def points(name: str) -> list[Point]:
    if name == "logsumexp":
        return LOGITS
    if name in ("softmax", "log_softmax"):
        return [(float(k), *xs) for xs in LOGITS for k in range(len(xs))]
    if TABLE[name].variadic:
        return VECTORS
    if name == "hypot":
        return [(x, y) for x in PAIR for y in PAIR if math.hypot(x, y) > sys.float_info.min]
    pairs = [(x, y) for x in PAIR for y in PAIR if TABLE[name].holds((x, y))]
    return [(x, y) for x, y in pairs if x >= 0 or abs(y) < 2**53] if name == "**" else pairs  # y - 1 is even or odd


def size_of_terms(name: str, point: Point) -> tuple[Any, Any]:
    """Of sums that cancel near a zero: the largest term of the value and of the second derivatives."""
    if name in ("+", "-", "total", "mean"):
        return max(map(abs, map(mpf, point))) / (len(point) if name == "mean" else 1), 0
    if name == "logsumexp":
        return max(map(abs, map(mpf, point))), 0
    if name in ("hypot", "norm") and any(point):
        return 0, 1 / mp.sqrt(mp.fsum(mpf(x) ** 2 for x in point))
    if name == "arctan2" and any(point):
        return 0, 1 / mp.fsum(mpf(x) ** 2 for x in point)
    if name == "**" and point[0] > 0:
        x, y = map(mpf, point)
        return 0, x ** (y - 1) * max(1, abs(y * mp.log(x)))
    return 0, 0


def errors_of_several(name: str, public: Callable[..., list[Value]] | None = None) -> Errors:
    errors, row = Errors(), TABLE[name]
    fixed = name in ("softmax", "log_softmax")
    for point in points(name):
        spread = max(point[fixed:]) - min(point[fixed:]) if name in ("logsumexp", "softmax", "log_softmax") else 100.0
        with mp.workdps(60 + int(spread)):  # 1 - exp(-spread) has all its digits
            try:
                exact = SEVERAL[name](*Jet.inputs(point))
            except ZeroDivisionError:  # the origin
                continue
            if abs(exact.value) > LARGEST:
                continue
            logs = oracle.log_softmax(Jet.inputs(point)[1:])[int(point[0])] if name == "softmax" else exact
            value_size, second_size = size_of_terms(name, point)
            value, first, second = derivatives(row, point, public)
            at = f"{name}{point}"
            errors.value.note(ulps(value, exact.value, value_size), f"{at} = {value!r}, {mp.nstr(exact.value, 17)}")
            for i in range(fixed, len(point)):
                if exact.d[i] is not None:
                    where = f"∂{i} {at} = {first[i]!r}, {mp.nstr(exact.d[i], 17)}"
                    errors.first.note(ulps(first[i], exact.d[i]), where)
                for j in range(fixed, len(point)):
                    right = exact.dd[i][j]
                    if name == "softmax":
                        second_size = exact.value * max(abs(logs.d[i] * logs.d[j]), abs(logs.dd[i][j]))
                    if right is not None:
                        where = f"∂{i}∂{j} {at} = {second[i][j]!r}, {mp.nstr(right, 17)}"
                        errors.second.note(relative(second[i][j], right, second_size), where)
    return errors


@pytest.mark.parametrize("name", SEVERAL)
def test_rows_of_several_numbers(name: str) -> None:
    errors_of_several(name).check(WIDER.get(name, Bounds()))


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_softmax_of_a_list(function: Callable[..., list[Value]]) -> None:
    errors_of_several(function.__name__, function).check(Bounds())


UNARY = [name for name in oracle.UNARY if name in TABLE]


@pytest.mark.parametrize("name", UNARY)
def test_rows_of_one_number(name: str) -> None:
    unary_errors(name).check(WIDER.get(name, Bounds()))


def on(backend: str) -> Callable[[str, Sequence[float]], list[Derivatives]]:
    """Value and derivatives as a compiled program of `create_graph` gives them; NaN where it raises."""

    def engine(name: str, xs: Sequence[float]) -> list[Derivatives]:
        others = [Value(0.01) for _ in TABLE[name].operands[1:]]

        def slope(y: Value, x: Value) -> Value:
            return grad(y, [x], create_graph=True)[0] if y.requires_grad else Value(0.0)

        def value(x: Value) -> Value:
            return apply(TABLE[name], (x, *others))

        def results(function: Callable[[Value], Value], some: Sequence[float]) -> list[float]:
            program = programs[function]
            try:
                return list(program.map(some).tolist())
            except (ValueError, ArithmeticError):
                half = len(some) // 2
                return [*results(function, some[:half]), *results(function, some[half:])] if half else [math.nan]

        functions = [value, lambda x: slope(value(x), x), lambda x: slope(slope(value(x), x), x)]
        programs = {function: autograd.compile(function, backend=backend) for function in functions}
        return list(zip(*(results(function, xs) for function in functions), strict=True))

    return engine


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", UNARY)
def test_rows_of_one_number_on_a_back_end(name: str, backend: str) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    unary_errors(name, on(backend)).check(WIDER.get(name, Bounds()))


def compare() -> None:
    """The table of the README: the worst errors of the public functions, with PyTorch's and JAX's."""
    print("| function | here | PyTorch | JAX |\n|---|---|---|---|")
    for name in UNARY:
        if hasattr(autograd, name) and name not in KINKED_LINES:
            cells = [unary_errors(name), *[unary_errors(name, peer) if peer else None for peer in peers(name)]]
            print(f"| `{name}` | {' | '.join(map(short, cells))} |")


KINKED_LINES = {"abs", "sign", "relu", "leaky_relu"}  # whose slopes are numbers


def short(errors: "Errors | None") -> str:
    """The worst errors: of the value and the first derivative in ulp, of the second derivative relative."""
    if errors is None:
        return "-"
    value, first, second = errors.value.error, errors.first.error, errors.second.error
    ulp = ["none" if x > 1e15 else f"{x:.1f}" if x < 100 else f"{x:.0e}" for x in (value, first)]
    return ", ".join([*ulp, "none" if second > 0.5 else f"{second:.0e}"])


def peers(name: str) -> list[Any]:
    """PyTorch and JAX, where they are installed and have this function."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    other = {"log_sigmoid": "logsigmoid"}.get(name, name)
    of_torch = getattr(torch, name, None) or getattr(torch.nn.functional, other, None)
    of_jax = getattr(jax.numpy, name, None) or getattr(jax.nn, name, None) or getattr(jax.scipy.special, name, None)
    if name == "gelu":
        of_jax = lambda x: jax.nn.gelu(x, approximate=False)  # noqa: E731

    def by_torch(_: str, xs: Sequence[float]) -> list[Derivatives]:
        x = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
        y = of_torch(x)
        (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        second = torch.autograd.grad(first.sum(), x)[0] if first.requires_grad else torch.zeros_like(x)
        return list(zip(y.tolist(), first.tolist(), second.tolist(), strict=True))

    def by_jax(_: str, xs: Sequence[float]) -> list[Derivatives]:
        x, slope = jax.numpy.array(xs, dtype="float64"), jax.grad(of_jax)
        columns = [jax.vmap(f)(x).tolist() for f in (of_jax, slope, jax.grad(slope))]
        return list(zip(*columns, strict=True))

    return [by_torch if of_torch else None, by_jax if of_jax else None]


def main(names: Iterable[str]) -> None:
    for name in names:
        e = unary_errors(name) if name in UNARY else errors_of_several(name)
        print(f"{name:14} {e.value.error:9.3g} {e.first.error:9.3g} {e.second.error:9.2g}")
        for worst, bound in ((e.value, 4), (e.first, 4), (e.second, 1e-13)):
            if not worst.error <= bound:
                print("      ", worst.where)


if __name__ == "__main__":
    if sys.argv[1:] == ["--peers"]:
        compare()
    else:
        main(sys.argv[1:] or [*UNARY, *SEVERAL])
