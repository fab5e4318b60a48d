"""Why topological order, why +=, why zero_grad: wrong backward passes beside the right one, step by step.

Backpropagation visits every node after all nodes that use it, its children (the nodes that it uses are its parents); on
each edge it multiplies the gradient of the node by the local derivative; and it adds that to the gradient that the
parent has already. Below, each of these rules is broken in turn, on the smallest graph on which it shows. Every pass is
a generator: it yields a line of text for each edge as it goes.
"""

# %%
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

from autograd import Value

from ..page import Page

Pass = Callable[[Value], Iterator[str]]


# %% The right pass, and four wrong ones.
def right(output: Value) -> Iterator[str]:
    """Inner gradients begin at 0, children come first, every edge adds: what `output.backward()` does."""
    order = children_first(output)
    for node in order:
        if node.parents:  # leaves keep what earlier passes gave them
            node.grad = 0.0
    yield from without_reset(output)


def without_reset(output: Value) -> Iterator[str]:
    """Wrong the second time: inner nodes begin with what the first pass left in them."""
    output.grad = 1.0
    for node in children_first(output):
        for k in range(len(node.parents)):
            yield add(node, k)


def overwriting(output: Value) -> Iterator[str]:
    """Wrong: = in place of +=."""
    output.grad = 1.0
    for node in children_first(output):
        for k, parent in enumerate(node.parents):
            parent.grad = None
            yield add(node, k)


def at_once(node: Value) -> Iterator[str]:
    """Wrong: plain recursion along the edges."""
    node.grad = 1.0 if node.grad is None else node.grad
    for k, parent in enumerate(node.parents):
        yield add(node, k)
        yield from at_once(parent)


def first_come(node: Value, seen: set[Value] | None = None) -> Iterator[str]:
    """Wrong: each node once, but as soon as it is reached."""
    seen = set() if seen is None else seen
    seen.add(node)
    node.grad = 1.0 if node.grad is None else node.grad
    for k, parent in enumerate(node.parents):
        yield add(node, k)
        if parent not in seen:
            yield from first_come(parent, seen)


# %% What they share.
def add(node: Value, k: int) -> str:
    """The chain rule on one edge, and what happened in a line."""
    parent, local, upstream = node.parents[k], node.local_grads[k], node.grad or 0.0
    held = parent.grad or 0.0
    parent.grad = held + upstream * local
    return f"{parent.label}.grad = {held:g} + {upstream:g}·{local:g} = {parent.grad:g}"


def children_first(output: Value) -> list[Value]:
    """The nodes, each before its parents. (Recursive, as in a textbook; the engine uses a stack of its own.)"""
    order: dict[Value, None] = {}

    def visit(node: Value) -> None:
        if node not in order:
            for parent in node.parents:
                visit(parent)
            order[node] = None

    visit(output)
    return list(order)[::-1]


# %% The graphs.
def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def square(x: Value) -> Value:
    return x * x


def cube(x: Value) -> Value:
    return named(named(x * x, "u") * x, "f")


def doubled_twice(a: Value) -> Value:
    b = named(a + a, "b")
    return named(b + b, "c")


def descent(reset: bool, steps: int = 25) -> list[float]:
    """Gradient descent on (w - 3)² from 0; the places it comes through."""
    w = Value(0.0, "w")
    places = [w.data]
    for _ in range(steps):
        if reset:
            w.grad = None  # what zero_grad() of a model does
        ((w - 3) ** 2).backward()
        w.data -= 0.25 * (w.grad or 0.0)
        places.append(w.data)
    return places


# %% What is calculated.
class Compared(NamedTuple):
    """A wrong pass beside the right one: the lines of both, and the gradients that the leaf ends with."""

    wrong: list[str]
    right: list[str]
    gradients: tuple[float, float]


class Results(NamedTuple):
    """Each wrong pass on its graph, and the places of a descent without and with a reset."""

    overwriting: Compared
    at_once: Compared
    first_come: Compared
    without_reset: Compared
    never_reset: list[float]
    reset: list[float]


def compared(f: Callable[[Value], Value], leaf: Value, wrong: Pass, first: Pass | None = None) -> Compared:
    """The wrong pass and the right one on the graph of f, each after the pass `first`."""
    lines, gradients = [], []
    for run in (wrong, right):
        leaf.grad, output = None, f(leaf)
        if first:
            list(first(output))
        lines.append([run.__name__, *run(output)])
        gradients.append(leaf.grad or 0.0)
    return Compared(lines[0], lines[1], (gradients[0], gradients[1]))


def calculate() -> Results:
    return Results(
        compared(square, Value(3.0, "x"), overwriting),
        compared(doubled_twice, Value(1.0, "a"), at_once),
        compared(doubled_twice, Value(1.0, "a"), first_come),
        compared(cube, Value(3.0, "x"), without_reset, first=right),
        descent(reset=False),
        descent(reset=True),
    )


# %% What it means.
def tell(page: Page, r: Results) -> None:
    page.say(__doc__)
    page.say("f = x·x at 3: df/dx = 6. Wrong: = in place of +=, so only the last contribution to a node is left.")
    beside(page, r.overwriting)
    page.say(
        """
        b = a + a, c = b + b: dc/da = 4. Wrong: plain recursion along the edges, so a node passes on at each visit what
        it has passed on before.
        """
    )
    beside(page, r.at_once)
    page.say(
        "The same graph. Wrong: each node once, but as soon as it is reached, when part of its gradient is missing."
    )
    beside(page, r.first_come)
    page.stepper(
        doubled_twice(Value(1.0, "a")).stepper(), "Step through the right pass of this graph: b is complete before a"
    )
    page.say(
        """
        f = x³ at 3, second pass: 27 + 27. Wrong the second time: inner nodes still hold the gradient of the first pass,
        and pass it on once more.
        """
    )
    beside(page, r.without_reset)
    page.say(
        """
        Gradient descent on (w - 3)², with and without a reset of w.grad between the steps. Wrong: the leaf adds up the
        gradients of all steps, so the descent overshoots and swings. It is no mistake of the engine that leaves keep
        what they hold: this is how the gradients of many examples add up before one step. But then someone must reset
        them.
        """
    )
    page.table(
        ["step", "gradients never reset", "reset before each step"],
        [[k, r.never_reset[k], r.reset[k]] for k in range(6)],
    )
    plot_descents(page, r)
    page.say(
        "Try: write a pass that visits parents in the order of a queue (breadth first). On which graph is it wrong?"
    )


def beside(page: Page, passes: Compared) -> None:
    rows = zip_longest(passes.wrong, passes.right, fillvalue="")
    page.show(*(f"{wrong:<32}{right}".rstrip() for wrong, right in rows))


# %% The picture.
def plot_descents(page: Page, r: Results) -> None:
    with page.figure("With zero_grad each step halves the distance; without, the descent swings") as (_, ax):
        ax.plot(r.never_reset, marker="^", label="gradients never reset")
        ax.plot(r.reset, marker="o", label="reset before each step")
        ax.axhline(3.0, color="0.4", linewidth=1.0, linestyle=":", label="minimum, w = 3")
        ax.set(xlabel="step", ylabel="w", ylim=(-1, 8.5))
        ax.legend()


def main(page: Page | None = None) -> Results:
    page = page or Page()
    results = calculate()
    tell(page, results)
    return results


if __name__ == "__main__":
    main()
