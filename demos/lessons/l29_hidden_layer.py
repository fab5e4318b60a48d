"""What a hidden layer does: it moves the points until one straight line separates them.

A neuron draws a line, w·x + b = 0, and its activation says on which side of it a point is, and how far. A hidden
layer of n such neurons turns each point x into n new numbers, h = φ(W·x + b). The output neuron sees nothing but h, and
it can only draw a straight line (or plane) there. So all that is curved is the work of the hidden layer: training looks
for new coordinates in which the classes lie on two sides of a plane.

The word neuron comes from biology: a nerve cell adds up what arrives from others, each contact with a strength of its
own, and fires when the sum passes a threshold. A layer in which every neuron sees every input is called fully
connected.
"""

# %%
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_circles, make_moons

import nn

from ..page import COLORS, MARKERS, Page

WIDTHS = (1, 3, 6, 20)
WRONG = 0.1  # the share of wrong labels
TESTED = 400  # new points


# %%
def hidden(model: nn.MLP, x: Any) -> Any:
    """The outputs of the hidden layer for each point."""
    return nn.predict(model.layers[0], x)


def separated(model: nn.MLP, x: Any, y: Any) -> float:
    """The share of the points on the right side."""
    return float(np.mean((nn.predict(model, x) > 0) == y))


def trained(x: Any, y: Any, width: int, epochs: int, seed: int) -> nn.MLP:
    model = nn.MLP(2, [width, 1], "tanh", seed=seed)
    adam = nn.Adam(model.parameters(), lr=0.05)
    nn.fit(model, x, y, nn.binary_cross_entropy, optimizer=adam, epochs=epochs, batch_size=None, progress=False)
    return model


# %% What is calculated.
class Trained(NamedTuple):
    """A network on the moons: its errors on training and on new points, and how many wrong labels it has learnt."""

    model: nn.MLP
    training: float
    test: float
    learnt: int


class Results(NamedTuple):
    """Circles x, y and a network with three hidden neurons; moons, which of them are wrong, and a network by width."""

    x: Any
    y: Any
    model: nn.MLP
    x_moons: Any
    y_moons: Any
    wrong: Any
    widths: dict[int, Trained]

    @property
    def right(self) -> float:
        """The share of the circles that the network gets right."""
        return separated(self.model, self.x, self.y)

    @property
    def plane(self) -> tuple[Any, float]:
        """The weights and the bias of the output neuron."""
        *w, b = (p.data for p in self.model.layers[1].parameters())
        return np.array(w), b

    @property
    def linear(self) -> float:
        """The share that this plane separates, of the hidden outputs."""
        w, b = self.plane
        return float(np.mean((hidden(self.model, self.x) @ w + b > 0) == self.y))

    @property
    def best(self) -> int:
        """The width with the lowest test error."""
        return min(WIDTHS, key=lambda width: self.widths[width].test)


def calculate(page: Page) -> Results:
    epochs = 300 if page.quick else 800
    x, y = make_circles(80, noise=0.05, factor=0.4, random_state=page.seed)
    model = max((trained(x, y, 3, epochs, page.seed + k) for k in range(3)), key=lambda m: separated(m, x, y))

    n = 60 if page.quick else 80
    x_moons, y_moons = make_moons(n, noise=0.25, random_state=page.seed)
    wrong = np.random.default_rng(page.seed).choice(n, int(WRONG * n), replace=False)
    y_moons[wrong] = 1 - y_moons[wrong]
    x_test, y_test = make_moons(TESTED, noise=0.25, random_state=page.seed + 100)
    widths = {}
    for width in page.progress(WIDTHS, "widths"):
        network = trained(x_moons, y_moons, width, epochs, page.seed)
        learnt = round(separated(network, x_moons[wrong], y_moons[wrong]) * len(wrong))
        training, test = 1 - separated(network, x_moons, y_moons), 1 - separated(network, x_test, y_test)
        widths[width] = Trained(network, training, test, learnt)
    return Results(x, y, model, x_moons, y_moons, wrong, widths)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    w, b = r.plane
    page.say(
        """
        Two circles, one inside the other: no line separates them. With three hidden neurons (the best of three
        starts) {right:.1%} of the points are on the right side. Each neuron draws one side of a triangle round the
        inner circle. In the hidden coordinates h1, h2, h3 the output neuron draws a flat plane,
        {w1:+.2f}·h1 {w2:+.2f}·h2 {w3:+.2f}·h3 {b:+.2f} = 0, and {linear:.1%} of the moved points are on the right side
        of it. This boundary is flat among the h and curved among the x.
        """,
        right=r.right, w1=w[0], w2=w[1], w3=w[2], b=b, linear=r.linear,
    )  # fmt: skip
    plot_circles(page, r)
    page.say(
        "Width against error: {points} noisy points of two moons, every tenth label wrong, and {tested} new ones:",
        points=len(r.x_moons), tested=TESTED,
    )  # fmt: skip
    page.table(
        ["hidden neurons", "parameters", "training error", "test error", "wrong labels learnt"],
        [[n, 4 * n + 1, f"{w.training:.1%}", f"{w.test:.1%}", w.learnt] for n, w in r.widths.items()],
    )
    few, many = r.widths[WIDTHS[0]], r.widths[WIDTHS[-1]]
    page.say(
        """
        More neurons can fit the training points better, wrong labels included. With {few} the training error is
        {high:.1%}, and the network learns {some} of the {wrong} wrong labels; with {many} it is {low:.1%}, and the
        network learns {learnt}. The test error is lowest, {test:.1%}, at the width {best}.
        """,
        few=WIDTHS[0], high=few.training, some=few.learnt, wrong=len(r.wrong), many=WIDTHS[-1],
        low=many.training, learnt=many.learnt, test=r.widths[r.best].test, best=r.best,
    )  # fmt: skip
    if many.test > r.widths[r.best].test and many.learnt > r.widths[r.best].learnt:
        page.say(
            """
            What more neurons have added are regions round wrong labels, where new points get the wrong answer. A
            penalty, dropout or stopping early holds them back.
            """
        )
    plot_widths(page, r)
    page.say("Try: two hidden neurons for the circles. Why can they not separate them, whatever the weights are?")


# %% The pictures.
def plot_circles(page: Page, r: Results) -> None:
    (w, b), h = r.plane, hidden(r.model, r.x)
    size = np.linalg.norm(w)
    with page.figure(
        "The hidden layer moves the circles to two sides of a plane"
        if r.right == 1.0
        else "The hidden layer moves the circles to two sides of a plane, but for a few points",
        columns=2, size=(9.0, 4.4),
    ) as (_, (left, right)):  # fmt: skip
        for group, color, marker in zip((0, 1), COLORS, MARKERS, strict=False):
            label, at = page.word("class {group}", group=group), h[r.y == group]
            left.plot(*r.x[r.y == group].T, marker, color=color, ls="", label=label)
            right.plot((at @ w + b) / size, at @ across(w), marker, color=color, ls="")
        side = np.linspace(-1.5, 1.5, 2)
        for neuron in r.model.layers[0].neurons:
            w1, w2, bias = (p.data for p in neuron.parameters())
            if abs(w2) > abs(w1):
                left.plot(side, -(w1 * side + bias) / w2, color="0.5", ls="--", lw=1.0)
            else:
                left.plot(-(w2 * side + bias) / w1, side, color="0.5", ls="--", lw=1.0)
        left.set(title="the points, and the lines of the three neurons", xlabel="x₁", ylabel="x₂",
                 xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))  # fmt: skip
        right.axvline(0.0, color="black", ls="--", lw=1.0, label="the plane, seen from its edge")
        right.set(title="the same points, as h", xlabel="distance from the plane", ylabel="along the plane")
        left.legend(loc="upper right")
        right.legend(loc="upper left")
        right.margins(y=0.2)


def across(w: Any) -> Any:
    """A direction of length 1 at a right angle to w."""
    other = np.eye(3)[np.argmin(np.abs(w))]
    other = other - w * (other @ w) / (w @ w)
    return other / np.linalg.norm(other)


def plot_widths(page: Page, r: Results) -> None:
    with page.figure(
        "More neurons: less training error; the test error does not follow"
        if r.best < WIDTHS[-1]
        else "More neurons: less training error, and here less test error, too",
        rows=2, columns=2,
    ) as (_, axes):  # fmt: skip
        curve, *others = axes.flat
        at = range(len(WIDTHS))
        curve.plot(at, [w.training for w in r.widths.values()], marker=MARKERS[0], label="training")
        curve.plot(at, [w.test for w in r.widths.values()], marker=MARKERS[1], label="test")
        curve.set(xlabel="hidden neurons", ylabel="share of wrong answers", ylim=(0, None))
        curve.set_xticks(at, WIDTHS)
        curve.legend()
        for ax, width in zip(others, WIDTHS[1:], strict=True):
            model = r.widths[width].model
            nn.plot_decision_boundary(model, r.x_moons, r.y_moons, ax, resolution=60 if page.plots else 2)
            ax.scatter(*r.x_moons[r.wrong].T, s=130, facecolors="none", edgecolors="black", label="wrong label")
            ax.set(title=page.word("hidden neurons: {width}", width=width), xlabel="x₁", ylabel="x₂")
            ax.get_legend().remove()
        others[0].legend(loc="upper right")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
