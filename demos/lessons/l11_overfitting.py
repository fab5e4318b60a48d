"""Capacity and overfitting: a model that can do more fits its training data better, and from some point on only these.

If a model contains another (a polynomial of degree 5 is one of degree 6 whose last weight is 0), its best fit cannot
be worse on the training data: training error falls with capacity, and only falls. The error on data it has not
seen is another matter. While the model is too simple it falls too; then the model begins to fit the noise, which is
other noise in other data, and it turns:

    test error = noise + what the model cannot say (bias²) + what it says by accident of the data (variance)
"""

# %%
from typing import Any

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


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    rng = np.random.default_rng(page.seed)
    x, y = points(16, rng)
    x_test, y_test = points(500, rng)
    degrees = range(1, 15)
    polynomials = {d: fitted(powers(x, d), y) for d in degrees}
    train = [error(polynomials[d], powers(x, d), y) for d in degrees]
    test = [error(polynomials[d], powers(x_test, d), y_test) for d in degrees]
    best = degrees[int(np.argmin(test))]
    page.say(f"Polynomials through 16 points of sin(3x) with noise of variance {NOISE**2:.2g}, judged on 500 others:")
    page.table(["degree", "training error", "test error"], zip(degrees, train, test, strict=True))
    page.say(f"""
        Look at the columns. The first only falls. The second is lowest at degree {best}, near the noise, below which
        none comes but by luck; at degree 14 it is {test[-1] / min(test):.1f} times that.
    """)

    counts = [1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40]
    X, X_test, t, t_test = patients(60, rng)
    models = [fitted(X[:, :k], t) for k in counts]
    train_2 = [error(model, X[:, :k], t) for model, k in zip(models, counts, strict=True)]
    test_2 = [error(model, X_test[:, :k], t_test) for model, k in zip(models, counts, strict=True)]
    page.say("The same with real data: 60 patients to learn from, 382 to judge by, and ever more features of them:")
    page.table(["features", "training error", "test error"], zip(counts, train_2, test_2, strict=True))
    page.say(f"""
        More features help at first (the error is in units of the target's variance, so 1 is what the mean alone
        achieves), up to {counts[int(np.argmin(test_2))]} of them. With 40 the test error is
        {test_2[-1]:.1f}: above 1, a model is worse than none. More examples push the turn to the right: capacity is
        large or small only beside the amount of data.
    """)

    with page.figure("Training error only falls; test error turns", columns=2) as (_, (left, right)):
        for ax, steps, curves, best_at in ((left, degrees, (train, test), best), (right, counts, (train_2, test_2),
                                           counts[int(np.argmin(test_2))])):  # fmt: skip
            ax.semilogy(steps, curves[0], "o-", label="training")
            ax.semilogy(steps, curves[1], "^--", label="test")
            ax.axvline(best_at, color="0.5", ls=":", lw=1.2, label=f"lowest test error: {best_at}")
            ax.legend()
        left.set(xlabel="degree of the polynomial", ylabel="mean squared error", title="sine with noise, 16 points")
        right.set(xlabel="number of features", ylabel="error / variance of the target", title="60 patients")
    with page.figure("Too simple, about right, too eager to please its 16 points", columns=3) as (_, axes):
        for ax, degree in zip(axes, (1, best, 14), strict=True):
            ax.plot(x_test, np.sin(3 * x_test), color="0.45", ls="--", label="truth")
            ax.plot(x_test, predictions(polynomials[degree], powers(x_test, degree)), color=COLORS[1], label="fit")
            ax.plot(x, y, "o", color=COLORS[0], label="training data")
            ax.set(title=f"degree {degree}", xlabel="x", ylabel="y", ylim=(-2, 2))
        axes[0].legend()
    page.say("Try: 160 points in place of 16. Where does the test error turn now?")
    return {"train": train, "test": test, "train 2": train_2, "test 2": test_2, "best": best}


if __name__ == "__main__":
    main()
