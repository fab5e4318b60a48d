"""The race over sizes: its contestants calculate the same, in both types; no time is asserted."""

import numpy as np
import pytest

from demos.race import cpp, peers, sweep
from demos.race.numpy_by_hand import flat


@pytest.fixture(autouse=True)
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch.compile` takes half a minute for each network."""
    monkeypatch.setattr(peers, "installed", lambda package: False)


@pytest.mark.parametrize("dtype", sweep.DTYPES)
@pytest.mark.parametrize("sizes", [[4, 10, 3], [2, 16, 16, 1], [5, 7, 2]])
def test_all_calculate_the_same(sizes: list[int], dtype: str) -> None:
    works = sweep.contestants(sizes, 33, dtype)  # which compares them
    assert list(works) == [sweep.OURS, "NumPy by hand"]
    assert works[sweep.OURS]()[1].dtype == dtype
    assert flat(works["NumPy by hand"]()[1]).dtype == dtype


def test_a_contestant_that_differs_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "network_gradient", lambda *_: lambda: (0.0, np.zeros(41)))
    with pytest.raises(AssertionError, match="NumPy by hand does not calculate what ours does"):
        sweep.contestants([2, 10, 1], 5, "float64")


def test_operations_are_those_of_the_products() -> None:
    # Forward 3 inputs (one of them 1) for 4 neurons, then 5 for 1; the gradients of the weights; that of the 4 inputs.
    assert sweep.operations([2, 4, 1], 10) == 2 * 10 * (2 * 4 * 3 + 2 * 5 + 4)


def test_the_table_and_the_picture(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sweep, "race", lambda title, works, quick: dict.fromkeys(works, 1e-3))
    monkeypatch.setattr(cpp, "peak", lambda dtype: 1e9)
    results = sweep.main(["--quick", "--chart", str(tmp_path / "sweep.svg")])
    assert list(results)[:2] == ["4-10-3 × 32, float64", "2-16-16-1 × 100, float64"]
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("2-16-16-1 × 100, float64"))
    assert line.split()[-6:] == ["19%", "1.00", "×", "NumPy", "by", "hand"]
    assert "float32" in (tmp_path / "sweep.svg").read_text(encoding="utf-8")


def test_the_peak_is_that_of_vectors() -> None:
    single, double = cpp.peak("float32", 2_000), cpp.peak("float64", 2_000)
    assert (single > 0.0) == (double > 0.0)
