"""One neuron, ten neurons: a hidden neuron is one cut through the plane, and ten cuts enclose what one cannot.

Each hidden neuron sees its inputs through w·x + b alone, so it changes across one straight line. The output adds up:

    out = v_1·tanh(w_1·x + b_1) + ... + v_n·tanh(w_n·x + b_n) + c

With n = 1 the boundary out = 0 is a straight line, whatever the weights. With n = 10 it bends around the data. Enough
neurons bend around anything, also around random labels.
"""

# %%
from typing import Any, NamedTuple

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


# %% What is calculated.
class Results(NamedTuple):
    """The share of right answers by data and number of hidden neurons; then those on random labels, own and new."""

    data: dict[str, tuple[Any, Any]]
    models: dict[tuple[str, int], nn.MLP]
    shares: dict[tuple[str, int], float]
    n: int
    line: tuple[float, float]
    network: tuple[float, float]
    neighbour: tuple[float, float]
    plane: float


def calculate(page: Page) -> Results:
    n, epochs = (80, 400) if page.quick else (150, 1000)
    data = {
        "moons": make_moons(n, noise=0.1, random_state=page.seed),
        "circles": make_circles(n, noise=0.07, factor=0.4, random_state=page.seed),
        "spiral": spiral(n, page.seed),
    }
    pairs = page.progress([(name, width) for name in data for width in (1, 10)], "training")
    models = {(name, width): trained([width, 1], *data[name], epochs, page.seed) for name, width in pairs}

    # Random labels: there is nothing to learn, and it is learnt all the same.
    rng = np.random.default_rng(page.seed)
    n = 40 if page.quick else 60
    x, fresh = rng.uniform(-1, 1, (n, 2)), rng.uniform(-1, 1, (500, 2))
    y, other = rng.permutation(np.arange(n) % 2), rng.permutation(np.arange(500) % 2)
    line, network = trained([1], x, y, 300, page.seed), trained([40, 40, 1], x, y, 2 * epochs, page.seed, lr=0.02)
    neighbour = KNeighborsClassifier(1).fit(x, y)
    wide = rng.normal(size=(n, n))  # as many features as examples, random too
    return Results(
        data, models,
        shares={(name, width): right(model, *data[name]) for (name, width), model in models.items()},
        n=n,
        line=(right(line, x, y), right(line, fresh, other)),
        network=(right(network, x, y), right(network, fresh, other)),
        neighbour=(neighbour.score(x, y), neighbour.score(fresh, other)),
        plane=float(np.mean((wide @ np.linalg.solve(wide, 2.0 * y - 1) > 0) == y)),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)

    def percent(*shares: float) -> list[str]:
        return [f"{share:.1%}" for share in shares]

    page.table(
        ["data set", "right with 1 neuron", "right with 10"],
        [
            ["moons", *percent(r.shares["moons", 1], r.shares["moons", 10])],
            ["circles", *percent(r.shares["circles", 1], r.shares["circles", 10])],
            ["spiral", *percent(r.shares["spiral", 1], r.shares["spiral", 10])],
        ],
    )
    plot_boundaries(page, r)
    page.say("Look at the upper row: every boundary is straight. In the lower row it bends round the classes.")
    page.say(
        """
        It is often said that random data cannot be learned by other methods, but can be by networks. Both are too
        simple. Here the label of each point is random, as are those of 500 new points:
        """
    )
    page.table(
        ["classifier", "right on its own points", "right on new ones"],
        [
            ["a line", *percent(*r.line)],
            ["network 2-40-40-1", *percent(*r.network)],
            ["nearest neighbour", *percent(*r.neighbour)],
            [page.word("a plane in {n} dimensions", n=r.n), *percent(r.plane), "–"],
        ],
    )
    page.say(
        """
        The network fits {own:.1%} of the random labels. But others can do that too: the nearest neighbour of a point in
        the training data is itself, and a mere plane separates {n} points in {n} dimensions however they are labelled.
        And it is not learning: on new points all of them guess, and about half of the guesses are right, because there
        is nothing to know. What a model can fit says how large it is; what it knows shows only on data that it was not
        trained on.
        """,
        own=r.network[0], n=r.n,
    )  # fmt: skip
    page.say("Try: 2, 3 and 4 hidden neurons. How many cuts do the moons need, the circles, the spiral?")


# %% Pictures.
def plot_boundaries(page: Page, r: Results) -> None:
    with page.figure(
        "One hidden neuron makes one straight cut; the boundary of ten bends round the classes", 2, 3, size=(10.5, 6.6)
    ) as (_, axes):
        for ax, ((name, width), model) in zip(axes.T.flat, r.models.items(), strict=True):
            nn.plot_decision_boundary(model, *r.data[name], ax, resolution=50 if page.plots else 2)
            title = page.word(
                "{data}, {width} hidden: {share:.0%} right",
                data=page.word(name), width=width, share=r.shares[name, width],
            )  # fmt: skip
            ax.set(title=title, xlabel="x₁", ylabel="x₂")
            ax.get_legend().remove()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
