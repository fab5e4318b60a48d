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

pytestmark = pytest.mark.slow  # they train


def numbers_of(lesson: ModuleType, folder: Path, seed: int = 0) -> dict[str, Any]:
    """What the lesson returns; it must draw something and end with something to try."""
    page = Page(quick=True, seed=seed, out=folder, name="lesson")
    numbers = lesson.main(page)
    assert list(folder.glob("lesson*.svg"))
    assert isinstance(page.content[-1], Text)
    assert page.content[-1].text.startswith("Try: ")
    return dict(numbers)


def test_optimisers(tmp_path: Path) -> None:
    numbers = numbers_of(optimisers, tmp_path)
    steps = numbers["steps"]
    assert steps["Newton"] == 1
    assert steps["momentum"] < steps["Nesterov"] < steps["descent"] < steps["Adam"]
    assert numbers["moons"]["momentum"] < 0.5 * numbers["moons"]["descent"]


def test_plain_descent_takes_what_the_formula_says() -> None:
    factor = 1 - 2 / (1 + optimisers.STEEP)  # of each step, in both directions
    places = optimisers.walk(optimisers.VALLEY["descent"], 10)
    assert places[10] == pytest.approx([x * s**10 for x, s in zip(optimisers.START, (factor, -factor), strict=True)])


def test_one_training_step(tmp_path: Path) -> None:
    numbers = numbers_of(training_step, tmp_path)
    losses = numbers["losses"]
    assert [round(losses[k], 6) for k in (0, 1)] == [0.046243, 0.042966]
    assert all(a > b for a, b in pairwise(losses))
    assert numbers["difference"] < 1e-15
    assert numbers["passes"] == 14
    assert 1e-7 < numbers["apart"] < 1e-4
    assert numbers["with"] > numbers["without"]


def test_the_hidden_layer(tmp_path: Path) -> None:
    numbers = numbers_of(hidden_layer, tmp_path)
    assert numbers["right"] == numbers["linear"] == 1.0
    errors = numbers["errors"]
    assert errors[20][0] < errors[1][0]
    assert errors[20][1] > min(test for _, test in errors.values())


def test_forward_and_reverse_mode(tmp_path: Path) -> None:
    numbers = numbers_of(modes, tmp_path)
    assert numbers["apart"] < 1e-15
    assert all(forward == weights * reverse for weights, (forward, reverse) in numbers["work"].items())
    assert numbers["velocity"] == [1, 4, 12, 32, 80]
    assert numbers["same"]
