"""Random graphs against dual numbers: choices, constants, ties, layers and functions in their tails.

A dual number here is a value and its derivatives by the leaves, with 50 digits. Each operation states its derivatives
in closed form, not those of the table. Their operands are the floats that the graph recorded, so that no error of an
earlier operation grows on the way, and a tie is one in both: values agree to some ulp, gradients to some ulp of the sum
of the absolute contributions.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from mpmath import mp, mpf

import autograd
from autograd import Value, grad
from tests import oracle
from tests.extent import ALL

Local = tuple[Any, list[Any]]  # a value and the derivatives by each operand

GRAPHS = 200_000 if ALL else 500
LARGEST, SMALLEST = 1e8, 1e-280


class Operation(NamedTuple):
    arity: int
    engine: Callable[..., Any]
    exact: Callable[..., Local]


class Dual(NamedTuple):
    """The node of the engine, its exact derivatives by each leaf, and the sum of the absolute values of all paths."""

    node: Any  # a Value, or a plain number
    d: list[Any]
    bulk: list[Any]

    @property
    def value(self) -> Any:
        return mpf(self.node.data if isinstance(self.node, Value) else self.node)


def unary(name: str) -> Operation:
    def engine(x: Any) -> Any:
        return -x if name == "neg" else getattr(autograd, name)(x)

    def exact(x: Any) -> Local:
        value, slope, _ = oracle.UNARY[name](x)
        return value, [slope]

    return Operation(1, engine, exact)


def share(chosen: Callable[..., Any]) -> Callable[..., Local]:
    def exact(*xs: Any) -> Local:
        best = chosen(xs)
        return best, [mpf(x == best) / xs.count(best) for x in xs]

    return exact


def power(x: Any, y: Any) -> Local:
    if y == 0:
        return mpf(1), [mpf(0), mp.log(x) if x > 0 else mpf(0)]
    slope = y * x ** (y - 1) if x != 0 or y >= 1 else mp.inf
    return x**y, [slope, x**y * mp.log(x) if x > 0 else mpf(0)]


def clamp(x: Any, low: Any, high: Any) -> Local:
    if low > high:
        raise ValueError("no interval")
    below, above = x < low, x > high
    return min(max(x, low), high), [mpf(not below and not above), mpf(below), mpf(above and not below)]


def hypot(*xs: Any) -> Local:
    length = mp.sqrt(mp.fsum(x * x for x in xs))
    return length, [x / length if length else mpf(0) for x in xs]


def arctan2(y: Any, x: Any) -> Local:
    if y == 0 and x <= 0:
        raise ValueError("it depends on the signs of the zeros, which these numbers have not")
    square = x * x + y * y
    return mp.atan2(y, x), [x / square, -y / square]


def dot(*xs: Any) -> Local:
    n = len(xs) // 2
    return mp.fdot(xs[:n], xs[n : 2 * n]) + sum(xs[2 * n :]), [*xs[n : 2 * n], *xs[:n], *[mpf(1)] * (len(xs) % 2)]


def prod(*xs: Any) -> Local:
    return mp.fprod(xs), [mp.fprod(xs[:k] + xs[k + 1 :]) for k in range(len(xs))]


def powers(xs: Sequence[Any]) -> tuple[list[Any], Any]:
    made = [mp.exp(x) for x in xs]
    return made, mp.fsum(made)


def logsumexp(*xs: Any) -> Local:
    made, norm = powers(xs)
    top = max(xs)
    rest = (
        mp.fsum(mp.exp(x - top) for x in xs) - 1
        if xs.count(top) > 1
        else mp.fsum(mp.exp(x - top) for x in xs if x < top)
    )
    return top + mp.log1p(rest), [x / norm for x in made]


def log_softmax(*xs: Any) -> Local:
    made, norm = powers(xs)
    others = mp.fsum(made[1:])
    return -mp.log1p(others / made[0]), [others / norm, *[-x / norm for x in made[1:]]]


def softmax(*xs: Any) -> Local:
    p = powers(xs)[0][0] / powers(xs)[1]
    return p, [p * slope for slope in log_softmax(*xs)[1]]


UNARY = [
    "neg", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "erf", "erfc", "sigmoid", "log_sigmoid", "softplus",
    "silu", "gelu", "mish", "abs", "sign", "relu", "leaky_relu", "elu", "selu",
]  # fmt: skip
OPERATIONS: dict[str, Operation] = {name: unary(name) for name in UNARY} | {
    "+": Operation(2, lambda x, y: x + y, lambda x, y: (x + y, [mpf(1), mpf(1)])),
    "-": Operation(2, lambda x, y: x - y, lambda x, y: (x - y, [mpf(1), mpf(-1)])),
    "*": Operation(2, lambda x, y: x * y, lambda x, y: (x * y, [y, x])),
    "/": Operation(2, lambda x, y: x / y, lambda x, y: (x / y, [1 / y, -x / y**2])),
    "**": Operation(2, lambda x, y: x**y, power),
    "minimum": Operation(2, autograd.minimum, share(min)),
    "maximum": Operation(2, autograd.maximum, share(max)),
    "minimum of 3": Operation(3, autograd.minimum, share(min)),
    "maximum of 3": Operation(3, autograd.maximum, share(max)),
    "clamp": Operation(3, autograd.clamp, clamp),
    "where": Operation(
        3,
        lambda c, a, b: autograd.where(c > 0, a, b),
        lambda c, a, b: (a if c > 0 else b, [mpf(0), mpf(c > 0), mpf(c <= 0)]),
    ),
    "hypot": Operation(2, autograd.hypot, hypot),
    "arctan2": Operation(2, autograd.arctan2, arctan2),
    "dot": Operation(5, lambda *xs: autograd.dot(xs[:2], xs[2:4], xs[4]), dot),
    "layer": Operation(5, lambda *xs: autograd.dot([xs[:2], xs[:2]], xs[2:4], [0.0, xs[4]])[1], dot),
    "total": Operation(3, lambda *xs: autograd.total(xs), lambda *xs: (mp.fsum(xs), [mpf(1)] * 3)),
    "mean": Operation(3, lambda *xs: autograd.mean(xs), lambda *xs: (mp.fsum(xs) / 3, [mpf(1) / 3] * 3)),
    "prod": Operation(3, lambda *xs: autograd.prod(xs), prod),
    "norm": Operation(3, lambda *xs: autograd.norm(xs), hypot),
    "logsumexp": Operation(3, lambda *xs: autograd.logsumexp(xs), logsumexp),
    "softmax": Operation(3, lambda *xs: autograd.softmax(xs)[0], softmax),
    "log_softmax": Operation(3, lambda *xs: autograd.log_softmax(xs)[0], log_softmax),
    "log_softmax at 0": Operation(3, lambda *xs: autograd.log_softmax(xs, 0), log_softmax),
}
SOFTMAX = {"softmax", "log_softmax", "log_softmax at 0", "logsumexp"}
CANCEL = {"silu", "gelu", "mish"}  # their slope is a sum with a zero near -1
SUMS = {"+", "-", "dot", "layer", "total", "mean", "logsumexp"}
SCALES = [-700.0, -300.0, -37.0, -20.0, 20.0, 37.0, 300.0, 700.0]
NUMBERS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]


def apply(name: str, operands: Sequence[Dual], n: int) -> Dual | None:
    """The operation on the graph and on dual numbers; None where it has no value, or a huge one."""
    operation = OPERATIONS[name]
    try:
        made = operation.engine(*[x.node for x in operands])
        value, slopes = operation.exact(*[x.value for x in operands])
    except (ValueError, ArithmeticError):
        return None
    data = made.data if isinstance(made, Value) else made
    sizes = [abs(value), *map(abs, slopes)]
    if not all(mp.isfinite(x) and (x == 0 or SMALLEST < x < LARGEST) for x in sizes) or isinstance(value, mp.mpc):
        return None
    terms = max(abs(p * x.value) for p, x in zip(slopes, operands, strict=True)) if name in SUMS else 0
    widened = 1 + mp.fsum(abs(x.value) for x in operands) if name in SOFTMAX else 1  # differences of logits are rounded
    assert abs(mpf(data) - value) <= 1e-15 * widened * max(abs(value), terms), (name, [x.node for x in operands], value)
    sloped = [max(abs(p), mpf(0.2)) if name in CANCEL and abs(operands[0].value) < 4 else abs(p) for p in slopes]
    if name in SOFTMAX:
        sloped = [p * widened for p in sloped]
    d = [mp.fsum(p * x.d[i] for p, x in zip(slopes, operands, strict=True)) for i in range(n)]
    bulk = [mp.fsum(p * x.bulk[i] for p, x in zip(sloped, operands, strict=True)) for i in range(n)]
    return Dual(made, d, bulk) if all(x < LARGEST for x in bulk) else None


def random_graph(seed: int) -> tuple[list[Value], Dual, set[str]]:
    """The leaves, the output with its exact gradients, and the names of the operations in it."""
    chance = random.Random(seed)
    n = chance.randint(1, 3)
    points = [chance.choice(NUMBERS) if chance.random() < 0.3 else chance.uniform(-3, 3) for _ in range(n)]
    leaves = [Value(x) for x in points]
    zeros = [mpf(0)] * n
    known = [Dual(x, [mpf(i == k) for i in range(n)], [mpf(i == k) for i in range(n)]) for k, x in enumerate(leaves)]

    def operand() -> Dual:
        if chance.random() < 0.12:
            number = chance.choice(NUMBERS)
            return Dual(Value(number).detach() if chance.random() < 0.5 else number, zeros, zeros)
        return chance.choice(known)

    names = set()
    for _ in range(chance.randint(3, 14)):
        name = chance.choice(list(OPERATIONS))
        operands = [operand() for _ in range(OPERATIONS[name].arity)]
        if len(operands) == 1 and chance.random() < 0.25:  # into the tails
            scaled = apply("*", [operands[0], Dual(chance.choice(SCALES), zeros, zeros)], n)
            operands = operands if scaled is None else [scaled]
        if name == "**" and operands[0].value < 0 and isinstance(operands[1].node, Value):
            continue
        made = apply(name, operands, n)
        if made is not None and isinstance(made.node, Value):
            known.append(made)
            names.add(name)
    output = known[-1]
    for other in known[:-1]:
        output = apply("+", [output, other], n) or output
    return leaves, output, names


def check(seed: int) -> set[str]:
    leaves, output, names = random_graph(seed)
    if not output.node.requires_grad:
        return names
    gradients = grad(output.node, leaves)
    for gradient, exact, bulk in zip(gradients, output.d, output.bulk, strict=True):
        assert abs(mpf(gradient) - exact) <= 3e-14 * bulk + mpf("1e-270"), (seed, gradient, exact)
    output.node.backward()
    assert [x.grad or 0.0 for x in leaves] == gradients
    if seed % 10 == 0:
        graphs = grad(output.node, leaves, create_graph=True)
        for slope, exact, bulk in zip(graphs, output.d, output.bulk, strict=True):
            assert abs(mpf(slope.data) - exact) <= 3e-14 * bulk + mpf("1e-270"), (seed, slope, exact)
    return names


FIRST, PARTS = 300, 20


@pytest.mark.parametrize("part", range(PARTS))
def test_gradients_of_random_graphs_are_exact(part: int) -> None:
    for seed in range(FIRST + part, GRAPHS, PARTS):
        check(seed)


def test_the_first_random_graphs_are_exact_and_have_every_operation() -> None:
    """What is left out at one point is there at another, else nothing is tested."""
    assert set().union(*map(check, range(FIRST))) == set(OPERATIONS)


def test_a_wrong_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = OPERATIONS["sin"].exact
    monkeypatch.setitem(
        OPERATIONS,
        "sin",
        OPERATIONS["sin"]._replace(exact=lambda x: (right(x)[0], [right(x)[1][0] * (1 + mpf("1e-11"))])),
    )
    with pytest.raises(AssertionError):
        list(map(check, range(FIRST)))
