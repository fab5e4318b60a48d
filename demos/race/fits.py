"""Whole fits beside scikit-learn's: `nn.MLPClassifier` on its digits, from the data to the trained network.

Run it with ``python -m demos.race.fits``. The first fit in a process has more to do: it imports the compiler, and where
no earlier process has done so, it makes machine code.
"""

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import nn
from demos.race.clock import Work, race, written

OURS, THEIRS = "ours", "scikit-learn"
WORK = "fit of 1,797 digits, 64-32-10, batches of 200, Adam, {} epochs"
KINDS = {OURS: nn.MLPClassifier, THEIRS: MLPClassifier}


def main() -> None:
    """Print the times of fits of 30 and 300 epochs, of the first in a process, and how well the networks do."""
    race(WORK.format(30), fits(30), quick=False)
    race(WORK.format(300), fits(300), quick=True)
    for name in KINDS:
        print(f"first fit in a process, 30 epochs, {name}: {written(first_fit(name))}")
    print()
    for name, shares in accuracies(range(5)).items():
        print(f"accuracy on a quarter that was set aside, 5 seeds, {name}: {np.mean(shares):.3f}")


def digits() -> tuple[Any, Any]:
    """The pictures of handwritten digits, 64 numbers each, standardised; and what they show."""
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def fit(name: str, X: Any, y: Any, epochs: int, seed: int = 0) -> Any:
    """The trained classifier of a contestant."""
    kind = KINDS[name]
    model = kind((32,), batch_size=200, max_iter=epochs, n_iter_no_change=epochs, tol=0.0, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def fits(epochs: int) -> dict[str, Work]:
    """A fit by each contestant."""
    X, y = digits()
    return {name: lambda name=name: fit(name, X, y, epochs) for name in KINDS}  # type: ignore[misc]


def first_fit(name: str) -> float:
    """Seconds of the first fit in a new process, its imports apart: the best of three processes."""
    program = (
        "import time; from demos.race import fits; X, y = fits.digits(); start = time.perf_counter();"
        f"fits.fit({name!r}, X, y, 30); print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", program]
    return min(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3))  # noqa: S603


def accuracies(seeds: range) -> dict[str, list[float]]:
    """The share of the test examples that each contestant gets right, for each seed."""
    X, y = digits()
    shares: dict[str, list[float]] = {name: [] for name in KINDS}
    for seed in seeds:
        train, test, labels, expected = train_test_split(X, y, random_state=seed)
        for name in KINDS:
            shares[name].append(fit(name, train, labels, 100, seed).score(test, expected))
    return shares


if __name__ == "__main__":
    main()
