"""Preprocessing and initialisation: training starts well when the numbers have size one, in the data and in each layer.

Features of different sizes make the loss a long narrow valley: along the large ones a step must be tiny, and along the
small ones it gets nowhere. Standardising each feature, x ← (x - mean) / deviation, makes the valley round.

Weights decide the same inside. The sum of n products has about n times the variance of one, so weights with

    variance 2 / (inputs + outputs)   (Xavier)        variance 2 / inputs   (He, as relu drops half of the signal)

keep the signal at its size from layer to layer, forward and back.
"""

# %%
import contextlib
from typing import Any

import numpy as np
from sklearn.datasets import load_wine, make_moons

import autograd
import nn

from ..page import COLORS, DASHES, MARKERS, Page

DEPTH, WIDTH = 6, 16
INITS: dict[str, Any] = {"zeros": "zeros", "too small": 0.05, "too large": 1.5, "Xavier": "xavier", "He": "he"}


# %%
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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Real data: 178 wines, 13 measurements each.
    wine = load_wine()
    y = wine.target
    features = {"raw": wine.data, "standardised": nn.Standardizer().fit_transform(wine.data)}
    epochs = 100 if page.quick else 200
    conditions = {name: float(np.linalg.cond(np.cov(x.T))) for name, x in features.items()}
    rates = {"raw": (1e-7, 1e-6, 1e-5, 1e-4), "standardised": (0.01, 0.1, 1.0)}
    runs = {
        (name, lr): descend(nn.MLP(13, [3], init="zeros"), x, y, nn.cross_entropy, lr, epochs)
        for name, x in features.items()
        for lr in rates[name]
    }
    best = {name: min((runs[name, lr][-1], lr) for lr in rates[name]) for name in rates}
    page.say(f"""
        178 wines of three sorts, 13 measurements each, from 0.1 to 1,680. The valley is {conditions["raw"]:,.0f} times
        as long as wide with the raw features (that is the condition number of their covariance), and
        {conditions["standardised"]:,.0f} times standardised. Softmax regression from 0, by {epochs} steps of plain
        descent (a loss of 1.0986 = log 3 is that of guessing):
    """)
    rows = [[name, f"{lr:g}", losses[-1], max(losses)] for (name, lr), losses in runs.items()]
    page.table(["features", "learning rate", "last loss", "highest on the way"], rows)

    # Initialisation: a deep network on the two moons.
    n = 60 if page.quick else 100
    x, y = make_moons(n, noise=0.1, random_state=page.seed)
    x = nn.Standardizer().fit_transform(x)
    histories, signals, gradients = {}, {}, {}
    for name, init in page.progress(INITS.items(), "initialisations"):
        model = nn.MLP(2, [WIDTH] * DEPTH + [1], "relu", init=init, seed=page.seed)
        signals[name], gradients[name] = by_layer(model, x, y)
        histories[name] = descend(model, x, y, nn.binary_cross_entropy, 0.1, 2 * epochs)
    ends = {
        name: (f"{max(losses):.2g}", f"{losses[-1]:.4f}" if len(losses) == 2 * epochs else "overflow")
        for name, losses in histories.items()
    }
    page.say(f"""
        A relu network of {DEPTH} hidden layers of {WIDTH} on the two moons: the size of the signal and of the gradient
        in its first and last hidden layer when it is fresh, and the loss over {2 * epochs} steps of descent:
    """)
    page.table(
        ["init", "signal 1", f"signal {DEPTH}", "gradient 1", f"gradient {DEPTH}", "highest loss", "last loss"],
        [
            [name, *(f"{v:.1e}" for s in (signals[name], gradients[name]) for v in (s[0], s[DEPTH - 1])), *last]
            for name, last in ends.items()
        ],
    )
    page.say("""
        Look at the rows. Zeros: no signal, no gradient, nothing ever happens (0.6931 = log 2 is guessing). Too small:
        the signal fades from layer to layer, the gradient is next to nothing, and the same happens. Too large: the
        signal swells, and the first steps throw the weights so far that the loss is astronomical; if no number
        overflows, some relus stay dead. He's variance keeps signal and gradient at their size.
        Xavier's was made for tanh: half is lost at each relu, so it starts late, and does start.
    """)
    with page.figure("Features and signals of size one let training start at once", 1, 3, (12, 4.2)) as (_, axes):
        for name, (_, lr) in best.items():
            axes[0].plot(range(1, len(runs[name, lr]) + 1), runs[name, lr], label=f"{name}, rate {lr:g}")
        axes[0].set(title="wine: the best rate for each", xlabel="epoch", ylabel="cross-entropy")
        for name, color, dashes, marker in zip(INITS, COLORS, DASHES, MARKERS, strict=False):
            wide = 5.0 if name == "zeros" else 1.8  # its curve lies below that of "too small"
            style = {"color": color, "linestyle": dashes, "label": name, "linewidth": wide}
            axes[1].loglog(range(1, len(histories[name]) + 1), np.minimum(histories[name], 1e9), **style)
            if name != "zeros":  # it has no gradient at all
                axes[2].semilogy(range(1, DEPTH + 2), gradients[name], marker=marker, **style)
        axes[1].set(title=f"moons, {DEPTH} hidden layers", xlabel="step", ylabel="cross-entropy", ylim=(5e-4, 5e3))
        axes[2].set(title="moons, before the first step", xlabel="layer", ylabel="gradient (root mean square)")
        axes[2].set_xticks(range(1, DEPTH + 2))
        for name, losses in histories.items():
            if len(losses) < 2 * epochs:
                axes[1].annotate(
                    f"{name}: overflow at step {len(losses) + 1}", (len(losses), 4e3), va="top", fontsize=8
                )
        for ax in axes:
            ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    page.say(
        "Try: tanh in place of relu, which init is better now? And 0.1 for every weight: why do all neurons stay equal?"
    )
    return {
        **{f"{name} features": loss for name, (loss, _) in best.items()},
        **{f"{name} condition": number for name, number in conditions.items()},
        **{f"{name} loss": losses[-1] for name, losses in histories.items()},
        "too large highest": max(histories["too large"]),
        **{f"{name} signal ratio": s[DEPTH - 1] / s[0] if s[0] else 0.0 for name, s in signals.items()},
        **{f"{name} gradient": g[0] for name, g in gradients.items()},
    }


if __name__ == "__main__":
    main()
