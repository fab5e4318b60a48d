"""Lessons L27 to L30: optimisers, one training step, what a hidden layer does, forward and reverse mode."""

from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from demos.lessons import l27_optimisers as optimisers
from demos.lessons import l28_training_step as training_step
from demos.lessons import l29_hidden_layer as hidden_layer
from demos.lessons import l30_forward_and_reverse_mode as modes
from demos.page import Page, Text
from tests.extent import some

pytestmark = pytest.mark.slow  # they train


def results_of(lesson: ModuleType, folder: Path, seed: int = 0) -> Any:
    """What the lesson returns; it must draw something and end with something to try."""
    page = Page(quick=True, seed=seed, out=folder, name="lesson", language="en")
    results = lesson.main(page)
    assert list(folder.glob("lesson*.svg"))
    assert isinstance(page.content[-1], Text)
    assert page.content[-1].text.startswith("Try: ")
    return results


def test_optimisers(tmp_path: Path) -> None:
    found = results_of(optimisers, tmp_path)
    steps = found.needed
    assert steps["Newton"] == 1
    assert steps["momentum"] < steps["Nesterov"] < steps["descent"] < steps["Adam"]
    assert found.network["momentum"][-1] < 0.5 * found.network["descent"][-1]
    assert found.network[found.best][-1] == min(losses[-1] for losses in found.network.values())
    assert found.parameters == 337


@pytest.mark.parametrize("seed", some(range(5), 5))
def test_newton_doubles_the_digits_and_a_falling_rate_settles(tmp_path: Path, seed: int) -> None:
    above = results_of(optimisers, tmp_path, seed).above
    assert 0.0 < above["Newton"][2] < 2e-3
    assert above["Newton"][3] < 100.0 * above["Newton"][2] ** 2
    assert above["descent"][-1] > 1e-4
    assert above["minibatches, η falls"][-1] < 0.1 * max(above["minibatches"][-10:])


@pytest.mark.parametrize("steep", [10.0, 100.0])
def test_adam_alone_does_not_feel_how_steep_the_valley_is(steep: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimisers, "STEEP", steep)
    assert len(optimisers.walk(optimisers.VALLEY["Adam"])) - 1 == 132


def test_plain_descent_takes_what_the_formula_says() -> None:
    factor = 1 - 2 / (1 + optimisers.STEEP)  # of each step, in both directions
    places = optimisers.walk(optimisers.VALLEY["descent"], 10)
    assert places[10] == pytest.approx([x * s**10 for x, s in zip(optimisers.START, (factor, -factor), strict=True)])


def test_one_training_step(tmp_path: Path) -> None:
    found = results_of(training_step, tmp_path)
    assert [round(found.losses[k], 6) for k in (0, 1, 10, 1000)] == [0.046243, 0.042279, 0.021895, 0.000204]
    assert round(found.slopes["b2"], 5) == -0.07562  # as in the lesson on backprop by hand
    assert all(a > b for a, b in pairwise(found.losses))
    assert found.difference < 1e-15
    assert found.passes == found.parameters + 1 == 14
    assert 1e-7 < found.apart < 1e-4
    assert found.right(found.free) > 0.95
    assert found.right(found.fixed) < 0.7
    assert found.fixed.layers[0].neurons[0].b.data == 0.0


@pytest.mark.parametrize("seed", some(range(5), 5))
def test_the_hidden_layer(tmp_path: Path, seed: int) -> None:
    found = results_of(hidden_layer, tmp_path, seed)
    assert found.right == found.linear == 1.0
    assert found.widths[20].training < found.widths[1].training
    assert found.widths[20].learnt > found.widths[found.best].learnt
    assert found.widths[20].test > found.widths[found.best].test == min(width.test for width in found.widths.values())


def test_forward_and_reverse_mode(tmp_path: Path) -> None:
    found = results_of(modes, tmp_path)
    assert found.gates == [-2, 5, -4, 3, -12]
    assert found.slopes == [[1, 0, 0, 1, -4], [0, 1, 0, 1, -4], [0, 0, 1, 0, 3]]
    assert found.back == [-4, -4, 3]
    assert found.apart < 1e-15
    assert [(each.weights, each.edges) for each in found.work] == [(2, 9), (6, 19), (20, 51)]
    assert all(each.forward == each.weights * each.reverse for each in found.work)
    assert found.velocity == [1, 4, 12, 32, 80]
    assert found.same
