"""Capacity and overfitting: a model that can do more fits its training data better, and in the end nothing else.

Capacity is how many different functions a model can be. If a model contains another (a polynomial of degree 5 is one of
degree 6 whose last weight is 0), its best fit cannot be worse on the training data: training error falls with capacity,
and only falls. The error on data it has not seen is another matter. While the model is too simple it falls too; then
the model begins to fit the noise, which is different in new data, and the error turns:

    test error = noise
               + what the model cannot express (bias²)
               + what it has only learnt by the accident of its data (variance)
"""

# %%
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes

import autograd
import nn

from ..page import COLORS, Page


# %% A linear model of given features, trained to the very bottom: capacity is to be judged, not patience.
def fitted(X: Any, y: Any, strength: float = 0.0) -> nn.Neuron:
    """The neuron w·x + b with the least mean squared error + strength·Σw², by a quasi-Newton method."""
    neuron = nn.Neuron(X.shape[1], init="zeros")
    loss = autograd.compile(lambda x, t: nn.mse_loss(neuron(x), t) + nn.l2_penalty(neuron, strength))
    loss.value_and_grad(X, y)  # traces it once, for the number of parameters
    options = {"maxiter": 2000, "maxfun": 5000, "ftol": 1e-14, "gtol": 1e-10, "maxcor": 30}
    best = minimize(
        lambda theta: loss.value_and_grad(X, y, at=theta), loss.flat_parameters(), jac=True, options=options,
        method="L-BFGS-B",
    )  # fmt: skip
    loss.set_flat_parameters(best.x)
    return neuron


def error(neuron: nn.Neuron, X: Any, y: Any) -> float:
    """Mean squared error."""
    return float(np.mean((predictions(neuron, X) - y) ** 2))


def predictions(neuron: nn.Neuron, X: Any) -> Any:
    return X @ np.array([w.data for w in neuron.w]) + neuron.b.data


# %% Sixteen points of a sine with noise, and the polynomials that are to fit them.
NOISE = 0.3


def points(n: int, rng: Any) -> tuple[Any, Any]:
    x = np.linspace(-1, 1, n)
    return x, np.sin(3 * x) + NOISE * rng.normal(size=n)


def powers(x: Any, degree: int) -> Any:
    """Polynomials of degree 1 to `degree`: those of Legendre, which span the same as x, x², ... and correlate less."""
    return np.polynomial.legendre.legvander(x, degree)[:, 1:]


# %% Measurements of patients, the most telling ones first, then the products of each two of them.
def patients(n_train: int, rng: Any) -> tuple[Any, Any, Any, Any]:
    data = load_diabetes()
    names = ("bmi", "s5", "bp", "s3", "sex", "s6", "age", "s4", "s1", "s2")
    X = data.data[:, [data.feature_names.index(name) for name in names]]
    X = X / X.std(axis=0)
    first, second = np.triu_indices(10)
    X = np.hstack([X, X[:, first] * X[:, second]])
    y = data.target / data.target.std()
    rows = rng.permutation(len(y))
    return X[rows[:n_train]], X[rows[n_train:]], y[rows[:n_train]], y[rows[n_train:]]


# %% What is calculated.
DEGREES = range(1, 15)
COUNTS = (1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40)  # of features


class Errors(NamedTuple):
    """Of models of growing capacity: the errors on their training data and on others."""

    train: list[float]
    test: list[float]

    @property
    def lowest(self) -> int:
        """Which model has the lowest test error."""
        return int(np.argmin(self.test))


class Results(NamedTuple):
    """The polynomials by DEGREES with their data and errors, and the errors of the patients by COUNTS."""

    x: Any
    y: Any
    x_test: Any
    curves: list[Any]
    polynomials: Errors
    patients: Errors


def calculate(page: Page) -> Results:
    rng = np.random.default_rng(page.seed)
    x, y = points(16, rng)
    x_test, y_test = points(500, rng)
    fits = [fitted(powers(x, degree), y) for degree in page.progress(DEGREES, "polynomials")]
    X, X_test, t, t_test = patients(60, rng)
    models = [fitted(X[:, :k], t) for k in page.progress(COUNTS, "patients")]
    return Results(
        x, y, x_test,
        curves=[predictions(fit, powers(x_test, d)) for d, fit in zip(DEGREES, fits, strict=True)],
        polynomials=Errors(
            [error(fit, powers(x, d), y) for d, fit in zip(DEGREES, fits, strict=True)],
            [error(fit, powers(x_test, d), y_test) for d, fit in zip(DEGREES, fits, strict=True)],
        ),
        patients=Errors(
            [error(model, X[:, :k], t) for k, model in zip(COUNTS, models, strict=True)],
            [error(model, X_test[:, :k], t_test) for k, model in zip(COUNTS, models, strict=True)],
        ),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "Polynomials through 16 points of sin(3x) with noise of variance {noise:.2g}, judged on 500 others:",
        noise=NOISE**2,
    )
    train, test = r.polynomials
    page.table(["degree", "training error", "test error"], zip(DEGREES, train, test, strict=True))
    page.say(
        """
        Look at the columns. The first error only falls. The second is lowest at degree {best}, {lowest:.3f}, and at
        degree 14 it is {times:.1f} times that. Not even the truth itself would come to 0: about {noise:.2g} is the
        noise, which no model can foresee.
        """,
        best=DEGREES[r.polynomials.lowest], lowest=min(test), noise=NOISE**2, times=test[-1] / min(test),
    )  # fmt: skip
    plot_fits(page, r)

    page.say("The same with real data: 60 patients to learn from, 382 to judge by, and ever more features of them:")
    train, test = r.patients
    page.table(["number of features", "training error", "test error"], zip(COUNTS, train, test, strict=True))
    page.say(
        """
        The error is in units of the target's variance, so 1 is what the mean alone achieves. More features help at
        first, up to {best} of them. With 40 the test error is {last:.2f}{worse}. More examples push the turn to the
        right: capacity is large or small only beside the amount of data.
        """,
        best=COUNTS[r.patients.lowest], last=test[-1],
        worse=page.word(": above 1, a model is worse than none") if test[-1] > 1 else "",
    )  # fmt: skip
    plot_errors(page, r)
    page.say("Try: 160 points in place of 16. Where does the test error turn now?")


# %% Pictures.
def plot_errors(page: Page, r: Results) -> None:
    with page.figure("Training error only falls; test error turns", columns=2) as (_, (left, right)):
        for ax, steps, errors in ((left, DEGREES, r.polynomials), (right, COUNTS, r.patients)):
            ax.plot(steps, errors.train, "o-", label="training")
            ax.plot(steps, errors.test, "^--", label="test")
            best = steps[errors.lowest]
            ax.axvline(best, color="0.5", ls=":", lw=1.2, label=page.word("lowest test error: {best}", best=best))
        left.set(xlabel="degree of the polynomial", ylabel="mean squared error", yscale="log")
        left.set(title="sine with noise, 16 points")
        right.set(xlabel="number of features", ylabel="error / variance of the target", title="60 patients", ylim=0)
        left.legend()
        right.legend()


def plot_fits(page: Page, r: Results) -> None:
    with page.figure("Too simple, about right, too close to its 16 points", columns=3) as (_, axes):
        for ax, k in zip(axes, (0, r.polynomials.lowest, len(DEGREES) - 1), strict=True):
            ax.plot(r.x_test, np.sin(3 * r.x_test), color="0.45", ls="--", label="the truth, sin 3x")
            ax.plot(r.x_test, r.curves[k], color=COLORS[1], label="fit")
            ax.plot(r.x, r.y, "o", color=COLORS[0], label="training data")
            title = page.word("degree {degree}", degree=DEGREES[k])
            ax.set(title=title, xlabel="x", ylabel="y", xlim=(-1.1, 1.1), ylim=(-2, 2), xticks=(-1, 0, 1))
        axes[0].legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
