"""Linear regression: the weights that make the squared error small are those under which the data is most likely.

One neuron without activation function, ŷ = w·x + b, and the loss ½(ŷ - y)² of an example. Two ways lead to the best w
and b: set the gradient to zero and solve (the closed form, from the normal equations), or walk down it:

    (XᵀX) θ = Xᵀy      or      θ ← θ - η · mean over a minibatch of (ŷ - y)·x

Only the second will be left when there are hidden neurons. Why squares? If y = w·x + b + ε with Gaussian noise ε of
spread σ, then the data has the likelihood Π exp(-ε²/2σ²)/√(2πσ²), and

    -log likelihood = Σ ½ε² / σ² + n·log √(2πσ²)

which is the summed loss up to a factor and a constant: its minimum is the maximum of the likelihood.
"""

# %%
import math
from typing import Any

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


def closed_form(X: Any, y: Any) -> Any:
    """The least squares solution: weights, then bias."""
    return np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]


def parameters(model: nn.Module) -> Any:
    return np.array([parameter.data for parameter in model.parameters()])


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Data of which the truth is known.
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
    found = parameters(model)
    names = ("w1", "w2", "b")
    page.say(f"1000 examples of y = 2·x1 - 3.4·x2 + 4.2 with Gaussian noise of spread {SIGMA}:")
    columns = zip(names, TRUE, best, by_batches, found, strict=True)
    page.table(["", "truth", "closed form", "minibatch SGD", "then whole batches"],
               [[name, *(f"{number:.6f}" for number in row)] for name, *row in columns])  # fmt: skip
    hover = float(np.mean(distances[3:11]))
    page.say(f"""
        Minibatches of 10 come near the closed form in two epochs and then stay on the move, {hover:.3f} away from it,
        because each batch pulls another way. Whole batches settle, {distances[-1]:.0e} away. From the truth the closed
        form is still {np.linalg.norm(best - TRUE):.3f} away. That is the noise in the data, and no descent can remove
        it.
    """)

    # Squared error and likelihood, differentiated by the engine at the same place.
    def minus_log_likelihood(x: Any, t: Any) -> Any:
        return half_squared(model(x), t) / SIGMA**2 + math.log(math.sqrt(2 * math.pi) * SIGMA)

    squares, likelihood = (
        autograd.compile(lambda x, t: half_squared(model(x), t)),
        autograd.compile(minus_log_likelihood),
    )
    place = np.array([1.0, 1.0, 1.0])
    squares(X, y), likelihood(X, y)
    ratio = likelihood.value_and_grad(X, y, at=place)[1] / squares.value_and_grad(X, y, at=place)[1]
    page.say(f"""
        At w = (1, 1), b = 1, the gradient of -log likelihood is that of the squared loss times {ratio[0]:.6f},
        {ratio[1]:.6f}, {ratio[2]:.6f}: 1/σ², in every direction, so the two have their minimum at the same place. Which
        noise it is matters: for Laplace noise, exp(-|ε|/s), the same argument gives the absolute error instead.
    """)

    # Real data: the progress of diabetes within a year, from ten measurements of 442 patients.
    inputs, progress = load_diabetes(return_X_y=True)
    inputs, inputs_test, progress, progress_test = nn.train_test_split(inputs, progress, test_size=0.25, seed=page.seed)
    scale = nn.Standardizer().fit(inputs)
    inputs, inputs_test = np.array(scale.transform(inputs)), np.array(scale.transform(inputs_test))
    progress, progress_test = np.array(progress), np.array(progress_test)
    real = nn.MLP(10, [1], init="zeros")
    sgd = nn.SGD(real.parameters(), lr=0.3, momentum=0.9)
    nn.fit(real, inputs, progress, half_squared, optimizer=sgd, epochs=2000, batch_size=None, seed=page.seed)
    apart = float(np.abs(parameters(real) - closed_form(inputs, progress)).max())
    predicted = inputs_test @ parameters(real)[:-1] + parameters(real)[-1]
    explained = 1 - float(np.mean((predicted - progress_test) ** 2) / np.var(progress_test))
    page.say(f"""
        Real data, the progress of diabetes in 442 patients from ten measurements: descent ends {apart:.0e} from the
        closed form. On the patients kept aside it explains {explained:.0%} of the variance. Useful, and far from all:
        the rest is not linear in these ten measurements, or not in them.
    """)
    with page.figure("Descent finds the closed form; on real data a line explains half", columns=2) as (
        _,
        (left, right),
    ):
        left.semilogy(distances, marker=MARKERS[0], markersize=4)
        left.axvline(10, color="0.5", linestyle=":", linewidth=1)
        left.text(0.4, 1e-13, "minibatches of 10")
        left.text(10.6, 1e-2, "whole batches")
        left.set(xlabel="epoch", ylabel="distance to the closed form", title="synthetic data")
        right.plot(progress_test, predicted, "o", markersize=4)
        right.plot([25, 350], [25, 350], color="0.3", linewidth=1, linestyle="--", label="perfect")
        right.set(xlabel="progress of the disease, measured", ylabel="predicted", title="patients kept aside")
        right.legend()
    page.say("Try: ten examples instead of 1000. How far is the closed form from the truth then?")
    return {
        "start": distances[0], "minibatch": hover, "whole": distances[-1], "noise": float(np.linalg.norm(best - TRUE)),
        "ratio": float(ratio.mean()), "ratio spread": float(np.ptp(ratio)), "apart": apart, "explained": explained,
    }  # fmt: skip


if __name__ == "__main__":
    main()
