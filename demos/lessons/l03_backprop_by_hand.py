"""Backprop by hand, graded: formulas derived on paper are compared with the engine, line by line.

One input x, two hidden sigmoid neurons, one sigmoid output, L = ½(y - out)². The forward pass:

    net_h1 = w1·x + b1            h1  = σ(net_h1)
    net_h2 = w2·x + b2            h2  = σ(net_h2)
    net_o  = w3·h1 + w4·h2 + b2   out = σ(net_o)

By hand, δ = ∂L/∂net is the error signal of a neuron: that of the output first, then, through the weights, those of the
hidden neurons. The gradient of a weight is the δ of the neuron that it leads into, times the number that it is
multiplied by; for a bias that number is 1. The study notes that this course follows print nine such
lines. Are they right?
"""

# %%
import autograd
from autograd import Value, check_derivation

from ..page import Page

NUMBERS = {"w1": 0.3, "w2": -0.4, "w3": 0.5, "w4": 0.7, "b1": 0.1, "b2": 0.2, "x": 0.6}

PRINTED = {
    "δ_o": "-(y - out) * out * (1 - out)",
    "δ_h1": "δ_o * w3 * h1 * (1 - h1)",
    "δ_h2": "δ_o * w4 * h2 * (1 - h2)",
    "dw1": "δ_h1 * x",
    "dw2": "δ_h2 * x",
    "dw3": "δ_o * h1",
    "dw4": "δ_o * h2",
    "db1": "δ_h1 + δ_h2",
    "db2": "δ_o",
}


# %%
def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def network(shared_b1: bool) -> Value:
    """The loss at y = 1; with `shared_b1` both hidden neurons use b1, without, net_h2 uses b2, as in the notes."""
    w1, w2, w3, w4, b1, b2, x = (Value(number, label) for label, number in NUMBERS.items())
    h1 = named(named(w1 * x + b1, "net_h1").sigmoid(), "h1")
    h2 = named(named(w2 * x + (b1 if shared_b1 else b2), "net_h2").sigmoid(), "h2")
    out = named(named(w3 * h1 + w4 * h2 + b2, "net_o").sigmoid(), "out")
    return named((1 - out) ** 2 / 2, "L")


# %%
def main(page: Page | None = None) -> dict[str, float]:
    page = page or Page()
    page.say(__doc__)

    loss = network(shared_b1=False)
    graded = check_derivation(loss, PRINTED, values={"y": 1})
    page.show(graded)
    lines = {line.name: line for line in graded}
    page.say(f"""
        Seven lines are right and two are wrong. The notes print db1 = δ_h1 + δ_h2 and db2 = δ_o, but in the forward
        pass as written b1 enters net_h1 alone, and b2 enters net_h2 and net_o. db1 is off by {lines["db1"].error:.5f},
        db2 by {lines["db2"].error:+.5f}: exactly the δ_h2 = {lines["δ_h2"].engine:.5f} that went to the wrong bias.
    """)

    # The contradiction can be resolved at either end: correct the backward lines, or the forward pass.
    corrected = check_derivation(loss, PRINTED | {"db1": "δ_h1", "db2": "δ_h2 + δ_o"}, values={"y": 1})
    page.say("Corrected, db1 = δ_h1 and db2 = δ_h2 + δ_o:")
    page.show(*str(corrected).splitlines()[-3:])
    shared = check_derivation(network(shared_b1=True), PRINTED, values={"y": 1})
    page.say(
        "Or with net_h2 = w2·x + b1 in the forward pass, which is probably what was meant: the printed lines hold."
    )
    page.show(*str(shared).splitlines()[-3:])

    loss.backward()
    page.drawing(
        autograd.draw(loss, local_grads=False),
        title="Two arrows leave b2, to net_h2 and to net_o: its gradient has two parts",
    )
    page.stepper(loss.stepper(), "Step through the backward pass of this network")
    page.say("""
        Look at the arrows that leave b2. A gradient is the sum over all of them, and that is the check to make by
        hand: count the places where a letter is used in the forward pass, and you know how many terms its line has.
    """)
    page.say('Try: derive ∂L/∂x by hand (how many terms?), add it as a line "dx" to PRINTED, and have it graded.')
    return {
        "right": sum(line.right for line in graded),
        "db1 printed": lines["db1"].by_hand,
        "db2 printed": lines["db2"].by_hand,
        "db1": lines["db1"].engine,
        "db2": lines["db2"].engine,
        "corrected": sum(line.right for line in corrected),
        "shared": sum(line.right for line in shared),
        "db1 shared": next(line.engine for line in shared if line.name == "db1"),
    }


if __name__ == "__main__":
    main()
