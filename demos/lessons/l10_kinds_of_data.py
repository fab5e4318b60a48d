"""Several kinds of data: a line for each kind, joined by indicators, is still one linear model.

When the examples are of several kinds s, each can have a line of its own, and an indicator δ_s, 1 for an example of the
kind s and 0 otherwise, picks the right one:

    y = Σ_s δ_s·(b_s + w_s·x)
      = b_1·δ_1 + b_2·δ_2 + b_3·δ_3 + w_1·(δ_1·x) + w_2·(δ_2·x) + w_3·(δ_3·x)

"If the kind is 1, use line 1" looks like a program with branches. Written out it is a weighted sum of six features:
linear in its weights, so the squared error is still a bowl, and descent finds its bottom.
"""

# %%
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_iris

import nn

from ..page import COLORS, MARKERS, Page


# %% The data: sepals of three kinds of iris; from the length of a sepal, predict its width.
def sepals() -> tuple[Any, Any, Any, list[str]]:
    iris = load_iris()
    return iris.data[:, 0], iris.data[:, 1], iris.target, list(iris.target_names)


def features(length: Any, kind: Any, model: str) -> Any:
    """The columns that the weights multiply. Lengths count from 5.8 cm, about their mean, so that descent is quick."""
    x = (length - 5.8)[:, None]
    indicators = np.eye(3)[kind]
    return {
        "one line": x,
        "a height per kind": np.hstack([indicators, x]),
        "a line per kind": np.hstack([indicators, indicators * x]),
    }[model]


# %% What is calculated.
class Line(NamedTuple):
    """A straight line: its slope, and its height at 5.8 cm."""

    slope: float
    height: float


class Results(NamedTuple):
    """The three models and their errors; then the line of each kind, in the joint model and alone in closed form."""

    models: dict[str, nn.Neuron]
    errors: dict[str, float]
    joint: list[Line]
    alone: list[Line]

    @property
    def slope(self) -> float:
        """That of the one line."""
        return self.models["one line"].w[0].data


def calculate() -> Results:
    length, width, kind, names = sepals()
    models, errors = {}, {}
    for model in ("one line", "a height per kind", "a line per kind"):
        X = features(length, kind, model)
        neuron = models[model] = nn.Neuron(X.shape[1], init="zeros")  # ŷ = Σ weight·feature + bias
        descent = nn.SGD(neuron.parameters(), lr=0.1, momentum=0.95)
        history = nn.fit(neuron, X, width, nn.mse_loss, optimizer=descent, epochs=1000, batch_size=None, progress=False)
        errors[model] = history.train_loss[-1]

    # A line per kind in one model, beside three separate models by the closed form.
    neuron = models["a line per kind"]
    w, bias = [weight.data for weight in neuron.w], neuron.b.data
    kinds = range(len(names))
    return Results(
        models, errors,
        joint=[Line(w[3 + k], w[k] + bias) for k in kinds],
        alone=[Line(*np.polyfit(length[kind == k] - 5.8, width[kind == k], 1)) for k in kinds],
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    _, width, _, names = sepals()
    texts = [page.word("one line"), page.word("a height per kind"), page.word("a line per kind")]
    page.say(
        "From the length of a sepal, a leaf of the flower, three linear models predict its width, for 150 flowers:"
    )
    page.table(
        ["model", "weights and bias", "squared error (cm²)", "share of variance explained"],
        [
            [text, len(neuron.w) + 1, error, 1 - error / width.var()]
            for text, neuron, error in zip(texts, r.models.values(), r.errors.values(), strict=True)
        ],
    )
    page.say("The joint model has found what three separate regressions find, each on its own kind:")
    page.table(
        ["kind", "slope, joint", "slope, alone", "width at 5.8 cm, joint", "width at 5.8 cm, alone"],
        [
            [name, joint.slope, alone.slope, joint.height, alone.height]
            for name, joint, alone in zip(names, r.joint, r.alone, strict=True)
        ],
    )
    page.say(
        """
        Look at the signs. The one line says that a longer sepal is narrower (slope {slope:.3f}), but within each kind
        the opposite is true. It is the kinds with the longer sepals that happen to have narrower ones. This is
        Simpson's paradox, and no amount of training cures it: the one line cannot say what is true. The indicators can.
        """,
        slope=r.slope,
    )
    page.say(
        """
        The neuron's own bias is one number too many here, since δ_1 + δ_2 + δ_3 = 1 already is a constant feature: add
        anything to the bias and take it from the three heights, and no prediction changes. So compare bias + height.
        """
    )
    plot(page, r)
    page.say("Try: a slope for each kind, but one height for all, in `features`. Is it better than the reverse?")


# %% The picture.
def plot(page: Page, r: Results) -> None:
    length, width, kind, names = sepals()
    with page.figure("One line has the wrong sign; one model with a line per kind has it right") as (_, ax):
        at = np.linspace(length.min(), length.max(), 2)
        ax.plot(at, [r.models["one line"]([a - 5.8]).data for a in at], color="black", label="one line")
        for k, name in enumerate(names):
            own = kind == k
            ax.plot(length[own], width[own], MARKERS[k], color=COLORS[k], alpha=0.45, ls="", markeredgewidth=0)
            at = np.array([length[own].min(), length[own].max()])
            rows = features(at, np.full(2, k), "a line per kind").tolist()
            predictions = [r.models["a line per kind"](row).data for row in rows]
            ax.plot(at, predictions, "-" + MARKERS[k], color=COLORS[k], label=name)
        ax.set(xlabel="length of the sepal (cm)", ylabel="width of the sepal (cm)")
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
