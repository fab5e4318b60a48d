"""Numerical gradients and what they cost: nudge every weight in turn and look at the loss, or run backprop once.

To nudge a weight is to change it a little, by ε. A derivative is a limit of differences, so a small ε gives it nearly,
without any calculus:

    forward   ∂L/∂w ≈ (L(w + ε) - L(w)) / ε             error ∝ ε
    central   ∂L/∂w ≈ (L(w + ε) - L(w - ε)) / (2ε)      error ∝ ε²

A common first program trains like this, with ε = 1e-4 and the mean squared error, a network of one hidden sigmoid layer
and a linear output, whose weights are the list [W_h, b_h, W_o, b_o]. It learns, and it is slow: each step takes one
forward pass for every weight and one more. Backprop takes one forward and one backward pass for them all.
"""

# %%
from collections.abc import Callable
from timeit import repeat
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd import Value, dot

from ..page import Page


# %%
def network(hidden: int, seed: int) -> Any:
    """The squared error of one example by the weights [W_h, b_h, W_o, b_o], compiled; calling it gives the mean."""
    rng = np.random.default_rng(seed)
    w_h, b_h, w_o = ([Value(x) for x in rng.uniform(-size, size, hidden)] for size in (3.0, 2.0, 0.5))
    b_o = Value(0.0)

    @autograd.compile
    def error(x: Value, t: Value) -> Value:
        h = [(w * x + b).sigmoid() for w, b in zip(w_h, b_h, strict=True)]
        return (dot(w_o, h, b_o) - t) ** 2

    return error


def forward_gradient(loss: Callable[[Any], float], theta: Any, epsilon: float) -> Any:
    """As many passes as weights, and one more."""
    base = loss(theta)
    return np.array([(loss(theta + nudge) - base) / epsilon for nudge in epsilon * np.eye(len(theta))])


def central_gradient(loss: Callable[[Any], float], theta: Any, epsilon: float) -> Any:
    """Twice as many passes as weights, for an error of ε² in place of ε."""
    nudges = epsilon * np.eye(len(theta))
    return np.array([(loss(theta + nudge) - loss(theta - nudge)) / (2 * epsilon) for nudge in nudges])


# %% What is calculated.
INPUTS = np.linspace(-1.0, 1.0, 40)
TARGETS = np.sin(3.0 * INPUTS)
SIZES = 10.0 ** np.arange(-14.0, 0.5, 0.5)  # of ε


class Cost(NamedTuple):
    """What one gradient of a network costs, in milliseconds: by nudging, and by backprop."""

    hidden: int
    weights: int
    nudging: float
    backprop: float

    @property
    def ratio(self) -> float:
        return self.nudging / self.backprop


class Results(NamedTuple):
    """The losses of the same descent by two rules, what a gradient costs, and its relative error for each of SIZES."""

    weights: int
    passes: int
    backprop: list[float]
    nudging: list[float]
    costs: list[Cost]
    forward: list[float]
    central: list[float]

    @property
    def apart(self) -> float:
        """The largest distance between the two loss curves, relative to their height."""
        return max(abs(a / b - 1.0) for a, b in zip(self.nudging, self.backprop, strict=True))

    @property
    def best_forward(self) -> float:
        """The best ε of forward differences."""
        return float(SIZES[np.argmin(self.forward)])

    @property
    def best_central(self) -> float:
        """The best ε of central differences."""
        return float(SIZES[np.argmin(self.central)])


def calculate(page: Page) -> Results:
    program = network(8, page.seed)
    program.value_and_grad(INPUTS, TARGETS)  # the first call records and compiles
    start, passes = program.flat_parameters(), 0

    def loss(theta: Any) -> float:
        nonlocal passes
        passes += 1
        return program(INPUTS, TARGETS, at=theta)

    def backprop(theta: Any) -> Any:
        return program.value_and_grad(INPUTS, TARGETS, at=theta)[1]

    def descent(gradient: Callable[[Any], Any]) -> list[float]:
        theta, losses = start, []
        for _ in range(100 if page.quick else 1000):
            losses.append(loss(theta))
            theta = theta - 0.2 * gradient(theta)
        return losses

    forward_gradient(loss, start, 1e-4)
    cost, truth = passes, backprop(start)

    def relative_error(rule: Callable[..., Any], epsilon: float) -> float:
        return float(np.linalg.norm(rule(loss, start, epsilon) - truth) / np.linalg.norm(truth))

    return Results(
        len(start), cost, descent(backprop), descent(lambda theta: forward_gradient(loss, theta, 1e-4)),
        costs=[measured(hidden, page.seed) for hidden in (4, 16, 64, 256)[: 2 if page.quick else 4]],
        forward=[relative_error(forward_gradient, epsilon) for epsilon in SIZES],
        central=[relative_error(central_gradient, epsilon) for epsilon in SIZES],
    )  # fmt: skip


def measured(hidden: int, seed: int) -> Cost:
    """The cost of a gradient as the network grows."""
    program = network(hidden, seed)
    program.value_and_grad(INPUTS, TARGETS)
    at = program.flat_parameters()

    def nudging() -> None:
        forward_gradient(lambda theta: program(INPUTS, TARGETS, at=theta), at, 1e-4)

    def backprop() -> None:
        program.value_and_grad(INPUTS, TARGETS, at=at)

    slow, fast = (1000 * min(repeat(job, number=1, repeat=5)) for job in (nudging, backprop))
    return Cost(hidden, len(at), slow, fast)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        """
        {weights} weights, {steps} steps: the loss falls from {start:.3f} to {backprop:.5f} by backprop and to
        {nudging:.5f} by nudging. The two curves differ by at most {apart:.1e} of their height. One gradient by nudging
        took {passes} forward passes.
        """,
        weights=r.weights, steps=len(r.backprop), start=r.backprop[0], backprop=r.backprop[-1], nudging=r.nudging[-1],
        apart=r.apart, passes=r.passes,
    )  # fmt: skip
    page.table(
        ["hidden neurons", "weights", "forward passes", "nudging, ms", "backprop, ms", "times slower"],
        [
            [c.hidden, c.weights, c.weights + 1, f"{c.nudging:.3f}", f"{c.backprop:.3f}", f"{c.ratio:.0f}"]
            for c in r.costs
        ],
    )
    plot(page, r)
    page.say(
        """
        Look at the right half, from right to left: at first the error falls with ε (forward) or ε² (central), because
        the line through two points of a curve is not its tangent. Then it rises with 1/ε, because the difference of two
        nearly equal numbers keeps only their last digits. The best ε is near the square root of the rounding error,
        1e-16, for forward differences (here {forward:.0e}), and near its cube root for central ones (here
        {central:.0e}). For forward differences the usual 1e-4 is larger than it needs to be: good enough to train with,
        but central differences with the same ε are far better.
        """,
        forward=r.best_forward, central=r.best_central,
    )  # fmt: skip
    page.say("Try: ε = 1e-13 in the descent. Does it still learn? The picture on the right says why.")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    with page.figure("Nudging follows the same loss curve; its error is V-shaped in ε", columns=2) as (_, axes):
        left, right = axes
        left.semilogy(r.backprop, label="backprop")
        left.semilogy(r.nudging, label="nudging, ε = 1e-4")
        passes = page.word("1 backward pass or {passes} forward passes a step", passes=r.passes)
        left.set(xlabel="step", ylabel="mean squared error", title=passes)
        right.loglog(SIZES, r.forward, marker="o", markersize=4, label="forward differences")
        right.loglog(SIZES, r.central, marker="^", markersize=4, label="central differences")
        right.axvline(1e-4, color="0.4", linewidth=1, linestyle=":", label="the usual ε, 1e-4")
        right.set(
            xlabel="ε", ylabel="relative error of the gradient", title="the best ε lies between two kinds of error"
        )
        left.legend()
        right.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
