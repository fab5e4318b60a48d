"""The race by hand in NumPy: gradients that someone has worked out on paper, and the layers that all peers start from.

A network is a list of layers, and a layer a pair: weights [out, in] and biases.
"""

import itertools
from typing import Any

import numpy as np

from demos.race.clock import Work

STRENGTH, RATE = 1e-4, 0.1  # of the moons: L2 penalty and learning rate

Layers = list[tuple[Any, Any]]


def split(theta: Any, sizes: list[int]) -> Layers:
    """The layers, from the parameters in our order: neuron by neuron, the bias last."""
    layers, at = [], 0
    for n, k in itertools.pairwise(sizes):
        block = theta[at : at + k * (n + 1)].reshape(k, n + 1)
        layers.append((np.ascontiguousarray(block[:, :-1]), np.ascontiguousarray(block[:, -1])))
        at += block.size
    return layers


def flat(layers: Any) -> Any:
    """The parameters, or a gradient, in our order: the inverse of `split`."""
    if isinstance(layers, np.ndarray):
        return layers
    return np.concatenate([np.column_stack([w, b]).ravel() for w, b in layers])


def moons_gradient(layers: Layers, X: Any, y: Any) -> Work:
    """Value and gradient of `race_peers.moons_objective`."""

    def work() -> Any:
        margin, slopes = _moons_slopes(layers, X, y)
        value = np.maximum(margin, 0.0).mean() + STRENGTH * sum((w * w).sum() for w, _ in layers)
        return value, flat(slopes)

    return work


def moons_training(layers: Layers, X: Any, y: Any, steps: int) -> Work:
    """Steps of gradient descent on `race_peers.moons_objective`, from `layers` on; gives the last parameters."""

    def work() -> Any:
        trained = [(w.copy(), b.copy()) for w, b in layers]
        for _ in range(steps):
            for (w, b), (dw, db) in zip(trained, _moons_slopes(trained, X, y)[1], strict=True):
                w -= RATE * dw
                b -= RATE * db
        return flat(trained)

    return work


def _moons_slopes(layers: Layers, X: Any, y: Any) -> tuple[Any, Layers]:
    """The margins, which the loss is calculated from, and the gradient of `race_peers.moons_objective`."""
    activations, masks = [X], []
    *hidden, (w, b) = layers
    for v, c in hidden:
        z = activations[-1] @ v.T + c
        masks.append(z > 0)
        activations.append(np.maximum(z, 0.0))
    margin = 1.0 - y * (activations[-1] @ w.T + b)[:, 0]
    upstream = np.where(margin > 0, -y, 0.0)[:, None] / len(X)
    slopes = []
    for (w, _), x in zip(reversed(layers), reversed(activations), strict=True):
        slopes.append((upstream.T @ x + 2 * STRENGTH * w, upstream.sum(0)))
        if masks:
            upstream = (upstream @ w) * masks.pop()
    return margin, slopes[::-1]


def softmax_gradient(layers: Layers, X: Any, y: Any) -> Work:
    """Value and gradient of `race_peers.softmax_objective`."""
    (w1, b1), (w2, b2) = layers
    rows = np.arange(len(X))

    def work() -> Any:
        z = X @ w1.T + b1
        h = np.maximum(z, 0.0)
        logits = h @ w2.T + b2
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        norms = powers.sum(axis=1, keepdims=True)
        value = (np.log(norms[:, 0]) - logits[rows, y]).mean()
        upstream = powers / norms
        upstream[rows, y] -= 1.0
        upstream /= len(X)
        below = (upstream @ w2) * (z > 0)
        return value, flat([(below.T @ X, below.sum(0)), (upstream.T @ h, upstream.sum(0))])

    return work


def network_gradient(layers: Layers, X: Any, y: Any, classes: bool) -> Work:
    """Value and gradient of `sweep.softmax_objective` or, without classes, of `sweep.squared_objective`.

    The arrays of the gradient are kept from call to call.
    """
    slopes = [(np.empty_like(w), np.empty_like(b)) for w, b in layers]
    n, rows = len(X), np.arange(len(X))

    def work() -> Any:
        activations = [X]
        for k, (w, b) in enumerate(layers):
            z = activations[-1] @ w.T
            z += b
            activations.append(np.maximum(z, 0.0, out=z) if k < len(layers) - 1 else z)
        out = activations[-1]
        if classes:
            out -= out.max(axis=1, keepdims=True)
            upstream = np.exp(out)
            norms = upstream.sum(axis=1, keepdims=True)
            value = (np.log(norms[:, 0]) - out[rows, y]).mean()
            upstream /= norms
            upstream[rows, y] -= 1.0
            upstream /= n
        else:
            gap = out - y
            value = (gap * gap).sum() / n
            upstream = gap * (2 / n)
        for k in reversed(range(len(layers))):
            np.matmul(upstream.T, activations[k], out=slopes[k][0])
            upstream.sum(0, out=slopes[k][1])
            if k:
                upstream = upstream @ layers[k][0]
                upstream *= activations[k] > 0
        return value, slopes

    return work
