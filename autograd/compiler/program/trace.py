"""Tracing: the user's function runs once, on Values that stand for the numbers of every example.

A tracer calculates like a Value, with the numbers of the first example, and remembers how it was made. What cannot be
remembered as a formula is written down apart (a branch that was taken, a setting that was read) or refused.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, NamedTuple, Never, TypeGuard, TypeVar
from weakref import WeakSet

from ...engine.errors import is_number
from ...engine.grad_mode import current_mode, mode
from ...engine.scope import Scope
from ...engine.value import Value, constant
from ...rules import table
from ...rules.floats import FLOATS
from ...rules.table import LEAF, Operation

if TYPE_CHECKING:
    from random import Random

T = TypeVar("T")
Nested = float | list["Nested"]  # numbers of an example
NestedValues = Value | list["NestedValues"]


class Own(Operation):
    """An operation that only a trace knows; it stands in no table."""

    def __reduce__(self) -> tuple[Callable[[str], "Own"], tuple[str]]:
        return _own, (self.name,)


LESS = Own("<", "1 where x < y, else 0", lambda m, x, y: m.where(x < y, 1.0, 0.0), lambda *_: (0.0, 0.0))
LESS_EQUAL = Own("<=", "1 where x <= y, else 0", lambda m, x, y: m.where(x <= y, 1.0, 0.0), lambda *_: (0.0, 0.0))
DETACH = Own("detach", "the number alone", lambda m, x: x, lambda *_: (0.0,))
LARGEST = Own(
    "largest", "the largest of many, as a number", lambda m, *xs: m.largest(xs), lambda m, out, *xs: (0.0,) * len(xs)
)
TAKE = Own(
    "take",
    "the element at an index",
    lambda m, index, *xs: m.take(index, xs),
    lambda m, out, index, *xs: (0.0, *(m.where(m.abs(index - k) < 0.5, 1.0, 0.0) for k in m.positions(xs))),
)
_OWN = {operation.name: operation for operation in (LESS, LESS_EQUAL, DETACH, LARGEST, TAKE)}
SILENT = frozenset((LESS, LESS_EQUAL, DETACH, LARGEST))  # their results are numbers: no gradient goes through
UNIFORM = "uniform"  # the label of inputs that are drawn


def _own(name: str) -> Own:
    return _OWN[name]


def through(operation: Operation, operands: tuple[T, ...]) -> tuple[T, ...]:
    """The operands to which a gradient goes through: those of which the result is more than a choice."""
    if operation in SILENT:
        return ()
    return operands[1:] if operation in (table.WHERE, table.SOFTMAX, table.LOG_SOFTMAX, TAKE) else operands


class Tracer(Value):
    """A Value of a function that is being traced; used after its trace, it says so."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Never:
        if hasattr(type(self), name) and _is_over(self):
            raise TypeError(
                f"{self!r} was kept by a compiled function and used after its trace, when it stands for nothing: "
                "return it instead"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<{self.label or self.op or 'x'}, a Value of a compiled function>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


def _is_over(node: Tracer) -> bool:
    """Whether the trace has ended, which takes the number of each of its nodes away."""
    try:
        object.__getattribute__(node, "_data")
    except AttributeError:
        return True
    return False


class Comparison(Tracer):
    """The result of ``x < y``: a branch is recorded where it is used as a bool; symbolic in `where` and ``& | ^``."""

    __slots__ = ()

    def __and__(self, other: object) -> Any:
        return self._join(table.MUL, other)

    def __or__(self, other: object) -> Any:
        return self._join(table.MAXIMUM, other)

    def __xor__(self, other: object) -> Any:
        return self != other

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __eq__(self, other: object) -> Any:
        return NotImplemented if not _is_truth(other) else _tape().compare(le, abs(self - other), 0.0)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if not _is_truth(other) else _tape().compare(gt, abs(self - other), 0.0)

    __hash__ = Value.__hash__

    def __index__(self) -> int:
        return int(bool(self))

    __int__ = __index__

    def __float__(self) -> float:
        return float(bool(self))

    def _join(self, operation: Operation, other: object) -> Any:
        if not _is_truth(other):
            return NotImplemented
        operands = (self, other if isinstance(other, Value) else constant(float(other)))
        return _tape().record(operation, operands, operation.value(FLOATS, *(x._data for x in operands)), Comparison)


def _is_truth(x: object) -> TypeGuard["Comparison | bool"]:
    return isinstance(x, (Comparison, bool))


class Tape:
    """What one run of the function left: inputs, random inputs, branches that were taken, settings that were read."""

    def __init__(self) -> None:
        self.arguments: list[list[Tracer]] = []  # the inputs of each argument
        self.randoms: list[tuple[Tracer, Random]] = []
        self.branches: list[tuple[Value, bool]] = []
        self.settings: list[tuple[object, str, object]] = []
        self.made: WeakSet[Value] = WeakSet()  # leaves that the function made: numbers of its own, no parameters
        self._nodes: list[Tracer] = []
        self._states: dict[int, tuple[Random, tuple[Any, ...]]] = {}  # of the random generators, as they were before

    # What the hooks in the engine call

    def record(
        self, operation: Operation, operands: tuple[Value, ...], data: float, kind: type[Tracer] = Tracer
    ) -> Tracer:
        """A new node; one made under no_grad lets no gradient through."""
        mode = current_mode()
        node = self._node(data, operation, operands, mode.scope, kind)
        return node if mode.recording or operation in SILENT else self._node(data, DETACH, (node,), mode.scope)

    def compare(self, relation: Callable[[float, float], bool], x: Value | float, y: Value | float) -> Tracer:
        """The result of ``x < y`` and its kin."""
        x, y = (v if isinstance(v, Value) else constant(float(v)) for v in (x, y))
        if relation in (gt, ge):
            x, y = y, x
        operation = LESS if relation in (lt, gt) else LESS_EQUAL
        return self.record(operation, (x, y), operation.value(FLOATS, x._data, y._data), Comparison)

    def branch(self, node: Value) -> bool:
        """``bool(node)``, which has to be the same for every example."""
        taken = node._data != 0.0
        self.branches.append((node, taken))
        return taken

    def detach(self, node: Value) -> Value:
        """The number of `node`, whatever it is for an example."""
        return self.record(DETACH, (node,), node._data)

    def varies(self, node: Value) -> bool:
        """Whether `node` has a derivative by some leaf, and is not only chosen by what examples have."""
        stack, seen = [node], set()
        while stack:
            node = stack.pop()
            if node in seen or node.operation is None or node in self.made:
                continue
            if not node.parents:
                return True
            seen.add(node)
            stack += through(node.operation, node.parents)
        return False

    def number(self, node: Value) -> float:
        """The number of `node` for good: that of a constant, which no example and no training changes."""
        if node.operation is None or node in self.made:
            return node._data
        what = f"the input {node.label}" if _is_input(node) else f"{node.op or 'the parameter'} {node.label}".rstrip()
        raise TypeError(
            f"float(x) or x.data of {what} would be a number of the moment only, and stay as it is in the compiled "
            "function: calculate with the Value itself (its detach(), if no gradient is to pass), or choose with "
            "where(condition, a, b)"
        )

    def assign(self, node: Value, data: float) -> None:
        """Refuse to set the number of a Value that was there before: it would be set while tracing alone."""
        if node not in self.made:
            raise TypeError(
                f"the data of {node.label or 'a Value'} is set to {data!r} in a compiled function, which runs once, "
                "when it is traced: set it before the call, or calculate a new Value"
            )

    def largest(self, xs: Sequence[Value | float]) -> Tracer:
        """The largest of `xs` as a number."""
        operands = _values(xs)
        return self.record(LARGEST, operands, max(x._data for x in operands))

    def take(self, xs: Sequence[Any], index: Value) -> Any:
        """The element of `xs`, a number or a list of numbers, at an index that is not known yet."""
        if all(isinstance(x, (list, tuple)) for x in xs):
            return [self.take(column, index) for column in zip(*xs, strict=True)]
        number = index._data
        if not (number.is_integer() and 0 <= number < len(xs)):
            raise ValueError(f"take(xs, index) needs a whole number from 0 to {len(xs) - 1}, got {number:g}")
        operands = _values(xs)
        return self.record(TAKE, (index, *operands), operands[int(number)]._data)

    def random(self, generator: "Random") -> Tracer:
        """A new input drawn from `generator`, a `random.Random`, for each example."""
        self._states.setdefault(id(generator), (generator, generator.getstate()))
        node = self._input(generator.random(), UNIFORM)
        self.randoms.append((node, generator))
        return node

    # Inputs, and the end

    def argument(self, example: Nested, label: str) -> NestedValues:
        """The next argument of the function: an input, or lists of them."""
        self.arguments.append([])
        return self._inputs(example, label)

    def rewind(self) -> None:
        """Put the random generators back: the first example is still to draw its numbers."""
        for generator, state in self._states.values():
            generator.setstate(state)

    def close(self) -> None:
        """Make tracers useless, so that one which the function kept cannot pass for a number."""
        for node in self._nodes:
            del node._data, node._dx

    def _inputs(self, example: Nested, label: str) -> NestedValues:
        if isinstance(example, list):
            return [self._inputs(x, f"{label}[{k}]") for k, x in enumerate(example)]
        node = self._input(example, label)
        self.arguments[-1].append(node)
        return node

    def _input(self, number: float, label: str) -> Tracer:
        node = self._node(float(number), LEAF, (), None)
        node.label = label
        return node

    def _node(
        self,
        data: float,
        operation: Operation,
        parents: tuple[Value, ...],
        scope: Scope | None,
        kind: type[Tracer] = Tracer,
    ) -> Tracer:
        node = kind.__new__(kind)
        node._data = data
        node.grad = None
        node.label = ""
        node.operation = operation
        node.parents = parents
        node.local_grads = ()
        node.scope = scope
        self._nodes.append(node)
        return node


def _is_input(node: Value) -> bool:
    return isinstance(node, Tracer) and node.operation is LEAF


def _values(xs: Sequence[Value | float]) -> tuple[Value, ...]:
    return tuple(x if isinstance(x, Value) else constant(float(x)) for x in xs)


def _tape() -> Tape:
    tape: Tape | None = current_mode().tracer
    if tape is None:
        raise TypeError("a comparison was kept by a compiled function and used after its trace: return it instead")
    return tape


class Recording(NamedTuple):
    """A traced function: what it left, its outputs, and whether there is one output that stands in no list."""

    tape: Tape
    outputs: list[Value]
    single: bool


@contextmanager
def traced(function: Callable[..., object], examples: Sequence[Nested]) -> Iterator[Recording]:
    """Run `function` on one example; `examples` are its arguments, nested lists of numbers.

    What was recorded can be read inside the block.
    """
    tape = Tape()
    try:
        result = _run(function, examples, tape)
        single = not isinstance(result, (list, tuple))
        outputs = [_output(x) for x in ([result] if single else result)]
        if not outputs:
            raise ValueError("a compiled function returns a Value or a list of Values, got an empty list")
        yield Recording(tape, outputs, single)
    finally:
        tape.close()


def _run(function: Callable[..., object], examples: Sequence[Nested], tape: Tape) -> Any:
    names = argument_names(function, len(examples))
    try:
        with mode(tracer=tape, recording=True, scope=None):
            result = function(*map(tape.argument, examples, names))
    finally:
        tape.rewind()
    return result.tolist() if hasattr(result, "tolist") else result


def _output(x: Any) -> Value:
    if isinstance(x, Value):
        return x
    if not is_number(x):
        raise TypeError(f"a compiled function returns a Value or a list of Values, got {type(x).__name__}")
    return constant(float(x))


def argument_names(function: Callable[..., object], count: int) -> list[str]:
    """What the function calls its first `count` arguments."""
    import inspect

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    more = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "x")
    return [names[k] if k < len(names) else f"{more}{k - len(names)}" for k in range(count)]


def takes(function: Callable[..., object], count: int) -> bool:
    """Whether `function` can be called with so many arguments, as far as its signature tells."""
    import inspect

    try:
        inspect.signature(function).bind(*range(count))
    except ValueError:  # it has no signature
        return True
    except TypeError:
        return False
    return True
