"""Lessons L01 to L05: backpropagation by gates, by hand, by paths; with the digits of the notes."""

from pathlib import Path

import pytest

from demos import gates
from demos.lesson import Page


def quick() -> Page:
    return Page(quick=True, plots=False)


def test_gates() -> None:
    numbers = gates.main(quick())
    assert numbers["f"] == -12
    assert [numbers[f"df/d{name}"] for name in "xyz"] == [-4, -4, 3]
    assert [numbers[name] for name in "xyz"] == pytest.approx([-4, -4, 3])
    assert numbers["steps"] == 4


def test_gates_draws_the_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gates.main(Page(out=tmp_path, name="gates"))
    assert "∂f/∂q = z = -4" in (tmp_path / "gates-graph.svg").read_text(encoding="utf-8")
    text = capsys.readouterr().out
    assert "*  f = q·z    ∂f/∂q = z = -4     q.grad: 0 + 1 × -4 = -4" in text
