"""The stepper's state as text: the steps around the current one, and the gradients so far.

It stays short on large graphs, a window of steps and some of the nodes, and it stays quiet: from step to step, each
node keeps its column.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.value import Value
from ..notation.symbols import DIGITS, short_number
from ..notation.text_layout import Budget, align, clip, clip_name, columns, pad
from .steps import WIDTH, Step, derivative_name, gradient, operation_cells
from .terminal import bold, dim

if TYPE_CHECKING:
    from .stepper import BaseStepper

_NODES = 12  # whose gradients are shown
COLUMN = 11  # least columns of a node: any gradient with its ✓ fits, so filling in moves no other node
GAP = 3
_GAPS = (" ", "  ", "   ", "   ", "  ")


def state_lines(
    stepper: "BaseStepper", width: int = WIDTH, around: int = 5, colour: bool = False, most_nodes: int = _NODES
) -> list[str]:
    """The state of `stepper` as lines of at most `width` columns.

    Arguments:
        around: how many steps before and after the current one are shown.
        colour: mark the current step by colour too.
        most_nodes: show the gradients of so many nodes at most.
    """
    position, length = stepper.position, len(stepper)
    first = max(1, min(position - around, length - 2 * around))
    numbers = range(first, min(length, max(position + around, 2 * around + 1)) + 1)
    lines = align(lambda budget: [_row(stepper, n, budget) for n in numbers], width, gaps=_GAPS)
    if colour:
        lines = [_coloured(line, n - position) for line, n in zip(lines, numbers, strict=True)]
    above, below = [_title(stepper)], ["", *_gradient_table(stepper, width, most_nodes)]
    if numbers and numbers[0] > 1:
        above.append(f"  … {numbers[0] - 1} before")
    if numbers and numbers[-1] < length:
        below.insert(0, f"  … {length - numbers[-1]} more")
    if stepper.watched:
        names = stepper.names
        watched = (gradient(names[node], node.grad, DIGITS) for node in stepper.watched)
        below.append(f"watching {', '.join(watched)}")
    return [*(clip(line, width) for line in above), *lines, *(clip(line, width) for line in below)]


def _title(stepper: "BaseStepper") -> str:
    name, length = stepper.equations.name(stepper.output), len(stepper)
    if length == 0:
        why = "all its operands are constants" if stepper.output.parents else "it was not calculated"
        return f"backward pass of {name}: no steps, because {why}"
    if stepper.position == 0:
        return f"{stepper.phase} pass of {name}: before step 1 of {length}"
    end = "; every gradient is complete" if stepper.done else ""
    return f"{stepper.phase} pass of {name}: step {stepper.position} of {length}{end}"


def _row(stepper: "BaseStepper", number: int, budget: Budget) -> list[str]:
    mark = "▶" if number == stepper.position else " "
    label = f"{mark} {number:>{len(str(len(stepper)))}}"
    if number <= stepper.position:
        step = stepper.at(number)
        done = isinstance(step, Step) and step.complete
        return [label, *step.cells(budget), "✓" if done else ""]
    node, operand = stepper.edge(number)
    cells = operation_cells(stepper.equations, node, budget)
    if operand is not None:
        cells.append(derivative_name(stepper.equations, node, node.parents[operand], budget))
    return [label, *cells]


def _coloured(line: str, distance: int) -> str:
    return bold(line) if distance == 0 else dim(line) if distance > 0 else line


def _gradient_table(stepper: "BaseStepper", width: int, most: int) -> list[str]:
    """Data and gradients, a column for each node."""
    nodes = _shown_nodes(stepper, most)
    cells = [("", "data", "grad")]
    for node in nodes:
        data = short_number(node.data) if stepper.evaluated(node) else "–"
        name = clip_name(stepper.names[node], 20)
        cells.append((name, data, f"{_narrow(node.grad)} ✓" if stepper.complete(node) else _narrow(node.grad)))
    lines: list[str] = []
    while len(cells) > 1:
        rows, used = [f"{cell:<4}" for cell in cells[0]], 4
        while len(cells) > 1 and (used + GAP + (wide := max(COLUMN, *map(columns, cells[1]))) <= width or used == 4):
            rows = [f"{row}{' ' * GAP}{pad(cell, wide)}" for row, cell in zip(rows, cells.pop(1), strict=True)]
            used += GAP + wide
        lines += [row.rstrip() for row in rows]
    if len(nodes) < len(stepper.nodes) and most == _NODES:
        lines.append(f"({len(nodes)} of {len(stepper.nodes)} nodes)")
    return lines


def _narrow(grad: float | None) -> str:
    """A gradient with as many digits as fit into its column beside a ✓."""
    if grad is None:
        return "–"
    texts = (short_number(grad, digits) for digits in range(DIGITS, 0, -1))
    return next(text for text in texts if len(text) <= COLUMN - 2)


def _shown_nodes(stepper: "BaseStepper", most: int) -> Sequence[Value]:
    """The nodes in topological order; of many, a page of them, so that those of the current step are always shown.

    The page is the one with the node that changes. Only the node that passes its gradient on, where it is not on that
    page, takes the place of the last one: all others keep their columns until the page changes.
    """
    nodes = stepper.nodes
    if len(nodes) <= most or not len(stepper):
        return nodes[:most]
    node, operand = stepper.edge(max(stepper.position, 1))
    changing = node if operand is None else node.parents[operand]
    stride = max(1, most - 1)  # pages share a node, as the step from one to the next does
    first = min(stepper.place[changing] // stride * stride, len(nodes) - most)
    page = nodes[first : first + most]
    if most > 1 and stepper.place[node] >= first + most:
        page[-1 if page[-1] is not changing else -2] = node
    return sorted(page, key=stepper.place.__getitem__)
