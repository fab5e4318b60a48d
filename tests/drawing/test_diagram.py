"""What a picture shows: every node and operand, scopes as frames or boxes, every label as it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, draw, no_grad, scope, total
from autograd.drawing.dot import SIDES
from autograd.engine.backward import topological_order
from autograd.engine.scope import Scope, inside
from tests.drawing.graphs import Picture, gates, layer
from tests.extent import examples


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


def test_scopes_are_frames():
    x = Value(1.0, "x")
    picture = Picture(draw(total(layer("layer 1", 1)([x]))))
    assert picture.frames == {"scope0": ["layer 1"], "scope1": ["neuron 0"], "scope2": ["neuron 1"]}


def test_parameters_differ_from_inputs():
    picture = Picture(draw(total(layer("layer", 1)([Value(1.0, "x")]))))
    tips = {texts[0]: picture.tip(name) for name, texts in picture.nodes.items()}
    assert "input" in tips["x"]
    assert "parameter" in tips["w0#1"]  # as the steps call it: each neuron has a w0
    assert "layer/neuron" in tips["w0#1"]


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


@pytest.mark.slow
def test_scopes_nested_ever_deeper_need_no_recursion():
    nested = None
    for k in range(3000):
        nested = Scope(f"s{k}", nested)
    with inside(nested):
        y = Value(1.0) * Value(2.0)
    assert len(Picture(draw(y)).nodes) == 3
    assert len(Picture(draw(y, collapse=True)).nodes) == 1


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


@examples(60)
@given(st.text(st.characters(), max_size=12))
@pytest.mark.slow
def test_any_label_gives_a_picture(label):
    x, y = Value(1.0, label), Value(2.0, "y")
    z = x * y
    z.label = label
    picture = Picture(draw(z))
    assert list(map(len, picture.edges.values())) == [1, 1]
    assert picture.nodes["node1"] == ["y", "data", "2", "grad", "–"]


def test_lines_stay_lines_and_control_characters_are_escaped():
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


def test_nodes_without_a_label_are_called_what_the_steps_call_them():
    x = Value(0.5, "x")
    f = (x * x + 1).tanh() * Value(2.0)
    s = f.stepper()
    picture = Picture(draw(f))
    for k, node in enumerate(topological_order(f)):
        if node.requires_grad:
            assert s.names[node] in picture.nodes[f"node{k}"]
    assert picture.nodes["node2"] == ["1"]
