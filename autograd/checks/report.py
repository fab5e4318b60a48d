"""What a check returns: a sequence of rows that prints as a table and is true when every row is ok."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, TypeVar, overload

from ..notation.text_layout import align, columns


class Row(Protocol):
    """One result: whether it is ok, and its cells in the table."""

    @property
    def ok(self) -> bool: ...
    def cells(self) -> Sequence[str]: ...


R = TypeVar("R", bound=Row)


class Report(Sequence[R]):
    """The rows of a check. ``print(report)`` shows them as a table with a summary below, ``bool(report)`` is True when
    all are ok; they can be indexed and iterated."""

    heading: ClassVar[tuple[str, ...]] = ()
    numeric: ClassVar[tuple[int, ...]] = ()  # the columns that hold numbers, which are aligned on the right

    def __init__(self, rows: Iterable[R]):
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, k: int) -> R: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[R, ...]: ...
    def __getitem__(self, k: int | slice) -> R | tuple[R, ...]:
        return self._rows[k]

    def __len__(self) -> int:
        return len(self._rows)

    def __bool__(self) -> bool:
        return all(row.ok for row in self._rows)

    def summary(self) -> str:
        """The last line."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join([*table([self.heading, *(row.cells() for row in self._rows)], self.numeric), self.summary()])

    def __repr__(self) -> str:
        return str(self)


def table(rows: Sequence[Sequence[str]], numeric: Iterable[int]) -> list[str]:
    """The rows as lines with their cells below each other, two spaces apart."""
    right = {k: max(columns(row[k]) for row in rows) for k in numeric}
    cells = [[" " * (right.get(k, 0) - columns(cell)) + cell for k, cell in enumerate(row)] for row in rows]
    return align(lambda _: cells, max(sum(map(columns, row)) + 2 * len(row) for row in cells) * 2, gaps=("  ",))
