"""Forward mode: a derivative carried along with the calculation, one more interpreter of the table.

A dual number is a value and its derivative along one direction (its tangent). Each operation evaluates its row: the
value, and the sum of each local derivative times the tangent of that operand. So one run of a function gives its
derivative along one direction, and no graph is kept.

Which mode is cheaper? Forward mode costs one run for each input, whatever the number of outputs; reverse mode one run
and one backward pass for each output, whatever the number of inputs. A loss of a network has one output and many
parameters, so networks are trained by reverse mode; a curve in space has one input and three outputs, so its velocity
is a case for forward mode. (Griewank and Walther, Evaluating Derivatives, 2nd edition 2008, chapters 3 and 4.)
"""

from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

from ..rules.operation import Operation
from .backward import chain_rule
from .errors import is_number, real
from .evaluate import local_grads
from .grad_mode import mode
from .value import Value, constant


class Dual(Value):
    """A number with its derivative along one direction, the `tangent`."""

    __slots__ = ("tangent",)

    def __init__(self, data: SupportsFloat, tangent: SupportsFloat):
        super().__init__(data)
        self.tangent = real(tangent)


class _Forward:
    """Makes the nodes while a function is evaluated in forward mode (see `Mode.tracer`)."""

    def __init__(self) -> None:
        self.made: set[Value] = set()
        self.settings: list[Any] = []

    def record(self, operation: Operation, operands: tuple[Any, ...], data: float) -> Value:
        numbers = tuple(x._data if isinstance(x, Value) else float(x) for x in operands)
        slopes = local_grads(operation, data, numbers)
        tangent = 0.0
        for x, slope in zip(operands, slopes, strict=True):
            if isinstance(x, Dual) and x.tangent != 0.0 and not (slope == 0.0 and operation.choice):
                tangent += chain_rule(x.tangent, slope)
        return Dual(data, tangent)

    def detach(self, node: Value) -> Value:
        return constant(node._data)

    def compare(self, relation: Callable[[float, float], bool], x: Value, y: Any) -> bool:
        return relation(x._data, y._data if isinstance(y, Value) else float(y))

    def branch(self, node: Value) -> bool:
        return bool(node._data)

    def number(self, node: Value) -> float:
        return node._data

    def assign(self, node: Value, data: float) -> None:
        pass

    def varies(self, node: Value) -> bool:
        return isinstance(node, Dual)

    def take(self, xs: Sequence[Any], index: Value) -> Any:
        return xs[int(index._data)]

    def random(self, generator: Any) -> float:
        return float(generator.random())

    def largest(self, xs: Sequence[Any]) -> float:
        return max(x._data if isinstance(x, Value) else float(x) for x in xs)


def jvp(f: Callable[..., Any], point: Sequence[SupportsFloat], direction: Sequence[SupportsFloat]) -> tuple[Any, Any]:
    """The value of `f` and its derivative along `direction`, the Jacobian matrix times that vector, in forward mode.

    One run of `f`, without a graph: the cheap way where a function has few inputs and many outputs; `grad` is the cheap
    one for many inputs and one output.

    Arguments:
        f: takes a Value for each number of `point`, returns a Value or a list of Values.
        point: n numbers.
        direction: n numbers.

    Returns a pair, the value and the derivative: two floats, or two lists of floats. Raises ValueError where the
    lengths differ, TypeError where `f` returns something else.

    >>> jvp(lambda x, y: x * y, [2.0, 3.0], [1.0, 0.0])
    (6.0, 3.0)
    >>> jvp(lambda t: [t * t, t**3], [2.0], [1.0])  # the velocity of a curve
    ([4.0, 8.0], [4.0, 12.0])
    """
    if len(point) != len(direction):
        raise ValueError(f"a direction has a number for each input, got {len(direction)} for {len(point)}")
    with mode(tracer=_Forward(), scope=None, recording=True):
        result = f(*[Dual(x, d) for x, d in zip(point, direction, strict=True)])
    if isinstance(result, (list, tuple)):
        pairs = [_pair(x) for x in result]
        return [value for value, _ in pairs], [tangent for _, tangent in pairs]
    return _pair(result)


def _pair(x: Any) -> tuple[float, float]:
    if isinstance(x, Dual):
        return x._data, x.tangent
    if isinstance(x, Value):
        return x._data, 0.0
    if is_number(x):
        return float(x), 0.0
    raise TypeError(f"f must return a Value or a list of Values, got {type(x).__name__} {x!r}")
