"""The picture of a page: the elements of the SVG that a layout engine wrote, and the parts of it that open and close.

What the style sheet says, and what only a separate file needs, is left out; texts that change get a class.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ..engine.value import Value
from .board import BOX_WORDS
from .diagram import Diagram
from .dot import MUTED, OLD, dot_source
from .folding import Folds
from .layout import lay_out

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MARGIN = 28.0  # around the picture, for the marks of the current step
_NONE: Mapping[str, Any] = {}


def picture(
    diagram: Diagram,
    folds: Folds,
    label: str,
    *,
    old: Collection[Value] = (),
    grads: Mapping[Value, float | None] | None = None,
    engine: str | None = None,
) -> str:
    """The picture of a diagram as elements of a page, called `label` by a screen reader.

    Of a graph with parts it has every box once, at any place: the script places them.

    Arguments:
        old: the nodes whose gradient is from an earlier pass, whose boxes have space to say so.
        grads: the gradients to write, where they are others than those for which space was made.
        engine: that of `lay_out`.
    """
    boxes, arrows, groups = diagram.describe()
    names = {diagram.box_name(node) for node in old}
    boxes = [box._replace(reserved_name=OLD) if box.name in names else box for box in boxes]
    if folds:
        boxes, arrows, groups = [box._replace(group=None) for box in boxes] + folds.boxes(), [], []
    svg = lay_out(dot_source(boxes, arrows, groups, "LR"), "svg", engine)
    written = {diagram.box_name(node): diagram.style.number(grad) for node, grad in (grads or {}).items()}
    rows = {
        name: [(diagram.position[node], node.operation is not None, word) for node, word in shown]
        for name, shown in folds.shown().items()
    }
    return cleaned(svg, label, written, rows)


def parts_data(folds: Folds) -> dict[str, Any]:
    """What the script needs to place the boxes: the parts, and of each node its part and its operands."""
    diagram = folds.diagram
    arrows = iter(diagram.describe()[1])  # in the order of the operands
    nodes = [
        {
            "name": diagram.style.names.get(node, ""),
            "constant": node.operation is None,
            "part": folds.part_of(node),
            "operands": [[diagram.position[parent], next(arrows).label] for parent in node.parents],
        }
        for node in diagram.order
    ]
    return {"parts": folds.data(), "nodes": nodes}


Row = tuple[int, bool, str]


def cleaned(svg: bytes, label: str, grads: Mapping[str, str] = _NONE, rows: Mapping[str, list[Row]] = _NONE) -> str:
    """The SVG without what the style sheet says and what only a separate file needs; its parts get classes.

    `grads` is what to write as the gradient of a box. `rows` are those at the end of closed layers and neurons: the
    number of the node that each shows, whether it has a gradient, and the word of `BOX_WORDS` by which it is called.
    """
    import re
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg)  # noqa: S314 (written by our own layout engine)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key: re.sub(r"-?\d+\.\d+", lambda x: f"{round(float(x[0]), 1):g}", value) if key in _COORDINATES else value
            for key, value in element.attrib.items()
            if key != "font-family" and (key, value) not in _USUAL and not key.startswith("{")
        }
        element.text = element.text if element.tag == "text" else None
        element.tail = None
    for group in root.iter("g"):
        group[:] = [part for part in _unwrapped(group) if part.tag != "title"]
        if group.get("class") == "node":
            texts = [part for part in group if part.tag == "text"]
            _name_words(texts)
            if group.get("id", "") in rows:
                _name_rows(texts, rows[group.attrib["id"]])
            else:
                _name_numbers(texts, grads.get(group.get("id", "")))
        elif group.get("class") == "edge":
            _clean_edge(group)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    box = (left - _MARGIN, top - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN)
    shape = {"class": "graph", "viewBox": " ".join(f"{x:g}" for x in box), "role": "group", "aria-label": label}
    root.attrib = shape | dict(_USUAL)
    return ElementTree.tostring(root, encoding="unicode")


def _name_words(texts: list["Element"]) -> None:
    """Mark the texts that are said in another language too: small and muted ones, such as "data" before a number."""
    for text in texts:
        if text.get("fill") == MUTED and text.text in (*BOX_WORDS, "data"):
            text.set("data-word", text.text)


def _name_numbers(texts: list["Element"], grad: str | None) -> None:
    """Mark the data and the gradient at the end of a box, each after its name; a constant has one text alone."""
    values = texts if len(texts) == 1 else texts[-3::2]
    for text, kind in zip(values, ("data", "grad"), strict=False):
        text.set("class", kind)
        if kind == "grad" and grad is not None:
            text.text = grad


def _name_rows(texts: list["Element"], rows: list[Row]) -> None:
    """Say in each text of a number which node it belongs to; before the numbers of each row is its name."""
    if rows and texts[-2].text == "grad":  # each number has a name before it
        texts = [*texts[:-4], texts[-2], texts[-3], texts[-1]]
    for node, has_gradient, word in reversed(rows):
        for kind in ("grad", "data") if has_gradient else ("data",):
            text = texts.pop()
            text.set("class", kind)
            text.set("data-node", str(node))
        name = texts.pop()
        if word:
            name.set("data-word", word)
            name.set("data-of", (name.text or "").removeprefix(word.partition("{")[0]))


_USUAL = {"text-anchor": "start", "font-size": "16.00", "stroke-width": "1.6"}.items()  # and inherited
_COORDINATES = {"d", "points", "x", "y", "cx", "cy", "font-size"}


def _clean_edge(group: "Element") -> None:
    """The style sheet says how an arrow looks; the ground of its label becomes a plain rectangle."""
    coloured = group[0].get("stroke") != "#808080"
    for part in group:
        for name in ("stroke-width",) if coloured else ("fill", "stroke", "stroke-width"):
            if part.tag != "text" and part.get("stroke") != "none":
                part.attrib.pop(name, None)
        if part.get("stroke") == "none":
            numbers = [tuple(map(float, point.split(","))) for point in part.attrib["d"][1:].replace("C", " ").split()]
            left, top = map(min, zip(*numbers, strict=True))
            right, bottom = map(max, zip(*numbers, strict=True))
            part.tag = "rect"
            box = {"x": left, "y": top, "width": right - left, "height": bottom - top}
            part.attrib = {name: f"{x:.5g}" for name, x in box.items()}
    group[0].set("class", "line")
    if coloured:
        group.set("class", "edge coloured")


def _unwrapped(group: "Element") -> list["Element"]:
    """The children of `group`, those of its tooltip in place of the tooltip."""
    children: list[Element] = []
    for part in group:
        if part.tag == "g" and part.get("id", "").startswith("a_"):
            children += part[0]
        else:
            children.append(part)
    return children
