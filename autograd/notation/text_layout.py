"""Text for terminals: widths counted in columns, lines cut and aligned to the room there is."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .symbols import DIGITS


class Room(NamedTuple):
    """How much is written: columns of a name, columns of a formula (0: none), digits of a number."""

    name: int
    formula: int
    digits: int


AMPLE = Room(60, 200, DIGITS)


# For a line, from wide to narrow; the last one fits whatever stands in it.
ROOMS = (
    Room(20, 40, DIGITS),
    Room(16, 30, DIGITS),
    Room(12, 24, DIGITS),
    Room(12, 20, 5),
    Room(12, 16, 4),
    Room(10, 12, 4),
    Room(8, 10, 3),
    Room(6, 0, 3),
)


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes: a Chinese character takes two, an accent none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def clip(text: str, width: int) -> str:
    """`text`, cut to `width` columns with … where it is longer."""
    if columns(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = "", 1
    for c in text:
        used += columns(c)
        if used > width:
            break
        kept += c
    return f"{kept}…"


def pad(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def align(
    make: Callable[[Room], Sequence[Sequence[str]]],
    width: int,
    least: Sequence[int] = (),
    gaps: Sequence[str] = ("  ", "   "),
) -> list[str]:
    """Rows of cells as lines of at most `width` columns, cells below each other.

    `make` gives the rows for as much room as it is told, which is as much as fits; `least` are widths that cells have
    at least, `gaps` what stands between them (the last one again and again).
    """
    lines: list[str] = []
    for room in ROOMS:
        rows = make(room)
        widths: dict[int, int] = dict(enumerate(least))
        for row in rows:
            for k, cell in enumerate(row[:-1]):
                widths[k] = max(widths.get(k, 0), columns(cell))
        lines = [_join(row, widths, gaps) for row in rows]
        if all(columns(line) <= width for line in lines):
            break
    return [clip(line, width) for line in lines]


def _join(row: Sequence[str], widths: dict[int, int], gaps: Sequence[str]) -> str:
    padded = [pad(cell, widths.get(k, 0)) + gaps[min(k, len(gaps) - 1)] for k, cell in enumerate(row)]
    return "".join(padded).rstrip()
