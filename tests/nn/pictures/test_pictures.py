"""Pictures: decision boundaries, network diagrams and loss curves, compared with what the models calculate."""

import math
import re
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import suppress

import numpy as np
import pytest

import nn

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import colors, pyplot  # noqa: E402 (after the choice of the back end)
from matplotlib.contour import ContourSet  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [[-1.0, 0.0], [-0.5, 1.0], [0.5, 0.0], [1.0, 1.0]]


@pytest.fixture(autouse=True)
def figures_closed():
    yield
    pyplot.close("all")


def line(w0, w1, b):
    model = nn.MLP(2, [1])
    model.load_state_dict(dict(zip(model.state_dict(), (w0, w1, b), strict=True)))
    return model


def boundary(ax):
    """The points of the lines drawn where a score is 0."""
    lines = [c for c in ax.collections if len(c.get_edgecolor()) and not c.get_fill()]
    return np.concatenate([path.vertices for c in lines for path in c.get_paths() if len(path.vertices)])


# Decision boundaries


def test_the_boundary_is_where_the_model_is_0():
    ax = nn.plot_decision_boundary(line(2.0, -1.0, 0.3), POINTS, [-1, -1, 1, 1])
    drawn = boundary(ax)
    assert len(drawn) > 10
    assert drawn @ [2.0, -1.0] + 0.3 == pytest.approx(np.zeros(len(drawn)), abs=1e-9)


def test_a_threshold_of_another_height():
    model = nn.MLP(2, [1], output_activation="sigmoid", init="zeros")
    model.layers[0].neurons[0].w[0].data = 1.0
    ax = nn.plot_decision_boundary(model, POINTS, [0, 0, 1, 1], threshold=0.5)
    assert boundary(ax)[:, 0] == pytest.approx(0.0, abs=1e-9)


def test_boundaries_of_several_classes_are_where_the_two_largest_are_equal():
    model = nn.MLP(2, [4, 3], "tanh", seed=2)
    ax = nn.plot_decision_boundary(model, POINTS, [0, 1, 2, 1], resolution=80)
    assert len(boundary(ax)) > 100
    for x in boundary(ax)[::17]:
        *_, second, first = sorted(v.data for v in model(list(x)))
        assert first - second < 0.02


def pale(color):
    """A colour of a marker as that of its region: mixed with white."""
    return colors.to_hex([0.7 + 0.3 * x for x in color[:3]])


def test_the_regions_are_coloured_as_the_model_decides():
    model = nn.MLP(2, [6, 3], "tanh", seed=2)
    ax = nn.plot_decision_boundary(model, POINTS, [0, 1, 2, 1])
    regions = {colors.to_hex(c.get_facecolor()[0]): c for c in ax.collections if isinstance(c, ContourSet) and c.filled}
    markers = {c.get_label(): pale(c.get_facecolor()[0]) for c in ax.collections if c.get_label() in ("0", "1", "2")}
    for x in [(-0.8, 0.2), (0.0, 0.9), (0.7, 0.5), (1.0, 0.0)]:
        inside = {
            color for color, region in regions.items() if any(path.contains_point(x) for path in region.get_paths())
        }
        outputs = [v.data for v in model(list(x))]
        assert inside == {markers[str(outputs.index(max(outputs)))]}


def test_classes_differ_by_marker_not_only_by_colour():
    ax = nn.plot_decision_boundary(nn.MLP(2, [3], seed=0), POINTS, [0, 1, 2, 1])
    shapes = [c.get_paths()[0].vertices.tobytes() for c in ax.collections if c.get_label() in ("0", "1", "2")]
    assert len(set(shapes)) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]


@pytest.mark.parametrize("y", [[-1, -1, 1, 1], [0, 0, 1, 1], [3.0, 3.0, 7.0, 7.0], [[0], [0], [1], [1]], [1, 1, 1, 1]])
def test_two_classes_may_be_any_numbers(y):
    ax = nn.plot_decision_boundary(line(1.0, 0.0, 0.0), POINTS, np.array(y))
    points = {c.get_label(): c.get_offsets().data.tolist() for c in ax.collections if c.get_label()[0] != "_"}
    high = str(np.max(y))
    assert points[high] == (POINTS if np.min(y) == np.max(y) else POINTS[2:])


def test_probabilities_as_classes():
    one_hot = [[1, 0], [1, 0], [0, 1], [0, 1]]
    ax = nn.plot_decision_boundary(nn.MLP(2, [2], seed=0), POINTS, one_hot)
    points = {c.get_label(): c.get_offsets().data.tolist() for c in ax.collections}
    assert (points["0"], points["1"]) == (POINTS[:2], POINTS[2:])


def test_axes_given_are_drawn_on_and_the_mode_comes_back():
    model = nn.Sequential(nn.Layer(2, 4, "tanh", seed=0), nn.Dropout(0.5), nn.Layer(4, 1, seed=1))
    state = model.layers[1].rng.getstate()
    _, (_, ax) = pyplot.subplots(1, 2)
    assert nn.plot_decision_boundary(model, POINTS, [-1, -1, 1, 1], ax) is ax
    assert model.training
    assert model.layers[1].training
    assert model.layers[1].rng.getstate() == state  # dropout rested


def test_any_function_and_a_constant_one():
    assert len(boundary(nn.plot_decision_boundary(lambda x: x[0] * x[1] - 0.1, POINTS, [-1, -1, -1, 1])))
    pyplot.close("all")
    nn.plot_decision_boundary(lambda x: -1.0, POINTS[:1], [-1])


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1.0, 2.0, 3.0]], [1], "two inputs"),
        ([1.0, 2.0], [1, 1], "two inputs"),
        (np.zeros((0, 2)), [], "two inputs"),
        (POINTS, [1, 2], "same length, got 4 and 2"),
        (POINTS, [1, 2, 3, 1], "distinguishes two classes, y has 3"),
        ([[1.0, 2.0], [math.nan, 1.0]], [0, 1], r"row 1 of X is \[nan, 1.0\]"),
    ],
)
def test_what_cannot_be_drawn(X, y, said):
    with pytest.raises(ValueError, match=said):
        nn.plot_decision_boundary(line(1.0, 1.0, 0.0), X, y)


@pytest.mark.parametrize("resolution", [0, 1, 2.5])
def test_a_single_point_has_no_boundary(resolution):
    with pytest.raises(ValueError, match="resolution is a"):
        nn.plot_decision_boundary(line(1.0, 1.0, 0.0), POINTS, [1, 1, 2, 2], resolution=resolution)


def test_a_class_without_an_output():
    with pytest.raises(ValueError, match="0 to 1"):
        nn.plot_decision_boundary(nn.MLP(2, [2]), POINTS, [0, 1, 2, 1])


@pytest.mark.parametrize(
    "model",
    [
        lambda x: max(x[0], 0.0),  # 0, which is the threshold, on half of the plane
        lambda x: [x[0], x[1], 0.0],  # three regions touch at a point
        lambda x: [0.0, 0.0, 0.0],
    ],
)
def test_every_point_has_the_colour_of_a_class(model):
    ax = nn.plot_decision_boundary(model, np.array(POINTS) - 0.5, [0, 1, 1, 0])
    ax.set_axis_off()
    for part in [*ax.get_lines(), ax.get_legend()]:
        part.set_visible(False)
    figure = ax.figure
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    left, bottom, right, top = ax.get_window_extent().extents.astype(int)
    inside = pixels[len(pixels) - top + 3 : len(pixels) - bottom - 3, left + 3 : right - 3]
    assert not (inside == 255).all(axis=-1).any()


def test_a_model_is_recorded_and_not_run_point_by_point(monkeypatch):
    calls = []
    forward = nn.MLP.forward
    monkeypatch.setattr(nn.MLP, "forward", lambda self, x: calls.append(1) or forward(self, x))
    nn.plot_decision_boundary(nn.MLP(2, [3, 3], seed=0), POINTS, [0, 1, 2, 1])
    assert len(calls) < 10


@pytest.mark.parametrize("name", ["a\x00b", "\x1b[31mred", "\uffff", "\ud800", "\x7f\x85", "😀权"])
def test_characters_that_xml_cannot_hold(name, tmp_path):
    model = nn.MLP(2, [2, 2], lambda v: v.tanh(), seed=0)
    model.layers[0].neurons[0].w[0].label = name
    with suppress(UnicodeEncodeError, ValueError):
        model.layers[0].activation.__name__ = name
    diagram = nn.draw(model)
    ElementTree.fromstring(diagram.svg.encode())
    diagram.save(tmp_path / "net.svg")


# Network diagrams


def parts(diagram):
    root = ElementTree.fromstring(diagram.svg)
    lines = [
        (e.get("class"), float(e.get("stroke-width")), e.find(f"{SVG}title").text) for e in root.iter(f"{SVG}line")
    ]
    circles = [e.find(f"{SVG}title").text for e in root.iter(f"{SVG}circle")]
    return lines, circles, [e.text for e in root.iter(f"{SVG}text")]


def test_a_line_a_weight_by_size_and_sign():
    model = line(3.0, -1.5, 0.25)
    lines, circles, texts = parts(nn.draw(model))
    widths = {sign: width for sign, width, _ in lines}
    assert {(sign, name) for sign, _, name in lines} == {
        ("positive", "layers.0.neurons.0.w.0 = 3"),
        ("negative", "layers.0.neurons.0.w.1 = -1.5"),
    }
    assert widths["positive"] == pytest.approx(4.0)
    assert widths["negative"] == pytest.approx(0.3 + 3.7 / 2, abs=0.006)
    assert circles == ["input 0", "input 1", "layers.0.neurons.0.b = 0.25"]
    assert {"x0", "x1", "input", "output", "1 linear"} <= set(texts)


def test_layers_activations_and_dropout_are_written_below():
    model = nn.Sequential(nn.Dropout(0.1), nn.Layer(3, 4, "tanh"), nn.Dropout(0.5), nn.Layer(4, 2, lambda x: x))
    _, circles, texts = parts(nn.draw(model))
    assert len(circles) == 3 + 4 + 2
    assert [t for t in texts if t.startswith(("input", "hidden", "output", "dropout"))] == [
        "input", "dropout 0.1", "hidden 1", "dropout 0.5", "output",
    ]  # fmt: skip
    assert "2 <lambda>" in texts


@pytest.mark.slow
def test_wide_layers_are_shortened_and_the_largest_weights_drawn():
    model = nn.MLP(300, [30, 10], seed=0)
    lines, circles, texts = parts(nn.draw(model, max_edges=50))
    assert len(lines) == 50
    assert len(circles) == 9 + 9 + 10
    assert texts.count("⋮") == 2
    assert any("50 of 9300 weights" in text for text in texts)
    shown = [abs(float(name.split("=")[1])) for _, _, name in parts(nn.draw(model, max_edges=10**6))[0]]
    assert sorted(abs(float(name.split("=")[1])) for _, _, name in lines) == sorted(shown)[-50:]


def test_the_same_model_gives_the_same_text():
    assert nn.draw(nn.MLP(2, [3, 1], seed=0)).svg == nn.draw(nn.MLP(2, [3, 1], seed=0)).svg


def test_nothing_lies_outside_the_picture():
    for model in (nn.MLP(1, [1]), nn.Neuron(2), nn.MLP(2, [16, 16, 1]), nn.MLP(30, [2, 12], dropout=0.5)):
        root = ElementTree.fromstring(nn.draw(model).svg)
        _, _, width, height = map(float, root.get("viewBox").split())
        shift = float(re.search(r"translate\((.*)\)", root.find(f"{SVG}g").get("transform")).group(1))
        for circle in root.iter(f"{SVG}circle"):
            assert 13 <= shift + float(circle.get("cx")) <= width - 13
            assert 13 <= float(circle.get("cy")) <= height - 13
        assert all(float(text.get("y")) < height for text in root.iter(f"{SVG}text"))


def test_a_diagram_is_saved_and_shown_in_notebooks(tmp_path):
    diagram = nn.draw(nn.MLP(2, [1]))
    diagram.save(tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == diagram.svg == diagram._repr_svg_()
    with pytest.raises(ValueError, match=r"\.svg, got"):
        diagram.save(tmp_path / "net.png")


def test_weights_of_zero_and_names_that_need_escaping():
    model = nn.MLP(1, [1], init="zeros")
    model.layers[0].neurons[0].b.label = "<b>&\"'"
    assert parts(nn.draw(model))[1][1].startswith("<b>&\"'")


def test_a_model_of_another_kind_is_a_clear_error():
    for other in (nn.Dropout(0.5), nn.Module(), nn.Sequential(), 3):
        with pytest.raises(TypeError, match="draw shows an MLP"):
            nn.draw(other)


# Loss curves


def test_a_history_plots_its_lists():
    history = nn.History([4.0, 2.0, 1.0], [5.0, 3.0, 3.5], [1.0, 1.0, 1.0], {"accuracy": [0.5, 0.6, 0.7]}, best_epoch=2)
    ax = history.plot()
    curves = {curve.get_label(): curve for curve in ax.get_lines()}
    assert curves["train"].get_xydata().tolist() == [[1, 4.0], [2, 2.0], [3, 1.0]]
    assert curves["validation"].get_ydata().tolist() == [5.0, 3.0, 3.5]
    assert curves["best: epoch 2"].get_xdata() == [2, 2]
    assert curves["train"].get_linestyle() != curves["validation"].get_linestyle()
    assert [other.get_lines()[0].get_label() for other in ax.figure.axes if other is not ax] == ["accuracy"]
    assert ax.get_yscale() == "linear"


def test_a_history_plots_on_axes_given_and_falls_by_orders_on_a_log_scale():
    _, ax = pyplot.subplots()
    history = nn.History([10.0**-k for k in range(5)], metrics={"accuracy": [0.5] * 5}, best_epoch=5)
    assert history.plot(ax) is ax
    assert ax.figure.axes == [ax]
    assert ax.get_yscale() == "log"
    assert nn.History([1.0, 0.0]).plot().get_yscale() == "linear"
    nn.History().plot()


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        nn.History().plot()


def test_the_words_of_a_diagram_follow_the_language(monkeypatch):
    model = nn.Sequential(nn.Layer(2, 3, "tanh"), nn.Dropout(0.5), nn.LayerNorm(3), nn.Layer(3, 1))
    monkeypatch.setenv("CHAINRULE_LANG", "zh")
    texts = re.findall("<text[^>]*>([^<]*)</text>", nn.draw(model, max_edges=4).svg)
    assert {"输入", "隐藏层 1", "随机失活 0.5", "层归一化", "输出"} <= set(texts)
    assert texts[-1].startswith("9 个权重中的 4 个 · ")
    assert "1 linear" in texts  # the name of an activation is the one that is typed
