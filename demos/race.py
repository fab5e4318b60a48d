"""The race: this engine and every peer that is installed, at the same work, in one process.

A contestant works in blocks, as `timeit` does: the mean of each block, the best of several. The contestants take turns
by the block, so that a busy machine slows them all, and the garbage of one is collected before the next begins; the
collector is on, as it is in a user's program. Peers that are not installed are left out. Run it with
``python -m demos.race`` (``--quick`` for fewer rounds, ``--chart race.svg`` for a picture).
"""

import argparse
import gc
import importlib.util
import itertools
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
from demos import race_cpp

Work = Callable[[], Any]


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
        title = f"moons value and gradient, {n:,} examples"
        results[title] = race(title, moons_gradient(n), quick)
    results["784-128-10 gradient"] = race("MLP 784-128-10 value and gradient, batch 128", wide_gradient(), quick)
    results["cold start"] = {"ours": cold_start()}
    if options.chart:
        chart(results["moons value and gradient, 100 examples"], options.chart)
    return results


def race(title: str, contestants: dict[str, Work], quick: bool) -> dict[str, float]:
    """The time of each contestant, in seconds; prints them beside the first, which is ours."""
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(2 if quick else 7):
        for name, work in contestants.items():
            gc.collect()
            best[name] = min(best[name], _block(work, 0.02 if quick else 0.2))
    ours = next(iter(best.values()))
    print(title)
    for name, seconds in best.items():
        print(f"  {name:<24}{_seconds(seconds):>12}   {seconds / ours:8.2f} x ours")
    print()
    return best


def _block(work: Work, seconds: float) -> float:
    """The mean time of calls that take at least `seconds` together."""
    calls = 0
    start = time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        work()
        calls += 1
    return taken / calls


def eager_step() -> dict[str, Work]:
    """One step of gradient descent on the two moons: hinge loss, L2, no compiler."""
    X, y = _moons()  # noqa: N806
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    model = nn.MLP(2, [16, 16, 1], seed=1)
    sgd = nn.SGD(model.parameters(), lr=0.1)

    def ours() -> None:
        loss = autograd.mean([nn.hinge_loss(model(x), t) for x, t in rows]) + nn.l2_penalty(model, 1e-4)
        sgd.zero_grad()
        loss.backward()
        sgd.step()

    contestants: dict[str, Work] = {"ours": ours}
    if installed("micrograd"):
        import micrograd.engine
        import micrograd.nn

        network = micrograd.nn.MLP(2, [16, 16, 1])

        def theirs() -> None:
            losses = [(1 + -t * network(list(map(micrograd.engine.Value, x)))).relu() for x, t in rows]
            loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in network.parameters())
            network.zero_grad()
            loss.backward()
            for p in network.parameters():
                p.data -= 0.1 * p.grad

        contestants["micrograd"] = theirs
    return contestants


def elementary() -> dict[str, Work]:
    """The same graph of sums and products, node by node."""
    contestants: dict[str, Work] = {"ours": lambda: _elementary(Value).backward()}
    if installed("micrograd"):
        import micrograd.engine

        contestants["micrograd"] = lambda: _elementary(micrograd.engine.Value).backward()
    return contestants


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
            print(f"  {name:<36}{_seconds(best / size):>12}")
    print()
    return results


def moons_gradient(n: int) -> dict[str, Work]:
    """Value and gradient of hinge loss and L2 at given parameters."""
    X, y = _moons(n)  # noqa: N806
    model = nn.MLP(2, [16, 16, 1], seed=1)

    def loss(x: Any, t: Any) -> Any:
        return nn.hinge_loss(model(x), t) + nn.l2_penalty(model, 1e-4)

    arrays = autograd.compile(loss, backend="numpy")
    theta = _compile("NumPy back end", arrays, X, y)
    contestants: dict[str, Work] = {}
    if installed("llvmlite"):
        native = autograd.compile(loss, backend="llvm")
        _compile("LLVM back end", native, X, y)
        contestants["ours, LLVM back end"] = lambda: native.value_and_grad(X, y, at=theta)
    contestants["ours, NumPy back end"] = lambda: arrays.value_and_grad(X, y, at=theta)
    in_cpp = race_cpp.moons_gradient(X, y, theta, 1e-4)
    if in_cpp is not None:
        contestants["C++ by hand (-O3, SIMD)"] = in_cpp
    weights = _layers(theta, [2, 16, 16, 1])

    def by_hand() -> Any:
        activations, masks = [X], []
        for k, (w, b) in enumerate(weights):
            z = activations[-1] @ w.T + b
            if k < 2:
                masks.append(z > 0)
                z = np.maximum(z, 0.0)
            activations.append(z)
        margin = 1.0 - y * activations.pop()[:, 0]
        value = np.maximum(margin, 0.0).mean() + 1e-4 * sum((w * w).sum() for w, _ in weights)
        upstream = np.where(margin > 0, -y, 0.0)[:, None] / len(X)
        gradient = []
        for (w, _), x in zip(reversed(weights), reversed(activations), strict=True):
            gradient.append(np.hstack([upstream.T @ x + 2e-4 * w, upstream.sum(0)[:, None]]).ravel())
            if masks:
                upstream = (upstream @ w) * masks.pop()
        return value, np.concatenate(gradient[::-1])

    contestants["NumPy by hand"] = by_hand
    _check("moons", contestants)

    def objective(m: Any, x: Any, t: Any, layers: Any) -> Any:
        for k, (w, b) in enumerate(layers):
            x = x @ w.T + b
            x = m.maximum(x, m.zeros_like(x)) if k < 2 else x
        margin = 1.0 - t * x[:, 0]
        penalty = sum((w * w).sum() for w, _ in layers)
        return m.maximum(margin, m.zeros_like(margin)).mean() + 1e-4 * penalty

    return contestants | _peers(objective, X, y, weights)


def wide_gradient() -> dict[str, Work]:
    """Value and gradient of softmax cross-entropy on numbers the size of MNIST."""
    generator = np.random.default_rng(0)
    X, y = generator.random((128, 784)), generator.integers(0, 10, 128)  # noqa: N806
    model = nn.MLP(784, [128, 10], seed=1)
    loss = autograd.compile(lambda x, t: nn.cross_entropy(model(x), t), backend="numpy")
    classes = y.astype(float)
    theta = _compile("NumPy back end", loss, X, classes)
    (w1, b1), (w2, b2) = weights = _layers(theta, [784, 128, 10])
    rows = np.arange(len(X))

    def by_hand() -> Any:
        z = X @ w1.T + b1
        h = np.maximum(z, 0.0)
        logits = h @ w2.T + b2
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        norms = powers.sum(axis=1, keepdims=True)
        value = (np.log(norms[:, 0]) - logits[rows, y]).mean()
        upstream = powers / norms
        upstream[rows, y] -= 1.0
        upstream /= len(X)
        below = (upstream @ w2) * (z > 0)
        first = np.hstack([below.T @ X, below.sum(0)[:, None]])
        second = np.hstack([upstream.T @ h, upstream.sum(0)[:, None]])
        return value, np.concatenate([first.ravel(), second.ravel()])

    contestants = {"ours, NumPy back end": lambda: loss.value_and_grad(X, classes, at=theta), "NumPy by hand": by_hand}
    _check("784-128-10", contestants)

    def objective(m: Any, x: Any, t: Any, layers: Any) -> Any:
        (v1, c1), (v2, c2) = layers
        h = x @ v1.T + c1
        logits = m.maximum(h, m.zeros_like(h)) @ v2.T + c2
        return (m.logsumexp(logits, 1) - logits[rows, t]).mean()

    return contestants | _peers(objective, X, y, weights)


def cold_start() -> float:
    """Seconds from a new process to 100 epochs of the moons."""
    program = (
        "import nn; from sklearn.datasets import make_moons; X, y = make_moons(100, noise=0.1, random_state=1);"
        "nn.fit(nn.MLP(2, [16, 16, 1], seed=1), X, 2 * y - 1, nn.hinge_loss, l2=1e-4, epochs=100, seed=1)"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603
    seconds = time.perf_counter() - start
    print(f"new process to trained moons, 100 epochs: {_seconds(seconds)}")
    return seconds


def chart(times: dict[str, float], path: str) -> None:
    """Bars of the times, the shortest on top, each with its figure."""
    from matplotlib.figure import Figure

    names = sorted(times, key=times.__getitem__, reverse=True)
    axes = (figure := Figure(figsize=(8, 0.45 * len(names) + 1.2), layout="constrained")).subplots()
    ours = ["#0072B2" if name.startswith("ours") else "#999999" for name in names]
    bars = axes.barh(names, [times[name] * 1e6 for name in names], color=ours)
    axes.bar_label(bars, [_seconds(times[name]) for name in names], padding=4)
    axes.set(xscale="log", xlabel="time of a value and gradient, µs (logarithmic)")
    axes.set_title("Value and gradient of the moons network, 100 examples")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    figure.savefig(path)


def _peers(objective: Callable[..., Any], X: Any, y: Any, weights: Any) -> dict[str, Work]:  # noqa: N803
    """PyTorch (eager) and JAX (jit), in float64 on the CPU, at the objective written with their functions."""
    contestants: dict[str, Work] = {}
    if installed("torch"):
        import torch

        x, t = torch.tensor(X), torch.tensor(y)
        layers = [(torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)) for w, b in weights]
        leaves = [p for layer in layers for p in layer]
        contestants["PyTorch, eager"] = lambda: torch.autograd.grad(objective(torch, x, t, layers), leaves)
    if installed("jax"):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        functions = type("functions", (), {
            "maximum": jnp.maximum, "zeros_like": jnp.zeros_like, "logsumexp": jax.scipy.special.logsumexp,
        })  # fmt: skip
        step = jax.jit(jax.value_and_grad(lambda layers, x, t: objective(functions, x, t, layers)))
        held = jax.device_put(weights), jnp.array(X), jnp.array(y)
        contestants["JAX, jit"] = lambda: jax.block_until_ready(step(*held))
    return contestants


def installed(package: str) -> bool:
    """Whether a peer is there."""
    return importlib.util.find_spec(package) is not None


def _moons(n: int = 100) -> tuple[Any, Any]:
    X, y = make_moons(n, noise=0.1, random_state=1)  # noqa: N806
    return X, 2.0 * y - 1.0


def _compile(name: str, loss: Any, X: Any, y: Any) -> Any:  # noqa: N803
    """The parameters of `loss`, once it has been traced and compiled."""
    start = time.perf_counter()
    loss.value_and_grad(X, y)
    print(f"trace and compile, {name}: {_seconds(time.perf_counter() - start)}")
    return loss.flat_parameters()


def _layers(theta: Any, sizes: list[int]) -> list[tuple[Any, Any]]:
    """Weights [out, in] and biases of each layer, from the parameters in our order: neuron by neuron, the bias last."""
    layers, at = [], 0
    for n, k in itertools.pairwise(sizes):
        block = theta[at : at + k * (n + 1)].reshape(k, n + 1)
        layers.append((np.ascontiguousarray(block[:, :-1]), np.ascontiguousarray(block[:, -1])))
        at += block.size
    return layers


def _check(name: str, contestants: dict[str, Work]) -> None:
    """A race between different results would be none."""
    (value, gradient), *others = [work() for work in contestants.values()]
    for other_value, other_gradient in others:
        if not (np.isclose(value, other_value) and np.allclose(gradient, other_gradient)):
            raise AssertionError(f"{name}: the contestants do not calculate the same")


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


if __name__ == "__main__":
    main()
