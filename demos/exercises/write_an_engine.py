"""Write your own engine, in eight stages: from a class that holds a number to a network that trains.

Each stage goes on with the file of the one before. The checks run the learner's class and this engine on the same
random graphs and show the smallest on which they differ, with both passes side by side.
"""

from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

from autograd import Value, tanh

from .exercise import Exercise, Sheet, Wrong, asked, close, joined, number, shown, task, word
from .graphs import Graph, Operation, check_gradients_on, random_graphs, smallest

_VALUE = """
class Value:
    def __init__(self, data, parents=(), local_grads=()):
        self.data = float(data)
        self.grad = 0.0
        self.parents = parents
        self.local_grads = local_grads

    def __repr__(self):
        return f"Value({self.data})"
"""
_ADD_MULTIPLY = """
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    __radd__, __rmul__ = __add__, __mul__
"""
_PUSH = """
    def push(self):
        for parent, local in zip(self.parents, self.local_grads):
            parent.grad += self.grad * local
"""
_ORDER = """
    def order(self):
        nodes, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                nodes.append(node)

        visit(self)
        return nodes[::-1]
"""
_BACKWARD = """
    def backward(self):
        self.grad = 1.0
        for node in self.order():
            node.push()
"""
_BACKWARD_AGAIN = """
    def backward(self):
        nodes = self.order()
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in nodes:
            node.push()

    def zero_grad(self):
        for node in self.order():
            node.grad = 0.0
"""
_FUNCTIONS = """
    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * (other**-1 if isinstance(other, Value) else 1 / other)

    def __rtruediv__(self, other):
        return self**-1 * other

    def tanh(self):
        out = math.tanh(self.data)
        return Value(out, (self,), (1 - out * out,))

    def exp(self):
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (1.0 if self.data > 0 else 0.0,))
"""
_NETWORK = """

class Neuron:
    def __init__(self, weights, bias):
        self.weights = [Value(w) for w in weights]
        self.bias = Value(bias)

    def __call__(self, xs):
        total = self.bias
        for w, x in zip(self.weights, xs):
            total = total + w * x
        return total.tanh()

    def parameters(self):
        return [*self.weights, self.bias]


class MLP:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, xs):
        for layer in self.layers:
            xs = [neuron(xs) for neuron in layer]
        return xs[0]

    def parameters(self):
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


def train_step(model, examples, rate):
    loss = Value(0.0)
    for xs, target in examples:
        loss = loss + (model(xs) - target) ** 2
    loss = loss * (1 / len(examples))
    for p in model.parameters():
        p.grad = 0.0
    loss.backward()
    for p in model.parameters():
        p.data -= rate * p.grad
    return loss.data
"""
_CODE = (
    _VALUE,
    _VALUE + _ADD_MULTIPLY,
    _VALUE + _ADD_MULTIPLY + _PUSH,
    _VALUE + _ADD_MULTIPLY + _PUSH + _ORDER,
    _VALUE + _ADD_MULTIPLY + _PUSH + _ORDER + _BACKWARD,
    _VALUE + _ADD_MULTIPLY + _PUSH + _ORDER + _BACKWARD_AGAIN,
    "import math\n\n" + _VALUE + _ADD_MULTIPLY + _PUSH + _ORDER + _BACKWARD_AGAIN + _FUNCTIONS,
    "import math\n\n" + _VALUE + _ADD_MULTIPLY + _PUSH + _ORDER + _BACKWARD_AGAIN + _FUNCTIONS + _NETWORK,
)


def engine_code(training: bool = False) -> str:
    """A right engine, whole; with neurons and training when asked."""
    return _CODE[7 if training else 6].strip()


Calculation = Callable[[Any], Any]
SHOULD_BE = "{name} should be {right}, yours is {found}"


# The checks of the stages.
def check_value(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")
    data = rng.randint(2, 9)
    value = make(data)
    for name, right in (("data", float(data)), ("grad", 0.0), ("parents", ()), ("local_grads", ())):
        found = getattr(value, name, ...)
        if found is ...:
            raise Wrong("{value} has no attribute {name}", value=f"Value({data})", name=name)
        if found != right or (isinstance(right, float) and not isinstance(found, float)):
            raise Wrong(SHOULD_BE, name=f"Value({data}).{name}", right=repr(right), found=shown(found))
    if repr(value) != f"Value({float(data)})":
        raise Wrong(
            "{code} should show {right}, yours shows {found}",
            code=f"print(Value({data}))", right=f"Value({float(data)})", found=shown(value),
        )  # fmt: skip
    node = make(2.0 * data, (value,), (2.0,))
    if node.parents != (value,) or node.local_grads != (2.0,):
        raise Wrong("Value(data, parents, local_grads) should keep the parents and local derivatives that it is given")
    if make(1.0) == make(1.0):
        raise Wrong("two Values with the same number are two nodes of a graph: they must not be equal")
    if len({make(1.0), make(1.0)}) != 2:
        raise Wrong("two Values with the same number are two nodes of a graph: a set should hold both")


def check_operations(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")

    def trouble(graph: Graph) -> str:
        ours = graph.ours()
        try:
            theirs = graph.run(make)
        except Exception as error:
            return word("Your code raised {kind}: {error}.", kind=type(error).__name__, error=error)
        names = {id(node): name for name, node in theirs.items()}
        for name, op, operands in graph.operations:
            node, right = theirs[name], ours[name]
            if not isinstance(node, make):
                return word("{name} should be a Value, yours is {found}", name=name, found=shown(node))
            if not close(number(node.data, f"{name}.data"), right.data):
                return word(SHOULD_BE, name=f"{name}.data", right=f"{right.data:g}", found=f"{node.data:g}")
            found = [names.get(id(parent), word("another node")) for parent in node.parents]
            if found != list(operands):
                wanted = f"({', '.join(map(str, operands))})"
                return word(SHOULD_BE, name=f"{name}.parents", right=wanted, found=f"({', '.join(found)})")
            what = word("a local derivative of {name}", name=name)
            locals_found = [number(local, what) for local in node.local_grads]
            if len(locals_found) != 2 or not all(map(close, locals_found, right.local_grads)):
                rule = "∂(a·b)/∂a = b, ∂(a·b)/∂b = a" if op == "*" else "∂(a + b)/∂a = 1, ∂(a + b)/∂b = 1"
                return word(
                    "{name} should be {right}, yours is {found}: {rule}",
                    name=f"{name}.local_grads", right=tuple(right.local_grads), found=shown(node.local_grads),
                    rule=rule,
                )  # fmt: skip
        return ""

    for graph in random_graphs(rng, "+ *", 30):
        if trouble(graph):
            graph = smallest(graph, lambda g: bool(trouble(g)))
            raise Wrong(f"{trouble(graph)}\n\n{_indented(str(graph))}")
    x = make(3.0)
    sums: tuple[tuple[str, Calculation, float, float], ...] = (
        ("x + 2", lambda x: x + 2, 5.0, 1.0),
        ("2 + x", lambda x: 2 + x, 5.0, 1.0),
        ("x * 2", lambda x: x * 2, 6.0, 2.0),
        ("2 * x", lambda x: 2 * x, 6.0, 2.0),
    )
    for text, calculate, data, local in sums:
        try:
            node = calculate(x)
        except TypeError as error:
            possible = "{code} should be possible, where x = {value}: {error}"
            raise Wrong(possible, code=text, value="Value(3)", error=error) from None
        slopes = [slope for parent, slope in zip(node.parents, node.local_grads, strict=True) if parent is x]
        if node.data != data or slopes != [local]:
            raise Wrong(
                "{code} at x = 3 should be {data:g} with the local derivative {local:g}, yours is {found}",
                code=text, data=data, local=local, found=shown(node),
            )  # fmt: skip


def check_push(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")
    for graph in (Graph({"x": 3.0}, (Operation("f", "*", ("x", "x")),)), *random_graphs(rng, "+ *", 30)):
        single = Graph(graph.inputs, graph.operations[:1])
        nodes = single.run(make)
        node = nodes[single.output]
        _has(node, "push")
        upstream, held = rng.choice((-4.0, 2.0, 0.5)), rng.choice((0.0, 1.5))
        node.grad = upstream
        for name in single.inputs:
            nodes[name].grad = held
        node.push()
        ours = single.ours()
        right = ours[single.output]
        for name in single.inputs:
            slopes = [s for p, s in zip(right.parents, right.local_grads, strict=True) if p is ours[name]]
            total = held + sum(upstream * slope for slope in slopes)
            if not close(number(nodes[name].grad, f"{name}.grad"), total):
                sums = " + ".join([f"{held:g}", *(f"{upstream:g}·{slope:g}" for slope in slopes)])
                used = (
                    word("{name} is used {n} times, so it receives {n} contributions.", name=name, n=len(slopes))
                    if len(slopes) > 1
                    else ""
                )
                wrong = word(
                    "{operation}: with a gradient of {upstream:g} at the result and {held:g} at {name}, push should "
                    "leave {name}.grad = {sums} = {total:g}, yours is {found:g}.",
                    operation=single.operations[0], upstream=upstream, held=held, name=name, sums=sums, total=total,
                    found=nodes[name].grad,
                )  # fmt: skip
                rule = word("A gradient adds up what arrives along each edge: upstream times local.")
                raise Wrong(joined([wrong, used, rule]))
        if node.grad != upstream:
            raise Wrong("push should leave the gradient of the node itself as it is")


def check_order(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")

    def trouble(graph: Graph) -> str:
        nodes = graph.run(make)
        names = {id(node): name for name, node in nodes.items()}
        _has(nodes[graph.output], "order")
        try:
            found = list(nodes[graph.output].order())
        except Exception as error:
            return word("Your code raised {kind}: {error}.", kind=type(error).__name__, error=error)
        order = [names.get(id(node), word("another node")) for node in found]
        yours = word("Your order is {nodes}.", nodes=", ".join(order) or "[]")
        if len(set(order)) != len(order):
            twice = next(name for name in order if order.count(name) > 1)
            why = "{name} is in it more than once, so it would pass on its gradient more than once."
            return joined([yours, word(why, name=twice)])
        if missing := [name for name in nodes if name not in order]:
            return joined([yours, word("{name} is missing.", name=missing[0])])
        for operation in graph.operations:
            for operand in operation.operands:
                if order.index(str(operand)) < order.index(operation.name):
                    why = word(
                        "{node} comes before {user}, which uses it: {node} would pass on its gradient before the "
                        "contribution of {user} has arrived.",
                        node=operand, user=operation.name,
                    )  # fmt: skip
                    return joined([yours, why])
        return ""

    for graph in random_graphs(rng, "+ *"):
        if trouble(graph):
            graph = smallest(graph, lambda g: bool(trouble(g)))
            right = [graph.output, *(o.name for o in reversed(graph.operations[:-1])), *graph.inputs]
            why = joined([trouble(graph), word("A right one is {nodes}.", nodes=", ".join(right))])
            raise Wrong(f"{why}\n\n{_indented(str(graph))}")


def check_backward(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")
    _has(make(1.0), "backward")
    check_gradients_on(random_graphs(rng, "+ *"), make)


def check_again(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")
    _has(make(1.0), "zero_grad")
    check_gradients_on(random_graphs(rng, "+ *"), make)
    check_gradients_on(random_graphs(rng, "+ *"), make, passes=2)

    def after_reset(output: Any) -> None:
        output.backward()
        output.zero_grad()
        output.backward()

    try:
        check_gradients_on(random_graphs(rng, "+ *"), make, after_reset)
    except Wrong as wrong:
        raise Wrong("backward, zero_grad, backward should give the gradients of one pass. {why}", why=wrong) from None


def check_functions(module: ModuleType, rng: Random) -> None:
    make = asked(module, "Value")
    for name in ("tanh", "exp", "relu"):
        _has(make(1.0), name)
    cases: tuple[tuple[str, Calculation, float, float], ...] = (
        ("x - 1", lambda x: x - 1, 1.0, 1.0),
        ("1 - x", lambda x: 1 - x, -1.0, -1.0),
        ("x / 4", lambda x: x / 4, 0.5, 0.25),
        ("1 / x", lambda x: 1 / x, 0.5, -0.25),
    )
    for text, calculate, data, slope in cases:
        x = make(2.0)
        try:
            node = calculate(x)
            node.backward()
        except TypeError as error:
            possible = "{code} should be possible, where x = {value}: {error}"
            raise Wrong(possible, code=text, value="Value(2)", error=error) from None
        if not (close(node.data, data) and close(x.grad, slope)):
            raise Wrong(
                "{code} at x = 2 should be {data:g} with the gradient {slope:g}; yours is {found:g} with the gradient "
                "{grad:g}",
                code=text, data=data, slope=slope, found=node.data, grad=x.grad,
            )  # fmt: skip
    for ops in ("-", "/", "neg **", "tanh exp", "relu neg", "+ - * / neg ** tanh relu exp"):
        check_gradients_on(random_graphs(rng, ops), make, passes=2 if len(ops) > 10 else 1)


def check_network(module: ModuleType, rng: Random) -> None:
    neuron, mlp, train_step = (asked(module, name) for name in ("Neuron", "MLP", "train_step"))
    numbers = [
        [([_weight(rng) for _ in range(n)], _weight(rng)) for _ in range(width)] for n, width in ((2, 3), (3, 1))
    ]
    examples = [([rng.uniform(-1, 1), rng.uniform(-1, 1)], rng.choice((-1.0, 1.0))) for _ in range(4)]
    model = mlp([[neuron(weights, bias) for weights, bias in layer] for layer in numbers])
    ours = [[([Value(w) for w in weights], Value(bias)) for weights, bias in layer] for layer in numbers]
    parameters = [p for layer in ours for weights, bias in layer for p in (*weights, bias)]

    def forward(xs: Any) -> Any:
        for layer in ours:
            xs = [tanh(sum((w * x for w, x in zip(weights, xs, strict=True)), bias)) for weights, bias in layer]
        return xs[0]

    for xs, _ in examples:
        if not close(number(model(xs).data, word("the output of the network")), forward(xs).data):
            raise Wrong(
                "The network of 2 inputs, 3 hidden neurons and 1 output should give {right:.6g} at {x1:.3g}, {x2:.3g}; "
                "yours gives {found:.6g}. A neuron is tanh(w·x + b).",
                right=forward(xs).data, x1=xs[0], x2=xs[1], found=model(xs).data,
            )  # fmt: skip
    if len(model.parameters()) != len(parameters):
        raise Wrong(
            "This network has {n} parameters, 3·2 + 3 and 3 + 1: every weight and every bias; yours has {found}.",
            n=len(parameters), found=len(model.parameters()),
        )  # fmt: skip
    for step in range(1, 21):
        loss = sum(((forward(xs) - target) ** 2 for xs, target in examples), Value(0.0)) / len(examples)
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data -= 0.1 * (p.grad or 0.0)
        found = number(train_step(model, examples, 0.1), word("what train_step returns, the loss before the step,"))
        if not close(found, loss.data):
            wrong = word(
                "Loss before step {k}: should be {right:.8g}, yours is {found:.8g}.",
                k=step, right=loss.data, found=found,
            )  # fmt: skip
            if step == 1:
                why = word("The loss is the mean of the squared errors, before the weights are changed.")
            elif step == 2:
                why = word("So the first update was wrong: p.data -= rate * p.grad for every weight and every bias.")
            else:
                why = word("Do the gradients of the step before still count? They must be 0 when a step begins.")
            raise Wrong(joined([wrong, why]))


def _weight(rng: Random) -> float:
    return round(rng.uniform(-1, 1), 2)


def _has(value: object, method: str) -> None:
    if not callable(getattr(value, method, None)):
        raise Wrong("the class Value has no method {method} yet", method=method)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


class Stage(NamedTuple):
    """An exercise of this file; its code is what `_CODE` has in its place."""

    title: str
    lesson: str
    text: str
    check: Callable[[ModuleType, Random], None]
    hints: tuple[str, ...]


_STAGES = (
    Stage(
        title="Your own engine 1: a Value holds a number",
        lesson="L01",
        text="""
            Write a class Value: one node of a graph. Value(3) has

                data         its number, as a float: 3.0
                grad         its gradient: 0.0 for now
                parents      the Values that it was calculated from: () unless given
                local_grads  its derivative with respect to each parent: () unless given

            Value(data, parents, local_grads) keeps all three, and print(Value(3)) shows Value(3.0).
            """,
        check=check_value,
        hints=(
            "`def __init__(self, data, parents=(), local_grads=()):` sets four attributes.",
            "`__repr__` returns the text that print shows. Two Values are never equal: leave __eq__ alone.",
        ),
    ),
    Stage(
        title="Your own engine 2: sums and products",
        lesson="L01",
        text="""
            Let Values be added and multiplied: write __add__ and __mul__. The result is a new Value whose parents are
            the two operands, in their order, and whose local_grads are its derivatives with respect to them. One of the
            two may be a plain number: x + 2, 2 * x (then Python calls __radd__ and __rmul__).
            """,
        check=check_operations,
        hints=(
            "∂(a + b)/∂a = 1. ∂(a·b)/∂a = b: the product swaps.",
            "In x * x both parents are x, and both local derivatives are x.data.",
            "`__radd__ = __add__` is enough, since 2 + x = x + 2.",
        ),
    ),
    Stage(
        title="Your own engine 3: the chain rule at one node",
        lesson="L01",
        text="""
            Write a method push: the node passes its gradient on to its parents. Each parent receives the gradient of
            the node times the local derivative, added to what the parent has already.
            """,
        check=check_push,
        hints=(
            "Go through parents and local_grads together: zip(self.parents, self.local_grads).",
            "Use +=: a parent that is used twice receives two contributions.",
        ),
    ),
    Stage(
        title="Your own engine 4: topological order",
        lesson="L05",
        text="""
            Write a method order, which returns a list of all nodes that this one was calculated from, with itself. Each
            node is in it once, and comes after every node that uses it: the node itself is the first.
            """,
        check=check_order,
        hints=(
            "Visit the parents of a node first, then append the node. Then reverse the list.",
            "Keep a set of the nodes that were visited, so that each is in the list once.",
        ),
    ),
    Stage(
        title="Your own engine 5: backward",
        lesson="L05",
        text="""
            Write a method backward: the gradient of the node itself is 1; then every node pushes, in the order of the
            stage before. Afterwards x.grad is the derivative of the node with respect to x, for every x that it was
            calculated from.
            """,
        check=check_backward,
        hints=("self.grad = 1.0, then for node in self.order(): node.push()",),
    ),
    Stage(
        title="Your own engine 6: backward again, and zero_grad",
        lesson="L05",
        text="""
            Calling backward a second time must be right, too. Gradients of inputs (Values without parents) add up:
            after two passes they are twice the derivative. Inner nodes begin each pass at 0, or they would pass on the
            first pass again.

            Then write a method zero_grad, which sets the gradient of every node of the graph to 0.
            """,
        check=check_again,
        hints=(
            "Before the pass: for every node of self.order() that has parents, grad = 0.0.",
            "What has parents is an inner node. The output is one as well; it gets its 1 afterwards.",
        ),
    ),
    Stage(
        title="Your own engine 7: more operations",
        lesson="L22",
        text="""
            Add subtraction, division and the minus sign (-x, x - y, 1 - x, x / y, 1 / x), powers whose exponent is a
            number (x ** 3), and the methods tanh, exp and relu.
            """,
        check=check_functions,
        hints=(
            "Most need no derivative of their own: x - y = x + (-1)·y, x / y = x·y**-1.",
            "∂xⁿ/∂x = n·xⁿ⁻¹, ∂tanh(x)/∂x = 1 - tanh(x)², ∂exp(x)/∂x = exp(x), ∂relu(x)/∂x = 1 for x > 0, else 0.",
            "Python calls __rsub__ for 1 - x and __rtruediv__ for 1 / x.",
        ),
    ),
    Stage(
        title="Your own engine 8: a network that trains",
        lesson="L26",
        text="""
            Neuron(weights, bias) makes Values of these numbers; neuron(xs) = tanh(w·x + b); neuron.parameters() lists
            its Values, the bias last.

            MLP(layers) takes a list of layers, each a list of neurons; mlp(xs) passes xs through all of them and
            returns the output of the last one (one Value); mlp.parameters() lists those of all neurons.

            train_step(model, examples, rate) makes one step of gradient descent and returns the loss before it, as a
            number. The loss is the mean of (model(xs) - target)² over the examples, a list of pairs (xs, target).
            """,
        check=check_network,
        hints=(
            "Every weight and every bias is a parameter.",
            "A step: loss, gradients to 0, backward, then p.data -= rate * p.grad.",
        ),
    ),
)


def _stage(k: int) -> Exercise:
    stage = _STAGES[k]
    start = _CODE[k - 1].strip() if k else "class Value:\n    ..."

    def sheet(seed: int) -> Sheet:
        hints = tuple(map(word, stage.hints))
        return Sheet(task(stage.text), start, hints, _CODE[k].strip(), lambda module: stage.check(module, Random(seed)))

    return Exercise(f"engine{k + 1}", stage.title, stage.lesson, sheet, follows=f"engine{k}" if k else "")


EXERCISES = tuple(_stage(k) for k in range(len(_STAGES)))
