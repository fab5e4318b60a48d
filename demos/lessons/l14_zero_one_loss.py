"""The 0/1 loss has no gradient: the loss we mean is a staircase, and descent needs a slope.

What we want of a classifier is few wrong answers. With classes t = +1 or -1 and a score z = w·x + b that is

    loss(z, t) = 0 where t·z > 0, else 1        averaged over the examples: the share of wrong answers

A small change of w changes no answer, so it changes nothing: the derivative is 0 wherever there is one, and descent
does not move. So another loss is put in its place, a surrogate. It has a slope where the answer is wrong, and it is
never below the 0/1 loss: where the mean of the surrogate is small, the share of wrong answers is small too.

    hinge        max(0, 1 - t·z)
    logistic     log(1 + exp(-t·z)) / log 2
    squared      (1 - t·z)²
"""

# %%
import math
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Value, maximum, minimum, softplus

from ..page import COLORS, Page


# %% Each loss on one example, of Values: the engine finds the slopes.
def zero_one(score: Any, target: Any) -> Any:
    """As a ramp from 1 down to 0, so steep that no example is on it; the engine finds its slope by itself."""
    return minimum(1.0, maximum(0.0, 0.5 - 1e12 * target * score))


def logistic(score: Any, target: Any) -> Any:
    return softplus(-target * score) / math.log(2)


def squared(score: Any, target: Any) -> Any:
    return (1 - target * score) ** 2


MARGINS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
START = (-0.3, 1.0, 0.5)  # w and b, a first guess that is quite wrong: the line is turned by a right angle
LOSSES = {"0/1": zero_one, "hinge": nn.hinge_loss, "logistic": logistic, "squared": squared}
STYLES = {"0/1": (COLORS[6], "-"), "hinge": (COLORS[0], "--"), "logistic": (COLORS[1], "-."),
          "squared": (COLORS[2], ":")}  # fmt: skip


# %% What is calculated.
class Descent(NamedTuple):
    """200 steps on a loss: the length of its first gradient, how far it moved the weights, the share wrong then."""

    gradient: float
    moved: float
    wrong: float


class Results(NamedTuple):
    """Of each loss: its slopes and a descent; then the share of wrong answers in many directions of w, and in a few.

    `scores` are t·z of each example (column) in each of the `angles` (row).
    """

    slopes: dict[str, list[float]]
    start: float
    descents: dict[str, Descent]
    angles: Any
    scores: Any
    close: Any
    stairs: Any

    @property
    def changes(self) -> int:
        """How many of the small turns change the share of wrong answers."""
        return int(np.sum(np.diff(self.stairs) != 0))


def slope(loss: Any, at: float) -> float:
    z = Value(at, "z")
    loss(z, 1).backward()
    return z.grad


def descent(loss: Any, X: Any, y: Any) -> Descent:
    neuron = nn.Neuron(2)
    neuron.load_state_dict(dict(zip(("w.0", "w.1", "b"), START, strict=True)))
    sgd = nn.SGD(neuron.parameters(), lr=0.1)
    history = nn.fit(neuron, X, y, loss, optimizer=sgd, epochs=200, batch_size=None, progress=False)
    end = [parameter.data for parameter in neuron.parameters()]
    return Descent(history.gradient_norm[0], math.dist(START, end), share_wrong(X, y, end))


def share_wrong(X: Any, y: Any, parameters: Any) -> float:
    return float(np.mean(y * (X @ parameters[:2] + parameters[2]) <= 0))


def turned(X: Any, y: Any, angles: Any) -> Any:
    """t·z of each example for w = (cos α, sin α) and b = 0, with a row for each angle α."""
    return y * (X @ np.array([np.cos(angles), np.sin(angles)])).T


def calculate(page: Page) -> Results:
    rng = np.random.default_rng(page.seed)
    y = np.repeat([-1, 1], 100)
    X = rng.normal(size=(200, 2)) + np.outer(y, [1.2, 0.6])
    angles, close = np.linspace(-np.pi, np.pi, 721), np.radians(np.linspace(25, 35, 2001))
    return Results(
        slopes={name: [slope(loss, z) for z in MARGINS] for name, loss in LOSSES.items()},
        start=share_wrong(X, y, START),
        descents={name: descent(loss, X, y) for name, loss in LOSSES.items()},
        angles=angles, scores=turned(X, y, angles),
        close=close, stairs=np.mean(turned(X, y, close) <= 0, axis=1),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The slope ∂loss/∂z of each for an example of the class t = +1, from the engine:")
    page.table(["z", "0/1", "hinge", "logistic", "squared"], zip(MARGINS, *r.slopes.values(), strict=True))

    page.say("200 steps of descent on each, from the same start, on two clouds of 100 points that overlap:")
    page.table(
        ["loss", "first gradient", "distance moved", "share wrong, start", "share wrong, end"],
        [[name, d.gradient, d.moved, r.start, d.wrong] for name, d in r.descents.items()],
    )
    page.say(
        """
        Look at the first row: a gradient of exactly 0, so the weights are where they were, to the last digit. It is not
        that the engine cannot differentiate a step: it did, and 0 is the answer. The other losses do not count wrong
        answers at all. Descent on them lowers the number of wrong answers all the same.
        """
    )
    page.say(
        """
        Now turn the line: w = (cos α, sin α), b = 0, for all angles α. From far away the share of wrong answers looks
        like a smooth slope; seen from near, it is made of steps. Of 2,000 turns by 0.005 degrees near α = 30 degrees,
        {changes} changed the share of wrong answers; the others changed nothing.
        """,
        changes=r.changes or page.word("none"),
    )
    plot_losses(page, r)
    page.say("Try: move 20 points of the class +1 ten times as far out. Which surrogate gets worse, and why?")


# %% Pictures.
def plot_losses(page: Page, r: Results) -> None:
    with page.figure(
        "The 0/1 loss is flat almost everywhere; its surrogates are never below it, and have a slope", columns=3
    ) as (_, (left, middle, right)):
        z = np.linspace(-2.5, 2.5, 501)
        curves = {"0/1": (z <= 0) * 1.0, "hinge": np.maximum(0, 1 - z), "squared": (1 - z) ** 2}
        curves["logistic"] = np.log1p(np.exp(-z)) / math.log(2)
        for name, (color, dash) in STYLES.items():
            left.plot(z, curves[name], color=color, ls=dash, label=name)
        left.set(xlabel="margin t·z", ylabel="loss of an example", ylim=(-0.2, 5), title="one example")
        left.legend()
        surrogate = np.mean(np.log1p(np.exp(-r.scores)) / math.log(2), axis=1)
        middle.plot(np.degrees(r.angles), np.mean(r.scores <= 0, axis=1), color=COLORS[6], label="0/1")
        middle.plot(np.degrees(r.angles), surrogate, color=COLORS[1], ls="-.", label="logistic")
        middle.set(xlabel="direction of w (degrees)", ylabel="mean loss", title="200 examples, all directions")
        middle.legend()
        right.plot(np.degrees(r.close), 100 * r.stairs, ".", color=COLORS[6], markersize=2)
        right.set(xlabel="direction of w (degrees)", ylabel="wrong answers (%)", title="from near: steps, no slope")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
