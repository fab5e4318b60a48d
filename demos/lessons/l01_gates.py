"""The chain rule on gates: each gate multiplies what comes from above by its own slope, and needs to know nothing else.

The function f = (x + y)·z is a graph of two gates. Each has its local derivatives, which it knows the moment it has
calculated its output:

    q = x + y     ∂q/∂x = 1     ∂q/∂y = 1
    f = q·z       ∂f/∂q = z     ∂f/∂z = q

Going back from f, whose derivative with respect to itself is 1, every edge multiplies the gradient from above by the
local derivative: ∂f/∂x = ∂f/∂q · ∂q/∂x. That product is the chain rule, and doing it edge by edge is backpropagation.
"""

# %%
import autograd
from autograd import Value, maximum

from ..page import Page


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Forward: arithmetic with Values writes the graph down as it calculates.
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    page.say(f"Forward, at x = -2, y = 5, z = -4: q = {q.data:g} and f = {f.data:g}.")

    # Backward: every application of the chain rule, with the numbers put in.
    steps = list(f.stepper())
    page.say("Backward, a line for each edge: the gate, what it calculated, its slope, and what its input receives:")
    page.show(*steps)
    page.say("The same in words:")
    for step in steps:
        page.say(step.explain())

    # What to look at: a gradient says what a small change of its input does to f.
    page.say("""
        Look at what each kind of gate does with a gradient. The sum distributes: it passes its gradient, -4, to both
        inputs as it is. The product swaps: each input receives the gradient times the *other* input. A third kind is
        the maximum, which routes: the larger input receives the whole gradient, the other none, since a small change
        of it changes nothing:
    """)
    larger = maximum(Value(2, "a"), Value(5, "b"))
    larger.label = "m"
    page.show(*larger.stepper())
    page.say("""
        A gradient is a promise about small changes, so test it: nudge each input by 0.01 and see what becomes of f.
    """)
    rows, slopes = [], {}
    for k, node in enumerate((x, y, z)):
        numbers = [x.data, y.data, z.data]
        numbers[k] += 0.01
        nudged = (numbers[0] + numbers[1]) * numbers[2]
        slopes[node.label] = (nudged - f.data) / 0.01
        rows.append([node.label, node.data, node.grad, nudged, slopes[node.label]])
    page.table(["input", "value", "gradient", "f after + 0.01", "change / 0.01"], rows)
    page.drawing(autograd.draw(f), title="Each edge carries its local derivative, each node its value and gradient")
    page.stepper(f.stepper(), "Step through this backward pass")
    page.say("Try: make z positive. Which gradients change sign, and which one stays?")
    return {"f": f.data, "df/dx": x.grad, "df/dy": y.grad, "df/dz": z.grad, "steps": len(steps)} | slopes


if __name__ == "__main__":
    main()
