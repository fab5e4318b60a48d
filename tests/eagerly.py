"""What a compiled function is held against: the same function on the graph, one example after the other."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import Value, grad
from autograd.compiler import traced as batches
from autograd.compiler.compiled import Compiled
from autograd.engine.backward import topological_order


class Reference(NamedTuple):
    """Results of each example, mean gradient of the first output, and the largest number met on the way."""

    results: Any
    gradient: Any
    largest: float


def example(columns: Sequence[Any], row: int) -> list[Any]:
    """The arguments of one example as Values."""
    return [values(np.asarray(column)[row].tolist()) for column in columns]


def values(x: Any) -> Any:
    return [values(y) for y in x] if isinstance(x, list) else Value(x)


def eagerly(f: Callable[..., Any], columns: Sequence[Any], parameters: Sequence[Value]) -> Reference:
    results, gradient, largest = [], np.zeros(len(parameters)), 1.0
    for row in range(len(columns[0])):
        outputs = f(*example(columns, row))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        results.append([output.data if isinstance(output, Value) else float(output) for output in outputs])
        if isinstance(outputs[0], Value) and outputs[0].requires_grad:
            gradient += grad(outputs[0], parameters)
            largest = max(largest, _largest(outputs[0]))
    return Reference(np.array(results), gradient / len(results), largest)


def _largest(output: Value) -> float:
    """The largest data, gradient or contribution of any node behind `output`."""
    order = topological_order(output)
    kept = [(node, node.grad) for node in order]
    output.backward()
    largest = 0.0
    for node in order:
        largest = max([largest, abs(node.data), *map(abs, node.local_grads)])
        if node.grad is not None and node.parents:
            largest = max([largest, abs(node.grad), *(abs(node.grad * local) for local in node.local_grads)])
    for node, before in kept:
        node.grad = before
    return largest


def agree(f: Callable[..., Any], columns: Sequence[Any], tolerance: float = 1e-12, backend: str = "auto") -> Compiled:
    """Hold every way to call a compiled function against the graph; returns it.

    No example is to be calculated on the graph by the compiled function itself.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "replay", _not_wanted)
        return _agree(f, columns, tolerance, backend)


def _not_wanted(*arguments: Any) -> Any:
    raise AssertionError("a result was not finite, and the example calculated on the graph")


def _agree(f: Callable[..., Any], columns: Sequence[Any], tolerance: float, backend: str) -> Compiled:
    compiled = Compiled(f, backend)
    outputs = compiled.map(*columns)
    theta = compiled.flat_parameters()
    reference = eagerly(f, columns, compiled.parameters)
    allowed = tolerance * reference.largest

    def close(x: Any, y: Any, what: str) -> None:
        x, y = np.asarray(x), np.asarray(y)
        assert x.shape == y.shape, f"{what} has shape {x.shape}, not {y.shape}"
        assert np.abs(x - y).max(initial=0.0) <= allowed, f"{what}: {x} compiled, {y} eager"

    close(outputs.reshape(len(outputs), -1), reference.results, "map")
    if reference.results.shape[1] == 1:
        mean = reference.results.mean()
        close(compiled(*columns), mean, "mean")
        value, gradient = compiled.value_and_grad(*columns)
        close(value, mean, "value")
        close(gradient, reference.gradient, "gradient")
        before = [p.data for p in compiled.parameters]
        for p in compiled.parameters:
            p.data = 0.75  # and with `at` nothing is read from here
        value, gradient = compiled.value_and_grad(*columns, at=theta)
        for p, number in zip(compiled.parameters, before, strict=True):
            p.data = number
        close(value, mean, "value at theta")
        close(gradient, reference.gradient, "gradient at theta")
    return compiled
