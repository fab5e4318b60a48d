"""Activation functions: what bends a network, and what its slope lets through on the way back.

Going back, every layer multiplies the gradient by the slope of its activation function. That of the sigmoid is

    σ'(z) = σ(z)·(1 - σ(z))     at most 1/4, at z = 0;     in the tails about e^-|z|

so a layer of sigmoids takes at least three quarters away, and a saturated one nearly all. The slope of tanh is at most
1. That of relu is 1 or 0. It is often said that relu always has a gradient, and that is false: a neuron whose z is
negative for every example has none. Then its weights no longer move, and z stays negative: the neuron is dead.
"""

# %%
from typing import NamedTuple

import numpy as np

import autograd
import nn
from autograd import Value

from ..page import COLORS, DASHES, Page

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu")
DEPTH = 8
RAMP = np.linspace([-1.0], [1.0], 30), np.linspace(-1.0, 1.0, 30).clip(0.0)


# %%
def slope(name: str, z: float) -> float:
    """The derivative of an activation function, by the engine."""
    v = Value(z)
    (derivative,) = autograd.grad(getattr(autograd, name)(v), [v])
    return float(derivative)


def gradient_by_layer(model: nn.MLP, points: list[list[float]]) -> list[float]:
    """Per layer, the root mean square of the gradient of the mean output with respect to its weights."""
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


# %% What is calculated.
class Results(NamedTuple):
    """By name of the function: slopes at some places, gradients by layer, losses of layers that begin dead."""

    slopes: dict[str, dict[float, float]]
    gradients: dict[str, list[float]]
    dead_before: int
    dead_after: int
    losses: dict[str, list[float]]
    moved: dict[str, float]

    @property
    def fading(self) -> dict[str, float]:
        """The gradient of the first hidden layer, divided by that of the last."""
        return {name: sizes[0] / sizes[DEPTH - 1] for name, sizes in self.gradients.items()}


def calculate(page: Page) -> Results:
    # Depth multiplies the slopes.
    points = np.random.default_rng(page.seed).normal(size=(10 if page.quick else 40, 4)).tolist()
    networks = {name: nn.MLP(4, [16] * DEPTH + [1], name, seed=page.seed) for name in ("sigmoid", "tanh", "relu")}

    # The dead relu: one step that is too large makes some, and biases of -2 make a whole layer.
    wide = nn.MLP(1, [40, 1], seed=page.seed)
    before = dead(wide)
    nn.fit(wide, *RAMP, optimizer=nn.SGD(wide.parameters(), lr=5.0), epochs=1, batch_size=None, progress=False)
    trained = {name: train_dead(name, page.seed) for name in ("relu", "leaky_relu")}
    return Results(
        slopes={name: {z: slope(name, z) for z in (-10.0, -1.0, 0.0, 1.0, 10.0)} for name in NAMES},
        gradients={name: gradient_by_layer(model, points) for name, model in networks.items()},
        dead_before=before,
        dead_after=dead(wide),
        losses={name: curve for name, (curve, _) in trained.items()},
        moved={name: moved for name, (_, moved) in trained.items()},
    )


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The slopes, as the engine gives them; that of relu at 0, where it has a corner, is 0 by convention:")
    page.table(
        ["function", *(page.word("slope at {z:g}", z=z) for z in r.slopes["relu"])],
        [[name, *slopes.values()] for name, slopes in r.slopes.items()],
    )
    plot_functions(page)

    page.say(
        """
        What reaches the weights: the size of the gradient in each layer of a fresh network of {depth} hidden layers of
        16, first layer first. The last column divides the first by that of the last hidden one:
        """,
        depth=DEPTH,
    )
    shown = (1, 3, 5, DEPTH)
    page.table(
        ["function", *(page.word("layer {k}", k=k) for k in shown), "first to last"],
        [[n, *(f"{s[k - 1]:.1e}" for k in shown), f"{r.fading[n]:.1e}"] for n, s in r.gradients.items()],
    )
    plot_depth(page, r)

    page.say(
        """
        Now the relu that dies. Forty neurons learn y = max(0, x) for x from -1 to 1. How many are negative for every x?
        Before training {before}; after one step of plain descent with a learning rate of 5, {after}. What becomes of
        such neurons? Here is a layer of eight whose biases start at -2, so that all are dead:
        """,
        before=r.dead_before or page.word("none"), after=r.dead_after or page.word("none"),
    )  # fmt: skip
    page.table(
        ["hidden layer", "first loss", "last loss", "its weights moved by at most"],
        [[name, curve[0], curve[-1], r.moved[name]] for name, curve in r.losses.items()],
    )
    page.say("""
        Look at the first row: the relu layer has not moved at all, its gradient is exactly 0 for every example. Only
        the bias of the output learns, and the best that it can say is the mean of y: the loss stays at the variance of
        y. Leaky relu keeps a slope of 0.01 on the negative side: little, but enough to come back.
    """)
    plot_dead(page, r)
    page.say("Try: elu in the dead layer. Its slope at -2 is e^-2 = 0.14. Is it back sooner?")


# %% Pictures.
def plot_functions(page: Page) -> None:
    z = np.linspace(-5, 5, 201)
    with page.figure(
        "The slope of a sigmoid is at most a quarter; that of relu is one or nothing", 2, 4, size=(11, 5.6)
    ) as (_, axes):
        for ax, name in zip(axes.flat, NAMES, strict=True):
            slopes = np.array([slope(name, v) for v in z.tolist()])
            slopes[:-1][np.abs(np.diff(slopes)) > 0.5] = np.nan  # a slope that jumps is no line
            ax.plot(z, [getattr(autograd, name)(v) for v in z.tolist()], label="value")
            ax.plot(z, slopes, label="slope")
            ax.set(title=name, xlabel="z", ylim=(-1.3, 2.2))
        axes[0, 0].legend(loc="upper left")


def plot_depth(page: Page, r: Results) -> None:
    with page.figure("Eight layers of sigmoids leave the first layer next to nothing") as (_, axes):
        for (name, sizes), marker in zip(r.gradients.items(), "o^s", strict=True):
            axes.semilogy(range(1, DEPTH + 1), sizes[:DEPTH], marker=marker, label=name)
        axes.set(xlabel="hidden layer, counted from the input", ylabel="size of its gradient (root mean square)")
        axes.legend()


def plot_dead(page: Page, r: Results) -> None:
    with page.figure("A dead relu layer never moves again; a leaky one comes back") as (_, axes):
        for (name, curve), color, dashes in zip(r.losses.items(), COLORS, DASHES, strict=False):
            wide = 4.0 if name == "relu" else 1.8  # the variance lies on its curve
            axes.semilogy(range(1, len(curve) + 1), curve, color=color, linestyle=dashes, linewidth=wide, label=name)
        axes.axhline(np.var(RAMP[1]), color="black", linestyle=":", label="variance of y")
        axes.set(xlabel="epoch", ylabel="mean squared error")
        axes.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
