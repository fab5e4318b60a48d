"""Cross-entropy or squared error: which loss for a sigmoid? The one whose slope the sigmoid's cannot make small.

A sigmoid σ(z) should say 1. Two losses, and their slopes with respect to z:

    squared error    ½(σ(z) - 1)²      slope (σ(z) - 1)·σ'(z) = (σ(z) - 1)·σ(z)·(1 - σ(z))
    cross-entropy    -log σ(z)         slope σ(z) - 1

At z = 10 the answer is right and both slopes are near 0, as they should be. At z = -10 it is as wrong as can be.
Cross-entropy pulls with almost 1. Squared error does not pull at all: its slope has the factor σ'(z), and the tail of
the sigmoid is flat on that side too. To it, far from the goal looks like at the goal.
"""

# %%
from itertools import product
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Value, sigmoid

from ..page import COLORS, Page


# %%
def squared_error(z: Any, target: Any) -> Any:
    """Of the logit z: the sigmoid belongs to the loss, as in `nn.binary_cross_entropy`."""
    return 0.5 * (sigmoid(z) - target) ** 2


STARTS = ((0.0, 0.0), (-1.0, -1.0), (-4.0, -4.0), (-30.0, -30.0))
LOSSES = {"squared error": squared_error, "cross-entropy": nn.binary_cross_entropy}


def slope(loss: Any, at: float) -> float:
    z = Value(at, "z")
    loss(z, 1.0).backward()
    return z.grad


# %% Two classes on a line through the plane, and weights that are wrong to begin with.
def examples(rng: Any) -> tuple[Any, Any]:
    y = np.repeat([0.0, 1.0], 50)
    return rng.normal(size=(100, 2)) + np.outer(2 * y - 1, [1.5, 1.0]), y


def trained(loss: Any, X: Any, y: Any, start: tuple[float, float], lr: float, steps: int) -> Any:
    """The share of right answers after each step of descent."""
    neuron = nn.Neuron(2)
    neuron.load_state_dict({"w.0": start[0], "w.1": start[1], "b": 0.0})
    descent = nn.SGD(neuron.parameters(), lr=lr)
    history = nn.fit(
        neuron, X, y, loss, optimizer=descent, epochs=steps, batch_size=None, progress=False,
        metrics={"accuracy": nn.accuracy},
    )  # fmt: skip
    return history.metrics["accuracy"]


def steps_to(accuracies: list[float], goal: float) -> int | None:
    return next((step for step, accuracy in enumerate(accuracies) if accuracy >= goal), None)


def taken(steps: int | None) -> str:
    return "never" if steps is None else str(steps)


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    places = (-10.0, -5.0, 0.0, 5.0, 10.0)
    slopes = {name: [slope(loss, z) for z in places] for name, loss in LOSSES.items()}
    page.say("The slopes that the engine calculates, for the target 1:")
    page.table(
        ["z", "σ(z)", *LOSSES],
        [
            [z, f"{sigmoid(z):.6f}", *(f"{s:.5g}" if s < -0.1 else f"{s:.1e}" for s in (a, b))]
            for z, a, b in zip(places, *slopes.values(), strict=True)
        ],
    )
    page.say("""
        Read the squared error downwards: flat, steep, flat. The first line (all wrong) and the last (all
        right) have the same tiny slope. Read the cross-entropy: from -1 towards 0, never flat while there is something
        to learn.
    """)

    rng = np.random.default_rng(page.seed)
    X, y = examples(rng)
    steps = 300 if page.quick else 1000
    rows, curves, reached = [], {}, {}
    for start in STARTS:
        for name, loss in LOSSES.items():
            curve = curves[name, start] = trained(loss, X, y, start, 0.5, steps)
            first = reached[name, start] = steps_to(curve, 0.9)
            rows.append([f"{start[0]:g}, {start[1]:g}", name, curve[0], taken(first),
                         curve[-1]])  # fmt: skip
    page.say(f"Training on 100 points with the same learning rate, from {len(STARTS)} starts, {steps} steps each:")
    page.table(["w at the start", "loss", "accuracy at first", "steps to 90 %", f"after {steps}"], rows)
    page.say(f"""
        Steps to 90 % of right answers, from start to start: cross-entropy
        {", ".join(taken(reached["cross-entropy", start]) for start in STARTS)}; squared error
        {", ".join(taken(reached["squared error", start]) for start in STARTS)}. From weights that are wrong and sure,
        cross-entropy needs more steps, and squared error is on a plateau: with each unit of z its slope shrinks
        by the factor e. A larger learning rate helps from one start, but how large it must be depends on how wrong the
        weights are.
    """)
    page.say("""
        Fair is fair: on a linear output squared error has no such plateau, and a point with a wrong label pulls at
        cross-entropy with force 1 for ever, at squared error hardly at all. It is the pair that matters: the logarithm
        undoes the exponential in the sigmoid, and so the two belong together.
    """)

    z = np.linspace(-10, 10, 401)
    with page.figure("Squared error on a sigmoid is flat far from the goal too", columns=2, size=(8.6, 5.2)) as (
        _, (left, right),
    ):  # fmt: skip
        for (name, loss), color in zip(LOSSES.items(), COLORS, strict=False):
            left.plot(z, [loss(v, 1.0) for v in z.tolist()], color=color, ls="-", label=name)
            left.plot(z, [slope(loss, v) for v in z.tolist()], color=color, ls="--", label="its slope")
        left.set(xlabel="z (the target is 1)", ylabel="loss, slope", ylim=(-1.3, 5))
        for (name, color), (start, dashes) in product(
            zip(LOSSES, COLORS, strict=False), zip((-1.0, -4.0, -30.0), ("-", "--", ":"), strict=True)
        ):
            label = f"{name}, from {start:g}, {start:g}"
            right.plot(range(1, steps + 1), curves[name, (start, start)], color=color, ls=dashes, label=label)
        right.set(xlabel="step", ylabel="share of right answers", xscale="log", ylim=(-0.02, 1.02))
        for ax in (left, right):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1 if ax is right else 2)

    # The loss of all examples as a landscape over the two weights.
    side = np.linspace(-6, 6, 61)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    with page.figure("Over the two weights: squared error has a plateau, cross-entropy has none", columns=2) as (
        figure, axes,
    ):  # fmt: skip
        for ax, (name, loss) in zip(axes, LOSSES.items(), strict=True):
            height = sum(autograd.compile(loss).map(grid @ x, np.full(len(grid), t)) for x, t in zip(X, y, strict=True))
            picture = ax.contourf(side, side, height.reshape(61, 61) / len(X), levels=14)
            figure.colorbar(picture, ax=ax, label="mean loss")
            ax.plot(-4, -4, "o", color="white", markeredgecolor="black")
            ax.set(title=f"{name}; the dot: a start", xlabel="w₁", ylabel="w₂")
    page.say(
        "Try: the learning rate 50 for the squared error, from (-4, -4) and from (-30, -30). Does it leave the plateau?"
    )
    return {"slopes": slopes, "steps": reached, "last": {key: curve[-1] for key, curve in curves.items()}}


if __name__ == "__main__":
    main()
