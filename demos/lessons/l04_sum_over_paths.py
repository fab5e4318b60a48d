"""Sum over paths: a derivative counts every way in which the input reaches the output.

A change of a reaches C along every path of the graph, multiplied on each edge by the slope of that edge; what arrives
is the sum of all:

    dC/da = Σ over paths from a to C of the product of the local derivatives along the path

So gradients could be found by listing paths. Backpropagation is the same sum, with what the paths have in common
factored out: it multiplies each edge once, however many paths go through it.
"""

# %%
from typing import Any, NamedTuple

import autograd
from autograd import Value, paths

from ..page import Page


# %%
def small_graph() -> tuple[Value, Value]:
    """C = a + a·b·(a + b) at a = 2, b = 3; returns C and a."""
    a, b = Value(2, "a"), Value(3, "b")
    u, v = a * b, a + b
    p = u * v
    output = a + p
    for node, label in zip((u, v, p, output), "uvpC", strict=True):
        node.label = label
    return output, a


def ladder(rungs: int) -> tuple[Value, Value]:
    """x doubled `rungs` times, each time by adding it to itself: two edges from node to node. Returns the end and x."""
    x = end = Value(1.0, "x")
    for _ in range(rungs):
        end = end + end
    return end, x


# %% What is calculated.
RUNGS = range(1, 13)


class Results(NamedTuple):
    """The paths of the small graph and the gradient of a; then the ladders: paths and steps, by number of rungs."""

    output: Value
    paths: list[Any]
    gradient: float
    counts: list[int]
    steps: list[int]
    refusal: str
    gradient_of_30: float

    @property
    def total(self) -> float:
        """The sum over the paths."""
        return sum(path.product for path in self.paths)


def calculate() -> Results:
    # Three paths lead from a to C. Each is a product; together they are the gradient.
    output, a = small_graph()
    output.backward()

    # Where paths branch again and again, listing them is hopeless.
    ladders = [ladder(rungs) for rungs in RUNGS]
    deep, x = ladder(30)
    deep.backward()
    refusal = ""
    try:
        paths(deep, x)
    except ValueError as error:
        refusal = str(error)
    return Results(
        output, paths(output, a), a.grad or 0.0,
        counts=[len(paths(end, start)) for end, start in ladders], steps=[len(end.stepper()) for end, _ in ladders],
        refusal=refusal, gradient_of_30=x.grad or 0.0,
    )  # fmt: skip


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("C = a + u·v with u = a·b and v = a + b, at a = 2, b = 3. The paths from a to C:")
    page.show(*r.paths)
    page.say(
        """
        Their sum is {sums} = {total:g}; backpropagation says {gradient:g}; and by the rules of differentiation,
        d/da (a + a²b + ab²) = 1 + 2ab + b² = 22. Look at p: two of the paths go through it, and backpropagation passes
        it once.
        """,
        sums=" + ".join(f"{path.product:g}" for path in r.paths), total=r.total, gradient=r.gradient,
    )  # fmt: skip
    page.drawing(autograd.draw(r.output), title="Three paths lead from a to C: through u, through v, and straight")
    page.stepper(r.output.stepper(), "Step through this graph: the gradient of a is complete after its third part")

    page.say("Now add x to itself, the sum to itself, and so on. Each rung of this ladder doubles the number of paths:")
    page.table(
        ["rungs", "paths", "steps of backprop"], [[RUNGS[k], r.counts[k], r.steps[k]] for k in (0, 1, 2, 3, 7, 11)]
    )
    page.say("Of 30 rungs, a billion paths; the engine refuses to list them, and differentiates in 60 steps:")
    page.show(r.refusal, page.word("gradient over 30 rungs: {gradient:,.0f} = 2³⁰", gradient=r.gradient_of_30))
    plot_ladder(page, r)
    page.say("Try: add + a·b at the end of C. How many paths are there now, and what do they add?")


# %% The picture.
def plot_ladder(page: Page, r: Results) -> None:
    with page.figure("Paths double with every rung; the steps of backpropagation grow by two") as (_, ax):
        ax.semilogy(RUNGS, r.counts, marker="o", label="paths to list")
        ax.semilogy(RUNGS, r.steps, marker="^", label="steps of backpropagation")
        ax.set(xlabel="rungs of the ladder (additions)", ylabel="number (logarithmic)")
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
