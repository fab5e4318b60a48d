"""L2 regularisation: large weights cost something, so the model bends only where many examples ask for it.

To the loss is added λ (lambda) times the sum of the squared weights, never the biases:

    L = mean of loss(ŷ, y) + λ·Σw²        ∂L/∂w = ∂(mean loss)/∂w + 2λw

Small weights mean a smooth function: how steeply the output can follow an input is set by the weights, and noise in the
input is passed on less. A bias only shifts the function up or down and makes nothing steeper, so it has no penalty. λ
says what smoothness is worth: 0 is the fit without a penalty; the larger λ, the closer all weights come to 0 and the
function to a flat line.
"""

# %%
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import nn

from ..page import COLORS, Page
from .l11_overfitting import error, fitted, points, powers, predictions

STRENGTHS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1e4, 1e6)


# %% Moons of which some examples carry the wrong label: noise that a model should not learn.
def moons(n: int, n_wrong: int, seed: int) -> tuple[Any, Any, Any]:
    """Examples, classes, and which of the classes are wrong."""
    X, y = make_moons(n, noise=0.15, random_state=seed)
    wrong = np.random.default_rng(seed).choice(n, n_wrong, replace=False)
    y[wrong] = 1 - y[wrong]
    return X, y, wrong


def short(strength: float) -> str:
    """λ as a short text: ``10⁻⁶``."""
    exponent = round(np.log10(strength)) if strength else 0
    if abs(exponent) < 3:
        return f"{strength:g}"
    return "10" + f"{exponent}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def network(X: Any, y: Any, strength: float, page: Page) -> nn.MLP:
    model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
    adam = nn.Adam(model.parameters(), lr=0.03)
    nn.fit(
        model, X, y, nn.binary_cross_entropy, l2=strength, optimizer=adam, epochs=400 if page.quick else 800,
        batch_size=None, progress=False,
    )  # fmt: skip
    return model


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    rng = np.random.default_rng(page.seed)
    x, y = points(16, rng)
    x_test, y_test = points(500, rng)
    fits = {strength: fitted(powers(x, 14), y, strength) for strength in STRENGTHS}
    train = [error(fit, powers(x, 14), y) for fit in fits.values()]
    test = [error(fit, powers(x_test, 14), y_test) for fit in fits.values()]
    curves = [predictions(fit, powers(x_test, 14)) for fit in fits.values()]
    ranges = [float(np.ptp(curve)) for curve in curves]
    page.say("The 16 points of the lesson on overfitting and a polynomial of degree 14, which can bend far too much:")
    page.table(
        ["λ", "training error", "test error", "highest - lowest of the fit"],
        zip(map("{:g}".format, STRENGTHS), train, test, ranges, strict=True),
    )
    best = int(np.argmin(test))
    page.say(f"""
        Look at the columns: training error only rises with λ, since the penalty draws the fit away from its minimum.
        Test error falls first, to its lowest at λ = {STRENGTHS[best]:g}, and rises again when the fit is no longer
        allowed to bend as the truth does. At λ = 100 the fit spans {ranges[STRENGTHS.index(100.0)]:.2g}, at a
        million it is flat: at the mean of the targets ({y.mean():.4f}; the fit is at {curves[-1].mean():.4f}) and not
        at 0, since the bias has no penalty. λ has a unit, that of the loss divided by that of a squared weight:
        where the loss is the sum of many squared errors, or targets are in hundreds, 100 can be the best λ.
    """)
    with page.figure("Training error only rises with λ; test error has its minimum in between", columns=2) as (_, axes):
        axes[0].plot(train, "o-", label="training")
        axes[0].plot(test, "^--", label="test")
        axes[0].set(xlabel="λ (values that were tried)", ylabel="mean squared error", yscale="log")
        axes[0].set_xticks(range(len(STRENGTHS)), [short(s) for s in STRENGTHS])
        axes[0].legend(loc="lower right")
        axes[1].plot(x_test, np.sin(3 * x_test), color="0.6", ls="-", lw=4, label="the truth, sin 3x")
        axes[1].plot(x, y, "o", color=COLORS[0], label="training data")
        for k, style, color in ((0, ":", COLORS[3]), (best, "-", COLORS[1]), (len(STRENGTHS) - 1, "--", COLORS[2])):
            axes[1].plot(x_test, curves[k], ls=style, color=color, label=f"λ = {short(STRENGTHS[k])}")
        axes[1].set(xlabel="x", ylabel="y", ylim=(-2.2, 2.2))
        axes[1].legend()

    # The same for a classifier: where its boundary runs.
    X, classes, wrong = moons(100, 6, page.seed)
    X_test, truth, _ = moons(1000, 0, page.seed + 100)
    strengths = page.progress((0.0, 1e-4, 1e-3, 1e-2, 1e-1), "networks")
    models = {strength: network(X, classes, strength, page) for strength in strengths}
    rows = []
    for strength, model in models.items():
        learnt = int(np.sum((nn.predict(model, X[wrong]) > 0) == classes[wrong]))
        accuracies = [float(np.mean((nn.predict(model, a) > 0) == b)) for a, b in ((X, classes), (X_test, truth))]
        largest = max(abs(w.data) for name, w in model.named_parameters() if ".w." in name)
        rows.append([f"{strength:g}", *accuracies, learnt, largest])
    page.say("A network 2-16-16-1 on 100 points of two moons, 6 of them with the wrong label:")
    page.table(["λ", "training accuracy", "test accuracy", "wrong labels learnt", "largest weight"], rows)
    tests, learnt = [row[2] for row in rows], [row[3] for row in rows]
    chosen = int(np.argmax(tests))
    given_up = f"learns {learnt[chosen]} of them" if learnt[chosen] else "learns none of them"
    page.say(f"""
        Without a penalty the network learns {learnt[0]} of the {len(wrong)} wrong labels: it gives each such point a
        region of its own, and new points near it get the wrong class. The highest test accuracy,
        {tests[chosen]:.1%}, is that of λ = {rows[chosen][0]}, which {given_up}. At λ = {rows[-1][0]} the weights are so
        small that every point gets nearly the same answer: {tests[-1]:.1%} is what guessing one class gives. λ must be
        chosen for each model: for the polynomial {STRENGTHS[best]:g} was best.
    """)
    with page.figure(
        "Small λ: single points get regions of their own; larger λ: a smoother boundary", rows=2, columns=2
    ) as (_, axes):
        for ax, strength in zip(axes.flat, (0.0, 1e-4, 1e-3, 1e-2), strict=True):
            nn.plot_decision_boundary(models[strength], X, classes, ax, resolution=60 if page.plots else 2)
            ax.scatter(*X[wrong].T, s=130, facecolors="none", edgecolors="black", label="wrong label")
            ax.set(title=f"λ = {strength:g}", xlabel="x₁", ylabel="x₂")
            if strength:
                ax.get_legend().remove()
            else:
                ax.legend(loc="upper right")
    page.say("Try: λ = 0.0003 and 0.003. Is there a λ that learns none of the wrong labels and bends enough?")
    columns = list(zip(*rows, strict=True))
    return {"train": train, "test": test, "ranges": ranges, "accuracies": columns[2], "learnt": columns[3],
            "flat at": float(curves[-1].mean()), "mean": float(y.mean())}  # fmt: skip


if __name__ == "__main__":
    main()
