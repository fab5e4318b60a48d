"""Replaying: one example of a program by the eager engine, which raises where something has no value.

Array arithmetic goes on with infinity and NaN; eager arithmetic explains itself. The traced graph is made again with
Values of its own, so that no parameter is touched and the user's function does not run a second time.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...engine.evaluate import evaluate
from ...engine.grad import grad
from ...engine.grad_mode import mode
from ...engine.traced import take
from ...engine.value import Value, apply, arithmetic, constant
from ...rules import table
from .blocks import Node, Program
from .trace import TAKE

if TYPE_CHECKING:
    from ..arguments import Floats


def replay(program: Program, theta: Iterable[float], inputs: Mapping[int, float], with_gradient: bool) -> list[float]:
    """The outputs for one example and, if asked for, the gradient of the first by the parameters, behind them.

    Arguments:
        theta: the parameters.
        inputs: the number of each input, by its place among the nodes.

    Raises what the eager engine raises.
    """
    values: dict[int, Value] = {}
    parameters = [Value(number) for number in theta]
    values.update(zip(program.blocks[1].nodes, parameters, strict=True))
    with _usual_mode():
        for k, node in enumerate(program.nodes):
            if k not in values:
                operands = tuple([values[p] for p in node.parents])
                if node.operation is None:
                    values[k] = Value(inputs[k]) if node.batch else constant(node.number)
                else:
                    values[k] = _calculate(node, operands)
            values[k].label = node.label
        outputs = [values[k] for k in program.outputs]
        slopes = grad(outputs[0], parameters) if with_gradient else []
    return [*(output.data for output in outputs), *slopes]


def _calculate(node: Node, operands: tuple[Value, ...]) -> Any:
    operation = node.operation
    assert operation is not None
    if operation is TAKE:
        index, *xs = operands
        return take(xs, index) * 1.0  # a node of its own, which may have another label
    if operation is table.POW:
        return arithmetic(operation, *operands)
    if not node.varies:
        return constant(evaluate(operation, operands, tuple(x.data for x in operands)))
    return apply(operation, operands)


def example(program: Program, data: "Iterable[Floats]", row: int) -> dict[int, float]:
    """The inputs of one example out of the arrays of a batch, one for each argument."""
    numbers: dict[int, float] = {}
    nodes = program.blocks[0].nodes
    for rows, array in zip(program.arguments, data, strict=False):
        numbers.update(zip(nodes[rows], array[row].tolist(), strict=True))
    return numbers


@contextmanager
def _usual_mode() -> Iterator[None]:
    with mode(recording=True, scope=None, tracer=None, ieee=False):
        yield
