"""Minibatches: many cheap steps in about the right direction, or a few expensive ones in the right direction.

The gradient of the mean loss is the mean of the gradients of the n examples. With 10,000 examples of 10 numbers each,
the outputs alone take 100,000 products, for one step. A minibatch of B examples, drawn at random, gives an estimate of
the gradient for less. It is right on average, and its distance from the gradient (root mean square) is

    noise = σ/√B · √((n - B) / (n - 1))        σ² = mean squared distance of an example's gradient from the mean

The second root is there because the B are drawn without repetition; with B = n no noise is left. Four times the
batch is four times the arithmetic and half the noise. An epoch is a round in which each example is used once: n/B
steps, rounded up.
"""

# %%
import time
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_diabetes

import autograd
import nn
from autograd import Value, sin

from ..page import COLORS, DASHES, MARKERS, Page

RATES = (0.4, 0.1)  # learning rates for the wave


# %% The data: how the diabetes of 442 patients went on, from ten measurements; all standardised.
def patients() -> tuple[Any, Any]:
    data = load_diabetes()
    return nn.Standardizer().fit_transform(data.data), nn.Standardizer().fit_transform(data.target)


def rms_distance(gradients: Any, mean: Any) -> float:
    return float(np.sqrt(((gradients - mean) ** 2).sum(axis=1).mean()))


def gradients(program: Any, X: Any, y: Any, at: Any = None) -> Any:
    """The gradient of each example, in a row of its own."""
    return np.array([program.value_and_grad(X[[k]], y[[k]], at=at)[1] for k in range(len(X))])


def seconds_a_step(loss: Any, X: Any, y: Any) -> float:
    """The best of several times, since other programs only slow it down."""
    times = []
    for _ in range(30):
        start = time.perf_counter()
        loss.value_and_grad(X, y)
        times.append(time.perf_counter() - start)
    return min(times)


# %% Noise at the start of training: measured, and by the formula.
class Noise(NamedTuple):
    """Length of the gradient, σ, and for each batch size: noise measured and by the formula, seconds for a step."""

    length: float
    sigma: float
    measured: list[float]
    predicted: list[float]
    seconds: list[float]


def noise(X: Any, y: Any, sizes: tuple[int, ...], draws: int, seed: int) -> Noise:
    neuron, n = nn.Neuron(X.shape[1], init="zeros"), len(X)
    loss = autograd.compile(lambda x, t: nn.mse_loss(neuron(x), t))
    full = loss.value_and_grad(X, y)[1]
    sigma = rms_distance(gradients(loss, X, y), full)
    rng = np.random.default_rng(seed)
    found = Noise(float(np.linalg.norm(full)), sigma, [], [], [])
    for size in sizes:
        picks = [rng.choice(n, size, replace=False) for _ in range(draws if size < n else 5)]
        found.measured.append(rms_distance(np.array([loss.value_and_grad(X[k], y[k])[1] for k in picks]), full))
        found.predicted.append(formula(sigma, size, n))
        found.seconds.append(seconds_a_step(loss, X[picks[0]], y[picks[0]]))
    return found


def formula(sigma: float, size: Any, n: int) -> Any:
    return sigma / np.sqrt(size) * np.sqrt((n - size) / (n - 1))


# %% Training by each size: the same learning rate, the same number of examples seen.
class Training(NamedTuple):
    """The error above the least possible after each epoch, for each batch size; how many seconds each took."""

    least: float
    excess: dict[int, list[float]]
    seconds: list[float]


def training(X: Any, y: Any, sizes: tuple[int, ...], epochs: int, seed: int) -> Training:
    table = np.column_stack([X, np.ones(len(X))])
    least = float(np.mean((table @ np.linalg.lstsq(table, y, rcond=None)[0] - y) ** 2))
    found = Training(least, {}, [])
    for size in sizes:
        model = nn.Neuron(X.shape[1], init="zeros")
        start = time.perf_counter()
        history = nn.fit(
            model, X, y, nn.mse_loss, optimizer=nn.SGD(model.parameters(), lr=0.01), epochs=epochs, batch_size=size,
            validation=(X, y), seed=seed, progress=False,
        )  # fmt: skip
        found.seconds.append(time.perf_counter() - start)
        found.excess[size] = [error - least for error in history.validation_loss]
    return found


class Standing(NamedTuple):
    """Batch sizes: the best and the worst after an epoch and at the end, those that still improve, those that do not.

    The end is the mean of the last quarter, `ends`.
    """

    ends: dict[int, float]
    ahead: int
    behind: int
    lowest: int
    highest: int
    moving: list[int]
    settled: list[int]


def standing(excess: dict[int, list[float]]) -> Standing:
    half, quarter = (len(next(iter(excess.values()))) // k for k in (2, 4))
    ends = {size: float(np.mean(curve[-quarter:])) for size, curve in excess.items()}
    rises = {size: float(np.mean(np.diff(curve[-half:]) > 0)) for size, curve in excess.items()}
    settled = [size for size in excess if rises[size] > 0.25]  # it goes up about as often as down
    return Standing(
        ends, ahead=min(excess, key=lambda size: excess[size][0]), behind=max(excess, key=lambda size: excess[size][0]),
        lowest=min(ends, key=ends.__getitem__), highest=max(ends, key=ends.__getitem__),
        moving=[size for size in excess if size not in settled], settled=settled,
    )  # fmt: skip


# %% Does noise leave a valley? A wave of which one weight is unknown, the frequency: sin(w·x) for the data sin(3x).
class Wave(NamedTuple):
    """The two valleys, the noise of single examples in each, and where many descents went.

    `paths` has, for a batch size and a learning rate, a row for each descent from the poor valley; `back` those from
    the good valley with the most noise. `twins` are the distances of two neurons that were equal at the start.
    """

    x: Any
    y: Any
    poor: float
    good: float
    noise: tuple[float, float]
    paths: dict[tuple[int, float], Any]
    back: Any
    twins: list[float]

    def in_the_good(self, paths: Any) -> int:
        """How many descents end in the good valley."""
        return int(np.sum(np.abs(paths[:, -1] - self.good) < 0.5))


def descent(program: Any, start: Any, x: Any, y: Any, size: int, rate: float, steps: int, seed: int) -> Any:
    """All places of a descent by minibatches, the start first."""
    rng, places = np.random.default_rng(seed), [np.array(start)]
    while len(places) <= steps:
        for rows in np.array_split(rng.permutation(len(x)), len(x) // size):
            places.append(places[-1] - rate * program.value_and_grad(x[rows], y[rows], at=places[-1])[1])
    return np.array(places[: steps + 1])


def wave(page: Page) -> Wave:
    rng = np.random.default_rng(page.seed)
    x = rng.uniform(-2, 2, 40)
    y = np.sin(3 * x) + rng.normal(0, 0.1, 40)
    w = Value(0.0, "w")
    program = autograd.compile(lambda x, t: (sin(w * x) - t) ** 2)
    poor, good = (descent(program, [start], x, y, 40, 0.05, 400, 0)[-1] for start in (0.5, 2.5))
    runs = 10 if page.quick else 20

    def paths(start: Any, size: int, rate: float) -> Any:
        count = runs if size < len(x) else 1  # without noise all are the same
        return np.array([descent(program, start, x, y, size, rate, 600, run)[:, 0] for run in range(count)])

    pairs = page.progress([(size, rate) for size in (1, 5, 40) for rate in RATES], "descents")
    # Two hidden neurons with the same weights, and one output that weighs them equally.
    model = nn.MLP(1, [2, 1], "tanh", seed=page.seed)
    network = autograd.compile(lambda x, t: nn.mse_loss(model(x), t))
    weight, bias, out = rng.normal(size=3)
    twins = [
        descent(network, [weight, bias, weight, bias, out, out, 0.0], x[:, None], y, size, 0.05, 1000, 0)[-1]
        for size in (1, 40)
    ]
    return Wave(
        x, y, float(poor[0]), float(good[0]),
        noise=tuple(rms_distance(gradients(program, x, y, at), 0.0) for at in (poor, good)),  # the mean there is 0
        paths={(size, rate): paths(poor, size, rate) for size, rate in pairs},
        back=paths(good, 1, RATES[0]),
        twins=[float(np.abs(end[:2] - end[2:4]).max()) for end in twins],
    )  # fmt: skip


# %% What is calculated.
class Results(NamedTuple):
    """The batches of one epoch (indices of patients), noise, training, and the wave."""

    sizes: tuple[int, ...]
    batches: list[Any]
    draws: int
    noise: Noise
    training: Training
    wave: Wave


def calculate(page: Page) -> Results:
    X, y = patients()
    sizes, draws = (1, 10, 100, len(X)), 300 if page.quick else 1000
    return Results(
        sizes, [rows for rows, _ in nn.minibatches(np.arange(len(X)), y, 100, seed=page.seed)], draws,
        noise=noise(X, y, sizes, draws, page.seed),
        training=training(X, y, sizes, 10 if page.quick else 40, page.seed),
        wave=wave(page),
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    n = r.sizes[-1]
    page.say(
        """
        One epoch of {n} patients in batches of 100 is {steps} steps, with {lengths} patients. Each patient is used
        once, in an order that changes with the epoch.
        """,
        n=n, steps=len(r.batches), lengths=", ".join(str(len(batch)) for batch in r.batches),
    )  # fmt: skip
    page.say(
        """
        The gradient at the start has the length {length:.3f}. How far off is that of a random batch, root mean square
        over {draws:,} batches?
        """,
        length=r.noise.length, draws=r.draws,
    )  # fmt: skip
    page.table(
        ["batch size", "steps an epoch", "µs a step", "noise, measured", "noise, by the formula"],
        [
            [size, -(-n // size), f"{1e6 * seconds:.0f}", f"{measured:.4f}", f"{predicted:.4f}"]
            for size, seconds, measured, predicted in zip(
                r.sizes, r.noise.seconds, r.noise.measured, r.noise.predicted, strict=True
            )
        ],
    )
    page.say(
        """
        Look at the time (of this machine, compiled): a step with 100 examples takes {ratio:.1f} times as long as a step
        with one, and not 100 times. A step has a price that does not depend on the batch, and a processor works on
        several numbers at once. That, and not the noise alone, is why batches are not of size 1.
        """,
        ratio=r.noise.seconds[2] / r.noise.seconds[0],
    )
    tell_training(page, r.training)
    plot_batches(page, r)
    tell_wave(page, r.wave)
    plot_wave(page, r.wave)
    page.say("Try: a learning rate ten times smaller. Which batch size is the best at the end now?")


def tell_training(page: Page, t: Training) -> None:
    s, epochs, full = standing(t.excess), len(t.excess[1]), list(t.excess)[-1]

    def named(*sizes: int) -> str:
        words = [page.word("the full batch") if k == full else page.word("size {size}", size=k) for k in sizes]
        return ", ".join(words)

    page.say(
        "Training with learning rate 0.01; the error above the least possible, which is {least:.4f}:", least=t.least
    )
    page.table(
        ["batch size", "after 1 epoch", page.word("mean of the last {k} of {n}", k=epochs // 4, n=epochs), "seconds"],
        [
            [size, curve[0], s.ends[size], f"{seconds:.2f}"]
            for (size, curve), seconds in zip(t.excess.items(), t.seconds, strict=True)
        ],
    )
    page.say(
        """
        In one epoch size 1 takes {full} steps and the full batch takes one. After it {ahead} is ahead, and {behind} is
        behind. At the end the error is lowest with {lowest} and highest with {highest}.
        """,
        full=full, ahead=named(s.ahead), behind=named(s.behind), lowest=named(s.lowest), highest=named(s.highest),
    )  # fmt: skip
    if s.moving:
        page.say("Still on the way down: {sizes}. More epochs would help.", sizes=named(*s.moving))
    if s.settled:
        page.say(
            """
            No longer getting better: {sizes}. At a fixed learning rate the noise of the steps does not shrink, so such
            a descent does not arrive: it keeps moving around the minimum, the farther away the more noise it has. With
            a smaller learning rate it stays nearer.
            """,
            sizes=named(*s.settled),
        )


def tell_wave(page: Page, v: Wave) -> None:
    page.say(
        """
        It is often said that the steps are random so that descent does not miss the best place. Is the noise good for
        that? Here is a model with one weight, sin(w·x), for 40 points of sin(3x). Its loss has a good valley at
        w = {good:.2f} and a poor one at w = {poor:.2f}, where the full gradient is 0. All these descents of 600 steps
        start at the bottom of the poor valley:
        """,
        good=v.good, poor=v.poor,
    )  # fmt: skip
    left = [v.in_the_good(paths) for paths in v.paths.values()]
    page.table(
        ["batch size", "learning rate", "descents", "end in the good valley"],
        [[*key, len(paths), count] for (key, paths), count in zip(v.paths.items(), left, strict=True)],
    )
    page.say(
        """
        The full batch has no noise: it stays. Batches of 5, or small steps, have little; of these descents {some} end
        in the good valley. With the most noise, size 1 and rate {rate}, {most} of {runs} do. Of {runs} descents that
        start in the good valley, with the same batches and rate, {stay} are there at the end. The reason is that the
        noise is not the same everywhere: a single example's gradient is off by {poor:.2f} at the bottom of the poor
        valley and by {good:.2f} at that of the good one, where every example is fitted well.
        """,
        some=sum(left[1:-2]) or page.word("none"), rate=RATES[0], most=left[0] or page.word("none"), runs=len(v.back),
        stay=v.in_the_good(v.back), poor=v.noise[0], good=v.noise[1],
    )  # fmt: skip
    page.say(
        """
        So noise can help to leave a poor valley, but only where it is strong, and it promises nothing. There are places
        that it never leaves: two hidden neurons with equal weights get equal gradients from every example. After 1,000
        steps with batches of size 1 their weights differ by {single:g}, with the full batch by {full:g}. To part them
        is the task of random first weights. The first reason for minibatches is the price of a step.
        """,
        single=v.twins[0], full=v.twins[1],
    )  # fmt: skip


# %% Pictures.
def plot_batches(page: Page, r: Results) -> None:
    with page.figure("A larger batch: less noise in a step, and fewer steps in an epoch", columns=3) as (
        _, (left, middle, right),
    ):  # fmt: skip
        n, epochs = r.sizes[-1], len(r.training.excess[1])
        many = np.arange(1, n)
        left.loglog(many, formula(r.noise.sigma, many, n), color="0.4", ls="--", label="formula")
        left.loglog(r.sizes[:-1], r.noise.measured[:-1], "o", color=COLORS[1], label="measured")
        left.set(
            xlabel="batch size (examples)", ylabel="noise of the gradient", title="noise (none for the full batch)"
        )
        left.legend()
        cost = 1e6 * np.array(r.noise.seconds)
        middle.loglog(r.sizes, cost, "o-", label="per step")
        middle.loglog(r.sizes, cost / r.sizes, "^--", label="per example")
        middle.set(xlabel="batch size (examples)", ylabel="time (µs)", title="cost on this machine")
        middle.legend(loc="lower left")
        for k, (size, curve) in enumerate(r.training.excess.items()):
            right.semilogy(range(1, epochs + 1), curve, ls=DASHES[k], marker=MARKERS[k], markevery=max(1, epochs // 8),
                           label=page.word("all") if size == n else f"{size}")  # fmt: skip
        right.set(xlabel="epoch", ylabel="error above the least possible", ylim=(None, 3), title="training")
        right.legend(title="batch size", ncols=4, loc="upper center", columnspacing=1)


def plot_wave(page: Page, v: Wave) -> None:
    with page.figure("Noise leaves a poor valley only where it is strong", columns=2) as (_, (left, right)):
        w = np.linspace(-1.5, 5, 400)
        loss = np.mean((np.sin(np.outer(w, v.x)) - v.y) ** 2, axis=1)
        left.plot(w, loss, color="0.3")
        at_start = np.interp(v.poor, w, loss)
        left.plot(v.poor, at_start, "o", color=COLORS[1], markersize=9)
        left.annotate("the start", (v.poor, at_start), (0, -20), textcoords="offset points", ha="center")
        left.set(xlabel="w", ylabel="mean loss", ylim=(0, None), title="two valleys")
        for k, size in enumerate((1, 5, 40)):
            for run, path in enumerate(v.paths[size, RATES[0]][:5]):
                label = page.word("all") if size == 40 else f"{size}"
                right.plot(path, color=COLORS[k], ls="-", lw=1 if size < 40 else 2.5, label=None if run else label)
        right.set(xlabel="step", ylabel="w", title="descents at the learning rate 0.4")
        right.legend(title="batch size", loc="center right")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
