"""Neurons as cards: a row for each input, arrows that end at their rows, everything that leaves a card."""

import re

import pytest

import nn
from autograd import Value, dot, draw, relu, scope, total
from tests.drawing.graphs import SVG, Picture, layer


def network():
    """2-3-1 with a squared error."""
    x = [Value(1.0, "x0"), Value(-0.5, "x1")]
    out = layer("layer 2", 3, 1)(layer("layer 1", 2, 3)(x))[0]
    return (out - 1.0) ** 2


def test_a_neuron_is_one_card_with_its_weights_and_gradients():
    loss = network()
    loss.backward()
    picture = Picture(draw(loss, collapse="neurons"))
    assert len(picture.nodes) == 2 + 3 + 1 + 4  # inputs, neurons, and the loss with its constants
    texts = next(texts for texts in picture.nodes.values() if texts[0] == "neuron 1")
    rows = [texts[k : k + 3] for k in range(1, len(texts), 3)]
    out = loss.parents[0].parents[0]
    activation = out.parents[0].parents[4]
    weighted = activation.parents[0]
    w0, w1, _, _, b = weighted.parents
    parts = [("x0", w0), ("x1", w1), ("bias", b), ("sum v3", weighted), ("tanh v4", activation)]
    assert rows == [["input", "weight", "grad"], *([name, f"{v.data:.4g}", f"{v.grad:.4g}"] for name, v in parts)]


@pytest.mark.parametrize("loss", [nn.mse_loss, nn.binary_cross_entropy, nn.hinge_loss, nn.huber_loss])
def test_a_network_and_its_loss_are_a_card_a_neuron_and_a_box_each_for_the_inputs_and_the_loss(loss):
    model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
    picture = Picture(draw(loss(model([Value(1.0, "x0"), Value(-0.5, "x1")]), 1.0), collapse="neurons"))
    titles = [texts[0] for texts in picture.nodes.values()]
    assert sorted(titles) == ["layers.1", "loss", "neurons.0", "neurons.1", "neurons.2", "neurons.3", "x0", "x1"]


@pytest.mark.parametrize("rankdir", ["LR", "RL"])
def test_an_arrow_ends_at_the_row_of_its_input(rankdir):
    drawing = draw(network(), collapse="neurons", rankdir=rankdir)
    picture = Picture(drawing)
    shown = 0
    for tail, head, place in re.findall(r"(\w+)(?::row\d+)?:\w -> (\w+):operand(\d+):[we]", drawing.dot):
        if picture.nodes[head][0].startswith("neuron") and picture.nodes[tail][0] in ("x0", "x1"):
            name = next(n for n in picture.edges if n.startswith("edge") and ends(drawing, n) == (tail, head, place))
            row = next(t for t in picture.elements["node"][head].iter(f"{SVG}text") if t.text == picture.nodes[tail][0])
            assert abs(picture.arrowhead(name)[1] - float(row.get("y"))) < 10
            shown += 1
    assert shown == 6


def ends(drawing, name):
    line = next(line for line in drawing.dot.splitlines() if f"id={name}" in line.replace('"', "") and "->" in line)
    return re.search(r"(\w+)(?::row\d+)?:\w -> (\w+):operand(\d+)", line).groups()


def test_a_weight_that_others_use_too_leaves_its_card():
    loss = network()
    w = loss.parents[0].parents[0].parents[0].parents[0]
    drawing = draw(loss + w * w, collapse="neurons")
    picture = Picture(drawing)
    assert drawing.dot.count(":row0:e -> ") == 2  # from the row of that weight
    assert len(picture.edges) == 6 + 3 + 4 + 2 + 2


def test_a_scope_that_is_no_neuron_is_a_box():
    x = Value(2.0, "x")
    with scope("neuron"):
        out = relu(dot([Value(0.5, "w")], [x], Value(1.0, "b")))
    with scope("loss"):
        loss = (out - 3.0) ** 2
    picture = Picture(draw(loss, collapse="neurons"))
    assert sorted(texts[0] for texts in picture.nodes.values()) == ["loss", "neuron", "x"]
    with scope("two sums"):
        a, b = dot([Value(1.0)], [x]), dot([Value(1.0)], [x])
    assert sorted(texts[0] for texts in Picture(draw(total([out, a, b]), collapse="neurons")).nodes.values()) == [
        "neuron",
        "total",
        "two sums",
        "x",
    ]


def test_the_weights_may_come_second_and_the_bias_may_be_missing():
    x = Value(2.0, "x")
    with scope("neuron"):
        out = dot([x, 5.0], [Value(0.5, "w"), Value(0.25, "u")])
    (texts,) = [t for t in Picture(draw(out, collapse="neurons")).nodes.values() if t[0] == "neuron"]
    assert texts[4:] == ["x", "0.5", "–", "5", "0.25", "–", "sum f", "2.25", "–"]


def test_another_word_for_collapse_is_refused():
    with pytest.raises(ValueError, match="choose True, False or 'neurons'"):
        draw(network(), collapse="neuron")
