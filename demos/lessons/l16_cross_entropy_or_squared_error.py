"""Cross-entropy or squared error: which loss for a sigmoid? The one whose slope the sigmoid's cannot make small.

A sigmoid σ(z) should say 1. Two losses, and their slopes with respect to z:

    squared error    ½(σ(z) - 1)²      slope (σ(z) - 1)·σ'(z) = (σ(z) - 1)·σ(z)·(1 - σ(z))
    cross-entropy    -log σ(z)         slope σ(z) - 1

At z = 10 the answer is right and both slopes are near 0, as they should be. At z = -10 it is as wrong as can be.
Cross-entropy pulls with almost 1. Squared error hardly pulls at all: its slope has the factor σ'(z), and the sigmoid is
flat on that side too. By this slope, an answer far from the goal looks like one at the goal.
"""

# %%
from typing import Any, NamedTuple

import numpy as np

import autograd
import nn
from autograd import Value, sigmoid

from ..page import COLORS, Page


# %%
def squared_error(z: Any, target: Any) -> Any:
    """Of the logit z: the sigmoid belongs to the loss, as in `nn.binary_cross_entropy`."""
    return 0.5 * (sigmoid(z) - target) ** 2


PLACES = (-10.0, -5.0, 0.0, 5.0, 10.0)
STARTS = (0.0, -1.0, -4.0, -30.0)  # of both weights
LOSSES = {"squared error": squared_error, "cross-entropy": nn.binary_cross_entropy}


def slope(loss: Any, at: float) -> float:
    z = Value(at, "z")
    loss(z, 1.0).backward()
    return z.grad


# %% Two classes on a line through the plane, and weights that are wrong to begin with.
def examples(rng: Any) -> tuple[Any, Any]:
    y = np.repeat([0.0, 1.0], 50)
    return rng.normal(size=(100, 2)) + np.outer(2 * y - 1, [1.5, 1.0]), y


def trained(loss: Any, X: Any, y: Any, start: float, lr: float, steps: int) -> list[float]:
    """The share of right answers before each step of descent."""
    neuron = nn.Neuron(2)
    neuron.load_state_dict({"w.0": start, "w.1": start, "b": 0.0})
    descent = nn.SGD(neuron.parameters(), lr=lr)
    history = nn.fit(
        neuron, X, y, loss, optimizer=descent, epochs=steps, batch_size=None, progress=False,
        metrics={"accuracy": nn.accuracy},
    )  # fmt: skip
    return history.metrics["accuracy"]


# %% What is calculated.
class Results(NamedTuple):
    """Of each loss: its slopes at the places; of each loss and start: the share of right answers before each step."""

    slopes: dict[str, list[float]]
    X: Any
    y: Any
    curves: dict[tuple[str, float], list[float]]

    def steps(self, loss: str, start: float) -> int | None:
        """Steps until 90 % of the answers are right; None where that was not reached."""
        return next((step for step, share in enumerate(self.curves[loss, start]) if share >= 0.9), None)


def calculate(page: Page) -> Results:
    X, y = examples(np.random.default_rng(page.seed))
    steps = 300 if page.quick else 1000
    return Results(
        slopes={name: [slope(loss, z) for z in PLACES] for name, loss in LOSSES.items()},
        X=X, y=y,
        curves={
            (name, start): trained(loss, X, y, start, 0.5, steps) for start in STARTS for name, loss in LOSSES.items()
        },
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The slopes that the engine calculates, for the target 1:")
    page.table(
        ["z", "σ(z)", "squared error", "cross-entropy"],
        [
            [z, f"{sigmoid(z):.6f}", *(f"{s:.5g}" if s < -0.1 else f"{s:.1e}" for s in (a, b))]
            for z, a, b in zip(PLACES, *r.slopes.values(), strict=True)
        ],
    )
    page.say(
        """
        Read the squared error downwards: flat, steep, flat. The first line (all wrong) and the last (all right) both
        have a tiny slope. Read the cross-entropy: from -1 towards 0, never flat while there is something to learn.
        """
    )

    def taken(loss: str, start: float) -> str:
        steps = r.steps(loss, start)
        return page.word("not reached") if steps is None else str(steps)

    steps = len(r.curves["cross-entropy", 0.0])
    page.say(
        "Training on 100 points with the same learning rate, from {starts} starts, {steps} steps each:",
        starts=len(STARTS), steps=steps,
    )  # fmt: skip
    page.table(
        ["w at the start", "loss", "accuracy at first", "steps to 90 %", "accuracy at the end"],
        [
            [f"{start:g}, {start:g}", name, curve[0], taken(name, start), curve[-1]]
            for (name, start), curve in r.curves.items()
        ],
    )
    page.say(
        """
        Steps to 90 % of right answers, from start to start: with cross-entropy {entropy}; with squared error {squared}.
        The more wrong the weights are at the start, the larger |z|, and each further unit of z divides the slope of the
        squared error by e = 2.718: a plateau. The slope of cross-entropy stays near -1, so it needs more steps from
        farther away, but only in proportion. A larger learning rate can help the squared error, but how large it must
        be depends on how wrong the weights are.
        """,
        entropy=", ".join(taken("cross-entropy", start) for start in STARTS),
        squared=", ".join(taken("squared error", start) for start in STARTS),
    )
    plot_losses(page, r)
    plot_landscapes(page, r)
    page.say(
        """
        Squared error has its merits. On a linear output it has no such plateau. And where a label is wrong and the
        model is sure of the right class, the squared error hardly pulls, but cross-entropy pulls with a slope of nearly
        1. What matters is the pair: the logarithm of the cross-entropy undoes the exponential of the sigmoid, and so
        these two belong together.
        """
    )
    page.say(
        "Try: the learning rate 50 for the squared error, from (-4, -4) and from (-30, -30). Does it leave the plateau?"
    )


# %% Pictures.
def plot_losses(page: Page, r: Results) -> None:
    """A colour for each loss; the dashes tell a loss from its slope, and the starts from each other."""
    colors = dict(zip(LOSSES, COLORS, strict=False))
    with page.figure("Squared error on a sigmoid is flat far from the goal too", columns=2, size=(8.6, 4.8)) as (
        _, (left, right),
    ):  # fmt: skip
        z = np.linspace(-10, 10, 401).tolist()
        for name, loss in LOSSES.items():
            left.plot(z, [loss(v, 1.0) for v in z], color=colors[name], ls="-")
            left.plot(z, [slope(loss, v) for v in z], color=colors[name], ls="--")
        left.set(xlabel="z (the target is 1)", ylabel="loss, slope", ylim=(-1.3, 5))
        left.plot([], [], color="0.3", ls="-", label="the loss")
        left.plot([], [], color="0.3", ls="--", label="its slope")
        for start, dashes in zip(STARTS[1:], ("-", "--", ":"), strict=True):
            for name in LOSSES:
                curve = r.curves[name, start]
                right.plot(range(1, len(curve) + 1), curve, color=colors[name], ls=dashes)
        right.plot([], [], color="0.3", ls="-", label="from -1, -1")
        right.plot([], [], color="0.3", ls="--", label="from -4, -4")
        right.plot([], [], color="0.3", ls=":", label="from -30, -30")
        right.set(xlabel="step", ylabel="share of right answers", xscale="log", ylim=(-0.02, 1.02))
        for ax in (left, right):
            ax.plot([], [], color=colors["squared error"], ls="-", lw=5, label="squared error")
            ax.plot([], [], color=colors["cross-entropy"], ls="-", lw=5, label="cross-entropy")
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)


def plot_landscapes(page: Page, r: Results) -> None:
    """The mean loss of all examples over the two weights."""
    side = np.linspace(-6, 6, 61)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    with page.figure("Over the two weights: squared error has a plateau, cross-entropy has none", columns=2) as (
        figure, axes,
    ):  # fmt: skip
        for ax, (name, loss) in zip(axes, LOSSES.items(), strict=True):
            program = autograd.compile(loss)
            height = sum(program.map(grid @ x, np.full(len(grid), t)) for x, t in zip(r.X, r.y, strict=True))
            picture = ax.contourf(side, side, height.reshape(61, 61) / len(r.X), levels=14)
            figure.colorbar(picture, ax=ax, label="mean loss")
            ax.plot(-4, -4, "o", color="white", markeredgecolor="black")
            ax.annotate("a start", (-3.6, -4.2))
            ax.set(title=name, xlabel="w₁", ylabel="w₂")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
