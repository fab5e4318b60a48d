"""The race over networks of all sizes, in float64 and float32: who leads where, and how much of the processor is used.

Value and gradient at given parameters: squared error for one or two outputs, cross-entropy for more. Each contestant
has one thread (set OPENBLAS_NUM_THREADS=1 and XLA_FLAGS=--xla_cpu_multi_thread_eigen=false before it starts, and keep
the process on one core with taskset). Run it with ``python -m demos.race.sweep`` (``--chart sweep.svg`` for a picture).
"""

import argparse
import itertools
from typing import Any

import numpy as np

import autograd
import nn
from demos.race import cpp, peers
from demos.race.clock import Work, race
from demos.race.numpy_by_hand import Layers, flat, network_gradient, split

OURS = "ours"
NETWORKS: list[tuple[list[int], int]] = [
    ([4, 10, 3], 32),
    ([2, 16, 16, 1], 100),
    ([2, 16, 16, 1], 1000),
    ([2, 32, 32, 1], 100),
    ([2, 64, 64, 1], 100),
    ([2, 64, 64, 1], 1000),
    ([13, 100, 100, 1], 128),
    ([30, 64, 32, 2], 128),
    ([64, 32, 10], 128),
    ([64, 128, 10], 256),
    ([784, 128, 10], 128),
]
DTYPES = ("float64", "float32")
_CLOSE = {"float64": 1e-9, "float32": 2e-3}  # of the largest number of a gradient


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Print a table for each network and type, then who leads; returns the seconds of each contestant."""
    parser = argparse.ArgumentParser(prog="python -m demos.race.sweep", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and the smallest networks alone")
    parser.add_argument("--chart", metavar="FILE", help="save a picture, .svg or .png")
    options = parser.parse_args(arguments)
    results: dict[str, dict[str, float]] = {}
    for dtype, (sizes, n) in itertools.product(DTYPES, NETWORKS[:2] if options.quick else NETWORKS):
        title = f"{'-'.join(map(str, sizes))} × {n}, {dtype}"
        results[title] = race(title, contestants(sizes, n, dtype), options.quick)
    print(summary(results))
    if options.chart:
        chart(results, options.chart)
    return results


def contestants(sizes: list[int], n: int, dtype: str) -> dict[str, Work]:
    """All that are installed, at the same work; raises AssertionError where one calculates something else."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, sizes[0])).astype(dtype)
    classes = sizes[-1] > 2
    y = generator.integers(0, sizes[-1], n) if classes else generator.normal(size=(n, sizes[-1])).astype(dtype)
    model = nn.MLP(sizes[0], sizes[1:], seed=1)

    def loss(x: Any, t: Any) -> Any:
        out = model(x)
        if classes:
            return nn.cross_entropy(out, t)
        return autograd.total([(a - b) ** 2 for a, b in zip(out if isinstance(out, list) else [out], t, strict=True)])

    program = autograd.compile(loss, dtype=dtype, threads=1)
    targets = y.astype(dtype)
    program.value_and_grad(X, targets)
    theta = program.flat_parameters().astype(dtype)
    layers = [(w.astype(dtype), b.astype(dtype)) for w, b in split(theta, sizes)]
    works: dict[str, Work] = {OURS: lambda: program.value_and_grad(X, targets, at=theta)}
    works["NumPy by hand"] = network_gradient(layers, X, y, classes)
    works |= peers.gradients(softmax_objective if classes else squared_objective, layers, X, y)
    value, gradient = works[OURS]()
    for name, work in works.items():
        other, slopes = work()
        found = flat([(np.asarray(w), np.asarray(b)) for w, b in slopes]) if isinstance(slopes, list) else slopes
        close = np.abs(found - gradient).max() <= _CLOSE[dtype] * max(1.0, np.abs(gradient).max())
        if not close or abs(float(other) - value) > _CLOSE[dtype] * max(1.0, abs(value)):
            raise AssertionError(f"{name} does not calculate what {OURS} does")
    return works


def softmax_objective(m: Any, layers: Layers, x: Any, t: Any) -> Any:
    """Mean cross-entropy of a network of ReLUs."""
    logits = _outputs(m, layers, x)
    return (m.logsumexp(logits, 1) - logits[m.arange(len(x)), t]).mean()


def squared_objective(m: Any, layers: Layers, x: Any, t: Any) -> Any:
    """Mean of the summed squared errors of a network of ReLUs."""
    gap = _outputs(m, layers, x) - t
    return (gap * gap).sum() / len(x)


def _outputs(m: Any, layers: Layers, x: Any) -> Any:
    *hidden, (w, b) = layers
    for v, c in hidden:
        z = x @ v.T + c
        x = m.maximum(z, m.zeros_like(z))
    return x @ w.T + b


def operations(sizes: list[int], n: int) -> int:
    """Additions and multiplications of the matrix products, forward and backward; a bias is one more input."""
    pairs = list(itertools.pairwise(sizes))
    return 2 * n * sum(2 * k * (q + 1) + (k * q if layer else 0) for layer, (q, k) in enumerate(pairs))


def summary(results: dict[str, dict[str, float]]) -> str:
    """A line for each race: our time, the share of the peak, and the time beside that of the best peer."""
    peaks = {dtype: cpp.peak(dtype) for dtype in DTYPES}
    lines = [f"{'':28}{'ours':>10}{'of peak':>9}{'beside the best peer':>24}"]
    for title, times in results.items():
        sizes, n, dtype = _described(title)
        ours = times[OURS]
        best = min((name for name in times if name != OURS), key=times.__getitem__)
        peak = peaks[dtype]
        share = f"{operations(sizes, n) / ours / peak:.0%}" if peak else "?"
        lines.append(f"{title:28}{ours * 1e6:8.1f}µs{share:>9}{ours / times[best]:9.2f} × {best}")
    return "\n".join(lines)


def _described(title: str) -> tuple[list[int], int, str]:
    network, _, rest = title.partition(" × ")
    n, _, dtype = rest.partition(", ")
    return [int(size) for size in network.split("-")], int(n), dtype


def chart(results: dict[str, dict[str, float]], path: str) -> None:
    """The times of all contestants, ours being 1: below the line somebody else leads."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    panels = figure.subplots(1, len(DTYPES), sharey=True)
    for axes, dtype in zip(panels, DTYPES, strict=True):
        chosen = {title: times for title, times in results.items() if title.endswith(dtype)}
        names = [title.partition(",")[0] for title in chosen]
        for name in dict.fromkeys(name for times in chosen.values() for name in times):
            ratios = [times[name] / times[OURS] if name in times else np.nan for times in chosen.values()]
            axes.plot(names, ratios, "o-", label=name, color="#0072b2" if name == OURS else None)
        axes.set_yscale("log")
        axes.set_title(dtype, loc="left", weight="bold", fontsize=11)
        axes.tick_params(axis="x", rotation=90)
        axes.grid(axis="y", color="#dddddd")
    panels[0].set_ylabel("time, ours being 1")
    panels[-1].legend(frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
