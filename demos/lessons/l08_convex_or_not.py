"""Convex and not: in a bowl every descent ends at the bottom; in a landscape, the start decides.

A loss is convex when no chord lies below it: between any two places, L((p + q)/2) ≤ (L(p) + L(q))/2. Then it has one
valley. The squared error of linear regression is convex: it is a square of something linear in the weights. That of a
network is not: swap two hidden neurons, with all their weights, and the function is the same, so every optimum (of
unequal neurons) has a twin elsewhere, and between the twins there is a hill.
"""

# %%
from typing import Any

import numpy as np
from scipy.optimize import minimize

import autograd
import nn

from ..page import MARKERS, Page

X = np.linspace(-2.0, 2.0, 30)[:, None]
Y = np.sin(3.0 * X[:, 0])


# %%
def compiled(model: nn.Module) -> Any:
    """The mean squared error with a little L2, without which some valleys would run on to infinity."""
    program = autograd.compile(lambda x, t: nn.mse_loss(model(x), t) + nn.l2_penalty(model, 1e-3))
    program.value_and_grad(X, Y)
    return program


def descend(program: Any, start: Any, rate: float = 0.1, steps: int = 200) -> Any:
    """Plain gradient descent; all places it comes through."""
    places = [start]
    for _ in range(steps):
        places.append(places[-1] - rate * program.value_and_grad(X, Y, at=places[-1])[1])
    return np.array(places)


def to_the_end(program: Any, start: Any) -> Any:
    """Where descent ends that has all the time in the world: BFGS is a descent that learns the curvature on its way."""
    return minimize(
        lambda p: program.value_and_grad(X, Y, at=p), start, jac=True, method="BFGS", options={"gtol": 1e-7}
    )


def hill(program: Any, p: Any, q: Any) -> Any:
    """The loss along the straight line from p to q."""
    return np.array([program(X, Y, at=(1 - s) * p + s * q) for s in np.linspace(0.0, 1.0, 101)])


def swapped(theta: Any, hidden: int) -> Any:
    """The weights with the first and the last hidden neuron swapped (weight and bias of each; then its way out)."""
    twin = theta.copy()
    for first, last in ((0, 2 * hidden - 2), (1, 2 * hidden - 1), (2 * hidden, 3 * hidden - 1)):
        twin[[first, last]] = twin[[last, first]]
    return twin


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    rng = np.random.default_rng(page.seed)

    # Linear regression: one place, from everywhere.
    line = compiled(nn.MLP(1, [1], seed=0))
    paths = [descend(line, start) for start in rng.uniform(-3, 3, (6, 2))]
    spread = float(np.ptp([path[-1] for path in paths], axis=0).max())
    page.say(f"""
        Linear regression from {len(paths)} random starts, 200 steps of descent each: all end at
        w = {paths[0][-1][0]:.4f}, b = {abs(paths[0][-1][1]):.4f}; the ends differ by {spread:.0e}.
    """)

    # A network of three hidden neurons: several places, each a true optimum (gradient 0).
    starts = 24
    ends: dict[int, list[Any]] = {}
    for hidden in (3, 12):
        net = compiled(nn.MLP(1, [hidden, 1], "tanh", seed=0))
        size = len(net.flat_parameters())
        begin = np.random.default_rng(page.seed).normal(0.0, 1.5, (starts, size))
        ends[hidden] = sorted((to_the_end(net, p) for p in begin), key=lambda end: end.fun)
        if hidden == 3:
            small, found = net, ends[3]
    optima = {f"{end.fun:.4f}": end for end in found}
    steepest = max(float(np.linalg.norm(end.jac)) for end in found)
    page.say(f"""
        A network of 3 hidden tanh neurons on points of sin(3x), from {starts} random starts, descended until the
        gradient is below {steepest:.0e}. It ends at {len(optima)} different losses:
    """)
    losses = [f"{end.fun:.4f}" for end in found]
    page.table(["loss", "starts that end there"], [[loss, losses.count(loss)] for loss in optima])

    # The proof that it is not convex: the way between an optimum and its twin.
    best = found[0]
    twin = swapped(best.x, 3)
    between, straight = hill(small, best.x, twin), hill(line, paths[0][0], paths[1][0])
    page.say(f"""
        The best of them, with two neurons swapped, has the same loss ({small(X, Y, at=twin):.4f}) at another place;
        half way between the two the loss is {between[50]:.3f}. No bowl has that.
    """)
    with page.figure("One valley for the line; for the network, the start decides", columns=3) as (_, axes):
        w, b = np.meshgrid(np.linspace(-3.2, 3.2, 60), np.linspace(-3.2, 3.2, 60))
        grid = [line(X, Y, at=np.array(p)) for p in zip(w.flat, b.flat, strict=True)] if page.plots else w
        axes[0].contour(w, b, np.reshape(grid, w.shape), levels=12, colors="0.75", linewidths=0.9)
        for path, marker in zip(paths, MARKERS, strict=False):
            axes[0].plot(*path.T, marker=marker, markevery=[0], linestyle="-", linewidth=1.3)
        axes[0].plot(*paths[0][-1], marker="*", markersize=13, color="black")
        axes[0].set(xlabel="w", ylabel="b", title=f"linear regression: {len(paths)} starts, 1 end")
        model = nn.MLP(1, [3, 1], "tanh", seed=0)
        axes[1].plot(X, Y, "o", color="0.6", markersize=4, label="data")
        for loss, end in list(optima.items())[:4]:
            for parameter, number in zip(model.parameters(), end.x, strict=True):
                parameter.data = float(number)
            axes[1].plot(X, nn.predict(model, X), label=f"loss {loss}")
        axes[1].set(xlabel="x", ylabel="output", ylim=(-1.3, 2.4), title="what the network has become")
        axes[2].plot(np.linspace(0, 1, 101), between, label="network, optimum to twin")
        axes[2].plot(np.linspace(0, 1, 101), straight, label="line, start 1 to start 2")
        axes[2].set(
            xlabel="way from one place to the other", ylabel="loss", title="a chord below the curve: not convex"
        )
        axes[1].legend(ncols=2)
        axes[2].legend()

    spreads = {hidden: ends[hidden][-1].fun - ends[hidden][0].fun for hidden in ends}
    page.say(f"""
        "Not convex" does not mean "hopeless". From the same number of starts, the worst loss is {spreads[3]:.4f} above
        the best with 3 hidden neurons, and {spreads[12]:.4f} above with 12. A wider network has far more optima, but
        here they are all equally good: where one neuron is stuck, another finds the way.
    """)
    page.say("Try: 2 hidden neurons, and 1. How many different losses are there? And which starts lead to the best?")
    return {
        "spread of the line": spread, "optima": len(optima), "steepest": steepest,
        "best": best.fun, "worst": found[-1].fun, "twin": small(X, Y, at=twin), "between": between[50],
        "bend of the line": float(np.diff(straight, 2).min()), "spread 3": spreads[3], "spread 12": spreads[12],
        "apart": float(np.linalg.norm(twin - best.x)),
    }  # fmt: skip


if __name__ == "__main__":
    main()
