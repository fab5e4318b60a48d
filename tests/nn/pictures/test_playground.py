"""The playground in a real browser: every control by its name, data of one's own, and that nothing else happens."""

import json
import math
import re
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

import nn
from autograd import Value
from autograd.cli import main
from nn.activations import ACTIVATIONS
from nn.initialization import INITS
from nn.optimizers import OPTIMIZERS
from tests.chromium import needs_chromium
from tests.nn.pictures.playground_page import Pages, layers, put

pytestmark = needs_chromium
FOLDER = Path(nn.__file__).parent / "pictures" / "playground"


@pytest.fixture
def pages(chromium, tmp_path):
    pages = Pages(chromium, tmp_path)
    yield pages
    pages.close()


@pytest.fixture
def page(pages):
    return pages.open()


@pytest.fixture(scope="module")
def used_page(chromium, tmp_path_factory):
    """A page that several tests use, one after the other: to open one takes a second."""
    pages = Pages(chromium, tmp_path_factory.mktemp("playground"))
    yield pages.open()
    pages.close()


def state(page):
    return page.evaluate("playground.state()")


def option(page, name):
    return state(page)["options"][name]


def refused(page, call, *arguments):
    """The message of the error that a call of the page's API throws."""
    return page.evaluate(
        "([call, ...xs]) => { try { playground[call](...xs); } catch (error) { return error.message; } }",
        [call, *arguments],
    )


# Controls


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Data", ["circles", "spiral", "xor", "two Gaussians", "random labels", "own", "moons"]),
        ("Activation", [*ACTIVATIONS][::5]),
        ("Optimizer", [*OPTIMIZERS]),
        ("Initialization", [*INITS]),
    ],
)
def test_lists(used_page, name, values):
    page = used_page
    field = page.get_by_role("combobox", name=name, exact=True)
    for value in values:
        field.select_option(value)
        assert option(page, name) == value
        page.evaluate("playground.step(2)")
    assert "cannot be" in refused(page, "set", name, "nonsense")
    assert option(page, name) == values[-1]


def test_lists_have_the_names_of_nn(used_page):
    def values(name):
        return used_page.get_by_role("combobox", name=name, exact=True).evaluate(
            "e => [...e.options].map((o) => o.value)"
        )

    assert sorted(values("Activation")) == sorted(ACTIVATIONS)
    assert values("Optimizer") == list(OPTIMIZERS)
    assert values("Initialization") == list(INITS)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Learning rate", 0.25, -1),
        ("L2", 0.125, -0.1),
        ("L1", 0.5, "much"),
        ("Dropout", 0.25, 1),
        ("Batch size", 7, 1.5),
        ("Noise", 0.3, 1.1),
        ("Wrong labels", 0.2, -0.1),
        ("Test share", 0.5, 2),
        ("Seed", 12, -3),
        ("Points", 50, 0),
        ("Momentum", 0.9, 1),
        ("Neurons in layer 1", 3, 21),
        ("Neurons in layer 2", 1, 0),
    ],
)
def test_numbers(used_page, name, good, bad):
    page = used_page

    def value():
        place = re.fullmatch(r"Neurons in layer (\d)", name)
        return state(page)["layers"][int(place[1])] if place else option(page, name)

    put(page, Optimizer="sgd")
    field = page.get_by_role("spinbutton", name=name, exact=True)
    field.fill(str(good))
    field.press("Enter")
    assert value() == good
    assert name in refused(page, "set", name, bad)
    assert name in refused(page, "set", name, None)
    assert value() == good
    if not isinstance(bad, str):
        field.fill(str(bad))
        field.press("Enter")
        assert value() == good
        assert name in page.get_by_role("status").inner_text()
        assert field.get_attribute("aria-invalid") == "true"
    page.evaluate("playground.epoch()")


def test_a_number_is_set_as_it_is_typed_and_once(page):
    field = page.get_by_role("spinbutton", name="Neurons in layer 1")
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("16")
    assert state(page)["layers"] == [2, 16, 6, 1]
    assert field.input_value() == "16"
    page.evaluate("playground.epoch(2)")
    page.keyboard.press("Tab")
    assert state(page)["epoch"] == 2  # leaving the field does not start again
    rate = page.get_by_role("spinbutton", name="Learning rate")
    rate.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("0.05")
    assert option(page, "Learning rate") == 0.05
    assert rate.input_value() == "0.05"
    assert state(page)["epoch"] == 2


def test_the_box(used_page):
    page = used_page
    box = page.get_by_role("checkbox", name="Standardize")
    box.check()
    assert option(page, "Standardize") is True
    box.uncheck()
    assert option(page, "Standardize") is False
    assert "true or false" in refused(page, "set", "Standardize", 1)


def test_there_is_no_setting_of_another_name(page):
    for name in ("Colour", "Neurons in layer 5", "Neurons in layer 0", "toString"):
        assert name in refused(page, "set", name, 3)


def test_buttons(page):
    page.get_by_role("button", name="Step").click()
    assert (state(page)["steps"], state(page)["epoch"]) == (1, 0)
    page.get_by_role("button", name="Epoch").click()
    assert state(page)["epoch"] == 1
    page.get_by_role("button", name="Epoch").click()
    assert state(page)["steps"] == 2 * math.ceil(140 / 16)
    assert page.locator("#epochs").inner_text() == "2"
    page.get_by_role("button", name="Reset").click()
    assert (state(page)["steps"], state(page)["epoch"]) == (0, 0)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("playground.state().epoch >= 2")
    page.get_by_role("button", name="Pause").click()
    now = state(page)["steps"]
    page.wait_for_timeout(100)
    assert state(page)["steps"] == now
    page.get_by_role("button", name="Play").wait_for()


def test_layers_come_and_go(page):
    layers(page)
    assert state(page)["layers"] == [2, 1]
    assert page.get_by_role("button", name="Remove layer").is_disabled()
    for count in range(1, 5):
        page.get_by_role("button", name="Add layer").click()
        assert len(state(page)["layers"]) == 2 + count
    assert page.get_by_role("button", name="Add layer").is_disabled()
    put(page, **{f"Neurons_in_layer_{k}": 20 for k in range(1, 5)})
    page.evaluate("playground.epoch()")
    assert len(page.evaluate("playground.parameters()")) == 3 * 20 + 3 * 21 * 20 + 21
    assert page.get_by_role("button", name="Neuron 20 of layer 4").is_visible()


@pytest.mark.parametrize("preset", ["one neuron", "λ too small", "dead ReLU", "all zeros"])
def test_presets_show_what_they_are_called_after(page, preset):
    page.get_by_role("combobox", name="Preset").select_option(preset)
    page.evaluate("playground.epoch(60)")
    now, gradient = state(page), page.evaluate("playground.gradient()")
    if preset == "one neuron":
        assert now["layers"] == [2, 1]
        assert now["testAccuracy"] > 0.9
    elif preset == "λ too small":
        assert now["testLoss"] > 3 * now["trainLoss"]
    else:  # only the bias of the output still learns
        assert [k for k, slope in enumerate(gradient) if slope] == [len(gradient) - 1]
    assert "choose one neuron" in refused(page, "set", "Preset", "two neurons")


# Training


def test_it_learns_what_it_is_shown(page):
    for data in ("moons", "circles", "xor", "two Gaussians"):
        put(page, Data=data)
        page.evaluate("playground.epoch(80)")
        assert state(page)["testAccuracy"] > 0.9, data


DRAWN = """() => {
    const pictures = ".heat, .heat + canvas, .frame canvas, #curves, #space";
    return [...document.querySelectorAll(pictures)].map((canvas) => canvas.toDataURL());
}"""


def test_every_part_is_drawn_while_training_runs(pages):
    page = pages.open(reduced_motion="no-preference")
    page.wait_for_timeout(100)
    first = page.evaluate(DRAWN)
    assert len(first) == 6
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        f"first => ({DRAWN})().every((picture, k) => picture !== first[k]) && playground.state().running", arg=first
    )
    assert int(page.locator("#epochs").inner_text()) > 0


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_learning_rate_of_100_diverges_and_the_page_says_where(page, activation, optimizer):
    put(page, Activation=activation, Optimizer=optimizer, Learning_rate=100)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for()  # it has stopped by itself
    message = page.get_by_role("status").inner_text()
    assert re.search(
        r"diverged at step \d+, in epoch \d+: the \w+ of neuron \d+ of layer \d is .* for point \d+", message
    )
    assert state(page)["diverged"] == message
    before = state(page)["steps"]
    page.evaluate("playground.step(3)")
    assert state(page)["steps"] == before
    put(page, Learning_rate=0.01)
    page.get_by_role("button", name="Reset").click()
    assert page.get_by_role("status").count() == 0 or not page.get_by_role("status").inner_text()
    page.evaluate("playground.epoch(2)")
    assert state(page)["diverged"] is None


def test_the_seed_and_the_settings_are_in_the_address(page, pages):
    put(page, Data="xor", Seed=9, L2=0.001, Neurons_in_layer_1=5)
    layers(page, 5)
    page.evaluate("playground.epoch(3)")
    address = page.evaluate("location.hash")
    assert "Data=xor" in unquote_plus(address)
    again = pages.open(fragment=address)
    assert state(again)["options"] == state(page)["options"]
    again.evaluate("playground.epoch(3)")
    assert again.evaluate("playground.parameters()") == page.evaluate("playground.parameters()")


def test_an_address_that_is_not_understood_does_no_harm(pages):
    page = pages.open(fragment="#Data=cheese&Seed=x&Noise=0.5&Hidden+layers=3,99&Language=qq&own=1,2;a,b")
    assert option(page, "Data") == "moons"
    assert option(page, "Noise") == 0.5


# Data


def test_points_by_click(page):
    page.get_by_role("combobox", name="Data", exact=True).select_option("own")
    assert state(page)["trainLoss"] is None
    put(page, Test_share=0)
    page.get_by_role("button", name="Play").click()
    assert "no points" in page.get_by_role("status").inner_text()
    plane = page.get_by_label("Plane", exact=True)
    box = plane.bounding_box()
    plane.click(position={"x": 0.25 * box["width"], "y": 0.25 * box["height"]})
    plane.click(position={"x": 0.75 * box["width"], "y": 0.75 * box["height"]}, modifiers=["Shift"])
    data = page.evaluate("playground.data()")
    assert data["y"] == [0, 1]
    assert [math.copysign(1, x) for row in data["X"] for x in row] == [-1, 1, 1, -1]
    page.evaluate("playground.epoch(60)")
    assert state(page)["trainAccuracy"] == 1
    assert page.evaluate("X => playground.predict(X)", data["X"])[0] < 0
    plane.click(position={"x": 0.25 * box["width"], "y": 0.25 * box["height"]}, modifiers=["Control"])
    assert page.evaluate("playground.data()")["y"] == [1]
    assert state(page)["trainLoss"] < 0.5  # what was learned stays


def test_a_click_adds_to_what_is_there(page):
    plane = page.get_by_label("Plane", exact=True)
    plane.click(position={"x": 8, "y": 8})
    data = page.evaluate("playground.data()")
    assert len(data["y"]) == 201
    assert option(page, "Data") == "own"
    page.get_by_role("combobox", name="Class of new points").select_option("1")
    plane.click(position={"x": 30, "y": 8})
    assert page.evaluate("playground.data()")["y"][-2:] == [0, 1]


def test_points_by_keyboard(page):
    put(page, Data="own")
    page.get_by_label("Plane", exact=True).focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Enter")
    data = page.evaluate("playground.data()")
    assert data["y"] == [0, 1]
    assert data["X"][0][0] < 0 < data["X"][1][0]
    page.keyboard.press("Delete")
    assert page.evaluate("playground.data()")["y"] == [0]


def test_own_points_are_in_the_address(page, pages):
    page.evaluate("playground.load({X: [[0.5, 1], [-1, 2], [0, 0]], y: [0, 1, 1]})")
    again = pages.open(fragment=page.evaluate("location.hash"))
    assert again.evaluate("playground.data()")["X"] == [[0.5, 1], [-1, 2], [0, 0]]
    assert option(again, "Data") == "own"


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1, math.nan], [2, 3]], [0, 1], "row 0 of X is not finite"),
        ([[1, 2], [math.inf, 3]], [0, 1], "row 1 of X is not finite"),
        ([[1, 2]], [0, 1], "same length"),
        ([[1], [2]], [0, 1], "at least two"),
        ([[1, 2], [2, 3]], [0, 0.5], "y[1] is 0.5"),
        ([[1, 2], [2, 3]], [0, 8], "y[1] is 8"),
        ([[1, 2], [2, 3]], [0, -1], "y[1] is -1"),
    ],
)
def test_data_that_is_refused_leaves_the_old(page, X, y, said):
    before = page.evaluate("playground.data()")
    assert said in refused(page, "load", {"X": X, "y": y})
    assert page.evaluate("playground.data()") == before
    assert option(page, "Data") == "moons"


def paste(page, text):
    page.locator("summary").click()
    page.get_by_label("CSV text").fill(text)
    page.get_by_role("button", name="Use this table").click()
    return page.get_by_role("status").inner_text()


CSV = 'height,"weight, kg",age,kind\n1.5,50,20,cat\n1.8,90,30,dog\n\n1.6,55,41,cat\n1.7,80,22,bird\n'


def test_a_table_is_pasted_and_two_columns_are_chosen(page):
    assert paste(page, CSV) == "4 points were read."
    data = page.evaluate("playground.data()")
    assert data["classes"] == ["bird", "cat", "dog"]
    assert data["y"] == [1, 2, 1, 0]
    assert data["names"] == ["height", "weight, kg", "age"]
    assert state(page)["layers"][-1] == 3
    put(page, Test_share=0, Standardize=True)
    page.get_by_role("combobox", name="Horizontal").select_option("age")
    page.get_by_role("combobox", name="Vertical").select_option("height")
    page.evaluate("playground.epoch(200)")
    assert state(page)["trainAccuracy"] == 1


BAD = [
    ("a,b,c", "header and at least one line"),
    ("a,b\n1,2", "line 1: there must be at least three columns"),
    ("1,2,3\n1,2,3", "line 1: the first line must be a header"),
    ("a,b,c\n1,2,x\n\n1,x,y", 'line 4: "x" in column b'),
    ("a,b,c\n1,2,x\n1,2", "line 3: 2 cells, but the header has 3"),
    ("a,b,c\n1,,x", "line 2"),
    ("a,b,c\n1,inf,x", "line 2"),
    ("a,b,c\n1,2,", "line 2: the class is missing"),
    ("a,b,c\n1,2,x\n" + "\n".join(f"1,2,{k}" for k in range(9)), "10 different classes"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_table_is_refused_by_its_line(page, text, said):
    assert said in paste(page, text)
    assert option(page, "Data") == "moons"


def test_a_file_is_chosen_or_dropped(page, tmp_path):
    path = tmp_path / "pets.csv"
    path.write_text(CSV, encoding="utf-8")
    page.locator("summary").click()
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_text("4 points were read.").wait_for()
    page.evaluate(
        """() => {
            const items = new DataTransfer();
            items.items.add(new File(["a,b,c\\n1,2,x\\n3,4"], "drop.csv"));
            document.dispatchEvent(new DragEvent("drop", {dataTransfer: items, cancelable: true}));
        }"""
    )
    page.get_by_text("drop.csv: line 3: 2 cells, but the header has 3").wait_for()


def test_data_from_python(pages):
    page = pages.open([[0.0, 0.5], [1.0, -0.5], [0.0, 2.0]], ["no", "yes", "</script>"])
    data = page.evaluate("playground.data()")
    assert data["classes"] == ["</script>", "no", "yes"]
    assert data["y"] == [1, 2, 0]
    assert option(page, "Data") == "own"
    put(page, Data="xor")
    put(page, Data="own")
    assert len(page.evaluate("playground.data()")["y"]) == 3


# Neurons


def numbers(text):
    return [float(x.replace("−", "-")) for x in re.findall(r"−?\d+\.?\d*(?:e−?\d+)?", text)]


def open_neuron(page, k, layer):
    page.get_by_role("button", name=f"Neuron {k} of layer {layer}").click()
    return page.locator("#card")


def shown_gradients(card):
    """Name, data and gradient of each node in the table of the stepper."""
    rows = [row.locator("th, td").all_inner_texts() for row in card.locator("#known tr").all()]
    return {
        name: tuple(numbers(text)[0] if text != "–" else None for text in (data, grad)) for name, data, grad, _ in rows
    }


def loss_of(page, widths, row, activation="tanh", classes=2):
    """The network of the page as one of nn, and the loss of an example after its backward pass, inputs included."""
    model = nn.MLP(2, [*widths, 1 if classes == 2 else classes], activation=activation)
    for parameter, number in zip(model.parameters(), page.evaluate("playground.parameters()"), strict=True):
        parameter.data = number
    data = page.evaluate("playground.data()")
    inputs = [Value(x) for x in data["X"][row]]
    loss = (nn.binary_cross_entropy if classes == 2 else nn.cross_entropy)(model(inputs), data["y"][row])
    loss.backward()
    return model, inputs, loss


def test_a_neuron_shows_its_formula_and_its_backprop(page):
    layers(page, 3, 2)
    page.evaluate("playground.epoch(3)")
    card = open_neuron(page, 2, 1)
    assert card.get_by_role("heading", level=2).first.inner_text() == "Neuron 2 of layer 1"
    model, inputs, loss = loss_of(page, [3, 2], 4)
    card.get_by_role("spinbutton", name="Example").fill("5")
    card.get_by_role("spinbutton", name="Example").press("Enter")
    neuron = model.layers[0].neurons[1]
    assert numbers(card.locator(".formula").first.inner_text())[-1] == pytest.approx(
        math.tanh(sum(w.data * x.data for w, x in zip(neuron.w, inputs, strict=True)) + neuron.b.data), rel=1e-3
    )
    card.get_by_role("button", name="Last").click()
    shown = shown_gradients(card)
    for name, value in {"w1": neuron.w[0], "w2": neuron.w[1], "b": neuron.b}.items():
        assert shown[name] == pytest.approx((value.data, value.grad), rel=1e-5)
    assert shown["L"] == pytest.approx((loss.data, 1), rel=1e-5)
    # Two from the loss, two to a, one to z, two weights, two inputs and the bias.
    assert card.locator("#place").inner_text() == "Backward pass, step 10 of 10"
    card.get_by_role("button", name="First").click()
    assert card.locator("#product").is_hidden()
    for step in range(1, 11):
        card.get_by_role("button", name="Next").click()
        assert card.locator("#place").inner_text() == f"Backward pass, step {step} of 10"
        upstream, local, product = (numbers(text)[0] for text in card.locator(".factor .number").all_inner_texts())
        assert product == pytest.approx(upstream * local, rel=2e-5)
        assert card.locator("[aria-current]").count() in (1, 2)
    card.get_by_role("button", name="Back").click()
    assert card.locator("#place").inner_text() == "Backward pass, step 9 of 10"
    page.keyboard.press("Home")
    assert card.locator("#place").inner_text() == "Before step 1 of 10"
    page.keyboard.press("ArrowRight")
    assert "∂L/∂z1⁽²⁾" in card.locator("#sentence").inner_text()
    page.keyboard.press("Escape")
    assert card.is_hidden()
    assert page.evaluate("document.activeElement.ariaLabel") == "Neuron 2 of layer 1"


@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "gelu", "linear"])
def test_the_sums_over_the_paths_are_the_gradients_of_the_engine(page, activation):
    layers(page, 4, 3)
    put(page, Activation=activation)
    page.evaluate("playground.epoch(2)")
    page.evaluate("playground.load({X: [[0.5, 1], [-1, 2], [0.2, -0.3]], y: [0, 1, 2]})")
    model, _, _ = loss_of(page, [4, 3], 0, activation, classes=3)
    for layer, k in ((1, 2), (2, 3), (3, 1)):
        card = open_neuron(page, k, layer)
        page.keyboard.press("End")
        neuron = model.layers[layer - 1].neurons[k - 1]
        shown = shown_gradients(card)
        for j, w in enumerate(neuron.w):
            assert shown[f"w{j + 1}"] == pytest.approx((w.data, w.grad), rel=1e-5), (layer, k, j)
        assert shown["b"] == pytest.approx((neuron.b.data, neuron.b.grad), rel=1e-5)


def test_the_card_of_a_neuron_opens_into_its_nodes(page):
    card = open_neuron(page, 3, 2)
    part = card.get_by_role("button", name="neuron 3", exact=True)
    assert part.get_attribute("aria-expanded") == "false"
    assert card.locator(".node:visible").count() == 8 + 1 + 1 + 1  # inputs, the card, the sum of the output, the loss
    part.focus()
    page.keyboard.press("Enter")
    assert card.locator(".node:visible").count() == 8 + 8 + 1 + 2 + 1 + 1
    page.keyboard.press("Enter")
    assert card.locator(".node:visible").count() == 11
    names = card.locator(".node.closed text").all_text_contents()
    assert names[:4] == ["neuron 3", "input", "weight", "grad"]
    assert [name for name in names if name.startswith(("sum", "tanh"))] == ["sum z", "tanh a"]


def test_the_formula_says_what_the_rule_of_the_table_says(page):
    card = open_neuron(page, 1, 2)
    steps = int(card.locator("#scrubber").get_attribute("max"))
    said = []
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
        said.append(card.locator("#sentence").inner_text())
    assert any("∂a/∂z = 1 − a·a = " in text and "(hyperbolic tangent): a = tanh(z)." in text for text in said)
    assert not any(re.search(r"(?<!\w)-|- ", text) for text in said)  # one sign for minus, that of the formulas
    assert re.search(r"softplus\(.*\)\. Its local derivative .* is ∂L/∂z1⁽³⁾ = −?sigmoid\(−?z1⁽³⁾\) = ", said[0])
    put(page, Activation="relu")
    page.keyboard.press("Escape")
    card = open_neuron(page, 1, 2)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "∂a/∂z = 1 if z > 0 else 0 = " in card.locator("#sentence").inner_text()


@pytest.mark.parametrize("viewport", [{"width": 1366, "height": 768}, {"width": 390, "height": 844}])
def test_the_picture_of_a_neuron_fits_its_frame(pages, viewport):
    page = pages.open(fragment="#Hidden%20layers=4,3", viewport=viewport)
    card = open_neuron(page, 1, 2)
    fits = """picture => {
        const [frame, graph] = [picture, picture.querySelector("svg")].map((part) => part.getBoundingClientRect());
        const across = graph.left >= frame.left && graph.right <= frame.right;
        return across && graph.top >= frame.top && graph.bottom <= frame.bottom;
    }"""
    assert card.locator("#picture").evaluate(fits)
    page.keyboard.press("ArrowRight")
    wide = viewport["width"] > 1000  # a phone shows a part that can be read
    assert card.locator("#picture").evaluate(fits) == wide
    page.keyboard.press("Home")
    assert card.locator("#picture").evaluate(fits)


def test_the_pass_is_played(page):
    card = open_neuron(page, 1, 1)
    card.get_by_role("combobox", name="Speed").select_option("very fast")
    card.get_by_role("button", name="Play the pass").click()
    card.get_by_role("button", name="Pause the pass").wait_for()
    page.wait_for_function(
        "() => document.querySelector('#card .board').shadowRoot.getElementById('scrubber').value > 1"
    )
    page.get_by_role("button", name="Close").click()
    assert state(page)["running"] is False


def test_the_place_in_the_pass_stays_while_training_runs(page):
    card = open_neuron(page, 2, 1)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    before = card.locator("#sentence").inner_text()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => playground.state().epoch > 3")
    page.wait_for_function(
        "text => document.querySelector('#card .board').shadowRoot.getElementById('sentence').textContent !== text",
        arg=before,
    )
    assert card.locator("#place").inner_text() == "Backward pass, step 4 of 18"
    assert card.locator("#sentence").get_attribute("aria-live") == "off"
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('#card .board').shadowRoot.getElementById('sentence').ariaLive === 'polite'"
    )


def test_the_output_neuron_and_every_other_opens(page):
    layers(page, 2, 1)
    for layer in (1, 2, 3):
        card = open_neuron(page, 1, layer)
        button = page.get_by_role("button", name=f"Neuron 1 of layer {layer}")
        assert button.get_attribute("aria-pressed") == "true"
        assert card.get_by_role("heading", level=2).first.inner_text() == f"Neuron 1 of layer {layer}"
    assert "loss of this example" in card.locator(".formula").first.inner_text()
    page.get_by_role("button", name="Remove layer").click()
    assert card.is_hidden()


def test_columns_may_be_called_as_the_parts_of_a_neuron(pages):
    page = pages.open()
    assert paste(page, "a,z,class\n1,2,p\n2,1,q\n0,1,p\n") == "3 points were read."
    assert {"x1", "x2", "a", "z"} <= shown_gradients(open_neuron(page, 1, 1)).keys()


def test_a_point_is_chosen_by_a_click(page):
    put(page, Test_share=0)
    page.get_by_role("button", name="Neuron 1 of layer 1").click()
    put(page, Data="own")
    page.evaluate("playground.load({X: [[-1, -1], [1, 1], [0, 0]], y: [0, 1, 1]})")
    page.get_by_role("button", name="Neuron 1 of layer 1").click()
    plane = page.get_by_label("Plane", exact=True)
    plane.click()  # in its middle, once it stands still
    page.wait_for_function("document.querySelector('input.example').value === '3'")  # in its next frame
    assert len(page.evaluate("playground.data()")["y"]) == 3


# Language


def test_chinese(page, pages):
    page.get_by_role("combobox", name="Language").select_option("中文")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.get_by_role("button", name="一轮").click()
    assert state(page)["epoch"] == 1
    page.get_by_role("button", name="第 1 层的神经元 2").click()
    page.get_by_role("button", name="下一步").click()
    assert page.locator("#sentence").inner_text().startswith("运算 …（后面的各层，以及这个样本的损失）：L = ")
    assert page.locator("#card .node.closed text").all_text_contents()[:4] == ["神经元 2", "输入", "权重", "梯度"]
    for fragment, locale in ((page.evaluate("location.hash"), "en-GB"), ("", "zh-CN")):
        assert pages.open(fragment=fragment, locale=locale).get_by_role("button", name="播放").count() == 1
    put(page, Language="English")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_every_text_is_in_chinese(page):
    chinese = json.loads((FOLDER / "chinese.json").read_text(encoding="utf-8"))
    texts = set(state(page)["options"]) | {"usual", "all others"}
    for path in sorted(FOLDER.glob("*.js")):
        source = path.read_text(encoding="utf-8")
        texts.update(re.findall(r'\bt\(\s*"([^"]*)"', source))
        texts.update(re.findall(r'dataset\.t(?:Label)? = "([^"]+)"', source))
    texts.update(re.findall(r'data-t(?:-label)?="([^"]+)"', (FOLDER / "page.html").read_text(encoding="utf-8")))
    for name in ("Data", "Preset"):
        listed = page.get_by_role("combobox", name=name, exact=True)
        texts.update(listed.evaluate("list => [...list.options].map((o) => o.value).filter(Boolean)"))
    assert set(chinese) == texts
    for english, translation in chinese.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", translation)), english


# For everyone


def test_everything_has_a_name(page):
    page.get_by_role("button", name="Neuron 1 of layer 1").click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, canvas:not([aria-hidden])")]
            .filter((e) => !e.ariaLabel && !e.labels?.length && !e.textContent.trim() && !e.closest("[id=classes]"))
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("[aria-live]").count() >= 3


@pytest.mark.parametrize("width", [360, 768, 1280, 1800])
def test_nothing_sticks_out(pages, width):
    page = pages.open(viewport={"width": width, "height": 800})
    put(page, Language="English", **{f"Neurons_in_layer_{k}": 20 for k in range(1, 5)})
    page.get_by_role("button", name="Neuron 20 of layer 4").click()
    page.get_by_role("button", name="Next").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for button in page.locator(".unit:not(.input)").all():
        box = button.bounding_box()
        assert box["width"] >= 23.9
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def brightness(rgb):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]  # relative luminance of WCAG 2.2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_by_day_and_by_night(pages, scheme):
    page = pages.open(color_scheme=scheme)
    put(page, Learning_rate=100)
    page.evaluate("playground.epoch(9)")
    page.get_by_role("button", name="Neuron 1 of layer 1").click()
    page.get_by_role("button", name="Next").click()
    pairs = page.evaluate(
        """() => {
            const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
            const found = {};
            for (const element of document.querySelectorAll("body *")) {
                const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
                if (!own || !element.checkVisibility() || element.closest("script, noscript, option")) continue;
                const ground = (e) => numbers(getComputedStyle(e).backgroundColor);
                let behind = element;
                while (behind.parentElement && (ground(behind)[3] ?? 1) < 1) behind = behind.parentElement;
                const pair = [numbers(getComputedStyle(element).color), ground(behind)];
                found[JSON.stringify(pair)] = element.outerHTML.slice(0, 80);
            }
            return Object.entries(found).map(([pair, where]) => [...JSON.parse(pair), where]);
        }"""
    )
    assert len(pairs) > 6
    assert (
        brightness(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")) < 0.1
    ) == (scheme == "dark")
    for text, ground, where in pairs:
        low, high = sorted((brightness(text[:3]), brightness(ground[:3])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (where, text, ground)


def test_it_is_one_file_of_modest_size(tmp_path):
    nn.playground(path=tmp_path / "play.html", show=False)
    text = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 400_000
    assert "unsafe" not in text
    assert not re.search(r"\beval\(|new Function|https?://", text)


def test_the_policy_forbids_what_the_page_does_not_bring(chromium, tmp_path):
    path = tmp_path / "play.html"
    nn.playground(path=path, show=False)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    forbidden = page.evaluate(
        """async () => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            await fetch("https://example.invalid/").catch(() => null);
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [window.ran, seen.sort()];
        }"""
    )
    context.close()
    assert forbidden == [None, ["connect-src", "script-src-elem"]]


def test_the_page_is_alive_in_a_notebook(chromium, tmp_path):
    path = tmp_path / "cell.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{nn.playground(show=False)._repr_html_()}", encoding="utf-8")
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Epoch").click()
    assert frame.locator("#epochs").inner_text() == "1"
    context.close()
    assert errors == []


# From Python and the command line


def test_the_command(tmp_path, capsys, monkeypatch):
    out, data = tmp_path / "play.html", tmp_path / "f.csv"
    data.write_text(CSV, encoding="utf-8")
    assert main(["play", "--data", str(data), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    assert '"classes":["bird","cat","dog"]' in out.read_text(encoding="utf-8")
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["play"]) == 0
    assert opened == [Path(capsys.readouterr().out.removeprefix("wrote ").strip()).as_uri()]
    assert main(["play", "--out", "x.txt"]) == 2
    assert main(["play", "what"]) == 2
    assert main(["play", "--data", str(tmp_path / "none.csv"), "--out", str(out)]) == 1
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "said"), BAD)
def test_the_command_names_the_line(tmp_path, capsys, text, said):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["play", "--data", str(path), "--out", str(tmp_path / "f.html")]) == 1
    error = capsys.readouterr().err
    line = re.search(r"line \d+", said)
    assert (line[0] in error) if line else error.startswith("chainrule: ")
    assert not (tmp_path / "f.html").exists()


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([[1.0, 2.0]], None, "both, X and y"),
        ([[1.0, 2.0]], [0, 1], "same length, got 1 and 2"),
        ([], [], "no examples"),
        ([[1.0]], [0], "two or more columns"),
        ([[1.0, 2.0], [1.0, math.nan]], [0, 1], "row 1 of X is not finite"),
        ([[1.0, 2.0]] * 9, range(9), "9 different classes"),
    ],
)
def test_data_from_python_that_is_refused(X, y, said):
    with pytest.raises(ValueError, match=said):
        nn.playground(X, y, show=False)
