"""L2 regularisation: large weights cost something, so the model bends only where many examples ask for it.

To the loss is added λ (lambda) times the sum of the squared weights, never the biases:

    L = mean of loss(ŷ, y) + λ·Σw²        ∂L/∂w = ∂(mean loss)/∂w + 2λw

Small weights mean a smooth function: how steeply the output can follow an input is set by the weights, and noise in the
input is passed on less. A bias only shifts the function up or down and makes nothing steeper, so it has no penalty. λ
says what smoothness is worth: 0 is the fit without a penalty; the larger λ, the closer all weights come to 0 and the
function to a flat line.
"""

# %%
from typing import Any, NamedTuple

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


# %% What is calculated.
class Results(NamedTuple):
    """Of each λ that was tried: errors and ranges of the polynomials, then numbers of the networks."""

    x: Any
    y: Any
    x_test: Any
    train: list[float]
    test: list[float]
    curves: list[Any]
    ranges: list[float]
    X: Any
    classes: Any
    wrong: Any
    models: dict[float, nn.MLP]
    train_accuracies: list[float]
    accuracies: list[float]
    learnt: list[int]
    largest: list[float]

    @property
    def best(self) -> float:
        """The λ with the lowest test error."""
        return STRENGTHS[int(np.argmin(self.test))]


def calculate(page: Page) -> Results:
    rng = np.random.default_rng(page.seed)
    x, y = points(16, rng)
    x_test, y_test = points(500, rng)
    fits = [fitted(powers(x, 14), y, strength) for strength in STRENGTHS]
    curves = [predictions(fit, powers(x_test, 14)) for fit in fits]

    # The same for a classifier: where its boundary runs.
    X, classes, wrong = moons(100, 6, page.seed)
    X_test, truth, _ = moons(1000, 0, page.seed + 100)
    strengths = page.progress((0.0, 1e-4, 1e-3, 1e-2, 1e-1), "networks")
    models = {strength: network(X, classes, strength, page) for strength in strengths}

    def accuracy(model: nn.MLP, inputs: Any, labels: Any) -> float:
        return float(np.mean((nn.predict(model, inputs) > 0) == labels))

    return Results(
        x, y, x_test,
        train=[error(fit, powers(x, 14), y) for fit in fits],
        test=[error(fit, powers(x_test, 14), y_test) for fit in fits],
        curves=curves,
        ranges=[float(np.ptp(curve)) for curve in curves],
        X=X, classes=classes, wrong=wrong, models=models,
        train_accuracies=[accuracy(model, X, classes) for model in models.values()],
        accuracies=[accuracy(model, X_test, truth) for model in models.values()],
        learnt=[round(accuracy(model, X[wrong], classes[wrong]) * len(wrong)) for model in models.values()],
        largest=[max(abs(w.data) for name, w in m.named_parameters() if ".w." in name) for m in models.values()],
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("The 16 points of the lesson on overfitting and a polynomial of degree 14, which can bend far too much:")
    page.table(
        ["λ", "training error", "test error", "highest - lowest of the fit"],
        zip(map("{:g}".format, STRENGTHS), r.train, r.test, r.ranges, strict=True),
    )
    page.say(
        """
        Look at the columns: training error only rises with λ, since the penalty draws the fit away from its minimum.
        Test error falls first, to its lowest at λ = {best:g}, and rises again when the fit is no longer allowed to
        bend as the truth does. At λ = 100 the fit spans {range:.2g}, at a million it is flat: at the mean of the
        targets ({mean:.4f}; the fit is at {flat:.4f}) and not at 0, since the bias has no penalty. λ has a unit, that
        of the loss divided by that of a squared weight: where the loss is the sum of many squared errors, or targets
        are in hundreds, 100 can be the best λ.
        """,
        best=r.best, range=r.ranges[STRENGTHS.index(100.0)], mean=r.y.mean(), flat=r.curves[-1].mean(),
    )  # fmt: skip
    plot_fits(page, r)

    page.say("A network 2-16-16-1 on 100 points of two moons, 6 of them with the wrong label:")
    page.table(
        ["λ", "training accuracy", "test accuracy", "wrong labels learnt", "largest weight"],
        zip(map("{:g}".format, r.models), r.train_accuracies, r.accuracies, r.learnt, r.largest, strict=True),
    )
    chosen = int(np.argmax(r.accuracies))
    page.say(
        """
        Without a penalty the network learns {learnt} of the {wrong} wrong labels: it gives each such point a region of
        its own, and new points near it get the wrong class. The highest test accuracy, {best:.1%}, is that of
        λ = {chosen:g}, which learns {kept} of them. At λ = {last:g} the weights are so small that every point gets
        nearly the same answer: {guess:.1%} is what guessing one class gives. λ must be chosen for each model: for the
        polynomial {polynomial:g} was best.
        """,
        learnt=r.learnt[0], wrong=len(r.wrong), best=r.accuracies[chosen], chosen=list(r.models)[chosen],
        kept=r.learnt[chosen] or page.word("none"), last=list(r.models)[-1], guess=r.accuracies[-1], polynomial=r.best,
    )  # fmt: skip
    plot_boundaries(page, r)
    page.say("Try: λ = 0.0003 and 0.003. Is there a λ that learns none of the wrong labels and bends enough?")


# %% Pictures.
def plot_fits(page: Page, r: Results) -> None:
    with page.figure("Training error only rises with λ; test error has its minimum in between", columns=2) as (_, axes):
        axes[0].plot(r.train, "o-", label="training")
        axes[0].plot(r.test, "^--", label="test")
        axes[0].set(xlabel="λ (values that were tried)", ylabel="mean squared error", yscale="log")
        axes[0].set_xticks(range(len(STRENGTHS)), [short(s) for s in STRENGTHS])
        axes[0].legend(loc="lower right")
        axes[1].plot(r.x_test, np.sin(3 * r.x_test), color="0.6", ls="-", lw=4, label="the truth, sin 3x")
        axes[1].plot(r.x, r.y, "o", color=COLORS[0], label="training data")
        shown = (0, STRENGTHS.index(r.best), len(STRENGTHS) - 1)
        for k, style, color in zip(shown, (":", "-", "--"), (COLORS[3], COLORS[1], COLORS[2]), strict=True):
            axes[1].plot(r.x_test, r.curves[k], ls=style, color=color, label=f"λ = {short(STRENGTHS[k])}")
        axes[1].set(xlabel="x", ylabel="y", ylim=(-2.2, 2.2))
        axes[1].legend()


def plot_boundaries(page: Page, r: Results) -> None:
    with page.figure(
        "Small λ: single points get regions of their own; larger λ: a smoother boundary", rows=2, columns=2
    ) as (_, axes):
        for ax, strength in zip(axes.flat, (0.0, 1e-4, 1e-3, 1e-2), strict=True):
            nn.plot_decision_boundary(r.models[strength], r.X, r.classes, ax, resolution=60 if page.plots else 2)
            ax.scatter(*r.X[r.wrong].T, s=130, facecolors="none", edgecolors="black", label="wrong label")
            ax.set(title=f"λ = {strength:g}", xlabel="x₁", ylabel="x₂")
            if strength:
                ax.get_legend().remove()
            else:
                ax.legend(loc="upper right")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
