"""Find the bug: eight engines with one fault each. Give an example on which it shows, then correct the line."""

import textwrap
from collections.abc import Callable, Iterator
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

from autograd import messages

from .exercise import Exercise, Sheet, Wrong, asked, close, mapping, number, shown, task, word
from .graphs import check_gradients_on, difference, parsed, random_graphs
from .write_an_engine import engine_code


class Fault(NamedTuple):
    """A right piece of the engine, what stands in its place, and an example that shows it."""

    right: str
    wrong: str
    example: str
    operations: int
    hint: str
    passes: int = 1


_VISIT = "for parent in node.parents:\n                    visit(parent)"
FAULTS = (
    Fault(
        "parent.grad += self.grad * local",
        "parent.grad = self.grad * local",
        "x + x",
        1,
        hint="What if a node is used twice?",
    ),
    Fault(
        f"{_VISIT}\n                nodes.append(node)\n\n        visit(self)\n        return nodes[::-1]",
        f"nodes.append(node)\n                {_VISIT}\n\n        visit(self)\n        return nodes",
        "v = x * x; v + v * x",
        3,
        hint="Write the order of the nodes down. Which node passes on a gradient that is not complete?",
    ),
    Fault(
        "            if node.parents:\n                node.grad = 0.0",
        "            if not node.parents and not nodes:\n                node.grad = 0.0",
        "x * x * x",
        2,
        hint="The first pass is right. What do inner nodes hold when the second one begins?",
        passes=2,
    ),
    Fault(
        "(n * self.data ** (n - 1),)",
        "(abs(n) * self.data ** (n - 1),)",
        "1 / x",
        1,
        hint="Differentiate 1/x. What is its sign?",
    ),
    Fault(
        "(1 - out * out,)",
        "(1 - self.data * self.data,)",
        "tanh(x)",
        1,
        hint="Each function has its slope. In what is that of tanh written: in its input or in its output?",
    ),
    Fault(
        "(1.0 if self.data > 0 else 0.0,)",
        "(1.0 if self.data > -1 else 0.0,)",
        "relu(x)",
        1,
        hint="A function that is flat on one side: try inputs on both sides, near 0 and far from it.",
    ),
)
TRAINING_FAULTS = (
    Fault(
        "    for p in model.parameters():\n        p.data -= rate * p.grad",
        "    for p in model.parameters()[:-1]:\n        p.data -= rate * p.grad",
        "[([1.0, 0.5], 1.0)]",
        1,
        hint="Print the parameters before and after a step. Does each of them change?",
    ),
    Fault(
        "    for p in model.parameters():\n        p.grad = 0.0",
        "    for p in model.parameters():\n        p.grad += 0.0",
        "[([1.0, 0.5], 1.0)]",
        2,
        hint="One step is right. What is different when the second one begins?",
        passes=2,
    ),
)


def loaded(code: str) -> ModuleType:
    """A module of this code."""
    module = ModuleType("engine")
    exec(compile(code, "engine", "exec"), vars(module))
    return module


# %% Faults of the backward pass.
def _expression_sheet(fault: Fault, seed: int) -> Sheet:
    code = engine_code()
    faulty = code.replace(fault.right, fault.wrong)
    text = task(
        """
        This engine has one fault: for some graphs its gradients are wrong.

        1. Give an expression of names, numbers, + - * / ** and tanh, relu, exp that shows the fault, and the numbers of
        its names, such as "x * y" and {"x": 2.0, "y": 3.0}. An inner node that is used more than once needs a name:
        "v = x * y; v * v". The fewer operations, the better. With passes = 2, backward is called twice: the gradients
        of the names should then be twice the derivatives.

        2. Correct the line.
        """
    )

    def start(expression: str, at: str, body: str, passes: int = 1) -> str:
        return f"expression = {expression}\nat = {at}\npasses = {passes}\n\n\n{body}"

    return Sheet(
        text,
        start('""', "{}", faulty),
        (
            word(fault.hint),
            word(
                "One that shows it has {n} operations."
                if fault.operations > 1
                else "One that shows it has 1 operation.",
                n=fault.operations,
            ),
            word("The faulty code is:\n\n{code}", code=_indented(fault.wrong)),
        ),
        start(f'"{fault.example}"', '{"x": -0.5}', code, fault.passes),
        lambda module: _check_expression(module, faulty, fault, Random(seed)),
    )


def _check_expression(module: ModuleType, faulty: str, fault: Fault, rng: Random) -> str:
    expression = asked(module, "expression")
    if not isinstance(expression, str) or not expression.strip():
        raise Wrong("give an expression that shows the fault first")
    at = {name: number(value, f"at[{name!r}]") for name, value in mapping(asked(module, "at"), "at").items()}
    passes = number(asked(module, "passes"), "passes")
    if passes not in (1, 2):
        raise Wrong("passes should be 1 or 2, not {found:g}", found=passes)
    graph = parsed(expression, at)
    try:
        graph.ours()
    except (ValueError, ArithmeticError) as error:
        raise Wrong("the expression has no value there: {error}", error=error) from None
    shown_there = difference(graph, loaded(faulty).Value, passes=int(passes))
    if shown_there is None:
        nodes = graph.ours()
        nodes[graph.output].backward()
        found = ", ".join(f"df/d{name} = {nodes[name].grad:.6g}" for name in graph.inputs)
        raise Wrong(
            "{expression} does not show the fault: the faulty engine gives {found}, which is right",
            expression=expression, found=found,
        )  # fmt: skip
    shows = word("{expression} shows the fault. {problem}", expression=expression, problem=shown_there.problem)
    try:
        make = asked(module, "Value")
        check_gradients_on(random_graphs(rng, "+ - * / neg ** tanh relu exp"), make, passes=2)
        check_gradients_on(random_graphs(rng, "relu tanh *"), make)
    except Wrong as wrong:
        raise Wrong("{shows}\nThe engine in the file is not right yet. {why}", shows=shows, why=wrong) from None
    count = len(graph.operations)
    if count > fault.operations:
        return word("Your expression has {k} operations; this fault shows with {n}.", k=count, n=fault.operations)
    return word("No expression with fewer operations shows this fault.")


# %% Faults of training.
def _training_sheet(fault: Fault, seed: int) -> Sheet:
    rng = Random(seed)
    weights = [round(rng.uniform(0.1, 1), 2) for _ in range(3)]
    code = engine_code(training=True)
    faulty = code.replace(fault.right, fault.wrong)
    text = task(
        """
        This engine's gradients are right, but it does not train a neuron as gradient descent should. The neuron is
        Neuron({weights}, {bias}), alone in its network, and the learning rate is 0.1.

        1. Give examples, a list of pairs ([x1, x2], target), and a number of steps after which the weights or the bias
        are not what they should be. The fewer steps, the better.

        2. Correct the line.
        """,
        weights=weights[:2], bias=weights[2],
    )  # fmt: skip

    def start(examples: str, steps: int, body: str) -> str:
        return f"examples = {examples}\nsteps = {steps}\n\n\n{body}"

    return Sheet(
        text,
        start("[]", 0, faulty),
        (
            word(fault.hint),
            word("It shows after {n} steps." if fault.operations > 1 else "It shows after 1 step.", n=fault.operations),
            word("The faulty code is:\n\n{code}", code=_indented(fault.wrong)),
        ),
        start(fault.example, fault.operations, code),
        lambda module: _check_training(module, faulty, weights, fault),
    )


def trained(module: ModuleType, weights: list[float], examples: Any, steps: int) -> list[float]:
    """The weights and the bias of the neuron after these steps."""
    model = module.MLP([[module.Neuron(weights[:2], weights[2])]])
    for _ in range(steps):
        module.train_step(model, examples, 0.1)
    return [float(p.data) for p in model.layers[0][0].parameters()]


def _check_training(module: ModuleType, faulty: str, weights: list[float], fault: Fault) -> str:
    examples = asked(module, "examples")
    steps = int(number(asked(module, "steps"), "steps"))
    if not examples or not 1 <= steps <= 1000:
        raise Wrong("give at least one example, and between 1 and 1,000 steps")
    try:
        pairs = [([float(x) for x in xs], float(target)) for xs, target in examples]
    except (TypeError, ValueError):
        found = shown(examples)
        raise Wrong("examples is {found}, but should be like [([1.0, 0.5], 1.0)]", found=found) from None
    if any(len(xs) != 2 for xs, _ in pairs):
        raise Wrong("every example has two numbers and a target: ([1.0, 0.5], 1.0)")
    right, wrong = (trained(loaded(code), weights, pairs, steps) for code in (engine_code(training=True), faulty))
    if all(map(close, right, wrong)):
        raise Wrong("these examples do not show the fault: after {n} steps the faulty engine is still right", n=steps)
    parameters = trained(module, weights, pairs, steps)
    many = ([([1.0, -0.5], 1.0), ([-1.0, 0.25], -1.0)], 5)
    ours = [*right, *trained(loaded(engine_code(training=True)), weights, *many)]
    if not all(map(close, ours, [*parameters, *trained(module, weights, *many)])):
        names = ("w1", "w2", "b")
        rows = [(n, f"{a:.6g}", f"{b:.6g}") for n, a, b in zip(names, parameters, right, strict=True)]
        lines = [
            messages.pad(n, 4) + messages.pad(a, 12) + b for n, a, b in [("", word("yours"), word("should be")), *rows]
        ]
        raise Wrong(
            "the examples show the fault, but the engine in the file is not right yet. After {n} steps:\n\n{table}",
            n=steps, table=_indented("\n".join(lines)),
        )  # fmt: skip
    if steps > fault.operations:
        return word("You took {k} steps; this fault shows after {n}.", k=steps, n=fault.operations)
    return word("Fewer steps do not show this fault.")


def _indented(text: str) -> str:
    """The lines as a verdict and a hint leave them."""
    return textwrap.indent(text, "    ")


# Which engine has which fault depends on the seed.
def _nth(faults: tuple[Fault, ...], make: Callable[[Fault, int], Sheet], k: int) -> Callable[[int], Sheet]:
    return lambda seed: make(Random(f"faults {seed}").sample(faults, len(faults))[k], seed)


_BACKWARD_TITLES = (
    "Find the bug 1",
    "Find the bug 2",
    "Find the bug 3",
    "Find the bug 4",
    "Find the bug 5",
    "Find the bug 6",
)
_TRAINING_TITLES = ("Find the bug 7: training", "Find the bug 8: training")


def _exercises() -> Iterator[Exercise]:
    for k, title in enumerate(_BACKWARD_TITLES):
        yield Exercise(f"bug{k + 1}", title, "L05", _nth(FAULTS, _expression_sheet, k))
    for k, title in enumerate(_TRAINING_TITLES):
        yield Exercise(f"bug{k + 7}", title, "L05", _nth(TRAINING_FAULTS, _training_sheet, k))


EXERCISES = tuple(_exercises())
