"""The picture of a graph: what stands in it, that it says the truth, and that it appears wherever it is asked for."""

import os
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, dot, draw, expand, no_grad, scope, sigmoid, tanh, total
from autograd.drawing.dot import SIDES
from autograd.drawing.layout import LayoutError
from autograd.engine.backward import topological_order
from autograd.engine.value import constant

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"


class Picture:
    """The texts of an SVG picture by the ids of its nodes, edges and frames."""

    def __init__(self, drawing):
        self.root = ET.fromstring(drawing.svg)
        self.elements = {k: self.find(k) for k in ("node", "edge", "cluster")}
        self.nodes, self.edges, self.frames = (
            {name: [t.text for t in e.iter(f"{SVG}text")] for name, e in elements.items()}
            for elements in self.elements.values()
        )

    def find(self, kind):
        return {e.get("id"): e for e in self.root.iter(f"{SVG}g") if e.get("class") == kind}

    def tip(self, name):
        """The tooltip of a node or an edge."""
        for elements in self.elements.values():
            if name in elements:
                return next(e.get(TITLE) for e in elements[name].iter() if e.get(TITLE) is not None)
        raise KeyError(name)

    def arrowhead(self, name):
        """The point of an arrow, with y growing downwards."""
        arrow = self.elements["edge"][name].find(f".//{SVG}polygon").get("points").split()
        return tuple(map(float, arrow[1].split(",")))


def gates():
    """(x + y) * z at -2, 5, -4."""
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def layer(name, inputs, n_outputs=2):
    """A layer by hand: parameters made in scopes of one name, calculated with in others; returns it as a function."""
    weights = []
    with scope(name):
        for k in range(n_outputs):
            with scope(f"neuron {k}"):
                weights.append(([Value(0.1 * (j + k), f"w{j}") for j in range(inputs)], Value(0.0, "b")))

    def call(xs):
        out = []
        with scope(name):
            for k, (w, b) in enumerate(weights):
                with scope(f"neuron {k}"):
                    out.append(tanh(dot(w, xs, b)))
        return out

    return call


# What is drawn


def test_one_box_a_node_and_one_arrow_an_operand():
    f = gates()
    f.backward()
    picture = Picture(draw(f))
    assert picture.nodes == {
        "node0": ["x", "data", "-2", "grad", "-4"],
        "node1": ["y", "data", "5", "grad", "-4"],
        "node2": ["+", "q", "data", "3", "grad", "-4"],
        "node3": ["z", "data", "-4", "grad", "3"],
        "node4": ["*", "f", "data", "-12", "grad", "1"],
    }
    assert list(picture.nodes) == [f"node{k}" for k in range(5)]
    assert picture.edges == {
        "edge2_0": ["∂q/∂x = 1"],
        "edge2_1": ["∂q/∂y = 1"],
        "edge4_0": ["∂f/∂q = z = -4"],
        "edge4_1": ["∂f/∂z = q = 3"],
    }


def test_node_names_are_positions_in_topological_order():
    f = gates()
    picture = Picture(draw(f))
    for k, node in enumerate(topological_order(f)):
        assert node.label in picture.nodes[f"node{k}"]


def test_both_edges_of_a_square_are_drawn():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    y.backward()
    picture = Picture(draw(y))
    assert len(picture.nodes) == 2
    assert picture.edges == {"edge1_0": ["3"], "edge1_1": ["3"]}  # each a half of ∂y/∂x = 6, so neither is called that


def test_equal_values_are_never_merged():
    picture = Picture(draw(Value(1.0) * 2 + Value(1.0) * 2))
    assert len(picture.nodes) == 7
    assert sum(texts == ["2"] for texts in picture.nodes.values()) == 2


def test_a_node_used_twice_is_drawn_once():
    x = Value(1.0, "x")
    y = x.exp()
    assert len(Picture(draw(y * y + y)).nodes) == 4


@pytest.mark.parametrize("rankdir", SIDES)
def test_operand_order_is_visible_in_every_direction(rankdir):
    along = 1 if rankdir in ("LR", "RL") else 0
    a, b = Value(3.0, "a"), Value(4.0, "b")
    for f in (a - b, b - a, a / b, b / a, a**b, dot([a, b], [b, a], a)):
        picture = Picture(draw(f, rankdir=rankdir))
        position = len(topological_order(f)) - 1
        heads = [picture.arrowhead(f"edge{position}_{k}")[along] for k in range(len(f.parents))]
        assert heads == sorted(heads)
        assert len(set(heads)) == len(heads)


def test_arrows_lead_from_operand_to_result():
    f = gates()
    edges = re.findall(r"(node\d+):\w+ -> (node\d+):operand(\d)", draw(f).dot)
    order = topological_order(f)
    assert edges == [
        (f"node{order.index(p)}", f"node{k}", str(j))
        for k, node in enumerate(order)
        for j, p in enumerate(node.parents)
    ]


def test_a_constant_is_its_number_only():
    x = Value(3.0, "x")
    y = 2 * x
    y.backward()
    picture = Picture(draw(y))
    assert picture.nodes["node0"] == ["2"]
    assert picture.edges["edge2_0"] == []  # no gradient flows, so there is no local derivative to multiply with
    assert picture.edges["edge2_1"] == ["2"]
    assert "constant" in picture.tip("node0")


def test_a_detached_or_unrecorded_result_is_a_constant():
    x = Value(3.0, "x")
    with no_grad():
        y = x * 2
    assert Picture(draw(y)).nodes == {"node0": ["6"]}
    y = (x * 2).detach() * x
    assert Picture(draw(y)).nodes["node0"] == ["6"]


def test_a_gradient_that_was_not_computed_is_a_dash_and_not_0():
    x = Value(3.0, "x")
    y = x * 0.0
    assert Picture(draw(y)).nodes["node0"] == ["x", "data", "3", "grad", "–"]
    y.backward()
    assert Picture(draw(y)).nodes["node0"] == ["x", "data", "3", "grad", "0"]


def test_drawing_changes_nothing():
    f = gates()
    f.backward()
    before = [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(f)]
    for options in ({}, {"expand": True}, {"collapse": True}, {"labels": {"anything": f}}):
        draw(f, **options)
    assert [(n.data, n.grad, n.label, n.parents, n.local_grads) for n in topological_order(f)] == before


def test_a_drawing_keeps_the_numbers_of_its_moment():
    f = gates()
    drawing = draw(f)
    f.backward()
    assert "–" in drawing.svg


def test_a_single_leaf_is_a_picture():
    assert Picture(draw(Value(1.5, "x"))).nodes == {"node0": ["x", "data", "1.5", "grad", "–"]}


def test_infinite_numbers_are_drawn():
    x = Value(0.0, "x")
    picture = Picture(draw(x.sqrt() + float("inf")))
    assert picture.edges["edge1_0"] == ["inf"]
    assert ["inf"] in picture.nodes.values()


def test_a_kink_shows_the_side_taken():
    x = Value(-2.0, "x")
    y = x.relu()
    y.label = "y"
    assert Picture(draw(y)).edges == {"edge1_0": ["∂y/∂x = 0"]}


def test_the_recorded_derivative_is_drawn_also_when_data_was_changed():
    x = Value(3.0, "x")
    y = x**2
    y.label = "y"
    assert Picture(draw(y)).edges["edge2_0"] == ["∂y/∂x = 2·x = 6"]
    x.data = 5.0
    assert Picture(draw(y)).edges["edge2_0"] == ["∂y/∂x = 6"]  # 2·x is 10 by now


# Options


def test_labels_name_values_without_a_label_of_their_own():
    first, second, named = Value(1.0), Value(2.0), Value(3.0, "own")
    w = [Value(4.0), [Value(5.0)]]
    _hidden = Value(6.0)
    out = total([first, second, named, *w[:1], *w[1], _hidden])
    picture = Picture(draw(out, labels=locals()))
    titles = [texts[0] for texts in picture.nodes.values()]
    assert titles == ["first", "second", "own", "w[0]", "w[1][0]", "data", "total"]
    assert picture.nodes["node6"][1] == "out"


def test_labels_must_be_a_dict():
    with pytest.raises(TypeError, match=r"locals\(\)"):
        draw(Value(1.0), labels=["x"])


def test_labels_that_contain_themselves_end():
    loop = [Value(1.0)]
    loop.append(loop)
    assert "loop[0]" in draw(loop[0], labels=locals()).dot


def test_format_of_numbers():
    f = gates()
    f.backward()
    picture = Picture(draw(f, format=".2f"))
    assert picture.nodes["node4"][-3:] == ["-12.00", "grad", "1.00"]
    assert picture.edges["edge4_0"] == ["∂f/∂q = z = -4.00"]
    with pytest.raises(ValueError, match=r"'%d' is not a format"):
        draw(f, format="%d")


def test_local_derivatives_can_be_left_out():
    assert set(map(tuple, Picture(draw(gates(), local_grads=False)).edges.values())) == {()}


@pytest.mark.parametrize("option", [{"rankdir": "up"}, {"engine": "neato"}, {"format": "4q"}, {"format": 3}])
def test_unknown_options_are_refused(option):
    (value,) = option.values()
    with pytest.raises(ValueError, match=repr(value)):
        draw(gates(), **option)


def test_a_plain_number_cannot_be_drawn():
    with pytest.raises(TypeError, match=r"float 3\.0"):
        draw(3.0)


def test_expand_draws_the_primitives_with_the_same_gradients():
    w, x = Value(2.0, "w"), Value(-1.0, "x")
    f = sigmoid(w * x)
    f.backward()
    fused, written = Picture(draw(f)), Picture(draw(f, expand=True))
    assert fused.nodes["node3"][0] == "sigmoid"
    assert [texts[0] for texts in written.nodes.values() if not texts[0].isdecimal()] == [
        "w",
        "x",
        "*",
        "neg",
        "exp",
        "+",
        "/",
    ]
    assert [t for t in written.nodes.values() if t[0] == "w"] == [t for t in fused.nodes.values() if t[0] == "w"]
    again = expand(f)
    again.backward()  # what a backward pass through the primitives gives, inner nodes included
    inner = [format(node.grad, ".4g") for node in topological_order(again) if node.parents]
    assert [texts[-1] for texts in written.nodes.values() if texts[0] in ["*", "neg", "exp", "+", "/"]] == inner


def test_expand_without_a_gradient_shows_none():
    f = sigmoid(Value(1.0, "x"))
    assert {texts[-1] for texts in Picture(draw(f, expand=True)).nodes.values() if "grad" in texts} == {"–"}


# Scopes


def test_scopes_are_frames():
    x = Value(1.0, "x")
    picture = Picture(draw(total(layer("layer 1", 1)([x]))))
    assert picture.frames == {"scope0": ["layer 1"], "scope1": ["neuron 0"], "scope2": ["neuron 1"]}


def test_parameters_are_told_from_inputs():
    picture = Picture(draw(total(layer("layer", 1)([Value(1.0, "x")]))))
    tips = {texts[0]: picture.tip(name) for name, texts in picture.nodes.items()}
    assert "input" in tips["x"]
    assert "parameter" in tips["w0"]
    assert "layer/neuron" in tips["w0"]


def test_collapse_draws_a_layer_as_one_box():
    xs = [Value(1.0, "x1"), Value(2.0, "x2")]
    first, second = layer("layer 1", 2, 3), layer("layer 2", 3, 1)
    loss = (second(first(xs))[0] - 1.0) ** 2
    loss.backward()
    picture = Picture(draw(loss, collapse=True))
    boxes = {texts[0]: texts for texts in picture.nodes.values()}
    assert boxes["layer 1"] == ["layer 1", "operations", "6", "parameters", "9", "outputs", "3"]
    assert boxes["layer 2"][:5] == ["layer 2", "operations", "2", "parameters", "4"]
    output = loss.parents[0].parents[0]
    assert boxes["layer 2"][5:] == ["data", f"{output.data:.4g}", "grad", f"{output.grad:.4g}"]
    assert ["3 values"] in picture.edges.values()
    assert len(picture.nodes) == 2 + 2 + 2 + 2  # inputs, layers, constants, operations after them


def test_collapse_of_one_scope_draws_what_is_within_it():
    neurons = Picture(draw(total(layer("layer", 1)([Value(1.0, "x")])), collapse=True))
    assert neurons.frames == {"scope0": ["layer"]}
    assert {"neuron 0", "neuron 1"} < {texts[0] for texts in neurons.nodes.values()}
    with scope("neuron"):
        y = (Value(1.0) * Value(2.0)).tanh()
    assert Picture(draw(y, collapse=True)).nodes["scope0"][:5] == ["neuron", "operations", "2", "parameters", "2"]


def test_two_calls_of_one_layer_are_two_boxes_beside_their_parameters():
    call = layer("layer", 1)
    out = total(call([Value(1.0, "a")]) + call([Value(2.0, "b")]))
    picture = Picture(draw(out, collapse=True))
    boxes = [texts for texts in picture.nodes.values() if texts[0] == "layer"]
    assert sorted(map(len, boxes)) == [3, 5, 5]
    assert ["layer", "parameters", "4"] in boxes
    assert sum(texts == ["4 values"] for texts in picture.edges.values()) == 2


def test_layers_of_one_name_stay_apart():
    x = Value(1.0, "x")
    out = total(layer("layer", 1)([x]) + layer("layer", 1)([x]))
    boxes = [texts for texts in Picture(draw(out, collapse=True)).nodes.values() if texts[0] == "layer"]
    assert boxes == [["layer", "operations", "4", "parameters", "4", "outputs", "2"]] * 2


def test_collapse_without_scopes_draws_everything():
    assert draw(gates(), collapse=True).dot == draw(gates()).dot


def test_scopes_nested_ever_deeper_need_no_recursion():
    scopes = [scope(f"s{k}") for k in range(3000)]
    for s in scopes:
        s.__enter__()
    y = Value(1.0) * Value(2.0)
    for s in reversed(scopes):
        s.__exit__()
    assert len(Picture(draw(y)).nodes) == 3
    assert len(Picture(draw(y, collapse=True)).nodes) == 1


# Truth in every label

HOSTILE = [
    "<b>&\"'|{}",
    "<b>&\"'|{}\\n",
    "中文标签",
    "a\\nb\\",
    r"\N \G \E \L \T",
    "&lt;&amp;&#92;",
    "<",
    "]]>",
    "<!-- -->",
    "label=x];",
    "//",
    "{x|y}",
    "σ∂→😀",
    "node",
    "two  blanks",
]


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_draw_as_themselves(label):
    x, y = Value(1.0, label), Value(2.0, "y")
    with scope(label):
        z = x * y
    picture = Picture(draw(z))
    assert picture.nodes["node0"][0].replace("\N{NO-BREAK SPACE}", " ") == label
    assert picture.tip("node0").replace("\N{NO-BREAK SPACE}", " ").startswith(f"{label}, input")
    assert picture.frames["scope0"][0].replace("\N{NO-BREAK SPACE}", " ") == label
    assert len(picture.nodes) == 3
    assert picture.nodes["node1"][0] == "y"
    collapsed = Picture(draw(z, collapse=True))
    assert collapsed.nodes["scope0"][0].replace("\N{NO-BREAK SPACE}", " ") == label


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=12))
def test_any_label_gives_a_picture(label):
    x, y = Value(1.0, label), Value(2.0, "y")
    z = x * y
    z.label = label
    picture = Picture(draw(z))
    assert list(map(len, picture.edges.values())) == [1, 1]
    assert picture.nodes["node1"] == ["y", "data", "2", "grad", "–"]


def test_lines_stay_lines_and_control_characters_are_written_out():
    assert Picture(draw(Value(1.0, "two\nlines"))).nodes["node0"][:2] == ["two", "lines"]
    assert Picture(draw(Value(1.0, "\x00\x1b\ud800"))).nodes["node0"][0] == r"\x00\x1b\ud800"


def test_a_long_label_is_cut_and_whole_in_the_tooltip():
    for label in ("x" * 100, "长" * 100, "x\n" * 50):
        picture = Picture(draw(Value(1.0, label)))
        shown = picture.nodes["node0"]
        assert any(text.endswith("…") for text in shown)
        assert sum(map(len, shown)) < 50
        assert picture.tip("node0").count(label[0]) >= 50


def test_labels_repeat_no_group_name():
    with scope("layer"), scope("neuron"):
        y = Value(1.0, "layer.neuron.w") * Value(2.0, "other.w")
    picture = Picture(draw(y))
    assert [texts[0] for texts in picture.nodes.values()] == ["w", "other.w", "*"]
    assert picture.tip("node0").startswith("layer.neuron.w,")


# The look


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


# The same graph, the same text


def test_the_same_graph_gives_the_same_text():
    assert draw(gates()).dot == draw(gates()).dot
    f = gates()
    assert draw(f).svg == draw(f).svg
    assert f"{id(f)}" not in draw(f).dot + draw(f).svg


def test_a_copied_graph_gives_the_same_text():
    f = gates()
    f.backward()
    assert draw(pickle.loads(pickle.dumps(f))).dot == draw(f).dot


def test_other_processes_give_the_same_text():
    code = (
        "from autograd import Value, draw, scope\n"
        "with scope('a'): w = [Value(k, f'w{k}') for k in range(5)]\n"
        "with scope('b'): y = sum(w) * w[0] * w[2]\n"
        "print(draw(y, labels=locals()).svg + draw(y, collapse=True).svg)"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(texts) == 1


def test_threads_draw_at_once():
    pictures = [gates() for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda f: draw(f).svg, pictures))) == 1


# Large graphs


def chain(n):
    x = Value(0.5, "x")
    for _ in range(n):
        x = x.tanh()
    return x


def test_too_many_nodes_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"501 nodes.*max_nodes=500.*collapse=True.*larger max_nodes"):
        draw(chain(500))
    assert draw(chain(499)).dot.count("tooltip") == 500 + 499
    assert draw(chain(500), max_nodes=501).dot


def test_collapsing_brings_a_graph_below_the_limit():
    with scope("deep"):
        y = chain(1000)
    assert len(Picture(draw(y * 2, collapse=True)).nodes) == 3


def test_a_chain_of_a_hundred_thousand_nodes_needs_no_recursion():
    y = chain(100_000)
    with pytest.raises(ValueError, match="100001 nodes"):
        draw(y)
    assert y._repr_svg_() is None
    with scope("deep"):
        y = chain(100_000)
    assert len(Picture(draw(y, collapse=True)).nodes) == 1


# Layout engines


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    """A machine on which nobody installed Graphviz; returns the only folder on its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def without_bundled_engine(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)


def install_dot(folder, script):
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_picture_needs_no_dot_on_the_path(no_dot):
    assert len(Picture(draw(gates())).nodes) == 5


def test_the_system_dot_takes_over(no_dot, monkeypatch):
    without_bundled_engine(monkeypatch)
    install_dot(no_dot, "echo '<svg>system</svg>'")
    assert "system" in draw(gates()).svg


def test_an_engine_that_fails_is_replaced(no_dot, monkeypatch):
    install_dot(no_dot, "echo '<svg>system</svg>'")
    monkeypatch.setattr("autograd.drawing.layout._bundled_program", lambda: str(no_dot / "missing"))
    assert "system" in draw(gates()).svg


def test_the_engine_can_be_chosen(no_dot):
    install_dot(no_dot, "echo '<svg>system</svg>'")
    assert "system" in draw(gates(), engine="system").svg
    assert "system" not in draw(gates(), engine="bundled").svg
    assert "system" not in draw(gates()).svg


def test_without_an_engine_the_error_hands_over_the_text(no_dot, monkeypatch):
    without_bundled_engine(monkeypatch)
    drawing = draw(gates())
    with pytest.raises(LayoutError, match=r"pip install graphviz-pure.*PATH.*\.dot") as error:
        _ = drawing.svg
    assert error.value.dot == drawing.dot
    assert drawing.dot.startswith("digraph")
    drawing.save(no_dot / "graph.dot")
    assert (no_dot / "graph.dot").read_text(encoding="utf-8") == drawing.dot


def test_the_reason_of_a_failing_engine_is_told(no_dot):
    install_dot(no_dot, "echo 'out of paper' >&2; exit 3")
    with pytest.raises(LayoutError, match="status 3: out of paper"):
        _ = draw(gates(), engine="system").svg


# Files

MAGIC = {
    "svg": b"<?xml",
    "dot": b"digraph",
    "png": b"\x89PNG\r\n\x1a\n",
    "pdf": b"%PDF-1.",
    "html": b"<!doctype html>",
}


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_suffix_chooses_the_format(suffix, no_dot):
    drawing = draw(gates())
    for path in (no_dot / f"graph.{suffix}", str(no_dot / f"GRAPH.{suffix.upper()}")):
        drawing.save(path)
        with open(path, "rb") as file:
            assert file.read().startswith(MAGIC[suffix])
    assert len(os.listdir(no_dot)) == 2


def test_a_pdf_without_system_dot_is_one_page_with_the_picture(no_dot):
    draw(gates()).save(no_dot / "graph.pdf")
    pdf = (no_dot / "graph.pdf").read_bytes()
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[1])
    assert pdf[start:].startswith(b"xref\n0 6\n")
    offsets = [int(entry[:10]) for entry in pdf[start:].splitlines()[3:8]]
    for k, offset in enumerate(offsets, 1):
        assert pdf[offset:].startswith(b"%d 0 obj" % k)
    size = re.search(rb"/Width (\d+) /Height (\d+)", pdf)
    page = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    for pixels, points in zip(size.groups(), page.groups(), strict=True):
        assert float(points) == pytest.approx(int(pixels) * 72 / 300, abs=0.01)
    width, height = re.search(r'svg width="(\d+)pt" height="(\d+)pt"', draw(gates()).svg).groups()
    assert float(page[1]) == pytest.approx(float(width), abs=2)
    assert float(page[2]) == pytest.approx(float(height), abs=2)


def test_the_page_holds_the_picture_and_needs_no_network(tmp_path):
    drawing = draw(gates())
    drawing.save(tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert "<?xml" not in page
    assert not re.search(r'(src|href)="', page)


def test_an_image_with_letters_that_the_engine_lacks_says_so(no_dot):
    with pytest.warns(UserWarning, match=r"'中'.*\.svg"):
        draw(Value(1.0, "中")).save(no_dot / "graph.png")
    install_dot(no_dot, "echo system")
    draw(Value(1.0, "中")).save(no_dot / "graph.png")
    assert (no_dot / "graph.png").read_text() == "system\n"
    draw(Value(1.0, "Größe β")).save(no_dot / "graph.png")
    assert (no_dot / "graph.png").read_bytes().startswith(MAGIC["png"])


@pytest.mark.parametrize("name", ["graph.gif", "graph", "graph.svg.gz", ".svg"])
def test_another_suffix_is_an_error_that_names_those_there_are(name, tmp_path):
    with pytest.raises(ValueError, match=rf"'{re.escape(name)}'.*\.svg, \.dot, \.png, \.pdf, \.html"):
        draw(gates()).save(tmp_path / name)
    assert not os.listdir(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path):
    drawing = draw(gates())
    with pytest.raises(FileNotFoundError, match=r"missing.graph\.dot"):
        drawing.save(tmp_path / "missing" / "graph.dot")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(OSError, match=r"cannot be written.*folder\.dot"):
        drawing.save(tmp_path / "folder.dot")
    assert os.listdir(tmp_path) == ["folder.dot"]


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("图" * 83 + ".dot")  # 253 bytes; the name of a file may have 255
    draw(gates()).save(path)
    assert os.listdir(tmp_path) == [path.name]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device"):
        draw(gates()).save(path)
    assert os.listdir(tmp_path) == ["graph.dot"]
    assert path.read_text() == "old"


# Notebooks


def test_a_notebook_shows_the_picture():
    f = gates()
    drawing = draw(f)
    assert drawing._repr_svg_() == drawing.svg
    assert drawing._repr_mimebundle_(include=None, exclude=None)["image/svg+xml"] == drawing.svg
    assert f._repr_mimebundle_(include=None, exclude=None) == {"text/plain": repr(f), "image/svg+xml": drawing.svg}
    assert f._repr_svg_() == drawing.svg


def test_a_notebook_shows_the_text_of_a_large_graph():
    y = chain(500)
    assert y._repr_mimebundle_() == {"text/plain": repr(y)}
    assert chain(499)._repr_svg_() is not None


def test_a_notebook_without_an_engine_shows_the_text(no_dot, monkeypatch):
    without_bundled_engine(monkeypatch)
    f = gates()
    assert f._repr_mimebundle_() == {"text/plain": repr(f)}


def test_a_constant_is_shown_too():
    assert Picture(draw(constant(2.5))).nodes == {"node0": ["2.5"]}


def test_importing_loads_no_drawing_library():
    code = "import autograd, sys; print(*{'graphviz', 'subprocess', 'numpy', 'importlib.metadata'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
