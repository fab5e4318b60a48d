"""Tracing: the user's function runs once, on Values that stand for the numbers of every example.

A tracer calculates like a Value, with the numbers of the first example, and remembers how it was made. What cannot be
remembered as a formula is written down apart (a branch that was taken, a setting that was read) or refused.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import ge, gt, lt
from typing import Any

from ..errors import is_number
from ..floats import FLOATS
from ..modes import Scope, current_mode, set_mode
from ..table import LEAF, Operation
from ..value import Value, constant

# Operations that only a trace knows: comparisons as numbers, a value without its gradient, an element by its index.
LESS = Operation("<", "1 where x < y, else 0", lambda m, x, y: m.where(x < y, 1.0, 0.0), lambda *_: (0.0, 0.0))
LESS_EQUAL = Operation("<=", "1 where x <= y, else 0", lambda m, x, y: m.where(x <= y, 1.0, 0.0), lambda *_: (0.0, 0.0))
DETACH = Operation("detach", "the number alone", lambda m, x: x, lambda *_: (0.0,))
TAKE = Operation(
    "take",
    "the element at an index",
    lambda m, index, *xs: m.take(index, xs),
    lambda m, out, index, *xs: (0.0, *(m.where(m.abs(index - k) < 0.5, 1.0, 0.0) for k in m.positions(xs))),
)


class Tracer(Value):
    """A Value of a function that is being traced."""

    __slots__ = ()

    @property
    def data(self) -> float:
        raise _frozen("x.data", self)

    @data.setter
    def data(self, data: Any) -> None:
        raise _frozen("x.data", self)

    def __float__(self) -> float:
        raise _frozen("float(x)", self)

    def __bool__(self) -> bool:
        return bool(self < 0.0) or bool(self > 0.0)

    def __repr__(self) -> str:
        return f"<{self.label or self.op or 'x'}, an input of a compiled function>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def backward(self, seed: Any = 1.0) -> None:
        raise TypeError("backward() has no place in a compiled function: use grad(output, inputs, create_graph=True)")

    def detach(self) -> Value:
        return _tape().record(DETACH, (self,), self._data)


def _frozen(what: str, node: Value) -> TypeError:
    return TypeError(
        f"{what} of {node!r} would be the number of one example only: calculate with the Value itself, "
        "or choose with where(condition, a, b)"
    )


class Comparison:
    """The result of comparing tracers: symbolic in `where`, a recorded branch where it is used as a bool."""

    __slots__ = ("node",)

    def __init__(self, node: Tracer):
        self.node = node

    def __bool__(self) -> bool:
        taken = bool(self.node._data)
        _tape().branches.append((self.node, taken))
        return taken


class Tape:
    """What one run of the function left: inputs, random inputs, branches that were taken, settings that were read."""

    Comparison = Comparison

    def __init__(self) -> None:
        self.arguments: list[list[Tracer]] = []  # the inputs of each argument
        self.randoms: list[tuple[Tracer, Any]] = []
        self.branches: list[tuple[Tracer, bool]] = []
        self.settings: list[tuple[Any, str, Any]] = []

    def input(self, number: float, label: str) -> Tracer:
        """A new input of the last argument, with its number in the first example."""
        node = _tracer(number, LEAF, (), None)
        node.label = label
        self.arguments[-1].append(node)
        return node

    def random(self, generator: Any) -> Tracer:
        """A new input drawn from `generator`, a `random.Random`, for each example."""
        node = _tracer(generator.random(), LEAF, (), None)
        node.label = "uniform"
        self.randoms.append((node, generator))
        return node

    def record(self, operation: Operation, operands: tuple[Value, ...], data: float) -> Tracer:
        """A new node; one made under no_grad lets no gradient through."""
        mode = current_mode()
        node = _tracer(data, operation, operands, mode.scope)
        return node if mode.recording or operation is DETACH else _tracer(data, DETACH, (node,), mode.scope)

    def compare(self, relation: Callable[[Any, Any], bool], x: Any, y: Any) -> "Comparison":
        """The result of ``x < y`` and its kin."""
        x, y = (v if isinstance(v, Value) else constant(float(v)) for v in (x, y))
        if relation in (gt, ge):
            x, y = y, x
        operation = LESS if relation in (lt, gt) else LESS_EQUAL
        holds = operation.value(FLOATS, x._data, y._data)
        return Comparison(self.record(operation, (x, y), holds))

    def condition(self, condition: Any) -> Value:
        """What `where` chooses by: a comparison, or whether a Value is not 0."""
        if isinstance(condition, Comparison):
            return condition.node
        return self.compare(lt, 0.0, abs(condition)).node

    def take(self, xs: Any, index: Value) -> Tracer:
        """The element of `xs` at an index that is an input."""
        operands = tuple(x if isinstance(x, Value) else constant(float(x)) for x in (index, *xs))
        number = index._data
        if not (number.is_integer() and 0 <= number < len(xs)):
            raise ValueError(f"take(xs, index) needs a whole number from 0 to {len(xs) - 1}, got {number!r}")
        return self.record(TAKE, operands, operands[1 + int(number)]._data)


def _tracer(data: float, operation: Operation | None, parents: tuple[Value, ...], scope: Scope | None) -> Tracer:
    node = Tracer.__new__(Tracer)
    node._data = data
    node.grad = None
    node.label = ""
    node.operation = operation
    node.parents = parents
    node.local_grads = ()
    node.scope = scope
    return node


def _tape() -> Tape:
    tape = current_mode().tape
    if tape is None:
        raise TypeError("an input of a compiled function was kept and used after its trace: return it instead")
    return tape


@contextmanager
def tracing() -> Iterator[Tape]:
    """Calculate with tracers inside the block, in this thread."""
    before = current_mode()
    tape = Tape()
    set_mode(before._replace(tape=tape, pauses=0, scope=None))
    try:
        yield tape
    finally:
        set_mode(before)


def run(function: Callable[..., Any], examples: list[Any]) -> tuple[Tape, list[Any], bool]:
    """Trace `function` on one example; `examples` are its arguments, nested lists of numbers.

    Returns the tape, the outputs, and whether there is just one output that is not in a list.
    """
    import inspect

    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    with tracing() as tape:
        arguments = []
        for k, example in enumerate(examples):
            tape.arguments.append([])
            arguments.append(_inputs(tape, example, names[k] if k < len(names) else f"x{k}"))
        result = function(*arguments)
    single = not isinstance(result, (list, tuple))
    outputs = [result] if single else list(result)
    for output in outputs:
        if not isinstance(output, Value) and not is_number(output):
            raise TypeError(f"a compiled function returns a Value or a list of Values, got {type(output).__name__}")
    return tape, [o if isinstance(o, Value) else constant(float(o)) for o in outputs], single


def _inputs(tape: Tape, example: Any, label: str) -> Any:
    if isinstance(example, list):
        return [_inputs(tape, x, f"{label}[{k}]") for k, x in enumerate(example)]
    return tape.input(float(example), label)
