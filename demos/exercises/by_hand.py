"""Calculations by hand: local derivatives, the gradients of a small network, and its update."""

from collections.abc import Mapping
from random import Random
from types import ModuleType

from autograd import Step, Value, check_derivation, console, stepper

from .exercise import Exercise, Sheet, Wrong, asked, close, joined, mapping, number, task, word
from .graphs import Graph, random_graph


# %% Local derivatives.
def _edges(graph: Graph) -> list[Step]:
    return [step for step in stepper(graph.ours()[graph.output]) if isinstance(step, Step)]


def _local_sheet(seed: int) -> Sheet:
    rng = Random(f"{seed} local")
    while True:
        graph = random_graph(rng, "+ - * / ** tanh relu exp neg", 6)
        once = all(len(set(o.operands)) == len(o.operands) for o in graph.operations)
        if len(graph.operations) >= 5 and len({o.op for o in graph.operations}) >= 4 and once:
            break
    edges = [(step.node.label or "", step.parent.label or "") for step in _edges(graph)]
    text = task(
        """
        The forward pass:

            {graph}

        Give the local derivative of each edge: of the node with respect to one of its own operands, all others held
        fixed. A number of four digits is enough, and a formula of the names is right too, such as "1 - v2**2".
        """,
        graph=graph,
    )

    def written(answers: list[str]) -> str:
        entries = [
            f'    ("{node}", "{parent}"): {answer},' for (node, parent), answer in zip(edges, answers, strict=True)
        ]
        return "\n".join(["local = {", *entries, "}"])

    right = [repr(float(f"{step.local:.6g}")) for step in _edges(graph)]
    return Sheet(
        text,
        written(["..."] * len(edges)),
        (
            "∂(a·b)/∂a = b, ∂(a + b)/∂a = 1, ∂(a / b)/∂b = -a/b², ∂aⁿ/∂a = n·aⁿ⁻¹.",
            word("∂tanh(a)/∂a = 1 - tanh(a)², ∂exp(a)/∂a = exp(a), ∂relu(a)/∂a = 1 for a > 0, else 0."),
            word("The first is {number}.", number=right[0]),
        ),
        written(right),
        lambda module: _check_local(module, graph),
    )


def _check_local(module: ModuleType, graph: Graph) -> None:
    answers = mapping(asked(module, "local"), "local")
    data = {name: node.data for name, node in graph.ours().items()}
    for step in _edges(graph):
        node, parent = step.node.label or "", step.parent.label or ""
        edge, answer = f"∂{node}/∂{parent}", answers.get((node, parent), ...)
        if isinstance(answer, str):
            (operation,) = (o for o in graph.operations if o.name == node)
            inputs = {name: data[name] for name in operation.operands if isinstance(name, str)}
            own = Graph(inputs, (operation,)).ours()[node]
            try:
                right = bool(check_derivation(own, {"own": (own.parents[step.operand], answer)}))
            except ValueError as error:
                raise Wrong(f"{edge}: {console.explained(error)}") from None
        else:
            right = close(number(answer, edge), step.local, 1e-4)
        if not right:
            raise Wrong("{edge} is not {answer}. {why}", edge=edge, answer=answer, why=step.explain_local(word))


# %% A network of three sigmoid neurons.
_NETWORK = """\
net_h1 = w1·x + b1             h1  = σ(net_h1)
net_h2 = w2·x + b2             h2  = σ(net_h2)
net_o  = w3·h1 + w4·h2 + b3    out = σ(net_o)         L = ½(y - out)²"""
NAMES = ("w1", "w2", "w3", "w4", "b1", "b2", "b3")
_FORMULAS = {
    "δ_o": "-(y - out) * out * (1 - out)",
    "dw3": "δ_o * h1",
    "dw4": "δ_o * h2",
    "db3": "δ_o",
    "δ_h1": "δ_o * w3 * h1 * (1 - h1)",
    "dw1": "δ_h1 * x",
    "db1": "δ_h1",
    "δ_h2": "δ_o * w4 * h2 * (1 - h2)",
    "dw2": "δ_h2 * x",
    "db2": "δ_h2",
}


def numbers(seed: int) -> dict[str, float]:
    """The parameters, the input and the target of the network."""
    rng = Random(f"{seed} network")
    point = {name: rng.choice((-1, 1)) * rng.randint(2, 9) / 10 for name in NAMES}
    return point | {"x": rng.randint(5, 15) / 10, "y": 1.0}


def network(parameters: Mapping[str, Value], x: float, y: float) -> Value:
    """The loss, with labels."""

    def named(value: Value, label: str) -> Value:
        value.label = label
        return value

    w1, w2, w3, w4, b1, b2, b3 = (parameters[name] for name in NAMES)
    at = Value(x, "x")
    h1 = named(named(w1 * at + b1, "net_h1").sigmoid(), "h1")
    h2 = named(named(w2 * at + b2, "net_h2").sigmoid(), "h2")
    out = named(named(w3 * h1 + w4 * h2 + b3, "net_o").sigmoid(), "out")
    return named((y - out) ** 2 / 2, "L")


def _values(point: Mapping[str, float]) -> dict[str, Value]:
    return {name: Value(point[name], name) for name in NAMES}


def _derive_sheet(seed: int) -> Sheet:
    point = numbers(seed)
    given = ", ".join(f"{name} = {value:g}" for name, value in point.items())

    def written(formulas: Mapping[str, str]) -> str:
        return "\n".join(["formulas = {", *(f'    "{name}": "{formula}",' for name, formula in formulas.items()), "}"])

    text = task(
        """
        Two hidden sigmoid neurons and one sigmoid output:

            {network}

        Write the formula of every line, from the output back to the weights: δ is the derivative of L with respect to
        net, dw1 that with respect to w1. A line may use the lines before it, and the names above. The engine grades
        them at {numbers}.
        """,
        network=_NETWORK, numbers=given,
    )  # fmt: skip
    return Sheet(
        text,
        written(dict.fromkeys(_FORMULAS, "")),
        (
            word("σ'(net) = σ(net)·(1 - σ(net)): δ_o is ∂L/∂out times out·(1 - out)."),
            word("δ_h1 is what comes back from net_o: δ_o times the weight on the way, times h1·(1 - h1)."),
            word("A weight's gradient is the δ of the neuron that it goes into times the number that it multiplies."),
        ),
        written(_FORMULAS),
        lambda module: _check_derivation(module, point),
    )


def _check_derivation(module: ModuleType, point: Mapping[str, float]) -> None:
    formulas = mapping(asked(module, "formulas"), "formulas")
    lines = {}
    for name in _FORMULAS:
        formula = formulas.get(name, "")
        if not isinstance(formula, str) or not formula.strip():
            raise Wrong("there is no formula for {name} yet", name=name)
        lines[name] = formula
    try:
        graded = check_derivation(network(_values(point), point["x"], point["y"]), lines, values={"y": point["y"]})
    except ValueError as error:
        raise Wrong(console.explained(error)) from None
    if not graded:
        table = "\n".join(f"    {line}" for line in str(graded).splitlines())
        raise Wrong(
            'Compared with the engine:\n\n{table}\n\nA line that is wrong "through" another is right itself.',
            table=table,
        )


# %% The update.
_DESCENT = """
from autograd import Value


def descend(numbers, steps):
    p = {name: Value(number) for name, number in numbers.items()}
    for _ in range(steps + 1):
        h1 = (p["w1"] * X + p["b1"]).sigmoid()
        h2 = (p["w2"] * X + p["b2"]).sigmoid()
        loss = (1.0 - (p["w3"] * h1 + p["w4"] * h2 + p["b3"]).sigmoid()) ** 2 / 2
        if steps == 0:
            break
        steps -= 1
        for value in p.values():
            value.grad = None
        loss.backward()
        for value in p.values():
            value.data -= RATE * value.grad
    return {name: value.data for name, value in p.items()}, loss.data


after_one, loss_after_one = descend(NUMBERS, 1)
_, loss_after_100 = descend(NUMBERS, 100)
"""


def descend(point: Mapping[str, float], rate: float, steps: int) -> tuple[dict[str, float], float]:
    """The parameters after these steps of gradient descent, and the loss there."""
    values = _values(point)
    for _ in range(steps):
        for value in values.values():
            value.grad = None
        network(values, point["x"], point["y"]).backward()
        for value in values.values():
            value.data -= rate * (value.grad or 0.0)
    return {name: value.data for name, value in values.items()}, network(values, point["x"], point["y"]).data


def _update_sheet(seed: int) -> Sheet:
    point, rate = numbers(seed), Random(f"{seed} rate").choice((0.1, 0.2, 0.5))
    given = {name: point[name] for name in NAMES}
    head = f"NUMBERS = {given}\nX = {point['x']}\nRATE = {rate}\n\n\n"
    text = task(
        """
        The network of the exercise "derive":

            {network}

        at y = 1, with the numbers below. Make one step of gradient descent: after_one are the parameters after it, and
        loss_after_one is the loss there. Then repeat: loss_after_100 is the loss after 100 steps. By hand or by code;
        five digits are compared.
        """,
        network=_NETWORK,
    )
    blanks = ", ".join(f'"{name}": ...' for name in NAMES)
    return Sheet(
        text,
        f"{head}after_one = {{{blanks}}}\nloss_after_one = ...\nloss_after_100 = ...",
        (
            word("w ← w - rate · ∂L/∂w, for all seven parameters. All gradients are those at the old numbers."),
            word(
                "By code: make Values, calculate the loss, loss.backward(), change .data, forget the gradients, repeat."
            ),
        ),
        head + _DESCENT.strip(),
        lambda module: _check_update(module, point, rate),
    )


def _check_update(module: ModuleType, point: Mapping[str, float], rate: float) -> None:
    after, loss_after = descend(point, rate, 1)
    answers = mapping(asked(module, "after_one"), "after_one")
    before = _values(point)
    network(before, point["x"], point["y"]).backward()
    for name in NAMES:
        answer = number(answers.get(name, ...), word("{name} after one step", name=name))
        slope = before[name].grad or 0.0
        if not close(answer, after[name], 1e-5):
            why = word(
                "{name} after one step is not {answer:.7g}: ∂L/∂{name} = {slope:.6g} there, and {name} becomes "
                "{name} - {rate:g}·∂L/∂{name}.",
                name=name, answer=answer, slope=slope, rate=rate,
            )  # fmt: skip
            uphill = close(answer, point[name] + rate * slope, 1e-5)
            raise Wrong(joined([why, word("You went uphill: subtract.") if uphill else ""]))
    for name, right, what in (
        ("loss_after_one", loss_after, word("the loss at the parameters after one step")),
        ("loss_after_100", descend(point, rate, 100)[1], word("the loss after 100 steps")),
    ):
        answer = number(asked(module, name), name)
        if not close(answer, right, 1e-5):
            start = network(_values(point), point["x"], point["y"]).data
            also = word("That is the loss before the first step.") if close(answer, start, 1e-5) else ""
            if name == "loss_after_100" and close(answer, descend(point, rate, 99)[1], 1e-5):
                also = word("That is the loss after 99 steps.")
            why = word("{name} is {what}; {answer:.7g} is not.", name=name, what=what, answer=answer)
            raise Wrong(joined([why, also]))


EXERCISES = (
    Exercise("local", "Fill in the local derivatives", "L01", _local_sheet),
    Exercise("derive", "Derive the gradients of a network by hand", "L03", _derive_sheet),
    Exercise("update", "One training step, and a hundred", "L03", _update_sheet),
)
