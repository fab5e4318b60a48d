"""Lessons L06 to L09: what gradients cost, what a step does, where descent ends."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from demos.lessons import l06_numerical_gradients as numerical_gradients
from demos.lessons import l07_learning_rate as learning_rate
from demos.lessons import l08_convex_or_not as convex_or_not
from demos.lessons import l09_linear_regression as linear_regression
from demos.page import Page, Text

pytestmark = pytest.mark.slow  # they train


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page for a lesson, which must draw something and end with something to try."""
    page = Page(quick=True, out=tmp_path, name="lesson")
    yield page
    assert list(tmp_path.glob("lesson*.svg"))
    assert isinstance(page.content[-1], Text)
    assert page.content[-1].text.startswith("Try: ")


def test_numerical_gradients(page: Page) -> None:
    found = numerical_gradients.main(page)
    assert found.passes == found.weights + 1 == 26
    assert found.backprop[-1] < 0.5 * found.backprop[0]
    assert 0.0 < found.apart < 1e-3
    # The error falls with ε and ε² on one side of the V, with 1/ε on the other.
    sizes = [f"{size:.0e}" for size in numerical_gradients.SIZES]
    forward, central = (dict(zip(sizes, errors, strict=True)) for errors in (found.forward, found.central))
    assert forward["1e-02"] / forward["1e-04"] == pytest.approx(100, rel=0.05)
    assert central["1e-01"] / central["1e-03"] == pytest.approx(10_000, rel=0.05)
    assert forward["1e-13"] > 1000 * forward["1e-08"]
    assert 1e-9 < found.best_forward < 1e-6
    assert 1e-6 < found.best_central < 1e-3
    assert central["1e-04"] < forward["1e-04"] / 1000


def test_learning_rate(page: Page) -> None:
    found = learning_rate.main(page)
    # In a bowl, the distance along each axis shrinks by 1 - η·c a step.
    for rate, loss in found.losses.items():
        u, v = -4 * (1 - rate) ** 30, 1.5 * (1 - 10 * rate) ** 30
        assert loss == pytest.approx((u * u + 10 * v * v) / 2, rel=1e-9)
    crawling, right, large, diverging = found.needed.values()
    assert crawling > 10 * right
    assert learning_rate.steps_needed(2 / 11) < right < large
    assert diverging is None
    assert found.losses[0.205] > 100
    assert all(before[1] * after[1] < 0 for before, after in itertools.pairwise(found.paths[0.19]))
    assert all(abs(angle - 90.0) < 1e-3 for angle in found.angles)


def test_convex_or_not(page: Page) -> None:
    found = convex_or_not.main(page)
    best, worst = found.ends[3][0], found.ends[3][-1]
    assert found.spread < 1e-12
    assert np.diff(found.straight, 2).min() > 0.0
    assert len(found.optima) >= 3
    assert found.steepest < 1e-6
    assert worst.fun > 1.5 * best.fun
    assert found.between[0] == pytest.approx(best.fun, rel=1e-12)
    assert found.between[-1] == pytest.approx(best.fun, rel=1e-12)
    assert np.linalg.norm(found.twin - best.x) > 1.0
    assert found.between[50] > 10 * best.fun
    assert found.above(12) < found.above(3) / 100


def test_linear_regression(page: Page) -> None:
    known, patients = linear_regression.main(page)
    assert known.distances[0] > 4.0
    assert 1e-3 < known.hover < 0.1
    assert known.distances[-1] < 1e-12
    assert 0.001 < known.noise < 0.1
    assert known.ratio == pytest.approx([4.0, 4.0, 4.0], rel=1e-12)
    lowest, highest = (known.around[best] for best in (np.argmin(known.losses), np.argmax(known.likelihoods)))
    assert lowest == highest == pytest.approx(known.best[0], abs=1e-9)
    assert patients.apart < 1e-9
    assert 0.35 < patients.explained < 0.6
