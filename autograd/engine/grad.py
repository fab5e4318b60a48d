"""Gradients as results: `grad`, their own gradients to any order, and the matrices of derivatives.

The local derivatives of a node are evaluated by floats when it is made. Evaluated by Values they are graphs themselves,
and so is the gradient, which can be differentiated again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, SupportsFloat, overload

from .as_values import VALUES
from .backward import RECORDED, Arithmetic, gradients
from .errors import is_number, named, not_recorded, require_value
from .evaluate import evaluate, local_grads
from .grad_mode import current_mode, mode
from .traced_grad import traced
from .value import Value, constant


@overload
def grad(output: Value, inputs: Iterable[Value], create_graph: Literal[False] = False) -> list[float]: ...
@overload
def grad(output: Value, inputs: Iterable[Value], create_graph: Literal[True]) -> list[Value]: ...
def grad(output: Value, inputs: Iterable[Value], create_graph: bool = False) -> list[float] | list[Value]:
    """The gradients of `output` with respect to each of `inputs`, in their order; no `.grad` is touched.

    Arguments:
        output: the Value to differentiate.
        inputs: Values, leaves or inner nodes; one on which `output` does not depend has gradient 0.
        create_graph: give Values, which can be differentiated again, to any order, instead of floats.

    Returns a list, a gradient for each of `inputs`.
    Raises TypeError when something else than Values comes; ValueError when `output` or an input is a constant, when a
    gradient becomes NaN, or when, with `create_graph`, the data of a leaf was changed after `output` was calculated.

    >>> x = Value(2.0)
    >>> y = x**3
    >>> (slope,) = grad(y, [x], create_graph=True)
    >>> slope.data, grad(slope, [x])
    (12.0, [12.0])
    """
    require_value("output", output)
    wanted = [inputs] if isinstance(inputs, Value) else list(inputs)
    tracer = current_mode().tracer
    for k, x in enumerate(wanted):
        require_value(f"inputs[{k}]", x)
        if x.operation is None and tracer is None:
            raise ValueError(
                f"inputs[{k}] is a constant, {x!r}: no gradient flows into it; use Value(...) or the node "
                "it was detached from"
            )
    if output.operation is None and tracer is None:
        raise not_recorded(output)
    if tracer is not None:  # floats would be those of one example
        slopes = _graphs(output, wanted, constant, traced(GRAPHS))
        return slopes if create_graph else [slope.detach() for slope in slopes]
    if create_graph:
        return _graphs(
            output, wanted, Value, GRAPHS
        )  # a slope that depends on nothing is a leaf: its own gradients are 0
    received = gradients(output, wanted, 1.0, RECORDED)
    return [received.get(x, 0.0) + 0.0 for x in wanted]


def _graphs(
    output: Value, inputs: Sequence[Value], number: Callable[[float], Value], numbers: Arithmetic
) -> list[Value]:
    received = gradients(output, inputs, 1.0, numbers)
    slopes = [received.get(x, 0.0) for x in inputs]
    return [x if isinstance(x, Value) and x.requires_grad else number(getattr(x, "_data", x)) for x in slopes]


def _as_operand(node: Value) -> Any:
    """A node in a rule: constants as plain numbers."""
    return node if node.operation is not None else node._data


def _local_values(node: Value) -> tuple[Any, ...]:
    """The local derivatives of a node as Values on its own parents; plain numbers stay plain numbers."""
    operation = node.operation
    if operation is None:
        return ()
    if node.local_grads:  # a node that is traced to be compiled has none: there is nothing recorded to differ from
        _require_unchanged(node)
    operands = [_as_operand(parent) for parent in node.parents]
    try:
        return operation.partials(VALUES, node, *operands)
    except (ValueError, ArithmeticError):  # an infinite derivative, such as that of sqrt at 0
        with mode(ieee=True):
            return operation.partials(VALUES, node, *operands)


GRAPHS = Arithmetic(VALUES, _as_operand, _local_values)


def as_recorded(node: Value) -> tuple[bool, tuple[bool, ...]]:
    """Whether the rule of a node still gives the value that was recorded, and each of its local derivatives.

    It does not where the data of an operand was set in between.
    """
    operation, numbers = node.operation, tuple(parent._data for parent in node.parents)
    if operation is None or not numbers:
        return True, ()
    try:
        value = _same(evaluate(operation, node.parents, numbers), node._data)
    except (ValueError, ArithmeticError):
        value = False
    slopes = local_grads(operation, node._data, numbers)
    return value, tuple(map(_same, slopes, node.local_grads))


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _require_unchanged(node: Value) -> None:
    value, slopes = as_recorded(node)
    if not (value and all(slopes)):
        raise ValueError(
            f"{node.op!r}{named(node.label)} or its derivative is no longer what was recorded: data was changed in "
            "between; calculate the output again before grad(..., create_graph=True)"
        )


def jacobian(f: Callable[..., Any], *point: Any) -> list[list[float]]:
    """The Jacobian matrix of `f`: a row for each output, in it the derivative with respect to each input.

    Arguments:
        f: takes Values, or lists of Values, as `point` has numbers or lists of numbers; returns a Value or a list.
        point: where to differentiate; lists are flattened in order.

    Returns rows of floats, of shape (outputs, inputs).

    >>> jacobian(lambda x, y: [x * y, x + y], 2.0, 3.0)
    [[3.0, 2.0], [1.0, 1.0]]
    """
    operands, inputs = values(point)
    outputs = f(*operands)
    rows = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [
        [0.0] * len(inputs) if _is_constant(f"output {k} of f", row) else grad(row, inputs)
        for k, row in enumerate(rows)
    ]


def hessian(f: Callable[..., Any], *point: Any) -> list[list[float]]:
    """The Hessian matrix of `f`, a function with one output: its second derivatives.

    Arguments:
        f: takes Values, or lists of Values, as `point` has numbers or lists of numbers; returns a Value.
        point: where to differentiate; lists are flattened in order.

    Returns rows of floats, of shape (inputs, inputs).

    >>> hessian(lambda x, y: x * x * y, 2.0, 3.0)
    [[6.0, 4.0], [4.0, 0.0]]
    """
    operands, inputs = values(point)
    output = f(*operands)
    if _is_constant("the value of f", output):
        return [[0.0] * len(inputs) for _ in inputs]
    return [grad(slope, inputs) for slope in grad(output, inputs, create_graph=True)]


def hvp(
    f: Callable[..., Any], point: Sequence[SupportsFloat], direction: Sequence[SupportsFloat]
) -> tuple[list[float], list[float]]:
    """The gradient of `f` and its derivative along `direction`, the Hessian matrix times that vector.

    It costs two backward passes, however many inputs there are, where the whole matrix costs one for each.

    Arguments:
        f: takes a Value for each number of `point`, returns a Value.
        point: n numbers.
        direction: n numbers.

    Returns the pair (gradient, product), each a list of n floats. Raises ValueError where the lengths differ.

    >>> hvp(lambda x, y: x * x * y, [2.0, 3.0], [1.0, 0.0])
    ([12.0, 4.0], [6.0, 4.0])
    """
    if len(point) != len(direction):
        raise ValueError(f"a direction has a number for each input, got {len(direction)} for {len(point)}")
    inputs = [Value(x) for x in point]
    output = f(*inputs)
    if _is_constant("the value of f", output):
        return [0.0] * len(inputs), [0.0] * len(inputs)
    slopes = grad(output, inputs, create_graph=True)
    along = sum((slope * float(d) for slope, d in zip(slopes, direction, strict=True)), Value(0.0))
    return [slope.data for slope in slopes], grad(along, inputs)


def values(point: Sequence[Any]) -> tuple[list[Any], list[Value]]:
    """The arguments of a function at `point`, numbers as Values, and these Values in one list."""
    inputs: list[Value] = []

    def made(x: Any) -> Any:
        if hasattr(x, "tolist"):
            x = x.tolist()
        if isinstance(x, (list, tuple)):
            return [made(item) for item in x]
        inputs.append(Value(x))
        return inputs[-1]

    return [made(x) for x in point], inputs


def _is_constant(what: str, output: Any) -> bool:
    """Whether a result of the user's function depends on no Value; TypeError where it is no number at all."""
    if isinstance(output, Value):
        return not output.requires_grad
    if not is_number(output):
        raise TypeError(f"{what} must be a Value, got {type(output).__name__} {output!r}")
    return True
