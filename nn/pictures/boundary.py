"""The decision boundary of a model of two inputs, drawn with matplotlib.

The boundary is where a score is 0: the output of a model that has one, less its threshold; of several outputs, for each
class, its lead over the best of the others. As a contour of that score it is smooth on a coarse grid too.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd import no_grad

from ..checks import positive_int
from ..module import Module
from ..training.evaluation import plain, predict
from .pyplot import pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from ..data import Floats
    from ..targets import Numbers

# Okabe and Ito's colours, which the colour-blind can distinguish; the markers differ, for pictures in grey.
_COLORS = ["#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999"]
_MARKERS = ["o", "^", "s", "D", "v", "P", "X", "*"]


def plot_decision_boundary(
    model: "Callable[[list[float]], Numbers]",
    X: "ArrayLike",  # noqa: N803 (the usual name)
    y: "ArrayLike",
    ax: "Axes | None" = None,
    *,
    threshold: float = 0.0,
    resolution: int = 60,
) -> "Axes":
    """Draw how a model of two inputs divides the plane, and the examples on it; needs matplotlib.

    Arguments:
        model: a model, or any function of a list of two numbers. Of one output, the class is whether it is above
            `threshold`; of several, which of them is the largest.
        X: the examples, shape (n, 2).
        y: their classes, shape (n,): two numbers, the larger for above the threshold; for several outputs, the index
            of the class, or a row of probabilities.
        ax: matplotlib Axes to draw on; without it, those of a new figure.
        threshold: 0 for logits and margins; 0.5 for a model that ends in a sigmoid.
        resolution: the model is evaluated at so many points along each axis, 2 at least.

    Returns the Axes. Raises ValueError when the examples do not have two inputs, finite ones, or X and y do not fit.

    >>> import nn
    >>> model = nn.MLP(2, [4, 1], seed=0)
    >>> axes = plot_decision_boundary(model, [[0.0, 0.0], [1.0, 1.0]], [0, 1])
    >>> axes.figure.savefig("boundary.png")  # doctest: +SKIP
    """
    plt = pyplot()
    import numpy as np

    points = np.asarray(X, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"a decision boundary needs examples of two inputs, shape (n, 2), got {points.shape}")
    if not np.isfinite(points).all():
        row = np.flatnonzero(~np.isfinite(points).all(axis=1))[0]
        raise ValueError(f"row {row} of X is {points[row].tolist()}: leave the example out, or fill in a number")
    if positive_int("resolution", resolution) == 1:
        raise ValueError("resolution is a number of points from 2 on, got 1: there is no boundary in a single point")
    targets = np.asarray(y)
    if len(targets) != len(points):
        raise ValueError(f"X and y need the same length, got {len(points)} and {len(targets)}")
    low, high = points.min(axis=0), points.max(axis=0)
    border = 0.1 * np.where(high > low, high - low, 1.0)
    across, up = (np.linspace(a, b, resolution) for a, b in zip(low - border, high + border, strict=True))
    scores = _scores(model, np.array([[a, b] for b in up.tolist() for a in across.tolist()]))
    labels, members = _classes(targets, scores.shape[1])
    if scores.shape[1] == 1:
        scores = np.hstack([np.full_like(scores, threshold), scores])
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    chosen = scores.argmax(axis=1).reshape(resolution, resolution)
    # The class of each point of the grid lies below, for the small gaps where three regions touch; each region goes up
    # to where its lead is 0. A lead of exactly 0 is that of the class that `argmax` takes.
    half_x, half_y = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    pale = [_pale(_COLORS[k % len(_COLORS)]) for k in range(len(labels))]
    extent = (across[0] - half_x, across[-1] + half_x, up[0] - half_y, up[-1] + half_y)
    ax.imshow(np.array(pale)[chosen], extent=extent, origin="lower", aspect="auto", interpolation="nearest")
    ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    for k, label in enumerate(labels):
        lead = (scores[:, k] - np.delete(scores, k, axis=1).max(axis=1)).reshape(resolution, resolution)
        tie = 1e-9 * (np.abs(lead).max() or 1.0)
        lead = np.where(lead == 0.0, np.where(chosen == k, tie, -tie), lead)
        color, marker = _COLORS[k % len(_COLORS)], _MARKERS[k % len(_MARKERS)]
        if lead.max() > 0.0:
            ax.contourf(across, up, lead, levels=[0.0, lead.max()], colors=[pale[k]])
        if lead.min() < 0.0 < lead.max():
            ax.contour(across, up, lead, levels=[0.0], colors="black", linewidths=1.2)
        own = points[members == k]
        if len(own):
            x1, x2 = own.T
            ax.scatter(
                x1, x2, s=28, color=color, marker=marker, edgecolors="black", linewidths=0.7, label=str(label), zorder=3
            )
    ax.legend(title="class")
    return ax


def _scores(model: "Callable[[list[float]], Numbers]", points: "Floats") -> "Floats":
    """The outputs of the model for each point, an array with a point in each row."""
    import numpy as np

    if isinstance(model, Module):
        return predict(model, points).reshape(len(points), -1)
    with no_grad():
        outputs = [model(point) for point in points.tolist()]
    return np.array([plain(out) for out in outputs], float).reshape(len(points), -1)


def _pale(color: str) -> tuple[float, ...]:
    """A colour of the form #rrggbb mixed with white."""
    return tuple(0.7 + 0.3 * int(color[k : k + 2], 16) / 255.0 for k in (1, 3, 5))


def _classes(targets: "NDArray[Any]", n_outputs: int) -> "tuple[list[Any], NDArray[Any]]":
    """The names of the classes in the order of their scores, and the number of the class of each example."""
    import numpy as np

    if n_outputs > 1:
        members = targets.argmax(axis=1) if targets.ndim == 2 and targets.shape[1] > 1 else targets.ravel()
        if not np.isin(members, range(n_outputs)).all():
            raise ValueError(f"the classes of {n_outputs} outputs are 0 to {n_outputs - 1}, got {np.unique(members)}")
        return list(range(n_outputs)), members
    names = np.unique(targets).tolist()
    if len(names) > 2:
        raise ValueError(f"a model of one output distinguishes two classes, y has {len(names)}")
    if len(names) == 1:  # of the other class there is no example
        names = [names[0], "other"] if names[0] <= 0 else ["other", names[0]]
    return names, (targets.ravel() == names[1]).astype(int)
