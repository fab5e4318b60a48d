"""A sigmoid neuron as gates: a gate may be as large as you like, if you know its derivative.

A neuron weighs its inputs, adds a bias (here called w2) and squashes the sum to a number between 0 and 1:

    out = σ(w0·x0 + w1·x1 + w2)     σ(s) = 1 / (1 + e⁻ˢ)

σ is four gates: change the sign, exp, add 1, divide 1 by that. Seen as one gate, its derivative is known too, and needs
only the number that the gate has just calculated:

    dσ/ds = e⁻ˢ / (1 + e⁻ˢ)² = σ(s)·(1 - σ(s))

Both views are the same function, so they must give the same gradients.
"""

# %%
from typing import NamedTuple

import autograd
from autograd import Step, Stepper, Value

from ..page import Page

INPUTS = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


# %%
def neuron() -> tuple[Value, list[Value]]:
    """The neuron and its five inputs."""
    leaves = [Value(number, name) for name, number in INPUTS.items()]
    w0, x0, w1, x1, w2 = leaves
    s = w0 * x0 + w1 * x1 + w2
    s.label = "s"
    out = s.sigmoid()
    out.label = "out"
    return out, leaves


# %% What is calculated.
class Results(NamedTuple):
    """The neuron with σ as one gate and as four: the pass of each, its steps, and the gradients of the inputs."""

    fused: Stepper
    fused_steps: list[Step]
    fused_gradients: dict[str, float]
    expanded: Stepper
    expanded_steps: list[Step]
    expanded_gradients: dict[str, float]

    @property
    def difference(self) -> float:
        """The largest difference between the gradients of the two."""
        return max(abs(self.fused_gradients[name] - self.expanded_gradients[name]) for name in INPUTS)


def calculate() -> Results:
    # Fused: σ is one node, whose derivative is a row in the table of operations.
    out, leaves = neuron()
    fused = out.stepper()
    fused_steps = list(fused)
    fused_gradients = {leaf.label: leaf.grad or 0.0 for leaf in leaves}

    # Expanded: the same graph, each fused gate rewritten as its formula; the leaves are the same objects.
    for leaf in leaves:
        leaf.grad = None
    expanded = autograd.expand(out).stepper()
    expanded_steps = list(expanded)
    expanded_gradients = {leaf.label: leaf.grad or 0.0 for leaf in leaves}
    return Results(fused, fused_steps, fused_gradients, expanded, expanded_steps, expanded_gradients)


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    out = r.fused.output.data
    page.say(
        "Forward: s = (2)(-1) + (-3)(-2) + (-3) = 1, out = σ(1) = {out:.4f}. Backward through one σ gate:", out=out
    )
    page.steps(r.fused_steps)
    page.drawing(autograd.draw(r.fused.output, labels=names(r.fused)), "fused", "The neuron with σ as one gate")
    page.say(
        "The same σ as its formula. The gradient becomes negative at the division, and the sign change turns it back:"
    )
    page.steps(r.expanded_steps[:4])
    graph = autograd.draw(r.expanded.output, labels=names(r.expanded))
    page.drawing(graph, "expanded", "The same neuron with σ as four gates")
    page.stepper(r.expanded, "Step through the four gates")

    page.table(
        ["input", "value", "gradient, one σ gate", "gradient, four gates"],
        [
            [name, value, f"{r.fused_gradients[name]:.4f}", f"{r.expanded_gradients[name]:.4f}"]
            for name, value in INPUTS.items()
        ],
    )
    page.say(
        """
        The columns agree: the largest difference is {difference:.1g}, no more than an error of rounding. On the way
        back from s to the inputs everything is multiplied by the same number, σ(1)·(1 - σ(1)) = {slope:.4f}; what
        remains is the swap of the product gates: w0 gets x0 times it, x0 gets w0 times it. Look at w1 and w2: the
        gradient of a weight is large where its input is large, and the bias is a weight whose input is always 1.
        """,
        difference=r.difference, slope=out * (1 - out),
    )  # fmt: skip
    page.say("Try: x0 = -10. What becomes of all five gradients, and why is that bad news for learning?")


def names(stepper: Stepper) -> dict[str, Value]:
    """The names that the steps of a pass use, for its picture."""
    return {name: node for node, name in stepper.names.items()}


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
