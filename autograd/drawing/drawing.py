"""A `Drawing`: the text of a picture in the DOT language, laid out when somebody looks, saved in any format."""

import os
import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:  # `import autograd` imports this module, and most programs draw nothing
    from ..engine.value import Value
    from .diagram import Diagram, Style
    from .dot import Arrow, Box, Caption

    Marking = Callable[[list[Box], list[Arrow]], tuple[list[Box], list[Arrow], Caption]]

_NODES = 500  # more than this is no picture to look at
_CELL = 640  # points that a cell of a notebook is wide, about, in a window of a laptop


class Unfolded(NamedTuple):
    """The whole graph of a picture, for a page in which its layers and neurons open and close.

    `opened` is what is open at first: as much as can be overlooked, the layers (their neurons are cards), or nothing.
    """

    output: "Value"
    style: "Style"
    opened: Literal["some", "layers", "nothing"]


class Drawing:
    """A picture of a graph, made by `draw`.

    >>> from autograd import Value, draw
    >>> x = Value(3.0, "x")
    >>> drawing = draw(x * x)
    >>> drawing
    Drawing(2 boxes, 2 arrows)
    >>> drawing.svg.count("<svg")
    1

    Arguments:
        dot: the text in the DOT language.
        engine: "bundled", "system", or None for the first that works.
        boxes, arrows: how many there are, for the repr.
        unfolded: what its page is made of; without it, the page shows the picture as it is.

    Attributes: `dot` is the text in the DOT language, `svg` the picture as SVG text. The ids of its elements are
    ``node3`` for the node at position 3 of the topological order and ``edge3_0`` for its first operand.
    """

    def __init__(self, dot: str, *, engine: str | None, boxes: int, arrows: int, unfolded: Unfolded | None = None):
        self.dot = dot
        self._unfolded = unfolded
        self._engine, self._size = engine, (boxes, arrows)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text. Raises LayoutError, which carries the DOT text, when no engine works."""
        svg = self._picture("svg").decode()
        # Shown in a page or a notebook, it is never wider than the space there is.
        return svg.replace(" viewBox=", ' style="max-width:100%;height:auto" viewBox=', 1)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture in the format of the suffix: .svg, .dot, .png, .pdf or .html.

        The page (.html) zooms and pans. Layers and neurons open and close in it where the graph runs to the right and
        has at most 2,000 nodes. The file appears complete or not at all. Raises ValueError for another suffix, OSError
        where the file cannot be written, LayoutError when no engine works.
        """
        from ..files import write_whole

        name = os.path.basename(os.fspath(path))
        write = _FORMATS.get(os.path.splitext(name)[1].lower())
        if write is None:
            raise ValueError(f"cannot save a picture as {name!r}: the suffix must be one of {', '.join(_FORMATS)}")
        write_whole(path, write(self))

    def _picture(self, form: str) -> bytes:
        from .layout import lay_out

        return lay_out(self.dot, form, self._engine)

    def _page(self) -> bytes:
        from .page import folding_page, picture_page

        page = self._unfolded and folding_page(self._unfolded, self._engine)
        return (page or picture_page(self.svg)).encode()

    def _repr_svg_(self) -> str:
        """The picture for a cell of a notebook, which shows it in the size it asks for: no wider than the cell."""
        found = re.search(r'width="(\d+)pt" height="(\d+)pt"', self.svg)
        if found is None or (width := int(found[1])) <= _CELL:
            return self.svg
        size = f'width="{_CELL}pt" height="{int(found[2]) * _CELL // width}pt"'
        return f"{self.svg[: found.start()]}{size}{self.svg[found.end() :]}"

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "image/svg+xml": self._repr_svg_()}

    def __repr__(self) -> str:
        boxes, arrows = self._size
        return f"Drawing({boxes} boxes, {arrows} arrows)"


_FORMATS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg.encode(),
    ".dot": lambda drawing: drawing.dot.encode(),
    ".png": lambda drawing: drawing._picture("png"),
    ".pdf": lambda drawing: drawing._picture("pdf"),
    ".html": Drawing._page,
}


def compose(
    diagram: "Diagram",
    rankdir: str = "LR",
    max_nodes: int = _NODES,
    engine: str | None = None,
    mark: "Marking | None" = None,
    unfolded: Unfolded | None = None,
) -> Drawing:
    """The drawing of a diagram; `mark` adds marks and a caption to its boxes and arrows."""
    from .dot import dot_source

    nodes, arrows_drawn = len(diagram.places), diagram.count_arrows()
    if nodes > max_nodes or arrows_drawn > max_nodes + nodes:
        raise ValueError(
            f"the picture would have {nodes} nodes and {arrows_drawn} arrows, more than max_nodes={max_nodes} allows: "
            "collapse=True draws each neuron or layer made inside 'with scope(name):' as one box, a larger max_nodes "
            "draws them all"
        )
    boxes, arrows, groups = diagram.describe()
    caption = None
    if mark is not None:
        boxes, arrows, caption = mark(boxes, arrows)
    dot = dot_source(boxes, arrows, groups, rankdir, caption)
    return Drawing(dot, engine=engine, boxes=len(boxes), arrows=len(arrows), unfolded=unfolded)
