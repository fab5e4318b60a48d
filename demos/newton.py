"""Newton's method: the gradient says where down is, the second derivatives how far.

A step solves H·s = -g, with g the gradient and H the matrix of second derivatives: it goes to the bottom of the
parabola that fits the loss at the current point. Both come from one compiled function, which differentiates
twice for one example and runs over all of them.

Look at: the number of exact digits, which doubles with every step, beside gradient descent, which gains hardly one.
Try: start at w = (5, 5, 5); far from the bottom the parabola misleads.
"""

import numpy as np

import autograd
from autograd import Value, grad, softplus

from .page import Page


def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # %% Points of two classes, and a neuron that gives the logarithm of the odds
    rng = np.random.default_rng(page.seed)
    X = rng.normal(size=(200, 2))
    y = (X @ [1.5, -1.0] + 0.5 + rng.logistic(size=200) > 0).astype(float)
    w = [Value(0.0, "w0"), Value(0.0, "w1"), Value(0.0, "b")]

    # %% Loss, gradient and second derivatives of one example, compiled
    @autograd.compile
    def derivatives(x, t):
        z = w[0] * x[0] + w[1] * x[1] + w[2]
        loss = t * softplus(-z) + (1 - t) * softplus(z)
        slopes = grad(loss, w, create_graph=True)
        return [loss, *slopes, *(second for slope in slopes for second in grad(slope, w, create_graph=True))]

    def at(theta):
        for value, number in zip(w, theta, strict=True):
            value.data = number
        means = derivatives.map(X, y).mean(axis=0)
        return means[0], means[1:4], means[4:].reshape(3, 3)

    # %% Newton's steps, and as many of gradient descent
    def descend(step, steps):
        theta, path = np.zeros(3), []
        for _ in range(steps):
            loss, gradient, hessian = at(theta)
            path.append(loss)
            theta = theta - step(gradient, hessian)
        return theta, np.array(path)

    newton, losses = descend(lambda gradient, hessian: np.linalg.solve(hessian, gradient), 8)
    _, slow = descend(lambda gradient, _: 1.0 * gradient, 8)
    lowest, gradient, _ = at(newton)
    page.table(
        ["step", "Newton: loss above the lowest", "descent: loss above the lowest"],
        [[k, f"{a - lowest:.1e}", f"{b - lowest:.1e}"] for k, (a, b) in enumerate(zip(losses, slow, strict=True))],
    )
    with page.figure("Newton's steps double the digits; descent crawls") as (_, axes):
        steps = np.arange(8)
        axes.semilogy(steps, slow - lowest, "o--", label="gradient descent, η = 1")
        axes.semilogy(steps[:6], np.maximum(losses[:6] - lowest, 1e-16), "s-", label="Newton")
        axes.set(xlabel="step", ylabel="loss above the lowest")
        axes.legend()
    return {
        "gradient": float(np.abs(gradient).max()),
        "after 3": float(losses[3] - lowest),
        "after 4": float(losses[4] - lowest),
        "descent": float(slow[-1] - lowest),
    }


if __name__ == "__main__":
    main()
