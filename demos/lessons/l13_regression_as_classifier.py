"""Linear regression as a classifier: it punishes answers for being too right.

Call one class +1 and the other -1, fit ŷ = w·x + b with the squared error, and say "+1" where ŷ > 0. On two tight
clouds that works. But the squared error wants ŷ to be exactly 1, and being on the right side is not enough:

    (ŷ - 1)²  is  1 for ŷ = 0, on the boundary,  and  81 for ŷ = 10, far on the right side

So points of the right class, far on the right side, draw the boundary towards themselves until ŷ is no longer so large
for them. Logistic regression asks only for the class: log(1 + exp(-z)) is 0.0000454 at z = 10, and pulls no more.
"""

# %%
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import sigmoid

from ..page import COLORS, Page

FAR = 25  # examples of the class +1, far away on its own side
POINTS = ((0.2, 0.0), (7.0, -6.0))  # two of the class +1: beside the boundary, and in the middle of the far group


# %%
def clouds(rng: Any) -> tuple[Any, Any]:
    """Two tight classes, 60 points each, about (-1, 0) and (1, 0)."""
    X = rng.normal(np.repeat([[-1.0, 0.0], [1.0, 0.0]], 60, axis=0), [0.35, 0.7])
    return X, np.repeat([-1.0, 1.0], 60)


def far_away(rng: Any) -> tuple[Any, Any]:
    """A group of the class +1 about (7, -6): no less +1 than the others, more so."""
    return rng.normal([7.0, -6.0], 0.5, (FAR, 2)), np.ones(FAR)


def regression(X: Any, y: Any) -> nn.Neuron:
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=0.02, momentum=0.9)
    nn.fit(neuron, X, y, nn.mse_loss, optimizer=descent, epochs=800, batch_size=None, progress=False)
    return neuron


def logistic(X: Any, y: Any) -> nn.Neuron:
    """The penalty keeps the weights from growing for ever, as they do where a line separates the classes."""
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=0.3, momentum=0.9)
    nn.fit(
        neuron, X, (y + 1) / 2, nn.binary_cross_entropy, l2=1e-3, optimizer=descent, epochs=800, batch_size=None,
        progress=False,
    )  # fmt: skip
    return neuron


def half_squared_error(output: Any, target: float) -> Any:
    return 0.5 * nn.mse_loss(output, target)


# %% What is calculated.
class Boundary(NamedTuple):
    """Where the boundary crosses the axis between the clouds, its tilt (degrees), its accuracy on the clouds.

    `far` is the mean output for the far points.
    """

    crossing: float
    tilt: float
    accuracy: float
    far: float


class Update(NamedTuple):
    """For a point: f(x) of a model, and its gradient with respect to the weights by the formula and by the engine."""

    f: float
    formula: Any
    engine: Any


class Results(NamedTuple):
    """Two models, each trained on the clouds and with the far points too; the updates by the first of each."""

    X: Any
    y: Any
    X_far: Any
    regression: list[nn.Neuron]
    logistic: list[nn.Neuron]
    updates: list[list[Update]]

    def boundary(self, neuron: nn.Neuron) -> Boundary:
        (w1, w2), b = (w.data for w in neuron.w), neuron.b.data
        right = float(np.mean((self.X @ [w1, w2] + b > 0) == (self.y > 0)))
        far = float(np.mean(self.X_far @ [w1, w2] + b))
        return Boundary(-b / w1, float(np.degrees(np.arctan2(w2, w1))), right, far)


def update(neuron: nn.Neuron, x: Any, loss: Callable[..., Any], output: Callable[[float], float]) -> Update:
    """What a point of the class 1 asks of the weights."""
    score = neuron(x)
    neuron.zero_grad()
    loss(score, 1.0).backward()
    f = output(score.data)
    return Update(f, [(f - 1.0) * part for part in x], [w.grad for w in neuron.w])


def calculate(page: Page) -> Results:
    rng = np.random.default_rng(page.seed)
    X, y = clouds(rng)
    X_far, y_far = far_away(rng)
    both = np.vstack([X, X_far]), np.append(y, y_far)
    linear, logit = ([train(X, y), train(*both)] for train in (regression, logistic))
    updates = [
        [update(linear[0], x, half_squared_error, float) for x in POINTS],
        [update(logit[0], x, nn.binary_cross_entropy, sigmoid) for x in POINTS],
    ]
    return Results(X, y, X_far, linear, logit, updates)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "Two clouds of 60 points, then {far} more points of the right class, far away. The clouds stay the same:",
        far=FAR,
    )
    before, after = map(r.boundary, r.regression)
    calm, still = map(r.boundary, r.logistic)
    page.table(
        ["method", "trained on", "crosses x₁ at", "tilt (degrees)", "accuracy, clouds", "output, far points"],
        [
            ["linear regression", "the clouds", *before],
            ["linear regression", "all points", *after],
            ["logistic regression", "the clouds", *calm],
            ["logistic regression", "all points", *still],
        ],
    )
    page.say(
        """
        Look at the last column: trained on the clouds alone, the linear regression says {far:.1f} for the far points.
        That is the right side, and it costs ({far:.1f} - 1)² = {cost:.0f} each. To make it cheaper, the regression
        turns the boundary by {turn:.0f} degrees, and now {wrong} of the 120 points of the clouds are on the wrong side
        (before: {wrong_before}). For logistic regression the same far points cost almost nothing: its boundary turns by
        {little:.1g} degrees.
        """,
        far=before.far, cost=(before.far - 1) ** 2, turn=after.tilt - before.tilt,
        wrong=round(120 * (1 - after.accuracy)), wrong_before=round(120 * (1 - before.accuracy)),
        little=abs(still.tilt - calm.tilt),
    )  # fmt: skip
    plot_boundaries(page, r)

    page.say(
        """
        And yet both are trained in the same way. For linear regression let f(x) = w·x + b, with the loss ½(f(x) - y)².
        For logistic regression let f(x) = σ(w·x + b), with the classes 0 and 1 and the cross-entropy. Both have this
        gradient:

            ∂loss/∂w = (f(x) - y)·x        ∂loss/∂b = f(x) - y

        So both make the same update, w := w - η·(f(x) - y)·x. Here are two points with y = 1, one beside the boundary
        and one in the far group, and the models that know only the clouds:
        """
    )
    names = [page.word("linear regression"), page.word("logistic regression")]
    page.table(
        ["method", "x", "f(x)", "f(x) - y", "(f(x) - y)·x", "∂loss/∂w, by the engine"],
        [
            [name, pair(x), one.f, round(one.f - 1, 9) + 0.0, pair(one.formula), pair(one.engine)]
            for name, updates in zip(names, r.updates, strict=True)
            for x, one in zip(POINTS, updates, strict=True)
        ],
    )
    page.say(
        """
        One formula, two functions f. The f of linear regression grows without end: at the far point it is much larger
        than 1, and f(x) - y asks for a smaller one. The σ of logistic regression stops at 1, so f(x) - y is almost 0
        there. Only the point beside the boundary pulls at both.
        """
    )
    page.say(
        """
        Three classes called 1, 2, 3 are worse still: the squared error then claims that class 2 lies between the others
        and that 1 is nearer to it than to 3, which nobody meant. Softmax regression (lesson L17) makes no such claim.
        """
    )
    page.say("Try: move the far points to (7, 0), straight ahead. Does the boundary turn now, or shift?")


def pair(numbers: Any) -> str:
    """Two numbers in brackets; what is only rounding is 0."""
    return "({:.3g}, {:.3g})".format(*(round(number, 9) + 0.0 for number in numbers))  # + 0.0: no "-0"


# %% Pictures.
def plot_boundaries(page: Page, r: Results) -> None:
    with page.figure(
        "Far points of the right class turn the boundary of linear regression; the logistic one stays", columns=2
    ) as (_, axes):
        for k, ax in enumerate(axes):
            right = np.vstack([r.X[r.y > 0], r.X_far]) if k else r.X[r.y > 0]
            for points, color, marker in ((r.X[r.y < 0], COLORS[0], "o"), (right, COLORS[1], "^")):
                ax.plot(*points.T, marker, color=color, ls="", alpha=0.6)
            for neuron, color, dash in ((r.regression[k], COLORS[6], "--"), (r.logistic[k], COLORS[2], "-")):
                (w1, w2), b = (w.data for w in neuron.w), neuron.b.data
                up = np.array([-8.0, 3.0])
                ax.plot(-(b + w2 * up) / w1, up, color=color, ls=dash)
            ax.set(xlim=(-3, 9), ylim=(-8, 3), xlabel="x₁", ylabel="x₂")
        axes[0].set(title="trained on the clouds")
        axes[1].set(title="trained on all points")
        axes[0].legend(
            axes[0].lines, ["class -1", "class +1", "boundary, linear", "boundary, logistic"], loc="lower right"
        )


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
