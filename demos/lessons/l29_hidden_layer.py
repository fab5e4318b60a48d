"""What a hidden layer does: it moves the points until one straight line separates them.

A neuron draws a line, w·x + b = 0, and its activation says on which side of it a point is, and how far. A hidden
layer of n such neurons turns each point x into n new numbers, h = φ(W·x + b). The output neuron sees nothing but h, and
it can only draw a straight line (or plane) there. So all that is curved is the work of the hidden layer: training looks
for new coordinates in which the classes lie on two sides of a plane.

The name comes from biology: a nerve cell adds up what arrives from others, each contact with a strength of its own, and
fires when the sum passes a threshold. A layer in which every neuron sees every input is called fully connected.
"""

# %%
from typing import Any

import numpy as np
from sklearn.datasets import make_circles, make_moons

import nn

from ..page import COLORS, MARKERS, Page

WIDTHS = (1, 3, 6, 20)


# %%
def hidden(model: nn.MLP, x: Any) -> Any:
    """The outputs of the hidden layer for each point."""
    return np.array([[value.data for value in model.layers[0](list(point))] for point in x.tolist()])


def separated(model: nn.MLP, x: Any, y: Any) -> float:
    return float(np.mean((nn.predict(model, x) > 0) == y))


def trained(x: Any, y: Any, width: int, epochs: int, seed: int) -> nn.MLP:
    model = nn.MLP(2, [width, 1], "tanh", seed=seed)
    adam = nn.Adam(model.parameters(), lr=0.05)
    nn.fit(model, x, y, nn.binary_cross_entropy, optimizer=adam, epochs=epochs, batch_size=None, progress=False)
    return model


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    epochs = 300 if page.quick else 800
    x, y = make_circles(80, noise=0.05, factor=0.4, random_state=page.seed)
    models = [trained(x, y, 3, epochs, page.seed + k) for k in range(3)]
    model = max(models, key=lambda m: separated(m, x, y))
    right = separated(model, x, y)
    h = hidden(model, x)
    w = np.array([p.data for p in model.layers[1].neurons[0].w])
    b = model.layers[1].neurons[0].b.data
    linear = float(np.mean((h @ w + b > 0) == y))
    page.say(f"""
        Two circles, one inside the other: no line separates them. With three hidden neurons (the best of three
        starts) {right:.1%} of the points are on the right side. In the hidden coordinates h1, h2, h3 the output is the
        plane {w[0]:+.2f}·h1 {w[1]:+.2f}·h2 {w[2]:+.2f}·h3 {b:+.2f} = 0, which separates {linear:.1%}: the same share,
        since it is the same network. Three lines round the inner circle are enough, one for each side of a triangle.
    """)

    wrong_labels = 0.1
    rng = np.random.default_rng(page.seed)
    n = 60 if page.quick else 80
    x_train, y_train = make_moons(n, noise=0.25, random_state=page.seed)
    flipped = rng.choice(n, int(wrong_labels * n), replace=False)
    y_train[flipped] = 1 - y_train[flipped]
    x_test, y_test = make_moons(400, noise=0.25, random_state=page.seed + 100)
    rows, errors = [], {}
    for width in page.progress(WIDTHS, "widths"):
        network = trained(x_train, y_train, width, epochs, page.seed)
        errors[width] = (1 - separated(network, x_train, y_train), 1 - separated(network, x_test, y_test))
        rows.append([width, 4 * width + 1, *(f"{error:.1%}" for error in errors[width])])
    page.say(f"Width against error: {n} noisy points of two moons, every tenth label wrong, and 400 new ones:")
    page.table(["hidden neurons", "parameters", "training error", "test error"], rows)
    best = min(WIDTHS, key=lambda width: errors[width][1])
    page.say(f"""
        More neurons can fit the training points better, wrong labels included: with 1 the training error is
        {errors[1][0]:.1%}, with {WIDTHS[-1]} it is {errors[WIDTHS[-1]][0]:.1%}. On new points {best} neurons are the
        best of these. What the additional neurons draw are the boundaries of single points; a penalty, dropout or
        stopping early keeps them from it.
    """)
    with page.figure("The hidden layer moves the circles to two sides of a plane", columns=2, size=(9.0, 4.4)) as (
        _, (left, ax),
    ):  # fmt: skip
        for group, color, marker in zip((0, 1), COLORS, MARKERS, strict=False):
            left.plot(*x[y == group].T, marker, color=color, ls="", label=f"class {group}")
            at = h[y == group]
            ax.plot(at @ w / np.linalg.norm(w), at @ across(w), marker, color=color, ls="", label=f"class {group}")
        side = np.linspace(-1.5, 1.5, 2)
        for neuron in model.layers[0].neurons:
            w1, w2, bias = neuron.w[0].data, neuron.w[1].data, neuron.b.data
            if abs(w2) > 0.1 * abs(w1):
                left.plot(side, -(w1 * side + bias) / w2, color="0.5", ls="--", lw=1.0)
        left.set(title="the points, and the lines of the three neurons", xlabel="x₁", ylabel="x₂",
                 xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))  # fmt: skip
        ax.axvline(-b / np.linalg.norm(w), color="black", ls="--", lw=1.0)
        ax.set(title="hidden outputs, seen along the plane", xlabel="distance along w", ylabel="along the plane")
        left.legend()
    with page.figure("More neurons: less training error; the test error does not follow") as (_, ax):
        for k, label in enumerate(("training", "test")):
            ax.plot(range(len(WIDTHS)), [errors[width][k] for width in WIDTHS], marker=MARKERS[k], label=label)
        ax.set(xlabel="hidden neurons", ylabel="share of wrong answers", ylim=(0, None))
        ax.set_xticks(range(len(WIDTHS)), WIDTHS)
        ax.legend()
    page.say("Try: two hidden neurons for the circles. Why can they not separate them, whatever the weights are?")
    return {"right": right, "linear": linear, "errors": errors}


def across(w: Any) -> Any:
    """A direction of length 1 at a right angle to w."""
    other = np.eye(3)[np.argmin(np.abs(w))]
    other = other - w * (other @ w) / (w @ w)
    return other / np.linalg.norm(other)


if __name__ == "__main__":
    main()
