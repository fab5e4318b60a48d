"""Lowering: from blocks to array instructions, forward and backward.

The reverse pass is not written here: it comes from the local derivatives of the table and the one chain rule, read with
arrays. What is added is bookkeeping, whose rows a gradient belongs to and over which examples it is summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import table
from ..graph import chain_rule
from .instructions import AFTER, BODY, NUMBERS, Array, Builder
from .program import ONE, Block, Program
from .trace import TAKE


@dataclass
class Lowered:
    """Instructions, and the arrays that carry numbers in and out."""

    builder: Builder
    theta: Array
    inputs: Array
    outputs: Array | float
    branches: list[tuple[Array | float, bool, int]]
    gradient: Array | None  # of the parameters, summed over the examples
    flow: list[tuple[Array, Block]]  # gradients that each chunk of the batch adds to


class _Lowering:
    def __init__(self, program: Program):
        self.program = program
        self.builder = Builder()
        self.place = program.place
        self.arrays: dict[Block, Any] = {}
        self.pieces: dict[Block, list[tuple[Any, Any]]] = {}  # contributions to the gradient of a block's rows
        inputs, parameters, constants = program.blocks[:3]
        self.arrays[inputs] = self.builder.leaf("inputs", len(inputs.nodes), True, BODY)
        self.arrays[parameters] = self.builder.leaf("theta", len(parameters.nodes), False)
        self.arrays[constants] = self.builder.leaf("constants", len(constants.nodes), False)
        self.examples = self.builder.leaf("examples", 1, False, BODY)  # how many there are in this chunk

    # Forward

    def forward(self) -> None:
        for block in self.program.blocks[3:]:
            self.arrays[block] = self._calculate(block)

    def _calculate(self, block: Block) -> Any:
        assert block.operation is not None  # noqa: S101 (blocks past the leaves have one)
        if block.kind == "product":
            weights, inputs = self._product_operands(block)
            return self.builder.emit("matmul", weights, inputs, rows=len(block.nodes), batch=True)
        return block.operation.value(NUMBERS, *self._operands(block))

    def _operands(self, block: Block) -> list[Any]:
        if block.kind == "map":
            return [self.rows(nodes) for nodes in block.operands]
        return [self.rows(nodes, stacked=len(nodes) > 1) for nodes in _parts(block)]

    def _product_operands(self, block: Block) -> tuple[Array, Array]:
        weights, inputs = block.operands
        k, n = len(block.nodes), len(weights) // len(block.nodes)
        matrix = self.rows(weights, stacked=True).view(f".reshape({k}, {n})", k)
        x = self.rows(inputs, stacked=True)
        if n > len(inputs):  # with biases: a row of ones below the inputs
            block, start, count = self._runs(inputs)[0]
            if count == len(inputs) and block.kind == "inputs" and block.nodes[start + count] == ONE:
                return matrix, self.arrays[block].rows_from(start, start + n)
            if x.base is not None or x.boolean or not x.batch:
                x = self.builder.assemble([(slice(0, x.rows), x)], x.rows, True)
            x.ones = True
        return matrix, x.view(f"[:{n}]", n)

    def rows(self, nodes: Sequence[int], stacked: bool = False) -> Any:
        """The array whose rows are `nodes`; one row, or a number, where all are the same (unless `stacked`)."""
        first, row = self.place[nodes[0]]
        if len(set(nodes)) == 1 and not (stacked and len(nodes) > 1):
            if first.kind == "constants":
                return self.program.nodes[nodes[0]].number
            return self._slice(first, row, row + 1)
        runs = self._runs(nodes)
        if len(runs) == 1:
            block, start, count = runs[0]
            return self._slice(block, start, start + count)
        blocks = {block for block, _, _ in runs}
        if len(blocks) == 1 and isinstance(self.arrays[first], Array):
            index = tuple(self.place[node][1] for node in nodes)
            source = self.arrays[first]
            if source.rows == len(first.nodes):
                return self.builder.emit("take_rows", source, index, rows=len(nodes))
        batch = any(block.batch for block in blocks)
        pieces, at = [], 0
        for block, start, count in runs:
            pieces.append((slice(at, at + count), self._slice(block, start, start + count)))
            at += count
        key = ("rows", tuple(nodes))
        if key not in self.builder.known:
            self.builder.known[key] = self.builder.assemble(pieces, len(nodes), batch)
        return self.builder.known[key]

    def _slice(self, block: Block, start: int, stop: int) -> Any:
        array = self.arrays[block]
        if not isinstance(array, Array) or array.rows == 1 < len(block.nodes):
            return array  # every row is the same
        return array.rows_from(start, stop)

    def _runs(self, nodes: Sequence[int]) -> list[tuple[Block, int, int]]:
        """`nodes` as runs of neighbouring rows: (block, first row, how many)."""
        runs: list[tuple[Block, int, int]] = []
        for node in nodes:
            block, row = self.place[node]
            if runs and runs[-1][0] is block and runs[-1][1] + runs[-1][2] == row:
                runs[-1] = (block, runs[-1][1], runs[-1][2] + 1)
            else:
                runs.append((block, row, 1))
        return runs

    # Backward

    def backward(self, output: int) -> tuple[Array | None, list[tuple[Array, Block]]]:
        """Gradient of the sum of `output` over the examples by the parameters, and what carries it between sections."""
        block, row = self.place[output]
        self.pieces[block] = [(slice(row, row + 1), 1.0 if block.batch else self.examples)]
        for block in reversed(self.program.blocks[3:]):
            if block.batch and block.active and block in self.pieces:
                self._push(block, self._gradient(block))
        flow: list[tuple[Array, Block]] = []
        for block in self.program.blocks[1:]:
            if not block.batch and block.active and self.pieces.get(block):
                name = f"flow{len(flow)}"
                k = len(block.nodes)
                flow.append((self.builder.assemble(self.pieces[block], k, False, name, BODY), block))
                total = self.builder.leaf(name, k, False, AFTER)
                self.pieces[block] = [(slice(0, k), total)]
        for block in reversed(self.program.blocks[3:]):
            if not block.batch and block.active and block in self.pieces:
                self._push(block, self._gradient(block))
        parameters = self.program.blocks[1]
        pieces = self.pieces.get(parameters, [])
        if len(pieces) == 1 and pieces[0][0] == slice(0, len(parameters.nodes)) and isinstance(pieces[0][1], Array):
            return pieces[0][1], flow
        gradient = self.builder.assemble(pieces, len(parameters.nodes), False, "gradient", AFTER)
        return gradient, flow

    def _gradient(self, block: Block) -> Any:
        """The gradient of a block's rows: the sum of what has been contributed to them."""
        pieces, k = self.pieces[block], len(block.nodes)
        whole = slice(0, k)
        if all(where == whole for where, _ in pieces):
            total = pieces[0][1]
            for _, contribution in pieces[1:]:
                total = total + contribution
            return total
        return self.builder.assemble(pieces, k, block.batch)

    def _push(self, block: Block, upstream: Any) -> None:
        assert block.operation is not None  # noqa: S101
        if block.kind == "product":
            self._push_product(block, upstream)
            return
        operands = self._operands(block)
        locals_ = block.operation.partials(NUMBERS, self.arrays[block], *operands)
        parts = block.operands if block.kind == "map" else _parts(block)
        for nodes, local in zip(parts, locals_, strict=True):
            if any(self.program.nodes[node].active for node in nodes):
                rows = len(nodes) if block.kind == "fold" else len(block.nodes)
                self._scatter(nodes, chain_rule(upstream, local), rows, block.batch)

    def _push_product(self, block: Block, upstream: Any) -> None:
        k = len(block.nodes)
        if not isinstance(upstream, Array) or upstream.rows < k or not upstream.batch or upstream.boolean:
            upstream = self.builder.assemble([(slice(0, k), upstream)], k, True)
        matrix, x = self._product_operands(block)
        weights, inputs = block.operands
        if any(self.program.nodes[node].active for node in weights):
            product = self.builder.emit("matmul", upstream, x.view(".T", x.rows), rows=k, batch=False, columns=x.rows)
            self._scatter(weights, product.view(".reshape(-1, 1)", len(weights)), len(weights), False)
        if any(self.program.nodes[node].active for node in inputs):
            n = len(inputs)
            transposed = matrix.view(f"[:, :{n}].T", n)
            self._scatter(inputs, self.builder.emit("matmul", transposed, upstream, rows=n, batch=True), n, True)

    def _scatter(self, nodes: Sequence[int], contribution: Any, rows: int, batch: bool) -> None:
        """Add a contribution with a row for each of `nodes` (or one for all) to the gradients of their blocks."""
        if isinstance(contribution, float) and contribution == 0.0:
            return
        if len(set(nodes)) == 1:
            if rows > 1:
                same = not isinstance(contribution, Array) or contribution.rows == 1
                contribution = contribution * float(rows) if same else self._sum_rows(contribution)
            block, row = self.place[nodes[0]]
            self._contribute(block, slice(row, row + 1), self._columns(block, contribution, batch))
            return
        if not isinstance(contribution, Array) or contribution.rows == 1:
            for block in {self.place[node][0] for node in nodes}:
                index = [self.place[node][1] for node in nodes if self.place[node][0] is block]
                self._contribute(block, index, self._columns(block, contribution, batch))
            return
        runs = self._runs(nodes)
        blocks = {block for block, _, _ in runs}
        if len(runs) > 1 and len(blocks) == 1:
            (block,) = blocks
            index = [self.place[node][1] for node in nodes]
            self._contribute(block, index, self._columns(block, contribution, batch))
            return
        at = 0
        for block, start, count in runs:
            part = contribution.rows_from(at, at + count)
            self._contribute(block, slice(start, start + count), self._columns(block, part, batch))
            at += count

    def _contribute(self, block: Block, where: Any, contribution: Any) -> None:
        if not block.active:
            return
        if isinstance(where, list) and where == list(range(where[0], where[0] + len(where))):
            where = slice(where[0], where[0] + len(where))
        self.pieces.setdefault(block, []).append((where, contribution))

    def _columns(self, block: Block, contribution: Any, batch: bool) -> Any:
        """Summed over the examples, where the block has one column for all of them."""
        if block.batch or not batch or not block.active:
            return contribution
        if isinstance(contribution, Array) and contribution.batch:
            return self.builder.emit("sum_columns", contribution.real(), rows=contribution.rows, batch=False)
        return self.examples * contribution

    def _sum_rows(self, contribution: Array) -> Array:
        return self.builder.emit("sum_rows", contribution.real(), rows=1)


def _parts(block: Block) -> list[list[int]]:
    """The operands of a fold: one array for each role in its rule."""
    (operands,) = block.operands
    if block.operation is TAKE:
        return [operands[:1], operands[1:]]
    if block.operation is table.DOT:
        n = len(operands) // 2
        return [part for part in (operands[:n], operands[n : 2 * n], operands[2 * n :]) if part]
    return [operands]


def lower(program: Program, with_gradient: bool) -> Lowered:
    """Instructions for the outputs and, if asked for, the gradient of the only one."""
    lowering = _Lowering(program)
    lowering.forward()
    outputs = lowering.rows(program.outputs, stacked=len(program.outputs) > 1)
    branches = [(lowering.rows([node]), taken, node) for node, taken in program.branches]
    gradient, flow = lowering.backward(program.outputs[0]) if with_gradient else (None, [])
    _, parameters, _ = program.blocks[:3]
    arrays = lowering.arrays
    inputs: Array = arrays[program.blocks[0]]
    return Lowered(lowering.builder, arrays[parameters], inputs, outputs, branches, gradient, flow)
