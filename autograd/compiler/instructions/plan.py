"""Which instructions are needed, where their results are, and for how long."""

from collections import Counter
from collections.abc import Callable

from .array import Array, Instruction, Piece, is_number
from .lowering import Lowered

Step = list[Instruction]


class Plan:
    """Which instructions run, and the buffer of each result.

    Arguments:
        fuse: makes steps of the instructions; what a step alone reads needs no buffer. Without it, each instruction is
            a step of its own.
    """

    def __init__(self, lowered: Lowered, fuse: Callable[[list[Instruction]], list[Step]] | None = None):
        self.lowered = lowered
        gradient = [] if lowered.gradient is None else [lowered.gradient]
        roots = [lowered.outputs, *lowered.branches, *lowered.unordered, *gradient]
        self.kept = {root.root for root in roots}
        self.reads = self._count_reads()
        needed = [i for i in lowered.builder.instructions if i.out in self.reads]
        self.instructions = sorted(needed, key=lambda i: i.section)  # as they will be carried out
        self.placed = self._place()
        self.steps = [[i] for i in self.instructions] if fuse is None else fuse(self.instructions)
        self.passing = self._within_steps()
        self.buffers: list[Array] = []  # an array of the shape of each buffer
        self.buffer_of: dict[Array, int] = {}
        self._allocate()
        self.bytes_per_example = 8 * lowered.inputs.rows + sum(
            (b.rows + b.ones) * (1 if b.boolean else 8) for b in self.buffers if b.batch
        )

    def _count_reads(self) -> dict[Array, int]:
        """How often each array is read, itself or a view of it; what is missing is never needed."""
        count = dict.fromkeys(self.kept, 1)
        for instruction in reversed(self.lowered.builder.instructions):
            if instruction.out in count:
                for array in instruction.reads:
                    count[array] = count.get(array, 0) + 1
        return count

    def _place(self) -> dict[Array, tuple[Array, Piece]]:
        """Results that are calculated where they will stand: as a piece of an assembled array."""
        return {
            piece.number.root: (instruction.out, piece)
            for instruction in self.instructions
            for piece in instruction.pieces
            if piece.first and isinstance(piece.rows, slice)
            if isinstance(piece.number, Array) and self._fits(piece.number, piece, instruction)
        }

    def _fits(self, number: Array, piece: Piece, instruction: Instruction) -> bool:
        if is_number(instruction.pieces[0].number, 0.0):  # filled before the others
            return False
        array, out = number.root, instruction.out
        as_column = number.path == (("shaped", array.rows * array.columns, 1),)
        return (
            ((number is array and array.columns == 1) or as_column)
            and array.instruction is not None
            and array.instruction.call != "assemble"
            and self.reads[array] == 1
            and not array.boolean
            and not array.ones
            and array.batch == out.batch
            and array.section == out.section
            and array.rows * array.columns == len(piece.listed)
        )

    def _within_steps(self) -> set[Array]:
        """Results that nobody reads but the step that makes them."""
        passing = set()
        for step in self.steps:
            inside = Counter(array for instruction in step for array in instruction.reads)
            passing |= {i.out for i in step if i.out not in self.kept and inside[i.out] == self.reads[i.out]}
        return passing

    def _allocate(self) -> None:
        """Give every result a buffer; within a section, one whose numbers have been read for the last time is free."""
        last: dict[Array, int] = {}
        for k, step in enumerate(self.steps):
            last.update((array, k) for instruction in step for array in instruction.reads)
        free: dict[tuple[int, int, bool, bool, int], list[int]] = {}
        for k, step in enumerate(self.steps):
            for out in [instruction.out for instruction in step]:
                if out not in self.placed and out not in self.passing:
                    spare = free.get(_shape(out)) if self._shares(out) else None
                    self.buffer_of[out] = spare.pop() if spare else self._buffer(out)
            for array in dict.fromkeys(array for instruction in step for array in instruction.reads):
                ready = last[array] == k and array in self.buffer_of and self._shares(array)
                if ready and array.section == step[0].section:
                    free.setdefault(_shape(array), []).append(self.buffer_of[array])

    def strides(self, array: Array) -> tuple[Array, int, int, int]:
        """Whose memory an array is in, where it begins there, and its strides from row to row and column to column.

        These count numbers; in memory that has many examples, rows.
        """
        home, offset = array.root, 0
        row, column = (1, 0) if home.batch else (home.columns, 1)
        if home in self.placed:
            target, piece = self.placed[home]
            home, offset, step, _ = self.strides(target)
            offset += step * piece.listed[0]
        for name, *arguments in array.path:
            if name == "part":
                offset += row * arguments[0]
            elif name == "shaped":
                row, column = arguments[1], 1
            elif name == "transposed":
                row, column = column, row
        return home, offset, row, column

    def _shares(self, array: Array) -> bool:
        """Whether the buffer of `array` may hold other numbers before or after."""
        made = array.instruction
        return not array.ones and array not in self.kept and made is not None and made.call != "assemble"

    def _buffer(self, out: Array) -> int:
        self.buffers.append(out)
        return len(self.buffers) - 1


def _shape(array: Array) -> tuple[int, int, bool, bool, int]:
    return array.rows, array.columns, array.batch, array.boolean, array.section
