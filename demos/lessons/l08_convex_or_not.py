"""Convex and not: in a bowl every descent ends at the bottom; in a landscape, the start decides.

A loss is convex when no chord, the straight line between two of its points, lies below it: between any two places,
L((p + q)/2) ≤ (L(p) + L(q))/2. Then it has one valley. The squared error of linear regression is convex: it is a square
of something linear in the weights. That of a network is not: swap two hidden neurons, with all their weights, and the
function is the same, so every optimum (of unequal neurons) has a twin elsewhere, and between the twins there is a hill.
"""

# %%
from typing import Any, NamedTuple

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


# %% What is calculated.
HIDDEN = (3, 12)  # neurons of the networks


class Results(NamedTuple):
    """Descents of the line; of the networks, the ends of 24 descents by HIDDEN; the loss on the way to a twin.

    `between` is the loss on the straight line from the best optimum of 3 neurons to `twin`, the same with two neurons
    swapped; `straight` is that of linear regression between two starts.
    """

    line: Any
    paths: list[Any]
    ends: dict[int, list[Any]]
    twin: Any
    between: Any
    straight: Any

    @property
    def spread(self) -> float:
        """How far apart the descents of the line end."""
        return float(np.ptp([path[-1] for path in self.paths], axis=0).max())

    @property
    def optima(self) -> dict[str, Any]:
        """Of each different loss, to four digits, one end of the small network."""
        return {f"{end.fun:.4f}": end for end in self.ends[3]}

    @property
    def steepest(self) -> float:
        """The largest gradient at an end of the small network."""
        return max(float(np.linalg.norm(end.jac)) for end in self.ends[3])

    def above(self, hidden: int) -> float:
        """How much the worst end lies above the best."""
        return float(self.ends[hidden][-1].fun - self.ends[hidden][0].fun)


def calculate(page: Page) -> Results:
    # Linear regression: one place, from everywhere.
    line = compiled(nn.MLP(1, [1], seed=0))
    paths = [descend(line, start) for start in np.random.default_rng(page.seed).uniform(-3, 3, (6, 2))]

    # Networks: several places, each a true optimum (gradient 0).
    nets = {hidden: compiled(nn.MLP(1, [hidden, 1], "tanh", seed=0)) for hidden in HIDDEN}
    ends = {}
    for hidden, net in nets.items():
        starts = np.random.default_rng(page.seed).normal(0.0, 1.5, (24, len(net.flat_parameters())))
        found = (to_the_end(net, start) for start in page.progress(starts, "descents"))
        ends[hidden] = sorted(found, key=lambda end: end.fun)

    # The proof that it is not convex: the way between an optimum and its twin.
    best = ends[3][0].x
    twin = swapped(best, 3)
    return Results(line, paths, ends, twin, hill(nets[3], best, twin), hill(line, paths[0][0], paths[1][0]))


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    w, b = r.paths[0][-1]
    page.say(
        """
        Linear regression from {starts} random starts, 200 steps of descent each: all end at w = {w:.4f}, b = {b:.4f};
        the ends differ by {spread:.0e}.
        """,
        starts=len(r.paths), w=w, b=round(b, 4) + 0.0,  # + 0.0, that it is not "-0.0000"
        spread=r.spread,
    )  # fmt: skip
    page.say(
        """
        A network of 3 hidden tanh neurons on points of sin(3x), from {starts} random starts, descended until the
        gradient is about {steepest:.0e} or less. It ends at {optima} different losses:
        """,
        starts=len(r.ends[3]), steepest=r.steepest, optima=len(r.optima),
    )  # fmt: skip
    losses = [f"{end.fun:.4f}" for end in r.ends[3]]
    page.table(["loss", "starts that end there"], [[loss, losses.count(loss)] for loss in r.optima])
    page.say(
        """
        The best of them, with two neurons swapped, has the same loss ({twin:.4f}) at another place; half way between
        the two the loss is {middle:.3f}. No bowl has that.
        """,
        twin=r.between[-1], middle=r.between[50],
    )  # fmt: skip
    plot(page, r)
    page.say(
        """
        "Not convex" does not mean "hopeless". From the same number of starts, the worst loss is {small:.4f} above the
        best with 3 hidden neurons, and {wide:.4f} above with 12. {so}
        """,
        small=r.above(3), wide=r.above(12),
        so=page.word(
            "A wider network has far more optima, but here all that were found are equally good: where one neuron is "
            "stuck, another finds the way."
            if r.above(12) < 1e-4
            else "A wider network has far more optima, and not all of them are equally good."
        ),
    )  # fmt: skip
    page.say("Try: 2 hidden neurons, and 1. How many different losses are there? And which starts lead to the best?")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    with page.figure("One valley for the line; for the network, the start decides", columns=3) as (_, axes):
        plot_line(page, r, axes[0])
        model = nn.MLP(1, [3, 1], "tanh", seed=0)
        axes[1].plot(X, Y, "o", color="0.6", markersize=4, label="training data")
        for loss, end in list(r.optima.items())[:4]:
            for parameter, number in zip(model.parameters(), end.x, strict=True):
                parameter.data = float(number)
            axes[1].plot(X, nn.predict(model, X), label=page.word("loss {loss}", loss=loss))
        axes[1].set(xlabel="x", ylabel="output", ylim=(-1.3, 2.4), title="a different function at each optimum")
        way = np.linspace(0, 1, len(r.between))
        axes[2].plot(way, r.between, label="network, from an optimum to its twin")
        axes[2].plot(way, r.straight, label="line, from start to start")
        axes[2].plot([0, 1], r.between[[0, -1]], color="0.5", linestyle=":", linewidth=1.2, label="chords")
        axes[2].plot([0, 1], r.straight[[0, -1]], color="0.5", linestyle=":", linewidth=1.2)
        axes[2].set(
            xlabel="way from one place to the other", ylabel="loss", title="a chord below its curve: not convex"
        )
        axes[1].legend(ncols=2)
        axes[2].legend()


def plot_line(page: Page, r: Results, ax: Any) -> None:
    """The bowl of linear regression, and the descents in it."""
    w, b = np.meshgrid(np.linspace(-3.2, 3.2, 60), np.linspace(-3.2, 3.2, 60))
    grid = [r.line(X, Y, at=np.array(p)) for p in zip(w.flat, b.flat, strict=True)] if page.plots else w
    ax.contour(w, b, np.reshape(grid, w.shape), levels=12, colors="0.75", linewidths=0.9)
    for path, marker in zip(r.paths, MARKERS, strict=False):
        ax.plot(*path.T, marker=marker, markevery=[0], linestyle="-", linewidth=1.3)
    ax.plot(*r.paths[0][-1], marker="*", markersize=13, color="black")
    title = page.word("linear regression: {starts} starts, 1 end", starts=len(r.paths))
    ax.set(xlabel="w", ylabel="b", title=title)


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
