"""Activation functions: what bends a network, and what its slope lets through on the way back.

Going back, every layer multiplies the gradient by the slope of its activation function. That of the sigmoid is

    σ'(z) = σ(z)·(1 - σ(z))     at most 1/4, at z = 0;     in the tails about e^-|z|

so a layer of sigmoids takes at least three quarters away, and a saturated one nearly all. The slope of tanh is at most
1. That of relu is 1 or 0. It is often said that relu always has a gradient, and that is false: a neuron that is
negative for every example has none, and will never get one again.
"""

# %%
import numpy as np

import autograd
import nn
from autograd import Value

from ..page import Page

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu")
RAMP = np.linspace([-1.0], [1.0], 30), np.linspace(-1.0, 1.0, 30).clip(0.0)


# %%
def slope(name: str, z: float) -> float:
    """The derivative of an activation function, by the engine."""
    v = Value(z)
    (derivative,) = autograd.grad(getattr(autograd, name)(v), [v])
    return float(derivative)


def gradient_by_layer(model: nn.MLP, points: list[list[float]]) -> list[float]:
    """Per layer, the root mean square of the gradient of the mean output by its weights."""
    model.zero_grad()
    autograd.mean([model(x) for x in points]).backward()
    return [float(np.sqrt(np.mean([w.grad**2 for n in layer.neurons for w in n.w]))) for layer in model.layers]


def dead(model: nn.MLP) -> int:
    """How many hidden neurons of one input are negative from -1 to 1: at both ends, for they are straight lines."""
    return sum(all(n.w[0].data * x + n.b.data <= 0.0 for x in (-1.0, 1.0)) for n in model.layers[0].neurons)


def train_dead(activation: str, seed: int) -> tuple[list[float], float]:
    """Train a layer whose neurons are all dead; its losses, and how far its weights moved."""
    model = nn.MLP(1, [8, 1], activation, init="uniform", seed=seed)
    for neuron in model.layers[0].neurons:
        neuron.b.data = -2.0  # the weights are between -1 and 1
    before = [p.data for p in model.layers[0].parameters()]
    adam = nn.Adam(model.parameters(), lr=0.05)
    history = nn.fit(model, RAMP[0], RAMP[1], optimizer=adam, epochs=400, batch_size=None, progress=False)
    after = [p.data for p in model.layers[0].parameters()]
    return history.train_loss, float(np.abs(np.subtract(after, before)).max())


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    slopes = {name: {z: slope(name, z) for z in (-10.0, -1.0, 0.0, 1.0, 10.0)} for name in NAMES}
    page.say("The slopes, as the engine gives them; that of relu at 0, where it has a corner, is 0 by convention:")
    page.table(
        ["function", *(f"slope at {z:g}" for z in slopes["relu"])], [[n, *s.values()] for n, s in slopes.items()]
    )
    z = np.linspace(-5, 5, 201)
    title = "The slope of a sigmoid is at most a quarter; that of relu is one or nothing"
    with page.figure(title, 2, 4, size=(11, 5.6)) as (_, axes):
        for ax, name in zip(axes.flat, NAMES, strict=True):
            ax.plot(z, [getattr(autograd, name)(v) for v in z.tolist()], label="value")
            ax.plot(z, [slope(name, v) for v in z.tolist()], label="slope")
            ax.set(title=name, xlabel="z", ylim=(-1.3, 2.2))
        axes[0, 0].legend(loc="upper left")

    # Depth multiplies the slopes.
    depth = 8
    points = np.random.default_rng(page.seed).normal(size=(10 if page.quick else 40, 4)).tolist()
    sizes = {
        name: gradient_by_layer(nn.MLP(4, [16] * depth + [1], name, seed=page.seed), points)
        for name in ("sigmoid", "tanh", "relu")
    }
    page.say(f"""
        What reaches the weights: the size of the gradient in each layer of a fresh network of {depth} hidden layers of
        16, first layer first. The last column divides the first by that of the last hidden one:
    """)
    chosen = (1, 3, 5, depth)
    page.table(
        ["function", *(f"layer {k}" for k in chosen), "first to last"],
        [[n, *(f"{s[k - 1]:.1e}" for k in chosen), f"{s[0] / s[depth - 1]:.1e}"] for n, s in sizes.items()],
    )
    with page.figure("Eight layers of sigmoids leave the first layer next to nothing") as (_, axes):
        for (name, size), marker in zip(sizes.items(), "o^s", strict=True):
            axes.semilogy(range(1, depth + 1), size[:depth], marker=marker, label=name)
        axes.set(xlabel="hidden layer, counted from the input", ylabel="size of its gradient (root mean square)")
        axes.legend()

    # The dead relu: one step that is too large makes some, and biases of -2 make a whole layer.
    wide = nn.MLP(1, [40, 1], seed=page.seed)
    before = dead(wide)
    nn.fit(wide, *RAMP, optimizer=nn.SGD(wide.parameters(), lr=5.0), epochs=1, batch_size=None, progress=False)
    trained = {name: train_dead(name, page.seed) for name in ("relu", "leaky_relu")}
    page.say(f"""
        Now the relu that dies. Forty neurons learn y = max(0, x) for x from -1 to 1. At the start {before} of them are
        negative for every x; after one step of plain descent at a rate of 5, {dead(wide)} are. What becomes of such
        neurons? Here is a layer of eight whose biases start at -2, so that all are dead:
    """)
    headers = ["hidden layer", "first loss", "last loss", "its weights moved by at most"]
    page.table(headers, [[name, curve[0], curve[-1], moved] for name, (curve, moved) in trained.items()])
    page.say("""
        Look at the first row: the relu layer has not moved at all, its gradient is exactly 0 for every example. Only
        the bias of the output learns, and the best that it can say is the mean of y: the loss stays at the variance of
        y. Leaky relu keeps a slope of 0.01 on the negative side: little, but enough to come back.
    """)
    with page.figure("A dead relu layer never moves again; a leaky one comes back") as (_, axes):
        for name, (curve, _) in trained.items():
            axes.semilogy(range(1, len(curve) + 1), curve, label=name)
        axes.axhline(np.var(RAMP[1]), color="0.5", linestyle=":", label="variance of y")
        axes.set(xlabel="epoch", ylabel="mean squared error")
        axes.legend()
    page.say("Try: elu in the dead layer. Its slope at -2 is e^-2 = 0.14. Is it back sooner?")
    return {
        **{f"{name} {z:g}": value for name, values in slopes.items() for z, value in values.items()},
        **{f"{name} first to last": size[0] / size[depth - 1] for name, size in sizes.items()},
        "killed": dead(wide) - before,
        "dead moved": trained["relu"][1],
        "dead loss": trained["relu"][0][-1],
        "leaky loss": trained["leaky_relu"][0][-1],
        "variance": float(np.var(RAMP[1])),
    }


if __name__ == "__main__":
    main()
