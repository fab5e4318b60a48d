"""Forward and reverse mode: the chain rule may be multiplied out from either end, at different cost.

A chain y = f3(f2(f1(x))) has the derivative f3'·f2'·f1'. For functions of many numbers the factors are Jacobian
matrices, J = J3·J2·J1, and the order in which they are multiplied decides the work:

    forward mode    J·v, from the right: how all outputs change when the inputs move along v
    reverse mode    uᵀ·J, from the left: how one (weighted) output depends on every input

Forward mode calculates with dual numbers a + a'ε: a number, and its slope along the direction. With ε² = 0 the rules of
derivatives are the usual rules of brackets:

    (a + a'ε) + (b + b'ε) = (a + b) + (a' + b')ε
    (a + a'ε)·(b + b'ε)   = a·b + (a'·b + a·b')ε

So it goes along with the calculation and needs no memory of it, but one pass gives one direction: n inputs need n
passes. Reverse mode must keep the graph and go back, but one pass gives the derivatives with respect to all inputs: m
outputs need m passes. A loss is one number that depends on many weights, so training uses reverse mode; it is called
backpropagation.
"""

# %%
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, grad, jacobian, jvp, sigmoid, tanh, total

from ..page import Page


# %%
def network(theta: Any, n: int) -> Any:
    """A loss with n·n + n weights: n inputs, n tanh neurons, one sigmoid neuron."""
    inputs = [0.1 * (k + 1) for k in range(n)]
    hidden = [tanh(total([theta[n * j + k] * x for k, x in enumerate(inputs)])) for j in range(n)]
    out = sigmoid(total([theta[n * n + j] * h for j, h in enumerate(hidden)]))
    return (1 - out) ** 2


def by_forward_mode(theta: list[float], n: int) -> list[float]:
    """The gradient from one pass for each weight."""
    columns = np.eye(len(theta)).tolist()
    return [jvp(lambda *p: network(p, n), theta, column)[1] for column in columns]


def by_reverse_mode(theta: list[float], n: int) -> list[float]:
    """The gradient from one pass back."""
    values = [Value(number) for number in theta]
    return grad(network(values, n), values)


def edges(theta: list[float], n: int) -> int:
    """The edges of the graph: each is one multiplication and one addition of a pass, in both modes."""
    return len(network([Value(number) for number in theta], n).stepper())


GATES = ("x", "y", "z", "q = x + y", "f = q·z")  # the gates of the first lesson
POINT = (-2.0, 5.0, -4.0)


def gates(x: Any, y: Any, z: Any) -> list[Any]:
    """Every number on the way to f."""
    q = x + y
    return [x, y, z, q, q * z]


def curve(t: Any) -> list[Any]:
    """One input, five outputs."""
    return [t**k for k in range(1, 6)]


# %% What is calculated.
class Work(NamedTuple):
    """The gradient of a loss with so many weights, whose graph has so many edges: the products of the chain rule."""

    weights: int
    edges: int

    @property
    def forward(self) -> int:
        return self.weights * self.edges  # a pass for each weight

    @property
    def reverse(self) -> int:
        return self.edges


class Results(NamedTuple):
    """The work for networks of several sizes and the largest difference between the gradients of both modes.

    Of the gates: their values, their slopes in a pass for each input, and the gradient by one pass back. Of the curve
    at t = 2: its value and velocity by one forward pass, and the Jacobian by five passes back.
    """

    gates: list[float]
    slopes: list[list[float]]
    back: list[float]

    work: list[Work]
    apart: float
    value: list[float]
    velocity: list[float]
    matrix: list[list[float]]

    @property
    def same(self) -> bool:
        return self.velocity == [row[0] for row in self.matrix]


def calculate(page: Page) -> Results:
    passes = [jvp(gates, POINT, direction) for direction in np.eye(3).tolist()]
    inputs = [Value(number) for number in POINT]
    back = grad(gates(*inputs)[-1], inputs)

    rng = np.random.default_rng(page.seed)
    work, apart = [], 0.0
    for n in (1, 2, 4) if page.quick else (1, 2, 4, 8):
        theta = rng.normal(size=n * n + n).tolist()
        forward, reverse = by_forward_mode(theta, n), by_reverse_mode(theta, n)
        apart = max(apart, max(abs(a - b) for a, b in zip(forward, reverse, strict=True)))
        work.append(Work(len(theta), edges(theta, n)))
    value, velocity = jvp(curve, [2.0], [1.0])
    return Results(
        passes[0][0], [slopes for _, slopes in passes], back, work, apart, value, velocity, jacobian(curve, 2.0)
    )


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The gates of the first lesson with dual numbers. Three inputs, so three passes, a column of slopes each:")
    page.table(
        ["", "value", "slope along x", "slope along y", "slope along z"],
        zip(GATES, r.gates, *r.slopes, strict=True),
    )
    page.say(
        """
        Read a column downwards: an input has slope 1 along itself, the sum adds slopes, the product takes
        q'·z + q·z'. The call is jvp(f, point, direction), the Jacobian matrix times a vector. The last row is the
        gradient; one pass back gives it whole: {back}.
        """,
        back=", ".join(f"{x:g}" for x in r.back),
    )
    page.say("The gradient of a loss, in both modes. An edge of the graph is one product of the chain rule:")
    page.table(
        ["weights", "edges", "forward passes", "reverse passes", "products, forward", "products, reverse"],
        [[each.weights, each.edges, each.weights, 1, each.forward, each.reverse] for each in r.work],
    )
    largest = r.work[-1]
    page.say(
        """
        The gradients are the same (largest difference {apart:.0e}), the work is not: with {weights} weights forward
        mode multiplies {times} times as often. Reverse mode does about as much as the calculation itself, however many
        weights there are.
        """,
        apart=r.apart, weights=largest.weights, times=largest.forward // largest.reverse,
    )  # fmt: skip
    plot(page, r)
    page.say(
        """
        The other way round: a curve (t, t², t³, t⁴, t⁵) has one input and five outputs. At t = 2 it is at {value}, and
        one forward pass gives its velocity, {velocity}. Reverse mode needs five passes for these numbers. So
        forward mode is the cheaper one where a function has fewer inputs than outputs.
        """,
        value=", ".join(f"{x:g}" for x in r.value), velocity=", ".join(f"{x:g}" for x in r.velocity),
    )  # fmt: skip
    page.say(
        """
        Second derivatives are derivatives of the gradient. Its slope along one direction is the Hessian matrix times a
        vector; hvp(f, point, direction) gives it for the price of two passes, and the matrix is never written down.
        """
    )
    page.say("Try: a function with as many outputs as inputs, such as n different losses. Which mode is cheaper then?")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    with page.figure("A pass back gives all slopes, a pass forward only one") as (_, ax):
        weights = [each.weights for each in r.work]
        ax.loglog(weights, [each.forward for each in r.work], marker="o", label="forward mode")
        ax.loglog(weights, [each.reverse for each in r.work], marker="^", label="reverse mode")
        ax.set(xlabel="weights", ylabel="products of the chain rule")
        ax.set_xticks(weights, weights)
        ax.set_xticks([], minor=True)
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
