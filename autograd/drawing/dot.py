"""How a picture looks: boxes, arrows and groups written in the DOT language.

Roles read by shape as well as by colour, so they survive grey print: inputs are round-cornered, parameters are
drums, constants are ellipses, operations are sharp boxes with a dark badge, the output has a double line. Every text
has a light ground of its own and lines are mid-grey, so that the picture works on white and on black. A pure
function to text: the same boxes and arrows give the same text.
"""

import html
import math
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..notation.text_layout import columns

if TYPE_CHECKING:
    import graphviz

Role = Literal["input", "parameter", "constant", "operation", "scope"]
Mark = Literal["", "upstream", "receives"]
OLD = "old grad"  # the name of a gradient that is from an earlier pass


class Box(NamedTuple):
    """A node of the picture: its name, its role, and its texts."""

    name: str
    role: Role
    output: bool
    badge: str  # the operation, or the name of a collapsed scope
    title: str
    rows: tuple[tuple[str, str], ...]  # such as ("data", "-12")
    operands: int  # how many arrows arrive at places of their own, in order
    tooltip: str
    group: int | None  # index of the innermost group around it
    mark: Mark = ""  # what it does in the step that is shown
    reserved_name: str = ""  # another name that the rows may have in pictures of the same layout
    reserved: tuple[str, ...] = ()  # for each row other texts, one a line, that must fit too: pictures share a layout
    card: tuple[tuple[str, str, str], ...] = ()  # of a neuron: rows of a name, data and gradient, in place of `rows`
    inputs: int = 0  # how many of these rows are inputs, each with its weight


class Arrow(NamedTuple):
    """An edge of the picture, from box to box; `place` is the number of the operand where that matters."""

    name: str
    tail: str
    head: str
    place: int | None
    label: str  # such as "∂f/∂q = z = -4"
    tooltip: str
    flows: bool  # whether a gradient flows back along it
    row: int | None = None  # of the card from which it starts
    marked: bool = False  # whether the step that is shown goes along it


class Group(NamedTuple):
    """A frame around the boxes of a scope; `parent` is the index of the group around it, which comes before."""

    title: str
    parent: int | None


class Caption(NamedTuple):
    """The text below a picture; `widest` is the widest line that it has in pictures of the same layout."""

    text: str
    widest: str


# rankdir: the sides of a box on which arrows arrive and leave
SIDES = {"LR": ("w", "e"), "RL": ("e", "w"), "TB": ("n", "s"), "BT": ("s", "n")}

_FONT = "Helvetica"  # Arial, Liberation Sans and Arimo have the same widths, and the engine knows them
_SIZE, _SMALL, _LARGE, _SYMBOL = 16, 13, 18, 24
_INK, MUTED, _GRADIENT, _LINE, _PAPER = "#111827", "#4b5563", "#9f1239", "#808080", "#f8fafc"
_SHAPES: dict[Role, dict[str, str]] = {
    "input": {
        "shape": "box",
        "style": "rounded,filled",
        "fillcolor": "#dbeafe",
        "color": "#1d4ed8",
        "margin": "0.07,0.03",
    },
    "parameter": {
        "shape": "cylinder",
        "style": "filled",
        "fillcolor": "#fde9b8",
        "color": "#b45309",
        "margin": "0.07,0.03",
    },
    "constant": {"shape": "ellipse", "style": "filled", "fillcolor": "#e5e7eb", "color": "#6b7280"},
    "operation": {"shape": "box", "style": "filled", "fillcolor": "#ffffff", "color": "#374151"},
    "scope": {"shape": "box", "style": "filled", "fillcolor": "#ede9fe", "color": "#5b21b6"},
}
_MARGINS: dict[Role, str] = {"input": "0.07,0.03", "parameter": "0.07,0.08", "constant": "0.05,0"}
_OUTPUT = {"peripheries": "2", "fillcolor": "#dcfce7", "color": "#166534"}
_MARKS: dict[Mark, dict[str, str]] = {
    "upstream": {"color": "#2563eb", "penwidth": "6"},
    "receives": {"color": "#e11d48", "penwidth": "6", "style": "dashed"},
}
_MANY = 3  # arrows of one box, from which on each has a colour of its own
# Each reads on white and on black.
_COLOURS = ("#2a6dc9", "#c2410c", "#15803d", "#9333ea", "#0e7490", "#dc2626", "#a16207", "#7c5cd6")
_CURVES = 64  # arrows into cards; more of them make wide loops around each other, and are drawn straight
_MARKED = {"color": "#d97706", "penwidth": "5"}


def dot_source(
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    groups: Sequence[Group],
    rankdir: str,
    caption: Caption | None = None,
) -> str:
    """The picture in the DOT language; boxes, arrows and groups are drawn in their order, the caption below them."""
    import graphviz

    ranksep = "1.6" if groups else "0.6"  # arrows that come around a frame need space to turn
    colours = _colours(arrows)
    cards = {box.name for box in boxes if box.card}
    straight = {"splines": "line"} if sum(arrow.head in cards for arrow in arrows) > _CURVES else {}
    picture = graphviz.Digraph(
        "computation",
        graph_attr={
            "rankdir": rankdir,
            "bgcolor": "transparent",
            "nodesep": "0.3",
            "ranksep": ranksep,
            "outputorder": "nodesfirst",
            **straight,
            **(
                {"label": f"<{_pill(caption.text, reserved=caption.widest)}>", "labelloc": "b", "fontname": _FONT}
                if caption
                else {}
            ),
        },
        node_attr={"fontname": _FONT, "fontsize": str(_SIZE), "margin": "0", "penwidth": "1.6"},
        edge_attr={"fontname": _FONT, "fontsize": str(_SMALL), "color": _LINE, "penwidth": "1.6", "arrowsize": "0.8"},
    )
    frames = [_frame(k, group, rankdir) for k, group in enumerate(groups)]
    for box in boxes:
        (picture if box.group is None else frames[box.group]).node(box.name, **_node(box, rankdir))
    # An inner group comes after the one around it, so from the last to the first each is complete when it is added.
    inner: list[list[graphviz.Digraph]] = [[] for _ in groups]
    for k in reversed(range(len(groups))):
        for frame in reversed(inner[k]):
            frames[k].subgraph(frame)
        parent = groups[k].parent
        if parent is not None:
            inner[parent].append(frames[k])
    for frame, group in zip(frames, groups, strict=True):
        if group.parent is None:
            picture.subgraph(frame)
    arrive, leave = SIDES[rankdir]
    group_of = {box.name: box.group for box in boxes}
    for arrow in arrows:
        place = "" if arrow.place is None else f":operand{arrow.place}"
        look = _edge(arrow, colours.get(arrow.name, ""))
        if group_of[arrow.head] not in (None, group_of[arrow.tail]):
            look["minlen"] = "2"  # what enters a frame is placed before it, not beside
        side = ("e" if rankdir == "RL" else "w") if arrow.head in cards else arrive
        row = "" if arrow.row is None else f":row{arrow.row}"
        picture.edge(f"{arrow.tail}{row}:{leave}", f"{arrow.head}{place}:{side}", **look)
    return str(picture.source)


def _frame(k: int, group: Group, rankdir: str) -> "graphviz.Digraph":
    import graphviz

    return graphviz.Digraph(
        f"cluster{k}",
        graph_attr={
            "id": f"scope{k}",
            "label": f"<{_pill(group.title, MUTED)}>",
            "labeljust": "r" if rankdir == "LR" else "l",  # where the fewest arrows cross it
            "fontname": _FONT,
            "fontsize": str(_SMALL),
            "style": "rounded",
            "color": _LINE,
            "margin": "10",
            "tooltip": _tooltip(group.title),
        },
    )


def _node(box: Box, rankdir: str) -> dict[str, str]:
    look = {"id": box.name, "tooltip": _tooltip(box.tooltip), **_SHAPES[box.role], **(_OUTPUT if box.output else {})}
    look |= {"margin": _MARGINS[box.role]} if box.role in _MARGINS else {"penwidth": "2.4"}  # half under the badge
    if box.card:
        return {"label": f"<{_card(box, look, rankdir)}>", **look}
    if box.role == "constant":
        body = _table(_row(_cell(box.rows[0][1])), 'CELLPADDING="0"')
    else:
        body = _table(_title(box) + "".join(_numbers(box)), 'CELLPADDING="2"')
    label = f"<{_with_badge(box, body, look, rankdir) if box.badge else body}>"
    if box.mark:
        mark = _MARKS[box.mark]
        look |= mark | {"style": f"{look['style']},{mark['style']}"} if "style" in mark else mark
    return {"label": label, **look}


def _title(box: Box) -> str:
    return _row(_cell(box.title, 'COLSPAN="2"', size=_LARGE)) if box.title else ""


def _numbers(box: Box) -> Iterator[str]:
    """The rows of a box: the numbers beside their names, also below a long title, for which they are made wider."""
    names = [name for name, _ in box.rows]
    named = max(_width("\n".join([*names, box.reserved_name]), _SMALL), _width(OLD, _SMALL) * (OLD in names))
    least = _width(box.title, _LARGE) - named
    for (name, text), reserved in zip(box.rows, box.reserved or ("",) * len(box.rows), strict=True):
        colour = {"grad": _GRADIENT, OLD: MUTED}.get(name, _INK)
        yield _row(
            _cell(name, 'ALIGN="LEFT"', size=_SMALL, colour=MUTED, least=named),
            _cell(text, 'ALIGN="LEFT"', colour=colour, reserved=reserved, least=least),
        )


def _card(box: Box, look: dict[str, str], rankdir: str) -> str:
    """A neuron as a table: its name in white on its colour, a head, and a row for each part, in which arrows end."""
    arrive, leave = (2, 0) if rankdir == "RL" else (0, 2)  # the columns on these sides
    title = _row(
        _cell(
            box.badge,
            f'COLSPAN="3" ALIGN="LEFT" CELLPADDING="4" BGCOLOR="{look["color"]}"',
            size=_LARGE,
            colour="#ffffff",
        )
    )
    rows = [title, _row(*(_cell(text, 'ALIGN="LEFT"', size=_SMALL, colour=MUTED) for text in _HEAD))]
    for k, texts in enumerate(box.card):
        if k == box.inputs:
            rows.append("<HR/>")
        ports = {arrive: f' PORT="operand{k}"', leave: f' PORT="row{k}"'}
        cells = [
            _cell(text, f'ALIGN="LEFT"{ports.get(column, "")}', size=_SIZE, colour=colour)
            for column, (text, colour) in enumerate(zip(texts, (_INK, _INK, _GRADIENT), strict=True))
        ]
        rows.append(_row(*cells))
    return _table("".join(rows), f'CELLPADDING="3" BGCOLOR="{look["fillcolor"]}"')


_HEAD = ("input", "weight", "grad")  # of a card


def _with_badge(box: Box, body: str, look: dict[str, str], rankdir: str) -> str:
    """The operation in white on its colour, and on the side where arrows arrive a port for each operand."""
    upright = rankdir in ("LR", "RL")
    size = _LARGE if box.badge[0].isalnum() else _SYMBOL
    badge = _cell(box.badge, 'CELLPADDING="6"', size=size, colour="#ffffff")
    middle = badge + f'<TD BGCOLOR="{look["fillcolor"]}" CELLPADDING="4">{body}</TD>'
    places = [f'<TD PORT="operand{k}" WIDTH="2" HEIGHT="12"></TD>' for k in range(box.operands)]
    table = f'CELLPADDING="0" BGCOLOR="{look["color"]}"'
    if not places:
        return _table(_row(middle), table)
    strip = _table("".join(map(_row, places)) if upright else _row(*places), 'CELLPADDING="0"')
    strip = f'<TD COLSPAN="{1 if upright else 2}">{strip}</TD>'
    order = (strip, middle) if rankdir in ("LR", "TB") else (middle, strip)
    return _table(_row(*order) if upright else "".join(map(_row, order)), table)


def _colours(arrows: Sequence[Arrow]) -> dict[str, str]:
    """Colours for the arrows of boxes that have many: they run side by side, and nobody could tell them apart."""
    by_tail: dict[str, list[str]] = {}
    for arrow in arrows:
        if arrow.flows:
            by_tail.setdefault(arrow.tail, []).append(arrow.name)
    names = [name for names in by_tail.values() if len(names) >= _MANY for name in names]
    return dict(zip(names, cycle(_COLOURS), strict=False))


def _edge(arrow: Arrow, colour: str) -> dict[str, str]:
    look = {"id": arrow.name, "tooltip": _tooltip(arrow.tooltip)}
    if colour:
        look["color"] = colour
    if not arrow.flows:
        look["style"] = "dashed"
    if arrow.marked:
        look |= _MARKED
    if arrow.label:
        clear_of_the_line = _table(_row(f"<TD>{_pill(arrow.label, colour or _INK)}</TD>"), 'CELLPADDING="2"')
        look["label"] = f"<{clear_of_the_line}>"
    return look


def _pill(text: str, colour: str = _INK, reserved: str = "") -> str:
    return _table(
        _row(_cell(text, size=_SMALL, colour=colour, reserved=reserved)),
        f'CELLPADDING="1" BGCOLOR="{_PAPER}" STYLE="ROUNDED"',
    )


def _table(rows: str, attributes: str) -> str:
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" {attributes}>{rows}</TABLE>'


def _row(*cells: str) -> str:
    return f"<TR>{''.join(cells)}</TR>"


def _cell(
    text: str, attributes: str = "", *, size: int = _SIZE, colour: str = _INK, reserved: str = "", least: int = 0
) -> str:
    """A cell of text, wide enough for it (and for `reserved`) in every common font, and at least `least` wide.

    The engine knows the widths of Arial's ASCII only. Where the middle would be off, text begins on the left.
    """
    width = max(least, _width(f"{text}\n{reserved}" if reserved else text, size))
    if "ALIGN" not in attributes and not (text.isascii() and len(text) < 9):
        attributes += ' ALIGN="LEFT" BALIGN="LEFT"'
    written = "<BR/>".join(map(_escaped, text.split("\n")))
    return f'<TD WIDTH="{width}" {attributes}><FONT COLOR="{colour}" POINT-SIZE="{size}">{written}</FONT></TD>'


def _width(text: str, size: int) -> int:
    """The width of a cell with these lines, its padding included."""
    return math.ceil(max(map(_ems, text.split("\n"))) * size) + 4


def _ems(text: str) -> float:
    """About how wide a line of text is in a wide sans-serif font (DejaVu Sans), in units of the letter size."""
    return sum(columns(c) * 0.52 if columns(c) != 1 else _em(c) for c in text)


def _em(c: str) -> float:
    return 0.4 if c in _NARROW else 0.98 if c in "MWmw@%#…—ШЩЮЖФ" else 0.74 if c.isupper() else 0.62


_NARROW = frozenset(" !'(),-./:;I[]fijlrt|·’‘")


def _escaped(text: str) -> str:
    r"""Text without meaning for HTML and the DOT language (in which ``\N`` is the name of the node)."""
    return html.escape(text).replace("\\", r"\\")


def _tooltip(text: str) -> str:
    import graphviz

    # Tooltips are read for line breaks first and for names after that, so a backslash is doubled twice.
    return graphviz.escape(_escaped(text))  # type: ignore[no-any-return]
