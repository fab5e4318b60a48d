"""Backprop by hand, graded: formulas derived on paper are compared with the engine, line by line.

One input x, two hidden sigmoid neurons, one sigmoid output, L = ½(y - out)². The forward pass:

    net_h1 = w1·x + b1            h1  = σ(net_h1)
    net_h2 = w2·x + b2            h2  = σ(net_h2)
    net_o  = w3·h1 + w4·h2 + b2   out = σ(net_o)

By hand, δ = ∂L/∂net is the error signal of a neuron: that of the output first, then, through the weights, those of the
hidden neurons. The gradient of a weight is the δ of the neuron that it leads into, times the number that it is
multiplied by; for a bias that number is 1. The study notes that this course follows print nine such lines. Are they
right?
"""

# %%
from typing import Any, NamedTuple

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


# %% What is calculated.
class Results(NamedTuple):
    """The network as it is written, and how three versions are graded: as printed, corrected, b1 shared."""

    loss: Value
    printed: Any
    corrected: Any
    shared: Any


def calculate() -> Results:
    loss = network(shared_b1=False)
    # The contradiction can be resolved at either end: correct the backward lines, or the forward pass.
    correction = PRINTED | {"db1": "δ_h1", "db2": "δ_h2 + δ_o"}
    results = Results(
        loss,
        printed=check_derivation(loss, PRINTED, values={"y": 1}),
        corrected=check_derivation(loss, correction, values={"y": 1}),
        shared=check_derivation(network(shared_b1=True), PRINTED, values={"y": 1}),
    )
    loss.backward()
    return results


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.show(r.printed)
    lines = {line.name: line for line in r.printed}
    page.say(
        """
        Seven lines are right and two are wrong. The notes print db1 = δ_h1 + δ_h2 and db2 = δ_o, but in the forward
        pass as written b1 enters net_h1 alone, and b2 enters net_h2 and net_o. The error of db1 is {db1:.5f}, that of
        db2 {db2:+.5f}: exactly the δ_h2 = {delta:.5f} that went to the wrong bias.
        """,
        db1=lines["db1"].error, db2=lines["db2"].error, delta=lines["δ_h2"].engine,
    )  # fmt: skip
    page.say("Corrected, db1 = δ_h1 and db2 = δ_h2 + δ_o:")
    page.show(*str(r.corrected).splitlines()[-3:])
    page.say(
        "Or with net_h2 = w2·x + b1 in the forward pass, which is probably what was meant: the printed lines are right."
    )
    page.show(*str(r.shared).splitlines()[-3:])
    page.drawing(
        autograd.draw(r.loss, local_grads=False),
        title="Two arrows leave b2, to net_h2 and to net_o: its gradient has two parts",
    )
    page.stepper(r.loss.stepper(), "Step through the backward pass of this network")
    page.say(
        """
        Look at the arrows that leave b2. A gradient is the sum over all of them, and that is the check to make by
        hand: count the places where a letter is used in the forward pass, and you know how many terms its line has.
        """
    )
    page.say('Try: derive ∂L/∂x by hand (how many terms?), add it as a line "dx" to PRINTED, and have it graded.')


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
