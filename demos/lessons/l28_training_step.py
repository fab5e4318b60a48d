"""One training step by hand, and again: forward, error, backward, update; then the same in matrices.

The network of the lesson on backprop by hand has one input and six parameters:

    net_h1 = w1·x + b1      net_h2 = w2·x + b2      net_o = w3·h1 + w4·h2 + b2
    h1 = σ(net_h1)          h2 = σ(net_h2)          out = σ(net_o)      L = ½(y - out)²

When all gradients are known, each parameter takes one step against its own, all at the same time:

    w1 ← w1 - α·dw1      w2 ← w2 - α·dw2      b1 ← b1 - α·db1
    w3 ← w3 - α·dw3      w4 ← w4 - α·dw4      b2 ← b2 - α·db2

and everything begins again with the new numbers. This is supervised learning: for each input the right answer is given,
and the error is measured against it.

For layers of any width the same lines are products of matrices. Let the rows of a be the outputs of the layer before,
one row for each example, and let δ be the derivative of the loss with respect to net:

    net = a·W + b
    δ of a hidden layer = (δ of the next layer · Wᵀ) ⊙ φ'(net)
    ∂L/∂W = aᵀ·δ      ∂L/∂b = sum of the rows of δ

In the second line W is that of the next layer, and ⊙ multiplies element by element; the last layer has its δ straight
from the loss. So the δ are found from the last layer back to the first, and each gives the gradients of its layer.
"""

# %%
from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Value

from ..page import COLORS, MARKERS, Page

NUMBERS = {"w1": 0.3, "w2": -0.4, "w3": 0.5, "w4": 0.7, "b1": 0.1, "b2": 0.2}
X, Y = 0.6, 1.0
RATE = 0.5


# %% The small network, by hand: all lines of one step.
def step(p: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The loss, and the gradient of every parameter."""
    h1, h2 = sigmoid(p["w1"] * X + p["b1"]), sigmoid(p["w2"] * X + p["b2"])
    out = sigmoid(p["w3"] * h1 + p["w4"] * h2 + p["b2"])
    d_o = -(Y - out) * out * (1 - out)
    d_h1, d_h2 = d_o * p["w3"] * h1 * (1 - h1), d_o * p["w4"] * h2 * (1 - h2)
    slopes = {"w1": d_h1 * X, "w2": d_h2 * X, "w3": d_o * h1, "w4": d_o * h2, "b1": d_h1, "b2": d_h2 + d_o}
    return 0.5 * (Y - out) ** 2, slopes


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def engine_gradients(p: dict[str, float]) -> dict[str, float]:
    values = {name: Value(number, name) for name, number in p.items()}
    h1 = (values["w1"] * X + values["b1"]).sigmoid()
    h2 = (values["w2"] * X + values["b2"]).sigmoid()
    ((Y - (values["w3"] * h1 + values["w4"] * h2 + values["b2"]).sigmoid()) ** 2 / 2).backward()
    return {name: value.grad or 0.0 for name, value in values.items()}


# %% In matrices: two functions by nudging, and the one that replaces them.
def feed_forward(inputs: Any, outputs: Any, weights: list[Any]) -> float:
    """The mean squared error of a network with a hidden layer of sigmoid neurons and a linear output."""
    hidden = sigmoid(np.dot(inputs, weights[0]) + weights[1])
    return float(np.mean(np.square(np.dot(hidden, weights[2]) + weights[3] - outputs)))


def update_weights(
    inputs: Any, outputs: Any, weights: list[Any], lr: float, nudge: float = 1e-4
) -> tuple[list[Any], int]:
    """One step of descent, each slope measured by nudging one weight; and the number of forward passes."""
    updated, loss, passes = deepcopy(weights), feed_forward(inputs, outputs, weights), 1
    for i, layer in enumerate(weights):
        for index, _ in np.ndenumerate(layer):
            nudged = deepcopy(weights)
            nudged[i][index] += nudge
            updated[i][index] -= lr * (feed_forward(inputs, outputs, nudged) - loss) / nudge
            passes += 1
    return updated, passes


def update_weights_by_the_chain_rule(inputs: Any, outputs: Any, weights: list[Any], lr: float) -> list[Any]:
    """The same step from one forward pass and one backward pass."""
    w_h, b_h, w_o, b_o = weights
    hidden = sigmoid(np.dot(inputs, w_h) + b_h)
    predicted = np.dot(hidden, w_o) + b_o
    delta_o = 2 * (predicted - outputs) / outputs.size
    delta_h = np.dot(delta_o, w_o.T) * hidden * (1 - hidden)
    slopes = [
        np.dot(inputs.T, delta_h),
        delta_h.sum(0, keepdims=True),
        np.dot(hidden.T, delta_o),
        delta_o.sum(0, keepdims=True),
    ]
    return [weight - lr * slope for weight, slope in zip(weights, slopes, strict=True)]


# %% Why the biases are trained, too.
def trained_neuron(x: Any, y: Any, biases: bool, seed: int) -> nn.MLP:
    """A neuron that separates two classes; without `biases`, its bias stays 0."""
    model = nn.MLP(2, [1], seed=seed)
    trained = [p for name, p in model.named_parameters() if biases or not name.endswith("b")]
    nn.fit(
        model, x, y, nn.binary_cross_entropy, optimizer=nn.Adam(trained, lr=0.1), epochs=400, batch_size=None,
        progress=False,
    )  # fmt: skip
    return model


# %% What is calculated.
class Results(NamedTuple):
    """Of the small network: the first gradient, its distance from the engine's, the losses of 1,000 steps.

    Of the network in matrices: how many parameters it has, how many forward passes the nudging takes, and the largest
    difference between the weights that both functions give. Of the points x with classes y: a neuron with a trained
    bias, and one whose bias stays 0.
    """

    slopes: dict[str, float]
    difference: float
    losses: list[float]
    parameters: int
    passes: int
    apart: float
    x: Any
    y: Any
    free: nn.MLP
    fixed: nn.MLP

    def right(self, model: nn.MLP) -> float:
        """The share of the points on the right side."""
        return float(np.mean((nn.predict(model, self.x) > 0) == self.y))


def calculate(page: Page) -> Results:
    p = dict(NUMBERS)
    loss, slopes = first = step(p)
    engine = engine_gradients(p)
    losses = [loss]
    for _ in range(1000):
        p = {name: number - RATE * slopes[name] for name, number in p.items()}
        loss, slopes = step(p)
        losses.append(loss)

    rng = np.random.default_rng(page.seed)
    inputs, outputs = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    weights = [rng.normal(size=shape) for shape in ((2, 3), (1, 3), (3, 1), (1, 1))]
    nudged, passes = update_weights(inputs, outputs, weights, 0.1)
    exact = update_weights_by_the_chain_rule(inputs, outputs, weights, 0.1)

    x = rng.normal(2.0, 1.0, (100, 2))
    y = (x.sum(axis=1) > 4.0).astype(int)
    return Results(
        first[1],
        max(abs(first[1][name] - engine[name]) for name in engine),
        losses,
        sum(weight.size for weight in weights),
        passes,
        max(float(np.abs(a - b).max()) for a, b in zip(nudged, exact, strict=True)),
        x,
        y,
        *(trained_neuron(x, y, biases, page.seed) for biases in (True, False)),
    )


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "At x = {x}, y = {y:g} the loss is {loss:.6f}. One step with α = {rate}:", x=X, y=Y, loss=r.losses[0], rate=RATE
    )
    page.table(
        ["parameter", "before", "gradient", "after"],
        [
            [name, f"{before:.2f}", f"{r.slopes[name]:+.6f}", f"{before - RATE * r.slopes[name]:.6f}"]
            for name, before in NUMBERS.items()
        ],
    )
    page.say(
        """
        b2 is used twice, so its gradient has two parts, δ_h2 + δ_o. (The engine's gradients differ by at most
        {difference:.0e}.) With the new numbers the loss is {first:.6f}. Again and again: after 10 steps {tenth:.6f},
        after 100 {hundredth:.6f}, after 1,000 {last:.6f}. Training is nothing else.
        """,
        difference=r.difference, first=r.losses[1], tenth=r.losses[10], hundredth=r.losses[100], last=r.losses[1000],
    )  # fmt: skip
    plot(page, r)
    page.say(
        """
        In matrices, a network 2-3-1 with {parameters} parameters: `feed_forward` gives its error, and `update_weights`
        nudges each parameter by 0.0001 to see how the error changes. So one step takes {passes} forward passes. The
        version by the chain rule takes one forward and one backward pass. The updated weights differ by at most
        {apart:.0e}, the error of the nudging. For a million parameters the first needs a million passes and one more,
        the second still two.
        """,
        parameters=r.parameters, passes=r.passes, apart=r.apart,
    )  # fmt: skip
    page.say(
        """
        Why are the biases trained, too? Without a bias w·x = 0 passes through the origin, whatever w is: a neuron can
        only turn its line, not move it. For 100 points around (2, 2), whose class says whether x₁ + x₂ is above 4, a
        neuron with a trained bias gets {right:.0%} right; one whose bias stays 0 gets {without:.0%}.
        """,
        right=r.right(r.free), without=r.right(r.fixed),
    )  # fmt: skip
    plot_lines(page, r)
    page.say(
        """
        Try: the target Y = 0.6, with α = 0.5 and then with α = 50. Does every step still help? The exercises 'update'
        and 'replace' go on.
        """
    )


# %% The pictures.
def plot(page: Page, r: Results) -> None:
    with page.figure(
        "The same step repeated: the loss falls from step to step"
        if all(after < before for before, after in pairwise(r.losses))
        else "The same step repeated: not every step makes the loss smaller"
    ) as (_, ax):
        ax.loglog(range(1, len(r.losses)), r.losses[1:], color=COLORS[0], label="after each step")
        ax.axhline(r.losses[0], color="black", ls=":", lw=1.2, label="before the first step")
        ax.set(xlabel="steps", ylabel="loss L")
        ax.legend()


def plot_lines(page: Page, r: Results) -> None:
    with page.figure("Without a bias the line passes through the origin, wherever the points are") as (_, ax):
        for group, color, marker in zip((0, 1), COLORS, MARKERS, strict=False):
            label = page.word("class {group}", group=group)
            ax.plot(*r.x[r.y == group].T, marker, color=color, ls="", label=label)
        ax.plot(0, 0, marker="+", markersize=11, color="black")
        across, up = ax.get_xlim(), ax.get_ylim()
        at = np.array(across)
        for model, label, dashes in ((r.free, "bias trained", "-"), (r.fixed, "bias fixed at 0", "--")):
            *w, b = (p.data for p in model.parameters())
            ax.plot(at, -(w[0] * at + b) / w[1], color="black", ls=dashes, lw=1.4, label=page.word(label))
        ax.set(xlabel="x₁", ylabel="x₂", xlim=across, ylim=up)
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
