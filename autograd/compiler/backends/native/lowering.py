"""From a program to recorded instructions, forward and backward, node by node.

Forward calls the rule of each node's operation, backward multiplies upstream by local derivatives with the one chain
rule; both with numbers that only record. What is the same for all examples is done once, before the loop over them or
after it.
"""

from dataclasses import dataclass
from math import nan
from typing import Any

from ....engine.backward import chain_rule
from ...program.blocks import Program, has_variable_exponent
from .as_machine_code import AFTER, BEFORE, LOOP, NATIVE, Number, Recorder, plus, real
from .loops import gathered


@dataclass
class Recording:
    """Instructions with their effects, and where numbers stand in memory.

    `kept` are read in the loop, as the `parameters` are; `summed` counts the places for sums over the examples, the
    first of which are the gradients by the parameters.
    """

    numbers: list[Number]  # those that are needed
    widths: list[int]  # numbers of an example in each argument, random numbers last
    parameters: int
    kept: list[Number]  # what is calculated before the loop and read in it
    summed: int
    results: int  # outputs and branches
    with_gradient: bool


def record(program: Program, with_gradient: bool) -> Recording:
    """The instructions for outputs and branches and, if asked for, for the gradient of the first output."""
    import numpy as np

    with np.errstate(all="ignore"):
        return _Recorder(program, with_gradient).recording()


class _Recorder(Recorder):
    def __init__(self, program: Program, with_gradient: bool):
        super().__init__()
        self.program, self.with_gradient = program, with_gradient
        self.number: dict[int, Any] = {}  # of each node
        self.alive = {node for block in program.blocks for node in block.nodes}
        self.widths = [rows.stop - rows.start for rows in program.arguments if rows.stop > rows.start]
        self.gradient_of: dict[int, Any] = {}
        self.slot = {node: k for k, node in enumerate(program.blocks[1].nodes)}  # of sums over the examples
        self._leaves()
        self._forward()
        self._results()
        if with_gradient:
            self._backward()

    def recording(self) -> Recording:
        needed = self._needed(gathered(self.numbers))
        kept = dict.fromkeys(
            x
            for number in needed
            if number.section == LOOP
            for x in number.operands
            if isinstance(x, Number) and x.section == BEFORE and x.call != "parameter"
        )
        return Recording(
            needed,
            self.widths,
            len(self.program.blocks[1].nodes),
            list(kept),
            len(self.slot),
            len(self.program.outputs) + len(self.program.branches),
            self.with_gradient,
        )

    def _needed(self, numbers: list[Number]) -> list[Number]:
        """Effects and what they need, in the order of recording."""
        needed: set[Number] = set()
        stack = [x for x in numbers if x.call in _EFFECTS]
        while stack:
            number = stack.pop()
            if number not in needed:
                needed.add(number)
                stack += [x for x in number.operands if isinstance(x, Number)]
        return [x for x in numbers if x in needed]

    def _leaves(self) -> None:
        import numpy as np

        inputs, parameters, constants = self.program.blocks[:3]
        filled = [rows for rows in self.program.arguments if rows.stop > rows.start]
        for a, rows in enumerate(filled):
            for j, node in enumerate(inputs.nodes[rows]):
                self.number[node] = self.leaf("input", a, j, section=LOOP)
        for k, node in enumerate(parameters.nodes):
            self.number[node] = self.leaf("parameter", k)
        for node in constants.nodes:  # NumPy numbers, whose arithmetic never raises
            self.number[node] = np.float64(self.program.nodes[node].number)

    def _forward(self) -> None:
        nodes = self.program.nodes
        for k, node in enumerate(nodes):
            if k in self.alive and node.operation is not None:
                operands = [self.number[p] for p in node.parents]
                result = node.operation.value(NATIVE, *operands)
                if has_variable_exponent(nodes, k):
                    result = NATIVE.where(operands[0] < 0.0, nan, result)
                self.number[k] = result

    def _results(self) -> None:
        """Store outputs and branches, add up the first output, and notice branches that went the other way."""
        outputs, branches = self.program.outputs, self.program.branches
        for row, node in enumerate([*outputs, *(node for node, _ in branches)]):
            self.effect("store result", row, real(self.number[node]), section=LOOP)
        self.effect("add to total", real(self.number[outputs[0]]), section=LOOP)
        for node in dict.fromkeys(outputs[1:]):  # 0 more, or NaN where a further output is not finite
            number = self.number[node]
            if isinstance(number, Number):
                self.effect("add to total", number * 0.0, section=LOOP)
        for node, taken in branches:
            went = self.number[node]
            if isinstance(went, Number):
                self.effect("check branch", went.real(), taken, section=LOOP)

    # Backward

    def _backward(self) -> None:
        """The gradient of the sum of the first output over the examples."""
        nodes, output = self.program.nodes, self.program.outputs[0]
        if not nodes[output].active:
            return
        counted = self.leaf("counted", boolean=True, section=LOOP)  # 1 for an example, 0 for one that fills the block
        self._contribute(output, counted if nodes[output].batch else self.leaf("examples", section=AFTER))
        for batch in (True, False):
            for k in range(len(nodes) - 1, -1, -1):
                if nodes[k].batch is batch and nodes[k].operation is not None and nodes[k].active and k in self.alive:
                    self._push(k)
        for k, node in enumerate(self.program.blocks[1].nodes):
            if node in self.gradient_of:
                self.effect("add to gradient", k, real(self.gradient_of[node]), section=AFTER)

    def _push(self, k: int) -> None:
        """Gradients of the parents of a node, whose own is complete."""
        node = self.program.nodes[k]
        upstream = self.gradient_of.pop(k, None)
        if not node.batch and k in self.slot:
            summed = self.leaf("sum", self.slot[k], section=AFTER)
            upstream = summed if upstream is None else plus(summed, upstream)
        if upstream is None:
            return
        assert node.operation is not None
        operands = [self.number[p] for p in node.parents]
        slopes = node.operation.partials(NATIVE, self.number[k], *operands)
        for parent, slope in zip(node.parents, slopes, strict=True):
            if self.program.nodes[parent].active:
                contribution = chain_rule(upstream, slope)
                if node.batch and not self.program.nodes[parent].batch:
                    self._accumulate(parent, contribution)
                else:
                    self._contribute(parent, contribution)

    def _accumulate(self, node: int, contribution: Any) -> None:
        """Add up over the examples."""
        if isinstance(contribution, Number):
            slot = self.slot.setdefault(node, len(self.slot))
            self.effect("accumulate", slot, contribution.real(), section=LOOP)

    def _contribute(self, node: int, contribution: Any) -> None:
        if isinstance(contribution, Number):
            known = self.gradient_of.get(node)
            self.gradient_of[node] = contribution if known is None else plus(known, contribution)


_EFFECTS = {"store result", "add to total", "check branch", "accumulate", "add to gradient", "spread"}
