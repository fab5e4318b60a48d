"""The training loop: use every example, step, evaluate on other data, stop in time, and be able to continue later.

An epoch uses every example once. Within it, for each minibatch,

    loss = mean over the batch     backward     θ ← θ - lr·∂loss/∂θ     forget the gradients

After it, the loss of the validation data is taken, which are never trained on. Training ends early when that has not
fallen for a while (its patience), and the best weights are restored. `nn.fit` is this loop.
"""

# %%
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn

from ..page import Page


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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    x, y = make_moons(60, noise=0.35, random_state=page.seed)

    # By hand, and by nn.fit.
    by_hand = train_by_hand(*fresh(page.seed), x, y, epochs=5)
    by_fit = fit(*fresh(page.seed), x, y, epochs=5, batch_size=None).train_loss
    difference = float(np.abs(np.subtract(by_hand, by_fit)).max())
    page.say("Five epochs by this loop, and by `nn.fit`, which compiles it:")
    rows = [[k, f"{a:.12f}", f"{b:.12f}"] for k, (a, b) in enumerate(zip(by_hand, by_fit, strict=True), 1)]
    page.table(["epoch", "loss, by hand", "loss, nn.fit"], rows)

    # Long enough to overfit: the validation loss turns, and patience ends it.
    validation = make_moons(200, noise=0.35, random_state=page.seed + 1)
    epochs = 150 if page.quick else 400
    whole = fit(*fresh(page.seed), x, y, epochs=epochs, validation=validation, seed=page.seed)
    model, adam = fresh(page.seed)
    early = fit(model, adam, x, y, epochs=epochs, validation=validation, seed=page.seed, patience=20)
    kept = nn.evaluate(model, *validation, nn.binary_cross_entropy)["loss"]
    page.say(f"60 noisy moons to train on, 200 to validate. With a patience of 20, and without for {epochs} epochs:")
    page.show(early)
    page.say(f"""
        The best epoch was {early.best_epoch}, with a validation loss of {min(early.validation_loss):.4f}. Without
        patience the training loss went on falling, to {whole.train_loss[-1]:.4f}, and the validation loss rose to
        {whole.validation_loss[-1]:.4f}. The weights given back are those of the best epoch: asked again, they have
        {kept:.4f}. A warning: the validation data have chosen the epoch, so this is no fair estimate any more.
    """)
    with page.figure("The training loss keeps falling, the validation loss turns: stop there") as (_, axes):
        whole.plot(axes)
        axes.axvline(
            early.epochs, color="black", linestyle="-.", linewidth=1.2, label=f"patience ends it: {early.epochs}"
        )
        axes.set(title="", ylabel="cross-entropy")
        axes.legend()

    # Save, load, resume.
    with tempfile.TemporaryDirectory() as name:
        model, adam = fresh(page.seed, dropout=0.2)
        fit(model, adam, x, y, epochs=10, seed=page.seed)
        one_go = list(model.state_dict().values())
        two_goes = in_two_goes(x, y, 10, page.seed, Path(name))
        nn.save(model, Path(name) / "model.safetensors")
        copy = nn.load(Path(name) / "model.safetensors")
    resumed = float(np.abs(np.subtract(one_go, two_goes)).max())
    loaded = float(np.abs(np.subtract(one_go, list(copy.state_dict().values()))).max())
    page.say(f"""
        Ten epochs in one go and twice five with a file between, shuffled and with dropout: the largest difference of
        any of the {len(one_go)} weights is {resumed:g}. Not nearly: exactly. For that, a checkpoint holds more than the
        weights: the means that Adam keeps, the random numbers of dropout, and the place in the order of the examples.
    """)
    page.say("Look at the distance between the two curves. Try a patience of 3: is what stops it a turn, or noise?")
    return {
        "by hand": difference,
        "resumed": resumed,
        "loaded": loaded,
        "best epoch": early.best_epoch,
        "epochs": early.epochs,
        "best": min(early.validation_loss),
        "kept": kept,
        "train first": whole.train_loss[0],
        "train last": whole.train_loss[-1],
        "last": whole.validation_loss[-1],
    }


if __name__ == "__main__":
    main()
