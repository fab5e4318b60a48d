"""The race runs, its contestants calculate the same, and a node is as small as the race says; no time is asserted."""

import numpy as np
import pytest

from demos import race


def test_a_node_holds_at_most_400_bytes() -> None:
    assert race.bytes_a_node(2_000) <= 400


def test_the_rules_of_arithmetic_are_as_before() -> None:
    race.moons_gradient(1)
    assert 5e-324 * 1.0 > 0.0


@pytest.mark.parametrize("n", [1, 100])
def test_the_moons_gradient_is_the_same_by_all(n: int) -> None:
    contestants = race.moons_gradient(n)
    ours = next(iter(contestants.values()))()
    for name, work in contestants.items():
        if name.startswith(("PyTorch", "JAX")):  # theirs come in another shape
            continue
        value, gradient = work()
        assert value == pytest.approx(ours[0], rel=1e-12), name
        assert np.allclose(gradient, ours[1], rtol=1e-9, atol=1e-12), name


def test_the_wide_gradient_is_the_same_by_all() -> None:
    assert race.wide_gradient()  # it compares before it gives the contestants


def test_a_chart_is_a_picture(tmp_path) -> None:
    race.chart({"ours": 1e-6, "theirs": 2e-3}, str(tmp_path / "race.svg"))
    assert "theirs" in (tmp_path / "race.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(("seconds", "text"), [(2.0, "2 s"), (3e-3, "3 ms"), (4.5e-6, "4.5 µs"), (7e-9, "7 ns")])
def test_times_are_written_short(seconds: float, text: str) -> None:
    assert race._seconds(seconds) == text
