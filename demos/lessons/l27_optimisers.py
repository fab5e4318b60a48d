"""Optimisers: momentum, Adam, a falling learning rate, and Newton's method, which needs no rate.

Plain gradient descent has one number, the learning rate, for all directions. In a long valley that is too large across
and too small along it. Four answers:

    momentum    v ← β·v + ∂L/∂w      w ← w - η·v
    Adam        w ← w - η·m/√s
    Newton      w ← w - H⁻¹·∂L/∂w

Momentum remembers: what points the same way every time adds up. In Adam m and s are running means of the gradient and
of its square, both corrected at the start; so each parameter takes a step of about the size η, whatever the size of its
gradient. Newton divides by the curvature, H is the matrix of second derivatives, so that a valley of any shape becomes
a round bowl. The fourth answer is a schedule: η falls with the epochs, large steps first, small ones at the end.
"""

# %%
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import make_moons

import nn
from autograd import Value, grad, hessian

from ..page import COLORS, DASHES, MARKERS, Page

STEEP = 10.0  # the valley of the lesson on the learning rate: curvature 1 along u and 10 along v
START = (-4.0, 1.5)
MOST = 400  # steps in the valley

Place = tuple[float, float]
Maker = Callable[[list[Value]], nn.Optimizer]
VALLEY: dict[str, Maker] = {
    "descent": lambda p: nn.SGD(p, lr=2 / (1 + STEEP)),  # the best rate there is
    "momentum": lambda p: nn.SGD(p, lr=0.15, momentum=0.5),
    "Nesterov": lambda p: nn.SGD(p, lr=0.1, momentum=0.5, nesterov=True),
    "Adam": lambda p: nn.Adam(p, lr=0.3, betas=(0.8, 0.99)),
}
MOONS: dict[str, Maker] = {
    "descent": lambda p: nn.SGD(p, lr=0.5),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: nn.Adam(p, lr=0.03),
}
FALLING = "Adam, η falls"


# %% The valley.
def loss(u: Any, v: Any) -> Any:
    return (u * u + STEEP * v * v) / 2


def walk(make: Maker, steps: int) -> list[Place]:
    """The places that an optimiser comes through in the valley."""
    u, v = Value(START[0], "u"), Value(START[1], "v")
    optimiser, places = make([u, v]), [START]
    for _ in range(steps):
        u.grad, v.grad = grad(loss(u, v), [u, v])
        optimiser.step()
        places.append((u.data, v.data))
    return places


def newton_step(place: Place) -> Place:
    u, v = (Value(x) for x in place)
    du, dv = np.linalg.solve(hessian(loss, *place), grad(loss(u, v), [u, v]))
    return float(place[0] - du), float(place[1] - dv)


def steps_needed(places: list[Place], goal: float = 1e-6) -> int | None:
    """After how many steps the loss is below `goal` for good."""
    above = [k for k, place in enumerate(places) if loss(*place) >= goal]
    return above[-1] + 1 if above[-1] + 1 < len(places) else None


# %% What is calculated.
class Results(NamedTuple):
    """By optimiser: the path through the valley and the steps it needs; the training losses on the moons."""

    paths: dict[str, list[Place]]
    needed: dict[str, int | None]
    losses: dict[str, list[float]]
    points: int
    parameters: int  # of the network

    @property
    def epochs(self) -> int:
        return len(self.losses["Adam"])

    @property
    def best(self) -> str:
        """The optimiser with the lowest loss at the end."""
        return min(self.losses, key=lambda name: self.losses[name][-1])


def calculate(page: Page) -> Results:
    paths = {name: walk(make, MOST) for name, make in VALLEY.items()}
    paths["Newton"] = [START, newton_step(START)]
    n, epochs = (60, 40) if page.quick else (100, 100)
    x, y = make_moons(n, noise=0.1, random_state=page.seed)
    losses = {}
    for name, make in page.progress([*MOONS.items(), (FALLING, MOONS["Adam"])], "optimisers"):
        model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
        optimiser = make(model.parameters())
        falling = nn.CosineAnnealingLR(optimiser, epochs) if name == FALLING else None
        history = nn.fit(
            model, x, y, nn.binary_cross_entropy, optimizer=optimiser, epochs=epochs, batch_size=10, seed=page.seed,
            schedule=falling, progress=False,
        )  # fmt: skip
        losses[name] = history.train_loss
    needed = {name: steps_needed(places) for name, places in paths.items()}
    return Results(paths, needed, losses, n, len(model.parameters()))


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "The valley ½(u² + {steep:g}·v²) from {start}: steps until the loss is below 1e-6 and stays there:",
        steep=STEEP, start=START,
    )  # fmt: skip
    page.table(
        ["optimiser", "steps", "loss at the end"],
        [[name, r.needed[name] or "never", loss(*places[-1])] for name, places in r.paths.items()],
    )
    page.say(
        """
        Newton arrives in {newton} step: a bowl is exactly what its second derivatives say. Plain descent has its best
        rate here, 2/(1 + {steep:g}), and needs {descent} steps; momentum needs {momentum}. Adam takes {adam}: its
        steps are of the size η at first, however small the slope is, so near the minimum it overshoots. It is made for
        many parameters whose gradients differ in size, not for a bowl of two.
        """,
        steep=STEEP, **{name.lower(): _counted(page, r.needed[name]) for name in r.needed},
    )  # fmt: skip
    plot_valley(page, r)

    page.say(
        """
        A network 2-16-16-1 on {points} points of two moons, minibatches of 10, {epochs} epochs; the training loss:
        """,
        points=r.points, epochs=r.epochs,
    )  # fmt: skip
    shown = (0, r.epochs // 4, r.epochs - 1)
    page.table(
        ["optimiser", *(page.word("epoch {k}", k=k + 1) for k in shown)],
        [[name, *(losses[k] for k in shown)] for name, losses in r.losses.items()],
    )
    plot_moons(page, r)
    page.say(
        """
        The lowest at the end is this one: {best}. Newton is not in the list: the matrix of second derivatives of
        {parameters} parameters has {numbers:,} numbers, and far from a minimum its step may lead uphill. For networks
        one uses momentum or Adam.
        """,
        best=page.word(r.best), parameters=r.parameters, numbers=r.parameters**2,
    )  # fmt: skip
    if r.losses[FALLING][-1] > r.losses["Adam"][-1]:
        page.say(
            """
            With a falling rate Adam ends higher here: its last steps are too small to go on down. Such a rate pays in
            longer trainings, where large steps keep jumping over the minimum and the examples of each minibatch pull
            in other directions.
            """
        )
    else:
        page.say("With a falling rate Adam ends lower: its small last steps settle where large ones jump about.")
    page.say("Try: STEEP = 100. Who needs ten times as many steps, who needs three times, and who still needs one?")


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
            places = np.array(r.paths[name][:40])
            ax.plot(*places.T, marker="o", markersize=3, linewidth=1.2, linestyle="-", color=color)
            ax.plot(0, 0, marker="+", markersize=11, color="black")
            steps = _counted(page, r.needed[name])
            title = page.word("{name}, steps: {steps}", name=page.word(name), steps=steps)
            ax.set(title=title, xlabel="u", ylabel="v", xlim=(-5, 2.5), ylim=(-2.2, 2.2))


def plot_moons(page: Page, r: Results) -> None:
    with page.figure("On the moons the optimisers need different numbers of epochs") as (_, ax):
        for (name, losses), color, dashes, marker in zip(r.losses.items(), COLORS, DASHES, MARKERS, strict=False):
            ax.semilogy(range(1, r.epochs + 1), losses, color=color, ls=dashes, marker=marker,
                        markevery=max(1, r.epochs // 8), label=name)  # fmt: skip
        ax.set(xlabel="epoch", ylabel="training loss (cross-entropy)")
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
