"""The race runs, its contestants calculate the same, and a node is as small as the race says; no time is asserted."""

import re
import shutil
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from demos.race import chart as race_chart
from demos.race import clock as race_clock
from demos.race import cpp as race_cpp
from demos.race import fits as race_fits
from demos.race import numpy_by_hand as race_numpy
from demos.race import page as race_page
from demos.race import peers as race_peers
from demos.race import race
from tests.replaced import replaced


@pytest.fixture(autouse=True)
def nothing_waits_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch.compile` takes half a minute; that it refuses is a case of its own."""

    def refuse(function: Callable) -> Callable:
        def work(*_: object) -> None:
            raise RuntimeError("no compiler\nin a test")

        return work

    monkeypatch.setattr(race_peers, "_torch_compiled", refuse)


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
        value, gradient = work()
        assert float(value) == pytest.approx(ours[0], rel=1e-12), name
        assert np.allclose(race_numpy.flat(gradient), ours[1], rtol=1e-9, atol=1e-12), name


def test_training_ends_at_the_same_parameters_by_all() -> None:
    contestants = race.moons_training(steps=20)
    assert {"ours, NumPy back end", "NumPy by hand"} <= set(contestants)
    ours = next(iter(contestants.values()))()
    for name, work in contestants.items():
        for _ in range(2):  # each time from the same start
            assert np.allclose(work(), ours, rtol=1e-9, atol=1e-12), name
    assert not np.allclose(race.moons_training(steps=10)["NumPy by hand"](), ours, rtol=1e-3)


def test_the_wide_gradient_is_the_same_by_all() -> None:
    assert race.wide_gradient()  # it compares before it gives the contestants


def test_contestants_that_differ_do_not_start() -> None:
    with pytest.raises(AssertionError, match="theirs does not calculate what ours does"):
        race._checked({"ours": lambda: np.ones(3), "theirs": lambda: np.ones(3) + 1e-5})


def test_layers_are_the_parameters_in_another_order() -> None:
    theta = np.arange(337.0)
    layers = race_numpy.split(theta, [2, 16, 16, 1])
    assert [(w.shape, b.shape) for w, b in layers] == [((16, 2), (16,)), ((16, 16), (16,)), ((1, 16), (1,))]
    assert np.array_equal(race_numpy.flat(layers), theta)


def test_a_contestant_that_fails_is_left_out_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise RuntimeError("no compiler\nand a long story")

    assert race_clock.where_it_works("theirs", work) == {}
    assert capsys.readouterr().out == "left out: theirs: RuntimeError: no compiler\n"


@pytest.mark.skipif(not hasattr(race_clock.signal, "setitimer"), reason="the system has no alarms")
def test_a_contestant_that_is_not_ready_in_time_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert race_clock.where_it_works("theirs", lambda: time.sleep(60), seconds=0.05) == {}
    assert capsys.readouterr().out == "left out: theirs: TimeoutError: not ready after 50 ms\n"


def test_a_contestant_that_works_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(race_clock.where_it_works("theirs", lambda: None)) == ["theirs"]
    assert capsys.readouterr().out.startswith("trace and compile, theirs: ")


def test_a_compiler_that_fails_leaves_its_contestant_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(race_cpp, "shutil", replaced(shutil, which=lambda name: "false"))
    race_cpp._compiled.cache_clear()
    X, y, theta = np.ones((1, 2)), np.ones(1), np.ones(337)
    try:
        assert race_cpp.moons_gradient(X, y, theta, 0.1) == {}
        assert race_cpp.moons_training(X, y, theta, 0.1, 0.1, 1) == {}
    finally:
        race_cpp._compiled.cache_clear()
    assert capsys.readouterr().out.count("left out: C++ by hand") == 1


def test_times_are_those_of_a_step(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(race_clock, "_block", lambda work, *_: work())
    times = race_clock.race("work", {"ours": lambda: 0.5, "theirs": lambda: 2.0}, quick=True, steps=100)
    assert times == {"ours": 0.005, "theirs": 0.02}
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:3] == [["ours", "5", "ms", "1.00", "x", "ours"], ["theirs", "20", "ms", "4.00", "x", "ours"]]


def test_a_chart_is_a_picture(tmp_path) -> None:
    panels = {"a gradient": {"ours": 1e-6, "theirs": 2e-3}, "a step": {"others": 5e-6}}
    race_chart.chart(panels, str(tmp_path / "race.svg"))
    text = (tmp_path / "race.svg").read_text(encoding="utf-8")
    assert all(word in text for word in ("theirs", "others", "a gradient", "a step"))


@pytest.mark.parametrize(("seconds", "text"), [(2.0, "2 s"), (3e-3, "3 ms"), (4.5e-6, "4.5 µs"), (7e-9, "7 ns")])
def test_times_are_written_short(seconds: float, text: str) -> None:
    assert race_clock.written(seconds) == text


@pytest.mark.skipif(not race_page.browser(), reason="there is no Chromium")
def test_the_playground_draws_frames_while_it_learns(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("playwright")
    race_page.main(["--seconds", "1"])
    said = capsys.readouterr().out
    work, rate, epochs = (float(number) for number in re.findall(r"(?:script|shown|learned): +([\d.]+)", said))
    assert work > 0
    assert rate > 1
    assert epochs > 1


def test_without_playwright_the_frames_cannot_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(SystemExit, match="pip install playwright"):
        race_page.main([])


def test_the_fits_are_of_the_same_network() -> None:
    X, y = race_fits.digits()
    models = [race_fits.fit(name, X[:200], y[:200], 2) for name in race_fits.KINDS]
    ours, theirs = ([w.shape for w in model.coefs_] for model in models)
    assert ours == theirs == [(64, 32), (32, 10)]
    assert [model.n_iter_ for model in models] == [2, 2]
