"""Two moons, end to end: data, network, loss, training, and a look at what was learnt.

Two half circles that reach into each other: no line separates them. A network 2-16-16-1 gives each point a score s; its
sign says which moon. The max-margin loss asks for more than the right sign, for a distance from 0:

    loss = mean over the examples of max(0, 1 - t·s)  +  λ·Σ w²,      t = +1 or -1

An example with t·s ≥ 1 costs nothing any more; the penalty on the weights, never the biases, keeps the scores small, so
that a margin is a matter of distance and not of steepness.
"""

# %%
import time
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn

from ..page import Page


def slope(model: nn.MLP, point: Any, target: Any) -> float:
    """How strongly an example pulls: the derivative of its loss with respect to the bias of the output."""
    (pull,) = autograd.grad(nn.hinge_loss(model(point), int(target)), [model.layers[-1].neurons[0].b])
    return float(pull)


# %% What is calculated.
class Results(NamedTuple):
    """Points and classes of -1 and +1, the trained network, its margins t·s, and which points still pull at it."""

    x: Any
    y: Any
    model: nn.MLP
    history: nn.History
    seconds: float
    margins: Any
    fresh_margins: Any
    pulling: Any

    @property
    def right(self) -> float:
        return float(np.mean(self.margins > 0))

    @property
    def fresh_right(self) -> float:
        return float(np.mean(self.fresh_margins > 0))


def calculate(page: Page) -> Results:
    # Data: 100 points to train on, 1,000 to test.
    x, moon = make_moons(100, noise=0.1, random_state=page.seed)
    fresh, fresh_moon = make_moons(1000, noise=0.1, random_state=page.seed + 1)
    y, fresh_y = 2 * moon - 1, 2 * fresh_moon - 1

    # Network, optimiser, training.
    model = nn.MLP(2, [16, 16, 1], seed=page.seed)
    sgd = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = nn.CosineAnnealingLR(sgd, T_max=100)
    start = time.perf_counter()
    history = nn.fit(
        model, x, y, nn.hinge_loss, l2=3e-3, optimizer=sgd, epochs=100, batch_size=25, seed=page.seed,
        schedule=schedule,
    )  # fmt: skip
    seconds = time.perf_counter() - start

    pulling = np.array([slope(model, row, t) != 0.0 for row, t in zip(x, y, strict=True)])
    margins, fresh_margins = y * nn.predict(model, x), fresh_y * nn.predict(model, fresh)
    return Results(x, y, model, history, seconds, margins, fresh_margins, pulling)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "The network has {parameters} parameters. Training on 100 points, 100 epochs in batches of 25:",
        parameters=len(r.model.parameters()),
    )
    page.show(r.history)
    page.table(
        ["", "points", "right", "lowest margin t·s"],
        [
            ["training", len(r.margins), f"{r.right:.1%}", float(r.margins.min())],
            ["test", len(r.fresh_margins), f"{r.fresh_right:.1%}", float(r.fresh_margins.min())],
        ],
    )
    page.say(
        """
        {right:.0%} of the training points are on the right side, after {seconds:.1f} seconds. How many of the hundred
        still pull at the weights? {pulling}: those within the margin, t·s < 1. The gradient of every other point is
        exactly 0. From here on, only these few and the penalty move the boundary; they are like the support vectors of
        a support vector machine.
        """,
        right=r.right, seconds=r.seconds, pulling=int(r.pulling.sum()),
    )  # fmt: skip
    plot(page, r)
    page.say("Try: a λ of 0: do any points still pull? And 0.03? Look at the broken lines, where the score is ±1.")


# %% The picture: the boundary, and the lines where the score is -1 and +1.
def plot(page: Page, r: Results) -> None:
    with page.figure(
        "A network 2-16-16-1 separates the moons, with a margin"
        if r.right == 1.0
        else "A network 2-16-16-1 separates the moons, but for a few points",
        1, 2, size=(10.5, 4.4),
    ) as (_, axes):  # fmt: skip
        if page.plots:
            nn.plot_decision_boundary(r.model, r.x, r.y, axes[0])
            across, up = np.linspace(*axes[0].get_xlim(), 80), np.linspace(*axes[0].get_ylim(), 80)
            grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
            height = nn.predict(r.model, grid).reshape(80, 80)
            lines = axes[0].contour(across, up, height, [-1, 1], colors="0.3", linestyles="--", linewidths=1)
            axes[0].clabel(lines, fmt="s = %+d", fontsize=8)
        axes[0].scatter(*r.x[r.pulling].T, s=130, facecolors="none", edgecolors="black", linewidths=1.5, zorder=4)
        title = page.word("{right:.0%} right; ringed: the points that still pull", right=r.right)
        axes[0].set(title=title, xlabel="x₁", ylabel="x₂")
        axes[1].semilogy(range(1, r.history.epochs + 1), r.history.train_loss)
        axes[1].set(title="training", xlabel="epoch", ylabel="max-margin loss, without penalty")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
