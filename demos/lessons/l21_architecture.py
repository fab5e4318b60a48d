"""Architecture: how many layers, how wide, and why there must be an activation function between two of them.

A layer with n inputs and m neurons is a matrix of weights [n, m] and m biases: h = φ(x W + b). A network 3-4-4-1 is
three of them. Depth alone is worth nothing. Without φ, two layers are

    (x W1 + b1) W2 + b2  =  x (W1 W2) + (b1 W2 + b2)

one linear map again, with the product of the matrices as its weights.
"""

# %%
from typing import Any

import numpy as np

import nn

from ..page import Page


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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # The shapes: each layer has as many rows as the one before has neurons.
    model = nn.MLP(3, [4, 4, 1], "tanh", seed=page.seed)
    page.say(f"The network 3-4-4-1, {len(model.parameters())} parameters:")
    shapes = [w.shape for w, _ in matrices(model)]
    rows = [[f"{k}", f"[{n}, {m}]", m, n * m + m] for k, (n, m) in enumerate(shapes, 1)]
    page.table(["layer", "weights [inputs, neurons]", "biases", "together"], rows)
    page.say("""
        It is called a network of three layers: the inputs are not counted, for nothing is calculated there. Some books,
        and the files that `nn.save` writes, hold the same matrices transposed, [neurons, inputs].
    """)
    page.drawing(nn.draw(model), "network", "The network 3-4-4-1: a line a weight, 32 of them and nine biases = 41")

    # Without activation functions: multiply the weights out.
    linear = nn.MLP(3, [4, 4, 1], "linear", seed=page.seed)
    weights, bias = multiplied_out(linear)
    points = np.random.default_rng(page.seed).normal(size=(200, 3))
    collapse = float(np.abs(nn.predict(linear, points) - (points @ weights + bias)[:, 0]).max())
    bent = nn.predict(model, points)
    weights, bias = multiplied_out(model)
    apart = float(np.abs(bent - (points @ weights + bias)[:, 0]).max())
    page.say(f"""
        Multiplied out, the three matrices of a network without activation functions are one of shape [3, 1]. For 200
        random inputs the network and this one matrix differ by {collapse:.1e} at most: 41 parameters do the work of
        four. With tanh between the layers, the product of the matrices is off by {apart:.2g}.
    """)

    # What it costs: fit a sine with both.
    x = np.linspace(-3, 3, 40 if page.quick else 80)
    y = np.sin(x)
    line = np.polyval(np.polyfit(x, y, 1), x)  # the best straight line, by the closed form
    fits, losses = {}, {}
    for activation in ("linear", "tanh"):
        network = nn.MLP(1, [8, 8, 1], activation, seed=page.seed)
        adam = nn.Adam(network.parameters(), lr=0.02)
        nn.fit(network, x[:, None], y, nn.mse_loss, optimizer=adam, epochs=600, batch_size=None, progress=False)
        fits[activation] = np.array([network([v]).data for v in x])
        losses[activation] = float(np.mean((fits[activation] - y) ** 2))
    best = float(np.mean((line - y) ** 2))
    page.say("Trained on a sine, networks 1-8-8-1 with and without activation functions, and the best straight line:")
    page.table(
        ["model", "parameters", "mean squared error"],
        [
            ["network, tanh", len(network.parameters()), losses["tanh"]],
            ["network, no activation", len(network.parameters()), losses["linear"]],
            ["straight line, closed form", 2, best],
        ],
    )
    with page.figure("Without activation functions three layers end in the best straight line") as (_, axes):
        axes.plot(x, y, "o", color="0.6", linestyle="none", label="data: sin x")
        axes.plot(x, line, color="black", linestyle=":", linewidth=3.5, label="straight line, closed form")
        axes.plot(x, fits["linear"], color="#d55e00", linestyle="--", label="1-8-8-1, no activation")
        axes.plot(x, fits["tanh"], color="#0072b2", linestyle="-", label="1-8-8-1, tanh")
        axes.set(xlabel="x (radians)", ylabel="output")
        axes.legend()
    page.say(
        "Look at the broken line: training with 97 parameters found no more than a ruler. Try relu in place of tanh."
    )
    return {
        "parameters": len(model.parameters()),
        **{f"layer {k} {side}": size for k, s in enumerate(shapes, 1) for side, size in zip("nm", s, strict=True)},
        "collapse": collapse,
        "tanh apart": apart,
        "linear": losses["linear"],
        "tanh": losses["tanh"],
        "line": best,
        "from the line": float(np.abs(fits["linear"] - line).max()),
    }


if __name__ == "__main__":
    main()
