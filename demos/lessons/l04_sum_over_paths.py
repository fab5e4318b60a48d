"""Sum over paths: a derivative counts every way in which the input reaches the output.

A change of a reaches C along every path of the graph, multiplied on each edge by the slope of that edge; what arrives
is the sum of all:

    dC/da = Σ over paths from a to C of the product of the local derivatives along the path

So gradients could be found by listing paths. Backpropagation is the same sum, with what the paths have in common
factored out: it multiplies each edge once, however many paths go through it.
"""

# %%
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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Three paths lead from a to C. Each is a product; together they are the gradient.
    output, a = small_graph()
    found = paths(output, a)
    output.backward()
    page.say("C = a + u·v with u = a·b and v = a + b, at a = 2, b = 3. The paths from a to C:")
    page.show(*found)
    total = sum(path.product for path in found)
    sums = " + ".join(f"{path.product:g}" for path in found)
    page.say(f"""
        Their sum is {sums} = {total:g}; backpropagation says {a.grad:g}; and by the rules of differentiation,
        d/da (a + a²b + ab²) = 1 + 2ab + b² = 22. Look at p: two of the paths go through it, and backpropagation passes
        it once.
    """)
    page.drawing(autograd.draw(output), title="Three paths lead from a to C: through u, through v, and straight")

    # Where paths branch again and again, listing them is hopeless.
    depths = range(1, 13)
    counts, steps = [], []
    for rungs in depths:
        end, x = ladder(rungs)
        counts.append(len(paths(end, x)))
        steps.append(len(end.stepper()))
    page.say("Now add x to itself, the sum to itself, and so on. Each rung doubles the paths and adds two edges:")
    shown = [0, 1, 2, 3, 7, 11]
    page.table(["rungs", "paths", "steps of backprop"], [[depths[k], counts[k], steps[k]] for k in shown])
    try:
        refusal = len(paths(*ladder(30)))
    except ValueError as error:
        refusal = 0
        page.say("Of 30 rungs, a billion paths; the engine refuses to list them, and differentiates in 60 steps:")
        page.show(error)
    deep, x = ladder(30)
    deep.backward()
    page.say(f"gradient over 30 rungs: {x.grad:,.0f} = 2³⁰")

    with page.figure("Paths double with every rung; the steps of backpropagation grow by two") as (_, ax):
        ax.semilogy(depths, counts, marker="o", label="paths to list")
        ax.semilogy(depths, steps, marker="^", label="steps of backpropagation")
        ax.set(xlabel="rungs of the ladder (additions)", ylabel="number (logarithmic)")
        ax.legend()
    page.say("Try: add + a·b at the end of C. How many paths are there now, and what do they add?")
    return {
        "paths": len(found), "sum": total, "gradient": a.grad, "paths of 12 rungs": counts[-1],
        "steps of 12 rungs": steps[-1], "listed of 30 rungs": refusal, "gradient of 30 rungs": x.grad,
    }  # fmt: skip


if __name__ == "__main__":
    main()
