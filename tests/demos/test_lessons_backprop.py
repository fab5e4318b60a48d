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
    found = gates.main(page)
    assert found.f.data == -12
    assert [node.grad for node in found.inputs] == [-4, -4, 3]
    assert found.changes == pytest.approx([-4, -4, 3])
    assert len(found.steps) == 4
    assert [node.grad for node in found.larger.parents] == [0, 1]
    assert "*  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × (-4) = -4" in capsys.readouterr().out
    picture = (page.out / "lesson-graph.svg").read_text(encoding="utf-8")
    assert "∂f/∂q = z = -4" in html.unescape(picture)


def test_sigmoid_neuron(page: Page) -> None:
    found = sigmoid_neuron.main(page)
    assert round(found.fused.output.data, 4) == 0.7311
    gradients = {name: round(gradient, 4) for name, gradient in found.fused_gradients.items()}
    assert gradients == {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert found.expanded.output.data == found.fused.output.data
    assert found.difference < 1e-15
    pictures = html.unescape((page.out / "lesson-expanded.svg").read_text(encoding="utf-8"))
    for step in found.expanded_steps:  # the names of the text are those of the picture
        assert f"∂{found.expanded.names[step.node]}/∂{found.expanded.names[step.parent]} = " in pictures


def test_backprop_by_hand(page: Page) -> None:
    found = backprop_by_hand.main(page)
    assert [len(graded.wrong) for graded in (found.printed, found.corrected, found.shared)] == [2, 0, 0]
    assert len(found.printed) == 9
    printed, shared = ({line.name: line for line in graded} for graded in (found.printed, found.shared))
    assert [round(printed[name].by_hand, 5) for name in ("db1", "db2")] == [-0.01915, -0.06436]
    assert [round(printed[name].engine, 5) for name in ("db1", "db2")] == [-0.00789, -0.07562]
    assert round(shared["db1"].engine, 5) == -0.01946


def test_sum_over_paths(page: Page) -> None:
    found = sum_over_paths.main(page)
    assert (len(found.paths), found.total, found.gradient) == (3, 22, 22)
    assert (found.counts[-1], found.steps[-1]) == (2**12, 24)
    assert f"there are {2**30} paths" in found.refusal
    assert found.gradient_of_30 == 2**30
