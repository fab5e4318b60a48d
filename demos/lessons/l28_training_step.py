"""One training step by hand, and again: forward, error, backward, update; then the same in matrices.

The network of the lesson on backprop by hand has one input and seven parameters:

    net_h1 = w1·x + b1     net_h2 = w2·x + b2     net_o = w3·h1 + w4·h2 + b3     L = ½(y - out)²

When all gradients are known, each parameter takes one step against its own, at once:

    w1 ← w1 - α·dw1      w2 ← w2 - α·dw2      w3 ← w3 - α·dw3      w4 ← w4 - α·dw4      b1 ← b1 - α·db1      …

and everything begins again with the new numbers. For layers of any width the same four lines are matrix products. With
the activations a of a layer as rows, one for each example, and δ the derivative of the loss with respect to net:

    δ of a hidden layer = (δ of the next layer · Wᵀ) ⊙ φ'(net)      ∂L/∂W = aᵀ · δ      ∂L/∂b = sum of the rows of δ

(Wᵀ belongs to the next layer, a to the layer before, ⊙ multiplies element by element.) This is supervised learning: for
each input the right answer is given, and the error is measured against it.
"""

# %%
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import nn
from autograd import Value

from ..page import COLORS, Page

NUMBERS = {"w1": 0.3, "w2": -0.4, "w3": 0.5, "w4": 0.7, "b1": 0.1, "b2": 0.2, "b3": 0.2}
X, Y = 0.6, 1.0
RATE = 0.5


# %% The small network, by hand: all lines of one step.
def step(p: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The loss, and the gradient of every parameter."""
    h1, h2 = sigmoid(p["w1"] * X + p["b1"]), sigmoid(p["w2"] * X + p["b2"])
    out = sigmoid(p["w3"] * h1 + p["w4"] * h2 + p["b3"])
    d_o = -(Y - out) * out * (1 - out)
    d_h1, d_h2 = d_o * p["w3"] * h1 * (1 - h1), d_o * p["w4"] * h2 * (1 - h2)
    slopes = {"w1": d_h1 * X, "w2": d_h2 * X, "w3": d_o * h1, "w4": d_o * h2, "b1": d_h1, "b2": d_h2, "b3": d_o}
    return 0.5 * (Y - out) ** 2, slopes


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def engine_gradients(p: dict[str, float]) -> dict[str, float]:
    values = {name: Value(number, name) for name, number in p.items()}
    h1 = (values["w1"] * X + values["b1"]).sigmoid()
    h2 = (values["w2"] * X + values["b2"]).sigmoid()
    ((Y - (values["w3"] * h1 + values["w4"] * h2 + values["b3"]).sigmoid()) ** 2 / 2).backward()
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
def accuracy_without_biases(page: Page, frozen: bool) -> float:
    """Of a network on two moons that are far from the origin; with `frozen`, all biases stay 0."""
    x, y = make_moons(100, noise=0.1, random_state=page.seed)
    x = x + np.array([1.0, 1.0])
    model = nn.MLP(2, [8, 1], "tanh", seed=page.seed)
    named = [(name, p) for name, p in model.named_parameters() if not frozen or not name.endswith("b")]
    for name, p in model.named_parameters():
        if name.endswith("b"):
            p.data = 0.0
    adam = nn.Adam([p for _, p in named], lr=0.05)
    nn.fit(model, x, y, nn.binary_cross_entropy, optimizer=adam, epochs=200 if page.quick else 400, batch_size=None,
           progress=False)  # fmt: skip
    return float(np.mean((nn.predict(model, x) > 0) == y))


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    p = dict(NUMBERS)
    loss, slopes = step(p)
    engine = engine_gradients(p)
    difference = max(abs(slopes[name] - engine[name]) for name in p)
    page.say(f"At x = {X}, y = {Y:g} the loss is {loss:.6f}. One step with α = {RATE}:")
    page.table(
        ["parameter", "before", "gradient", "after"],
        [[name, f"{p[name]:.2f}", f"{slopes[name]:+.6f}", f"{p[name] - RATE * slopes[name]:.6f}"] for name in p],
    )
    losses = [loss]
    for _ in range(1000):
        p = {name: number - RATE * slopes[name] for name, number in p.items()}
        loss, slopes = step(p)
        losses.append(loss)
    page.say(f"""
        (The engine's gradients differ by at most {difference:.0e}.) With the new numbers the loss is {losses[1]:.6f}.
        Again and again: after 10 steps {losses[10]:.6f}, after 100 {losses[100]:.6f}, after 1,000 {losses[1000]:.6f}.
        Training is nothing else.
    """)

    rng = np.random.default_rng(page.seed)
    inputs, outputs = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    weights = [rng.normal(size=shape) for shape in ((2, 3), (1, 3), (3, 1), (1, 1))]
    nudged, passes = update_weights(inputs, outputs, weights, 0.1)
    exact = update_weights_by_the_chain_rule(inputs, outputs, weights, 0.1)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(nudged, exact, strict=True))
    count = sum(weight.size for weight in weights)
    page.say(f"""
        A network 2-3-1 has {count} parameters. update_weights, which nudges each of them by 0.0001, needs {passes}
        forward passes for one step; the version by the chain rule needs one forward pass and one backward pass. The
        updated weights differ by at most {apart:.0e}, the error of the nudging. For a million weights the first needs
        a million passes, the second still two.
    """)

    trained, fixed = (accuracy_without_biases(page, frozen) for frozen in (False, True))
    page.say(f"""
        Why are the biases trained, too? Without a bias w·x = 0 passes through the origin, whatever w is: a neuron can
        only turn its line, not move it. On two moons around (1.5, 1.25) a network with biases gets {trained:.1%} of the
        training points right, the same network with all biases fixed at 0 {fixed:.1%}.
    """)
    with page.figure("The same step repeated: the loss falls from step to step") as (_, ax):
        ax.loglog(range(1, 1002), losses, color=COLORS[0])
        ax.set(xlabel="step + 1", ylabel="loss L")
    page.say(
        "Try: α = 50 for the small network. Does every step still help? The exercises 'update' and 'replace' go on."
    )
    return {
        "losses": losses,
        "difference": difference,
        "passes": passes,
        "apart": apart,
        "with": trained,
        "without": fixed,
    }


if __name__ == "__main__":
    main()
