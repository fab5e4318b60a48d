"""From Bayes to logistic: two Gaussians with one covariance have a posterior that is a sigmoid of a line.

Let class 1 have the share p₁ of all examples and the density N(μ₁, Σ), class 0 the rest and N(μ₀, Σ). Bayes' rule says

    P(1 | x) = p₁·N(x; μ₁, Σ) / (p₁·N(x; μ₁, Σ) + p₀·N(x; μ₀, Σ)) = σ(z)
    with  z = log p₁·N(x; μ₁, Σ) / (p₀·N(x; μ₀, Σ))

Both densities have the same Σ, so the terms xᵀΣ⁻¹x in z cancel, and what is left is linear in x:

    z = w·x + b        w = Σ⁻¹(μ₁ - μ₀)        b = ½·μ₀ᵀΣ⁻¹μ₀ - ½·μ₁ᵀΣ⁻¹μ₁ + log(p₁ / p₀)

That is a neuron with a sigmoid. Maximum likelihood for it is the least cross-entropy: it needs no Gaussians, no Σ.
"""

# %%
from typing import Any

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
    """w1, w2 and b of the neuron with the least cross-entropy, by gradient descent."""
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=2.0, momentum=0.8)
    nn.fit(neuron, X, targets, nn.binary_cross_entropy, optimizer=descent, epochs=150, batch_size=None, progress=False)
    return np.array([parameter.data for parameter in neuron.parameters()])


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    rng = np.random.default_rng(page.seed)
    n = 2000 if page.quick else 5000
    y = (rng.random(n) < SHARE_1).astype(int)
    X = np.where(y[:, None], MEAN_1, MEAN_0) + rng.multivariate_normal([0, 0], COVARIANCE, n)

    true = line(MEAN_0, MEAN_1, COVARIANCE, SHARE_1)
    gap = float(np.abs(1 / (1 + np.exp(-(X @ true[:2] + true[2]))) - posterior(X)).max())
    page.say(f"""
        First the algebra: over {n:,} points, the posterior by Bayes' rule and σ(w·x + b) with the closed form differ by
        at most {gap:.1g}.
    """)

    # The same line by three other ways, each knowing less.
    soft = trained(X, posterior(X))
    by_class = [X[y == k] for k in (0, 1)]
    pooled = sum(np.cov(part.T, bias=True) * len(part) for part in by_class) / n
    generative = line(by_class[0].mean(axis=0), by_class[1].mean(axis=0), pooled, float(y.mean()))
    hard = trained(X, y)
    # How far a maximum likelihood estimate is off by chance: the square roots of the inverse of Fisher's information.
    p, ones = posterior(X), np.column_stack([X, np.ones(n)])
    chance = np.sqrt(np.diag(np.linalg.inv((ones * (p * (1 - p))[:, None]).T @ ones)))
    page.table(
        ["", "w₁", "w₂", "b"],
        [
            ["closed form, from the true μ, Σ and shares", *true],
            ["trained on the posterior as target", *soft],
            ["closed form, from measured μ, Σ and shares", *generative],
            ["trained on the classes alone, 0 or 1", *hard],
            ["standard error of the last line", *chance],
        ],
    )
    page.say("""
        Look at the second row: given the probabilities, training finds the closed form to the last digit shown. Given
        only the classes, a coin toss each, it finds the same up to chance: compare the difference of the fourth row
        from the first with the standard error. The third row, the generative way, has chance of its own.
    """)
    page.say("""
        A condition that is often left out: this holds because both classes have the same Σ. With a Σ for
        each, xᵀΣ⁻¹x does not cancel and the boundary is a curve, which no w and b describe. Logistic regression does
        not assume Gaussians: there it is still the most likely line; the closed form with one pooled Σ is just a line.
    """)

    with page.figure("The posterior of two Gaussians with one Σ is σ(w·x + b); training finds it") as (_, ax):
        few = slice(0, 500)
        for k, marker in ((0, "o"), (1, "^")):
            part = X[few][y[few] == k]
            ax.plot(*part.T, marker, color=COLORS[k], alpha=0.5, ls="", markersize=4, label=f"class {k}")
        side = np.linspace(-5, 5, 201)
        plane = np.stack(np.meshgrid(side, side), axis=-1)
        by_bayes = posterior(plane.reshape(-1, 2)).reshape(201, 201)
        ax.contour(side, side, by_bayes, levels=[0.1, 0.5, 0.9], colors="black", linestyles=[":", "-", ":"])
        ax.plot([], [], color="black", ls="-", label="P(1 | x) = 0.5 by Bayes")
        ax.plot([], [], color="black", ls=":", label="P(1 | x) = 0.1 and 0.9")
        ax.plot(
            side,
            -(hard[0] * side + hard[2]) / hard[1],
            color=COLORS[2],
            ls="--",
            lw=2.5,
            label="trained on the classes: 0.5",
        )
        ax.set(xlabel="x₁", ylabel="x₂", xlim=(-4, 4.5), ylim=(-4.5, 4.5))
        ax.legend(loc="upper left")
    page.say("Try: SHARE_1 = 0.5. Which of w and b changes, and by how much?")
    return {"true": true, "soft": soft, "hard": hard, "generative": generative, "chance": chance, "gap": gap}


if __name__ == "__main__":
    main()
