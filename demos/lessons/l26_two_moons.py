"""Two moons, end to end: data, network, loss, training, and a look at what was learnt.

Two half circles that reach into each other: no line separates them. A network 2-16-16-1 gives each point a score s; its
sign says which moon. The max-margin loss asks for more than the right sign, for a distance from 0:

    loss = mean over the examples of max(0, 1 - t·s)  +  λ·Σ w²,      t = +1 or -1

An example with t·s ≥ 1 costs nothing any more; the penalty on the weights, never the biases, keeps the scores small, so
that a margin is a matter of distance and not of steepness.
"""

# %%
import time
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn

from ..page import Page


# %%
def slope(model: nn.MLP, point: Any, target: Any) -> float:
    """How strongly an example pulls: the derivative of its loss by the bias of the output."""
    (pull,) = autograd.grad(nn.hinge_loss(model(point), int(target)), [model.layers[-1].neurons[0].b])
    return float(pull)


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Data: 100 points to train on, 1,000 to test.
    x, moon = make_moons(100, noise=0.1, random_state=page.seed)
    fresh, fresh_moon = make_moons(1000, noise=0.1, random_state=page.seed + 1)
    y, fresh_y = 2 * moon - 1, 2 * fresh_moon - 1

    # Network, optimiser, training.
    model = nn.MLP(2, [16, 16, 1], seed=page.seed)
    sgd = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = nn.CosineAnnealingLR(sgd, T_max=100)
    page.say(f"{model}: {len(model.parameters())} parameters. Training on 100 points, 100 epochs in batches of 25:")
    start = time.perf_counter()
    history = nn.fit(
        model, x, y, nn.hinge_loss, l2=3e-3, optimizer=sgd, epochs=100, batch_size=25, seed=page.seed,
        callbacks=[lambda history: schedule.step()],
    )  # fmt: skip
    seconds = time.perf_counter() - start
    page.show(history)

    # How good is it, and by what margin?
    scores, fresh_scores = (nn.predict(model, data) for data in (x, fresh))
    right, fresh_right = float(np.mean(np.sign(scores) == y)), float(np.mean(np.sign(fresh_scores) == fresh_y))
    page.table(
        ["", "points", "right", "lowest margin t·s"],
        [
            ["training", len(x), f"{right:.1%}", float((y * scores).min())],
            ["test", len(fresh), f"{fresh_right:.1%}", float((fresh_y * fresh_scores).min())],
        ],
    )
    pulls = np.array([slope(model, row, t) != 0.0 for row, t in zip(x, y, strict=True)])
    page.say(f"""
        {right:.0%} of the training points are on the right side, after {seconds:.1f} seconds. And of the hundred, only
        {pulls.sum()} still pull at the weights: those within the margin, t·s < 1. The gradient of every other point is
        exactly 0. The boundary depends on these few alone; that is why they are called support vectors.
    """)

    # The picture: the boundary, and the lines where the score is -1 and +1.
    with page.figure("A network 2-16-16-1 separates the moons, with a margin", 1, 2, size=(10.5, 4.4)) as (_, axes):
        if page.plots:
            nn.plot_decision_boundary(model, x, y, axes[0])
            across, up = np.linspace(*axes[0].get_xlim(), 80), np.linspace(*axes[0].get_ylim(), 80)
            grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
            height = nn.predict(model, grid).reshape(80, 80)
            lines = axes[0].contour(across, up, height, [-1, 1], colors="0.3", linestyles="--", linewidths=1)
            axes[0].clabel(lines, fmt="s = %+d", fontsize=8)
        axes[0].scatter(*x[pulls].T, s=130, facecolors="none", edgecolors="black", linewidths=1.5, zorder=4)
        axes[0].set(title=f"{right:.0%} right; ringed: the points that still pull", xlabel="$x_1$", ylabel="$x_2$")
        axes[1].semilogy(range(1, history.epochs + 1), history.train_loss)
        axes[1].set(title="training", xlabel="epoch", ylabel="max-margin loss, without penalty")
    page.say("Look at the broken lines, where the score is ±1. Try a λ of 0: do any points still pull? And 0.03?")
    return {
        "parameters": len(model.parameters()),
        "right": right,
        "test right": fresh_right,
        "first loss": history.train_loss[0],
        "last loss": history.train_loss[-1],
        "lowest margin": float((y * scores).min()),
        "pulling": int(pulls.sum()),
        "within the margin": int(np.sum(y * scores < 1.0)),
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
