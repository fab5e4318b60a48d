"""Predict the next step: the learner does the backward pass by hand, edge by edge, in any order that is allowed."""

from random import Random
from types import ModuleType

from autograd import Step, stepper

from .exercise import Exercise, Sheet, Wrong, asked, close, number, shown, task, word
from .graphs import Graph, random_graph


def steps_of(graph: Graph) -> list[Step]:
    """The engine's own pass."""
    return [step for step in stepper(graph.ours()[graph.output]) if isinstance(step, Step)]


def claim(step: Step) -> tuple[str, str, float]:
    """A step as the learner writes it."""
    return step.node.label or "", step.parent.label or "", float(f"{step.total:.6g}")


def check(graph: Graph, module: ModuleType) -> None:
    """Raises `Wrong` at the first step that is not allowed or that leaves another gradient."""
    claims = asked(module, "steps")
    if not isinstance(claims, list | tuple):
        raise Wrong("steps is {found}, but should be a list", found=shown(claims))
    left = steps_of(graph)
    totals: dict[str, float] = {graph.output: 1.0}
    for k, entry in enumerate(claims, 1):
        if not isinstance(entry, tuple | list) or len(entry) != 3:
            raise Wrong('step {k} is {found}, but should be like ("f", "x", 2.0)', k=k, found=shown(entry))
        node, parent = entry[0], entry[1]
        if not isinstance(node, str) or not isinstance(parent, str):
            raise Wrong("step {k}: {found} should begin with two names of nodes", k=k, found=shown(entry))
        edges = [step for step in left if (step.node.label, step.parent.label) == (node, parent)]
        if not edges:
            used = any((step.node.label, step.parent.label) == (node, parent) for step in steps_of(graph))
            raise Wrong(
                "step {k}: the edge from {node} to {parent} was used before"
                if used
                else "step {k}: there is no edge from {node} to {parent}: a node passes its gradient to what it was "
                "calculated from",
                k=k, node=node, parent=parent,
            )  # fmt: skip
        waiting = [step for step in left if step.parent.label == node]
        if waiting:
            raise Wrong(
                "step {k}: the gradient of {node} is not complete, it still misses what {others} passes to it; so "
                "{node} cannot pass it on yet",
                k=k, node=node, others=", ".join(sorted({step.node.label or "" for step in waiting})),
            )  # fmt: skip
        found = number(entry[2], word("the gradient in step {k}", k=k))
        edge = next((e for e in edges if close(_after(totals, e), found, 1e-4)), None)
        if edge is None:
            edge = edges[0]
            why = _explained(edge, totals)
            raise Wrong(
                "step {k}: {parent}.grad is not {found:g} after it. {why}", k=k, parent=parent, found=found, why=why
            )
        totals[parent] = _after(totals, edge)
        left.remove(edge)
    if left:
        done = ", ".join(f"{name}.grad = {total:.6g}" for name, total in totals.items())
        raise Wrong(
            "right so far ({done}), but {k} of {n} edges have not been used yet",
            done=done, k=len(left), n=len(steps_of(graph)),
        )  # fmt: skip


def _after(totals: dict[str, float], step: Step) -> float:
    return totals.get(step.parent.label or "", 0.0) + totals[step.node.label or ""] * step.local


def _explained(step: Step, totals: dict[str, float]) -> str:
    """The engine's sentences, where it takes the step from the same gradients; else the same calculation."""
    held = totals.get(step.parent.label or "", 0.0)
    if close(held, step.before or 0.0):
        return step.explain(word)
    return word(
        "The local derivative is {local:.6g}; the chain rule passes {upstream:.6g} × ({local:.6g}) to {parent}, which "
        "had {held:.6g}.",
        local=step.local, upstream=totals[step.node.label or ""], parent=step.parent.label, held=held,
    )  # fmt: skip


def _sheet(size: int, ops: str, seed: int) -> Sheet:
    rng = Random(f"{seed} {size}")
    while True:
        graph = random_graph(rng, ops, size)
        counts = [step.expected for step in steps_of(graph)]
        if size - 1 <= len(graph.operations) and max(counts) > 1 and all(abs(s.total) > 0 for s in steps_of(graph)):
            break
    steps = [claim(step) for step in steps_of(graph)]
    text = task(
        """
        The forward pass is done:

            {graph}

        Do the backward pass from f.grad = 1. Each step takes one edge: a node whose gradient is complete passes it to
        one of the nodes that it was calculated from. Write the steps as (from, to, the gradient of "to" after the
        step), in any order that is allowed; the first is given. There are {n} steps; a node that is both operands of an
        operation needs two.
        """,
        graph=graph, n=len(steps),
    )  # fmt: skip
    first, *rest = steps
    start = f"steps = [\n    {_entry(first)},\n    # {word('the other {n} steps', n=len(rest))}\n]"
    solution = "steps = [\n" + "".join(f"    {_entry(entry)},\n" for entry in steps) + "]"
    second = steps_of(graph)[1]
    hints = (
        word("The step adds upstream times local to the gradient that is there: += and not =."),
        word("A node may pass on its gradient when it is complete: when everything that uses it has passed its own."),
        word("A second step that is right: {step}. {why}", step=_entry(claim(second)), why=second.explain(word)),
    )
    return Sheet(text, start, hints, solution, lambda module: check(graph, module))


def _entry(entry: tuple[str, str, float]) -> str:
    return f'("{entry[0]}", "{entry[1]}", {entry[2]!r})'


EXERCISES = (
    Exercise("predict1", "Predict the next step 1: sums and products", "L01", lambda seed: _sheet(3, "+ * -", seed)),
    Exercise(
        "predict2", "Predict the next step 2: nodes used again", "L05", lambda seed: _sheet(4, "+ * - neg **", seed)
    ),
    Exercise(
        "predict3", "Predict the next step 3: functions", "L22", lambda seed: _sheet(5, "+ * - ** tanh relu exp", seed)
    ),
)
