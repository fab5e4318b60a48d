"""Where a classifier changes its mind: the decision boundary of a model of two inputs, drawn with matplotlib.

The boundary is where a score is 0: the output of a model that has one, less its threshold; of several outputs, for each
class, its lead over the best of the others. As a contour of that score it is smooth on a coarse grid too.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from autograd import no_grad

from ..checks import positive_int
from ..module import Module, mode_kept
from .pyplot import pyplot

# Okabe and Ito's colours, told apart by the colour-blind; the markers tell classes apart in grey too.
_COLORS = ["#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999"]
_MARKERS = ["o", "^", "s", "D", "v", "P", "X", "*"]


def plot_decision_boundary(
    model: Callable[[list[float]], Any],
    X: Any,  # noqa: N803 (the usual name)
    y: Any,
    ax: Any = None,
    *,
    threshold: float = 0.0,
    resolution: int = 60,
) -> Any:
    """Draw how a model of two inputs divides the plane, and the examples on it; needs matplotlib.

    Arguments:
        model: a model, or any function of a list of two numbers. Of one output, the class is whether it is above
            `threshold`; of several, which of them is the largest.
        X: the examples, shape (n, 2).
        y: their classes, shape (n,): two numbers, the larger for above the threshold; for several outputs, the index
            of the class, or a row of probabilities.
        ax: matplotlib Axes to draw on; without it, those of a new figure.
        threshold: 0 for logits and margins; 0.5 for a model that ends in a sigmoid.
        resolution: the model is asked at so many points along each axis, 2 at least.

    Returns the Axes. Raises ValueError when the examples do not have two inputs, finite ones, or X and y do not fit.
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
    scores = np.array(_outputs(model, [[a, b] for b in up.tolist() for a in across.tolist()]))
    labels, members = _classes(targets, scores.shape[1])
    if scores.shape[1] == 1:
        scores = np.hstack([np.full_like(scores, threshold), scores])
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    for k, label in enumerate(labels):
        lead = (scores[:, k] - np.delete(scores, k, axis=1).max(axis=1)).reshape(resolution, resolution)
        color, marker = _COLORS[k % len(_COLORS)], _MARKERS[k % len(_MARKERS)]
        if lead.max() > 0.0:
            ax.contourf(across, up, lead, levels=[0.0, lead.max()], colors=[color], alpha=0.3)
        if lead.min() < 0.0 < lead.max():
            ax.contour(across, up, lead, levels=[0.0], colors="black", linewidths=1.2)
        own = points[members == k]
        if len(own):
            ax.scatter(
                *own.T, s=28, color=color, marker=marker, edgecolors="black", linewidths=0.7, label=str(label), zorder=3
            )
    ax.legend(title="class")
    return ax


def _outputs(model: Callable[[list[float]], Any], points: list[list[float]]) -> list[list[float]]:
    """What the model gives for each point, in evaluation and without a graph."""
    with ExitStack() as stack:
        if isinstance(model, Module):
            stack.enter_context(mode_kept(model))
            model.eval()
        stack.enter_context(no_grad())
        outputs = [model(point) for point in points]
    return [[float(v) for v in out] if isinstance(out, (list, tuple)) else [float(out)] for out in outputs]


def _classes(targets: Any, n_outputs: int) -> tuple[list[Any], Any]:
    """The names of the classes in the order of their scores, and the number of the class of each example."""
    import numpy as np

    if n_outputs > 1:
        members = targets.argmax(axis=1) if targets.ndim == 2 and targets.shape[1] > 1 else targets.ravel()
        if not np.isin(members, range(n_outputs)).all():
            raise ValueError(f"the classes of {n_outputs} outputs are 0 to {n_outputs - 1}, got {np.unique(members)}")
        return list(range(n_outputs)), members
    names = np.unique(targets).tolist()
    if len(names) > 2:
        raise ValueError(f"a model of one output tells two classes apart, y has {len(names)}")
    if len(names) == 1:  # of the other class there is no example
        names = [names[0], "other"] if names[0] <= 0 else ["other", names[0]]
    return names, (targets.ravel() == names[1]).astype(int)
