"""Softmax and cross-entropy: from scores to probabilities, and from probabilities to a loss.

A model gives a score z_k for each class k, any real number. Softmax makes probabilities of them,

    q_k = exp(z_k) / Σ_j exp(z_j)

positive, adding up to 1, in the order of the scores. The cross-entropy of the right answer p (1 for one class, or a
probability for each) under the model's q is the loss:

    H(p, q) = -Σ_k p_k·log q_k = H(p) + KL(p‖q)        ∂H(p, q)/∂z_k = q_k - p_k

With p = 1 for the right class it is -log q of that class, and its sum over the examples is the negative logarithm of
the likelihood of all the data. So least cross-entropy, least divergence KL, and maximum likelihood are one aim.
"""

# %%
import math
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, load_iris

import autograd
import nn
from autograd import Value, sigmoid, softmax

from ..page import Page

SCORES = [2.0, 0.5, -1.0, 0.0]


# %%
def softmax_regression(X: Any, y: Any, page: Page, epochs: int) -> dict[str, Any]:
    """One layer, a neuron for each class; trained on 70 % of the examples, judged on the others.

    The small penalty leaves the weights of pixels at 0 that no ink ever meets.
    """
    train, test, y_train, y_test = nn.train_test_split(X, y, test_size=0.3, seed=page.seed, stratify=y)
    model = nn.MLP(X.shape[1], [int(y.max()) + 1], init="zeros")
    history = nn.fit(
        model, train, y_train, nn.cross_entropy, l2=3e-4, optimizer=nn.Adam(model.parameters(), lr=0.02), epochs=epochs,
        batch_size=32, validation=(test, y_test), seed=page.seed, progress=False,
    )  # fmt: skip
    probabilities = autograd.compile(lambda x: softmax(model(x))).map(test)
    return {"model": model, "history": history, "test": test, "truth": y_test, "probabilities": probabilities,
            "accuracy": history.metrics["validation_accuracy"][-1]}  # fmt: skip


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    q = [float(value) for value in softmax(SCORES)]
    z = [Value(score, f"z{k}") for k, score in enumerate(SCORES)]
    nn.cross_entropy(z, 1).backward()
    gradients = [value.grad for value in z]
    page.say("Four scores. Say that class 1 is the right one:")
    rows = [[f"{k}", s, math.exp(s), q[k], float(k == 1), gradients[k]] for k, s in enumerate(SCORES)]
    page.table(["class", "score z", "exp(z)", "softmax q", "target p", "∂loss/∂z = q - p"], rows)
    page.say(f"""
        The q add up to {sum(q):.12g}; the largest score has the largest q; and 1000 more on every score change nothing
        (q_0 = {float(softmax([s + 1000 for s in SCORES])[0]):.4f}), though exp(1002) is beyond any float: softmax
        subtracts the largest score first. Of two classes it is the sigmoid of the difference: softmax(1.5, 0) begins
        with {float(softmax([1.5, 0.0])[0]):.6f}, σ(1.5) is {sigmoid(1.5):.6f}.
    """)

    p = [0.1, 0.6, 0.1, 0.2]  # a target that is itself not sure
    numbers: dict[str, Any] = {
        "q": q, "gradients": gradients, "cross-entropy": nn.cross_entropy(SCORES, p),
        "entropy": -sum(p_k * math.log(p_k) for p_k in p), "divergence": nn.kl_divergence(p, q),
        "hard cross-entropy": nn.cross_entropy(SCORES, 1), "hard divergence": nn.kl_divergence([0, 1, 0, 0], q),
    }  # fmt: skip
    page.say("The three quantities, for a target that is not sure, and for one that is:")
    page.table(
        ["target p", "H(p)", "KL(p‖q)", "sum", "H(p, q)"],
        [
            [str(p), numbers["entropy"], numbers["divergence"], numbers["entropy"] + numbers["divergence"],
             numbers["cross-entropy"]],
            ["class 1", 0.0, numbers["hard divergence"], numbers["hard divergence"], numbers["hard cross-entropy"]],
        ],
    )  # fmt: skip

    digits, iris = load_digits(), load_iris()
    seen = softmax_regression(digits.data / 16, digits.target, page, 10 if page.quick else 40)
    flowers = softmax_regression(nn.Standardizer().fit_transform(iris.data), iris.target, page, 40)
    right = seen["probabilities"][range(len(seen["truth"])), seen["truth"]]
    numbers |= {"digits": seen["accuracy"], "iris": flowers["accuracy"], "log-likelihood": float(np.log(right).sum()),
                "loss": seen["history"].validation_loss[-1], "n": len(right),
                "sums": seen["probabilities"].sum(axis=1)}  # fmt: skip
    page.say(f"""
        Softmax regression, one layer of neurons and a softmax, on real data: of the handwritten digits that it has not
        seen it reads {seen["accuracy"]:.1%}, of the iris flowers it names {flowers["accuracy"]:.1%}. On the
        {len(right)} test digits the log-likelihood is {numbers["log-likelihood"]:.3f}; divided by -{len(right)} that is
        {-numbers["log-likelihood"] / len(right):.6f}, and the mean cross-entropy is {numbers["loss"]:.6f}: the same
        number. Before training it was log 10 = {math.log(10):.4f}: all ten classes were equally likely.
    """)

    with page.figure("Softmax keeps the order of the scores and makes probabilities of them", columns=2) as (_, axes):
        for ax, heights, label in ((axes[0], SCORES, "score z"), (axes[1], q, "probability q")):
            bars = ax.bar(range(4), heights, color=["0.35" if k == 0 else "0.7" for k in range(4)])
            ax.bar_label(bars, fmt="%.3g", padding=2)
            ax.axhline(0, color="black", lw=0.8)
            ax.set(xlabel="class", ylabel=label, xticks=range(4))
            ax.margins(y=0.12)
    with page.figure("What each neuron looks for: ink where it is orange, no ink where violet", 2, 5, (9, 4.2)) as (
        _, axes,
    ):  # fmt: skip
        for k, (ax, neuron) in enumerate(zip(axes.flat, seen["model"].layers[0].neurons, strict=True)):
            weights = np.array([w.data for w in neuron.w]).reshape(8, 8)
            ax.imshow(weights, vmin=-abs(weights).max(), vmax=abs(weights).max(), cmap="PuOr_r")
            ax.set(title=f"digit {k}", xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    answers = seen["probabilities"].argmax(axis=1)
    wrong = np.flatnonzero(answers != seen["truth"])
    surest = wrong[np.argsort(-seen["probabilities"][wrong].max(axis=1))][:5]
    with page.figure("Its surest mistakes on digits it has not seen", columns=5, size=(10, 2.7)) as (_, axes):
        for ax, k in zip(axes, surest, strict=False):
            ax.imshow(seen["test"][k].reshape(8, 8), cmap="gray_r")
            sure = seen["probabilities"][k].max()
            ax.set(title=f"{seen['truth'][k]} read as {answers[k]} ({sure:.0%})", xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    page.say("""
        Look at the weights: each is a picture of what speaks for its digit and what against. The zero wants no ink in
        the middle. Look at the mistakes: a probability of 90 % is a claim, and it can be wrong.
    """)
    page.say("Try: multiply the scores by 10, then by 0.1. What becomes of q, and does the answer change?")
    return numbers


if __name__ == "__main__":
    main()
