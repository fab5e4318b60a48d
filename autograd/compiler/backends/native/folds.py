"""Over the rows of an array: sums, products, the largest, the one at an index."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...instructions.array import Array, Instruction
from . import numbers
from .layout import Layout
from .lines import NAN
from .numbers import Number


class Folds(Layout):
    """Writes loops that go through rows, with what they found so far in the result."""

    example: str  # the first of the vector of examples in work

    @contextmanager
    def _examples(self, batch: bool) -> Iterator[str]:
        """A loop over vectors of examples, or one vector with the same number in each lane."""
        if batch:
            with self.t.loop(self.whole, 0, self.kind.lanes) as self.example:
                yield self.example
        else:
            self.example = "0"
            yield "0"

    def _fold(
        self, i: Instruction, x: Array, start: float | None, merge: Callable[[Number, Number, str], Number]
    ) -> None:
        """Go through the rows of `x` from the first, or from a number to start with."""
        out = i.out
        with self._examples(out.batch) as e:
            first = Number(self.t, self.t.literal(start)) if start is not None else self._cell(x, "0", e)
            self._set_cell(first, out, "0", e)
        with self.t.loop(x.rows, 0 if start is not None else 1) as r, self._examples(out.batch) as e:
            self._set_cell(merge(self._cell(out, "0", e), self._cell(x, r, e), r), out, "0", e)

    def _cell(self, x: Array, r: str, e: str) -> Number:
        """The numbers of a row for some examples."""
        place = self._row(x, r)
        return Number(self.t, self.t.load(self.t.at(place, e)) if x.batch else self._spread(place))

    def _set_cell(self, value: Number, x: Array, r: str, e: str) -> None:
        """Store what `_cell` reads."""
        place, name = self._row(x, r), value.real().name
        if x.batch:
            self.t.store(name, self.t.at(place, e))
        else:
            first = self.t.new(f"extractelement {self.kind.vector} {name}, i64 0")
            self.t.store(first, place, self.kind.scalar)

    def _sum_rows(self, i: Instruction) -> None:
        (x,) = i.arguments
        if x.batch:
            self._fold(i, x, None, lambda total, number, r: total + number)
            return
        t = self.t
        slot = t.slot(self.kind.vector)
        t.store("zeroinitializer", slot)
        source, _, _ = self._pointer(x)
        for k, mask in self._vectors(x.rows):
            t.store(t.arithmetic("fadd", t.load(slot), self._get(t.at(source, k), mask)), slot)
        t.store(t.sum_of_lanes(t.load(slot)), self._pointer(i.out)[0], self.kind.scalar)

    def _product_of_rows(self, i: Instruction) -> None:
        self._fold(i, i.arguments[0], None, lambda product, number, r: product * number)

    def _products_of_other_rows(self, i: Instruction) -> None:
        """Of each row, the product of all others: what comes before, from above, times what comes after, from below."""
        (x,), out, t = i.arguments, i.out, self.t
        with self._examples(out.batch) as e:
            self._set_cell(Number(t, t.literal(1.0)), out, "0", e)
        with t.loop(x.rows, 1) as r, self._examples(out.batch) as e:
            above = t.new(f"sub i64 {r}, 1")
            self._set_cell(self._cell(out, above, e) * self._cell(x, above, e), out, r, e)
        slot = t.slot(self.kind.vector)
        with self._examples(out.batch) as e:
            t.store(t.literal(1.0), slot)
            with t.loop(x.rows) as k:
                r, after = t.new(f"sub i64 {x.rows - 1}, {k}"), Number(t, t.load(slot))
                self._set_cell(self._cell(out, r, e) * after, out, r, e)
                t.store((after * self._cell(x, r, e)).name, slot)

    def _largest_row(self, i: Instruction) -> None:
        self._fold(i, i.arguments[0], None, lambda largest, number, r: numbers.maximum(largest, number))

    def _take(self, i: Instruction) -> None:
        """The row at an index; NaN where there is no such row."""
        x, index = i.arguments
        t = self.t
        place, _, _ = self._pointer(index)

        def chosen(found: Number, number: Number, r: str) -> Number:
            wanted = Number(t, t.load(t.at(place, self.example)) if index.batch else self._spread(place))
            row = Number(t, t.splat(t.new(f"uitofp i64 {r} to {self.kind.scalar}")))
            return numbers.where(wanted.compare("oeq", row), number, found)

        self._fold(i, x, NAN, chosen)

    def _positions(self, i: Instruction) -> None:
        place, _, _ = self._pointer(i.out)
        with self.t.loop(i.out.rows) as r:
            number = self.t.new(f"uitofp i64 {r} to {self.kind.scalar}")
            self.t.store(number, self.t.at(place, r), self.kind.scalar)
