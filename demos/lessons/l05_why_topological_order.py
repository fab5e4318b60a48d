"""Why topological order, why +=, why zero_grad: wrong backward passes beside the right one, step by step.

Backpropagation visits every node after all nodes that use it, its children (the nodes that it uses are its parents); on
each edge it multiplies the gradient of the node by the local derivative; and it adds that to the gradient that the
parent has already. Below, each of these is broken in turn, on the smallest graph on which it shows. Every pass is a
generator: it yields a line of text for each edge as it goes.
"""

# %%
from collections.abc import Callable, Iterator
from itertools import zip_longest

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
    """Wrong the second time: inner nodes still hold the gradient of the first pass, and pass it on once more."""
    output.grad = 1.0
    for node in children_first(output):
        for k in range(len(node.parents)):
            yield add(node, k)


def overwriting(output: Value) -> Iterator[str]:
    """Wrong: = in place of +=, so of several contributions to one node only the last survives."""
    output.grad = 1.0
    for node in children_first(output):
        for k, parent in enumerate(node.parents):
            parent.grad = None
            yield add(node, k)


def at_once(node: Value) -> Iterator[str]:
    """Wrong: plain recursion along the edges. A node passes on at every visit what it passed on before."""
    node.grad = 1.0 if node.grad is None else node.grad
    for k, parent in enumerate(node.parents):
        yield add(node, k)
        yield from at_once(parent)


def first_come(node: Value, seen: set[Value] | None = None) -> Iterator[str]:
    """Wrong: each node once, but as soon as it is reached, when its other contributions are still missing."""
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


# %% The graphs, and how a wrong pass is shown.
def named(value: Value, label: str) -> Value:
    value.label = label
    return value


def cube(x: Value) -> Value:
    return named(named(x * x, "u") * x, "f")


def doubled_twice(a: Value) -> Value:
    b = named(a + a, "b")
    return named(b + b, "c")


def beside(
    page: Page, title: str, f: Callable[[Value], Value], at: Value, wrong: Pass, first: Pass | None = None
) -> list[float]:
    """Show the wrong pass beside the right one; returns the gradients that `at` ends with, wrong and right."""
    columns, gradients = [], []
    for run in (wrong, right):
        at.grad, output = None, f(at)
        if first:
            list(first(output))
        columns.append([run.__name__, *run(output)])
        gradients.append(at.grad or 0.0)
    page.say(f"{title}. {(wrong.__doc__ or '').strip()}")
    page.show(*(f"{a:<32}{b}".rstrip() for a, b in zip_longest(*columns, fillvalue="")))
    return gradients


def descent(reset: bool, steps: int = 5) -> list[float]:
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


# %%
def main(page: Page | None = None) -> dict[str, list[float]]:
    """The lesson; returns the gradients, wrong and right, and the places of the descents."""
    page = page or Page()
    page.say(__doc__)
    results = {
        "overwrite": beside(page, "f = x·x at 3: df/dx = 6", lambda x: x * x, Value(3.0, "x"), overwriting),
        "recursion": beside(page, "b = a + a, c = b + b: dc/da = 4", doubled_twice, Value(1.0, "a"), at_once),
        "first come": beside(page, "The same graph, each node once", doubled_twice, Value(1.0, "a"), first_come),
        "second pass": beside(
            page, "f = x³ at 3, second pass: 27 + 27", cube, Value(3.0, "x"), without_reset, first=right
        ),
        "descent without zero_grad": descent(reset=False, steps=25),
        "descent": descent(reset=True, steps=25),
    }
    page.say("""
        Gradient descent on (w - 3)², with and without a reset of w.grad between the steps. Wrong: the leaf adds up the
        gradients of all steps, so the descent overshoots and swings. That leaves keep what they hold is no mistake of
        the engine: it is how the gradients of many examples add up before one step. Only, then, someone must reset.
    """)
    names = ("descent without zero_grad", "descent")
    page.show(*(f"{name:<32}{', '.join(f'{w:g}' for w in results[name][:6])}" for name in names))
    with page.figure("Without zero_grad the descent swings for ever; with it, each step halves the distance") as (
        _,
        ax,
    ):
        for name, marker, label in zip(names, "^o", ("gradients never reset", "reset before each step"), strict=True):
            ax.plot(results[name], marker=marker, label=label)
        ax.axhline(3.0, color="0.4", linewidth=1.0, linestyle=":", label="minimum, w = 3")
        ax.set(xlabel="step", ylabel="w", ylim=(-1, 8.5))
        ax.legend()
    page.say(
        "Try: write a pass that visits parents in the order of a queue (breadth first). On which graph is it wrong?"
    )
    return results


if __name__ == "__main__":
    main()
