"""Dropout: each step trains another random part of the network, so that no neuron can rely on a single other one.

While training, each output h of a hidden layer is set to 0 with probability p, and kept otherwise, by a new mask for
each example and step. What is kept is multiplied by 1 / (1 - p):

    h ← h·m,    m = 0 with probability p, 1 / (1 - p) otherwise,    so that E[m] = 1 and E[h·m] = h

With this "inverted" scaling the mean is right already, and in evaluation nothing is left to do: dropout is off.
"""

# %%
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import nn

from ..page import Page


# %%
def mean_loss(model: nn.MLP, x: Any, y: Any) -> float:
    """Cross-entropy in evaluation: dropout off, also for the examples it was trained on."""
    return nn.evaluate(model, x, y, nn.binary_cross_entropy)["loss"]


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # The layer itself.
    dropout = nn.Dropout(0.5, seed=page.seed)
    ones = [1.0] * 8
    page.say("Three calls of Dropout(0.5) on eight ones, and one in evaluation:")
    masks = [dropout(ones) for _ in range(3)]
    resting = dropout.eval()(ones)
    page.table(
        ["call", *(f"h{k}" for k in range(1, 9))],
        [*([f"training {k}", *mask] for k, mask in enumerate(masks, 1)), ["evaluation", *resting]],
    )
    draws = 4000 if page.quick else 20_000
    dropout.train()
    kept = np.array([dropout(1.0) for _ in range(draws)])
    page.say(f"""
        The mean of {draws:,} calls on 1 is {kept.mean():.3f} ± {kept.std() / draws**0.5:.3f}; it should be 1. Their
        variance is {kept.var():.3f}; by the formula it is p / (1 - p) = 1. Dropout keeps the mean, and adds noise.
    """)

    # What it is for: few noisy examples and a network that could learn them by heart.
    n, epochs = (40, 200) if page.quick else (40, 400)
    x, y = make_moons(n, noise=0.3, random_state=page.seed)
    fresh, labels = make_moons(300, noise=0.3, random_state=page.seed + 100)
    models, histories, losses = {}, {}, {}
    for p in page.progress((0.0, 0.2, 0.5), "training"):
        model = nn.MLP(2, [32, 32, 1], dropout=p, seed=page.seed)
        adam = nn.Adam(model.parameters(), lr=0.01)
        histories[p] = nn.fit(
            model, x, y, nn.binary_cross_entropy, optimizer=adam, epochs=epochs, batch_size=None,
            validation=(fresh, labels), seed=page.seed, progress=False,
        )  # fmt: skip
        models[p], losses[p] = model, (mean_loss(model, x, y), mean_loss(model, fresh, labels))
    gaps = {p: test - train for p, (train, test) in losses.items()}
    page.say(f"A network 2-32-32-1 on {n} points of two noisy moons, after {epochs} epochs; 300 new points to test it:")
    right = {p: nn.evaluate(m, fresh, labels, nn.binary_cross_entropy)["accuracy"] for p, m in models.items()}
    lowest = {p: (min(h.validation_loss), int(np.argmin(h.validation_loss)) + 1) for p, h in histories.items()}
    page.table(
        [
            "dropout p",
            "training loss",
            "test loss",
            "gap",
            "test accuracy",
            "lowest test loss",
            "at epoch",
            "loss, dropout on",
        ],
        [[p, *losses[p], gaps[p], f"{right[p]:.1%}", *lowest[p], histories[p].train_loss[-1]] for p in losses],
    )
    best = min(losses, key=lambda p: losses[p][1])
    gap_smaller = "smaller" if gaps[0.5] < gaps[0.0] else "not smaller"
    early = min(low for low, _ in lowest.values())
    page.say(f"""
        Look at the gap: without dropout it is {gaps[0.0]:.2f}, with p = 0.5 it is {gaps[0.5]:.2f}, {gap_smaller}.
        Without dropout the network learns its examples by heart, noise included; it is sure of itself, and each mistake
        on new points costs much. After {epochs} epochs p = {best:g} has the lowest test loss.
    """)
    page.say(f"""
        Look at the lowest test loss on the way, too: without dropout it was {lowest[0.0][0]:.2f}, at epoch
        {lowest[0.0][1]}, and has risen to {losses[0.0][1]:.2f} since; of all three it was
        {early:.2f}. Stopping early would have done {"better than" if early < losses[best][1] else "as well as"}
        dropout alone; both can be combined. With enough data, or with p too large, dropout only slows learning. The
        last column is the loss during training, with dropout on: do not compare it with a test loss, which has it off.
    """)
    with page.figure("Dropout narrows the gap between training and test", 1, 3, (12, 4)) as (_, axes):
        for p, history in histories.items():
            axes[0].plot(range(1, epochs + 1), history.validation_loss, label=f"p = {p:g}")
        axes[0].set(title="on new points", xlabel="epoch", ylabel="cross-entropy (dropout off)", ylim=(0, None))
        axes[0].legend()
        for ax, p in zip(axes[1:], (0.0, 0.5), strict=True):
            if page.plots:
                nn.plot_decision_boundary(models[p], x, y, ax)
            train, test = losses[p]
            ax.set(title=f"p = {p:g}: loss {train:.2f} here, {test:.2f} on new", xlabel="$x_1$", ylabel="$x_2$")
    page.say("Try: a p of 0.8, and 400 examples in place of 40. Where does dropout stop helping?")
    return {
        "different masks": len({tuple(mask) for mask in masks}),
        "masked values": sorted({v for mask in masks for v in mask}) == [0.0, 2.0],
        "evaluation changes": float(np.abs(np.subtract(resting, ones)).max()),
        "mean": float(kept.mean()),
        "variance": float(kept.var()),
        **{f"gap {p:g}": gap for p, gap in gaps.items()},
        **{f"test {p:g}": test for p, (_, test) in losses.items()},
    }


if __name__ == "__main__":
    main()
