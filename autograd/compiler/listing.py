"""The program as text that a student can read: one line a block, in the names of labels and scopes."""

from collections.abc import Sequence

from .. import words
from ..table import TABLE, Operation
from .program import ONE, Block, Program


def listing(name: str, program: Program) -> str:
    """Every block of a program in the order of calculation."""
    inputs, parameters, _ = program.blocks[:3]
    known = [k for k in inputs.nodes if k != ONE]
    lines = [
        f"{name}: {len(known)} inputs an example, {len(parameters.nodes)} parameters",
        f"inputs      {_names(program, known)}",
        f"parameters  {_names(program, parameters.nodes)}",
    ]
    for title, batch in (("once a call", False), ("for each example", True)):
        blocks = [block for block in program.blocks[3:] if block.batch is batch]
        if blocks:
            lines += [f"{title}:", *(f"  {_line(program, block)}" for block in blocks)]
    lines.append(f"return {', '.join(_name(program, k) for k in program.outputs)}")
    return "\n".join(lines)


def describe(program: Program, node: int, depth: int = 3) -> str:
    """A node as the formula it was written as, cut short below `depth`."""
    record = program.nodes[node]
    if record.label or record.operation is None or depth == 0:
        return _name(program, node)
    names = [describe(program, parent, depth - 1) for parent in record.parents]
    if record.operation.variadic:
        return f"{record.operation.name}({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
    return _formula(record.operation, names)


def _formula(operation: Operation, operands: list[str]) -> str:
    if operation.infix and operation.name not in TABLE:  # a comparison
        return f" {operation.name} ".join(operands)
    return str(words.call_formula(operation, operands))


def _line(program: Program, block: Block) -> str:
    assert block.operation is not None
    target = _names(program, block.nodes)
    if block.kind == "product":
        weights, inputs = block.operands
        k = len(block.nodes)
        bias = " + b" if len(weights) > k * len(inputs) else ""
        return f"{target} = W{bias}, W {k}×{len(inputs)} of {_names(program, weights)}, times {_names(program, inputs)}"
    operands = [_names(program, column) for column in block.operands]
    if block.kind == "fold":
        return f"{target} = {block.operation.name}({operands[0]})"
    return f"{target} = {_formula(block.operation, operands)}"


def _name(program: Program, node: int) -> str:
    record = program.nodes[node]
    if record.operation is None and not record.batch and not record.active:
        return f"{record.number:g}"
    return record.label or f"v{node}"


def _names(program: Program, nodes: Sequence[int]) -> str:
    """The names of many nodes in short: ``v7``, or ``[v7 … v22]``."""
    if len(set(nodes)) == 1:
        return _name(program, nodes[0])
    shown = [_name(program, k) for k in nodes]
    return f"[{', '.join(shown)}]" if len(shown) <= 3 else f"[{shown[0]} … {shown[-1]}]"
