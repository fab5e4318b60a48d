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
from typing import Any

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
    """The slope of the loss by one weight, without any engine: the loss by matrices, a step up and a step down."""
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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # The compiler records the graph of one example and reads it as a program over the batch.
    small = nn.MLP(2, [3, 1], "tanh", seed=page.seed)
    program = autograd.compile(lambda x, t: nn.mse_loss(small(x), t))
    program([[0.5, -1.0]], [1.0])
    page.say("This is what the compiler makes of a network 2-3-1 with its loss, recorded from one example:")
    page.show(program.source)

    model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
    compiled = autograd.compile(lambda x, t: nn.mse_loss(model(x), t))
    sizes = [1, 10, 100] if page.quick else [1, 10, 100, 1000]
    x, y = make_moons(sizes[-1], noise=0.1, random_state=page.seed)
    compiled.value_and_grad(x, y)  # the first call records the graph
    rows, loop, sweep, differences = [], [], [], []
    for n in page.progress(sizes, "batch sizes"):
        value, gradient = one_at_a_time(model, x[:n], y[:n])
        same_value, same_gradient = compiled.value_and_grad(x[:n], y[:n])
        differences += [abs(value - same_value), float(np.abs(gradient - same_gradient).max())]
        differences += [abs(value - by_matrices(model, x[:n], y[:n]))]
        loop.append(seconds(lambda: one_at_a_time(model, x[:n], y[:n]), 2))  # noqa: B023 (called at once)
        sweep.append(seconds(lambda: compiled.value_and_grad(x[:n], y[:n]), 20))  # noqa: B023
        ratio = f"{loop[-1] / sweep[-1]:,.0f}"
        rows.append([n, value, max(differences[-3:]), f"{loop[-1] * 1e3:.3f}", f"{sweep[-1] * 1e3:.3f}", ratio])

    slope = nudged(model, x, y, model.parameters()[0])
    page.say("A network 2-16-16-1 on the two moons, loss and all 337 slopes, in both ways:")
    headers = ["examples", "loss", "largest difference", "one at a time, ms", "compiled, ms", "ratio"]
    page.table(headers, rows)
    page.say(f"""
        Look at the differences first: they are rounding, in the sixteenth digit. The loop and the program add up the
        same terms in another order, and the matrix formula written by hand gives the same loss again. (And the same
        slope: of the first weight {slope:.8f}, from two losses by matrices, and {gradient[0]:.8f} by the loop.) Then
        look at the times. The loop pays for every example what it paid for the first. The program has the cost of a
        call, and after that very little for each example more. The ratio is that of this machine at this moment; the
        sameness is not.
    """)
    with page.figure("The loop pays for every example; compiled, a hundred cost little more than one") as (_, axes):
        axes.loglog(sizes, np.array(loop) * 1e3, marker="o", label="one example at a time")
        axes.loglog(sizes, np.array(sweep) * 1e3, marker="^", label="compiled over the batch")
        axes.set(xlabel="examples in the batch", ylabel="time of loss and gradient (ms)")
        axes.legend()
    page.say("Try: make the layers 64 wide. Which of the two columns of times grows faster, and why?")
    return {
        "difference": max(differences),
        "loss": rows[-1][1],
        "slope": float(gradient[0]),
        "slope by nudging": slope,
        "ratio": loop[-1] / sweep[-1],
    }


if __name__ == "__main__":
    main()
