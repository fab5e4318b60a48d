"""Numerical gradients and what they cost: nudge every weight in turn and look at the loss, or run backprop once.

A derivative is a limit of differences, so a small step ε gives it nearly, without any calculus:

    forward   ∂L/∂w ≈ (L(w + ε) - L(w)) / ε             error ∝ ε
    central   ∂L/∂w ≈ (L(w + ε) - L(w - ε)) / (2ε)      error ∝ ε²

A trainer that one often meets works like this, with ε = 1e-4, on a network of one hidden sigmoid layer and a linear
output, whose weights are the list [W_h, b_h, W_o, b_o], and with the mean squared error. It learns, and it is slow:
each step takes one forward pass for every weight and one more. Backprop takes one forward and one backward pass for
them all.
"""

# %%
from collections.abc import Callable
from timeit import repeat
from typing import Any

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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    x = np.linspace(-1.0, 1.0, 40)
    t = np.sin(3.0 * x)
    program = network(8, page.seed)
    program.value_and_grad(x, t)  # the first call records and compiles
    start, passes = program.flat_parameters(), 0

    def loss(theta: Any) -> float:
        nonlocal passes
        passes += 1
        return program(x, t, at=theta)

    # The same descent twice.
    forward_gradient(loss, start, 1e-4)
    cost, curves = passes, {}
    rules = {
        "backprop": lambda theta: program.value_and_grad(x, t, at=theta)[1],
        "nudging, ε = 1e-4": lambda theta: forward_gradient(loss, theta, 1e-4),
    }
    for name, rule in rules.items():
        theta, curves[name] = start, []
        for _ in range(100 if page.quick else 1000):
            curves[name].append(loss(theta))
            theta = theta - 0.2 * rule(theta)
    exact, nudged = curves.values()
    apart = max(abs(a / b - 1.0) for a, b in zip(nudged, exact, strict=True))
    page.say(f"""
        {len(start)} weights, {len(exact)} steps: the loss falls from {exact[0]:.3f} to {exact[-1]:.5f} by backprop and
        to {nudged[-1]:.5f} by nudging. The curves differ by {apart:.1e} of their height at most. A gradient by nudging
        took {cost} forward passes.
    """)

    # What it costs as the network grows.
    rows = []
    for hidden in (4, 16, 64, 256)[: 2 if page.quick else 4]:
        p = network(hidden, page.seed)
        p.value_and_grad(x, t)
        at = p.flat_parameters()
        jobs = lambda: forward_gradient(lambda w: p(x, t, at=w), at, 1e-4), lambda: p.value_and_grad(x, t, at=at)  # noqa: B023
        slow, fast = (1000 * min(repeat(job, number=1, repeat=5)) for job in jobs)
        rows.append([hidden, len(at), len(at) + 1, f"{slow:.3f}", f"{fast:.3f}", f"{slow / fast:.0f}"])
    page.table(["hidden", "weights", "forward passes", "nudging, ms", "backprop, ms", "times slower"], rows)

    # How good they are: too large an ε bends, too small an ε drowns in rounding.
    truth = rules["backprop"](start)
    sizes = 10.0 ** np.arange(-14.0, 0.5, 0.5)
    errors = {
        rule: [float(np.linalg.norm(rule(loss, start, e) - truth) / np.linalg.norm(truth)) for e in sizes]
        for rule in (forward_gradient, central_gradient)
    }
    best = {rule: float(sizes[np.argmin(values)]) for rule, values in errors.items()}
    with page.figure("Nudging follows the same loss curve; its error is V-shaped in ε", columns=2) as (
        _,
        (left, right),
    ):
        for name, values in curves.items():
            left.semilogy(values, label=name)
        left.set(xlabel="step", ylabel="mean squared error", title=f"1 backward pass or {cost} forward passes a step")
        for (rule, values), marker in zip(errors.items(), "o^", strict=True):
            right.loglog(sizes, values, marker=marker, markersize=4, label=rule.__name__.replace("_gradient", ""))
        right.axvline(1e-4, color="0.4", linewidth=1, linestyle=":", label="the usual ε, 1e-4")
        right.set(xlabel="ε", ylabel="error of the gradient, relative", title="best between bending and rounding")
        left.legend()
        right.legend()
    page.say(f"""
        Look at the right half: from the right the error falls with ε (forward) and ε² (central), because a chord is not
        a tangent; from the left it falls with 1/ε, because the difference of two nearly equal numbers keeps only their
        last digits. The best ε is near the root of the rounding error 1e-16 for forward differences (here
        {best[forward_gradient]:.0e}) and near its cube root for central ones (here {best[central_gradient]:.0e}). The
        1e-4 is larger than it need be: good enough to train with, and central differences, for the same ε,
        would be far better.
    """)
    page.say("Try: ε = 1e-13 in the descent. Does it still learn? The picture on the right says why.")
    found = {f"{rule.__name__} {e:.0e}": error for rule in errors for e, error in zip(sizes, errors[rule], strict=True)}
    best_of = {f"best {rule.__name__}": e for rule, e in best.items()}
    return found | best_of | {"weights": len(start), "passes": cost, "apart": apart, "fall": exact[-1] / exact[0]}


if __name__ == "__main__":
    main()
