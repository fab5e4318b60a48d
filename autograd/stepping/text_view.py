"""Where a stepper stands, as text: the steps around the one in hand, and the gradients so far.

It stays short on large graphs: a window of steps, and the nodes that these steps touch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..engine.value import Value
from ..notation.equations import Wording
from ..notation.symbols import DIGITS, short_number
from ..notation.text_layout import Room, align, clip, columns, pad
from .steps import WIDTH, Evaluation, Step, derivative_sign, gradient, operation_cells
from .terminal import bold, dim

_NODES = 12  # whose gradients are shown
_GAPS = (" ", "  ", "   ", "   ", "  ")


class Progress(Protocol):
    """What this module asks of a stepper."""

    output: Value
    wording: Wording
    position: int

    @property
    def done(self) -> bool: ...
    @property
    def phase(self) -> str: ...
    @property
    def watched(self) -> Sequence[Value]: ...
    @property
    def nodes(self) -> Iterable[Value]: ...
    def __len__(self) -> int: ...
    def at(self, number: int) -> Step | Evaluation: ...
    def ahead(self, number: int) -> tuple[Value, int | None]: ...
    def complete(self, node: Value) -> bool: ...
    def evaluated(self, node: Value) -> bool: ...


def board(stepper: Progress, width: int = WIDTH, around: int = 5, colour: bool = False) -> list[str]:
    """The lines that show where `stepper` stands, with up to `around` steps before and after the one in hand."""
    position, length = stepper.position, len(stepper)
    first = max(1, min(position - around, length - 2 * around))
    numbers = range(first, min(length, max(position + around, 2 * around + 1)) + 1)
    lines = align(lambda room: [_row(stepper, n, room) for n in numbers], width, gaps=_GAPS)
    if colour:
        lines = [_coloured(line, n - position) for line, n in zip(lines, numbers, strict=True)]
    above, below = [_title(stepper)], ["", *_gradients(stepper, numbers, width)]
    if numbers and numbers[0] > 1:
        above.append(f"  … {numbers[0] - 1} before")
    if numbers and numbers[-1] < length:
        below.insert(0, f"  … {length - numbers[-1]} more")
    if stepper.watched:
        names = stepper.wording.names
        watched = (gradient(names[node], node.grad, DIGITS) for node in stepper.watched)
        below.append(f"watching {', '.join(watched)}")
    return [*(clip(line, width) for line in above), *lines, *(clip(line, width) for line in below)]


def _title(stepper: Progress) -> str:
    name, length = stepper.wording.name(stepper.output), len(stepper)
    if length == 0:
        why = "all its operands are constants" if stepper.output.parents else "it was not calculated"
        return f"backward pass of {name}: no steps, for {why}"
    if stepper.position == 0:
        return f"{stepper.phase} pass of {name}: before step 1 of {length}"
    end = "; every gradient is complete" if stepper.done else ""
    return f"{stepper.phase} pass of {name}: step {stepper.position} of {length}{end}"


def _row(stepper: Progress, number: int, room: Room) -> list[str]:
    mark = "▶" if number == stepper.position else " "
    label = f"{mark} {number:>{len(str(len(stepper)))}}"
    if number <= stepper.position:
        step = stepper.at(number)
        done = isinstance(step, Step) and step.complete
        return [label, *step.cells(room), "✓" if done else ""]
    node, operand = stepper.ahead(number)
    cells = operation_cells(stepper.wording, node, room)
    if operand is not None:
        cells.append(derivative_sign(stepper.wording, node, node.parents[operand], room))
    return [label, *cells]


def _coloured(line: str, distance: int) -> str:
    return bold(line) if distance == 0 else dim(line) if distance > 0 else line


def _gradients(stepper: Progress, numbers: Iterable[int], width: int) -> list[str]:
    """Data and gradients, a column for each node; of a large graph, the nodes near the step in hand."""
    nodes = list(stepper.nodes)
    few = nodes if len(nodes) <= _NODES else list(_near(stepper, numbers))[:_NODES]
    cells = [("", "data", "grad")]
    for node in few:
        data = short_number(node.data) if stepper.evaluated(node) else "–"
        grad = "–" if node.grad is None else short_number(node.grad)
        name = clip(stepper.wording.name(node).text, 20)
        cells.append((name, data, f"{grad} ✓" if stepper.complete(node) else grad))
    lines: list[str] = []
    while len(cells) > 1:
        rows, used = [f"{cell:<4}" for cell in cells[0]], 4
        while len(cells) > 1 and (used + 3 + (wide := max(map(columns, cells[1]))) <= width or used == 4):
            rows = [f"{row}   {pad(cell, wide)}" for row, cell in zip(rows, cells.pop(1), strict=True)]
            used += 3 + wide
        lines += [row.rstrip() for row in rows]
    if len(few) < len(nodes):
        lines.append(f"({len(few)} of {len(nodes)} nodes)")
    return lines


def _near(stepper: Progress, numbers: Iterable[int]) -> Iterator[Value]:
    """The nodes that the steps touch, those of the step in hand first, each once."""
    seen: set[Value] = set()
    for number in sorted(numbers, key=lambda n: abs(n - stepper.position)):
        node, operand = stepper.ahead(number)
        for touched in (node, *node.parents[operand or 0 :][:1]):
            if touched.operation is not None and touched not in seen:
                seen.add(touched)
                yield touched
