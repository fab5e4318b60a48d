"""Checking gradients: the chain rule held against differences of function values.

Both must agree up to the error of the differences; where they do not, a rule or a derivation is wrong.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..engine.grad import grad
from ..engine.grad_mode import no_grad
from ..engine.value import Value

_STEPS = (1e-4, 3e-6, 1e-7)  # the first leaves the least rounding error, the last stays nearest to the point


class Check(NamedTuple):
    """One derivative: by the chain rule, by differences, and whether they agree."""

    name: str
    chain_rule: float
    difference: float
    agrees: bool

    @property
    def error(self) -> float:
        return abs(self.chain_rule - self.difference)


class GradientCheck(Sequence[Check]):
    """The result of `check_gradients`: a sequence of checks that prints as a table and is true when all agree."""

    def __init__(self, checks: list[Check]):
        self._checks = checks

    def __getitem__(self, k: Any) -> Any:
        return self._checks[k]

    def __len__(self) -> int:
        return len(self._checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def __bool__(self) -> bool:
        return all(check.agrees for check in self._checks)

    @property
    def worst(self) -> Check:
        """The check with the largest error in proportion to its size, among those that fail if any do."""
        return max(self._checks, key=lambda c: (not c.agrees, c.error / (1.0 + abs(c.difference)), c.error != c.error))

    def __str__(self) -> str:
        width = max(10, *(len(check.name) for check in self._checks))
        lines = [f"{'derivative':<{width}}  {'chain rule':>16}  {'difference':>16}  {'error':>8}"]
        for c in self._checks:
            verdict = "ok" if c.agrees else "WRONG"
            lines.append(f"{c.name:<{width}}  {c.chain_rule:>16.9g}  {c.difference:>16.9g}  {c.error:>8.1e}  {verdict}")
        wrong = sum(not check.agrees for check in self._checks)
        verdict = f"{wrong} of {len(self)} differ, worst: {self.worst.name}" if wrong else f"all {len(self)} agree"
        return "\n".join([*lines, verdict])

    __repr__ = __str__


def check_gradients(
    f: Callable[..., Any], *point: Any, order: int = 1, rtol: float = 1e-6, atol: float = 1e-8
) -> GradientCheck:
    """Hold the derivatives of `f` by the chain rule against central differences.

    Arguments:
        f: a function of Values (and lists of Values) that returns a Value.
        point: where to check: a float, or a list of floats, for each argument of `f`.
        order: 1 for gradients, 2 for the second derivatives (every pair of inputs) too.
        rtol, atol: they agree when they differ by at most atol + rtol times the larger of 1 and their size.

    Returns a GradientCheck: ``bool()`` tells whether all agree, ``print()`` shows a table, `.worst` is the worst.
    Raises ValueError for another order or an empty point, and what `f` raises near the point. At a kink (relu at 0)
    the difference is no derivative, and they disagree.

    The differences are central, at two steps, extrapolated (Richardson; Press et al., Numerical Recipes 5.7).

    >>> print(check_gradients(lambda x, y: x * y.exp(), 2.0, 0.0))
    derivative        chain rule        difference     error
    df/dx                      1                 1   ...  ok
    df/dy                      2                 2   ...  ok
    all 2 agree
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")
    numbers = [float(x) for x in _flat(point)]
    if not numbers:
        raise ValueError("check_gradients needs a point: check_gradients(f, 1.0, 2.0)")
    names = _names(f, point)

    def value(at: list[float]) -> list[float]:
        with no_grad():
            return [float(f(*_shaped(point, map(Value, at))))]

    derivatives = _gradient(f, point, numbers)
    differences = [_difference(value, numbers, k)[0] for k in range(len(numbers))]
    titles = [f"df/d{name}" for name in names]
    if order == 2:  # as differences of the gradients, which the differences of the function have just confirmed
        for k, name in enumerate(names):
            derivatives += _second(f, point, numbers, k)
            differences += _difference(lambda at: _gradient(f, point, at), numbers, k)
            titles += [f"d²f/d{name}d{other}" for other in names]
    checks = zip(titles, derivatives, differences, strict=True)
    return GradientCheck([Check(t, d, n, abs(d - n) <= atol + rtol * max(1.0, abs(d), abs(n))) for t, d, n in checks])


def _gradient(f: Callable[..., Any], point: Sequence[Any], numbers: Iterable[float]) -> list[float]:
    inputs = list(map(Value, numbers))
    output = f(*_shaped(point, inputs))
    return grad(output, inputs) if isinstance(output, Value) else [0.0] * len(inputs)


def _second(f: Callable[..., Any], point: Sequence[Any], numbers: Iterable[float], k: int) -> list[float]:
    inputs = list(map(Value, numbers))
    output = f(*_shaped(point, inputs))
    if not isinstance(output, Value):
        return [0.0] * len(inputs)
    return grad(grad(output, [inputs[k]], create_graph=True)[0], inputs)


def _difference(f: Callable[[list[float]], list[float]], numbers: list[float], k: int) -> list[float]:
    """The derivative of each result of `f` by the k-th number, from central differences.

    Two steps are extrapolated; where they do not agree, as near a kink or a pole, smaller ones are tried.
    """

    def central(h: float) -> list[float]:
        above, below = list(numbers), list(numbers)
        above[k] += h
        below[k] -= h
        return [(a - b) / (above[k] - below[k]) for a, b in zip(f(above), f(below), strict=True)]

    scale = max(1.0, abs(numbers[k]))
    best: list[tuple[float, float]] = []  # of each result, how far the two steps differ, and the derivative
    for step in _STEPS:
        try:
            pairs = list(zip(central(step * scale), central(2.0 * step * scale), strict=True))
        except (ValueError, ArithmeticError):
            if step == _STEPS[-1] and not best:
                raise
            continue
        found = [(gap if (gap := abs(a - b)) == gap else math.inf, (4.0 * a - b) / 3.0) for a, b in pairs]
        best = [min(pair) for pair in zip(best or found, found, strict=True)]
        if all(gap <= 1e-6 * max(1.0, abs(derivative)) for gap, derivative in best):
            break
    return [derivative for _, derivative in best]


def _is_list(argument: Any) -> bool:
    return hasattr(argument, "__len__") and getattr(argument, "shape", None) != ()


def _flat(point: Iterable[Any]) -> list[Any]:
    return [x for argument in point for x in (argument if _is_list(argument) else [argument])]


def _shaped(point: Iterable[Any], numbers: Iterable[Any]) -> list[Any]:
    source = iter(numbers)
    return [[next(source) for _ in a] if _is_list(a) else next(source) for a in point]


def _names(f: Callable[..., Any], point: Sequence[Any]) -> list[str]:
    import inspect  # of which the rest of the package has no need

    try:
        names = list(inspect.signature(f).parameters)[: len(point)]
    except (TypeError, ValueError):
        names = []
    if len(names) < len(point):
        names = [f"x{k}" for k in range(len(point))]
    return [
        name if k is None else f"{name}[{k}]"
        for name, argument in zip(names, point, strict=True)
        for k in (range(len(argument)) if _is_list(argument) else [None])
    ]
