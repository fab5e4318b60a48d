"""Preprocessing and initialisation: training starts well when the numbers have size one, in the data and in each layer.

Features of different sizes make the loss a long narrow valley: along the large ones a step must be tiny, and along the
small ones it gets nowhere. Standardising each feature, x ← (x - mean) / deviation, makes the valley much rounder.

Inside the network, the weights decide. The sum of n products has about n times the variance of one, so weights with

    variance 2 / (inputs + outputs)   (Xavier)
    variance 2 / inputs               (He, since relu drops half of the signal)

keep the signal at its size from layer to layer, forward and back.
"""

# %%
import contextlib
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_wine, make_moons

import autograd
import nn

from ..page import COLORS, DASHES, MARKERS, Page

DEPTH, WIDTH = 6, 16
RATES = {"raw": (1e-7, 1e-6, 1e-5, 1e-4), "standardised": (0.01, 0.1, 1.0)}
INITS: dict[str, Any] = {"zeros": "zeros", "too small": 0.05, "too large": 1.5, "Xavier": "xavier", "He": "he"}


# %% Training, and what passes through the layers.
def descend(model: nn.MLP, x: Any, y: Any, loss: Any, lr: float, epochs: int) -> list[float]:
    """The losses of plain gradient descent, all examples a step; they end where a number overflows."""
    losses: list[float] = []
    sgd = nn.SGD(model.parameters(), lr=lr)
    with contextlib.suppress(OverflowError):
        nn.fit(
            model, x, y, loss, optimizer=sgd, epochs=epochs, batch_size=None, progress=False, metrics={},
            callbacks=[lambda history: losses.append(history.train_loss[-1])],
        )  # fmt: skip
    return losses


def by_layer(model: nn.MLP, x: Any, y: Any) -> tuple[list[float], list[float]]:
    """For each layer, the deviation of what it gives, and the root mean square of its weights' gradient."""
    signals: list[list[float]] = [[] for _ in model.layers]
    losses = []
    for row, target in zip(x.tolist(), y.tolist(), strict=True):
        for layer, kept in zip(model.layers, signals, strict=True):
            row = layer(row)
            kept += [v.data for v in row] if isinstance(row, list) else [row.data]
        losses.append(nn.binary_cross_entropy(row, target))
    model.zero_grad()
    autograd.mean(losses).backward()
    gradients = [np.sqrt(np.mean([w.grad**2 for n in layer.neurons for w in n.w])) for layer in model.layers]
    return [float(np.std(s)) for s in signals], list(map(float, gradients))


def apart(seed: int) -> float:
    """The largest difference between two neurons of a layer that began with equal weights, after training."""
    x, y = make_moons(60, noise=0.1, random_state=seed)
    model = nn.MLP(2, [8, 1], "tanh", seed=seed)
    for p in model.parameters():
        p.data = 0.1
    descend(model, x, y, nn.binary_cross_entropy, 0.1, 200)
    neurons = [[p.data for p in neuron.parameters()] for neuron in model.layers[0].neurons]
    return float(np.ptp(neurons, axis=0).max())


# %% What is calculated.
class Results(NamedTuple):
    """Of the wines: their measurements, and losses by features and rate; of the moons: sizes and losses by init."""

    wine: Any
    sorts: Any
    conditions: dict[str, float]
    runs: dict[tuple[str, float], list[float]]
    steps: int
    signals: dict[str, list[float]]
    gradients: dict[str, list[float]]
    losses: dict[str, list[float]]
    equal_apart: float

    @property
    def best(self) -> dict[str, float]:
        """The rate with the lowest last loss."""
        return {name: min(rates, key=lambda rate: self.runs[name, rate][-1]) for name, rates in RATES.items()}

    def overflows(self, name: str) -> bool:
        return len(self.losses[name]) < self.steps


def calculate(page: Page) -> Results:
    # Real data: 178 wines, 13 measurements each.
    wine = load_wine()
    features = {"raw": wine.data, "standardised": nn.Standardizer().fit_transform(wine.data)}
    epochs = 100 if page.quick else 200
    runs = {
        (name, rate): descend(nn.MLP(13, [3], init="zeros"), x, wine.target, nn.cross_entropy, rate, epochs)
        for name, x in features.items()
        for rate in RATES[name]
    }

    # Initialisation: a deep network on the two moons.
    x, y = make_moons(60 if page.quick else 100, noise=0.1, random_state=page.seed)
    x = nn.Standardizer().fit_transform(x)
    steps = 300 if page.quick else 400
    signals, gradients, losses = {}, {}, {}
    for name, init in page.progress(INITS.items(), "initialisations"):
        model = nn.MLP(2, [WIDTH] * DEPTH + [1], "relu", init=init, seed=page.seed)
        signals[name], gradients[name] = by_layer(model, x, y)
        losses[name] = descend(model, x, y, nn.binary_cross_entropy, 0.05, steps)
    conditions = {name: float(np.linalg.cond(np.cov(x.T))) for name, x in features.items()}
    return Results(
        wine.data, wine.target, conditions, runs, steps, signals, gradients, losses, equal_apart=apart(page.seed)
    )


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        """
        178 wines of three sorts, 13 measurements each, from 0.1 to 1,680. With the raw features the loss is up to
        {raw:,.0f} times as curved in one direction as in another (that is the condition number of their covariance),
        standardised {standardised:,.0f} times. Two of the measurements:
        """,
        **r.conditions,
    )
    plot_features(page, r)
    page.say(
        """
        Softmax regression from 0, by {epochs} steps of plain descent (a loss of 1.0986 = log 3 is that of guessing):
        """,
        epochs=len(r.runs["raw", 1e-7]),
    )
    page.table(
        ["features", "learning rate", "last loss", "highest on the way"],
        [[name, f"{rate:g}", losses[-1], max(losses)] for (name, rate), losses in r.runs.items()],
    )

    page.say(
        """
        A relu network of {depth} hidden layers of {width} on the two moons. Fresh, it has these sizes of the signal in
        the first and the last hidden layer, and of the gradient in the first; then the loss over {steps} steps of
        descent:
        """,
        depth=DEPTH, width=WIDTH, steps=r.steps,
    )  # fmt: skip
    page.table(
        [
            "init", page.word("signal {k}", k=1), page.word("signal {k}", k=DEPTH), page.word("gradient {k}", k=1),
            "highest loss", "last loss", "below 0.5 at step",
        ],
        [
            [
                name, *(f"{v:.1e}" for v in (r.signals[name][0], r.signals[name][DEPTH - 1], r.gradients[name][0])),
                f"{max(losses):.2g}", "overflow" if r.overflows(name) else f"{losses[-1]:.4f}",
                next((str(k) for k, loss in enumerate(losses, 1) if loss < 0.5), page.word("never")),
            ]
            for name, losses in r.losses.items()
        ],
    )  # fmt: skip
    page.say("""
        Look at the rows. Zeros: no signal, no gradient, nothing ever happens (0.6931 = log 2 is guessing). Too small:
        the signal fades from layer to layer, the gradient is next to nothing, and the same happens. Too large: the
        signal swells, and the first steps throw the weights much too far.
    """)
    large = r.losses["too large"]
    page.say(
        "The loss grows to {highest:.2g}, and at step {step} a number overflows."
        if r.overflows("too large")
        else "The loss grows to {highest:.2g}; afterwards so many relus are dead that it ends at {last:.4f}.",
        highest=max(large), last=large[-1], step=len(large) + 1,
    )  # fmt: skip
    page.say("""
        He's variance keeps signal and gradient near their size. Xavier's was made for tanh: half of the signal is lost
        at each relu, and the start takes longer.
    """)
    plot_training(page, r)
    page.say(
        """
        Why random numbers at all? In a layer of 8 tanh neurons all weights began at 0.1. After 200 steps the largest
        difference between two of the neurons is {apart:.0g}: equal weights get equal gradients and stay equal, and the
        layer can do no more than one neuron.
        """,
        apart=r.equal_apart,
    )
    page.say("Try: tanh in place of relu. Which initialisation is better now?")


# %% Pictures.
def plot_features(page: Page, r: Results) -> None:
    chosen = r.wine[:, [0, 9]]
    centred = chosen - chosen.mean(0)
    stages = {"original": chosen, "mean subtracted": centred, "and divided by the deviation": centred / chosen.std(0)}
    with page.figure("Standardised, the features lie round 0 and have one size", 1, 3, (12, 4.4)) as (_, axes):
        for ax, (name, points) in zip(axes, stages.items(), strict=True):
            for sort, color, marker in zip(range(3), COLORS, MARKERS, strict=False):
                ax.plot(*points[r.sorts == sort].T, marker, ls="", color=color, markersize=3.5)
            ax.axhline(0.0, color="0.4", lw=0.8)
            ax.axvline(0.0, color="0.4", lw=0.8)
            ax.set(title=name, xlabel="alcohol", ylabel="colour intensity", xlim=(-5, 16), ylim=(-5, 16))
            ax.set(xticks=range(-5, 16, 5), yticks=range(-5, 16, 5))
            ax.set_aspect("equal")


def plot_training(page: Page, r: Results) -> None:
    top = 5e3
    with page.figure("Features and signals of size one let training start at once", 1, 3, (12, 4.4)) as (_, axes):
        for name, rate in r.best.items():
            losses = r.runs[name, rate]
            label = page.word("raw, rate {rate:g}" if name == "raw" else "standardised, rate {rate:g}", rate=rate)
            axes[0].plot(range(1, len(losses) + 1), losses, label=label)
        axes[0].set(title="wine: the best rate for each", xlabel="step", ylabel="cross-entropy")
        for name, color, dashes, marker in zip(INITS, COLORS, DASHES, MARKERS, strict=False):
            wide = 5.0 if name == "zeros" else 1.8  # its curve lies below that of "too small"
            style = {"color": color, "linestyle": dashes, "label": name, "linewidth": wide}
            axes[1].loglog(range(1, len(r.losses[name]) + 1), np.minimum(r.losses[name], 1e9), **style)
            if name != "zeros":
                axes[2].semilogy(range(1, DEPTH + 2), r.gradients[name], marker=marker, **style)
        axes[1].set(title="moons, six hidden layers", xlabel="step", ylabel="cross-entropy", ylim=(5e-4, top))
        axes[2].set(title="moons, before the first step (zeros: no gradient)", xlabel="layer")
        axes[2].set(ylabel="gradient (root mean square)", xticks=range(1, DEPTH + 2))
        losses = r.losses["too large"]
        if r.overflows("too large"):
            told = page.word("too large: overflow at step {step}", step=len(losses) + 1)
        else:
            told = page.word("too large: up to {highest:.2g}", highest=max(losses))
        peak = int(np.argmax(losses)) + 1
        arrow = {"arrowstyle": "->"}
        axes[1].annotate(told, (peak, min(max(losses), top)), (2 * peak, 0.3 * top), fontsize=8.5, arrowprops=arrow)
        for ax in axes:
            ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
