"""Pictures of a graph: `draw` makes the DOT text, a `Drawing` lays it out, saves it and shows itself in a notebook.

What is shown is decided in `diagram`, how it looks in `dot`, which engine lays it out in `layout`. The text is made at
once, so a drawing keeps the numbers of that time; the layout waits until a picture is needed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..engine import backward as graph
from ..engine.value import Value
from ..notation.names import Names
from .drawing import _NODES, Drawing, Unfolded, compose

if TYPE_CHECKING:  # most programs that import this package draw nothing
    from .diagram import Collapse


def draw(
    output: Value,
    *,
    labels: Mapping[str, Any] | None = None,
    rankdir: str = "LR",
    format: str = ".4g",  # noqa: A002 (as in Python: the format of a number)
    local_grads: bool = True,
    expand: bool = False,
    collapse: "Collapse" = False,
    max_nodes: int = _NODES,
    engine: str | None = None,
) -> Drawing:
    """The graph behind `output` as a picture: data and gradient in each node, the local derivative on each edge.

    Arguments:
        output: the Value to draw, with everything it was calculated from.
        labels: names for Values that have no label, such as ``locals()``; Values in lists are named ``w[0]``. Others
            are called v1, v2, … and the output f, as in the steps of ``output.stepper()``.
        rankdir: which way the calculation runs: "LR" (left to right), "TB", "RL" or "BT".
        format: of the numbers, as in ``format(x, ".2f")``.
        local_grads: whether edges carry their local derivatives.
        expand: draw the graph of primitives, `expand(output)`; the gradients of its inner nodes follow from the
            gradient that `output` has.
        collapse: draw each neuron or layer (whatever was calculated in one ``with scope(name):``) as one box. Of nested
            scopes it is the outermost, or those within it where one holds all the others. "neurons" draws each neuron
            of `nn` (a scope with a `dot` and its activation) as a card: a row for each input with its weight and the
            weight's gradient, then bias, sum and activation; an arrow ends at its row. Scopes without a neuron are
            boxes.
        max_nodes: refuse to draw more boxes or more arrows than this.
        engine: "bundled" (installed with this package) or "system" (the dot of an installed Graphviz); None takes the
            first that works.

    Returns a `Drawing`. Raises TypeError when `output` is not a Value, ValueError for an unknown option or too many
    nodes.

    >>> x, y = Value(-2.0), Value(5.0)
    >>> drawing = draw(x + y, labels={"x": x, "y": y})
    >>> drawing.save("sum.svg")  # doctest: +SKIP
    """
    from .diagram import Diagram, Style
    from .dot import SIDES
    from .layout import check_engine

    check_engine(engine)
    if not isinstance(output, Value):
        raise TypeError(f"draw needs a Value, got {type(output).__name__} {output!r}: a plain number has no graph")
    if collapse not in (True, False, "neurons"):
        raise ValueError(f"unknown collapse {collapse!r}: choose True, False or 'neurons'")
    if rankdir not in SIDES:
        raise ValueError(f"unknown rankdir {rankdir!r}: choose one of {', '.join(SIDES)}")
    try:
        (0.5).__format__(format)
    except (ValueError, TypeError):
        raise ValueError(f"{format!r} is not a format for floats: write one such as '.4g' or '.2f'") from None
    given = _named_values(labels)
    gradients: Callable[[Value], float | None] = _grad_of
    if expand:
        output, gradients = _expanded(output)
    order = graph.topological_order(output)
    style = Style(Names(order, given), format, local_grads, gradients, given)
    unfolded = None
    if rankdir == "LR" and len(order) <= _UNFOLDED:
        unfolded = Unfolded(output, style.as_of_now(order), _OPENED[collapse])
    diagram = Diagram(output, style, collapse)
    return compose(diagram, rankdir=rankdir, max_nodes=max_nodes, engine=engine, unfolded=unfolded)


_UNFOLDED = 2_000  # nodes at most of a page in which layers open and close
_OPENED: "dict[Collapse, Literal['some', 'layers', 'nothing']]" = {
    False: "some",
    "neurons": "layers",
    True: "nothing",
}


def _grad_of(node: Value) -> float | None:
    return node.grad


def _expanded(output: Value) -> tuple[Value, Callable[[Value], float | None]]:
    """The graph of primitives, and its gradients: no backward pass has been through its new nodes."""
    from ..engine.expand import expand

    seed, expanded = output.grad, expand(output)
    if seed is None:
        return expanded, _grad_of
    order = graph.topological_order(expanded)
    total = graph.gradients(expanded, [n for n in order if n.requires_grad and not n.parents], seed)
    return expanded, lambda node: total.get(node, 0.0) if node.parents and node.requires_grad else node.grad


def _named_values(labels: Mapping[str, Any] | None) -> dict[Value, str]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise TypeError(f"labels must be a dict of names and Values, such as locals(), got {type(labels).__name__}")
    names: dict[Value, str] = {}
    for name, thing in list(labels.items()):
        if isinstance(name, str) and not name.startswith("_"):
            for place, value in _values_in(name, thing):
                names.setdefault(value, place)
    return names


def _values_in(name: str, thing: Any) -> Iterator[tuple[str, Value]]:
    """The Values in `thing`, a Value or lists of them up to three deep, with their names."""
    todo = [(name, thing, 3)]
    while todo:
        name, thing, deeper = todo.pop()
        if isinstance(thing, Value):
            yield name, thing
        elif deeper and isinstance(thing, (list, tuple)):
            todo += [(f"{name}[{k}]", item, deeper - 1) for k, item in reversed(list(enumerate(thing)))]


def value_svg(value: Value) -> str | None:
    """The picture for a notebook; nothing where the graph is too large or no engine works: its text is shown then."""
    from .layout import LayoutError

    if not _has_at_most(value, _NODES):
        return None
    try:
        return draw(value)._repr_svg_()
    except LayoutError:
        return None


def _has_at_most(output: Value, limit: int) -> bool:
    """Whether the graph has at most `limit` nodes and edges, without walking further than that."""
    seen = {output}
    stack = [output]
    edges = 0
    while stack and len(seen) <= limit and edges <= limit:
        parents = stack.pop().parents
        edges += len(parents)
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen) <= limit and edges <= limit
