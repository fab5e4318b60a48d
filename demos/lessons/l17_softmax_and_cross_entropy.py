"""Softmax and cross-entropy: from scores to probabilities, and from probabilities to a loss.

A model gives a score z_k for each class k, any real number. Softmax makes probabilities of them,

    q_k = exp(z_k) / Σ_j exp(z_j)

positive, adding up to 1, in the order of the scores. The answer of the model is the class with the largest q, which is
also the class with the largest score:

    answer = argmax_k q_k = argmax_k z_k

So softmax is not needed to answer; it is needed for the loss. The loss is the cross-entropy of the right answer p (1
for one class, or a probability for each) and the model's q:

    H(p, q) = -Σ_k p_k·log q_k = H(p) + KL(p‖q)        ∂H(p, q)/∂z_k = q_k - p_k

With p = 1 for the right class it is -log q of that class, and its sum over the examples is the negative logarithm of
the likelihood of all the data. So the smallest cross-entropy, the smallest divergence KL, and the maximum likelihood
are one and the same aim.
"""

# %%
import math
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits, load_iris

import autograd
import nn
from autograd import Value, sigmoid, softmax

from ..page import Page

SCORES = [2.0, 0.5, -1.0, 0.0]
UNSURE = [0.1, 0.6, 0.1, 0.2]  # a target that gives each class a probability


# %%
class Trained(NamedTuple):
    """A softmax regression: its weights (a row for each class), and what it says on the examples kept for the test."""

    weights: Any
    test: Any
    truth: Any
    probabilities: Any
    loss: float

    @property
    def answers(self) -> Any:
        """The class with the largest probability: the decision rule."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        return float(np.mean(self.answers == self.truth))

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the probability that the model gave to all right answers together."""
        return float(np.log(self.probabilities[range(len(self.truth)), self.truth]).sum())

    @property
    def surest_mistakes(self) -> Any:
        """The indices of all wrong answers, the most probable first."""
        wrong = np.flatnonzero(self.answers != self.truth)
        return wrong[np.argsort(-self.probabilities[wrong].max(axis=1))]


def softmax_regression(X: Any, y: Any, page: Page, epochs: int) -> Trained:
    """One layer, a neuron for each class; trained on 70 % of the examples, judged on the others.

    The small penalty leaves the weights of pixels at 0 that no ink ever meets.
    """
    train, test, y_train, y_test = nn.train_test_split(X, y, test_size=0.3, seed=page.seed, stratify=y)
    model = nn.MLP(X.shape[1], [int(y.max()) + 1], init="zeros")
    history = nn.fit(
        model, train, y_train, nn.cross_entropy, l2=3e-4, optimizer=nn.Adam(model.parameters(), lr=0.02), epochs=epochs,
        batch_size=32, validation=(test, y_test), seed=page.seed, progress=False,
    )  # fmt: skip
    weights = np.array([[w.data for w in neuron.w] for neuron in model.layers[0].neurons])
    probabilities = autograd.compile(lambda x: softmax(model(x))).map(test)
    return Trained(weights, test, y_test, probabilities, history.validation_loss[-1])


# %% What is calculated.
class Results(NamedTuple):
    """Softmax of the four scores and its gradient; entropy, divergence, cross-entropy of two targets; two models."""

    q: list[float]
    gradients: list[float]
    unsure: tuple[float, float, float]
    sure: tuple[float, float, float]
    digits: Trained
    iris: Trained


def calculate(page: Page) -> Results:
    z = [Value(score, f"z{k}") for k, score in enumerate(SCORES)]
    nn.cross_entropy(z, 1).backward()
    q = [float(value) for value in softmax(SCORES)]
    entropy = -sum(p * math.log(p) for p in UNSURE)
    digits, iris = load_digits(), load_iris()
    return Results(
        q, gradients=[value.grad for value in z],
        unsure=(entropy, nn.kl_divergence(UNSURE, q), nn.cross_entropy(SCORES, UNSURE)),
        sure=(0.0, nn.kl_divergence([0, 1, 0, 0], q), nn.cross_entropy(SCORES, 1)),
        digits=softmax_regression(digits.data / 16, digits.target, page, 10 if page.quick else 40),
        iris=softmax_regression(nn.Standardizer().fit_transform(iris.data), iris.target, page, 40),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("Four scores. Say that class 1 is the right one:")
    rows = [[f"{k}", s, math.exp(s), r.q[k], float(k == 1), r.gradients[k]] for k, s in enumerate(SCORES)]
    page.table(["class", "score z", "exp(z)", "softmax q", "target p", "∂loss/∂z = q - p"], rows)
    page.say(
        """
        The q add up to {sum:.12g}; the largest score has the largest q, so the answer is class 0, which is wrong here;
        and 1000 more on every score change nothing (q_0 = {shifted:.4f}), though exp(1002) is too large for a float:
        softmax subtracts the largest score first. Of two classes it is the sigmoid of the difference: softmax(1.5, 0)
        begins with {two:.6f}, σ(1.5) is {sigmoid:.6f}.
        """,
        sum=sum(r.q), shifted=float(softmax([score + 1000 for score in SCORES])[0]),
        two=float(softmax([1.5, 0.0])[0]), sigmoid=sigmoid(1.5),
    )  # fmt: skip
    plot_scores(page, r)

    page.say("The three quantities, for a target that is not sure, and for one that is:")
    page.table(
        ["target p", "H(p)", "KL(p‖q)", "sum", "H(p, q)"],
        [
            [str(UNSURE), *r.unsure[:2], sum(r.unsure[:2]), r.unsure[2]],
            ["class 1", *r.sure[:2], sum(r.sure[:2]), r.sure[2]],
        ],
    )

    digits = r.digits
    page.say(
        """
        Softmax regression, one layer of neurons and a softmax, on real data: of the handwritten digits that it has not
        seen it reads {digits:.1%}, of the iris flowers it names {iris:.1%}. On the {n} test digits the log-likelihood
        is {likelihood:.3f}; divided by -{n} that is {mean:.6f}, and the mean cross-entropy is {loss:.6f}: the same
        number. Before training it was log 10 = {guess:.4f}: all ten classes were equally likely.
        """,
        digits=digits.accuracy, iris=r.iris.accuracy, n=len(digits.truth), likelihood=digits.log_likelihood,
        mean=-digits.log_likelihood / len(digits.truth), loss=digits.loss, guess=math.log(10),
    )  # fmt: skip
    plot_weights(page, digits)
    plot_mistakes(page, digits)
    page.say(
        """
        Look at the weights: each picture shows what speaks for its digit and what against it. The zero wants no ink in
        the middle. Look at the mistakes, {wrong} of {n}: to the surest the model gave a probability of {sure:.0%}. A
        high probability is a claim of the model, and the claim can be wrong.
        """,
        wrong=len(digits.surest_mistakes), n=len(digits.truth),
        sure=digits.probabilities[digits.surest_mistakes[0]].max(),
    )  # fmt: skip
    page.say("Try: multiply the scores by 10, then by 0.1. What becomes of q, and does the answer change?")


# %% Pictures.
def plot_scores(page: Page, r: Results) -> None:
    with page.figure("Softmax keeps the order of the scores and makes probabilities of them", columns=2) as (_, axes):
        for ax, heights in zip(axes, (SCORES, r.q), strict=True):
            bars = ax.bar(range(4), heights, color=["0.35" if k == 0 else "0.7" for k in range(4)])
            ax.bar_label(bars, fmt="%.3g", padding=2)
            ax.axhline(0, color="black", lw=0.8)
            ax.set(xlabel="class (dark: the answer)", xticks=range(4))
            ax.margins(y=0.12)
        axes[0].set(ylabel="score z")
        axes[1].set(ylabel="probability q")


def plot_weights(page: Page, digits: Trained) -> None:
    with page.figure("What each neuron looks for: ink where it is orange, no ink where violet", 2, 5, (9.4, 4.2)) as (
        figure, axes,
    ):  # fmt: skip
        largest = np.abs(digits.weights).max()
        for k, ax in enumerate(axes.flat):
            weights = digits.weights[k].reshape(8, 8)
            image = ax.imshow(weights, vmin=-largest, vmax=largest, cmap="PuOr_r")
            ax.set(title=page.word("digit {k}", k=k), xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="weight of the pixel")


def plot_mistakes(page: Page, digits: Trained) -> None:
    with page.figure(
        "Its surest mistakes on digits it has not seen (in brackets: the probability of its answer)",
        columns=5, size=(10, 2.7),
    ) as (_, axes):  # fmt: skip
        for ax, k in zip(axes, digits.surest_mistakes, strict=False):
            ax.imshow(digits.test[k].reshape(8, 8), cmap="gray_r")
            title = page.word(
                "{truth} read as {answer} ({sure:.0%})",
                truth=digits.truth[k], answer=digits.answers[k], sure=digits.probabilities[k].max(),
            )  # fmt: skip
            ax.set(title=title, xticks=[], yticks=[])
            ax.spines[:].set_visible(False)


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
