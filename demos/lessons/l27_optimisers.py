"""Optimisers: momentum, Adam, a falling learning rate, and Newton's method, which needs no rate.

Plain gradient descent has one number, the learning rate, for all directions. In a long valley that is too large across
and too small along it. Four answers:

    momentum    v ← β·v + ∂L/∂w            w ← w - η·v                what points the same way every time adds up
    Adam        m, s: running means of the gradient and its square    w ← w - η·m / √s (both corrected at the start)
    schedule    η falls with the epochs: large steps first, small ones at the end
    Newton      w ← w - H⁻¹·∂L/∂w          H is the matrix of second derivatives

Momentum remembers, Adam gives each parameter a step of about the size η whatever the size of its gradient, and Newton
divides by the curvature, so that a valley of any shape becomes a round bowl.
"""

# %%
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import nn
from autograd import Value, grad, hessian

from ..page import COLORS, DASHES, MARKERS, Page

STEEP = 10.0  # the valley of the lesson on the learning rate: curvature 1 along u and 10 along v
START = (-4.0, 1.5)

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


# %%
def loss(u: Any, v: Any) -> Any:
    return (u * u + STEEP * v * v) / 2


def walk(make: Maker, steps: int) -> list[tuple[float, float]]:
    """The places that an optimiser comes through in the valley."""
    u, v = Value(START[0], "u"), Value(START[1], "v")
    optimiser, places = make([u, v]), [START]
    for _ in range(steps):
        u.grad, v.grad = grad(loss(u, v), [u, v])
        optimiser.step()
        places.append((u.data, v.data))
    return places


def newton_step(place: tuple[float, float]) -> tuple[float, float]:
    u, v = (Value(x) for x in place)
    du, dv = np.linalg.solve(hessian(loss, *place), grad(loss(u, v), [u, v]))
    return float(place[0] - du), float(place[1] - dv)


def steps_needed(places: list[tuple[float, float]], goal: float = 1e-6) -> int | None:
    """After how many steps the loss is below `goal` for good."""
    above = [k for k, place in enumerate(places) if loss(*place) >= goal]
    return above[-1] + 1 if above[-1] + 1 < len(places) else None


def counted(steps: int | None) -> str:
    return "more than 400 steps" if steps is None else f"{steps} step{'s' * (steps > 1)}"


# %%
def main(page: Page | None = None) -> dict[str, Any]:
    page = page or Page()
    page.say(__doc__)
    paths = {name: walk(make, 400) for name, make in VALLEY.items()}
    paths["Newton"] = [START, newton_step(START)]
    needed = {name: steps_needed(places) for name, places in paths.items()}
    page.say(f"The valley ½(u² + {STEEP:g}·v²) from {START}: steps until the loss is below 1e-6 and stays there:")
    page.table(
        ["optimiser", "steps", "loss at the end"], [[n, needed[n] or "never", loss(*paths[n][-1])] for n in paths]
    )
    page.say(f"""
        Newton arrives in {needed["Newton"]} step: a bowl is exactly what its second derivatives say. Plain descent has
        its best rate here, 2/(1 + {STEEP:g}), and momentum needs {needed["momentum"]} steps where it needs
        {needed["descent"]}. Adam takes {needed["Adam"] or "more than 400"}: its steps are of the size η at first,
        however small the slope is, so near the minimum it overshoots. It is made for many parameters whose gradients
        differ in size, not for a bowl of two.
    """)

    n, epochs = (60, 40) if page.quick else (100, 100)
    x, y = make_moons(n, noise=0.1, random_state=page.seed)
    histories = {}
    for name, make in page.progress([*MOONS.items(), ("Adam, η falls", MOONS["Adam"])], "optimisers"):
        model = nn.MLP(2, [16, 16, 1], "tanh", seed=page.seed)
        optimiser = make(list(model.parameters()))
        falling = nn.CosineAnnealingLR(optimiser, epochs) if "falls" in name else None
        history = nn.fit(
            model, x, y, nn.binary_cross_entropy, optimizer=optimiser, epochs=epochs, batch_size=10, seed=page.seed,
            schedule=falling, progress=False,
        )  # fmt: skip
        histories[name] = history.train_loss
    page.say(f"A network 2-16-16-1 on {n} points of two moons, minibatches of 10, {epochs} epochs; the training loss:")
    rows = [[name, *(losses[k] for k in (0, epochs // 4, epochs - 1))] for name, losses in histories.items()]
    page.table(["optimiser", "epoch 1", f"epoch {epochs // 4 + 1}", f"epoch {epochs}"], rows)
    best = min(histories, key=lambda name: histories[name][-1])
    page.say(f"""
        The lowest at the end is {best}. Newton is not in the list: the matrix of second derivatives of 337 parameters
        has 113,569 numbers, and far from a minimum its step may lead uphill. For networks one uses momentum or Adam,
        mostly with a rate that falls.
    """)
    with page.figure("Newton sees the shape of the valley; momentum and Adam learn of it on the way", 2, 2) as (
        _,
        axes,
    ):
        u, v = np.meshgrid(np.linspace(-5, 2.5, 120), np.linspace(-2.2, 2.2, 80))
        for ax, name, color in zip(axes.flat, ("descent", "momentum", "Adam", "Newton"), COLORS, strict=False):
            ax.contour(u, v, loss(u, v), levels=[0.1, 0.5, 2, 5, 10, 20, 30], colors="0.75", linewidths=0.9)
            places = np.array(paths[name][:40])
            ax.plot(*places.T, marker="o", markersize=3, linewidth=1.2, linestyle="-", color=color)
            ax.plot(0, 0, marker="+", markersize=11, color="black")
            ax.set(title=f"{name}: {counted(needed[name])}", xlabel="u", ylabel="v",
                   xlim=(-5, 2.5), ylim=(-2.2, 2.2))  # fmt: skip
    with page.figure("On the moons the optimisers need different numbers of epochs") as (_, ax):
        for name, color, dashes, marker in zip(histories, COLORS, DASHES, MARKERS, strict=False):
            ax.semilogy(range(1, epochs + 1), histories[name], color=color, ls=dashes, marker=marker,
                        markevery=max(1, epochs // 8), label=name)  # fmt: skip
        ax.set(xlabel="epoch", ylabel="training loss (cross-entropy)")
        ax.legend()
    page.say("Try: STEEP = 100. Who needs ten times as many steps, who needs three times, and who still needs one?")
    return {"steps": needed, "moons": {name: losses[-1] for name, losses in histories.items()}}


if __name__ == "__main__":
    main()
