"""Checking gradients: the chain rule compared with finite differences of values.

The differences come with a bound of their error (see `differences`), so that the comparison has four outcomes: they
agree, they differ and the rule is wrong, the function has a kink here, or the values have too few digits to tell.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..engine.backward import RECORDED, gradients, topological_order
from ..engine.grad import grad
from ..engine.value import Value
from . import differences
from .differences import EPSILON, Estimate, Line, Plane, Values
from .report import Report

_DIGITS = 100.0  # times rtol: differences with a larger error than this decide nothing
_TINY = 1e-307  # floats below this have few digits or none
OK, WRONG, KINK, UNRESOLVED = "ok", "WRONG", "kink", "not resolved"
_WORST = (OK, UNRESOLVED, KINK, WRONG)


class Check(NamedTuple):
    """One derivative: its `name`, its value by the chain rule and by differences, and how they compare.

    `verdict` is "ok", "WRONG", "kink" (there is no derivative: the slopes to the left and right, `one_sided`, differ)
    or "not resolved" (the values of the function have too few digits to tell). `uncertainty` bounds the error of
    `difference`.
    """

    name: str
    chain_rule: float
    difference: float
    uncertainty: float
    verdict: str
    one_sided: tuple[float, float] | None = None

    @property
    def ok(self) -> bool:
        """Whether both agree."""
        return self.verdict == OK

    @property
    def agrees(self) -> bool:
        """The same as `ok`."""
        return self.ok

    @property
    def error(self) -> float:
        """How far the chain rule and the differences are apart."""
        return abs(self.chain_rule - self.difference)

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        numbers = (f"{self.chain_rule:.9g}", f"{self.difference:.9g}", f"{self.error:.1e}")
        if self.one_sided:
            left, right = (f"{slope:.6g}" for slope in self.one_sided)
            return (self.name, *numbers, f"{self.verdict}: {left} to the left, {right} to the right")
        if self.verdict == UNRESOLVED:
            return (self.name, *numbers, f"{self.verdict}: differences are exact to {self.uncertainty:.0e} only")
        return (self.name, *numbers, self.verdict)


class GradientCheck(Report[Check]):
    """The result of `check_gradients`: a sequence of checks that prints as a table and is true when all agree."""

    heading = ("derivative", "chain rule", "difference", "error", "")
    numeric = (1, 2, 3)

    @property
    def worst(self) -> Check:
        """The check with the worst verdict, and among those the largest error in proportion to its size."""

        def badness(check: Check) -> tuple[int, bool, float]:
            error = check.error / max(abs(check.chain_rule), abs(check.difference), 1e-300)
            return _WORST.index(check.verdict), math.isnan(error), error

        return max(self, key=badness)

    def summary(self) -> str:
        """How many agree, and which is the worst of those that do not."""
        if self:
            return f"all {len(self)} agree"
        counts = ((WRONG, "differ"), (KINK, "at a kink"), (UNRESOLVED, "not resolved"))
        found = [(sum(check.verdict == verdict for check in self), text) for verdict, text in counts]
        parts = ", ".join(f"{count} of {len(self)} {text}" for count, text in found if count)
        return f"{parts}, worst: {self.worst.name}"


def check_gradients(
    f: Callable[..., Any], *point: Any, order: int = 1, rtol: float = 1e-6, atol: float = 0.0
) -> GradientCheck:
    """Compare the derivatives of `f` by the chain rule with finite differences of its values.

    Arguments:
        f: a function of Values (and lists or arrays of Values) that returns a Value.
        point: where to check: a float, a list of floats or an array for each argument of `f`.
        order: 1 for gradients, 2 for the second derivatives (every pair of inputs) too.
        rtol: how far the two may differ in proportion to their size, besides the error of the differences.
        atol: how far they may differ whatever their size.

    Returns a GradientCheck: ``bool()`` is True when all agree, ``print()`` shows a table, `.worst` is the worst. Each
    row is "ok", "WRONG", "kink" (as abs at 0; both one-sided slopes are named) or "not resolved" (the values of `f`
    have too few digits to decide, as for 1 + 1e-20*x); only "ok" is true.

    Raises ValueError for another order, an empty point and a value of `f` that is not finite; what `f` raises at the
    point, and beside it where the derivative is infinite (as for sqrt at 0).

    The steps have many sizes and stay inside the domain of `f`. Second derivatives are compared with second differences
    of values: no rule for a derivative takes part in them. Source of the method: Ridders, Advances in Engineering
    Software 4 (1982).

    >>> print(check_gradients(lambda x, y: x * y.exp(), 2.0, 0.0))
    derivative  chain rule  difference    error
    df/dx                1           1  ...      ok
    df/dy                2           2  ...      ok
    all 2 agree
    >>> print(check_gradients(lambda x: abs(x), 0.0))
    derivative  chain rule  difference    error
    df/dx                0           0  0.0e+00  kink: -1 to the left, 1 to the right
    1 of 1 at a kink, worst: df/dx
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")
    numbers = [float(x) for argument in point for x in _numbers(argument)]
    if not numbers:
        raise ValueError("check_gradients needs a point: check_gradients(f, 1.0, 2.0)")
    names = [name for title, argument in zip(_titles(f, point), point, strict=True) for name in _names(title, argument)]
    checker = _Checker(f, point, numbers, rtol, atol)
    checks = [checker.first(f"df/d{name}", k) for k, name in enumerate(names)]
    if order == 2:
        second = [
            checker.second(f"d²f/d{name}d{other}", k, j, checks[k], checks[j])
            for k, name in enumerate(names)
            for j, other in enumerate(names)
        ]
        checks += second
    return GradientCheck(checks)


class _Checker:
    """Compares the derivatives of one function at one point."""

    def __init__(self, f: Callable[..., Any], point: Sequence[Any], numbers: list[float], rtol: float, atol: float):
        self.f, self.point, self.numbers, self.rtol, self.atol = f, point, numbers, rtol, atol
        self.inputs, self.output = self._graph()
        self.middle = float(self.output.data) if isinstance(self.output, Value) else float(self.output)
        if not math.isfinite(self.middle):
            raise ValueError(f"the function is {self.middle} at this point: there are no differences to compare with")
        self.slopes, self.terms = self._grad(self.output)
        self.noise = self._noise()
        self.lines = [Line(self._values(k)) for k in range(len(numbers))]
        self.steps = [0.25 * _size(x) for x in numbers]  # that suit each input, once its slope is known
        self._rows: dict[int, tuple[list[float], list[float]]] = {}
        self._planes: dict[tuple[int, int], Plane] = {}

    def _graph(self) -> tuple[list[Value], Any]:
        inputs = list(map(Value, self.numbers))
        return inputs, self.f(*_shaped(self.point, iter(inputs)))

    def _grad(self, output: Any) -> tuple[list[float], list[float]]:
        """The derivatives by the chain rule, and how far rounding may move each: the sizes of the terms of its sum."""
        if not isinstance(output, Value):
            return [0.0] * len(self.inputs), [0.0] * len(self.inputs)
        size = _sizes(output, self.inputs)
        return grad(output, self.inputs), [16.0 * EPSILON * size.get(x, 0.0) for x in self.inputs]

    def _noise(self) -> float:
        """How far rounding may move the value: the sum of what rounding each node does to the output."""
        noise = abs(self.middle)
        if isinstance(self.output, Value):
            size = _sizes(self.output, self.inputs)
            moved = (abs(node.data) * size.get(node, 0.0) for node in topological_order(self.output) if node.parents)
            noise += math.fsum(x for x in moved if math.isfinite(x))
        return 4.0 * EPSILON * noise

    def _values(self, *moved: int) -> Values:
        """The values of the function where the inputs `moved` have other numbers."""

        def value(*place: float) -> float:
            numbers = list(self.numbers)
            for k, x in zip(moved, place, strict=True):
                numbers[k] = x
            output = self.f(*_shaped(self.point, map(Value, numbers)))
            return float(output.data) if isinstance(output, Value) else float(output)

        return Values(value, [self.numbers[k] for k in moved], self.middle, self.noise)

    def first(self, name: str, k: int) -> Check:
        """The gradient by input `k`."""
        line, x = self.lines[k], self.numbers[k]
        for steps, scaled in ((differences.first_steps(x), 0.0), (differences.more_steps(x), 1.0)):
            line.sample(steps)
            left, right, central = line.slope(-1.0), line.slope(1.0), line.central_slope()
            if at_border := math.isinf(central.error):
                left = right = central = min(left, right, key=lambda side: side.error)
            check = self._compare(name, self.slopes[k], central, left, right, scaled * self._scale(k), self.terms[k])
            if check.ok:
                break
        if at_border and math.isinf(check.chain_rule) and line.values.trouble:
            raise line.values.trouble
        self.steps[k] = central.step or self.steps[k]
        return check

    def second(self, name: str, k: int, j: int, *first: Check) -> Check:
        """The second derivative by inputs `k` and `j`, whose gradients were checked as `first`."""
        if k not in self._rows:
            wanted = [self.inputs[k]]
            is_graph = isinstance(self.output, Value)
            self._rows[k] = self._grad(grad(self.output, wanted, create_graph=True)[0] if is_graph else 0.0)
        exact, rounding = (row[j] for row in self._rows[k])
        if any(check.verdict == KINK for check in first):
            return Check(name, exact, math.nan, math.inf, KINK)
        scale = min(self._scale(a) / _size(self.numbers[b]) for a, b in ((k, j), (j, k)))
        if exact == 0.0:  # as of a function that is linear, or a sum: no smaller scale of its own
            scale = max(scale, self.noise / EPSILON / _size(self.numbers[k]) / _size(self.numbers[j]))
        compare = self._curvature if k == j else self._mixed
        return compare(name, exact, min(k, j), max(k, j), scale, rounding)

    def _scale(self, k: int) -> float:
        """The function's own scale of a slope by input `k`."""
        return self.lines[k].scale(0.25 * _size(self.numbers[k]))

    def _curvature(self, name: str, exact: float, k: int, _: int, scale: float, rounding: float) -> Check:
        line, x = self.lines[k], self.numbers[k]
        for steps, scaled in (([], 0.0), (differences.more_steps(x), 1.0)):
            line.sample(steps)
            left, right, central = line.curvature(-1.0), line.curvature(1.0), line.central_curvature()
            if math.isinf(central.error):
                left = right = central = min(left, right, key=lambda side: side.error)
            check = self._compare(name, exact, central, left, right, scaled * scale, rounding)
            if check.ok:
                break
        return check

    def _mixed(self, name: str, exact: float, k: int, j: int, scale: float, rounding: float) -> Check:
        if (k, j) not in self._planes:
            self._planes[k, j] = Plane(self._values(k, j), (self.steps[k], self.steps[j]))
        plane = self._planes[k, j]
        for exponents, scaled in ((range(2, -7, -1), 0.0), (range(6, -18, -1), 1.0)):
            plane.parts = [2.0**e for e in exponents]
            central = plane.central()
            check = self._compare(name, exact, central, central, central, scaled * scale, rounding)
            if check.ok:
                return check
        sides = sorted(plane.quadrant(a, b) for a in (1, -1) for b in (1, -1))
        return self._compare(name, exact, central, sides[0], sides[-1], scale, rounding)

    def _compare(
        self,
        name: str,
        exact: float,
        central: Estimate,
        left: Estimate,
        right: Estimate,
        scale: float,
        rounding: float,
    ) -> Check:
        """The verdict on a derivative by the chain rule, `exact`.

        Arguments:
            central, left, right: what the differences give around the point and to both sides.
            scale: the function's own scale of such derivatives, beside which a smaller one is 0; 0.0 while there are
                more steps to try.
            rounding: how far rounding may move the derivative by the chain rule.
        """
        number, bound = central.number, central.error
        size = max(abs(exact), abs(number))
        gap = abs(left.number - right.number)
        allowed = 3.0 * (left.error + right.error) + self.rtol * max(abs(left.number), abs(right.number)) + self.atol
        one_sided = (left.number, right.number) if gap > allowed else None
        digits = max(_DIGITS * self.rtol * size, 1e-9 * scale, self.atol)  # an error that leaves enough digits
        if one_sided and min(one_sided) - allowed <= exact <= max(one_sided) + allowed:
            verdict = KINK
        elif math.isnan(exact) or abs(exact - number) > self.rtol * size + self.atol + bound + rounding + _TINY:
            verdict = WRONG
        elif math.isfinite(exact) and (bound <= digits or size <= rounding):
            verdict = OK
        else:
            verdict = UNRESOLVED
        return Check(name, exact, number, bound, verdict, one_sided)


def _sizes(output: Value, inputs: list[Value]) -> dict[Value, float]:
    """Of each node, the sum of the sizes of the products along all paths to it: its gradient if nothing cancelled."""
    try:
        sizes = RECORDED._replace(local_grads=lambda node: tuple(map(abs, node.local_grads)))
        return gradients(output, inputs, 1.0, sizes)
    except ValueError:  # an infinite local derivative times 0
        return {}


def _size(x: float) -> float:
    return abs(x) or 1.0


def _is_list(argument: Any) -> bool:
    return hasattr(argument, "__len__") and getattr(argument, "shape", None) != ()


def _numbers(argument: Any) -> Iterator[Any]:
    if not _is_list(argument):
        yield argument
        return
    for item in argument:
        yield from _numbers(item)


def _names(title: str, argument: Any) -> Iterator[str]:
    if not _is_list(argument):
        yield title
        return
    for k, item in enumerate(argument):
        yield from _names(f"{title}[{k}]", item)


def _shaped(point: Iterable[Any], numbers: Iterator[Value]) -> list[Any]:
    """The Values in the shape of the point: lists for lists, arrays of Values for arrays."""
    return [_like(argument, numbers) for argument in point]


def _like(argument: Any, numbers: Iterator[Value]) -> Any:
    if not _is_list(argument):
        return next(numbers)
    values = [_like(item, numbers) for item in argument]
    if not hasattr(argument, "shape"):
        return values
    import numpy as np

    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array if np.ndim(argument) == 1 else np.array(values, dtype=object)


def _titles(f: Callable[..., Any], point: Sequence[Any]) -> list[str]:
    """The names of the parameters of `f`, or x0, x1, ... where it does not say them."""
    import inspect  # which nothing else here needs, and which takes long to import

    try:
        names = list(inspect.signature(f).parameters)[: len(point)]
    except (TypeError, ValueError):
        names = []
    return names if len(names) == len(point) else [f"x{k}" for k in range(len(point))]
