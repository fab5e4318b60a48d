"""Architecture: how many layers, how wide, and why there must be an activation function between two of them.

A layer is fully connected when each of its neurons sees every input. With n inputs and m neurons it is a matrix of
weights [n, m] and m biases: h = φ(x W + b). A network 3-4-4-1 is three of them. Depth alone is worth nothing. Without
φ, two layers are

    (x W1 + b1) W2 + b2  =  x (W1 W2) + (b1 W2 + b2)

one linear map again, with the product of the matrices as its weights.
"""

# %%
import itertools
from typing import Any, NamedTuple

import numpy as np

import nn

from ..page import COLORS, Page


# %%
def matrices(model: nn.MLP) -> list[tuple[Any, Any]]:
    """Weights [inputs, neurons] and biases of each layer."""
    return [
        (np.array([[w.data for w in n.w] for n in layer.neurons]).T, np.array([n.b.data for n in layer.neurons]))
        for layer in model.layers
    ]


def multiplied_out(model: nn.MLP) -> tuple[Any, Any]:
    """The one matrix and the one bias that a network without activation functions amounts to."""
    (weights, bias), *others = matrices(model)
    for w, b in others:
        weights, bias = weights @ w, bias @ w + b
    return weights, bias


def counts(sizes: list[int]) -> tuple[int, int]:
    """Weights and biases of a fully connected network, from the number of its inputs and the widths of its layers."""
    return sum(n * m for n, m in itertools.pairwise(sizes)), sum(sizes[1:])


# %% What is calculated.
class Results(NamedTuple):
    """A network with its shapes; how far networks are from their matrices multiplied out; three fits of a sine.

    `collapse` is the largest difference without activation functions, `apart` that with tanh.
    """

    model: nn.MLP
    shapes: list[tuple[int, int]]
    collapse: float
    apart: float
    x: Any
    line: Any
    fits: dict[str, Any]
    parameters: int

    def loss(self, fit: Any) -> float:
        return float(np.mean((fit - np.sin(self.x)) ** 2))


def calculate(page: Page) -> Results:
    model, linear = (nn.MLP(3, [4, 4, 1], activation, seed=page.seed) for activation in ("tanh", "linear"))
    points = np.random.default_rng(page.seed).normal(size=(200, 3))

    def difference(network: nn.MLP) -> float:
        weights, bias = multiplied_out(network)
        return float(np.abs(nn.predict(network, points) - (points @ weights + bias)[:, 0]).max())

    # What it costs: fit a sine with and without activation functions.
    x = np.linspace(-3, 3, 40 if page.quick else 80)
    y, fits = np.sin(x), {}
    for activation in ("linear", "tanh"):
        network = nn.MLP(1, [8, 8, 1], activation, seed=page.seed)
        adam = nn.Adam(network.parameters(), lr=0.02)
        nn.fit(network, x[:, None], y, nn.mse_loss, optimizer=adam, epochs=600, batch_size=None, progress=False)
        fits[activation] = nn.predict(network, x[:, None])
    return Results(
        model, [weights.shape for weights, _ in matrices(model)], difference(linear), difference(model),
        x, line=np.polyval(np.polyfit(x, y, 1), x), fits=fits, parameters=len(network.parameters()),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The network 3-4-4-1, {count} parameters:", count=len(r.model.parameters()))
    rows = [[f"{k}", f"[{n}, {m}]", m, n * m + m] for k, (n, m) in enumerate(r.shapes, 1)]
    page.table(["layer", "weights [inputs, neurons]", "biases", "together"], rows)
    page.say(
        """
        It is called a network of three layers: the inputs are not counted, for nothing is calculated there. Some books,
        and the files that nn.save writes, hold the same matrices transposed, [neurons, inputs].
        """
    )
    page.drawing(
        nn.draw(r.model),
        "network",
        "The network 3-4-4-1: each line is a weight, 32 in all; with nine biases that is 41",
    )

    page.say("In a fully connected network the first layer grows with the input. Count the weights for images:")
    small, medium, large = [3, 4, 4, 1], [32 * 32 * 3, 100, 10], [200 * 200 * 3, 100, 10]
    page.table(
        ["input", "network", "weights", "biases"],
        [
            ["three numbers", "3-4-4-1", *counts(small)],
            ["32×32 pixels, 3 colours", "3072-100-10", *counts(medium)],
            ["200×200 pixels, 3 colours", "120000-100-10", *counts(large)],
        ],
    )
    page.say(
        """
        Each weight is a number to store and to train, and one multiplication for each example. For a photograph that is
        {weights:,} numbers, nearly all of them in the first layer. Networks for images therefore begin with layers
        that are not fully connected: a neuron sees only a small window, and the same weights serve for every window
        (convolution).
        """,
        weights=counts(large)[0],
    )

    page.say(
        """
        Now leave out the activation functions. Multiplied out, the three matrices of such a network are one of shape
        [3, 1]. For 200 random inputs the network and this one matrix differ by {collapse:.1e} at most: 41 parameters do
        the work of four. With tanh between the layers, the product of the matrices is off by {apart:.2g}.
        """,
        collapse=r.collapse, apart=r.apart,
    )  # fmt: skip
    page.say("Trained on a sine, networks 1-8-8-1 with and without activation functions, and the best straight line:")
    page.table(
        ["model", "parameters", "mean squared error"],
        [
            ["network, tanh", r.parameters, r.loss(r.fits["tanh"])],
            ["network, no activation", r.parameters, r.loss(r.fits["linear"])],
            ["straight line, closed form", 2, r.loss(r.line)],
        ],
    )
    plot_fits(page, r)
    page.say(
        """
        Look at the dashed line: without activation functions, training with {parameters} parameters found the best
        straight line; the largest difference is {gap:.1g}. Try: relu in place of tanh.
        """,
        parameters=r.parameters, gap=np.abs(r.fits["linear"] - r.line).max(),
    )  # fmt: skip


# %% Pictures.
def plot_fits(page: Page, r: Results) -> None:
    with page.figure("Without activation functions three layers end in the best straight line") as (_, axes):
        axes.plot(r.x, np.sin(r.x), "o", color="0.6", linestyle="none", label="data: sin x")
        axes.plot(r.x, r.line, color="black", linestyle=":", linewidth=3.5, label="straight line, closed form")
        axes.plot(r.x, r.fits["linear"], color=COLORS[1], linestyle="--", label="1-8-8-1, no activation")
        axes.plot(r.x, r.fits["tanh"], color=COLORS[0], linestyle="-", label="1-8-8-1, tanh")
        axes.set(xlabel="x (radians)", ylabel="output")
        axes.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
