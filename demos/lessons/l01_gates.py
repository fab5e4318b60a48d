"""The chain rule on gates: each gate multiplies the gradient that reaches it by its own slope; that is all it does.

A gate is one operation. The function f = (x + y)·z is a graph of two gates. Each has its local derivatives, which it
knows the moment it has calculated its output:

    q = x + y     ∂q/∂x = 1     ∂q/∂y = 1
    f = q·z       ∂f/∂q = z     ∂f/∂z = q

Going back from f, whose derivative with respect to itself is 1, every edge multiplies the gradient that has come so far
by the local derivative: ∂f/∂x = ∂f/∂q · ∂q/∂x. That product is the chain rule, and doing it edge by edge is
backpropagation.
"""

# %%
from typing import NamedTuple

import autograd
from autograd import Step, Value, maximum

from ..page import Page

NUDGE = 0.01


# %% What is calculated.
class Results(NamedTuple):
    """The graph after its backward pass, its steps, and f after a nudge of each input; then the graph of a maximum."""

    inputs: tuple[Value, Value, Value]
    q: Value
    f: Value
    steps: list[Step]
    nudged: list[float]
    larger: Value

    @property
    def changes(self) -> list[float]:
        """How much f changes for each unit of a nudge."""
        return [(after - self.f.data) / NUDGE for after in self.nudged]


def calculate() -> Results:
    # Forward: arithmetic with Values writes the graph down as it calculates.
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"

    # Backward: every step is an application of the chain rule.
    steps = list(f.stepper())

    larger = maximum(Value(2, "a"), Value(5, "b"))
    larger.label = "m"
    nudged = [(-2 + NUDGE + 5) * -4, (-2 + 5 + NUDGE) * -4, (-2 + 5) * (-4 + NUDGE)]
    return Results((x, y, z), q, f, steps, nudged, larger)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("Forward, at x = -2, y = 5, z = -4: q = {q:g} and f = {f:g}.", q=r.q.data, f=r.f.data)
    page.say("Backward, a line for each edge: the gate, what it calculated, its slope, and what its input receives:")
    page.show(*r.steps)
    page.say("The same in words:")
    for step in r.steps:
        page.say(step.explain(page.word))
    page.drawing(autograd.draw(r.f), title="Each edge carries its local derivative, each node its value and gradient")
    page.stepper(r.f.stepper(), "Step through this backward pass")

    page.say(
        """
        Look at what each kind of gate does with a gradient. The sum distributes: it passes its gradient, {gradient:g},
        to both inputs as it is. The product swaps: each input receives the gradient times the *other* input. A third
        kind is the maximum, which routes: the larger input receives the whole gradient, the other none, since a small
        change of it changes nothing:
        """,
        gradient=r.q.grad,
    )
    page.show(*r.larger.stepper())
    page.say("A gradient says what a small change does. So test it: add 0.01 to each input in turn and look at f.")
    page.table(
        ["input", "value", "gradient", "f after + 0.01", "change / 0.01"],
        [[x.label, x.data, x.grad, f, change] for x, f, change in zip(r.inputs, r.nudged, r.changes, strict=True)],
    )
    page.say("Try: make z positive. Which gradients change sign, and which one stays?")


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
