"""Text for terminals: widths counted in columns, lines cut to a width, cells aligned."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from .symbols import DIGITS


class Budget(NamedTuple):
    """How much a line may hold: columns of a name, columns of a formula (0: none), digits of a number."""

    name: int
    formula: int
    digits: int


WIDE = Budget(60, 200, DIGITS)


# For a line, from wide to narrow; with the last one everything fits.
BUDGETS = (
    Budget(20, 40, DIGITS),
    Budget(16, 30, DIGITS),
    Budget(12, 24, DIGITS),
    Budget(12, 20, 5),
    Budget(12, 16, 4),
    Budget(10, 12, 4),
    Budget(8, 10, 3),
    Budget(6, 0, 3),
)


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes: a Chinese character takes two, an accent none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


@cache
def _columns_of(c: str) -> int:
    from unicodedata import combining, east_asian_width

    return 0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1


def wrapped(text: str, width: int) -> str:
    """A paragraph in lines of at most `width` columns; Chinese breaks between characters, but not before a full stop.

    >>> print(wrapped("梯度是 f 的斜率，用链式法则计算。", 14))
    梯度是 f 的斜
    率，用链式法则
    计算。
    """
    import re  # here and not above, since most programs wrap nothing
    import textwrap

    if columns(text) == len(text):
        return textwrap.fill(text, width)
    pieces = re.findall(rf"[^\s{_WIDE}]+[{_CLOSING}]*\s*|[{_OPENING}]*[{_WIDE}][{_CLOSING}]*\s*|\s+", text)
    lines = [""]
    for piece in pieces:
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return "\n".join(line.rstrip() for line in lines)


# Of a regular expression's set: characters of two columns, and those that begin no line or end none.
_WIDE = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
_CLOSING = "，。、；：！？）》」”’％"
_OPENING = "（《「“‘"


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


def clip_name(name: str, width: int) -> str:
    """`name`, cut to `width` columns; of a path, the end says most: ``…0.w.3`` for ``layers.1.neurons.0.w.3``."""
    rest = name
    while columns(name) > width and "." in rest:
        _, _, rest = rest.partition(".")
        if rest and columns(rest) < width:
            return f"…{rest}"
    return clip(name, width)


def pad(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def align(
    make: Callable[[Budget], Iterable[Sequence[str]]],
    width: int,
    least: Sequence[int] = (),
    gaps: Sequence[str] = ("  ", "   "),
) -> list[str]:
    """Rows of cells as lines of at most `width` columns, the cells of each column aligned.

    Arguments:
        make: gives the rows for a column budget; it is called with smaller ones until the lines fit.
        width: columns of a line; what does not fit with the smallest budget is cut.
        least: the least widths of the cells.
        gaps: what separates a cell from the next; the last gap is repeated.

    >>> align(lambda budget: [["x", "data", "2"], ["long", "grad", "–"]], 40)
    ['x     data   2', 'long  grad   –']
    """
    narrow = [gap[:2] for gap in gaps]

    def lines(budget: Budget, *choices: Sequence[str]) -> list[str] | None:
        rows, before, count = [], 0, 0  # columns before the last cell, and how many cells there are
        widths: dict[int, int] = dict(enumerate(least))
        for row in make(budget):
            for k, cell in enumerate(row[:-1]):
                if (needed := columns(cell)) > widths.get(k, -1):
                    widths[k], before = needed, 0
            if not before or len(row) != count:
                before, count = columns(_join([*row[:-1], "|"], widths, choices[-1])) - 1, len(row)
            if row[-1] and _TIGHT not in choices and before + columns(row[-1]) > width:
                return None  # of 8,000 rows, most need not be made to see it
            rows.append(row)
        for spaces in choices:
            joined = [_join(row, widths, spaces) for row in rows]
            if all(columns(line) <= width for line in joined) or spaces == _TIGHT:
                return joined
        return None

    if (fitting := lines(BUDGETS[0], gaps, narrow)) is not None:
        return fitting
    first, last = 1, len(BUDGETS)  # the smaller the budget, the shorter the lines: of 6,000 rows, few budgets are tried
    while first < last:
        middle = (first + last) // 2
        found = lines(BUDGETS[middle], gaps, narrow)
        if found is None:
            first = middle + 1
        else:
            fitting, last = found, middle
    return fitting or [clip(line, width) for line in lines(BUDGETS[-1], _TIGHT) or []]


_TIGHT = (" ",)


def _join(row: Sequence[str], widths: dict[int, int], gaps: Sequence[str]) -> str:
    """The cells of a row in a line; columns after the first that are empty in every row take no space."""
    last = len(row) - 1
    padded = (
        pad(cell, widths.get(k, 0)) + gaps[min(k, len(gaps) - 1)]
        for k, cell in enumerate(row)
        if k in (0, last) or widths[k]
    )
    return "".join(padded).rstrip()
