"""A sigmoid neuron as gates: a gate may be as large as you like, if you know its derivative.

A neuron weighs its inputs, adds a bias (here called w2) and squashes the sum to a number between 0 and 1:

    out = σ(w0·x0 + w1·x1 + w2)     σ(s) = 1 / (1 + e⁻ˢ)

σ is four gates: change the sign, exp, add 1, divide 1 by that. Seen as one gate, its derivative is known too, and needs
only the number that the gate has just calculated:

    dσ/ds = e⁻ˢ / (1 + e⁻ˢ)² = σ(s)·(1 - σ(s))

Both views are the same function, so they must give the same gradients.
"""

# %%
import autograd
from autograd import Value

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


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    # Fused: σ is one node, whose derivative is a row in the table of operations.
    out, leaves = neuron()
    page.say(f"Forward: s = (2)(-1) + (-3)(-2) + (-3) = 1, out = σ(1) = {out.data:.4f}. Backward through one σ gate:")
    fused_stepper = out.stepper()
    fused_steps = list(fused_stepper)
    page.steps(fused_steps)
    fused = [leaf.grad for leaf in leaves]

    # Expanded: the same graph, each fused gate rewritten as its formula; the leaves are the same objects.
    for leaf in leaves:
        leaf.grad = None
    expanded = autograd.expand(out)
    page.say(
        "The same σ as its formula. The gradient becomes negative at the division, and the sign change turns it back:"
    )
    expanded_stepper = expanded.stepper()
    page.steps(list(expanded_stepper)[:4])
    gates = [leaf.grad for leaf in leaves]

    # What to look at
    page.table(
        ["input", "value", "gradient, one σ gate", "gradient, four gates"],
        [[leaf.label, leaf.data, f"{a:.4f}", f"{b:.4f}"] for leaf, a, b in zip(leaves, fused, gates, strict=True)],
    )
    difference = max(abs(a - b) for a, b in zip(fused, gates, strict=True))
    page.say(f"""
        The columns agree: the largest difference is {difference:.0e}, at most the rounding of one more multiplication.
        On the way back from s to the inputs everything is multiplied by the same number, σ(1)·(1 - σ(1)) =
        {out.data * (1 - out.data):.4f}; what remains is the swap of the product gates: w0 gets x0 times it, x0 gets w0
        times it. Look at w1 and w2: the gradient of a weight is large where its input is large, and the bias is a
        weight whose input is always 1.
    """)
    for stepper, name, title in (
        (fused_stepper, "fused", "The neuron with σ as one gate"),
        (expanded_stepper, "expanded", "The same neuron with σ as four gates"),
    ):
        names = {name: node for node, name in stepper.names.items()}  # those of the steps above
        page.drawing(autograd.draw(stepper.output, labels=names), name, title)
    page.stepper(expanded_stepper, "Step through the four gates")
    page.say("Try: x0 = -10. What becomes of all five gradients, and why is that bad news for learning?")
    named = {leaf.label: gradient for leaf, gradient in zip(leaves, fused, strict=True)}
    return {"out": out.data, "expanded": expanded.data, "difference": difference} | named


if __name__ == "__main__":
    main()
