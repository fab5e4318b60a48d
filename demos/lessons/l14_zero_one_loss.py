"""The 0/1 loss has no gradient: the loss we mean is a staircase, and descent needs a slope.

What we want of a classifier is few wrong answers. With classes t = +1 or -1 and a score z = w·x + b that is

    loss(z, t) = 0 where t·z > 0, else 1        averaged over the examples: the share of wrong answers

A small change of w changes no answer, so it changes nothing: the derivative is 0 wherever there is one, and descent
does not move. A surrogate has a slope where the answer is wrong, and costs no less than the 0/1 loss at any z, so that
to push it down is to push the share of wrong answers down with it:

    hinge        max(0, 1 - t·z)
    logistic     log(1 + exp(-t·z)) / log 2
    squared      (1 - t·z)²
"""

# %%
import math
from typing import Any

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


LOSSES = {"0/1": zero_one, "hinge": nn.hinge_loss, "logistic": logistic, "squared": squared}
STYLES = {"0/1": (COLORS[6], "-"), "hinge": (COLORS[0], "--"), "logistic": (COLORS[1], "-."),
          "squared": (COLORS[2], ":")}  # fmt: skip


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    margins = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
    slopes: dict[str, list[float]] = {}
    for name, loss in LOSSES.items():
        slopes[name] = []
        for margin in margins:
            z = Value(margin, "z")
            loss(z, 1).backward()
            slopes[name].append(z.grad)
    page.say("The slope ∂loss/∂z of each for an example of the class t = +1, from the engine:")
    page.table(["z", *LOSSES], zip(margins, *slopes.values(), strict=True))

    # Two overlapping clouds, and a first guess that is quite wrong: the line is turned by a right angle.
    rng = np.random.default_rng(page.seed)
    y = np.repeat([-1, 1], 100)
    X = rng.normal(size=(200, 2)) + np.outer(y, [1.2, 0.6])
    start = (-0.3, 1.0, 0.5)
    wrong_at_start = float(np.mean(y * (X @ start[:2] + start[2]) <= 0))
    rows, wrong, moved = [], {}, {}
    for name, loss in LOSSES.items():
        neuron = nn.Neuron(2)
        neuron.load_state_dict(dict(zip(("w.0", "w.1", "b"), start, strict=True)))
        descent = nn.SGD(neuron.parameters(), lr=0.1)
        history = nn.fit(neuron, X, y, loss, optimizer=descent, epochs=200, batch_size=None, progress=False)
        end = [parameter.data for parameter in neuron.parameters()]
        wrong[name] = float(np.mean(y * (X @ end[:2] + end[2]) <= 0))
        moved[name] = math.dist(start, end)
        rows.append([name, history.gradient_norm[0], moved[name], wrong_at_start, wrong[name]])
    page.say("200 steps of descent on each, from the same start, on two clouds of 100 points that overlap:")
    page.table(["loss", "first gradient", "distance moved", "wrong at the start", "wrong at the end"], rows)
    page.say("""
        Look at the first row: a gradient of exactly 0, so the weights are where they were, to the last digit. It is not
        that the engine cannot differentiate a step: it did, and 0 is the answer. The others never look at the share of
        wrong answers, and lower it.
    """)

    # The loss as a function of the direction in which the line looks.
    angles = np.linspace(-np.pi, np.pi, 721)
    scores = y * (X @ np.array([np.cos(angles), np.sin(angles)])).T
    staircase = np.mean(scores <= 0, axis=1)
    flat = float(np.mean(np.diff(staircase[::4]) == 0))
    fine = np.linspace(0.5, 0.56, 2001)
    stairs = np.mean(y * (X @ np.array([np.cos(fine), np.sin(fine)])).T <= 0, axis=1)
    page.say(f"""
        Turn the line w = (cos α, sin α), b = 0 through all angles: the share of wrong answers looks like a slope from
        afar, and is made of steps. Of 2,000 turns by 0.00003 radians about α = 0.53 all but
        {int(np.sum(np.diff(stairs) != 0))} change nothing at all.
    """)
    with page.figure("The 0/1 loss is flat almost everywhere; its surrogates lie above it and slope", columns=3) as (
        _, (left, middle, right),
    ):  # fmt: skip
        z = np.linspace(-2.5, 2.5, 501)
        curves = {"0/1": (z <= 0) * 1.0, "hinge": np.maximum(0, 1 - z), "squared": (1 - z) ** 2}
        curves["logistic"] = np.log1p(np.exp(-z)) / math.log(2)
        for name, (color, dash) in STYLES.items():
            left.plot(z, curves[name], color=color, ls=dash, label=name)
        left.set(xlabel="margin t·z", ylabel="loss of an example", ylim=(-0.2, 5))
        left.legend()
        surrogate = np.mean(np.log1p(np.exp(-scores)) / math.log(2), axis=1)
        middle.plot(np.degrees(angles), staircase, color=STYLES["0/1"][0], label="0/1")
        middle.plot(np.degrees(angles), surrogate, color=COLORS[1], ls="-.", label="logistic")
        middle.set(xlabel="direction of w (degrees)", ylabel="mean loss", title="all directions")
        middle.legend()
        right.plot(np.degrees(fine), stairs, ".", color=STYLES["0/1"][0], markersize=2)
        right.set(xlabel="direction of w (degrees)", ylabel="share wrong", title="close up: steps, no slope")
    page.say("Try: move 20 points of the class +1 ten times as far out. Which surrogate loses by it, and why?")
    return {"slopes": slopes, "wrong": wrong, "moved": moved, "start": wrong_at_start, "flat": flat,
            "changes": int(np.sum(np.diff(stairs) != 0))}  # fmt: skip


if __name__ == "__main__":
    main()
