"""Graphs as data, so that two engines can run the same one: random ones, and the smallest on which they differ.

A `Graph` is a list of operations by name, such as ``v1 = x * y``. Running it on a class of Values, the engine's or a
learner's, builds the graph there. Where the gradients differ, the graph is made smaller as long as they still do.
"""

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

from autograd import Step, Value, messages, stepper

from .exercise import Wrong, close, word

Backward = Callable[[Any], object]

OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "tanh": lambda a: a.tanh(),
    "relu": lambda a: a.relu(),
    "exp": lambda a: a.exp(),
}


class Operation(NamedTuple):
    """One line of a graph; operands are names, or numbers."""

    name: str
    op: str
    operands: tuple[str | float, ...]

    def __str__(self) -> str:
        texts = [text if isinstance(text, str) else f"{text:g}" for text in self.operands]
        if self.op == "neg":
            right = f"-{texts[0]}"
        elif len(texts) == 1:
            right = f"{self.op}({texts[0]})"
        else:
            right = f"{texts[0]} {self.op} {texts[1]}"
        return f"{self.name} = {right}"


class Graph(NamedTuple):
    """Inputs with their numbers, and operations in the order of calculation; the last one is the output."""

    inputs: Mapping[str, float]
    operations: tuple[Operation, ...]

    @property
    def output(self) -> str:
        return self.operations[-1].name

    @property
    def size(self) -> tuple[int, int]:
        return len(self.operations), len(self.inputs)

    def run(self, make: Callable[[float], Any]) -> dict[str, Any]:
        """The nodes by name, of the class whose Values `make` makes."""
        nodes = {name: make(number) for name, number in self.inputs.items()}
        for name, op, operands in self.operations:
            nodes[name] = OPERATIONS[op](*(nodes[k] if isinstance(k, str) else k for k in operands))
        return nodes

    def ours(self) -> dict[str, Value]:
        """The nodes in this engine, labelled with their names."""
        nodes = self.run(Value)
        for name, node in nodes.items():
            node.label = name
        return nodes

    def __str__(self) -> str:
        """The lines with their values."""
        nodes = self.ours()
        lines = [f"{name} = {number:g}" for name, number in self.inputs.items()]
        texts = [str(operation) for operation in self.operations]
        widest = max(map(len, texts))
        for text, operation in zip(texts, self.operations, strict=True):
            lines.append(f"{text:<{widest}}  = {nodes[operation.name].data:.6g}")
        return "\n".join(lines)


def random_graph(rng: Random, ops: str, size: int) -> Graph:
    """A random graph of at most `size` operations of `ops` (their names, with spaces), every node used."""
    while True:
        numbers = (-3.0, -2.0, -1.5, -0.5, 0.5, 1.5, 2.0, 3.0)
        inputs = {name: rng.choice(numbers) for name in "xyz"[: rng.randint(1, 3)]}
        names, operations = [*inputs], []
        for k in range(size):
            op = rng.choice(ops.split())
            operands: list[str | float] = [rng.choice(names[-2:] if rng.random() < 0.6 else names)]
            if op == "**":
                operands.append(rng.choice((2.0, 3.0, -1.0)))
            elif op in ("+", "-", "*", "/"):
                operands.append(rng.choice(names))
            operations.append(Operation(f"v{k + 1}", op, tuple(operands)))
            names.append(f"v{k + 1}")
        graph = tidy(Graph(inputs, tuple(operations)))
        if regular(graph):
            return graph


def random_graphs(rng: Random, ops: str, count: int = 60) -> Iterator[Graph]:
    """Random graphs, small ones first."""
    for k in range(count):
        yield random_graph(rng, ops, 1 + k * 7 // count)


def regular(graph: Graph) -> bool:
    """Whether all numbers are of an ordinary size, and no relu is at its kink."""
    try:
        nodes = graph.ours()
    except (ValueError, ArithmeticError):
        return False
    inner = [nodes[operation.name] for operation in graph.operations]
    if any(not 0.01 <= math.fabs(node.data) <= 1000 and node.op != "relu" for node in inner):
        return False
    return all(math.fabs(nodes[o.operands[0]].data) > 0.01 for o in graph.operations if o.op == "relu")  # type: ignore[index]


def tidy(graph: Graph) -> Graph:
    """The graph without what its output does not need, operations named v1, v2, … and f."""
    needed = {graph.output}
    kept = []
    for operation in reversed(graph.operations):
        if operation.name in needed:
            needed |= {k for k in operation.operands if isinstance(k, str)}
            kept.append(operation)
    kept.reverse()
    inputs = [name for name in graph.inputs if name in needed]
    new = dict(zip(inputs, inputs, strict=True))
    new |= {operation.name: f"v{k}" for k, operation in enumerate(kept, 1)}
    new[graph.output] = "f"
    operations = tuple(
        Operation(new[o.name], o.op, tuple(new[k] if isinstance(k, str) else k for k in o.operands)) for o in kept
    )
    return Graph({name: graph.inputs[name] for name in inputs}, operations)


def smallest(graph: Graph, differs: Callable[[Graph], bool]) -> Graph:
    """A graph that still `differs` and that has no smaller one that does, among those with one operation less."""
    while True:
        for candidate in sorted(_smaller(graph), key=lambda g: g.size):
            if candidate.size < graph.size and regular(candidate) and differs(candidate):
                graph = candidate
                break
        else:
            return graph


def _smaller(graph: Graph) -> Iterator[Graph]:
    data = {name: node.data for name, node in graph.ours().items()}
    for k, operation in enumerate(graph.operations):
        if k + 1 < len(graph.operations):
            yield tidy(Graph(graph.inputs, graph.operations[: k + 1]))
            letter = next(name for name in "xyzabcdefgh" if name not in graph.inputs)  # its number becomes an input
            rest = graph.operations[:k] + graph.operations[k + 1 :]
            inputs = {**graph.inputs, letter: float(f"{data[operation.name]:.2g}")}
            yield tidy(Graph(inputs, tuple(_renamed(o, operation.name, letter) for o in rest)))
            for operand in operation.operands:  # its operand takes its place
                if isinstance(operand, str):
                    yield tidy(Graph(graph.inputs, tuple(_renamed(o, operation.name, operand) for o in rest)))
    for one in graph.inputs:
        for other in graph.inputs:
            if one != other:
                yield tidy(Graph(graph.inputs, tuple(_renamed(o, one, other) for o in graph.operations)))


def _renamed(operation: Operation, old: str, new: str) -> Operation:
    return operation._replace(operands=tuple(new if k == old else k for k in operation.operands))


def parsed(expression: str, at: Mapping[str, float]) -> Graph:
    """The graph of an expression of names, numbers, + - * / ** and tanh, relu, exp. Raises `Wrong` for others.

    Names for inner nodes may come first: ``v = x * y; v * v``.
    """
    try:
        lines = ast.parse(expression).body
    except (SyntaxError, ValueError) as error:
        raise Wrong("the expression {text!r} cannot be read: {error}", text=expression, error=error) from None
    operations: list[Operation] = []
    inner: dict[str, str | float] = {}
    inputs: dict[str, float] = {}

    def add(op: str, *operands: str | float) -> str:
        operations.append(Operation(f"v{len(operations) + 1}", op, operands))
        return operations[-1].name

    symbols = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}

    def visit(node: ast.expr) -> str | float:
        match node:
            case ast.Name(id=name):
                if name in inner:
                    return inner[name]
                if name not in at:
                    raise Wrong("{name} is in the expression, but has no number: write it in `at`", name=name)
                inputs[name] = float(at[name])
                return name
            case ast.Constant(value=int() | float() as found):
                return float(found)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as found)):
                return -float(found)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return add("neg", visit(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in symbols:
                operands = visit(left), visit(right)
                if all(isinstance(k, float) for k in operands):
                    raise Wrong("write the result of a calculation with numbers alone, such as 6 for 2*3")
                if isinstance(op, ast.Pow) and isinstance(operands[1], str):
                    raise Wrong("these engines know powers with a number as exponent, such as x**3")
                return add(symbols[type(op)], *operands)
            case ast.Call(func=ast.Name(id="tanh" | "relu" | "exp" as name), args=[argument], keywords=[]):
                return add(name, visit(argument))
        raise Wrong(
            "{text!r} is not known here: + - * / ** and tanh, relu, exp of names and numbers are",
            text=ast.unparse(node),
        )

    for line in lines[:-1]:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                inner[name] = visit(value)
            case _:
                raise Wrong("{text!r} is not like v = x * y", text=ast.unparse(line))
    if lines and not isinstance(lines[-1], ast.Expr):
        raise Wrong("the last part should be an expression, as in v = x * y; v * v")
    output = visit(lines[-1].value) if lines and isinstance(lines[-1], ast.Expr) else ""
    if not operations or not inputs or output != operations[-1].name:
        raise Wrong("an expression with at least one operation on a variable is needed, such as x + y")
    return tidy(Graph(inputs, tuple(operations)))


class Difference(NamedTuple):
    """Two engines on one graph: what went wrong in the learner's, with both passes."""

    graph: Graph
    problem: str
    theirs: list[str]
    right: list[str]
    because: str

    def __str__(self) -> str:
        rows = list(zip_longest([word("your pass"), *self.theirs], [word("the right pass"), *self.right], fillvalue=""))
        width = max(messages.columns(a) for a, _ in rows) + 4
        passes = "\n".join(f"    {messages.pad(a, width)}{b}".rstrip() for a, b in rows)
        graph = "\n".join(f"    {line}" for line in str(self.graph).splitlines())
        shown = word("{problem} The smallest graph found that shows it:", problem=self.problem)
        return f"{shown}\n\n{graph}\n\n{passes}\n\n{self.because}"


def backward(node: Any) -> None:
    """The method that the learner writes."""
    node.backward()


def difference(
    graph: Graph, make: Callable[[float], Any], run: Backward = backward, passes: int = 1
) -> Difference | None:
    """How the gradients that `run` leaves differ from the engine's after as many passes; None where they do not."""
    ours = graph.ours()
    output = ours[graph.output]
    right: list[str] = []
    completed: dict[str, Step] = {}
    for _ in range(passes):
        right.append(f"{output.label}.grad = 1")
        for step in stepper(output):
            assert isinstance(step, Step)  # without `forward` there are no others
            right.append(step_text(step))
            name = step.parent.label or ""
            completed.pop(name, None)  # so that the names are in the order in which gradients become complete
            completed[name] = step
    theirs: dict[str, Any] = {}
    lines: list[str] = []
    try:
        theirs = graph.run(make)
        for _ in range(passes):
            lines += recorded(theirs, lambda: run(theirs[graph.output]))
    except Exception as error:
        problem = word("Your code raised {kind}: {error}.", kind=type(error).__name__, error=error)
        return Difference(graph, problem, lines, right, "")
    for name, node in ours.items():
        if not _same(found := getattr(theirs[name], "data", None), node.data):
            text = "{name} should have data {right:.6g}, yours has {found!r}."
            problem = word(text, name=name, right=node.data, found=found)
            because = word("The values differ before any gradient is calculated.")
            return Difference(graph, problem, lines, right, because)
    wrong = [name for name in graph.inputs if not _same(getattr(theirs[name], "grad", None), ours[name].grad or 0.0)]
    if not wrong:
        return None
    # The engine's order is from the output to the inputs: the first node that is wrong is where it began.
    first = next((name for name in completed if not _same(theirs[name].grad, ours[name].grad or 0.0)), wrong[0])
    name = wrong[0]
    problem = word(
        "{name}.grad should be {right:.6g} after {passes} passes, yours is {found}."
        if passes > 1
        else "{name}.grad should be {right:.6g}, yours is {found}.",
        name=name, right=ours[name].grad or 0.0, found=_text(theirs[name].grad), passes=passes,
    )  # fmt: skip
    return Difference(graph, problem, lines, right, completed[first].explain(word))


def check_gradients_on(
    graphs: Iterable[Graph], make: Callable[[float], Any], run: Backward = backward, passes: int = 1
) -> None:
    """Raises `Wrong` with the smallest graph found on which the gradients differ."""
    for graph in graphs:
        if difference(graph, make, run, passes):
            graph = smallest(graph, lambda g: difference(g, make, run, passes) is not None)
            raise Wrong(str(difference(graph, make, run, passes)))


def step_text(step: Step) -> str:
    """A step of the engine as a short line."""
    before = f"{step.before or 0.0:.5g} + " if step.before else ""
    product = f"{step.upstream:.5g} × {_signed(step.local)}"
    return f"{step.parent.label}.grad = {before}{product} = {step.total:.5g}"


def _signed(local: float) -> str:
    return f"({local:.5g})" if local < 0 else f"{local:.5g}"


def recorded(nodes: Mapping[str, Any], run: Callable[[], object], most: int = 100) -> list[str]:
    """What `run` sets the gradients of the nodes to, line by line."""
    names = {id(node): name for name, node in nodes.items()}
    lines: list[str] = []
    kind = type(next(iter(nodes.values())))
    usual: Any = kind.__setattr__

    def recording(node: Any, attribute: str, value: Any) -> None:
        reset = attribute == "grad" and value == 0.0 == getattr(node, "grad", None)
        usual(node, attribute, value)
        if attribute == "grad" and id(node) in names and not reset and len(lines) < most:
            lines.append(f"{names[id(node)]}.grad = {_text(value)}")

    own = "__setattr__" in vars(kind)
    try:
        type.__setattr__(kind, "__setattr__", recording)
    except TypeError:  # a class that cannot be changed
        run()
        return lines
    try:
        run()
    finally:
        if own:
            type.__setattr__(kind, "__setattr__", usual)
        else:
            del kind.__setattr__
    return lines


def _same(found: Any, right: float) -> bool:
    try:
        return close(float(found), right)
    except (TypeError, ValueError):
        return False


def _text(found: Any) -> str:
    return f"{found:.5g}" if isinstance(found, int | float) else repr(found)
