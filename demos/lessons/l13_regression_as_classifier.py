"""Linear regression as a classifier: it punishes answers for being too right.

Call one class +1 and the other -1, fit ŷ = w·x + b with the squared error, and say "+1" where ŷ > 0. On two tight
clouds that works. But the squared error wants ŷ to *be* 1, not to be on the right side:

    (ŷ - 1)²  is  1 for ŷ = 0, on the boundary,  and  81 for ŷ = 10, as right as can be

So points of the right class, far on the right side, draw the boundary towards themselves until ŷ is no longer so large
for them. Logistic regression asks only for the class: log(1 + exp(-z)) is 0.0000454 at z = 10, and pulls no more.
"""

# %%
from typing import Any

import numpy as np

import nn

from ..page import COLORS, Page

FAR = 25  # examples of the class +1, far away on its own side


# %%
def clouds(rng: Any) -> tuple[Any, Any]:
    """Two tight classes, 60 points each, about (-1, 0) and (1, 0)."""
    X = rng.normal(np.repeat([[-1.0, 0.0], [1.0, 0.0]], 60, axis=0), [0.35, 0.7])
    return X, np.repeat([-1.0, 1.0], 60)


def far_away(rng: Any) -> tuple[Any, Any]:
    """A group of the class +1 about (7, -6): no less +1 than the others, more so."""
    return rng.normal([7.0, -6.0], 0.5, (FAR, 2)), np.ones(FAR)


def regression(X: Any, y: Any) -> nn.Neuron:
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=0.02, momentum=0.9)
    nn.fit(neuron, X, y, nn.mse_loss, optimizer=descent, epochs=800, batch_size=None, progress=False)
    return neuron


def logistic(X: Any, y: Any) -> nn.Neuron:
    """The penalty keeps the weights from growing for ever, as they do where a line separates the classes."""
    neuron = nn.Neuron(2, init="zeros")
    descent = nn.SGD(neuron.parameters(), lr=0.3, momentum=0.9)
    nn.fit(
        neuron, X, (y + 1) / 2, nn.binary_cross_entropy, l2=1e-3, optimizer=descent, epochs=800, batch_size=None,
        progress=False,
    )  # fmt: skip
    return neuron


def numbers_of(neuron: nn.Neuron, X: Any, y: Any) -> tuple[float, float, float]:
    """Where the boundary crosses the axis between the clouds, its tilt from the vertical (degrees), its accuracy."""
    (w1, w2), b = (w.data for w in neuron.w), neuron.b.data
    right = np.mean((X @ [w1, w2] + b > 0) == (y > 0))
    return -b / w1, float(np.degrees(np.arctan2(abs(w2), w1))), float(right)


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)
    rng = np.random.default_rng(page.seed)
    X, y = clouds(rng)
    X_far, y_far = far_away(rng)
    X_all, y_all = np.vstack([X, X_far]), np.append(y, y_far)
    models = {
        ("regression", "clouds"): regression(X, y),
        ("regression", "with far points"): regression(X_all, y_all),
        ("logistic", "clouds"): logistic(X, y),
        ("logistic", "with far points"): logistic(X_all, y_all),
    }
    numbers: dict[str, float] = {}
    rows = []
    for (method, data), neuron in models.items():
        crossing, tilt, accuracy = numbers_of(neuron, X, y)
        numbers |= {f"{method}, {data}": accuracy, f"crossing {method}, {data}": crossing,
                    f"tilt {method}, {data}": tilt}  # fmt: skip
        largest = float(np.mean(X_far @ [w.data for w in neuron.w] + neuron.b.data))
        rows.append([method, data, crossing, tilt, accuracy, largest])
    page.say(f"Two clouds of 60 points, then {FAR} points more of the right class, far away. The clouds stay the same:")
    page.table(
        ["method", "trained on", "crosses x₁ at", "tilt (degrees)", "accuracy, clouds", "output, far points"], rows
    )
    page.say(f"""
        Look at the regression's last column: trained on the clouds alone it says {rows[0][-1]:.1f} for the far points,
        which is right, and costs ({rows[0][-1]:.1f} - 1)² = {(rows[0][-1] - 1) ** 2:.0f} each. To bring that down it
        tilts the boundary by {rows[1][3] - rows[0][3]:.0f} degrees and gives up points of the clouds that were well
        apart. Logistic regression meets the same points with a loss of almost nothing, and stays where it was.
    """)

    with page.figure(
        "Far points of the right class drag the regression's boundary off; the logistic one stays", columns=2
    ) as (_, axes):
        for ax, (data, points, targets) in zip(
            axes, (("clouds", X, y), ("with far points", X_all, y_all)), strict=True
        ):
            for k, marker in ((-1, "o"), (1, "^")):
                own = targets == k
                ax.plot(*points[own].T, marker, color=COLORS[(k + 1) // 2], ls="", alpha=0.6, label=f"class {k:+d}")
            for method, color, dash in (("regression", COLORS[6], "--"), ("logistic", COLORS[2], "-")):
                (w1, w2), b = (w.data for w in models[method, data].w), models[method, data].b.data
                up = np.array([-8.0, 3.0])
                ax.plot(-(b + w2 * up) / w1, up, color=color, ls=dash, label=f"boundary, {method}")
            ax.set(xlim=(-3, 9), ylim=(-8, 3), xlabel="x₁", ylabel="x₂", title=data)
        axes[0].legend(loc="lower right")
    page.say("""
        Three classes called 1, 2, 3 are worse still: the squared error then claims that class 2 lies between the others
        and that 1 is nearer to it than to 3, which nobody meant. Softmax regression (lesson L17) makes no such claim.
    """)
    page.say("Try: move the far points to (7, 0), straight ahead. Does the boundary turn now, or shift?")
    return numbers


if __name__ == "__main__":
    main()
