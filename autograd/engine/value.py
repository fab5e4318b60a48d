"""`Value`: a number that remembers how it was made.

Calculating with Values builds a graph: each result holds the operation, its operands (parents) and the local
derivatives, evaluated from the table when the node is made. Nodes are plain data, so whoever walks the graph can
differentiate, print, draw, copy or compile it.
"""

import math
import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsFloat

from ..rules import table
from ..rules.table import LEAF, Operation
from . import backward, pickling
from .errors import is_number, named, negative_base, not_recorded, real, short
from .evaluate import evaluate, local_grads
from .grad_mode import current_mode, modes
from .scope import Scope

if TYPE_CHECKING:
    from ..drawing.stepper_output import Stepper


def _comparison(relation: Callable[[float, float], bool]) -> Callable[["Value", Any], bool]:
    def compare(self: "Value", other: Any) -> bool:
        if not is_number(other):
            return NotImplemented  # type: ignore[no-any-return]
        tracer = current_mode().tracer if modes else None
        if tracer is None:
            return relation(self._data, other._data if isinstance(other, Value) else float(other))
        noted: bool = tracer.compare(relation, self, other)  # stands for a bool
        return noted

    return compare


def _rounding(function: Callable[[float], int]) -> Callable[["Value"], int]:
    return lambda self: function(self.data)


def _operator(operation: Operation) -> tuple[Callable[["Value", Any], "Value"], Callable[["Value", Any], "Value"]]:
    """The methods of an infix operation: for a Value on the left, and for one on the right."""
    return lambda x, y: arithmetic(operation, x, y), lambda y, x: arithmetic(operation, x, y)


def _method(operation: Operation) -> Callable[["Value"], "Value"]:
    return lambda self: apply(operation, (self,))


assigned = [0]  # how often the data of a Value was set: numbers that were read before are the same as long as it is


class Value:
    """A real number in a computation graph.

    Arguments:
        data: anything with a real float value (int, float, NumPy scalar, Fraction, array of one element).
        label: a name, for messages, steps and pictures.

    Raises TypeError when `data` is not one real number, or `label` not a str.

    >>> x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    Attributes: `grad` is the gradient of the last output on which `backward()` was called, None before (which is not
    0). `parents` are the operands in order, `local_grads` the derivatives with respect to each of them, recorded when
    the node was made; `op` is the operation's name, "" for a leaf. What is calculated from constants alone is a
    constant: it keeps no parents. ``==`` and hash are identity; ``< <= > >=`` compare the data.
    """

    # One or two parents, and their derivatives, have slots of their own: tuples take more time and memory. More are a
    # tuple in _x, their derivatives in _dx. A neuron has weights in _x, inputs in _xs, a bias in _b, the derivatives in
    # _dx and _dy, all shared with others: in a tuple of its own, a step of the two moons takes 1.26 times as long.
    __slots__ = (
        "__weakref__", "_b", "_data", "_dx", "_dy", "_grad", "_label", "_part", "_scope", "_x", "_xs", "_y",
        "operation",
    )  # fmt: skip

    operation: Operation | None  # LEAF for a leaf; None for a constant, into which no gradient flows
    _data: float
    _grad: float | None
    _label: str
    _x: Any
    _xs: tuple["Value", ...]
    _b: "Value"
    _y: Any
    _dx: Any
    _dy: Any
    _scope: Scope | None
    _part: str | None  # where it is set, the scope is the one of this name within `_scope`

    def __init__(self, data: SupportsFloat, label: str = ""):
        self._data = real(data)
        self._grad = None
        self.label = label
        self.operation = LEAF
        self._x = self._y = self._dx = self._dy = None
        self._scope = None
        if modes:
            mode = current_mode()
            self._scope = mode.scope
            if mode.tracer is not None:
                mode.tracer.made.add(self)

    @property
    def data(self) -> float:
        """The number. Setting it on a leaf changes what is calculated next, not what was recorded."""
        return _number(self) if modes else self._data

    @data.setter
    def data(self, data: SupportsFloat) -> None:
        number = real(data)
        tracer = current_mode().tracer if modes else None
        if tracer is not None:
            tracer.assign(self, number)
        self._data = number
        assigned[0] += 1

    @property
    def grad(self) -> float | None:
        """The gradient of the last output on which `backward()` was called; None if there was none."""
        return self._grad

    @grad.setter
    def grad(self, grad: SupportsFloat | None) -> None:
        self._grad = None if grad is None else real(grad)

    @property
    def label(self) -> str:
        """The name of the node, "" if it has none."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, got {type(label).__name__} {short(label)}")
        self._label = label

    @property
    def parents(self) -> tuple["Value", ...]:
        """The operands in order; one that is used twice is there twice."""
        if self._y is None and self._dy is not None:
            return (*self._x, *self._xs, self._b)
        return _unpacked(self._x, self._y)

    @parents.setter
    def parents(self, parents: tuple["Value", ...]) -> None:
        self._x, self._y = _packed(parents)

    @property
    def local_grads(self) -> tuple[float, ...]:
        """The derivative with respect to each parent, recorded when the node was made."""
        if self._y is None and self._dy is not None:
            return (*self._dx, *self._dy, 1.0)
        return _unpacked(self._dx, self._dy)

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
        self._scope, self._part = scope, None

    @property
    def op(self) -> str:
        """The operation's name, "" for leaves and constants."""
        return self.operation.name if self.operation else ""

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow into this node: False for plain numbers, detached and unrecorded results."""
        return self.operation is not None

    @property
    def is_leaf(self) -> bool:
        """Whether it was not calculated from nodes that require a gradient (constants are leaves, as in PyTorch)."""
        return self._x is None

    def backward(self, seed: SupportsFloat = 1.0) -> None:
        """Calculate the gradient of this node with respect to every node behind it, into their `grad`.

        Leaves add to what they hold (set it to None, or call `zero_grad()` of a model, to start from nothing); the
        gradients of inner nodes are overwritten; constants get none.

        Arguments:
            seed: the gradient of this node itself, which scales all others.

        Raises ValueError where this node is a constant, and, naming the edge and leaving the leaves as they were, when
        a gradient becomes NaN.

        >>> x = Value(3.0)
        >>> (x**3).backward()
        >>> x.grad
        27.0
        """
        if modes and current_mode().tracer is not None:
            raise TypeError("a function to be compiled has no backward(): use grad(output, inputs) inside it")
        if self.operation is None:
            raise not_recorded(self)
        backward.backward(self, real(seed))

    def detach(self) -> "Value":
        """A constant with the same data: no gradient flows through it.

        >>> x = Value(3.0)
        >>> (x * x.detach()).backward()
        >>> x.grad
        3.0
        """
        tracer = current_mode().tracer if modes else None
        if tracer is not None:
            detached: Value = tracer.detach(self)
            return detached
        node = constant(self._data)
        node._label = self._label
        return node

    def stepper(self, forward: bool = False) -> "Stepper":
        """Backpropagation from this node in single steps: see `autograd.stepper`."""
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
        label = f", label={self._label!r}" if self._label else ""
        grad = "" if self._grad is None else f", grad={self._grad!r}"
        return f"Value({self._data!r}{label}{grad})"

    def __float__(self) -> float:
        data = self.data
        if self.operation is not None and current_mode().tracer is None:
            warnings.warn(
                f"the graph ends at float(){named(self._label)}: what is calculated from the float has no gradient. "
                "Functions of a Value are those of autograd (autograd.exp, not math.exp); its number alone is .data",
                stacklevel=2,
            )
        return data

    def __bool__(self) -> bool:
        tracer = current_mode().tracer if modes else None
        return bool(self._data) if tracer is None else tracer.branch(self)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    __int__, __trunc__ = _rounding(int), _rounding(math.trunc)
    __floor__, __ceil__ = _rounding(math.floor), _rounding(math.ceil)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)

    # The operators and methods below are replaced, on import, by faster ones that do the same: see module fast_ops.

    __add__, __radd__ = _operator(table.ADD)
    __sub__, __rsub__ = _operator(table.SUB)
    __mul__, __rmul__ = _operator(table.MUL)
    __truediv__, __rtruediv__ = _operator(table.DIV)
    __pow__, __rpow__ = _operator(table.POW)
    __neg__, __abs__ = _method(table.NEG), _method(table.ABS)

    def __pos__(self) -> "Value":
        return self

    exp, expm1, log, log1p = _method(table.EXP), _method(table.EXPM1), _method(table.LOG), _method(table.LOG1P)
    log2, log10, sqrt, cbrt = _method(table.LOG2), _method(table.LOG10), _method(table.SQRT), _method(table.CBRT)
    abs, sign = _method(table.ABS), _method(table.SIGN)
    sin, cos, tan = _method(table.SIN), _method(table.COS), _method(table.TAN)
    sinh, cosh, tanh = _method(table.SINH), _method(table.COSH), _method(table.TANH)
    arcsin, arccos, arctan = _method(table.ARCSIN), _method(table.ARCCOS), _method(table.ARCTAN)
    arcsinh, arccosh, arctanh = _method(table.ARCSINH), _method(table.ARCCOSH), _method(table.ARCTANH)
    erf, erfc = _method(table.ERF), _method(table.ERFC)
    sigmoid, relu, elu = _method(table.SIGMOID), _method(table.RELU), _method(table.ELU)
    softplus, silu, gelu = _method(table.SOFTPLUS), _method(table.SILU), _method(table.GELU)
    selu, mish, log_sigmoid = _method(table.SELU), _method(table.MISH), _method(table.LOG_SIGMOID)

    def leaky_relu(self, slope: SupportsFloat = 0.01) -> "Value":
        """This node above 0, `slope` times it below."""
        return apply(table.LEAKY_RELU, (self, slope))  # type: ignore[no-any-return]

    def clamp(self, low: SupportsFloat, high: SupportsFloat) -> "Value":
        """This node, not below `low` and not above `high`."""
        return apply(table.CLAMP, (self, low, high))  # type: ignore[no-any-return]

    def __copy__(self) -> "Value":
        return pickling.copy_node(self, self.parents)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        return pickling.deepcopy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.parents:
            return super().__reduce_ex__(max(protocol, 2))
        return pickling.rebuild, (pickling.flatten(self),)


def _packed(items: tuple[Any, ...]) -> tuple[Any, Any]:
    """What goes into the two slots for parents, or for local derivatives."""
    if len(items) == 2:
        return items
    return (items[0] if len(items) == 1 else items or None), None


def _unpacked(x: Any, y: Any) -> tuple[Any, ...]:
    if y is not None:
        return x, y
    if x is None:
        return ()
    return x if type(x) is tuple else (x,)


def node(
    data: float,
    operation: Operation | None = None,
    parents: tuple[Value, ...] = (),
    local_grads: tuple[float, ...] = (),
    scope: Scope | None = None,
) -> Value:
    """A new node; without an operation, a constant."""
    made: Value = object.__new__(Value)
    made._data = data
    made._grad = None
    made._label = ""
    made.operation = operation
    made._x, made._y = _packed(parents)
    made._dx, made._dy = _packed(local_grads)
    made._scope = scope
    return made


def constant(data: float) -> Value:
    """A plain number as a node of a graph."""
    return node(data, scope=current_mode().scope if modes else None)


def _number(value: Value) -> float:
    """The data of a node, where a function is perhaps being traced to be compiled: then only a constant's is known."""
    tracer = current_mode().tracer
    return value._data if tracer is None else tracer.number(value)


def arithmetic(operation: Operation, x: Any, y: Any) -> Any:
    """An infix operation; NotImplemented where an operand is not a number: its own class (NumPy's arrays) decides."""
    if not isinstance(x, Value):
        if not is_number(x):
            return NotImplemented
        x = constant(float(x))
    if not isinstance(y, Value):
        if not is_number(y):
            return NotImplemented
        y = constant(float(y))
    if operation is table.POW and x._data < 0.0 and y.operation is not None:
        tracer = current_mode().tracer
        if tracer is None or tracer.varies(y):
            raise negative_base(x._data, x._label)
    return apply(operation, (x, y))


def apply(operation: Operation, operands: tuple[Any, ...]) -> Any:
    """Evaluate one row of the table and record it: a Value, or a float where all `operands` are plain numbers."""
    try:
        numbers = tuple([x._data for x in operands])
    except AttributeError:  # plain numbers among them
        numbers = tuple(x._data if isinstance(x, Value) else real(x) for x in operands)
        if not any(isinstance(x, Value) for x in operands):
            return evaluate(operation, operands, numbers)
        operands = tuple(x if isinstance(x, Value) else constant(n) for x, n in zip(operands, numbers, strict=True))
    data = evaluate(operation, operands, numbers)
    scope, recording = None, True
    if modes:
        mode = current_mode()
        if mode.tracer is not None:
            return mode.tracer.record(operation, operands, data)
        scope, recording = mode.scope, mode.recording
    if not recording or all(x.operation is None for x in operands):
        return node(data, scope=scope)
    return node(data, operation, operands, local_grads(operation, data, numbers), scope)
