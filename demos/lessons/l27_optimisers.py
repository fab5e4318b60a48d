"""Optimisers: momentum, Adam, a falling learning rate, and Newton's method, which needs no rate.

Plain gradient descent has one number, the learning rate η, for all directions. In a long valley one rate is too large
across the valley and too small along it. Four answers:

    momentum    v ← β·v + ∂L/∂w      w ← w - η·v
    Adam        w ← w - η·m/√s
    Newton      w ← w - H⁻¹·∂L/∂w

Momentum remembers: what points the same way every time adds up, and what changes its sign cancels out. Nesterov's
momentum measures the gradient a little ahead, where v leads to. In Adam m and s are running means of the gradient and
of its square, both corrected at the start; so each parameter takes a step of about the size η, whatever the size of its
gradient. Newton divides by the curvature: H is the matrix of second derivatives, and with it a valley of any shape
becomes a round bowl. The fourth answer is a schedule: η falls with the epochs, large steps first, small ones at the
end.
"""

# %%
from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import autograd
import nn
from autograd import Value, grad, hessian

from ..page import COLORS, DASHES, MARKERS, Page

STEEP = 10.0  # the valley of the lesson on the learning rate: curvature 1 along u and 10 along v
START = (-4.0, 1.5)
GOAL = 1e-6  # the loss at which a walk through the valley ends
MOST = 1000  # steps in the valley
RATE = 3.0  # of the neuron

Place = tuple[float, float]
Maker = Callable[[list[Value]], nn.Optimizer]
ROOT, WIDE = sqrt(STEEP), sqrt(3 * STEEP + 1)  # in the valley, all but Adam have the best settings for its curvatures
VALLEY: dict[str, Maker] = {
    "descent": lambda p: nn.SGD(p, lr=2 / (1 + STEEP)),
    "momentum": lambda p: nn.SGD(p, lr=4 / (1 + ROOT) ** 2, momentum=((ROOT - 1) / (ROOT + 1)) ** 2),
    "Nesterov": lambda p: nn.SGD(p, lr=4 / WIDE**2, momentum=(WIDE - 2) / (WIDE + 2), nesterov=True),
    "Adam": lambda p: nn.Adam(p, lr=0.3),
}
MOONS: dict[str, Maker] = {
    "descent": lambda p: nn.SGD(p, lr=0.5),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: nn.Adam(p, lr=0.03),
}


# %% The valley.
def loss(u: Any, v: Any) -> Any:
    return (u * u + STEEP * v * v) / 2


def walk(make: Maker, most: int = MOST) -> list[Place]:
    """The places that an optimiser comes through in the valley, until the loss is below the goal."""
    u, v = Value(START[0], "u"), Value(START[1], "v")
    optimiser, places = make([u, v]), [START]
    while loss(*places[-1]) >= GOAL and len(places) <= most:
        u.grad, v.grad = grad(loss(u, v), [u, v])
        optimiser.step()
        places.append((u.data, v.data))
    return places


def newton_step(place: Place) -> Place:
    u, v = (Value(x) for x in place)
    du, dv = np.linalg.solve(hessian(loss, *place), grad(loss(u, v), [u, v]))
    return float(place[0] - du), float(place[1] - dv)


# %% One neuron.
def neuron() -> nn.MLP:
    """A neuron with two inputs that knows nothing yet: weights and bias are 0."""
    model = nn.MLP(2, [1], seed=0)
    for parameter in model.parameters():
        parameter.data = 0.0
    return model


def descended(x: Any, y: Any, epochs: int, batch_size: int | None, falling: bool, seed: int) -> list[float]:
    """The loss on all points after each epoch of gradient descent."""
    model = neuron()
    sgd = nn.SGD(model.parameters(), lr=RATE)
    return nn.fit(
        model, x, y, nn.binary_cross_entropy, optimizer=sgd, epochs=epochs, batch_size=batch_size, seed=seed,
        validation=(x, y), schedule=nn.CosineAnnealingLR(sgd, epochs) if falling else None, progress=False,
    ).validation_loss  # fmt: skip


def by_newton(x: Any, y: Any, steps: int) -> list[float]:
    """The loss after each step of Newton's method; the derivatives of one example are compiled and run over all."""
    model = neuron()
    w = model.parameters()

    @autograd.compile
    def derivatives(point: list[Value], label: Value) -> list[Value]:
        loss = nn.binary_cross_entropy(model(point), label)
        slopes = grad(loss, w, create_graph=True)
        return [loss, *slopes, *(second for slope in slopes for second in grad(slope, w, create_graph=True))]

    losses = []
    for _ in range(steps + 1):
        mean, *numbers = derivatives.map(x, y).mean(axis=0)
        slopes, curvatures = numbers[: len(w)], np.reshape(numbers[len(w) :], (len(w), len(w)))
        for parameter, change in zip(w, np.linalg.solve(curvatures, slopes), strict=True):
            parameter.data -= change
        losses.append(float(mean))
    return losses[1:]


# %% What is calculated.
class Results(NamedTuple):
    """By optimiser: the path through the valley, the losses of a neuron and of a network on the moons by epoch."""

    paths: dict[str, list[Place]]
    neuron: dict[str, list[float]]
    network: dict[str, list[float]]
    points: int
    parameters: int  # of the network

    @property
    def needed(self) -> dict[str, int | None]:
        """After how many steps in the valley the loss is below the goal, if ever."""
        return {name: len(p) - 1 if loss(*p[-1]) < GOAL else None for name, p in self.paths.items()}

    @property
    def lowest(self) -> float:
        """The lowest loss that the neuron can have."""
        return min(self.neuron["Newton"])

    @property
    def above(self) -> dict[str, Any]:
        """How far the losses of the neuron are above the lowest."""
        return {name: np.array(losses) - self.lowest for name, losses in self.neuron.items()}

    @property
    def best(self) -> str:
        """The optimiser with the lowest loss of the network at the end."""
        return min(self.network, key=lambda name: self.network[name][-1])


def calculate(page: Page) -> Results:
    paths = {name: walk(make) for name, make in VALLEY.items()}
    paths["Newton"] = [START, newton_step(START)]
    points, epochs = (60, 40) if page.quick else (100, 60)
    x, y = make_moons(points, noise=0.1, random_state=page.seed)
    losses = {
        "descent": descended(x, y, epochs, None, falling=False, seed=page.seed),
        "minibatches": descended(x, y, epochs, 10, falling=False, seed=page.seed),
        "minibatches, η falls": descended(x, y, epochs, 10, falling=True, seed=page.seed),
        "Newton": by_newton(x, y, epochs),
    }
    network = {}
    for name, make in page.progress(MOONS.items(), "optimisers"):
        model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
        network[name] = nn.fit(
            model, x, y, nn.binary_cross_entropy, optimizer=make(model.parameters()),
            epochs=40 if page.quick else 100, batch_size=10, seed=page.seed, progress=False,
        ).train_loss  # fmt: skip
    return Results(paths, losses, network, points, len(model.parameters()))


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "The valley ½(u² + {steep:g}·v²) from {start}: steps until the loss is below {goal:g}:",
        steep=STEEP, start=START, goal=GOAL,
    )  # fmt: skip
    page.table(
        ["optimiser", "steps", "loss after 10 steps"],
        [[name, r.needed[name] or "never", loss(*places[:11][-1])] for name, places in r.paths.items()],
    )
    page.say(
        """
        Newton arrives in {newton} step: the second derivatives say all about the shape of this valley. Descent has its
        best rate here, 2/(1 + {steep:g}), and needs {descent} steps; momentum needs {momentum} and Nesterov's
        {nesterov}, with the best η and β for these curvatures. Adam takes {adam}: its steps are of the size η at first,
        however small the slope is, so it runs past the minimum and has to come back. It is made for many parameters
        whose gradients differ in size, not for a bowl of two.
        """,
        steep=STEEP, **{name.lower(): _counted(page, r.needed[name]) for name in r.needed},
    )  # fmt: skip
    plot_valley(page, r)

    page.say(
        """
        One neuron on {points} points of two moons. No line gets all of them right, so the loss has a lowest value,
        {lowest:.4f}. How far above it the loss still is (a step of Newton's method takes all points once, as an epoch
        does):
        """,
        points=r.points, lowest=r.lowest,
    )  # fmt: skip
    epochs = len(r.neuron["Newton"])
    page.table(
        ["epoch", *r.above],
        [[k, *(f"{above[k - 1]:.1e}" for above in r.above.values())] for k in (1, 2, 3, 4, 5, 6, 7, epochs)],
    )
    page.say(
        """
        Near the minimum each step of Newton's method about doubles the number of exact digits, until the computer has
        no more of them. Descent makes its error only a little smaller each time. In minibatches of 10 an epoch has
        {steps} steps in place of one, but each minibatch pulls its own way. With a constant rate the loss does not
        settle: in the last ten epochs it was once {noisy:.1g} above the lowest. When η falls, along half a wave of the
        cosine, the steps get shorter, and at the end it is {settled:.1g}.
        """,
        steps=r.points // 10, noisy=max(r.above["minibatches"][-10:]), settled=r.above["minibatches, η falls"][-1],
    )  # fmt: skip
    plot_neuron(page, r)

    epochs = len(r.network["Adam"])
    page.say(
        "A network 2-16-16-1 on the same points, minibatches of 10, {epochs} epochs; the training loss:", epochs=epochs
    )
    shown = (0, epochs // 4, epochs - 1)
    page.table(
        ["optimiser", *(page.word("epoch {k}", k=k + 1) for k in shown)],
        [[name, *(losses[k] for k in shown)] for name, losses in r.network.items()],
    )
    plot_network(page, r)
    page.say(
        """
        The lowest at the end is this one: {best}. Newton is not in the list: the matrix of second derivatives of
        {parameters} parameters has {numbers:,} numbers, and far from a minimum its step may lead uphill. For networks
        one uses momentum or Adam.
        """,
        best=page.word(r.best), parameters=r.parameters, numbers=r.parameters**2,
    )  # fmt: skip
    page.say(
        """
        Try: STEEP = 100. Who needs about ten times as many steps, who three or four times, and who exactly as many?
        And give Adam's network a `schedule`, too: does it pay where every point can be got right?
        """
    )


def _counted(page: Page, steps: int | None) -> str:
    return page.word("more than {most}", most=MOST) if steps is None else str(steps)


# %% The pictures.
def plot_valley(page: Page, r: Results) -> None:
    with page.figure("Newton sees the shape of the valley; momentum and Adam learn of it on the way", 2, 2) as (
        _, axes,
    ):  # fmt: skip
        u, v = np.meshgrid(np.linspace(-5, 2.5, 120), np.linspace(-2.2, 2.2, 80))
        for ax, name, color in zip(axes.flat, ("descent", "momentum", "Adam", "Newton"), COLORS, strict=False):
            ax.contour(u, v, loss(u, v), levels=[0.1, 0.5, 2, 5, 10, 20, 30], colors="0.75", linewidths=0.9)
            ax.plot(*np.array(r.paths[name]).T, marker="o", markersize=3, linewidth=1.2, linestyle="-", color=color)
            ax.plot(0, 0, marker="+", markersize=11, color="black")
            steps = _counted(page, r.needed[name])
            title = page.word("{name}, steps: {steps}", name=page.word(name), steps=steps)
            ax.set(title=title, xlabel="u", ylabel="v", xlim=(-5, 2.5), ylim=(-2.2, 2.2))


def plot_neuron(page: Page, r: Results) -> None:
    with page.figure("Newton doubles the digits; minibatches settle only when the rate falls") as (_, ax):
        for (name, above), color, dashes in zip(r.above.items(), COLORS, DASHES, strict=False):
            ax.semilogy(range(1, len(above) + 1), np.maximum(above, 1e-16), color=color, ls=dashes, label=name)
        ax.set(xlabel="epoch", ylabel="loss above the lowest", ylim=(1e-17, 3))
        ax.legend(loc="center right")


def plot_network(page: Page, r: Results) -> None:
    ends = {name: losses[-1] for name, losses in r.network.items()}
    with page.figure(
        "After as many epochs momentum and Adam are far lower than plain descent"
        if 2 * max(ends["momentum"], ends["Adam"]) < ends["descent"]
        else "The training loss of a network by optimiser"
    ) as (_, ax):
        for (name, losses), color, dashes, marker in zip(r.network.items(), COLORS, DASHES, MARKERS, strict=False):
            ax.semilogy(range(1, len(losses) + 1), losses, color=color, ls=dashes, marker=marker,
                        markevery=max(1, len(losses) // 8), label=name)  # fmt: skip
        ax.set(xlabel="epoch", ylabel="training loss (cross-entropy)")
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
