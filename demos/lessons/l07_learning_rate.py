"""Gradient descent and the learning rate: each step goes against the gradient; a number that we choose says how far.

The gradient points uphill, at a right angle to the contour line, so minus the gradient is the steepest way down:

    w ← w - η·∂L/∂w      η is the learning rate

The number η is chosen, not learned. In a bowl L = ½·c·w² the rule is w ← (1 - η·c)·w, and everything follows from
that factor: near 1 the descent crawls, at 0 one step arrives, below 0 it overshoots, and below -1 each step leads
further away. So η must stay below 2/c, with c the largest curvature of the bowl, and it crawls along the smallest.
"""

# %%
import math
from typing import NamedTuple

import numpy as np

from autograd import Value, grad

from ..page import COLORS, MARKERS, Page

RATES = (0.01, 0.15, 0.19, 0.205)
STEEP = 10.0  # the largest curvature; the smallest is 1
START = (-4.0, 1.5)


# %%
def loss(u: Value | float, v: Value | float) -> Value | float:
    """A long valley: curvature 1 along u, and 10 across it."""
    return (u * u + STEEP * v * v) / 2


def descend(rate: float, steps: int) -> list[tuple[float, float]]:
    """The places that gradient descent comes through."""
    u, v = Value(START[0], "u"), Value(START[1], "v")
    places = [START]
    for _ in range(steps):
        du, dv = grad(loss(u, v), [u, v])
        u.data -= rate * du
        v.data -= rate * dv
        places.append((u.data, v.data))
    return places


def steps_needed(rate: float, goal: float = 1e-6, most: int = 5000) -> int | None:
    """How many steps bring the loss below `goal`; None when it grows instead."""
    for k, place in enumerate(descend(rate, most)):
        if loss(*place) < goal:
            return k
        if loss(*place) > 1e6:
            return None
    return None


def angle_to_contour(place: tuple[float, float], after: tuple[float, float]) -> float:
    """The angle in degrees between a step and the contour line, whose direction is found without any gradient.

    A point of the contour nearby is found by bisection on a small circle round `place`.
    """
    level, radius = loss(*place), 1e-6
    at = lambda t: (place[0] + radius * math.cos(t), place[1] + radius * math.sin(t))  # noqa: E731
    step = math.atan2(after[1] - place[1], after[0] - place[0])
    low, high = step, step + math.pi  # downhill, and uphill on the other side
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(*at(middle)) < level else (low, middle)
    return math.degrees(low - step)


# %% What is calculated.
class Results(NamedTuple):
    """Of each of RATES: the first 30 steps and how many bring the loss to 1e-6; then the angles to the contour."""

    paths: dict[float, list[tuple[float, float]]]
    needed: dict[float, int | None]
    angles: list[float]

    @property
    def losses(self) -> dict[float, float]:
        """The loss after 30 steps."""
        return {rate: float(loss(*path[-1])) for rate, path in self.paths.items()}


def calculate(page: Page) -> Results:
    paths = {rate: descend(rate, 30) for rate in RATES}
    return Results(
        paths,
        needed={rate: steps_needed(rate, most=1000 if page.quick else 5000) for rate in RATES},
        angles=[angle_to_contour(a, b) for a, b in zip(paths[0.15][:5], paths[0.15][1:6], strict=True)],
    )


# %% What it means.
def verdicts(page: Page) -> list[str]:
    """What becomes of the descent at each of RATES."""
    return [
        page.word("too small: crawls"),
        page.word("right: converges"),
        page.word("large: overshoots"),
        page.word("too large: diverges"),
    ]


def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say(
        "The valley L = ½(u² + {steep:g}·v²), from (u, v) = {start}, 30 steps at four learning rates:",
        steep=STEEP, start=START,
    )  # fmt: skip
    columns = zip(RATES, verdicts(page), r.losses.values(), r.needed.values(), strict=True)
    page.table(
        ["η", "", "factor across", "factor along", "loss after 30", "steps to 1e-6"],
        [
            [f"{rate:g}", verdict, f"{1 - rate * STEEP:+.2f}", f"{1 - rate:+.2f}", end, needed or "never"]
            for rate, verdict, end, needed in columns
        ],
    )
    page.say(
        """
        Every step leaves its contour line at a right angle. For the first steps of the second path, with a contour line
        that was found without any gradient, by trying points, the angles are {angles}.
        """,
        angles=", ".join(f"{angle:.2f}°" for angle in r.angles),
    )
    plot_paths(page, r)
    plot_losses(page, r)
    page.say(
        """
        Look at the zigzag of the third path. "Overshoots" is not yet "diverges": from 1/c on each step lands on the
        other side of the valley, but below 2/c it lands nearer to the bottom. That can even help, because the slow part
        is the way along the valley, and there a larger rate is faster. The best rate, 2/(1 + 10) = 0.18, makes both
        factors equally large, one of them negative. A valley with curvatures 1 and 1000 needs a rate 100 times smaller,
        and the way along it is as long as here. Standardised features, momentum and Adam help against that.
        """
    )
    page.say("Try: STEEP = 100 with the same rates. Which still converges? And which is the largest that does?")


# %% Pictures.
def plot_paths(page: Page, r: Results) -> None:
    with page.figure("Between crawling and diverging: the learning rate decides", 2, 2, (9.0, 5.6)) as (_, axes):
        u, v = np.meshgrid(np.linspace(-5.0, 2.5, 120), np.linspace(-2.2, 2.2, 80))
        for ax, rate, verdict, color, marker in zip(axes.flat, RATES, verdicts(page), COLORS, MARKERS, strict=False):
            ax.contour(u, v, loss(u, v), levels=[0.1, 0.5, 2, 5, 10, 15, 20, 30], colors="0.75", linewidths=0.9)
            places = np.array(r.paths[rate])
            ax.plot(*places.T, marker=marker, markersize=4, linewidth=1.2, linestyle="-", color=color)
            ax.plot(0, 0, marker="+", markersize=11, color="black")
            ax.set(xlabel="u", ylabel="v", xlim=(-5, 2.5), ylim=(-2.2, 2.2), aspect="equal")
            ax.set(title=f"η = {rate:g}, {verdict}")


def plot_losses(page: Page, r: Results) -> None:
    with page.figure("The loss falls at a rate that η sets; above 2/c = 0.2 it rises") as (_, ax):
        for rate, marker in zip(RATES, MARKERS, strict=False):
            ax.semilogy([loss(*place) for place in r.paths[rate]], marker=marker, markersize=4, label=f"η = {rate:g}")
        ax.set(xlabel="step", ylabel="loss L")
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate(page)
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
