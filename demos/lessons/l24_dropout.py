"""Dropout: each step trains another random part of the network, so that no neuron can rely on a single other one.

While training, each output h of a hidden layer is set to 0 with probability p, and kept otherwise, by a new mask for
each example and step. What is kept is multiplied by 1 / (1 - p):

    h ← h·m,    m = 0 with probability p, 1 / (1 - p) otherwise,    so that E[m] = 1 and E[h·m] = h

With this "inverted" scaling the mean is right already, and in evaluation nothing is left to do: dropout is off.
"""

# %%
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import nn

from ..page import Page

SHARES = (0.0, 0.2, 0.5)  # p, the share that is dropped


# %% What is calculated.
class Results(NamedTuple):
    """What the layer gives, in training and in evaluation; then, by p, networks and how they were trained."""

    masks: list[list[float]]
    resting: list[float]
    kept: Any
    x: Any
    y: Any
    models: dict[float, nn.MLP]
    histories: dict[float, nn.History]
    train: dict[float, float]
    accuracies: dict[float, float]

    @property
    def epochs(self) -> int:
        return self.histories[0.0].epochs

    @property
    def test(self) -> dict[float, float]:
        """The test losses at the end."""
        return {p: history.validation_loss[-1] for p, history in self.histories.items()}

    @property
    def gaps(self) -> dict[float, float]:
        return {p: test - self.train[p] for p, test in self.test.items()}


def calculate(page: Page) -> Results:
    # The layer itself.
    dropout = nn.Dropout(0.5, seed=page.seed)
    ones = [1.0] * 8
    masks = [dropout(ones) for _ in range(3)]
    resting = dropout.eval()(ones)
    dropout.train()
    kept = np.array([dropout(1.0) for _ in range(4000 if page.quick else 20_000)])

    # What it is for: few noisy examples and a network that could learn them by heart.
    x, y = make_moons(40, noise=0.3, random_state=page.seed)
    fresh = make_moons(300, noise=0.3, random_state=page.seed + 100)
    models, histories = {}, {}
    for p in page.progress(SHARES, "training"):
        models[p] = nn.MLP(2, [32, 32, 1], dropout=p, seed=page.seed)
        histories[p] = nn.fit(
            models[p], x, y, nn.binary_cross_entropy, optimizer=nn.Adam(models[p].parameters(), lr=0.01),
            epochs=200 if page.quick else 400, batch_size=None, validation=fresh, seed=page.seed, progress=False,
        )  # fmt: skip
    return Results(
        masks, resting, kept, x, y, models, histories,
        train={p: nn.evaluate(model, x, y, nn.binary_cross_entropy)["loss"] for p, model in models.items()},
        accuracies={p: history.metrics["validation_accuracy"][-1] for p, history in histories.items()},
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("Three calls of Dropout(0.5) on eight ones, and one in evaluation:")
    page.table(
        ["call", *(f"h{k}" for k in range(1, 9))],
        [
            *([page.word("training {k}", k=k), *mask] for k, mask in enumerate(r.masks, 1)),
            [page.word("evaluation"), *r.resting],
        ],
    )
    page.say(
        """
        The mean of {draws:,} calls on 1 is {mean:.3f} ± {error:.3f}; it should be 1. Their variance is {variance:.3f};
        by the formula it is p / (1 - p) = 1. Dropout keeps the mean, and adds noise.
        """,
        draws=len(r.kept), mean=r.kept.mean(), error=r.kept.std() / len(r.kept) ** 0.5, variance=r.kept.var(),
    )  # fmt: skip

    page.say(
        """
        A network 2-32-32-1 on 40 points of two noisy moons, and 300 new points to test it. The losses after {epochs}
        epochs, and the lowest test loss on the way:
        """,
        epochs=r.epochs,
    )
    lowest = {p: min(history.validation_loss) for p, history in r.histories.items()}
    reached = {p: r.histories[p].validation_loss.index(loss) + 1 for p, loss in lowest.items()}
    page.table(
        ["p", "training", "test", "gap", "test accuracy", "lowest test", "at epoch", "training, dropout on"],
        [
            [p, r.train[p], r.test[p], r.gaps[p], f"{r.accuracies[p]:.1%}", lowest[p], reached[p],
             r.histories[p].train_loss[-1]]
            for p in SHARES
        ],
    )  # fmt: skip
    best = min(SHARES, key=r.test.__getitem__)
    page.say(
        """
        Look at the gap: without dropout it is {without:.2f}, with p = 0.5 it is {half:.2f}. Without dropout the network
        learns its examples by heart, noise included; it is sure of itself, and each mistake on new points costs much.
        After {epochs} epochs p = {best:g} has the lowest test loss, {loss:.2f}.
        """,
        without=r.gaps[0.0], half=r.gaps[0.5], epochs=r.epochs, best=best, loss=r.test[best],
    )  # fmt: skip
    verdict = page.word(
        "Stopping there, without any dropout, would have been better than each of the three at the end."
        if lowest[0.0] < r.test[best]
        else "Even stopping there would not have been better than p = {best:g} at the end.",
        best=best,
    )
    page.say(
        """
        Look at the lowest test loss on the way, too: without dropout it was {lowest:.2f}, at epoch {epoch}, and at the
        end it is {end:.2f}. {verdict} (That epoch is known only because we looked at the test points; an honest choice
        needs validation data, as in the next lesson.) Dropout and early stopping can be combined. With enough data, or
        with p too large, dropout only slows learning. The last column is the loss during training, with dropout on: do
        not compare it with a test loss, which has it off.
        """,
        lowest=lowest[0.0], epoch=reached[0.0], end=r.test[0.0], verdict=verdict,
    )  # fmt: skip
    plot(page, r)
    page.say("Try: a p of 0.8, and 400 examples in place of 40. Where does dropout stop helping?")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    with page.figure(
        "Dropout narrows the gap between training and test"
        if r.gaps[0.5] < r.gaps[0.0]
        else "Here dropout does not narrow the gap between training and test",
        1, 3, (12, 4),
    ) as (_, axes):  # fmt: skip
        for p, history in r.histories.items():
            axes[0].plot(range(1, r.epochs + 1), history.validation_loss, label=f"p = {p:g}")
        axes[0].set(title="on new points", xlabel="epoch", ylabel="cross-entropy (dropout off)", ylim=(0, None))
        axes[0].legend()
        for ax, p in zip(axes[1:], (0.0, 0.5), strict=True):
            nn.plot_decision_boundary(r.models[p], r.x, r.y, ax, resolution=60 if page.plots else 2)
            losses = {"p": p, "train": r.train[p], "test": r.test[p]}
            ax.set(title=page.word("p = {p:g}: loss {train:.2f} here, {test:.2f} on new", **losses))
            ax.set(xlabel="x₁", ylabel="x₂")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
