"""Minibatches: many cheap steps in about the right direction, or a few expensive ones in the right direction.

The gradient of the mean loss is the mean of the gradients of the n examples. A minibatch of B of them, drawn at random,
is an estimate of it: right on average, and off by

    noise = σ/√B · √((n - B) / (n - 1))        σ² = mean squared distance of an example's gradient from the mean

The second root is there because the B are drawn without repetition; with B = n no noise is left. Four times the
batch is four times the arithmetic and half the noise. An epoch is a round in which each example is used once: n/B
steps, rounded up.
"""

# %%
import time
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes

import autograd
import nn

from ..page import COLORS, DASHES, MARKERS, Page


# %% The data: how the diabetes of 442 patients went on, from ten measurements; all standardised.
def patients() -> tuple[Any, Any]:
    data = load_diabetes()
    return nn.Standardizer().fit_transform(data.data), nn.Standardizer().fit_transform(data.target)


def rms_distance(gradients: Any, mean: Any) -> float:
    return float(np.sqrt(((gradients - mean) ** 2).sum(axis=1).mean()))


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    X, y = patients()
    n = len(X)
    sizes = (1, 10, 100, n)
    epochs = 10 if page.quick else 40

    # Which examples do the minibatches of one epoch have?
    batches = [rows for rows, _ in nn.minibatches(np.arange(n), y, 100, seed=page.seed)]
    met = np.sort(np.concatenate(batches))
    page.say(f"""
        One epoch of {n} patients in batches of 100 is {len(batches)} steps, with
        {", ".join(str(len(b)) for b in batches)} patients. Each patient is used once
        ({np.array_equal(met, np.arange(n))}), in an order that changes with the epoch.
    """)

    # The gradient at the start, by all and by random batches.
    neuron = nn.Neuron(X.shape[1], init="zeros")
    loss = autograd.compile(lambda x, t: nn.mse_loss(neuron(x), t))
    _, full = loss.value_and_grad(X, y)
    single = np.array([loss.value_and_grad(X[[k]], y[[k]])[1] for k in range(n)])
    spread = rms_distance(single, full)
    rng = np.random.default_rng(page.seed)
    draws = 300 if page.quick else 1000
    rows, measured, predicted, cost = [], [], [], []
    for size in sizes:
        picks = [rng.choice(n, size, replace=False) for _ in range(draws if size < n else 5)]
        measured.append(rms_distance(np.array([loss.value_and_grad(X[k], y[k])[1] for k in picks]), full))
        predicted.append(spread / np.sqrt(size) * np.sqrt((n - size) / (n - 1)))
        cost.append(seconds_a_step(loss, X[picks[0]], y[picks[0]]))
        rows.append([size, -(-n // size), f"{1e6 * cost[-1]:.0f}", f"{measured[-1]:.4f}", f"{predicted[-1]:.4f}"])
    page.say(f"""
        The gradient at the start has the length {np.linalg.norm(full):.3f}. How far off is that of a random batch, root
        mean square over {draws:,} batches?
    """)
    page.table(["batch size", "steps an epoch", "µs a step", "noise, measured", "noise, by the formula"], rows)
    page.say("""
        Look at the time (of this machine, compiled): a step with 100 examples costs far less than 100 steps with one. A
        step has a price that does not depend on the batch, and a processor works on several numbers at once. That, and
        not the noise alone, is why batches are not of size 1.
    """)

    # Training by each: the same learning rate, the same number of examples seen.
    table = np.column_stack([X, np.ones(n)])
    least = float(np.mean((table @ np.linalg.lstsq(table, y, rcond=None)[0] - y) ** 2))
    excess, rows = {}, []
    for size in sizes:
        model = nn.Neuron(X.shape[1], init="zeros")
        start = time.perf_counter()
        history = nn.fit(
            model, X, y, nn.mse_loss, optimizer=nn.SGD(model.parameters(), lr=0.01), epochs=epochs, batch_size=size,
            validation=(X, y), seed=page.seed, progress=False,
        )  # fmt: skip
        excess[size] = [error - least for error in history.validation_loss]
        last = float(np.mean(excess[size][-epochs // 4 :]))
        rows.append([size, excess[size][0], last, f"{time.perf_counter() - start:.2f}"])
    page.say(f"Training with learning rate 0.01; the error above the least possible, which is {least:.4f}:")
    page.table(["batch size", "after 1 epoch", f"mean of the last {epochs // 4} of {epochs}", "seconds"], rows)
    page.say(story(excess))

    with page.figure("The noise falls with the root of the batch size; small batches need fewer epochs", columns=3) as (
        _, (left, middle, right),
    ):  # fmt: skip
        many = np.arange(1, n)
        left.loglog(many, spread / np.sqrt(many) * np.sqrt((n - many) / (n - 1)), color="0.4", ls="--", label="formula")
        left.loglog(sizes[:-1], measured[:-1], "o", color=COLORS[1], label="measured")
        left.set(
            xlabel="batch size (examples)", ylabel="noise of the gradient", title="noise (none for the full batch)"
        )
        left.legend()
        middle.loglog(sizes, 1e6 * np.array(cost), "o-", label="for a step")
        middle.loglog(sizes, 1e6 * np.array(cost) / sizes, "^--", label="for each example in it")
        middle.set(xlabel="batch size (examples)", ylabel="time (µs)", title="cost on this machine")
        middle.legend()
        for k, size in enumerate(sizes):
            right.semilogy(range(1, epochs + 1), excess[size], ls=DASHES[k], marker=MARKERS[k],
                           markevery=max(1, epochs // 8), label="all" if size == n else f"{size}")  # fmt: skip
        right.set(xlabel="epoch", ylabel="error above the least possible", title="training")
        right.legend(title="batch size")
    page.say("Try: a learning rate ten times smaller. Which batch size is the best at the end now?")
    return {"measured": measured, "predicted": predicted, "excess": excess, "batches": [len(b) for b in batches],
            "each once": bool(np.array_equal(met, np.arange(n)))}  # fmt: skip


def story(excess: dict[int, list[float]]) -> str:
    """What the training curves show, in words: who is ahead after an epoch and at the end, and who still improves."""
    sizes = list(excess)
    half, quarter = len(excess[sizes[0]]) // 2, len(excess[sizes[0]]) // 4
    ends = {size: float(np.mean(curve[-quarter:])) for size, curve in excess.items()}
    rises = {size: float(np.mean(np.diff(curve[-half:]) > 0)) for size, curve in excess.items()}
    settled = [size for size in sizes if rises[size] > 0.25]  # it goes up about as often as down
    moving = [size for size in sizes if size not in settled]
    ahead = min(sizes, key=lambda size: excess[size][0])
    behind = max(sizes, key=lambda size: excess[size][0])

    def named(some: list[int]) -> str:
        return " and ".join("the full batch" if size == sizes[-1] else f"size {size}" for size in some)

    text = f"""
        After one epoch {named([ahead])} is ahead and {named([behind])} is behind: a small batch takes many
        steps where a large one takes few. At the end the error is lowest with
        {named([min(ends, key=ends.__getitem__)])} and highest with {named([max(ends, key=ends.__getitem__)])}.
    """
    if moving:
        text += f"Still on the way down: {named(moving)}. More epochs would help. "
    if settled:
        text += f"""
        No longer getting better: {named(settled)}. At a fixed learning rate the noise of the steps does not shrink, so
        a small batch does not arrive: it keeps moving around the minimum, the farther the more noise it has. (With a
        smaller learning rate this distance is smaller, too.)
        """
    return " ".join(text.split())


def seconds_a_step(loss: Any, X: Any, y: Any) -> float:
    """The best of several times, since other programs only slow it down."""
    times = []
    for _ in range(30):
        start = time.perf_counter()
        loss.value_and_grad(X, y)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
