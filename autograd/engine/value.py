"""`Value`: a number that remembers how it was made.

Calculating with Values builds a graph: each result holds the operation, its operands (parents) and the local
derivatives, read from the table when the node is made. Nodes are plain data, so whoever walks the graph can
differentiate, print, draw, copy or compile it.
"""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsFloat

from ..rules import table
from ..rules.floats import FLOATS
from ..rules.table import LEAF, Operation
from . import backward as graph
from . import pickling as copying
from .errors import is_number, negative_base, no_value, real
from .grad_mode import Scope, current_mode, modes

if TYPE_CHECKING:
    from ..drawing.stepper_output import Stepper

_new = object.__new__


def _comparison(relation: Callable[[float, float], bool]) -> Callable[["Value", Any], bool]:
    def compare(self: "Value", other: Any) -> bool:
        if not is_number(other):
            return NotImplemented  # type: ignore[no-any-return]
        tape = current_mode().tape if modes else None
        if tape is None:
            return relation(self._data, float(other))
        noted: bool = tape.compare(relation, self, other)  # stands for a bool
        return noted

    return compare


class Value:
    """A real number in a computation graph.

    Arguments:
        data: anything with a real float value (int, float, NumPy scalar, Fraction, array of one element).
        label: a name, for messages, steps and pictures.

    Raises TypeError when `data` is not one real number.

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    Attributes: `grad` is the gradient of the last output on which `backward()` was called, None before (which is not
    0). `parents` are the operands in order, `local_grads` the derivatives by each of them, recorded when the node was
    made; `op` is the operation's name, "" for a leaf. Equality and hash are identity; ``< <= > >=`` compare the data.
    """

    # One or two parents, and the derivatives by them, stand in slots of their own: tuples would take half as much time
    # and memory again. More parents are a tuple in _x, their derivatives a tuple in _dx. A neuron has weights in _x,
    # inputs in _xs and its bias in _b, the derivatives in _dx and _dy: tuples that it shares with other nodes.
    __slots__ = (
        "__weakref__", "_b", "_data", "_dx", "_dy", "_part", "_scope", "_x", "_xs", "_y", "grad", "label", "operation",
    )  # fmt: skip

    grad: float | None
    label: str
    operation: Operation | None  # LEAF for a leaf; None for a constant, into which no gradient flows
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _xs: tuple["Value", ...]
    _b: "Value"
    _scope: Scope | None
    _part: str | None  # the name of its scope within _scope; mostly left out

    def __init__(self, data: SupportsFloat, label: str = ""):
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, got {type(label).__name__} {label!r}")
        self._data = real(data)
        self.grad = None
        self.label = label
        self.operation = LEAF
        self._x = self._y = self._dx = self._dy = None
        self._scope = None
        if modes:
            mode = current_mode()
            self._scope = mode.scope
            if mode.tape is not None:
                mode.tape.made.add(self)

    @property
    def data(self) -> float:
        """The number. Setting it on a leaf changes what is calculated next, not what was recorded."""
        return _number(self) if modes else self._data

    @data.setter
    def data(self, data: SupportsFloat) -> None:
        self._data = real(data)

    @property
    def parents(self) -> tuple["Value", ...]:
        """The operands in order; one that stands twice is there twice."""
        x, y = self._x, self._y
        if y is None and self._dy is not None:
            return (*x, *self._xs, self._b)
        return _unpacked(x, y)

    @parents.setter
    def parents(self, parents: tuple["Value", ...]) -> None:
        self._x, self._y = _packed(parents)

    @property
    def local_grads(self) -> tuple[float, ...]:
        """The derivative by each parent, recorded when the node was made."""
        x, y = self._dx, self._dy
        if y is not None and self._y is None:
            return (*x, *y, 1.0)
        return _unpacked(x, y)

    @local_grads.setter
    def local_grads(self, local_grads: tuple[float, ...]) -> None:
        self._dx, self._dy = _packed(local_grads)

    @property
    def scope(self) -> Scope | None:
        """The named part of a model that it belongs to."""
        part = getattr(self, "_part", None)
        if part is not None and self._scope is not None:
            self.scope = self._scope.within(part)
        return self._scope

    @scope.setter
    def scope(self, scope: Scope | None) -> None:
        self._scope = scope
        self._part = None

    @property
    def op(self) -> str:
        """The operation's name, "" for leaves and constants."""
        return self.operation.name if self.operation else ""

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow into this node: False for plain numbers, detached and unrecorded results."""
        return self.operation is not None

    def backward(self, seed: SupportsFloat = 1.0) -> None:
        """Calculate the gradient of this node by every node behind it, into their `grad`.

        Leaves add to what they hold (set it to None, or call `zero_grad()` of a model, to start anew); inner nodes are
        set anew; constants get none. `seed` scales the gradient. Raises ValueError, naming the edge, and leaves the
        leaves as they were, when a gradient becomes NaN.

        >>> x = Value(3.0)
        >>> (x**3).backward()
        >>> x.grad
        27.0
        """
        if modes and current_mode().tape is not None:
            raise TypeError("a function to be compiled has no backward(): use grad(output, inputs) inside it")
        if self.operation is not None:
            graph.backward(self, real(seed))

    def detach(self) -> "Value":
        """A constant with the same data: no gradient flows through it."""
        tape = current_mode().tape if modes else None
        if tape is not None:
            detached: Value = tape.detach(self)
            return detached
        node = constant(self._data)
        node.label = self.label
        return node

    def stepper(self, forward: bool = False) -> "Stepper":
        """Backprop of this node in single steps: see `autograd.stepper`."""
        from ..drawing.stepper_output import stepper

        return stepper(self, forward)

    def _repr_svg_(self) -> str | None:
        from ..drawing.draw import value_svg

        return value_svg(self)

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        picture = self._repr_svg_()
        bundle = {"text/plain": repr(self)}
        return bundle if picture is None else bundle | {"image/svg+xml": picture}

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        grad = "" if self.grad is None else f", grad={self.grad!r}"
        return f"Value({self._data!r}{label}{grad})"

    def __float__(self) -> float:
        return _number(self) if modes else self._data

    def __bool__(self) -> bool:
        tape = current_mode().tape if modes else None
        return bool(self._data) if tape is None else tape.branch(self)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    # + - * / and unary minus are written out from the table by module eager, functions of one number by functions.
    if TYPE_CHECKING:

        def __add__(self, other: SupportsFloat) -> "Value": ...
        def __radd__(self, other: SupportsFloat) -> "Value": ...
        def __sub__(self, other: SupportsFloat) -> "Value": ...
        def __rsub__(self, other: SupportsFloat) -> "Value": ...
        def __mul__(self, other: SupportsFloat) -> "Value": ...
        def __rmul__(self, other: SupportsFloat) -> "Value": ...
        def __truediv__(self, other: SupportsFloat) -> "Value": ...
        def __rtruediv__(self, other: SupportsFloat) -> "Value": ...
        def __neg__(self) -> "Value": ...
        def leaky_relu(self, slope: SupportsFloat = 0.01) -> "Value": ...

        # Functions of one number have the type of a minus sign.
        exp = expm1 = log = log1p = sqrt = sin = cos = tan = sinh = cosh = arcsin = arccos = arctan = __neg__
        tanh = erf = abs = sigmoid = relu = elu = softplus = silu = gelu = __neg__

    def __pow__(self, other: SupportsFloat) -> "Value":
        result: Value = arithmetic(table.POW, self, other)
        return result

    def __rpow__(self, other: SupportsFloat) -> "Value":
        result: Value = arithmetic(table.POW, other, self)
        return result

    def __pos__(self) -> "Value":
        return self

    def __abs__(self) -> "Value":
        return self.abs()

    def __copy__(self) -> "Value":
        return copying.copy_node(self, self.parents)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        return copying.deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.parents:
            return super().__reduce_ex__(max(protocol, 2))
        return copying.rebuild, (type(self), copying.flatten(self))


def _packed(items: tuple[Any, ...]) -> tuple[Any, Any]:
    """What stands in the slots for parents, or for local derivatives."""
    if len(items) == 2:
        return items
    return (items[0] if len(items) == 1 else items or None), None


def _unpacked(x: Any, y: Any) -> tuple[Any, ...]:
    if y is not None:
        return x, y
    if x is None:
        return ()
    return x if type(x) is tuple else (x,)


def _node(
    data: float,
    operation: Operation | None = None,
    parents: tuple[Value, ...] = (),
    local_grads: tuple[float, ...] = (),
    scope: Scope | None = None,
) -> Value:
    """A new node; without an operation, a constant."""
    node = _new(Value)
    node._data = data
    node.grad = None
    node.label = ""
    node.operation = operation
    node._x = node._y = node._dx = node._dy = None
    if parents:
        node._x, node._y = _packed(parents)
        node._dx, node._dy = _packed(local_grads)
    node._scope = scope
    return node


def _number(node: Value) -> float:
    """The data of `node`, where a function is perhaps being traced to be compiled: then only a constant's is known."""
    tape = current_mode().tape
    return node._data if tape is None else tape.number(node)


def constant(data: float) -> Value:
    """A plain number as a node of a graph."""
    return _node(data, scope=current_mode().scope if modes else None)


def arithmetic(operation: Operation, x: Any, y: Any) -> Any:
    """An infix operation; what is not a number is left to the other operand's class (an array of NumPy, say)."""
    if not isinstance(x, Value):
        if not is_number(x):
            return NotImplemented
        x = constant(float(x))
    if not isinstance(y, Value):
        if not is_number(y):
            return NotImplemented
        y = constant(float(y))
    if operation is table.POW and x._data < 0.0 and y.operation is not None:
        tape = current_mode().tape
        if tape is None or tape.varies(y):
            raise negative_base(x._data, x.label)
    return apply(operation, (x, y))


def apply(operation: Operation, operands: tuple[Any, ...]) -> Any:
    """Calculate one row of the table and record it: a Value, or a float where all `operands` are plain numbers."""
    try:
        numbers = tuple([x._data for x in operands])
    except AttributeError:  # plain numbers among them
        numbers = tuple(x._data if isinstance(x, Value) else real(x) for x in operands)
        if not any(isinstance(x, Value) for x in operands):
            return evaluate(operation, operands, numbers)
        operands = tuple(x if isinstance(x, Value) else constant(n) for x, n in zip(operands, numbers, strict=True))
    scope = None
    if modes:
        mode = current_mode()
        if mode.tape is not None:
            return mode.tape.record(operation, operands, evaluate(operation, operands, numbers))
        if mode.pauses:
            return constant(evaluate(operation, operands, numbers))
        scope = mode.scope
    data = evaluate(operation, operands, numbers)
    return _node(data, operation, operands, local_grads(operation, data, numbers), scope)


def function(operation: Operation, *operands: Any) -> Any:
    """`apply`, with the operands one by one."""
    return apply(operation, operands)


IEEE = (table.ADD, table.SUB, table.MUL, table.NEG)  # these may overflow to infinity, as Python's own floats do


def evaluate(operation: Operation, operands: tuple[Any, ...], numbers: tuple[float, ...]) -> float:
    """The value of one row by floats, or an error that says what it needs."""
    try:
        data = operation.value(FLOATS, *numbers)
        if type(data) is float and data - data == 0.0:
            return data
        if type(data) is complex:
            raise ValueError
        data = real(data)
        if data - data == 0.0 or any(x - x != 0.0 for x in numbers) or operation in IEEE:
            return data  # infinity and NaN among the operands go the way of IEEE arithmetic
        raise ValueError if data != data else OverflowError
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        if modes and current_mode().ieee:
            from ..rules.arrays import ieee

            return ieee(lambda m, *xs: (operation.value(m, *xs),), *numbers)[0]
        labels = [x.label if isinstance(x, Value) else "" for x in operands]
        raise no_value(operation, numbers, labels, type(error)) from None


def local_grads(operation: Operation, data: float, numbers: tuple[float, ...]) -> tuple[float, ...]:
    """The local derivatives of one row by floats; infinite where Python's arithmetic would raise (sqrt at 0)."""
    try:
        return operation.partials(FLOATS, data, *numbers)
    except (ValueError, ArithmeticError):
        from ..rules.arrays import ieee

        return ieee(operation.partials, data, *numbers)
