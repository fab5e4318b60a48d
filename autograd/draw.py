"""Pictures of a graph: `draw` makes the DOT text, a `Drawing` lays it out, saves it and shows itself in a notebook.

What is shown stands in `diagram`, how it looks in `dot_text`, which engine lays it out in `layout`. The text is made at
once, so a drawing keeps the numbers of the moment it was made; the layout waits until a picture is asked for.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import graph
from .value import Value

if TYPE_CHECKING:
    from .diagram import Diagram

_NODES = 500  # more than this is no picture to look at


class Drawing:
    """A picture of a graph, made by `draw`.

    >>> x = Value(3.0, "x")
    >>> drawing = draw(x * x)
    >>> drawing
    Drawing(2 boxes, 2 arrows)
    >>> drawing.svg.count("<svg")
    1

    Attributes: `dot` is the text in the DOT language, `svg` the picture as SVG text. The ids of its elements are
    ``node3`` for the node at position 3 of the topological order and ``edge3_0`` for its first operand.
    """

    # How a graph stands after some steps of its backward pass: the module `moments`, which knows the stepper, sets it.
    moment_at: Callable[[Value, int, Mapping[Value, str]], Any]

    def __init__(self, dot: str, *, engine: str | None, boxes: int, arrows: int):
        self.dot = dot
        self._engine, self._size = engine, (boxes, arrows)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text. Raises LayoutError, which carries the DOT text, when no engine works."""
        return self._picture("svg").decode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture in the format of the suffix: .svg, .dot, .png, .pdf or .html.

        The file appears complete or not at all. Raises ValueError for another suffix, OSError where the file cannot be
        written, LayoutError when no engine works.
        """
        from .files import write_whole

        name = os.path.basename(os.fspath(path))
        write = _FORMATS.get(os.path.splitext(name)[1].lower())
        if write is None:
            raise ValueError(f"cannot save a picture as {name!r}: the suffix must be one of {', '.join(_FORMATS)}")
        write_whole(path, write(self))

    def _picture(self, form: str) -> bytes:
        from .layout import lay_out

        return lay_out(self.dot, form, self._engine)

    def _page(self) -> bytes:
        picture = self.svg[self.svg.index("<svg") :]
        return _PAGE.format(title="Computation graph", picture=picture).encode()

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "image/svg+xml": self.svg}

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

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; }}
svg {{ max-width: 96vw; max-height: 96vh; height: auto; }}
</style>
</head>
<body>
{picture}</body>
</html>
"""


def draw(
    output: Value,
    *,
    labels: Mapping[str, Any] | None = None,
    rankdir: str = "LR",
    format: str = ".4g",  # noqa: A002 (the word for it)
    local_grads: bool = True,
    expand: bool = False,
    collapse: bool = False,
    max_nodes: int = _NODES,
    step: int | None = None,
    engine: str | None = None,
) -> Drawing:
    """The graph behind `output` as a picture: data and gradient in each node, the local derivative on each edge.

    Arguments:
        output: the Value to draw, with everything it was calculated from.
        labels: names for Values that have no label, such as ``locals()``; Values in lists are named ``w[0]``.
        rankdir: which way the calculation runs: "LR" (left to right), "TB", "RL" or "BT".
        format: of the numbers, as in ``format(x, ".2f")``.
        local_grads: whether edges carry their local derivatives.
        expand: draw the graph of primitives, `expand(output)`; the gradients of its inner nodes follow from the
            gradient that `output` has.
        collapse: draw each neuron or layer (whatever was calculated in one ``with scope(name):``) as one box. Of nested
            scopes it is the outermost, or those within it where one holds all the others.
        max_nodes: refuse to draw more boxes than this.
        step: show the backward pass after this many of its steps (0: before the first), the last of them marked and
            told below. The pictures of all steps have one layout.
        engine: "bundled" (installed with this package) or "system" (the dot of an installed Graphviz); None takes the
            first that works.

    Raises TypeError when `output` is no Value, ValueError for an unknown option or too many nodes.

    >>> x, y = Value(-2.0), Value(5.0)
    >>> drawing = draw(x + y, labels={"x": x, "y": y})
    >>> drawing.save("sum.svg")  # doctest: +SKIP
    """
    from .diagram import Diagram, Style
    from .dot_text import SIDES
    from .layout import check_engine

    check_engine(engine)
    if not isinstance(output, Value):
        raise TypeError(f"draw needs a Value, got {type(output).__name__} {output!r}: a plain number has no graph")
    if rankdir not in SIDES:
        raise ValueError(f"unknown rankdir {rankdir!r}: choose one of {', '.join(SIDES)}")
    try:
        (0.5).__format__(format)
    except (ValueError, TypeError):
        raise ValueError(f"{format!r} is no format for floats: write one such as '.4g' or '.2f'") from None
    names = _names(labels)
    gradients: Callable[[Value], float | None] = _gradient
    if expand:
        output, gradients = _expanded(output)
    moment = None if step is None else Drawing.moment_at(output, step, names)
    if moment is not None:
        names, gradients = moment.names, moment.gradients.get
    style = Style(names, format, local_grads, gradients)
    return compose(Diagram(output, style, collapse), rankdir=rankdir, max_nodes=max_nodes, engine=engine, moment=moment)


def compose(
    diagram: "Diagram",
    rankdir: str = "LR",
    max_nodes: int = _NODES,
    engine: str | None = None,
    moment: Any = None,
) -> Drawing:
    """The drawing of a diagram, with the marks and the caption of a moment of its pass where one is given."""
    from .dot_text import dot_source

    if len(diagram.places) > max_nodes:
        raise ValueError(
            f"the picture would have {len(diagram.places)} nodes, more than max_nodes={max_nodes}: collapse=True draws "
            "each neuron or layer made inside 'with scope(name):' as one box, a larger max_nodes draws them all"
        )
    boxes, arrows, groups = diagram.describe()
    caption = None
    if moment is not None:
        boxes, arrows, caption = moment.marked(diagram, boxes, arrows)
    dot = dot_source(boxes, arrows, groups, rankdir, caption)
    return Drawing(dot, engine=engine, boxes=len(boxes), arrows=len(arrows))


def _gradient(node: Value) -> float | None:
    return node.grad


def _expanded(output: Value) -> tuple[Value, Callable[[Value], float | None]]:
    """The graph of primitives, and what to show as gradients: its new nodes have never seen a backward pass."""
    from .gradients import expand

    seed, expanded = output.grad, expand(output)
    if seed is None:
        return expanded, _gradient
    order = graph.topological_order(expanded)
    total = graph.gradients(expanded, [n for n in order if n.requires_grad and not n.parents], seed, _recorded)
    return expanded, lambda node: total.get(node, 0.0) if node.parents and node.requires_grad else node.grad


def _recorded(node: Value) -> tuple[float, ...]:
    return node.local_grads


def _names(labels: Mapping[str, Any] | None) -> dict[Value, str]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise TypeError(f"labels must be a dict of names and Values, such as locals(), got {type(labels).__name__}")
    names: dict[Value, str] = {}
    for name, thing in list(labels.items()):
        if isinstance(name, str) and not name.startswith("_"):
            for place, value in _values(name, thing):
                names.setdefault(value, place)
    return names


def _values(name: str, thing: Any) -> Iterator[tuple[str, Value]]:
    """The Values in `thing`, a Value or lists of them up to three deep, with their names."""
    todo = [(name, thing, 3)]
    while todo:
        name, thing, deeper = todo.pop()
        if isinstance(thing, Value):
            yield name, thing
        elif deeper and isinstance(thing, (list, tuple)):
            todo += [(f"{name}[{k}]", item, deeper - 1) for k, item in reversed(list(enumerate(thing)))]


def _value_svg(self: Value) -> str | None:
    """The picture for a notebook; nothing where the graph is too large or no engine works: its text is shown then."""
    from .layout import LayoutError

    if not _has_at_most(self, _NODES):
        return None
    try:
        return draw(self).svg
    except LayoutError:
        return None


def _has_at_most(output: Value, limit: int) -> bool:
    """Whether the graph has at most `limit` nodes, without walking further than that."""
    seen = {output}
    stack = [output]
    while stack and len(seen) <= limit:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen) <= limit


def _value_mimebundle(self: Value, *_: Any, **__: Any) -> dict[str, str]:
    bundle = {"text/plain": repr(self)}
    picture = _value_svg(self)
    return bundle if picture is None else bundle | {"image/svg+xml": picture}


Value._repr_svg_ = _value_svg  # type: ignore[attr-defined]
Value._repr_mimebundle_ = _value_mimebundle  # type: ignore[attr-defined]
