"""The race: this engine and every peer that is installed, at the same work, in one process.

Peers that are not installed are left out, and no contestant starts that calculates something else than the others.
Run it with ``python -m demos.race`` (``--quick`` for fewer rounds, ``--chart race.svg`` for a picture).
"""

import argparse
import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn
from autograd import Value
from demos.race import cpp as race_cpp
from demos.race import fits as race_fits
from demos.race import numpy_by_hand as race_numpy
from demos.race import peers as race_peers
from demos.race.chart import chart
from demos.race.clock import Work, race, written
from demos.race.numpy_by_hand import RATE, STRENGTH

LLVM, NUMPY = "ours, LLVM back end", "ours, NumPy back end"
STEPS = 100  # of a training


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Print the tables; returns the seconds of each contestant by work."""
    parser = argparse.ArgumentParser(prog="python -m demos.race", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller graphs")
    parser.add_argument("--chart", metavar="FILE", help="save a bar chart, .svg or .png")
    options = parser.parse_args(arguments)
    quick = options.quick
    results = {
        "moons step, eager": race(
            "moons step, eager: 100 examples, MLP 2-16-16-1, gradient + SGD", eager_step(), quick
        ),
        "+ and *": race("graph of + and *: 800 nodes, forward and backward", elementary(), quick),
    }
    print(f"  bytes a node after forward and backward: {bytes_a_node():.0f}\n")
    results["scaling"] = scaling(quick)
    for n in (100, 20_000):
        results[f"moons, {n:,}"] = race(f"moons value and gradient, {n:,} examples", moons_gradient(n), quick)
    results["784-128-10"] = race("MLP 784-128-10 value and gradient, batch 128", wide_gradient(), quick)
    results["moons training"] = race(
        f"moons training, one of {STEPS} steps: 100 examples, gradient + descent", moons_training(), quick, STEPS
    )
    results["fit"] = race(race_fits.WORK.format(30), race_fits.fits(30), quick)
    results["cold start"] = {"ours": cold_start()}
    if options.chart:
        panels = {
            "Value and gradient of the moons network, 100 examples": results["moons, 100"],
            f"A step of its training, one of {STEPS}: gradient and descent": results["moons training"],
        }
        chart(panels, options.chart)
    return results


def eager_step() -> dict[str, Work]:
    """One step of gradient descent on the two moons: hinge loss, L2, no compiler."""
    X, y = _moons()
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    model = nn.MLP(2, [16, 16, 1], seed=1)
    sgd = nn.SGD(model.parameters(), lr=RATE)

    def ours() -> None:
        loss = autograd.mean([nn.hinge_loss(model(x), t) for x, t in rows]) + nn.l2_penalty(model, STRENGTH)
        sgd.zero_grad()
        loss.backward()
        sgd.step()

    return {"ours": ours} | race_peers.micrograd_step(rows)


def elementary() -> dict[str, Work]:
    """The same graph of sums and products, node by node."""
    return {"ours": lambda: _elementary(Value).backward()} | race_peers.micrograd_graph(_elementary)


def _elementary(kind: Any, n: int = 400) -> Any:
    x, y = kind(0.5), kind(0.3)
    node = x
    for _ in range(n):
        node = node * y + x
    return node


def bytes_a_node(n: int = 10_000) -> float:
    """Memory that a node of + or * holds after forward and backward."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    output = _elementary(Value, n)
    output.backward()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held / (2 * n)


def scaling(quick: bool) -> dict[str, float]:
    """Seconds a node, forward and backward, as the graph grows."""
    print("growing graphs: time a node, forward and backward")
    results = {}
    sizes = (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)
    for collecting in (False, True):
        for size in sizes:
            best = float("inf")
            for _ in range(3):
                gc.collect()
                if not collecting:
                    gc.disable()
                start = time.perf_counter()
                output = _elementary(Value, size // 2)
                output.backward()
                best = min(best, time.perf_counter() - start)
                gc.enable()
                del output
            name = f"{size:,} nodes, collector {'on' if collecting else 'off'}"
            results[name] = best / size
            print(f"  {name:<36}{written(best / size):>12}")
    print()
    return results


def moons_gradient(n: int) -> dict[str, Work]:
    """Value and gradient of hinge loss and L2 at given parameters."""
    X, y = _moons(n)
    programs = _moons_programs(X, y)
    theta = next(iter(programs.values())).flat_parameters()
    layers = race_numpy.split(theta, [2, 16, 16, 1])
    contestants = {name: _value_and_grad(program, X, y, theta) for name, program in programs.items()}
    contestants |= race_cpp.moons_gradient(X, y, theta, STRENGTH)
    contestants["NumPy by hand"] = race_numpy.moons_gradient(layers, X, y)
    contestants |= race_peers.gradients(race_peers.moons_objective, layers, X, y)
    return _checked(contestants)


def moons_training(steps: int = STEPS) -> dict[str, Work]:
    """Gradient descent on the moons, all examples at each step; each contestant gives the last parameters."""
    X, y = _moons()
    programs = _moons_programs(X, y)
    theta = next(iter(programs.values())).flat_parameters()
    layers = race_numpy.split(theta, [2, 16, 16, 1])
    contestants = {name: _training(program, X, y, theta, steps) for name, program in programs.items()}
    contestants |= race_cpp.moons_training(X, y, theta, STRENGTH, RATE, steps)
    contestants["NumPy by hand"] = race_numpy.moons_training(layers, X, y, steps)
    contestants |= race_peers.training(race_peers.moons_objective, layers, X, y, steps)
    return _checked(contestants)


def wide_gradient() -> dict[str, Work]:
    """Value and gradient of softmax cross-entropy on numbers the size of MNIST."""
    generator = np.random.default_rng(0)
    X, y = generator.random((128, 784)), generator.integers(0, 10, 128)
    model = nn.MLP(784, [128, 10], seed=1)
    programs = _programs(lambda x, t: nn.cross_entropy(model(x), t), X, y.astype(float))
    theta = next(iter(programs.values())).flat_parameters()
    layers = race_numpy.split(theta, [784, 128, 10])
    contestants = {name: _value_and_grad(program, X, y.astype(float), theta) for name, program in programs.items()}
    contestants["NumPy by hand"] = race_numpy.softmax_gradient(layers, X, y)
    contestants |= race_peers.gradients(race_peers.softmax_objective, layers, X, y)
    return _checked(contestants)


def _moons_programs(X: Any, y: Any) -> dict[str, Any]:
    """The compiled loss of the moons, by back end."""
    model = nn.MLP(2, [16, 16, 1], seed=1)

    def loss(x: Any, t: Any) -> Any:
        return nn.hinge_loss(model(x), t) + nn.l2_penalty(model, STRENGTH)

    return _programs(loss, X, y)


def _programs(loss: Callable[..., Any], X: Any, y: Any) -> dict[str, Any]:
    """A compiled loss, by back end; each has one thread, as the others have."""
    backends = ({LLVM: "llvm"} if race_peers.installed("llvmlite") else {}) | {NUMPY: "numpy"}
    return {name: _compiled(name, autograd.compile(loss, backend=b, threads=1), X, y) for name, b in backends.items()}


def _compiled(name: str, program: Any, X: Any, y: Any) -> Any:
    start = time.perf_counter()
    program.value_and_grad(X, y)
    print(f"trace and compile, {name}: {written(time.perf_counter() - start)}")
    return program


def _value_and_grad(program: Any, X: Any, y: Any, theta: Any) -> Work:
    return lambda: program.value_and_grad(X, y, at=theta)


def _training(program: Any, X: Any, y: Any, start: Any, steps: int) -> Work:
    """Steps of gradient descent from `start`; gives the last parameters."""

    descent = program.descent(X, y, rule=lambda p, g, norm: p - RATE * g)
    order = np.tile(np.arange(len(X)), steps)

    def work() -> Any:
        descent.start_from(start, [])
        descent.run(order, batch_size=len(X))
        return descent.theta.copy()

    return work


def _checked(contestants: dict[str, Work]) -> dict[str, Work]:
    """The contestants, all of which give the same: a race between different results would be none."""
    (first, expected), *others = [(name, _numbers(work())) for name, work in contestants.items()]
    for name, numbers in others:
        if not np.allclose(numbers, expected, rtol=1e-6):
            raise AssertionError(f"{name} does not calculate what {first} does")
    return contestants


def _numbers(result: Any) -> Any:
    """Value and gradient, or parameters, in one array."""
    if isinstance(result, tuple):
        value, gradient = result
        return np.append(race_numpy.flat(gradient), float(value))
    return result


def cold_start() -> float:
    """Seconds from a new process to 100 epochs of the moons."""
    program = (
        "import nn; from sklearn.datasets import make_moons; X, y = make_moons(100, noise=0.1, random_state=1);"
        "nn.fit(nn.MLP(2, [16, 16, 1], seed=1), X, 2 * y - 1, nn.hinge_loss, l2=1e-4, epochs=100, seed=1)"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603
    seconds = time.perf_counter() - start
    print(f"new process to trained moons, 100 epochs: {written(seconds)}")
    return seconds


def _moons(n: int = 100) -> tuple[Any, Any]:
    X, y = make_moons(n, noise=0.1, random_state=1)
    return X, 2.0 * y - 1.0


if __name__ == "__main__":
    main()
