"""How a picture looks: contrast on any ground, shapes by role, texts within their boxes."""

import re
import xml.etree.ElementTree as ET

import pytest

from autograd import Value, draw, scope, total
from autograd.engine.backward import topological_order
from tests.drawing.graphs import SVG, Picture, layer


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.1)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def every_role():
    x = Value(2.0, "x")
    with scope("layer"):
        y = Value(3.0, "w") * x
    return (y - 1).exp()


def test_text_reads_on_its_ground_and_lines_on_white_and_black():
    root = ET.fromstring(draw(every_role()).svg)
    grounds = {"node": 0, "edge": 0, "cluster": 0}
    for group in root.iter(f"{SVG}g"):
        kind = group.get("class")
        if kind not in grounds:
            continue
        ground = None
        for element in group.iter():
            fill = element.get("fill", "none")
            if element.tag == f"{SVG}text":
                assert ground is not None  # whatever the page behind the picture
                assert contrast(fill, ground) >= 4.5
                grounds[kind] += 1
            elif fill.startswith("#"):
                ground = fill
            if kind == "edge" and element.tag == f"{SVG}path" and element.get("fill") == "none":
                assert min(contrast(element.get("stroke"), page) for page in ("#ffffff", "#000000", "#1e1e1e")) >= 3
    assert all(grounds.values())
    assert 'fill="white"' not in draw(every_role()).svg.split("<g ", 2)[1]  # no page of its own


def test_roles_differ_in_shape():
    picture = Picture(draw(every_role()))
    shapes = {}
    for name, element in picture.elements["node"].items():
        outline = [
            e for e in element.iter() if e.tag in (f"{SVG}path", f"{SVG}polygon", f"{SVG}ellipse", f"{SVG}polyline")
        ]
        shapes[picture.nodes[name][0]] = [
            (e.tag.removeprefix(SVG), len(e.get("d", e.get("points", "")).split())) for e in outline
        ]
    assert set(shapes) == {"x", "w", "*", "1", "-", "exp"}
    assert shapes["*"] == shapes["-"]
    assert len({str(shapes[k]) for k in ("x", "w", "*", "1", "exp")}) == 5


def extent(element):
    """The rectangle round the filled shapes of an element: left, top, right, bottom."""
    across, down = [], []
    for e in element.iter():
        if e.tag == f"{SVG}ellipse":
            cx, cy, rx, ry = (float(e.get(k)) for k in ("cx", "cy", "rx", "ry"))
            across += [cx - rx, cx + rx]
            down += [cy - ry, cy + ry]
        elif e.get("fill") != "none":
            numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", e.get("points", e.get("d", "")))]
            across += numbers[::2]
            down += numbers[1::2]
    return min(across), min(down), max(across), max(down)


@pytest.mark.parametrize("label", ["x", "W" * 12, "中文标签测试一下", "ΩΨШЩ", "mmmmmmmmmmmm", "i"])
def test_text_stays_within_its_box(label):
    from matplotlib.textpath import TextPath

    y = Value(-0.123456, label) * Value(-1234.5, label)
    y.label = label
    y.backward()
    picture = Picture(draw(y))
    for element in picture.elements["node"].values():
        left, top, right, bottom = extent(element)
        for text in element.iter(f"{SVG}text"):
            size, x, baseline = (float(text.get(k)) for k in ("font-size", "x", "y"))
            wide = [c for c in text.text if c > "\u2fff"]  # a square each; for the rest the width in DejaVu Sans
            narrow = text.text.translate({ord(c): None for c in wide})
            width = len(wide) * size + (TextPath((0, 0), narrow, size=size).get_extents().x1 if narrow.strip() else 0)
            assert left <= x
            assert x + width <= right + 1
            assert top <= baseline - 0.7 * size
            assert baseline <= bottom


def test_boxes_and_labels_do_not_overlap():
    xs = [Value(k / 3, f"x{k}") for k in range(3)]
    hidden = layer("layer 1", 3)(xs)
    (out,) = layer("layer 2", 2, 1)(hidden)
    picture = Picture(draw((out - 0.25) ** 2))
    boxes = [extent(e) for e in picture.elements["node"].values()]
    boxes += [extent(e) for e in pills(picture)]
    for k, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:k]:
            assert right <= other[0] + 1 or other[2] <= left + 1 or bottom <= other[1] + 1 or other[3] <= top + 1


def pills(picture):
    """The grounds of the edges' labels."""
    for element in picture.elements["edge"].values():
        for path in element.iter(f"{SVG}path"):
            if path.get("fill") != "none":
                yield path


@pytest.mark.parametrize("label", ["x", "a label of 28 characters ...", "权重权重权重权重权重"])
def test_numbers_are_beside_their_names_also_below_a_long_label(label):
    picture = Picture(draw(Value(1.5, label) * 2))
    texts = {t.text: t for t in picture.elements["node"]["node0"].iter(f"{SVG}text")}
    for name, number in (("data", "1.5"), ("grad", "–")):
        distance = float(texts[number].get("x")) - float(texts[name].get("x"))
        assert 20 < distance < 60


def strokes(picture):
    """The colour of each arrow's line."""
    return {
        name: next(e.get("stroke") for e in element.iter(f"{SVG}path") if e.get("fill") == "none")
        for name, element in picture.elements["edge"].items()
    }


def test_the_arrows_of_a_box_with_many_differ_in_colour():
    xs = [Value(1.0, "x0"), Value(2.0, "x1")]
    picture = Picture(draw(total(layer("layer", 2, 4)(xs))))
    order = topological_order(total(layer("layer", 2, 4)(xs)))
    shared = {f"edge{k}_{j}" for k, node in enumerate(order) for j, p in enumerate(node.parents) if p in xs}
    colours = strokes(picture)
    assert len(shared) == 8
    assert len({colours[name] for name in shared}) == 8
    assert {colour for name, colour in colours.items() if name not in shared} == {"#808080"}
    for name in shared:
        (label,) = picture.elements["edge"][name].iter(f"{SVG}text")
        assert label.get("fill") == colours[name]
        assert contrast(colours[name], "#f8fafc") >= 4.5
        assert min(contrast(colours[name], page) for page in ("#ffffff", "#000000", "#1e1e1e")) >= 3


def test_letters_are_large_enough():
    for text in ET.fromstring(draw(every_role()).svg).iter(f"{SVG}text"):
        assert float(text.get("font-size")) >= 13


def test_the_label_of_an_arrow_is_in_the_middle_of_its_ground():
    x = Value(2.0, "x")
    picture = Picture(draw(x * Value(3.0, "y")))
    for name in ("edge2_0", "edge2_1"):
        *_, ground, text = picture.elements["edge"][name]
        assert ground.get("fill") == "#f8fafc"
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", ground.get("d"))][::2]
        assert text.get("text-anchor") == "middle"
        assert abs(float(text.get("x")) - (min(numbers) + max(numbers)) / 2) < 0.1
