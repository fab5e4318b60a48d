"""Products, by the kernels, and what moves rows from one array to another."""

from collections.abc import Sequence

from ...instructions.array import Array, Instruction, Piece
from .kernels import kernel
from .layout import Layout, columns


class Moves(Layout):
    """Writes calls of the kernels, and copies. `tables` are lists of rows, by the name of each."""

    tables: dict[tuple[int, ...], str]

    def _kernel(self, name: str, *arguments: str) -> None:
        self.t.line(f"call void @{kernel(name, self.kind, self.declared)}({', '.join(arguments)})")

    def _matmul(self, i: Instruction) -> None:
        a, b = i.arguments
        target, stride, _ = self._pointer(i.out)
        left, row, column = self._pointer(a)
        right, _, _ = self._pointer(b)
        if i.out.batch:
            terms = columns(a)
            self._kernel(
                "product", f"ptr {target}, i64 %line, ptr {left}, i64 {row}, i64 {column}, ptr {right}, i64 %line",
                f"i64 {i.out.rows}, i64 {terms}, i64 {self.whole}, i1 false",
            )  # fmt: skip
        else:
            self._kernel(
                "outer", f"ptr {target}, i64 {stride}, ptr {left}, i64 %line, ptr {right}, i64 %line",
                f"i64 {i.out.rows}, i64 {i.out.columns}, i64 {self.whole}, i1 {self.later}",
            )  # fmt: skip

    def _table(self, rows: Sequence[int], k: str) -> str:
        """The number at place `k` of a list of rows."""
        name = self.tables.setdefault(tuple(rows), f"@rows{len(self.tables)}")
        return self.t.new(f"load i64, ptr {self.t.new(f'getelementptr i64, ptr {name}, i64 {k}')}, align 8")

    def _take_rows(self, i: Instruction) -> None:
        x, rows = i.arguments
        if self._move_neighbours(x, rows, i.out, range(len(rows)), True):
            return
        with self.t.loop(len(rows)) as k:
            self._move(self._row(x, self._table(rows, k)), x.batch, self._row(i.out, k), i.out.batch, True)

    def _assemble(self, i: Instruction) -> None:
        for piece in i.pieces:
            if not (isinstance(piece.number, Array) and piece.number.root in self.plan.placed):
                self._put(piece, i.out)

    def _put(self, piece: Piece, out: Array) -> None:
        t, number = self.t, piece.number
        rows = piece.rows
        target, step, _ = self._pointer(out)
        stride = "%line" if out.batch else step
        if isinstance(rows, slice) and not out.batch:
            self._put_numbers(t.at(target, rows.start), number, rows.stop - rows.start, piece.first)
            return
        if isinstance(number, Array) and self._move_neighbours(
            number, range(len(piece.listed)), out, piece.listed, piece.first
        ):
            return
        with t.loop(len(piece.listed)) as k:
            if isinstance(rows, slice):
                place = t.row(t.row(target, stride, rows.start), stride, k)
            else:
                place = t.row(target, stride, self._table(rows, k))
            source = self._row(number, k) if isinstance(number, Array) else float(number)
            self._move(source, isinstance(number, Array) and number.batch, place, out.batch, piece.first)

    def _move_neighbours(
        self, x: Array, sources: Sequence[int], out: Array, targets: Sequence[int], first: bool
    ) -> bool:
        """Copy or add rows that are numbers, the same for all examples, vector by vector.

        Returns whether enough of them are neighbours in both arrays; else nothing is done.
        """
        t, lanes = self.t, self.kind.lanes
        source, step, _ = self._pointer(x)
        target, stride, _ = self._pointer(out)
        if x.batch or out.batch or x.rows == 1 or not step == stride == 1:
            return False
        runs = _neighbours(sources, targets)
        if len(sources) < lanes * len(runs):
            return False
        with t.loop(len(runs)) as k:
            begin, end, count = (self._table(column, k) for column in zip(*runs, strict=True))
            for size, j in t.pieces(count, (lanes, 1)):
                type_ = self.kind.vector if size == lanes else self.kind.scalar
                place = t.at(target, end, j)
                number = t.load(t.at(source, begin, j), type_)
                t.store(number if first else t.new(f"fadd {type_} {t.load(place, type_)}, {number}"), place, type_)
        return True

    def _put_numbers(self, target: str, number: Array | float, rows: int, first: bool) -> None:
        """Neighbouring numbers that are the same for all examples."""
        t = self.t
        source = ""
        if isinstance(number, Array):
            source, _, _ = self._pointer(number)
        for k, mask in self._vectors(rows):
            at = t.at(target, k)
            if isinstance(number, Array):
                value = self._spread(source) if number.rows == 1 else self._get(t.at(source, k), mask)
            else:
                value = t.literal(float(number))
            self._set(value if first else t.arithmetic("fadd", self._get(at, mask), value), at, mask)

    def _move(self, source: str | float, source_batch: bool, target: str, batch: bool, first: bool) -> None:
        """Copy a row, or add it; the source is an address or a plain number."""
        t, scalar = self.t, self.kind.scalar
        if not batch:
            number = t.number(source) if isinstance(source, float) else t.load(source, scalar)
            if not first:
                number = t.new(f"fadd {scalar} {t.load(target, scalar)}, {number}")
            t.store(number, target, scalar)
            return
        every = t.literal(source) if isinstance(source, float) else "" if source_batch else self._spread(source)
        with t.loop(self.whole, 0, self.kind.lanes) as e:
            number = t.load(t.at(source, e)) if isinstance(source, str) and source_batch else every
            place = t.at(target, e)
            t.store(number if first else t.arithmetic("fadd", t.load(place), number), place)


def _neighbours(sources: Sequence[int], targets: Sequence[int]) -> list[tuple[int, int, int]]:
    """Rows in pairs as runs in which both are neighbours: the first of each, and how many."""
    runs: list[tuple[int, int, int]] = []
    for source, target in zip(sources, targets, strict=True):
        if runs:
            begin, end, count = runs[-1]
            if (source, target) == (begin + count, end + count):
                runs[-1] = begin, end, count + 1
                continue
        runs.append((source, target, 1))
    return runs
