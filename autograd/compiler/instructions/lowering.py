"""Lowering: from blocks to array instructions, forward and backward.

The reverse pass is not written here: it comes from the local derivatives of the table and the one chain rule, read with
arrays. What is added is bookkeeping, whose rows a gradient belongs to and over which examples it is summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from ...engine.backward import chain_rule
from ...rules import table
from ..program.blocks import ONE, Block, Program, has_variable_exponent
from ..program.trace import LESS, LESS_EQUAL
from .array import AFTER, BODY, Array, Builder, is_number
from .as_arrays import FOLD, MAP, where

Operand = Array | float
Rows = slice | list[int]


@dataclass
class Lowered:
    """Instructions, and the arrays that carry numbers in and out."""

    builder: Builder
    inputs: Array
    theta: Array
    constants: Array
    seed: Array  # a number for each example, with which the reverse pass begins: 1, or 0 for one that is not to count
    examples: Array  # one number: how many there are, or the sum of the seeds
    outputs: Array
    branches: list[Array]
    unordered: list[Array]  # where a comparison meets NaN, and so has no result: 1, else 0
    gradient: Array | None  # of the first output by the parameters, summed over the examples


def lower(program: Program, with_gradient: bool, seeded: bool = False, careful: bool = False) -> Lowered:
    """Instructions for the outputs and branches and, if asked for, the gradient of the first output.

    Where it is `seeded`, the reverse pass begins with `Lowered.seed`, else with 1.0. Where it is `careful`, an infinite
    slope does no harm where the graph passes nothing on: as in `autograd.engine.backward`, a slope of 0 contributes 0,
    and behind the side that a choice did not take nothing arrives at all.
    """
    import numpy as np

    with np.errstate(all="ignore"):
        lowering = _Lowering(program, careful)
        outputs = lowering.stacked(program.outputs)
        branches = [lowering.stacked([node]) for node, _ in program.branches]
        gradient = lowering.backward(program.outputs[0], seeded) if with_gradient else None
        ends = lowering.seed, lowering.examples, outputs, branches, lowering.unordered(), gradient
        return Lowered(lowering.builder, lowering.inputs, lowering.theta, lowering.constants, *ends)


NOTHING = -0.0  # in a careful pass, the gradient of what has received none; a gradient that is 0 is 0.0


class _Lowering:
    """The arrays of blocks; calculates forward when it is made."""

    def __init__(self, program: Program, careful: bool):
        self.program, self.careful = program, careful
        self.builder = Builder(NOTHING if careful else 0.0)
        self.place = program.place
        self.contributions: dict[Block, list[tuple[Rows, Operand]]] = {}  # to the gradient: rows of the block, and what
        inputs, parameters, constants = program.blocks[:3]
        self.inputs = self.builder.leaf(len(inputs.nodes), True, BODY)
        self.theta = self.builder.leaf(len(parameters.nodes), False)
        self.constants = self.builder.leaf(len(constants.nodes), False)
        self.leaves = {self.inputs, self.theta, self.constants}
        self.arrays: dict[Block, Operand] = {
            inputs: self.inputs,
            parameters: self.theta,
            constants: self.constants,
        }
        self._known_runs: dict[tuple[int, ...], list[tuple[Block, int, int]]] = {}
        self.seed = self.builder.leaf(1, True, BODY)
        self.examples = self.builder.leaf(1, False, AFTER)
        for block in program.blocks[3:]:
            self.arrays[block] = self._calculate(block)

    # Forward

    def _calculate(self, block: Block) -> Operand:
        operation = block.operation
        assert operation is not None
        if block.kind == "product":
            weights, inputs = self._product_operands(block)
            return self.builder.emit("matmul", weights, inputs, rows=len(block.nodes), batch=True)
        operands = self._operands(block)
        result: Operand = operation.value(MAP if block.kind == "map" else FOLD, *operands)
        if has_variable_exponent(self.program.nodes, block.nodes[0]):
            return where(operands[0] < 0.0, nan, result)
        return result

    def _operands(self, block: Block) -> list[Operand]:
        if block.kind == "map":
            return [self.rows(nodes) for nodes in block.operands]
        return [self.stacked(nodes) for nodes in block.places]

    def _product_operands(self, block: Block) -> tuple[Array, Array]:
        """The matrix of weights, each row with its bias if there is one, and the inputs, above a row of ones if so."""
        weights, inputs = block.operands
        k, n = len(block.nodes), len(weights) // len(block.nodes)
        matrix = self.stacked(weights).view(k, "shaped", k, n)
        home, start, count = self._runs(inputs)[0]
        if count == len(inputs) and home.kind == "inputs" and (n == count or home.nodes[start + count] == ONE):
            return matrix, self.inputs.part(start, start + n)
        x = self.stacked(inputs)
        if not x.batch or x.boolean or (n > x.rows and x.base is not None):
            x = self.builder.assemble([(slice(0, x.rows), x)], x.rows, True)
        if n == x.rows:
            return matrix, x
        x.ones = True
        return matrix, x.view(n, "part", 0, n)

    def rows(self, nodes: Sequence[int]) -> Operand:
        """The array whose rows are `nodes`; one row, or a number, where all are the same."""
        if len(set(nodes)) == 1:
            return self._one(nodes[0])
        runs = self._runs(nodes)
        if len(runs) == 1:
            block, start, count = runs[0]
            return self._slice(block, start, start + count)
        return self.stacked(nodes)

    def stacked(self, nodes: Sequence[int]) -> Array:
        """The array whose rows are `nodes`, with a row for each."""
        runs = self._runs(nodes)
        if len(runs) == 1:
            block, start, count = runs[0]
            array = self._slice(block, start, start + count)
            if isinstance(array, Array) and array.rows == count:
                return array
        key = ("rows", tuple(nodes))
        if key not in self.builder.known:
            self.builder.known[key] = self._gathered(nodes, runs)
        return self.builder.known[key]

    def _one(self, node: int) -> Operand:
        import numpy as np

        block, row = self.place[node]
        if block.kind == "constants":  # as a NumPy number, whose arithmetic never raises
            return np.float64(self.program.nodes[node].number)
        return self._slice(block, row, row + 1)

    def _gathered(self, nodes: Sequence[int], runs: list[tuple[Block, int, int]]) -> Array:
        blocks = {block for block, _, _ in runs}
        source = self.arrays[runs[0][0]]
        if len(blocks) == 1 and isinstance(source, Array) and source.rows == len(runs[0][0].nodes):
            index = tuple(self.place[node][1] for node in nodes)
            return self.builder.emit("take_rows", source.real(), index, rows=len(nodes))
        pieces, at = [], 0
        for block, start, count in runs:
            pieces.append((slice(at, at + count), self._slice(block, start, start + count)))
            at += count
        return self.builder.assemble(pieces, len(nodes), any(block.batch for block in blocks))

    def _slice(self, block: Block, start: int, stop: int) -> Operand:
        array = self.arrays[block]
        if not isinstance(array, Array) or array.rows == 1 < len(block.nodes):
            return array  # every row is the same
        return array.part(start, stop)

    def _runs(self, nodes: Sequence[int]) -> list[tuple[Block, int, int]]:
        """`nodes` as runs of neighbouring rows: (block, first row, how many)."""
        key = tuple(nodes)  # the weights of a wide layer are asked for several times
        if key not in self._known_runs:
            runs: list[tuple[Block, int, int]] = []
            home, start, count = None, 0, 0
            for node in nodes:
                block, row = self.place[node]
                if block is home and row == start + count:
                    count += 1
                    continue
                if home is not None:
                    runs.append((home, start, count))
                home, start, count = block, row, 1
            if home is not None:
                runs.append((home, start, count))
            self._known_runs[key] = runs
        return self._known_runs[key]

    def unordered(self) -> list[Array]:
        """Of each comparison, whether one of its operands is NaN."""
        found = []
        for block in self.program.blocks[3:]:
            if block.operation in (LESS, LESS_EQUAL, table.WHERE):
                compared = block.places[:1] if block.operation is table.WHERE else block.places
                for nodes in compared:
                    x = self.rows(nodes)
                    if isinstance(x, Array) and not x.boolean and x.root not in self.leaves:  # NaN in data may be
                        wrong = self.builder.emit("not_equal", x, x, boolean=True)
                        found.append(wrong if wrong.rows == 1 else self._sum_rows(wrong))
        return list(dict.fromkeys(found))

    # Backward

    def backward(self, output: int, seeded: bool) -> Array:
        """The gradient of the sum of `output` over the examples by the parameters."""
        block, row = self.place[output]
        self._contribute(block, slice(row, row + 1), (self.seed if seeded else 1.0) if block.batch else self.examples)
        for block in reversed(self.program.blocks[3:]):
            if block in self.contributions:
                self._push(block, self._gradient(block))
        parameters = self.program.blocks[1]
        gradient = self._gradient(parameters) if parameters in self.contributions else None
        whole = isinstance(gradient, Array) and gradient.rows == len(parameters.nodes) and not gradient.boolean
        if isinstance(gradient, Array) and whole and gradient.root.instruction is not None:  # and no leaf
            return gradient
        return self.builder.assemble(self.contributions.get(parameters, []), len(parameters.nodes), False)

    def _gradient(self, block: Block) -> Operand:
        """The gradient of a block's rows: the sum of what has been contributed to them."""
        contributions, k = self.contributions[block], len(block.nodes)
        (_, total), *others = contributions
        if all(rows == slice(0, k) for rows, _ in contributions):
            for _, contribution in others:
                total = total + contribution
            return total
        return self.builder.assemble(contributions, k, block.batch)

    def _push(self, block: Block, upstream: Operand) -> None:
        operation = block.operation
        assert operation is not None
        if block.kind == "product":
            self._push_product(block, upstream)
            return
        nodes = self.program.nodes
        slopes = operation.partials(MAP if block.kind == "map" else FOLD, self.arrays[block], *self._operands(block))
        for parents, slope in zip(block.places, slopes, strict=True):
            if any(nodes[parent].active for parent in parents):
                self._scatter(parents, self._contribution(upstream, slope, operation.choice), block.batch)

    def _contribution(self, upstream: Operand, slope: Operand, choice: bool) -> Operand:
        """What is passed to an operand with this slope."""
        if not self.careful or is_number(slope, 0.0) or is_number(slope, 1.0):
            contribution: Operand = chain_rule(upstream, slope)
            return contribution
        passed = upstream * slope + 0.0
        if isinstance(slope, Array):
            passed = where(slope, passed, NOTHING if choice else 0.0)
        if not isinstance(upstream, Array):
            return passed
        received = where(upstream, 1.0, where(1.0 / upstream.real() < 0.0, 0.0, 1.0))
        wrong = self.builder.emit(
            "not_equal", upstream, upstream, boolean=True
        )  # NaN, of which the graph says so at once
        return where(wrong, nan, where(received, passed, NOTHING))

    def _push_product(self, block: Block, upstream: Operand) -> None:
        k = len(block.nodes)
        if not isinstance(upstream, Array) or upstream.rows < k or not upstream.batch or upstream.boolean:
            upstream = self.builder.assemble([(slice(0, k), upstream)], k, True)
        matrix, x = self._product_operands(block)
        weights, inputs = block.operands
        if any(self.program.nodes[node].active for node in weights):
            product = self.builder.emit(
                "matmul", upstream, x.view(x.rows, "transposed"), rows=k, batch=False, columns=x.rows
            )
            self._scatter(weights, product.view(len(weights), "shaped", len(weights), 1), False)
        if any(self.program.nodes[node].active for node in inputs):
            n = len(inputs)
            transposed = matrix.view(k, "left", n).view(n, "transposed")
            self._scatter(inputs, self.builder.emit("matmul", transposed, upstream, rows=n, batch=True), True)

    def _scatter(self, nodes: Sequence[int], contribution: Operand, batch: bool) -> None:
        """Add a contribution with a row for each of `nodes`, or one for all, to the gradients of their blocks."""
        if is_number(contribution, 0.0):
            return
        if len(set(nodes)) == 1:
            if isinstance(contribution, Array) and contribution.rows > 1:
                contribution = self._sum_rows(contribution)
            elif len(nodes) > 1:
                contribution = contribution * float(len(nodes))
            block, row = self.place[nodes[0]]
            self._contribute(block, slice(row, row + 1), self._over_examples(block, contribution, batch))
            return
        runs = self._runs(nodes)
        same = not isinstance(contribution, Array) or contribution.rows == 1
        if same or (len(runs) > 1 and len({block for block, _, _ in runs}) == 1):
            rows: dict[Block, list[int]] = {}
            for node in nodes:
                block, row = self.place[node]
                rows.setdefault(block, []).append(row)
            for block, members in rows.items():
                self._contribute(block, members, self._over_examples(block, contribution, batch))
            return
        assert isinstance(contribution, Array)
        at = 0
        for block, start, count in runs:
            part = contribution.part(at, at + count)
            self._contribute(block, slice(start, start + count), self._over_examples(block, part, batch))
            at += count

    def _contribute(self, block: Block, rows: Rows, contribution: Operand) -> None:
        if not block.active:
            return
        if isinstance(rows, list) and rows == list(range(rows[0], rows[0] + len(rows))):
            rows = slice(rows[0], rows[0] + len(rows))
        self.contributions.setdefault(block, []).append((rows, contribution))

    def _over_examples(self, block: Block, contribution: Operand, batch: bool) -> Operand:
        """Summed over the examples, where the block has one number for all of them."""
        if block.batch or not batch or not block.active:
            return contribution
        if isinstance(contribution, Array) and contribution.batch:
            return self.builder.emit("sum_examples", contribution.real(), rows=contribution.rows, batch=False)
        return self.examples * contribution

    def _sum_rows(self, contribution: Array) -> Array:
        return self.builder.emit("sum_rows", contribution.real(), rows=1)
