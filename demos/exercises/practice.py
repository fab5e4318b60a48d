"""From gradients to training: replace numerical gradients, choose ε and η, count shapes, find dead neurons."""

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random
from types import ModuleType
from typing import Any

import autograd
import nn
from autograd import Value, diagnose, scope

from .exercise import Exercise, Sheet, Wrong, asked, joined, number, shown, task, word

# %% From nudging every weight to the chain rule.
_NUDGE = '''
from copy import deepcopy

import numpy as np


def feed_forward(inputs, outputs, weights):
    """The mean squared error of a network with a hidden layer of sigmoid neurons and a linear output."""
    hidden = 1 / (1 + np.exp(-(np.dot(inputs, weights[0]) + weights[1])))
    predicted = np.dot(hidden, weights[2]) + weights[3]
    return np.mean(np.square(predicted - outputs))


def update_weights(inputs, outputs, weights, lr):
    """The weights after one step of gradient descent, each slope measured by nudging one weight."""
    updated = deepcopy(weights)
    loss = feed_forward(inputs, outputs, weights)
    for i, layer in enumerate(weights):
        for index, _ in np.ndenumerate(layer):
            nudged = deepcopy(weights)
            nudged[i][index] += 0.0001
            slope = (feed_forward(inputs, outputs, nudged) - loss) / 0.0001
            updated[i][index] -= lr * slope
    return updated
'''
_CHAIN_RULE = """
import numpy as np


def feed_forward(inputs, outputs, weights):
    hidden = 1 / (1 + np.exp(-(np.dot(inputs, weights[0]) + weights[1])))
    predicted = np.dot(hidden, weights[2]) + weights[3]
    return np.mean(np.square(predicted - outputs))


def update_weights(inputs, outputs, weights, lr):
    w_h, b_h, w_o, b_o = weights
    hidden = 1 / (1 + np.exp(-(np.dot(inputs, w_h) + b_h)))
    predicted = np.dot(hidden, w_o) + b_o
    delta_o = 2 * (predicted - outputs) / outputs.size
    delta_h = np.dot(delta_o, w_o.T) * hidden * (1 - hidden)
    slopes = [
        np.dot(inputs.T, delta_h),
        delta_h.sum(axis=0, keepdims=True),
        np.dot(hidden.T, delta_o),
        delta_o.sum(axis=0, keepdims=True),
    ]
    return [weight - lr * slope for weight, slope in zip(weights, slopes)]
"""
_PARTS = ("W_h", "b_h", "W_o", "b_o")


def _replace_sheet(seed: int) -> Sheet:
    text = task(
        """
        update_weights measures the slope of each weight by nudging it: one forward pass for each weight, and one more.
        Rewrite it with the chain rule: same arguments, same result, and at most one call of feed_forward.

        inputs is an array of n rows, outputs one of n rows and one column; weights is a list of four arrays: W_h
        (inputs×hidden), b_h (1×hidden), W_o (hidden×1), b_o (1×1). It must not be changed.
        """
    )
    return Sheet(
        text,
        _NUDGE.strip(),
        (
            word("First the error signal of the output: ∂loss/∂predicted = 2·(predicted - outputs)/n."),
            word("Then that of the hidden layer: what comes back through W_o, times hidden·(1 - hidden)."),
            word(
                "The slope of a weight matrix is (what goes into it)ᵀ times (the error signal behind it); that of a "
                "bias is the sum of the error signal over the examples."
            ),
        ),
        _CHAIN_RULE.strip(),
        lambda module: _check_replacement(module, seed),
    )


def _check_replacement(module: ModuleType, seed: int) -> None:
    import numpy as np

    update, feed_forward = asked(module, "update_weights"), asked(module, "feed_forward")
    rng = np.random.default_rng(abs(seed))
    inputs, outputs = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    weights = [rng.normal(size=shape) for shape in ((2, 3), (1, 3), (3, 1), (1, 1))]
    calls = 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return feed_forward(*arguments, **named)

    module.feed_forward = counted  # type: ignore[attr-defined]
    kept = [weight.copy() for weight in weights]
    found = update(inputs, outputs, weights, 0.1)
    if not all(map(np.array_equal, weights, kept)):
        raise Wrong("the weights that were given have been changed: return new arrays")
    if not isinstance(found, list | tuple) or len(found) != 4:
        raise Wrong("update_weights should return a list of four arrays, yours returns {found}", found=shown(found))
    values = [np.vectorize(Value, otypes=[object])(weight) for weight in weights]
    loss = Value(0.0)
    for row, target in zip(inputs, outputs[:, 0], strict=True):
        hidden = [
            sum((x * w for x, w in zip(row, column, strict=True)), bias).sigmoid()
            for column, bias in zip(values[0].T, values[1][0], strict=True)
        ]
        predicted = sum((h * w for h, w in zip(hidden, values[2][:, 0], strict=True)), values[3][0, 0])
        loss = loss + (predicted - target) ** 2 / len(inputs)
    loss.backward()
    for name, new, old, layer in zip(_PARTS, found, weights, values, strict=True):
        if np.shape(new) != old.shape:
            text = "{name} should keep its shape {shape}, yours has {found}"
            raise Wrong(text, name=name, shape=old.shape, found=np.shape(new))
        slopes = np.vectorize(lambda value: value.grad, otypes=[float])(layer)
        right = old - 0.1 * slopes
        far = np.abs(np.asarray(new, float) - right)
        if not np.max(far) < 1e-5 * (1 + np.max(np.abs(slopes))):
            index = tuple(int(k) for k in np.unravel_index(np.argmax(far), far.shape))
            raise Wrong(
                "{place}: the engine's slope is {slope:.6g}, so it should become {right:.6g}; yours is {found:.6g}",
                place=f"{name}{list(index)}", slope=slopes[index], right=right[index],
                found=np.asarray(new, float)[index],
            )  # fmt: skip
    if calls > 1:
        raise Wrong(
            "the weights are right, but feed_forward was called {n} times: the chain rule needs no nudging", n=calls
        )


# %% Choose ε, choose η.
def _function(seed: int) -> tuple[Callable[[Any], Any], str, float]:
    rng = Random(f"{seed} function")
    a, b = rng.randint(2, 5), rng.randint(2, 4)
    return lambda x: autograd.exp(x / a) * autograd.sin(b * x), f"exp(x/{a})·sin({b}·x)", rng.randint(3, 9) / 10


def _error(f: Callable[[Any], Any], x: float, rule: str, step: float) -> float:
    """The relative error of a numerical derivative."""
    at = Value(x)
    f(at).backward()
    right = at.grad or 0.0

    def data(point: float) -> float:
        return float(f(Value(point)).data)

    left = x if rule == "forward" else x - step
    found = (data(x + step) - data(left)) / (step if rule == "forward" else 2 * step)
    return abs(found - right) / abs(right)


def _epsilon_sheet(seed: int) -> Sheet:
    f, text, x = _function(seed)
    about = task(
        """
        A numerical derivative of {function} at x = {x} should have a relative error below 1e-9.

        Choose the rule, "forward": (f(x + ε) - f(x))/ε, or "central": (f(x + ε) - f(x - ε))/(2ε), and ε.
        """,
        function=text, x=x,
    )  # fmt: skip
    return Sheet(
        about,
        'rule = "forward"\nepsilon = 0.1',
        (
            word(
                "A large ε is wrong because f is not a line (truncation), a small one because f has 16 digits "
                "(rounding)."
            ),
            word("The error of the forward rule falls like ε, that of the central one like ε²."),
        ),
        'rule = "central"\nepsilon = 1e-5',
        lambda module: _check_epsilon(module, f, x),
    )


def _check_epsilon(module: ModuleType, f: Callable[[Any], Any], x: float) -> str:
    rule, step = asked(module, "rule"), number(asked(module, "epsilon"), "epsilon")
    if rule not in ("forward", "central"):
        raise Wrong('rule is {found}, but should be "forward" or "central"', found=shown(rule))
    if not 0 < step <= 1 or x + step == x:
        raise Wrong("epsilon is {found:g}: it should be between 0 and 1, and large enough to change x", found=step)
    error, larger, smaller = (_error(f, x, rule, step * factor) for factor in (1, 10, 0.1))
    if error < 1e-9:
        return word("The relative error is {error:.1e}.", error=error)
    best = min(_error(f, x, rule, 10.0**-k) for k in range(1, 15))
    if best >= 1e-9:
        raise Wrong(
            'the relative error is {error:.1e}, and the rule "{rule}" does not reach 1e-9: its best is {best:.1e}',
            error=error, rule=rule, best=best,
        )  # fmt: skip
    if smaller < larger:
        raise Wrong("the relative error is {error:.1e}; most of it is truncation: a smaller ε is better", error=error)
    raise Wrong("the relative error is {error:.1e}; most of it is rounding: a larger ε is better", error=error)


def _eta_sheet(seed: int) -> Sheet:
    c = Random(f"{seed} curvature").randint(3, 40)
    text = task(
        """
        Gradient descent: w ← w - η·(slope).

        1. On the bowl ½·{c}·w² it converges for every η below a limit. largest is that limit.

        2. On the valley ½·w1² + ½·{c}·w2², fastest is the η with which it arrives in the fewest steps: with which the
        slower of the two directions shrinks as much as possible in each step.
        """,
        c=c,
    )
    return Sheet(
        text,
        "largest = ...\nfastest = ...",
        (
            word("One step on the bowl: w becomes (1 - {c}·η)·w. When is that smaller than w?", c=c),
            word("One direction of the valley shrinks by |1 - η|, the other by |1 - {c}·η|. Make both equal.", c=c),
        ),
        f"largest = 2 / {c}\nfastest = 2 / (1 + {c})",
        lambda module: _check_eta(module, float(c)),
    )


def _steps(rate: float, curvatures: tuple[float, ...], most: int = 20_000) -> int:
    """The steps that descent from 1 in each direction takes to come within 1e-6 of 0; `most` where it does not."""
    w = [1.0] * len(curvatures)
    for step in range(most):
        size = max(map(abs, w))
        if size < 1e-6:
            return step
        if size > 1e6:
            break
        w = [x - rate * c * x for x, c in zip(w, curvatures, strict=True)]
    return most


def _check_eta(module: ModuleType, c: float) -> str:
    largest = number(asked(module, "largest"), "largest")
    if not 0 < largest < 100:
        raise Wrong("largest is {found:g}, which is no learning rate for this bowl", found=largest)
    if abs(1 - 0.999 * largest * c) >= 1:
        factor = 1 - 0.999 * largest * c
        text = "with η = {eta:.4g}, which is below yours, each step multiplies w by {factor:.4g}"
        raise Wrong(text, eta=0.999 * largest, factor=factor)
    if abs(1 - 1.001 * largest * c) <= 1:
        factor = 1 - 1.001 * largest * c
        text = "η = {eta:.4g} converges too: each step multiplies w by {factor:.4g}; the limit is higher"
        raise Wrong(text, eta=1.001 * largest, factor=factor)
    fastest = number(asked(module, "fastest"), "fastest")
    found, best = _steps(fastest, (1.0, c)), _steps(2 / (1 + c), (1.0, c))
    if not found <= best:
        taken = word("takes {n} steps", n=found) if found < 20_000 else word("does not arrive")
        raise Wrong(
            "η = {eta:.4g} {taken}: a step multiplies w1 by {first:.4g} and w2 by {second:.4g}. The larger of the two "
            "sizes can be smaller than that.",
            eta=fastest, taken=taken, first=1 - fastest, second=1 - fastest * c,
        )  # fmt: skip
    return word("{n} steps, though the bowl of curvature 1 alone would take one: the valley is narrow.", n=best)


# %% Shapes and counts.
def _shapes_sheet(seed: int) -> Sheet:
    rng = Random(f"{seed} shapes")
    side, hidden, classes, examples = (
        rng.choice((4, 6, 8)),
        rng.randint(10, 40),
        rng.randint(3, 10),
        1000 * rng.randint(5, 60),
    )
    sizes = [side * side * 3, hidden, classes]
    text = task(
        """
        Pictures of {side} × {side} pixels in three colours go into a network with one hidden layer of {hidden} neurons
        and {classes} classes; every neuron has a bias. A layer is φ(X·W + b), where X has a row for each example.

        shapes are those of the two matrices W, as pairs (rows, columns); parameters is how many numbers are trained;
        multiplications is how many an epoch of {examples:,} examples needs in the forward pass (of weights and inputs,
        without those in φ).
        """,
        side=side, hidden=hidden, classes=classes, examples=examples,
    )  # fmt: skip
    weights = sizes[0] * sizes[1] + sizes[1] * sizes[2]
    return Sheet(
        text,
        "shapes = [(..., ...), (..., ...)]\nparameters = ...\nmultiplications = ...",
        (
            word("X has one column for each input, and X·W one for each neuron."),
            word("Each weight is used once for each example; a bias is added, not multiplied."),
        ),
        f"shapes = {list(pairwise(sizes))}\nparameters = {weights + sum(sizes[1:])}\n"
        f"multiplications = {weights * examples}",
        lambda module: _check_shapes(module, sizes, examples),
    )


def _check_shapes(module: ModuleType, sizes: list[int], examples: int) -> None:
    shapes = asked(module, "shapes")
    right = list(pairwise(sizes))
    try:
        found = [(int(rows), int(columns)) for rows, columns in shapes]
    except (TypeError, ValueError):
        raise Wrong("shapes is {found}, but should be two pairs of numbers", found=shown(shapes)) from None
    if len(found) != 2:
        raise Wrong("there are two matrices, yours are {n}", n=len(found))
    for k, (yours, wanted) in enumerate(zip(found, right, strict=True), 1):
        if yours != wanted:
            text = "matrix {k} is not {found}: it has a row for each input and a column for each neuron."
            turned = word("Yours is the transposed one.") if yours == wanted[::-1] else ""
            raise Wrong(joined([word(text, k=k, found=yours), turned]))
    total = len(list(nn.MLP(sizes[0], sizes[1:], seed=0).parameters()))
    weights = total - sum(sizes[1:])
    parameters = number(asked(module, "parameters"), "parameters")
    if parameters != total:
        network = f"nn.MLP({sizes[0]}, {sizes[1:]})"
        why = word("You left out the biases.") if parameters == weights else ""
        text = "{network} does not have {found:g} parameters."
        raise Wrong(joined([word(text, network=network, found=parameters), why]))
    count = number(asked(module, "multiplications"), "multiplications")
    if count != weights * examples:
        why = ""
        if count == weights:
            why = word("That is one example.")
        elif count == total * examples:
            why = word("Biases are not multiplied.")
        text = "an epoch does not take {found:g} multiplications: each weight takes one for each example."
        raise Wrong(joined([word(text, found=count), why]))


# %% Dead or alive.
def _neurons(seed: int) -> tuple[list[tuple[float, float, float]], list[tuple[float, float]]]:
    """Six ReLU neurons (w1, w2, b), of which two or three are dead on the points."""
    rng = Random(f"{seed} dead")
    points = [(rng.randint(-10, 10) / 10, rng.randint(-10, 10) / 10) for _ in range(6)]
    while True:
        neurons = [(rng.randint(-9, 9) / 10, rng.randint(-9, 9) / 10, rng.randint(-9, 4) / 10) for _ in range(6)]
        nets = [[w1 * x1 + w2 * x2 + b for x1, x2 in points] for w1, w2, b in neurons]
        dead = sum(max(row) < 0 for row in nets)
        if dead in (2, 3) and all(abs(net) > 0.02 for row in nets for net in row):
            return neurons, points


def _dead(neurons: list[tuple[float, float, float]], points: list[tuple[float, float]]) -> list[int]:
    return [k for k, (w1, w2, b) in enumerate(neurons) if max(w1 * x1 + w2 * x2 + b for x1, x2 in points) < 0]


def _dead_sheet(seed: int) -> Sheet:
    neurons, points = _neurons(seed)
    dead = _dead(neurons, points)
    numbered = (f"{k}: relu({a}·x1 {b:+}·x2 {c:+})" for k, (a, b, c) in enumerate(neurons))
    w1, w2, _ = neurons[dead[0]]
    alive = math.ceil(10 * (0.05 - max(w1 * x1 + w2 * x2 for x1, x2 in points))) / 10
    text = task(
        """
        Six ReLU neurons see these points (x1, x2):

            {points}

        The neurons:

            {neurons}

        A neuron that gives 0 at every point is dead: none of its weights gets a gradient. dead lists the numbers of the
        dead ones; bias is one with which the first of them is alive.
        """,
        points=", ".join(map(str, points)), neurons="\n".join(numbered),
    )  # fmt: skip
    return Sheet(
        text,
        "dead = [...]\nbias = ...",
        (
            word("A neuron is alive when w1·x1 + w2·x2 + b is positive at one point at least."),
            word("Find the largest w1·x1 + w2·x2; the bias must be larger than minus that."),
        ),
        f"dead = {dead}\nbias = {alive}",
        lambda module: _check_dead(module, neurons, points),
    )


def _check_dead(
    module: ModuleType, neurons: list[tuple[float, float, float]], points: list[tuple[float, float]]
) -> None:
    answer = asked(module, "dead")
    right = _dead(neurons, points)
    try:
        found = sorted({int(number(k, word("a number in dead"))) for k in answer})
    except TypeError:
        raise Wrong("dead is {found}, but should be a list of numbers", found=shown(answer)) from None
    for k, (w1, w2, b) in enumerate(neurons):
        nets = {point: w1 * point[0] + w2 * point[1] + b for point in points}
        point = max(nets, key=lambda p: nets[p])
        if k in found and k not in right:
            text = "neuron {k} is alive: at {point} it gives relu({net:.4g}) = {net:.4g}"
            raise Wrong(text, k=k, point=point, net=nets[point])
        if k in right and k not in found:
            raise Wrong(
                "neuron {k} is dead: at {point} its sum is largest, and it is {net:.4g} even there. {report}",
                k=k, point=point, net=nets[point], report=_said(neurons[k], points),
            )  # fmt: skip
    if set(found) - set(right):
        raise Wrong("there is no neuron {k}", k=max(found))
    w1, w2, _ = neurons[right[0]]
    bias = number(asked(module, "bias"), "bias")
    most = max(w1 * x1 + w2 * x2 for x1, x2 in points)
    if not most + bias > 0:
        text = "with the bias {bias:g} neuron {k} is still dead: its largest sum is {net:.4g}"
        raise Wrong(text, bias=bias, k=right[0], net=most + bias)


def _said(neuron: tuple[float, float, float], points: list[tuple[float, float]]) -> str:
    """What the engine says about one neuron on all points."""
    w1, w2, b = (Value(number, label) for number, label in zip(neuron, ("w1", "w2", "b"), strict=True))
    total = Value(0.0)
    for x1, x2 in points:
        with scope("neuron"):
            total = total + (w1 * x1 + w2 * x2 + b).relu()
    return str(diagnose(total))


EXERCISES = (
    Exercise("replace", "Replace update_weights by the chain rule", "L06", _replace_sheet),
    Exercise("epsilon", "Choose ε of a numerical derivative", "L06", _epsilon_sheet),
    Exercise("eta", "Choose η of gradient descent", "L07", _eta_sheet),
    Exercise("shapes", "Shapes and counts", "L21", _shapes_sheet),
    Exercise("dead", "Dead or alive", "L22", _dead_sheet),
)
