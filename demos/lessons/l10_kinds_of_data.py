"""Several kinds of data: a line for each kind, joined by indicators, is still one linear model.

When the examples are of several kinds s, each can have a line of its own, and an indicator δ_s, 1 for an example of the
kind s and 0 otherwise, picks the right one:

    y = Σ_s δ_s·(b_s + w_s·x)
      = b_1·δ_1 + b_2·δ_2 + b_3·δ_3 + w_1·(δ_1·x) + w_2·(δ_2·x) + w_3·(δ_3·x)

"If the kind is 1, use line 1" looks like a program with branches. Written out it is a weighted sum of six features:
linear in its weights, so the squared error is still a bowl, and descent finds its bottom.
"""

# %%
from typing import Any

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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    length, width, kind, names = sepals()
    numbers: dict[str, float] = {}
    models: dict[str, nn.Neuron] = {}
    rows = []
    for name in ("one line", "a height per kind", "a line per kind"):
        X = features(length, kind, name)
        neuron = models[name] = nn.Neuron(X.shape[1], init="zeros")  # ŷ = Σ weight·feature + bias
        descent = nn.SGD(neuron.parameters(), lr=0.1, momentum=0.95)
        history = nn.fit(neuron, X, width, nn.mse_loss, optimizer=descent, epochs=1000, batch_size=None, progress=False)
        numbers[name] = history.train_loss[-1]
        rows.append([name, len(neuron.w) + 1, numbers[name], 1 - numbers[name] / width.var()])
    page.say("Three linear models, each trained by gradient descent on the 150 flowers:")
    page.table(["model", "weights and bias", "squared error (cm²)", "share of variance explained"], rows)

    # A line per kind in one model, beside three separate models by the closed form.
    joint = models["a line per kind"]
    w, bias = [weight.data for weight in joint.w], joint.b.data
    rows = []
    for k, name in enumerate(names):
        slope, height = np.polyfit(length[kind == k] - 5.8, width[kind == k], 1)
        rows.append([name, w[3 + k], slope, w[k] + bias, height])
        numbers |= {f"slope {name}": w[3 + k], f"height {name}": w[k] + bias}
        numbers |= {f"closed slope {name}": slope, f"closed height {name}": height}
    numbers["slope of one line"] = models["one line"].w[0].data
    page.say("The joint model has found what three separate regressions find, each on its own kind:")
    page.table(["kind", "slope, joint", "slope, alone", "width at 5.8 cm, joint", "alone"], rows)
    page.say(f"""
        Look at the signs. The one line says that a longer sepal is narrower (slope {numbers["slope of one line"]:.3f}),
        and within each kind the opposite is true: the kinds with the longer sepals happen to have narrower ones. This
        is Simpson's paradox, and no amount of training cures it: the model cannot say what is true. The indicators can.
    """)
    page.say("""
        The neuron's own bias is one number too many here, since δ_1 + δ_2 + δ_3 = 1 already is a constant feature: add
        anything to the bias and take it from the three heights, and no prediction changes. So compare bias + height.
    """)

    with page.figure("One line has the wrong sign; a line per kind, still one linear model, has it right") as (_, ax):
        at = np.linspace(length.min(), length.max(), 2)
        ax.plot(at, [models["one line"]([a - 5.8]).data for a in at], color="black", label="one line")
        for k, name in enumerate(names):
            own = kind == k
            ax.plot(length[own], width[own], MARKERS[k], color=COLORS[k], alpha=0.45, ls="", markeredgewidth=0)
            at = np.array([length[own].min(), length[own].max()])
            rows_of_kind = features(at, np.full(2, k), "a line per kind").tolist()
            ax.plot(at, [joint(row).data for row in rows_of_kind], "-" + MARKERS[k], color=COLORS[k], label=name)
        ax.set(xlabel="length of the sepal (cm)", ylabel="width of the sepal (cm)")
        ax.legend()
    page.say("Try: a slope for each kind, but one height for all, in `features`. Is it better than the reverse?")
    return numbers


if __name__ == "__main__":
    main()
