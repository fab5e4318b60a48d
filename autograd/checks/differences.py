"""Derivatives of a function from its values alone, each with a bound of its error.

A difference of values has two errors: the step is not infinitely small (truncation), and the values are rounded (noise,
which grows as the step shrinks). So values are taken over many sizes of steps; each row of differences is extrapolated
to step 0 (Ridders, Advances in Engineering Software 4, 1982; Press et al., Numerical Recipes 5.7), the changes within
the extrapolation bound its truncation, and the result is the row with the smallest bound among those that no smaller
step contradicts (Lepskii's rule, Theory of Probability and its Applications 35, 1991).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

EPSILON = 2.0**-52
_ORDERS = 6  # of an extrapolation: more gain nothing in floats
_CAUTION = 4.0  # a change times this bounds the truncation, also of a series in the root of h
_AMPLIFIED = 8.0  # extrapolating multiplies the noise of its smallest step by at most this


class Sample(NamedTuple):
    """A difference quotient with step `h`, and how far noise may move it."""

    h: float
    quotient: float
    noise: float


NO_SAMPLE = Sample(math.inf, math.nan, math.inf)


class Estimate(NamedTuple):
    """A derivative, the bound of its error, and the step that gave it."""

    number: float
    error: float
    step: float


NOTHING = Estimate(math.nan, math.inf, 0.0)


def extrapolate(samples: Sequence[Sample], power: int) -> Estimate:
    """The limit at step 0 of the quotients, which are a series in ``h**power``; `samples` go from large h to small."""
    rows: list[tuple[float, float]] = []  # of each sample, its best extrapolation and the bound of the error
    before: list[float] = []
    # Beside a large x, several steps are rounded to the same one.
    samples = [b for a, b in pairwise([NO_SAMPLE, *samples]) if b.h != a.h and math.isfinite(b.quotient)]
    for i, sample in enumerate(samples):
        row, best = [sample.quotient], (sample.quotient, math.inf)
        for k in range(1, min(i, _ORDERS) + 1):
            ratio = samples[i - k].h / sample.h
            ratio = ratio if power == 1 else ratio * ratio
            row.append(row[-1] + (row[-1] - before[k - 1]) / (ratio - 1.0))
            change = max(abs(row[k] - row[k - 1]), abs(row[k] - before[k - 1]))
            error = _CAUTION * change + _AMPLIFIED * sample.noise
            best = min(best, (row[k], error), key=lambda entry: entry[1])
        rows.append(best)
        before = row
    chosen = NOTHING
    trusted: list[tuple[float, float]] = []
    for sample, (number, error) in zip(reversed(samples), reversed(rows), strict=True):
        if any(abs(number - other) > error + bound for other, bound in trusted):
            break
        trusted.append((number, error))
        if error < chosen.error:
            chosen = Estimate(number, error, sample.h)
    return chosen


class Values:
    """The values of a function of some numbers around a point, taken once each.

    `noise` is how far rounding may move a value near the point, where it is `middle`. A value is NaN where `f` raises;
    `trouble` is the first error that it raised.
    """

    def __init__(self, f: Callable[..., float], point: Sequence[float], middle: float, noise: float):
        self._f, self.point, self.middle, self._noise = f, point, middle, noise
        self.trouble: Exception | None = None
        self._known: dict[tuple[float, ...], float] = {}

    def at(self, *place: float) -> float:
        """The value there."""
        if place not in self._known:
            try:
                self._known[place] = self._f(*place)
            except (ValueError, ArithmeticError) as error:
                self.trouble = self.trouble or error
                self._known[place] = math.nan
        return self._known[place]

    def noise(self, *values: float) -> float:
        """How far rounding may move the largest of these values."""
        return self._noise + 4.0 * EPSILON * max(map(abs, values))


class Line:
    """The derivatives of a function of one number, from its `values` at some steps to both sides.

    Steps that leave the domain of the function (it raises, or gives no finite number) are left out.
    """

    def __init__(self, values: Values):
        self.values, self.x = values, values.point[0]
        self._steps: list[float] = []

    def sample(self, steps: Iterable[float]) -> None:
        """Take the values at these steps too."""
        self._steps = sorted({*self._steps, *steps}, reverse=True)

    def _secants(self, sign: float) -> dict[float, tuple[float, float, float]]:
        """By the step that was asked for: the real step to this side, the slope to that point, and the value there."""
        found: dict[float, tuple[float, float, float]] = {}
        last = 0.0
        for step in self._steps:
            at = self.x + sign * step
            h, value = abs(at - self.x), self.values.at(at)
            if h > 0.0 and h != last and math.isfinite(slope := sign * (value - self.values.middle) / h):
                found[step] = h, slope, value
                last = h
        return found

    def _side(self, sign: float) -> dict[float, Sample]:
        """The slopes between `x` and the points to one side of it, with their noise, by the step."""
        # A function that rounds its argument as floats are rounded moves by this much.
        rounded = EPSILON * abs(self.x) * self.scale(first_steps(self.x)[-1])
        return {
            step: Sample(h, slope, 2.0 * (rounded + self.values.noise(value)) / h)
            for step, (h, slope, value) in self._secants(sign).items()
        }

    def scale(self, near: float) -> float:
        """The largest slope between `x` and a point not further than this."""
        slopes = [
            abs(slope)
            for sign in (-1.0, 1.0)
            for step, (_, slope, _) in self._secants(sign).items()
            if near / 8.0 < step <= near
        ]
        return max(slopes, default=0.0)

    def slope(self, sign: float) -> Estimate:
        """The slope to one side: 1.0 the right one, -1.0 the left one."""
        return extrapolate([*self._side(sign).values()], 1)

    def curvature(self, sign: float) -> Estimate:
        """The second derivative to one side."""
        side = [*self._side(sign).values()]
        return extrapolate(
            [
                Sample(
                    a.h, sign * 2.0 * (a.quotient - b.quotient) / (a.h - b.h), 2.0 * (a.noise + b.noise) / (a.h - b.h)
                )
                for a, b in pairwise(side)
            ],
            1,
        )

    def _both(self) -> list[tuple[Sample, Sample]]:
        """The slopes to the left and to the right, of the steps that are possible to both sides."""
        left, right = self._side(-1.0), self._side(1.0)
        return [(left[step], right[step]) for step in left if step in right]

    def central_slope(self) -> Estimate:
        """The derivative, from differences between both sides (whose steps rounding may have made unequal)."""
        return extrapolate(
            [
                Sample(a.h, (b.h * a.quotient + a.h * b.quotient) / (a.h + b.h), max(a.noise, b.noise))
                for a, b in self._both()
            ],
            2,
        )

    def central_curvature(self) -> Estimate:
        """The second derivative, from differences between both sides."""
        return extrapolate(
            [
                Sample(a.h, 2.0 * (b.quotient - a.quotient) / (a.h + b.h), 2.0 * max(a.noise, b.noise) / a.h)
                for a, b in self._both()
            ],
            2,
        )


class Plane:
    """The mixed second derivative of a function of two numbers, from its `values` at steps in proportion to `sizes`."""

    def __init__(self, values: Values, sizes: tuple[float, float]):
        self.values, self.sizes = values, sizes
        self.parts: Sequence[float] = ()

    def _corners(self, signs: Sequence[tuple[int, int]]) -> Iterator[tuple[float, float, list[float]]]:
        """Of each size of steps: the steps in both directions and the values, with these signs of the steps."""
        x, y = self.values.point
        for part in self.parts:
            h, k = (x + part * self.sizes[0]) - x, (y + part * self.sizes[1]) - y
            if h > 0.0 and k > 0.0:
                yield h, k, [self.values.at(x + a * h, y + b * k) for a, b in signs]

    def central(self) -> Estimate:
        """From the four corners around the point."""
        return extrapolate(
            [
                Sample(h, (pp - pm - mp + mm) / h / k / 4.0, self.values.noise(pp, pm, mp, mm) / h / k)
                for h, k, (pp, pm, mp, mm) in self._corners([(1, 1), (1, -1), (-1, 1), (-1, -1)])
            ],
            2,
        )

    def quadrant(self, a: int, b: int) -> Estimate:
        """From one corner, at the sides with the signs `a` and `b`."""
        middle = self.values.middle
        return extrapolate(
            [
                Sample(
                    h,
                    a * b * (corner - one - other + middle) / h / k,
                    4.0 * self.values.noise(corner, one, other) / h / k,
                )
                for h, k, (corner, one, other) in self._corners([(a, b), (a, 0), (0, b)])
            ],
            1,
        )


def first_steps(x: float) -> list[float]:
    """A few steps in proportion to `x`, enough for most functions."""
    return [_irregular(x) * 4.0**-k for k in range(1, 8)]


def more_steps(x: float) -> list[float]:
    """Steps of every size, from a few times `x`, or 1, down to the spacing of the floats."""
    size, largest = _irregular(x), _irregular(0.0)
    steps = [size * 2.0**k for k in range(2, -51 if x else -70, -1)]
    if size < largest:
        steps += [largest * 2.0**k for k in range(2, -27, -1)]
        between = (largest * 2.0**-26 / size) ** 0.1
        steps += [size * between**k for k in range(1, 10) if between > 2.0]
    return steps


def _irregular(x: float) -> float:
    """The size of `x`, or 1 for 0, times a number that is no multiple of any period likely to be met."""
    return 0.8637 * (max(abs(x), 1e-290) if x else 1.0)
