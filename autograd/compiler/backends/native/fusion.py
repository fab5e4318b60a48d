"""Which instructions share a loop: neighbours that go number by number over the same rows."""

from collections.abc import Sequence

from ...instructions.array import Array, Instruction
from ...instructions.plan import Step
from .numbers import C_NAMES

_ARITHMETIC = (
    "abs add divide less less_equal maximum minimum multiply negative not_equal real sqrt square subtract where"
)
NAMES = {*_ARITHMETIC.split(), *C_NAMES}  # of instructions that go number by number


def fused(instructions: Sequence[Instruction]) -> list[Step]:
    """Neighbours that go over the same numbers, in one step."""
    steps: list[Step] = []
    for instruction in instructions:
        if steps and _joins(steps[-1], instruction):
            steps[-1].append(instruction)
        else:
            steps.append([instruction])
    return steps


def _joins(step: Step, instruction: Instruction) -> bool:
    first = step[0]
    own = step_shape(instruction)
    if own is None or own != step_shape(first) or instruction.section != first.section:
        return False
    made = {i.out: i.call for i in step}
    return all(
        x.root not in made or (x.base is None and x.rows == own[0] and made[x] != "sum_examples")
        for x in instruction.arguments
        if isinstance(x, Array)
    )


def step_shape(instruction: Instruction) -> tuple[int, bool] | None:
    """The rows over which an instruction goes number by number, and whether each has many examples."""
    if instruction.call == "sum_examples":
        return instruction.arguments[0].rows, True
    return (instruction.out.rows, instruction.out.batch) if instruction.call in NAMES else None
