"""The training loop: use every example, step, evaluate on other data, stop in time, and be able to continue later.

An epoch uses every example once. Within it, for each minibatch,

    loss = mean over the batch     backward     θ ← θ - lr·∂loss/∂θ     forget the gradients

After it, the loss on the validation data is measured; these are never trained on. Training ends early when that loss
has not fallen for some epochs (the patience), and the best weights are restored. `nn.fit` is this loop.
"""

# %%
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn

from ..page import COLORS, Page


# %% The loop, by hand.
def train_by_hand(model: nn.MLP, optimizer: nn.Optimizer, x: Any, y: Any, epochs: int) -> list[float]:
    """The losses of each epoch; a batch here is all examples, so that their order does not matter."""
    losses = []
    for _ in range(epochs):
        batch_losses = []
        for batch, targets in nn.minibatches(x.tolist(), y.tolist(), batch_size=len(x), shuffle=False):
            outputs = [model(row) for row in batch]
            loss = autograd.mean([nn.binary_cross_entropy(o, t) for o, t in zip(outputs, targets, strict=True)])
            optimizer.zero_grad()  # what the last step left would be added to
            loss.backward()
            optimizer.step()
            batch_losses.append(loss.data)
        losses.append(float(np.mean(batch_losses)))
    return losses


def fresh(seed: int, dropout: float = 0.0) -> tuple[nn.MLP, nn.Adam]:
    """A network 2-24-24-1 and its optimiser, the same for the same seed."""
    model = nn.MLP(2, [24, 24, 1], dropout=dropout, seed=seed)
    return model, nn.Adam(model.parameters(), lr=0.01)


def fit(model: nn.MLP, adam: nn.Adam, x: Any, y: Any, **options: Any) -> nn.History:
    """Train by `nn.fit`, as in all of this lesson."""
    return nn.fit(model, x, y, nn.binary_cross_entropy, optimizer=adam, progress=False, **options)


# %% Stopped and resumed.
def in_two_goes(x: Any, y: Any, epochs: int, seed: int, folder: Path) -> list[float]:
    """The weights after training half of the epochs, saving, and going on with a new model and optimiser."""
    model, adam = fresh(seed, dropout=0.2)
    fit(model, adam, x, y, epochs=epochs // 2, seed=seed)
    nn.save_checkpoint(folder / "run.safetensors", model, adam)
    model, adam = fresh(seed + 1, dropout=0.2)  # another day: other weights, at first
    nn.load_checkpoint(folder / "run.safetensors", model, adam)
    fit(model, adam, x, y, epochs=epochs // 2)
    return list(model.state_dict().values())


# %% What is calculated.
class Results(NamedTuple):
    """Losses by both loops; a run that patience ends and a whole one; weights, resumed and loaded."""

    by_hand: list[float]
    by_fit: list[float]
    early: nn.History
    whole: nn.History
    kept: float
    one_go: list[float]
    two_goes: list[float]
    loaded: list[float]


def calculate(page: Page) -> Results:
    x, y = make_moons(60, noise=0.35, random_state=page.seed)
    by_hand = train_by_hand(*fresh(page.seed), x, y, epochs=5)
    by_fit = fit(*fresh(page.seed), x, y, epochs=5, batch_size=None).train_loss

    # Long enough to overfit: the validation loss turns, and patience ends it.
    validation = make_moons(200, noise=0.35, random_state=page.seed + 1)
    epochs = 150 if page.quick else 400
    whole = fit(*fresh(page.seed), x, y, epochs=epochs, validation=validation, seed=page.seed)
    model, adam = fresh(page.seed)
    early = fit(model, adam, x, y, epochs=epochs, validation=validation, seed=page.seed, patience=20)
    kept = nn.evaluate(model, *validation, nn.binary_cross_entropy)["loss"]

    # Save, load, resume.
    with tempfile.TemporaryDirectory() as name:
        model, adam = fresh(page.seed, dropout=0.2)
        fit(model, adam, x, y, epochs=10, seed=page.seed)
        two_goes = in_two_goes(x, y, 10, page.seed, Path(name))
        nn.save(model, Path(name) / "model.safetensors")
        copy = nn.load(Path(name) / "model.safetensors")
    one_go, loaded = list(model.state_dict().values()), list(copy.state_dict().values())
    return Results(by_hand, by_fit, early, whole, kept, one_go, two_goes, loaded)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("Five epochs by this loop, and by `nn.fit`, which compiles it:")
    rows = [[k, f"{a:.12f}", f"{b:.12f}"] for k, (a, b) in enumerate(zip(r.by_hand, r.by_fit, strict=True), 1)]
    page.table(["epoch", "loss, by hand", "loss, nn.fit"], rows)

    page.say(
        "60 noisy moons to train on, 200 to validate. With a patience of 20, and without for {epochs} epochs:",
        epochs=r.whole.epochs,
    )
    page.show(r.early)
    page.say(
        """
        The best epoch was {epoch}, with a validation loss of {best:.4f}. Without patience the training loss went on
        falling, to {train:.4f}, while the validation loss was {last:.4f} at the end. The weights given back are those
        of the best epoch: asked again, they have {kept:.4f}. A warning: the validation data have chosen the epoch, so
        this loss is no fair estimate for new data any more. Look at the distance between the two curves: it is what was
        learnt that holds for the training points alone.
        """,
        epoch=r.early.best_epoch, best=min(r.early.validation_loss), kept=r.kept,
        train=r.whole.train_loss[-1], last=r.whole.validation_loss[-1],
    )  # fmt: skip
    if min(r.whole.validation_loss) < min(r.early.validation_loss):
        page.say(
            "Patience has its price: without it, epoch {epoch} would have come, with a validation loss of {best:.4f}.",
            epoch=r.whole.best_epoch, best=min(r.whole.validation_loss),
        )  # fmt: skip
    plot(page, r)

    page.say(
        """
        Ten epochs in one go, and twice five with a file between, shuffled and with dropout: the largest difference of
        any of the {weights} weights is {apart:g}. For that, a checkpoint holds more than the weights: the means that
        Adam keeps, the random numbers of dropout, and the place in the order of the examples.
        """,
        weights=len(r.one_go), apart=np.abs(np.subtract(r.one_go, r.two_goes)).max(),
    )  # fmt: skip
    page.say("Try: a patience of 3. Is what stops it a turn, or noise?")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    with page.figure("The training loss keeps falling, the validation loss turns: stop there") as (_, axes):
        axes.plot(range(1, r.whole.epochs + 1), r.whole.train_loss, label="training")
        axes.plot(range(1, r.whole.epochs + 1), r.whole.validation_loss, label="validation")
        kept = page.word("weights kept: epoch {epoch}", epoch=r.early.best_epoch)
        ends = page.word("patience ends it: epoch {epoch}", epoch=r.early.epochs)
        axes.axvline(r.early.best_epoch, color=COLORS[2], linestyle=":", linewidth=1.5, label=kept)
        axes.axvline(r.early.epochs, color="black", linestyle="-.", linewidth=1.2, label=ends)
        axes.set(xlabel="epoch", ylabel="cross-entropy")
        axes.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
