"""Vectorisation: one sweep over arrays in place of a loop over examples calculates the same numbers, only sooner.

A network is a formula for one example, and the loss of a batch is the mean over its examples. Written as a loop, every
product costs a node, made and walked by Python. Read for the whole batch at once, the neurons of a layer become one
product of matrices, with an example in each row of X and a neuron in each column of W:

    for each example x, each neuron j:   h_j = tanh(w_j·x + b_j)
    for all of them at once:             H = tanh(X W + b)
"""

# %%
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn
from autograd import Value

from ..page import Page


# %% The three ways: a loop over examples, a compiled program, and matrices by hand.
def one_at_a_time(model: nn.MLP, x: Any, y: Any) -> tuple[float, Any]:
    """Loss and gradient of a batch from one graph for each example."""
    value = 0.0
    model.zero_grad()
    for row, target in zip(x.tolist(), y.tolist(), strict=True):
        loss = nn.mse_loss(model(row), target)
        loss.backward()  # adds to the gradients of the examples before
        value += loss.data
    return value / len(x), np.array([parameter.grad for parameter in model.parameters()]) / len(x)


def by_matrices(model: nn.MLP, x: Any, y: Any) -> float:
    """The loss as NumPy writes it, a layer a line."""
    for layer in model.layers:
        weights = np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T  # [inputs, neurons]
        x = x @ weights + [neuron.b.data for neuron in layer.neurons]
        x = np.tanh(x) if layer.activation == "tanh" else x
    return float(np.mean((x[:, 0] - y) ** 2))


def nudged(model: nn.MLP, x: Any, y: Any, weight: Value, step: float = 1e-5) -> float:
    """∂loss/∂weight without any engine: the loss by matrices, a step up and a step down."""
    at = weight.data
    weight.data = at + step
    up = by_matrices(model, x, y)
    weight.data = at - step
    down = by_matrices(model, x, y)
    weight.data = at
    return (up - down) / (2 * step)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The shortest of several times, which is the one that other programs disturbed least."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


# %% What is calculated.
class Batch(NamedTuple):
    """Of the first n examples: loss, largest difference between the ways, seconds one at a time and compiled."""

    n: int
    loss: float
    difference: float
    loop: float
    compiled: float


class Results(NamedTuple):
    """The program of a small network; a larger one on batches of several sizes; a slope by the loop and by nudging."""

    source: str
    batches: list[Batch]
    slope: float
    nudged: float


def calculate(page: Page) -> Results:
    # The compiler records the graph of one example and reads it as a program over the batch.
    small = nn.MLP(2, [3, 1], "tanh", seed=page.seed)
    program = autograd.compile(lambda x, t: nn.mse_loss(small(x), t))
    program([[0.5, -1.0]], [1.0])

    model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
    compiled = autograd.compile(lambda x, t: nn.mse_loss(model(x), t))
    sizes = [1, 10, 100] if page.quick else [1, 10, 100, 1000]
    X, Y = make_moons(sizes[-1], noise=0.1, random_state=page.seed)
    compiled.value_and_grad(X, Y)  # the first call records the graph
    batches = []
    for n in page.progress(sizes, "batch sizes"):
        x, y = X[:n], Y[:n]
        loss, gradient = one_at_a_time(model, x, y)
        same_loss, same_gradient = compiled.value_and_grad(x, y)
        differences = [loss - same_loss, loss - by_matrices(model, x, y), *(gradient - same_gradient)]
        loop = seconds(lambda: one_at_a_time(model, x, y), 2)  # noqa: B023 (called at once)
        sweep = seconds(lambda: compiled.value_and_grad(x, y), 20)  # noqa: B023
        batches.append(Batch(n, loss, float(np.abs(differences).max()), loop, sweep))
    return Results(program.source, batches, float(gradient[0]), nudged(model, X, Y, model.parameters()[0]))


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("This is what the compiler makes of a network 2-3-1 with its loss, recorded from one example:")
    page.show(r.source)
    page.say("A network 2-16-16-1 on the two moons, the loss and its gradient (337 numbers), in both ways:")
    page.table(
        ["examples", "loss", "largest difference", "one at a time, ms", "compiled, ms", "ratio"],
        [
            [b.n, b.loss, b.difference, f"{1e3 * b.loop:.3f}", f"{1e3 * b.compiled:.3f}", round(b.loop / b.compiled)]
            for b in r.batches
        ],
    )
    page.say(
        """
        Look at the differences first, at most {difference:.1g}: that is rounding. The loop and the program add up the
        same terms in another order, and the matrix formula written by hand gives the same loss again. It gives the same
        slope, too: of the first weight {nudged:.8f} from two losses by matrices, and {slope:.8f} by the loop.
        """,
        difference=max(batch.difference for batch in r.batches), nudged=r.nudged, slope=r.slope,
    )  # fmt: skip
    first, last = r.batches[0], r.batches[-1]
    page.say(
        """
        Then look at the times. {n:,} examples take {loop:,.0f} times as long as one in the loop, and {compiled:.1f}
        times as long in the program: it has the cost of a call, and after that very little for each example more. The
        times are those of this machine at this moment. That the numbers are the same is true on every machine.
        """,
        n=last.n, loop=last.loop / first.loop, compiled=last.compiled / first.compiled,
    )  # fmt: skip
    plot_times(page, r)
    page.say("Try: make the layers 64 wide. Which of the two columns of times grows faster, and why?")


# %% Pictures.
def plot_times(page: Page, r: Results) -> None:
    with page.figure("The loop pays for every example, the compiled program hardly") as (_, axes):
        sizes = [batch.n for batch in r.batches]
        axes.loglog(sizes, [1e3 * batch.loop for batch in r.batches], marker="o", label="one example at a time")
        axes.loglog(sizes, [1e3 * batch.compiled for batch in r.batches], marker="^", label="compiled over the batch")
        axes.set(xlabel="examples in the batch", ylabel="time of loss and gradient (ms)")
        axes.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
