"""Lesson L05: the wrong passes go wrong as they are said to, the right one agrees with the engine."""

import pytest

from autograd import Value
from demos.lessons import l05_why_topological_order as demo
from demos.page import Page


def test_the_numbers_of_the_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    found = demo.main(Page(plots=False))
    assert found.overwriting.gradients == (3.0, 6.0)
    assert found.at_once.gradients == (6.0, 4.0)
    assert found.first_come.gradients == (2.0, 4.0)
    assert found.without_reset.gradients == (72.0, 54.0)
    text = capsys.readouterr().out
    assert "x.grad = 36 + 6·3 = 54          x.grad = 36 + 3·3 = 45" in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_without_a_reset_the_descent_overshoots_with_it_every_step_halves_the_distance() -> None:
    assert demo.descent(reset=True, steps=5) == [3 - 3 * 0.5**k for k in range(6)]
    assert demo.descent(reset=False)[:4] == [0.0, 1.5, 3.75, 5.625]
    assert demo.descent(reset=False, steps=200)[-1] != pytest.approx(3.0, abs=0.1)


def test_the_right_pass_is_that_of_the_engine() -> None:
    for f in (demo.cube, demo.doubled_twice, lambda x: x * x):
        ours, theirs = Value(3.0, "x"), Value(3.0, "x")
        for _ in range(2):
            list(demo.right(output := f(ours)))
            f(theirs).backward()
        assert output.grad == 1.0
        assert ours.grad == theirs.grad
