"""From Bayes to logistic: two Gaussians with one covariance have a posterior that is a sigmoid of a line.

The posterior is the probability of a class when x is known. Let class 1 have the share p₁ of all examples and the
density N(μ₁, Σ), class 0 the rest and N(μ₀, Σ). Bayes' rule says

    P(1 | x) = p₁·N(x; μ₁, Σ) / (p₁·N(x; μ₁, Σ) + p₀·N(x; μ₀, Σ)) = σ(z)
    with  z = log(p₁·N(x; μ₁, Σ)) - log(p₀·N(x; μ₀, Σ))

Both densities have the same Σ, so the terms xᵀΣ⁻¹x in z cancel, and what is left is linear in x:

    z = w·x + b        w = Σ⁻¹(μ₁ - μ₀)        b = ½·μ₀ᵀΣ⁻¹μ₀ - ½·μ₁ᵀΣ⁻¹μ₁ + log(p₁ / p₀)

That is a neuron with a sigmoid. Its maximum likelihood is the smallest cross-entropy, which asks neither for Gaussians
nor for Σ.
"""

# %%
from typing import Any, NamedTuple

import numpy as np

import nn

from ..page import COLORS, Page

MEAN_0, MEAN_1 = np.array([-0.5, -0.5]), np.array([1.0, 0.5])
COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.5]])
SHARE_1 = 0.3


# %%
def line(mean_0: Any, mean_1: Any, covariance: Any, share_1: float) -> Any:
    """w1, w2 and b of the posterior, in closed form."""
    inverse = np.linalg.inv(covariance)
    b = mean_0 @ inverse @ mean_0 / 2 - mean_1 @ inverse @ mean_1 / 2 + np.log(share_1 / (1 - share_1))
    return np.append(inverse @ (mean_1 - mean_0), b)


def density(X: Any, mean: Any, covariance: Any) -> Any:
    """The Gaussian density of each row."""
    d = X - mean
    squares = np.einsum("ni,ij,nj->n", d, np.linalg.inv(covariance), d)
    return np.exp(-squares / 2) / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))


def posterior(X: Any) -> Any:
    """P(1 | x) by Bayes' rule, straight from the densities: no sigmoid in it."""
    ones = SHARE_1 * density(X, MEAN_1, COVARIANCE)
    return ones / (ones + (1 - SHARE_1) * density(X, MEAN_0, COVARIANCE))


def trained(X: Any, targets: Any) -> Any:
    """w1, w2 and b of the neuron with the smallest cross-entropy, by gradient descent."""
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=2.0, momentum=0.8)
    nn.fit(neuron, X, targets, nn.binary_cross_entropy, optimizer=descent, epochs=150, batch_size=None, progress=False)
    return np.array([parameter.data for parameter in neuron.parameters()])


# %% What is calculated.
class Results(NamedTuple):
    """w1, w2 and b in closed form and found in three other ways, each knowing less; the standard error of the last.

    `gap` is the largest difference of the posterior by Bayes' rule from σ(w·x + b) over the points.
    """

    X: Any
    y: Any
    gap: float
    true: Any
    soft: Any
    generative: Any
    hard: Any
    chance: Any


def calculate(page: Page) -> Results:
    rng = np.random.default_rng(page.seed)
    n = 2000 if page.quick else 5000
    y = (rng.random(n) < SHARE_1).astype(int)
    X = np.where(y[:, None], MEAN_1, MEAN_0) + rng.multivariate_normal([0, 0], COVARIANCE, n)
    true, p = line(MEAN_0, MEAN_1, COVARIANCE, SHARE_1), posterior(X)

    by_class = [X[y == k] for k in (0, 1)]
    pooled = sum(np.cov(part.T, bias=True) * len(part) for part in by_class) / n
    # How far a maximum likelihood estimate is off by chance: the square roots of the inverse of Fisher's information.
    ones = np.column_stack([X, np.ones(n)])
    return Results(
        X, y,
        gap=float(np.abs(1 / (1 + np.exp(-(X @ true[:2] + true[2]))) - p).max()),
        true=true,
        soft=trained(X, p),
        generative=line(by_class[0].mean(axis=0), by_class[1].mean(axis=0), pooled, float(y.mean())),
        hard=trained(X, y),
        chance=np.sqrt(np.diag(np.linalg.inv((ones * (p * (1 - p))[:, None]).T @ ones))),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        """
        First the algebra: over {n:,} points, the posterior by Bayes' rule and σ(w·x + b) with the closed form differ by
        at most {gap:.1g}.
        """,
        n=len(r.X), gap=r.gap,
    )  # fmt: skip
    page.table(
        ["", "w₁", "w₂", "b"],
        [
            ["closed form, from the true μ, Σ and shares", *r.true],
            ["trained on the posterior as target", *r.soft],
            ["closed form, from measured μ, Σ and shares", *r.generative],
            ["trained on the classes alone, 0 or 1", *r.hard],
            ["standard error of the last line", *r.chance],
        ],
    )
    page.say(
        """
        Look at the second row: given the probabilities, training finds the closed form; the largest difference is
        {soft:.1g}. In the fourth row training knows only the classes, each drawn at random with its probability. Its
        numbers are off by at most {errors:.1f} standard errors: up to 2, sometimes 3, is what chance does. The third
        row is measured on the same points, so chance is in it too.
        """,
        soft=np.abs(r.soft - r.true).max(), errors=(np.abs(r.hard - r.true) / r.chance).max(),
    )  # fmt: skip
    page.say(
        """
        A condition that is often left out: this holds because both classes have the same Σ. With a Σ for each,
        xᵀΣ⁻¹x does not cancel and the boundary is a curve, which no w and b describe. Logistic regression then still
        finds the line that makes the classes of the data most likely. The closed form, with one Σ measured over both
        classes, gives another line, and a larger cross-entropy.
        """
    )
    plot_posterior(page, r)
    page.say("Try: SHARE_1 = 0.5. Which of w and b changes, and by how much?")


# %% Pictures.
def plot_posterior(page: Page, r: Results) -> None:
    with page.figure("The posterior of two Gaussians with one Σ is σ(w·x + b); training finds it") as (_, ax):
        X, y = r.X[:500], r.y[:500]
        ax.plot(*X[y == 0].T, "o", color=COLORS[0], alpha=0.5, ls="", markersize=4, label="class 0")
        ax.plot(*X[y == 1].T, "^", color=COLORS[1], alpha=0.5, ls="", markersize=4, label="class 1")
        side = np.linspace(-5, 5, 201)
        plane = np.stack(np.meshgrid(side, side), axis=-1)
        by_bayes = posterior(plane.reshape(-1, 2)).reshape(201, 201)
        ax.contour(side, side, by_bayes, levels=[0.1, 0.5, 0.9], colors="black", linestyles=[":", "-", ":"])
        ax.plot([], [], color="black", ls="-", label="P(1 | x) = 0.5 by Bayes' rule")
        ax.plot([], [], color="black", ls=":", label="P(1 | x) = 0.1, 0.9")
        boundary = -(r.hard[0] * side + r.hard[2]) / r.hard[1]
        ax.plot(side, boundary, color=COLORS[2], ls="--", lw=2.5, label="trained on the classes: 0.5")
        ax.set(xlabel="x₁", ylabel="x₂", xlim=(-4, 4.5), ylim=(-4.5, 4.5))
        ax.legend(loc="upper left")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
