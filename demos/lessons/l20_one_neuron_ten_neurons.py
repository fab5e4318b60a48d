"""One neuron, ten neurons: a hidden neuron is one cut through the plane, and ten cuts enclose what one cannot.

Each hidden neuron sees its inputs through w·x + b alone, so it changes across one straight line. The output adds up:

    out = v_1·tanh(w_1·x + b_1) + ... + v_n·tanh(w_n·x + b_n) + c

With n = 1 the boundary out = 0 is a straight line, whatever the weights. With n = 10 it bends around the data. Enough
neurons bend around anything, also around random labels.
"""

# %%
from typing import Any

import numpy as np
from sklearn.datasets import make_circles, make_moons
from sklearn.neighbors import KNeighborsClassifier

import nn

from ..page import Page


# %%
def spiral(n: int, seed: int) -> tuple[Any, Any]:
    """Two arms that wind around each other, three quarters of a turn."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    turn = rng.uniform(0.1, 0.75, n)
    angle = 2 * np.pi * turn + np.pi * y
    x = 2 * turn[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.04, (n, 2))
    return x, y


def trained(sizes: list[int], x: Any, y: Any, epochs: int, seed: int, lr: float = 0.05) -> nn.MLP:
    """A classifier of two classes, 0 and 1, with its logit as output."""
    model = nn.MLP(x.shape[1], sizes, "tanh", seed=seed)
    adam = nn.Adam(model.parameters(), lr=lr)
    nn.fit(
        model, x, y, nn.binary_cross_entropy, l2=1e-4, optimizer=adam, epochs=epochs, batch_size=None, progress=False,
        metrics={},
    )  # fmt: skip
    return model


def right(model: nn.MLP, x: Any, y: Any) -> float:
    """The share of the examples that a model puts into their class."""
    return nn.evaluate(model, x, y, nn.binary_cross_entropy)["accuracy"]


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    n, epochs = (80, 400) if page.quick else (150, 1000)
    data = {
        "moons": make_moons(n, noise=0.1, random_state=page.seed),
        "circles": make_circles(n, noise=0.07, factor=0.4, random_state=page.seed),
        "spiral": spiral(n, page.seed),
    }
    pairs = [(name, width) for name in data for width in (1, 10)]
    models = {
        (name, width): trained([width, 1], *data[name], epochs, page.seed)
        for name, width in page.progress(pairs, "training")
    }
    shares = {(name, width): right(model, *data[name]) for (name, width), model in models.items()}
    page.table(
        ["data", "right with 1 neuron", "right with 10"],
        [[name, f"{shares[name, 1]:.1%}", f"{shares[name, 10]:.1%}"] for name in data],
    )
    with page.figure("One hidden neuron cuts once, ten separate", 2, 3, size=(10.5, 6.6)) as (_, axes):
        for row, width in enumerate((1, 10)):
            for ax, (name, (x, y)) in zip(axes[row], data.items(), strict=True):
                if page.plots:
                    nn.plot_decision_boundary(models[name, width], x, y, ax, resolution=50)
                ax.set(title=f"{name}, {width} hidden: {shares[name, width]:.0%} right", xlabel="$x_1$", ylabel="$x_2$")
                ax.get_legend() and ax.get_legend().remove()

    # Random labels: there is nothing to learn, and it is learnt all the same.
    rng = np.random.default_rng(page.seed)
    n = 40 if page.quick else 60
    x, fresh = rng.uniform(-1, 1, (n, 2)), rng.uniform(-1, 1, (500, 2))
    y, other = rng.permutation(np.arange(n) % 2), rng.permutation(np.arange(500) % 2)
    linear, network = trained([1], x, y, 300, page.seed), trained([40, 40, 1], x, y, 2 * epochs, page.seed, lr=0.02)
    neighbour = KNeighborsClassifier(1).fit(x, y)
    wide = rng.normal(size=(n, n))  # as many features as examples, random too
    random = {
        "a line": (right(linear, x, y), right(linear, fresh, other)),
        "network 2-40-40-1": (right(network, x, y), right(network, fresh, other)),
        "nearest neighbour": (neighbour.score(x, y), neighbour.score(fresh, other)),
        f"a plane in {n} dimensions": (float(np.mean((wide @ np.linalg.solve(wide, 2.0 * y - 1) > 0) == y)), None),
    }
    page.say("""
        It is often said that random data cannot be learned by other methods, but can be by networks. Both are too
        simple. Here the label of each point is random, as are those of 500 new points:
    """)
    page.table(
        ["classifier", "right on its own points", "right on new ones"],
        [[name, f"{own:.1%}", "–" if new is None else f"{new:.1%}"] for name, (own, new) in random.items()],
    )
    page.say(f"""
        The network does fit them, every one. But so do others: the nearest neighbour of a point in the training data is
        itself, and a mere plane separates {n} points in {n} dimensions however they are labelled. And it is not
        learning: on new points all of them guess, because there is nothing to know. What a model can fit says how large
        it is; what it knows shows only on data that it was not trained on.
    """)
    page.say("Look at the upper row: every boundary is straight. Try widths 2, 3 and 4: how many cuts does each need?")
    numbers = {f"{name} {width}": share for (name, width), share in shares.items()}
    return numbers | {
        "random labels, line": random["a line"][0],
        "random labels": random["network 2-40-40-1"][0],
        "random labels, new": random["network 2-40-40-1"][1],
        "random labels, neighbour": random["nearest neighbour"][0],
        "random labels, plane": random[f"a plane in {n} dimensions"][0],
    }


if __name__ == "__main__":
    main()
