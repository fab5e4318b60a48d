"""Lessons L01 to L05: backpropagation by gates, by hand, by paths; with the digits that are published."""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from demos.lessons import l01_gates as gates
from demos.lessons import l02_sigmoid_neuron as sigmoid_neuron
from demos.lessons import l03_backprop_by_hand as backprop_by_hand
from demos.lessons import l04_sum_over_paths as sum_over_paths
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


def test_gates(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = gates.main(page)
    assert numbers["f"] == -12
    assert [numbers[f"df/d{name}"] for name in "xyz"] == [-4, -4, 3]
    assert [numbers[name] for name in "xyz"] == pytest.approx([-4, -4, 3])
    assert numbers["steps"] == 4
    assert "*  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × (-4) = -4" in capsys.readouterr().out
    picture = (page.out / "lesson-graph.svg").read_text(encoding="utf-8")
    assert "∂f/∂q = z = -4" in html.unescape(picture)


def test_sigmoid_neuron(page: Page) -> None:
    numbers = sigmoid_neuron.main(page)
    rounded = {name: round(number, 4) for name, number in numbers.items() if name in ("out", "w0", "x0")}
    assert rounded == {"out": 0.7311, "w0": -0.1966, "x0": 0.3932}
    assert [round(numbers[name], 4) for name in ("w1", "x1", "w2")] == [-0.3932, -0.5898, 0.1966]
    assert numbers["expanded"] == numbers["out"]
    assert numbers["difference"] < 1e-15


def test_backprop_by_hand(page: Page) -> None:
    numbers = backprop_by_hand.main(page)
    assert (numbers["right"], numbers["corrected"], numbers["shared"]) == (7, 9, 9)
    published = {"db1 printed": -0.01915, "db2 printed": -0.06436, "db1": -0.00789, "db2": -0.07562}
    assert {name: round(numbers[name], 5) for name in published} == published
    assert round(numbers["db1 shared"], 5) == -0.01946


def test_sum_over_paths(page: Page) -> None:
    numbers = sum_over_paths.main(page)
    assert (numbers["paths"], numbers["sum"], numbers["gradient"]) == (3, 22, 22)
    assert (numbers["paths of 12 rungs"], numbers["steps of 12 rungs"]) == (2**12, 24)
    assert (numbers["listed of 30 rungs"], numbers["gradient of 30 rungs"]) == (0, 2**30)
