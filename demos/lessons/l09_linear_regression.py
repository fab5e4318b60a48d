"""Linear regression: the weights that make the squared error small are those under which the data is most likely.

One neuron without activation function, ŷ = w·x + b, and the loss ½(ŷ - y)² of an example. For n examples of d inputs at
once, X has a row for each example and a column for each input:

    ŷ = Xw + b      X: n×d    w: d×1    b: one number    ŷ: n×1

Two ways lead to the best w and b: set the gradient to zero and solve (the closed form, from the normal equations, where
X has one more column, of ones, and θ is w with b below it), or walk down the gradient:

    (XᵀX) θ = Xᵀy      or      θ ← θ - η · mean over a minibatch of (ŷ - y)·x

With hidden neurons only the second way is left. Why squares? If y = w·x + b + ε with Gaussian noise ε of spread σ, then
the data has the likelihood Π exp(-ε²/2σ²)/√(2πσ²), and

    -log likelihood = Σ ½ε² / σ² + n·log √(2πσ²)

which is the summed loss up to a factor and a constant: its minimum is the maximum of the likelihood.
"""

# %%
import math
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_diabetes

import autograd
import nn

from ..page import MARKERS, Page

TRUE = np.array([2.0, -3.4, 4.2])  # w1, w2, b
SIGMA = 0.5


# %%
def half_squared(prediction: Any, target: Any) -> Any:
    return (prediction - target) ** 2 / 2


def minus_log_likelihood(prediction: Any, target: Any, sigma: float = SIGMA) -> Any:
    """Of one example whose target is the prediction and Gaussian noise of spread `sigma`."""
    return half_squared(prediction, target) / sigma**2 + math.log(math.sqrt(2 * math.pi) * sigma)


def closed_form(X: Any, y: Any) -> Any:
    """The least squares solution: weights, then bias."""
    return np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]


def parameters(model: nn.Module) -> Any:
    return np.array([parameter.data for parameter in model.parameters()])


# %% What is calculated.
class Descent(NamedTuple):
    """On data of which the truth is known: the closed form, and what descent comes to.

    `distances` to the closed form are those after each epoch: ten of minibatches, then ten of whole batches. `ratio` is
    the gradient of -log likelihood divided by that of the squared loss, at one place. With w1 at each of `around`, the
    others at their best, `likelihoods` and `losses` are the log likelihood and the squared loss, mean of the examples.
    """

    best: Any
    by_batches: Any
    found: Any
    distances: list[float]
    ratio: Any
    around: Any
    likelihoods: list[float]
    losses: list[float]

    @property
    def hover(self) -> float:
        """How far from the closed form minibatches stay."""
        return float(np.mean(self.distances[3:11]))

    @property
    def noise(self) -> float:
        """How far the closed form is from the truth."""
        return float(np.linalg.norm(self.best - TRUE))


class Patients(NamedTuple):
    """On real data: how far descent ends from the closed form, and the patients that were kept aside."""

    apart: float
    measured: Any
    predicted: Any

    @property
    def explained(self) -> float:
        """The share of the variance that is explained."""
        return float(1 - np.mean((self.predicted - self.measured) ** 2) / np.var(self.measured))


class Results(NamedTuple):
    """Both data sets."""

    synthetic: Descent
    patients: Patients


def calculate(page: Page) -> Results:
    return Results(descend(page), diabetes(page))


def descend(page: Page) -> Descent:
    rng = np.random.default_rng(page.seed)
    X = rng.normal(size=(1000, 2))
    y = X @ TRUE[:2] + TRUE[2] + rng.normal(0.0, SIGMA, 1000)
    best = closed_form(X, y)

    # Minibatch SGD, then whole batches to the end.
    model = nn.MLP(2, [1], init="zeros")
    distances = [float(np.linalg.norm(parameters(model) - best))]
    record = [lambda history: distances.append(float(np.linalg.norm(parameters(model) - best))) and None]
    sgd = nn.SGD(model.parameters(), lr=0.03)
    nn.fit(model, X, y, half_squared, optimizer=sgd, epochs=10, batch_size=10, seed=page.seed, callbacks=record)
    by_batches = parameters(model)
    sgd = nn.SGD(model.parameters(), lr=1.0)
    nn.fit(model, X, y, half_squared, optimizer=sgd, epochs=10, batch_size=None, seed=page.seed, callbacks=record)

    # Squared error and likelihood, differentiated by the engine at the same place.
    squares = autograd.compile(lambda x, t: half_squared(model(x), t))
    surprise = autograd.compile(lambda x, t: minus_log_likelihood(model(x), t))
    squares(X, y), surprise(X, y)
    place = np.array([1.0, 1.0, 1.0])
    ratio = surprise.value_and_grad(X, y, at=place)[1] / squares.value_and_grad(X, y, at=place)[1]

    around = best[0] + np.linspace(-1.5, 1.5, 61)
    places = [np.array([w1, *best[1:]]) for w1 in around]
    return Descent(
        best, by_batches, parameters(model), distances, ratio, around,
        likelihoods=[-surprise(X, y, at=at) for at in places], losses=[squares(X, y, at=at) for at in places],
    )  # fmt: skip


def diabetes(page: Page) -> Patients:
    """The progress of diabetes within a year, from ten measurements of 442 patients."""
    inputs, progress = load_diabetes(return_X_y=True)
    inputs, inputs_test, progress, progress_test = nn.train_test_split(inputs, progress, test_size=0.25, seed=page.seed)
    scale = nn.Standardizer().fit(inputs)
    inputs, inputs_test = np.array(scale.transform(inputs)), np.array(scale.transform(inputs_test))
    progress, progress_test = np.array(progress), np.array(progress_test)
    model = nn.MLP(10, [1], init="zeros")
    sgd = nn.SGD(model.parameters(), lr=0.3, momentum=0.9)
    nn.fit(model, inputs, progress, half_squared, optimizer=sgd, epochs=2000, batch_size=None, seed=page.seed)
    theta = parameters(model)
    apart = float(np.abs(theta - closed_form(inputs, progress)).max())
    return Patients(apart, progress_test, inputs_test @ theta[:-1] + theta[-1])


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    known, patients = r
    page.say(
        "1000 examples of y = 2·x1 - 3.4·x2 + 4.2 with Gaussian noise of spread {sigma}, so X is 1000×2 and w is 2×1:",
        sigma=SIGMA,
    )
    columns = zip(("w1", "w2", "b"), TRUE, known.best, known.by_batches, known.found, strict=True)
    page.table(
        ["", "truth", "closed form", "minibatch SGD", "then whole batches"],
        [[name, *(f"{number:.6f}" for number in row)] for name, *row in columns],
    )
    page.say(
        """
        Minibatches of 10 come near the closed form in two epochs and then stay on the move, {hover:.3f} away from it,
        because each batch pulls another way. Whole batches settle, {whole:.0e} away. From the truth the closed form is
        still {noise:.3f} away. That is the noise in the data, and no descent can remove it.
        """,
        hover=known.hover, whole=known.distances[-1], noise=known.noise,
    )  # fmt: skip
    page.say(
        """
        At w = (1, 1), b = 1, the gradient of -log likelihood is that of the squared loss times {ratios}: 1/σ², in every
        direction, so the two have their minimum at the same place. It matters which noise it is: for Laplace noise,
        exp(-|ε|/s), the same argument gives the absolute error instead.
        """,
        ratios=", ".join(f"{number:.6f}" for number in known.ratio),
    )
    plot_likelihood(page, known)
    page.say(
        """
        Real data, the progress of diabetes in 442 patients from ten measurements: descent ends {apart:.0e} from the
        closed form. On the patients kept aside it explains {explained:.0%} of the variance. That is useful, and far
        from everything: the rest does not depend on these ten measurements, or not in a straight line.
        """,
        apart=patients.apart, explained=patients.explained,
    )  # fmt: skip
    plot_descent(page, known, patients)
    page.say("Try: ten examples instead of 1000. How far is the closed form from the truth then?")


# %% Pictures.
def plot_likelihood(page: Page, known: Descent) -> None:
    with page.figure("The most likely weight is the one with the least squared loss", columns=2) as (_, (left, right)):
        targets = np.linspace(-6.0, 8.0, 200)
        for prediction, sigma in ((0, 1), (0, 2), (3, 1)):
            density = np.exp(-minus_log_likelihood(prediction, targets, sigma))
            left.plot(targets, density, label=f"ŷ = {prediction}, σ = {sigma}")
        left.set(xlabel="target y", ylabel="density", ylim=(0, 0.55), title="a target is likely near its prediction")
        right.plot(known.around, known.losses, label="squared loss")
        right.plot(known.around, known.likelihoods, label="log likelihood")
        right.axvline(known.best[0], color="0.5", linestyle=":", linewidth=1.2, label="closed form")
        right.set(xlabel="w1", ylabel="mean of the examples", title="one is lowest where the other is highest")
        left.legend()
        right.legend()


def plot_descent(page: Page, known: Descent, patients: Patients) -> None:
    with page.figure(
        "Descent finds the closed form; on real data a linear model explains {explained:.0%}",
        columns=2, explained=patients.explained,
    ) as (_, (left, right)):  # fmt: skip
        left.semilogy(known.distances, marker=MARKERS[0], markersize=4)
        left.axvline(10, color="0.5", linestyle=":", linewidth=1)
        left.text(1.8, known.hover * 6, "minibatches of 10")
        left.text(13.2, 1e-5, "whole batches")
        left.set(xlabel="epoch", ylabel="distance to the closed form", title="synthetic data", xticks=range(0, 21, 5))
        right.plot(patients.measured, patients.predicted, "o", markersize=4)
        right.plot([25, 350], [25, 350], color="0.3", linewidth=1, linestyle="--", label="perfect")
        right.set(xlabel="progress of the disease, measured", ylabel="predicted", title="patients kept aside")
        right.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
